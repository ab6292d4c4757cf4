"""What people ask of the books, answered from what is committed.

Lists are newest first. A cursor is the id below which the next page begins, so that a page stays the same while new
rows arrive. Everything of a person is looked up under that person: somebody else's order is not there.
"""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Final, Generic, Literal, TypeVar, get_args

import msgspec
from msgspec import Struct

from data.store import facts
from data.store.connection import Values
from data.store.readers import Readers, rows
from data.store.rows import Row
from data.store.walk import Walk
from engine.core.events import BalanceChanged, Deposited, OrderChanged, Posting, Traded, WithdrawalChanged
from engine.core.types import AssetCode, Micros, OrderId, Side, Symbol, UserId
from engine.settlement.types import SettlementState

T = TypeVar("T")
Status = Literal["open", "closed", "all"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)

MAX_LIMIT: Final = 1_000
MAX_FILLS: Final = 10_000


class Page(Struct, Generic[T], frozen=True):
    """Some of a list. next_cursor asks for what follows; None where nothing does.

    A page may be shorter than asked for, and even be empty, while something follows (see `walk`).
    """

    items: list[T]
    next_cursor: int | None


class OwnTrade(Struct, frozen=True):
    """A trade, with how far it is on its way to the chain."""

    trade: Traded
    settlement: SettlementState
    signature: str | None


class LedgerEntry(Struct, frozen=True):
    """A movement of money, and its number in the ledger."""

    id: int
    posting: Posting


_ORDER = f"SELECT {facts.ORDER} FROM orders WHERE id = ? AND user_id = ?"


_OF_MARKET: Final = "(CAST(:symbol AS TEXT) IS NULL OR symbol = :symbol)"
_IS_OPEN: Final = "(status = 'new' OR status = 'partially_filled')"


def _orders(status: Status) -> Walk:
    is_open = status == "open"
    return Walk(
        "orders",
        facts.ORDER,
        owned={"ix_orders_open": f"user_id = :user AND {_IS_OPEN}"}
        if is_open
        else {"ix_orders_user": "user_id = :user"},
        where=f"{_OF_MARKET} AND (CAST(:side AS TEXT) IS NULL OR side = :side)"
        + (f" AND NOT {_IS_OPEN}" if status == "closed" else ""),
        time="created_at",
        bounded=not is_open,  # few are open, and whoever shows them wants them all
    )


_ORDERS: Final[dict[Status, Walk]] = {status: _orders(status) for status in STATUSES}


# An order takes before it rests, so the first fills of each come first. One index is asked order by order: asked for
# all of them at once, SQLite would sort what it finds.
_WANTED: Final = "(SELECT value AS wanted FROM json_each(:orders))"
_FILLS: Final = f"""
    SELECT {facts.TRADE} FROM {_WANTED} CROSS JOIN trades ON taker_order_id = wanted
    UNION ALL
    SELECT {facts.TRADE} FROM {_WANTED} CROSS JOIN trades ON maker_order_id = wanted
    LIMIT :limit
"""

_OWN_TRADES: Final = Walk(
    "trades",
    f"{facts.TRADE}, CASE WHEN failed IS NULL THEN coalesce(state, 'owed') ELSE 'failed' END, signature",
    owned={"ix_trades_maker": "maker = :user", "ix_trades_taker": "taker = :user"},
    where=f"{_OF_MARKET} AND (CAST(:side AS TEXT) IS NULL OR (taker_side = :side) = (taker = :user))",
    time="at",
    join="LEFT JOIN settlement_outbox ON trade_id = id LEFT JOIN settlement_batches USING (batch_id)",
)

_TRADES = f"SELECT {facts.TRADE} FROM trades WHERE symbol = ? AND id < ? ORDER BY id DESC LIMIT ?"

_LEDGER: Final = Walk(
    "postings",
    facts.POSTING,
    owned={
        "ix_postings_debit": "debit_owner = :user",
        "ix_postings_credit": "credit_owner = :user AND credit_owner <> debit_owner",
    },
    where="(CAST(:asset AS TEXT) IS NULL OR asset = :asset)",
    time="at",
)

_BALANCES = f"SELECT {facts.BALANCE} FROM balances WHERE owner = ? ORDER BY asset"
_DEPOSITS = f"SELECT {facts.DEPOSIT} FROM deposits WHERE user_id = ? ORDER BY at DESC, reference LIMIT ?"
_WITHDRAWALS = f"SELECT {facts.WITHDRAWAL} FROM withdrawals WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ?"

_NO_CURSOR: Final = 2**63 - 1


class Queries(Readers):
    """Readers that know what is asked. Limits are from 1 to MAX_LIMIT; each question may raise Busy like `read`."""

    def health(self) -> Mapping[str, object] | None:
        """Return how the replica is that answers; None where there is none."""
        return None

    async def order(self, user: UserId, order: OrderId) -> OrderChanged | None:
        """Return a person's order, or None where this person has none of this id."""
        found = await self._rows(_ORDER, (order, user))
        return facts.order_of(found[0]) if found else None

    async def orders(
        self,
        user: UserId,
        *,
        symbol: Symbol | None = None,
        side: Side | None = None,
        status: Status = "all",
        start: Micros | None = None,
        end: Micros | None = None,
        limit: int = 100,
        cursor: int | None = None,
    ) -> Page[OrderChanged]:
        """Return a person's orders, placed from start until before end."""
        values = {"user": user, "symbol": symbol, "side": side and side.value}
        return await self._walk(_ORDERS[status], facts.order_of, values, cursor, start, end, limit)

    async def fills(self, orders: Iterable[OrderId]) -> list[Traded]:
        """Return the trades in which any of these orders took part, oldest first, MAX_FILLS at most."""
        ids = msgspec.json.encode(list(orders)).decode()
        found = await self._rows(_FILLS, {"orders": ids, "limit": MAX_FILLS})
        return [facts.trade_of(row) for row in sorted(found, key=itemgetter(0))]

    async def own_trades(
        self,
        user: UserId,
        *,
        symbol: Symbol | None = None,
        side: Side | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
        limit: int = 100,
        cursor: int | None = None,
    ) -> Page[OwnTrade]:
        """Return the trades in which a person was maker or taker, from start until before end; side is the person's."""
        values = {"user": user, "symbol": symbol, "side": side and side.value}
        return await self._walk(_OWN_TRADES, _own_trade_of, values, cursor, start, end, limit)

    async def trades(self, symbol: Symbol, *, limit: int = 100, cursor: int | None = None) -> Page[Traded]:
        """Return everybody's trades in a market."""
        found = await self._rows(_TRADES, (symbol, _before(cursor), _one_more(limit)))
        return _page(found, limit, facts.trade_of)

    async def balances(self, user: UserId) -> list[BalanceChanged]:
        """Return what a person has, by asset; assets that this person never had are not there."""
        return [facts.balance_of(row) for row in await self._rows(_BALANCES, (user,))]

    async def ledger(
        self,
        user: UserId,
        *,
        asset: AssetCode | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
        limit: int = 100,
        cursor: int | None = None,
    ) -> Page[LedgerEntry]:
        """Return the movements of a person's money from start until before end, holds and releases among them."""
        values = {"user": user, "asset": asset}
        return await self._walk(_LEDGER, _entry_of, values, cursor, start, end, limit)

    async def deposits(self, user: UserId, *, limit: int = 100) -> list[Deposited]:
        """Return a person's latest deposits."""
        _one_more(limit)
        return [facts.deposit_of(row) for row in await self._rows(_DEPOSITS, (user, limit))]

    async def withdrawals(
        self, user: UserId, *, limit: int = 100, cursor: int | None = None
    ) -> Page[WithdrawalChanged]:
        """Return a person's withdrawals."""
        found = await self._rows(_WITHDRAWALS, (user, _before(cursor), _one_more(limit)))
        return _page(found, limit, facts.withdrawal_of)

    async def _rows(self, statement: str, values: Values) -> list[Row]:
        return await self.read(lambda connection: rows(connection, statement, values))

    async def _walk(
        self,
        walk: Walk,
        read: Callable[[Row], T],
        values: Mapping[str, int | str | None],
        cursor: int | None,
        start: Micros | None,
        end: Micros | None,
        limit: int,
    ) -> Page[T]:
        _one_more(limit)
        found, next_cursor = await self.read(
            lambda connection: walk.page(connection, values, cursor=cursor, start=start, end=end, limit=limit)
        )
        return Page([read(row) for row in found], next_cursor)


def _one_more(limit: int) -> int:
    """Return how many rows tell whether there is a next page."""
    if not 0 < limit <= MAX_LIMIT:
        raise ValueError(f"a limit is from 1 to {MAX_LIMIT}")
    return limit + 1


def _before(cursor: int | None) -> int:
    return _NO_CURSOR if cursor is None else min(cursor, _NO_CURSOR)


def _page(found: list[Row], limit: int, read: Callable[[Row], T]) -> Page[T]:
    return Page([read(row) for row in found[:limit]], found[limit - 1][0] if len(found) > limit else None)


def _own_trade_of(row: Row) -> OwnTrade:
    *trade, state, signature = row
    return OwnTrade(facts.trade_of(tuple(trade)), SettlementState(state), signature)


def _entry_of(row: Row) -> LedgerEntry:
    return LedgerEntry(row[0], facts.posting_of(row))
