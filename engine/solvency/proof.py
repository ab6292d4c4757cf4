"""What a proof says, and how it is checked. Pure.

A leaf is an account's balance in an asset, a node is two of them, and whatever is hashed stands there with its sum:

    leaf = SHA-256(LEAF, asset's length in a byte, asset, salt, account, atoms)
    node = SHA-256(NODE, left hash, left sum, right hash, right sum)

Numbers have 8 bytes, the highest first. A sum is hashed with each of the two that it adds up, not only as their total:
else whoever makes the tree could show two people the same total in which only the larger one of them is.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from msgspec import Struct

from engine.core.types import AssetCode, Atoms, UserId

LEAF: Final = b"clobster.solvency.leaf.1"
NODE: Final = b"clobster.solvency.node.1"
HASH_BYTES: Final = 32
SUM_BYTES: Final = 8
SALT_BYTES: Final = 32
MOST: Final = 2**63  # no sum reaches this
MOST_STEPS: Final = 64


class Forged(ValueError):  # noqa: N818  what the proof is
    """The proof does not show what it says; the message says why."""


class Leaf(Struct, frozen=True):
    """What is owed to an account in an asset. salt, 32 bytes, keeps others from guessing it."""

    asset: AssetCode
    account: UserId
    atoms: Atoms
    salt: bytes

    def hash(self) -> bytes:
        """Return the hash. Raises Forged where a field has not the size that is hashed."""
        asset = self.asset.encode()
        if len(self.salt) != SALT_BYTES or not 0 < len(asset) < 256:
            raise Forged("the salt or the asset's name has another length")
        if not 0 <= self.account < MOST:
            raise Forged("this is no account")
        numbers = self.account.to_bytes(SUM_BYTES, "big") + written(self.atoms)
        return sha256(b"".join((LEAF, bytes([len(asset)]), asset, self.salt, numbers))).digest()


class Step(Struct, frozen=True):
    """The other child on the way up, and on which side of us it is."""

    is_left: bool
    hash: bytes
    atoms: int


class Root(Struct, frozen=True):
    """What is published of a tree: its hash, and the sum of all leaves."""

    hash: bytes
    atoms: int


def verify(leaf: Leaf, path: Iterable[Step], root: Root) -> None:
    """Return where the leaf is in the tree of this root, and no sum on the way is wrong. Raises Forged."""
    hash_, atoms = leaf.hash(), int(leaf.atoms)
    for number, step in enumerate(path):
        if number >= MOST_STEPS:
            raise Forged("the path is too long")
        if len(step.hash) != HASH_BYTES:
            raise Forged("a hash has another length")
        own, other = hash_ + written(atoms), step.hash + written(step.atoms)
        hash_, atoms = parent(other + own if step.is_left else own + other), atoms + step.atoms
        written(atoms)
    if atoms != root.atoms:
        raise Forged("the sums do not come to the published liabilities")
    if hash_ != root.hash:
        raise Forged("the hashes do not come to the published root")


def parent(children: bytes) -> bytes:
    """Return the hash of a node by its left and right children, each a hash with its sum."""
    return sha256(NODE + children).digest()


def written(atoms: int) -> bytes:
    """Return a sum as it is hashed. Raises Forged where it is negative or too large."""
    if not 0 <= atoms < MOST:
        raise Forged("a sum is negative or too large")
    return atoms.to_bytes(SUM_BYTES, "big")
