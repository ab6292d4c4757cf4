"""The tree of one asset: built once, then asked for paths. Pure, and small: 40 bytes a node.

Leaves stand in the order of their hashes, which are salted anew each time: so neither a place in the tree nor a
neighbour says whose it is. Where a level has an odd number, its last one goes up as it is.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable
from hmac import digest
from typing import Final

from engine.core.types import AssetCode, Atoms, UserId
from engine.solvency.proof import HASH_BYTES, SUM_BYTES, Leaf, Root, Step, parent, written

NODE_BYTES: Final = HASH_BYTES + SUM_BYTES
SLICE: Final = 256  # hashes between two breaths: some hundred microseconds
_BUCKETS: Final = 256  # by the first byte of a hash


def salt_of(secret: bytes, asset: AssetCode, account: UserId) -> bytes:
    """Return an account's salt: nobody who has not the snapshot's secret can tell it, nor from it another one."""
    return digest(secret, asset.encode() + b":" + str(account).encode(), "sha256")


class Owed:
    """What is owed in an asset: accounts in ascending order, each with atoms above 0. 16 bytes an account."""

    def __init__(self, accounts: "array[int] | None" = None, atoms: "array[int] | None" = None) -> None:
        self.accounts: array[int] = array("q") if accounts is None else accounts
        self.atoms: array[int] = array("q") if atoms is None else atoms

    def __len__(self) -> int:
        return len(self.accounts)

    def add(self, account: UserId, atoms: Atoms) -> None:
        """Add the next account. One without anything is left out."""
        assert atoms >= 0
        assert not self.accounts or self.accounts[-1] < account
        if atoms:
            self.accounts.append(account)
            self.atoms.append(atoms)

    def to(self, account: UserId) -> Atoms:
        """Return what is owed to an account."""
        index = bisect_left(self.accounts, account)
        is_there = index < len(self.accounts) and self.accounts[index] == account
        return Atoms(self.atoms[index] if is_there else 0)


class SumTree:
    """A Merkle-sum tree over what is owed. `root` is None where nothing is."""

    def __init__(self, asset: AssetCode, secret: bytes, owed: Owed, breathe: Callable[[], None] = lambda: None) -> None:
        """Build it. breathe is called between slices of the work."""
        self._asset = asset
        self._secret = secret
        self._owed = owed
        self._levels = [_sorted_leaves(asset, secret, owed, breathe)]  # each its nodes, one after the other
        while len(self._levels[-1]) > NODE_BYTES:
            self._levels.append(_above(self._levels[-1], breathe))

    def __len__(self) -> int:
        return len(self._owed)

    @property
    def root(self) -> Root | None:
        """What is published of it."""
        top = self._levels[-1]
        return Root(top[:HASH_BYTES], _sum(top)) if top else None

    def leaf(self, account: UserId) -> Leaf | None:
        """Return an account's leaf, None where nothing is owed to it."""
        atoms = self._owed.to(account)
        return Leaf(self._asset, account, atoms, salt_of(self._secret, self._asset, account)) if atoms else None

    def path(self, leaf: Leaf) -> list[Step]:
        """Return the way from a leaf of this tree to its root."""
        index = self._place(leaf.hash())
        steps = []
        for level in self._levels[:-1]:
            other = index ^ 1
            node = level[other * NODE_BYTES : (other + 1) * NODE_BYTES]
            if node:
                steps.append(Step(other < index, node[:HASH_BYTES], _sum(node)))
            index >>= 1
        return steps

    def _place(self, hash_: bytes) -> int:
        leaves = self._levels[0]

        def at(index: int) -> bytes:
            return leaves[index * NODE_BYTES : index * NODE_BYTES + HASH_BYTES]

        index = bisect_left(range(len(self)), hash_, key=at)
        assert at(index) == hash_
        return index


def _sorted_leaves(asset: AssetCode, secret: bytes, owed: Owed, breathe: Callable[[], None]) -> bytes:
    buckets: list[list[bytes]] = [[] for _ in range(_BUCKETS)]  # sorting all at once would be one long breath
    for first in range(0, len(owed), SLICE):
        for index in range(first, min(first + SLICE, len(owed))):
            account, atoms = UserId(owed.accounts[index]), Atoms(owed.atoms[index])
            hash_ = Leaf(asset, account, atoms, salt_of(secret, asset, account)).hash()
            buckets[hash_[0]].append(hash_ + written(atoms))
        breathe()
    leaves = bytearray()
    for bucket in buckets:
        bucket.sort()
        leaves += b"".join(bucket)
        if len(bucket) >= SLICE:
            breathe()
    return bytes(leaves)


def _above(level: bytes, breathe: Callable[[], None]) -> bytes:
    nodes = bytearray()
    for start in range(0, len(level), 2 * NODE_BYTES):
        pair = level[start : start + 2 * NODE_BYTES]
        nodes += pair if len(pair) == NODE_BYTES else parent(pair) + written(_sum(pair[:NODE_BYTES]) + _sum(pair))
        if start % (2 * NODE_BYTES * SLICE) == 0:
            breathe()
    return bytes(nodes)


def _sum(node: bytes) -> int:
    return int.from_bytes(node[-SUM_BYTES:], "big")
