"""The blocks that are not history yet: which one a commitment means, which blockhashes are valid."""

from typing import Final, Literal

from msgspec import Struct, field
from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey

Commitment = Literal["processed", "confirmed", "finalized"]

WINDOW: Final = 150  # a blockhash is valid for so many blocks after its own
KEPT: Final = 300  # blocks that a node answers for without its history


class Lags(Struct, frozen=True):
    """How many blocks a commitment is behind the newest one."""

    confirmed: int = 1
    finalized: int = 32

    def __post_init__(self) -> None:
        # What is confirmed is on the disk: that is true of closed blocks only.
        if not 1 <= self.confirmed <= self.finalized <= KEPT - WINDOW:
            raise ValueError("lags are at least 1, confirmed at most finalized, and that at most 150")


class Block(Struct):
    """One block. `before` has every account that it changed, as that was before (None: it was not there)."""

    slot: int
    parent: int
    height: int
    blockhash: Hash
    time: int  # seconds since 1970
    expired: bool = False  # its blockhash is no longer accepted, whatever its age
    transactions: int = 0
    before: dict[Pubkey, Account | None] = field(default_factory=dict)

    @property
    def last_valid_height(self) -> int:
        """The height of the last block that may have a transaction with this block's hash."""
        return self.height + WINDOW


class Blocks:
    """The newest blocks, oldest first. Those after `root` may still be dropped."""

    def __init__(self, blocks: list[Block], root: int, lags: Lags) -> None:
        self._blocks = blocks
        self._by_hash = {block.blockhash: block for block in blocks}
        self.root = root
        self.lags = lags

    @property
    def head(self) -> Block:
        """The block that is being filled."""
        return self._blocks[-1]

    def at(self, commitment: Commitment) -> Block:
        """Return the newest block of a commitment."""
        if commitment == "processed":
            return self.head
        if commitment == "finalized":
            return next(block for block in reversed(self._blocks) if block.slot <= self.root)
        lagging = self._blocks[max(0, len(self._blocks) - 1 - self.lags.confirmed)]
        return lagging if lagging.slot >= self.root else self.at("finalized")

    def commitment(self, slot: int) -> Commitment:
        """Return how far a block has come."""
        if slot <= self.root:
            return "finalized"
        return "confirmed" if slot <= self.at("confirmed").slot else "processed"

    def after(self, slot: int) -> list[Block]:
        """Return the blocks after a slot, oldest first."""
        count = 0
        while count < len(self._blocks) and self._blocks[-1 - count].slot > slot:
            count += 1
        return self._blocks[len(self._blocks) - count :]

    def is_valid(self, blockhash: Hash, at: Block) -> bool:
        """Tell whether a transaction with this blockhash may still get into a block on `at`."""
        block = self._by_hash.get(blockhash)
        return block is not None and not block.expired and 0 <= at.height - block.height <= WINDOW

    def find(self, blockhash: Hash) -> Block | None:
        """Return the block of a blockhash, where it is one of these."""
        return self._by_hash.get(blockhash)

    def newest(self, count: int) -> list[Block]:
        """Return the newest blocks, oldest first."""
        return self._blocks[-count:]

    def slot_hashes(self, count: int) -> list[tuple[int, Hash]]:
        """Return the slots and hashes of the blocks before the newest one, newest first."""
        return [(block.slot, block.blockhash) for block in reversed(self._blocks[-1 - count : -1])]

    def append(self, block: Block) -> None:
        """Begin a block, and forget those that are too old to matter."""
        self._blocks.append(block)
        self._by_hash[block.blockhash] = block
        while len(self._blocks) > KEPT and self._blocks[1].slot <= self.root:
            del self._by_hash[self._blocks.pop(0).blockhash]

    def next_root(self) -> int:
        """Return the slot that is old enough to be final."""
        return max(self.root, self._blocks[max(0, len(self._blocks) - 1 - self.lags.finalized)].slot)

    def drop(self, count: int) -> list[Block]:
        """Take the newest `count` blocks away and return them, newest first. None of them is final."""
        assert 0 < count < len(self._blocks)
        assert self._blocks[-count].slot > self.root
        dropped = [self._blocks.pop() for _ in range(count)]
        for block in dropped:
            del self._by_hash[block.blockhash]
        return dropped
