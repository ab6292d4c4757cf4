"""What is owed to everybody at one moment, and the snapshots of it: `engine.solvency.ports.SolvencyStore` in SQL.

Of a snapshot we keep who is owed what, packed, and the secret of the salts. The tree comes of these again, always the
same; it would be six times as large.
"""

import asyncio
import sys
import zlib
from array import array
from collections import defaultdict
from typing import Final

import msgspec
from msgspec import Struct

from data.store.connection import Connection, Reading
from data.store.readers import Readers, rows
from data.store.rows import Row
from data.store.store import Store
from engine.core.types import VAULT, AssetCode, Atoms, Micros
from engine.solvency.proof import Root
from engine.solvency.tree import Owed
from engine.solvency.types import AssetSnapshot, Holding, Moment, Owing, Snapshot

MOST_ROWS: Final = 1_000  # balances at a time: what they take of the loop is a millisecond
_FAST: Final = 1  # of zlib

_SEQ: Final = "SELECT seq FROM sequencer"
_BALANCES: Final = """
    SELECT owner, asset, available + held FROM balances
     WHERE (owner, asset) > (?, ?) ORDER BY owner, asset LIMIT ?
"""
_WITHDRAWALS: Final = "SELECT asset, sum(amount) FROM withdrawals WHERE status = 'requested' GROUP BY asset"
_DEPOSIT_ACCOUNTS: Final = """
    SELECT token_account FROM deposit_accounts WHERE asset = :asset AND token_account > :after
     ORDER BY token_account LIMIT :limit
"""
_UNSWEPT: Final = """
    SELECT token_account FROM deposit_accounts AS a
     WHERE asset = :asset AND token_account > :after
       AND (SELECT coalesce(sum(amount), 0) FROM deposits AS d WHERE d.user_id = a.user_id AND d.asset = a.asset)
         > (SELECT coalesce(sum(atoms), 0) FROM sweeps JOIN settlement_batches USING (batch_id)
             WHERE token_account = a.token_account AND state = 'settled')
     ORDER BY token_account LIMIT :limit
"""
_ADD: Final = "INSERT INTO solvency_snapshots (taken_at, seq, authority, secret) VALUES (?, ?, ?, ?) RETURNING id"
_ADD_ASSET: Final = "INSERT INTO solvency_assets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_LEAVES: Final = "INSERT INTO solvency_leaves VALUES (?, ?, ?)"
_OLD: Final = "SELECT id FROM solvency_snapshots ORDER BY id DESC LIMIT 4611686018427387904 OFFSET ?"
_FORGET: Final = (
    "DELETE FROM solvency_leaves WHERE snapshot_id = ?",
    "DELETE FROM solvency_assets WHERE snapshot_id = ?",
    "DELETE FROM solvency_snapshots WHERE id = ?",
)
_KEPT: Final = "SELECT id, taken_at, seq, authority FROM solvency_snapshots ORDER BY id"
_ASSETS: Final = """
    SELECT snapshot_id, asset, mint, root, liabilities, leaves, house, withdrawals, holdings
      FROM solvency_assets ORDER BY snapshot_id, asset
"""
_SECRET: Final = "SELECT secret FROM solvency_snapshots WHERE id = ?"  # noqa: S105  a statement
_LEAVES: Final = "SELECT asset, leaves FROM solvency_leaves WHERE snapshot_id = ?"


class _Holdings(Struct):
    vault: Holding
    deposits: Holding


class SqlSolvency:
    """`engine.solvency.ports.SolvencyStore`. Give it readers of its own: balances are read all in one transaction."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def moment(self) -> Moment:
        """Return all that is owed, at one moment of the ledger."""

        async def read(connection: Reading) -> Moment:
            [[seq]] = await rows(connection, _SEQ)
            owed: defaultdict[AssetCode, Owed] = defaultdict(Owed)
            mirror: dict[AssetCode, Atoms] = {}
            owner, asset = 0, ""
            while found := await rows(connection, _BALANCES, (owner, asset, MOST_ROWS)):
                for owner, asset, atoms in found:
                    if owner == VAULT:
                        mirror[asset] = Atoms(-atoms)
                    elif atoms:
                        owed[asset].add(owner, atoms)
            withdrawals = {code: Atoms(atoms) for code, atoms in await rows(connection, _WITHDRAWALS)}
            return Moment(seq, dict(owed), mirror, withdrawals)

        return await self._readers.read(read)

    async def unswept(self, asset: AssetCode, after: str, limit: int) -> list[str]:
        """Return the next deposit accounts in which credited money may lie, in the order of their addresses."""
        return await self._addresses(_UNSWEPT, asset, after, limit)

    async def deposit_accounts(self, asset: AssetCode, after: str, limit: int) -> list[str]:
        """Return the next deposit accounts, in the order of their addresses."""
        return await self._addresses(_DEPOSIT_ACCOUNTS, asset, after, limit)

    async def _addresses(self, statement: str, asset: AssetCode, after: str, limit: int) -> list[str]:
        values = {"asset": asset, "after": after, "limit": limit}
        found = await self._readers.read(lambda connection: rows(connection, statement, values))
        return [address for (address,) in found]

    async def keep(self, snapshot: Snapshot, owing: Owing, most: int) -> Snapshot:
        """Keep a snapshot and of those before it the newest, so many altogether; return it with its id, durable."""
        packed = await asyncio.to_thread(lambda: {code: _pack(owed) for code, owed in owing.owed.items()})

        def work(connection: Connection) -> int:
            values = (snapshot.taken_at, snapshot.seq, snapshot.authority, owing.secret)
            [id_] = connection.execute(_ADD, values).fetchone()
            connection.executemany(_ADD_ASSET, [(id_, *_row(each)) for each in snapshot.assets])
            connection.executemany(_ADD_LEAVES, [(id_, *each) for each in packed.items()])
            old = connection.execute(_OLD, (most,)).fetchall()
            for statement in _FORGET:
                connection.executemany(statement, old)
            number: int = id_
            return number

        return msgspec.structs.replace(snapshot, id=await self._store.write(work))

    async def kept(self) -> list[Snapshot]:
        """Return all that are kept, oldest first."""

        async def read(connection: Reading) -> list[Snapshot]:
            assets: defaultdict[int, list[AssetSnapshot]] = defaultdict(list)
            for id_, *row in await rows(connection, _ASSETS):
                assets[id_].append(_asset(*row))
            return [
                Snapshot(id_, Micros(taken_at), seq, authority, tuple(assets[id_]))
                for id_, taken_at, seq, authority in await rows(connection, _KEPT)
            ]

        return await self._readers.read(read)

    async def owing(self, snapshot: int) -> Owing | None:
        """Return what a snapshot's trees are made of, None where it is not kept any more."""

        async def read(connection: Reading) -> tuple[list[Row], list[Row]]:
            return await rows(connection, _SECRET, (snapshot,)), await rows(connection, _LEAVES, (snapshot,))

        secret, leaves = await self._readers.read(read)
        if not secret:
            return None
        owed = await asyncio.to_thread(lambda: {code: _unpack(packed) for code, packed in leaves})
        return Owing(secret[0][0], owed)


def _row(each: AssetSnapshot) -> tuple[object, ...]:
    root = None if each.root is None else each.root.hash
    holdings = msgspec.json.encode(_Holdings(each.vault, each.deposits)).decode()
    return each.asset, each.mint, root, each.liabilities, each.leaves, each.house, each.withdrawals, holdings


def _asset(
    asset: AssetCode,
    mint: str | None,
    root: bytes | None,
    liabilities: int,
    leaves: int,
    house: Atoms,
    withdrawals: Atoms,
    holdings: str,
) -> AssetSnapshot:
    held = msgspec.json.decode(holdings, type=_Holdings)
    told = None if root is None else Root(root, liabilities)
    return AssetSnapshot(asset, mint, told, leaves, house, withdrawals, held.vault, held.deposits)


def _pack(owed: Owed) -> bytes:
    return zlib.compress(_little(owed.accounts).tobytes() + _little(owed.atoms).tobytes(), _FAST)


def _unpack(packed: bytes) -> Owed:
    numbers = array("q")
    numbers.frombytes(zlib.decompress(packed))
    half = len(numbers) // 2
    return Owed(_little(numbers[:half]), _little(numbers[half:]))


def _little(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "little":
        return numbers
    swapped = array("q", numbers)
    swapped.byteswap()
    return swapped
