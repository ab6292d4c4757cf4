"""`engine.settlement.ports.SettlementStore` in SQL. Whatever is written goes through the one writer's thread."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

import msgspec

from data.store import facts
from data.store.connection import Connection, Cursor
from data.store.readers import Readers, rows
from data.store.rows import Row
from data.store.store import Store
from engine.core.types import Micros, TradeId
from engine.settlement.attempts import Attempt, Outcome
from engine.settlement.fills import Fill, Purse
from engine.settlement.funds import changes_of
from engine.settlement.ports import LAST, Change, FailedFill, Kept, NewBatch
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch

_TRADE_COLUMNS: Final = facts.TRADE.count(",") + 1
_FILL: Final = f"{facts.TRADE}, base, quote, quantity * lot_atoms"
_OF_OUTBOX: Final = "FROM settlement_outbox CROSS JOIN trades ON id = trade_id JOIN markets USING (symbol)"
_OWED: Final = f"""
    SELECT {_FILL} {_OF_OUTBOX}
     WHERE trade_id > ? AND trade_id <= ? AND batch_id IS NULL AND failed IS NULL ORDER BY trade_id LIMIT ?
"""
_IS_OPEN: Final = "state <> 'settled' AND state <> 'failed'"
BATCH: Final = "batch_id, kind, state, moves, withdrawal_id, signature, reason"
_OPEN: Final = f"SELECT {BATCH} FROM settlement_batches WHERE {_IS_OPEN} ORDER BY batch_id"
_FILLS_OF: Final = f"SELECT {_FILL} {_OF_OUTBOX} WHERE batch_id = ? ORDER BY trade_id"
_OPEN_ATTEMPTS: Final = f"""
    SELECT signature, batch_id, raw, last_valid_block_height, created_at FROM settlement_attempts
     WHERE outcome IS NULL AND batch_id IN (SELECT batch_id FROM settlement_batches WHERE {_IS_OPEN})
"""
_ENDED: Final = f"""
    SELECT batch_id, outcome, count(*) FROM settlement_batches JOIN settlement_attempts USING (batch_id)
     WHERE outcome IS NOT NULL AND {_IS_OPEN} GROUP BY batch_id, outcome
"""
_SETTLED: Final = "SELECT token_account, settled FROM vault_accounts"
_FAILED: Final = f"SELECT failed, {_FILL} {_OF_OUTBOX} WHERE failed IS NOT NULL ORDER BY trade_id LIMIT ?"

_ADD: Final = (
    "INSERT INTO settlement_batches (kind, state, moves, withdrawal_id, created_at, updated_at)"
    " VALUES (?, 'batched', ?, ?, ?, ?) RETURNING batch_id"
)
_PUT_IN: Final = "UPDATE settlement_outbox SET batch_id = ? WHERE trade_id = ? AND batch_id IS NULL AND failed IS NULL"
_COUNT_OF: Final = "SELECT count(*) FROM settlement_outbox WHERE batch_id = ?"
_SWEEP: Final = "INSERT INTO sweeps (batch_id, token_account, atoms, passed) VALUES (?, ?, ?, 0)"
_TAKE_BACK: Final = """
    UPDATE settlement_batches SET state = 'failed', reason = ?, updated_at = ?
     WHERE batch_id = ? AND state = 'batched'
"""
_LET_GO: Final = "UPDATE settlement_outbox SET batch_id = NULL WHERE batch_id = ?"
_ISOLATE: Final = "UPDATE settlement_outbox SET failed = ? WHERE trade_id = ?"
_SIGN: Final = f"""
    UPDATE settlement_batches
       SET state = CASE state WHEN 'batched' THEN 'sent' ELSE state END, signature = ?, updated_at = ?
     WHERE batch_id = ? AND {_IS_OPEN}
       AND NOT EXISTS (
        SELECT 1 FROM settlement_attempts AS attempt
         WHERE attempt.batch_id = settlement_batches.batch_id AND outcome IS NULL)
"""
# One that was given up may turn out to be on the chain, and is followed again.
_ADD_ATTEMPT: Final = """
    INSERT INTO settlement_attempts (signature, batch_id, raw, last_valid_block_height, created_at)
    VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (signature) DO UPDATE SET outcome = NULL, last_valid_block_height = excluded.last_valid_block_height
     WHERE settlement_attempts.batch_id = excluded.batch_id AND settlement_attempts.outcome = 'expired'
"""
_CHANGE: Final = (
    f"UPDATE settlement_batches SET state = ?, reason = ?, updated_at = ? WHERE batch_id = ? AND {_IS_OPEN}"
)
_END_ATTEMPT: Final = (
    "UPDATE settlement_attempts SET outcome = ?, raw = NULL WHERE signature = ? AND batch_id = ? AND outcome IS NULL"
)
_MOVE: Final = "UPDATE vault_accounts SET settled = settled + ? WHERE token_account = ?"
_RETRY: Final = "UPDATE settlement_outbox SET failed = NULL WHERE trade_id = ? AND failed IS NOT NULL"
_NO_LIMIT: Final = 2**62

_MOVES: Final = msgspec.json.Decoder(tuple[Move, ...])


class SqlSettlement:
    """`engine.settlement.ports.SettlementStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def load(self) -> Kept:
        """Return what is not over, after all that was asked to be written before."""
        return await self._store.write(_load)  # the writer's thread takes one thing after another

    async def owed(self, after: TradeId, limit: int, upto: TradeId = LAST) -> list[Fill]:
        """Return the next fills that are in no batch, oldest first, as far as to a trade."""
        found = await self._readers.read(lambda connection: rows(connection, _OWED, (after, upto, limit)))
        return [_fill_of(row) for row in found]

    async def add(self, batches: Sequence[NewBatch], at: Micros) -> list[SettlementBatch]:
        """Write batches down; return them with their ids. Raises ValueError where one of the fills is not owed."""
        encoded = [msgspec.json.encode(new.moves).decode() for new in batches]

        def write(connection: Connection) -> list[SettlementBatch]:
            added = []
            for new, moves in zip(batches, encoded, strict=True):
                values = (new.kind.value, moves, new.withdrawal, at, at)
                [id_] = connection.execute(_ADD, values).fetchone()
                connection.executemany(_PUT_IN, [(id_, fill.id) for fill in new.fills])
                [put] = connection.execute(_COUNT_OF, (id_,)).fetchone()
                if put != len(new.fills):
                    raise ValueError("a fill that is not owed can't be in a batch")
                if new.kind is BatchKind.SWEEP:
                    connection.executemany(_SWEEP, [(id_, move.source, move.atoms) for move in new.moves])
                added.append(SettlementBatch(id_, new.kind, BatchState.BATCHED, new.moves, new.withdrawal))
            return added

        return await self._store.write(write)

    async def take_back(self, batch: int, reason: str, at: Micros) -> bool:
        """Let a batch fail that was never signed; return whether it was so."""

        def write(connection: Connection) -> bool:
            taken = connection.execute(_TAKE_BACK, (reason, at, batch)).rowcount == 1
            if taken:
                connection.execute(_LET_GO, (batch,))
            return taken

        return await self._store.write(write)

    async def sign(self, attempts: Sequence[Attempt], at: Micros) -> set[str]:
        """Write signings down; return the signatures of those that stand."""

        def write(connection: Connection) -> set[str]:
            standing = set()
            for attempt in attempts:
                if connection.execute(_SIGN, (attempt.signature, at, attempt.batch)).rowcount == 1:
                    _one(connection.execute(_ADD_ATTEMPT, msgspec.structs.astuple(attempt)), "a signing is one batch's")
                    standing.add(attempt.signature)
            return standing

        return await self._store.write(write)

    async def change(self, changes: Sequence[Change], at: Micros) -> None:
        """Write down how far batches have come. With SETTLED the moves of their vault accounts are done, too."""

        def write(connection: Connection) -> None:
            for change in changes:
                _change(connection, change, at)

        await self._store.write(write)

    async def failed(self, limit: int) -> list[FailedFill]:
        """Return fills that wait for an operator, oldest first."""
        found = await self._readers.read(lambda connection: rows(connection, _FAILED, (limit,)))
        return [FailedFill(_fill_of(row[1:]), row[0]) for row in found]

    async def retry(self, limit: int, trades: Sequence[TradeId] | None) -> list[Fill]:
        """Let the oldest failed fills, of all or of some, be owed again; return them."""

        def write(connection: Connection) -> list[Fill]:
            failed = (_fill_of(row[1:]) for row in connection.execute(_FAILED, (_NO_LIMIT,)))
            again = list(islice((fill for fill in failed if trades is None or fill.id in trades), limit))
            connection.executemany(_RETRY, [(fill.id,) for fill in again])
            return again

        return await self._store.write(write)


def _load(connection: Connection) -> Kept:
    batches = [batch_of(row) for row in connection.execute(_OPEN)]
    fills = {
        batch.id: tuple(_fill_of(row) for row in connection.execute(_FILLS_OF, (batch.id,)))
        for batch in batches
        if batch.kind is BatchKind.FILLS
    }
    attempts = {row[1]: Attempt(*row) for row in connection.execute(_OPEN_ATTEMPTS)}
    ended: dict[int, dict[Outcome, int]] = {}
    for batch_id, outcome, count in connection.execute(_ENDED):
        ended.setdefault(batch_id, {})[Outcome(outcome)] = count
    failed, debits = 0, Counter[Purse]()
    for row in connection.execute(_FAILED, (_NO_LIMIT,)):
        failed += 1
        for purse, atoms in _fill_of(row[1:]).debits():
            debits[purse] += atoms
    settled = dict(connection.execute(_SETTLED).fetchall())
    return Kept(batches, fills, attempts, ended, settled, failed, debits)


def _change(connection: Connection, change: Change, at: Micros) -> None:
    batch = change.batch
    if change.outcome is not None:
        ended = connection.execute(_END_ATTEMPT, (change.outcome.value, batch.signature, batch.id))
        _one(ended, "what became of a signing is known once")
    changed = connection.execute(_CHANGE, (batch.state.value, batch.reason, at, batch.id))
    _one(changed, "a batch that is over does not change")
    if batch.state is BatchState.SETTLED:
        assert change.outcome is Outcome.SETTLED
        moved = [(atoms, account) for account, atoms in changes_of(batch.moves).items()]
        connection.executemany(_MOVE, moved)
    elif batch.state is BatchState.FAILED:
        connection.execute(_LET_GO, (batch.id,))
        connection.executemany(_ISOLATE, [(batch.reason, trade) for trade in change.isolated])


def _one(done: Cursor, rule: str) -> None:
    if done.rowcount != 1:
        raise ValueError(rule)


def _fill_of(row: Row) -> Fill:
    return Fill(facts.trade_of(row[:_TRADE_COLUMNS]), *row[_TRADE_COLUMNS:])


def batch_of(row: Row) -> SettlementBatch:
    """Read a row of `BATCH`."""
    id_, kind, state, moves, withdrawal, signature, reason = row
    return SettlementBatch(id_, BatchKind(kind), BatchState(state), _MOVES.decode(moves), withdrawal, signature, reason)
