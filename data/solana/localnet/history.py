"""What a localnet keeps, in SQLite: blocks, transactions, accounts, and what takes the newest blocks back.

All that happens in a block is one database transaction, committed when the block is closed. So a kill loses the block
that is being filled, which nobody was told is confirmed and which a cluster may lose too, and nothing else.
"""

import asyncio
import fcntl
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

from msgspec import Struct
from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature

from data.solana.localnet.blocks import Block

MOST_IN_A_BLOCK: Final = 1 << 20  # an id is the slot and the place in its block
_VERSION: Final = 1

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # a power loss may take blocks, a kill takes none
    "PRAGMA journal_size_limit = 67108864",
)
_SCHEMA: Final = f"""
BEGIN;
CREATE TABLE chain (genesis_hash BLOB NOT NULL, root INTEGER NOT NULL, transactions INTEGER NOT NULL);
CREATE TABLE blocks (
    slot INTEGER PRIMARY KEY, parent INTEGER NOT NULL, height INTEGER NOT NULL, blockhash BLOB NOT NULL UNIQUE,
    time INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE transactions (
    id INTEGER PRIMARY KEY, signature BLOB NOT NULL UNIQUE, raw BLOB NOT NULL, meta BLOB NOT NULL, err BLOB NOT NULL,
    memo TEXT
);
CREATE TABLE mentions (address BLOB NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (address, id)) WITHOUT ROWID;
CREATE TABLE accounts (address BLOB PRIMARY KEY, account BLOB) WITHOUT ROWID;
CREATE TABLE undo (slot INTEGER NOT NULL, address BLOB NOT NULL, account BLOB, PRIMARY KEY (slot, address))
    WITHOUT ROWID;
CREATE TABLE programs (address BLOB PRIMARY KEY, elf BLOB NOT NULL);
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class InUse(Exception):  # noqa: N818  a sentence for people
    """Another localnet runs on this directory."""


class TooOld(Exception):  # noqa: N818
    """The directory holds a localnet of another version: it can only be thrown away."""


class Executed(Struct, frozen=True):
    """A transaction in its block. `meta` and `err` are JSON, as getTransaction shows them."""

    id: int
    signature: Signature
    raw: bytes
    meta: bytes
    err: bytes
    memo: str | None

    @property
    def slot(self) -> int:
        """The slot of its block."""
        return self.id // MOST_IN_A_BLOCK


class History:
    """The database. Every answer counts what is not committed yet."""

    def __init__(self, connection: sqlite3.Connection, lock: IO[str]) -> None:
        self._connection = connection
        self._lock = lock
        self._thread = ThreadPoolExecutor(1, "localnet-commit")
        self.execute = connection.execute

    @classmethod
    def open(cls, path: Path) -> "History":
        """Open the file, made where there is none. Raises InUse or TooOld."""
        lock = (path.parent / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise InUse(f"another localnet runs on {path.parent}") from None
        # The first statement that writes begins the transaction.
        connection = sqlite3.connect(path, isolation_level="IMMEDIATE", check_same_thread=False)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(_SCHEMA)
        elif version != _VERSION:
            connection.close()
            lock.close()
            raise TooOld(f"{path} is a localnet of another version: remove {path.parent} to begin a new one")
        return cls(connection, lock)

    def close(self, *, keep: bool) -> None:
        """Keep all that was written, or go back to what was kept before, and close the file."""
        self._thread.shutdown()
        if keep:
            self._connection.commit()
        self._connection.close()
        self._lock.close()

    async def commit(self) -> None:
        """Keep all that was written so far. It syncs now and then, so a thread does it; nothing else may write."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.commit)

    # The chain

    def begin(self, genesis_hash: Hash, root: int) -> None:
        """Write down that the chain begins."""
        self.execute("INSERT INTO chain VALUES (?, ?, 0)", (bytes(genesis_hash), root))

    def chain(self) -> tuple[Hash, int, int] | None:
        """Return the genesis hash, the root and how many transactions there were; None before the beginning."""
        row = self.execute("SELECT genesis_hash, root, transactions FROM chain").fetchone()
        return row and (Hash.from_bytes(row[0]), row[1], row[2])

    def finalize(self, root: int) -> None:
        """Move the root: what is older can't be taken back."""
        self.execute("UPDATE chain SET root = ?", (root,))
        self.execute("DELETE FROM undo WHERE slot <= ?", (root,))

    # Blocks

    def add_block(self, block: Block) -> None:
        """Write down that a block begins."""
        row = (block.slot, block.parent, block.height, bytes(block.blockhash), block.time)
        self.execute("INSERT INTO blocks (slot, parent, height, blockhash, time) VALUES (?, ?, ?, ?, ?)", row)

    def drop_blocks(self, after: int) -> None:
        """Forget the blocks after a slot, with all that was in them. Their accounts are put back by the caller."""
        first = (after + 1) * MOST_IN_A_BLOCK
        dropped = self.execute("DELETE FROM transactions WHERE id >= ?", (first,)).rowcount
        self.execute("UPDATE chain SET transactions = transactions - ?", (dropped,))
        self.execute("DELETE FROM mentions WHERE id >= ?", (first,))
        self.execute("DELETE FROM undo WHERE slot > ?", (after,))
        self.execute("DELETE FROM blocks WHERE slot > ?", (after,))

    def expire(self, block: Block) -> None:
        """Write down that a block's hash is no longer accepted."""
        self.execute("UPDATE blocks SET expired = 1 WHERE slot = ?", (block.slot,))

    def newest_blocks(self, root: int, kept: int) -> list[Block]:
        """Return all blocks after the root, and those before it up to `kept`, oldest first."""
        newest = "SELECT slot FROM blocks ORDER BY slot DESC LIMIT ?"
        rows = self.execute(
            f"SELECT {_BLOCK} FROM blocks WHERE slot >= ? OR slot IN ({newest}) ORDER BY slot",  # noqa: S608
            (root, kept),
        )
        blocks = {row[0]: _block(row) for row in rows}
        for slot, address, account in self.execute("SELECT slot, address, account FROM undo"):
            blocks[slot].before[Pubkey.from_bytes(address)] = _account(account)
        for block in blocks.values():
            block.transactions = self._count_in(block.slot)
        return list(blocks.values())

    def block(self, slot: int) -> Block | None:
        """Return a block; None where the slot has none."""
        row = self.execute(f"SELECT {_BLOCK} FROM blocks WHERE slot = ?", (slot,)).fetchone()  # noqa: S608
        return row and _block(row)

    def first_block(self) -> int:
        """Return the slot of the first block of all."""
        return int(self.execute("SELECT min(slot) FROM blocks").fetchone()[0])

    def slots(self, first: int, last: int) -> list[int]:
        """Return the slots of a range that have a block."""
        rows = self.execute("SELECT slot FROM blocks WHERE slot BETWEEN ? AND ? ORDER BY slot", (first, last))
        return [slot for (slot,) in rows]

    # Transactions

    def record(self, executed: Executed, mentions: Iterable[Pubkey]) -> None:
        """Write down a transaction and the accounts that it names."""
        row = (executed.id, bytes(executed.signature), executed.raw, executed.meta, executed.err, executed.memo)
        self.execute("INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?)", row)
        named = [(bytes(address), executed.id) for address in dict.fromkeys(mentions)]
        self._connection.executemany("INSERT INTO mentions VALUES (?, ?)", named)
        self.execute("UPDATE chain SET transactions = transactions + 1")

    def find(self, signature: Signature) -> Executed | None:
        """Return a transaction."""
        row = self.execute(f"SELECT {_EXECUTED} FROM transactions WHERE signature = ?", (bytes(signature),))  # noqa: S608
        found = row.fetchone()
        return found and _executed(found)

    def transactions_in(self, slot: int) -> list[Executed]:
        """Return a block's transactions, in order."""
        first = slot * MOST_IN_A_BLOCK
        rows = self.execute(
            f"SELECT {_EXECUTED} FROM transactions WHERE id >= ? AND id < ? ORDER BY id",  # noqa: S608
            (first, first + MOST_IN_A_BLOCK),
        )
        return [_executed(row) for row in rows]

    def mentioning(self, address: Pubkey, *, above: int, below: int, limit: int) -> list[Executed]:
        """Return the transactions that name an account, with ids between two others, newest first."""
        rows = self.execute(
            f"SELECT {_EXECUTED} FROM mentions JOIN transactions USING (id)"  # noqa: S608
            " WHERE address = ? AND id > ? AND id < ? ORDER BY id DESC LIMIT ?",
            (bytes(address), above, below, limit),
        )
        return [_executed(row) for row in rows]

    def _count_in(self, slot: int) -> int:
        first = slot * MOST_IN_A_BLOCK
        found = self.execute(
            "SELECT count(*) FROM transactions WHERE id BETWEEN ? AND ?", (first, first + MOST_IN_A_BLOCK - 1)
        )
        return int(found.fetchone()[0])

    # Accounts and programs

    def put(self, address: Pubkey, account: Account | None) -> None:
        """Write down an account as it is now; None where it is gone."""
        self.execute(
            "INSERT INTO accounts VALUES (?1, ?2) ON CONFLICT (address) DO UPDATE SET account = ?2",
            (bytes(address), None if account is None else bytes(account)),
        )

    def remember(self, slot: int, address: Pubkey, before: Account | None) -> None:
        """Write down how an account was before a block that may be dropped."""
        row = (slot, bytes(address), None if before is None else bytes(before))
        self.execute("INSERT INTO undo VALUES (?, ?, ?)", row)

    def accounts(self) -> Iterator[tuple[Pubkey, Account | None]]:
        """Return every account that was ever changed."""
        for address, account in self.execute("SELECT address, account FROM accounts"):
            yield Pubkey.from_bytes(address), _account(account)

    def add_program(self, address: Pubkey, elf: bytes) -> None:
        """Write down a program."""
        self.execute("INSERT OR REPLACE INTO programs VALUES (?, ?)", (bytes(address), elf))

    def programs(self) -> list[tuple[Pubkey, bytes]]:
        """Return the programs that were added."""
        return [(Pubkey.from_bytes(address), elf) for address, elf in self.execute("SELECT * FROM programs")]


_BLOCK: Final = "slot, parent, height, blockhash, time, expired"
_EXECUTED: Final = "id, signature, raw, meta, err, memo"


def _block(row: tuple[int, int, int, bytes, int, int]) -> Block:
    slot, parent, height, blockhash, time, expired = row
    return Block(slot, parent, height, Hash.from_bytes(blockhash), time, bool(expired))


def _executed(row: tuple[int, bytes, bytes, bytes, bytes, str | None]) -> Executed:
    id, signature, raw, meta, err, memo = row
    return Executed(id, Signature.from_bytes(signature), raw, meta, err, memo)


def _account(kept: bytes | None) -> Account | None:
    return None if kept is None else Account.from_bytes(kept)
