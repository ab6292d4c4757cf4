import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from data.store import queries as questions
from data.store import readers, rows, statements
from data.store.connection import Reading
from data.store.opening import Place
from data.store.queries import Queries, Status
from data.store.schema import BUCKET_BITS
from engine.core.commands import RequestWithdrawal
from engine.core.types import (
    FEES,
    VAULT,
    AssetCode,
    Atoms,
    Kind,
    Micros,
    OrderId,
    OrderStatus,
    Reason,
    Side,
    Symbol,
    UserId,
)
from engine.sequencer.sequencer import Busy
from engine.settlement.types import SettlementState
from tests.data.store.books import ETHUSDT, Books, books
from tests.support.database import CLOSED, READ_ONLY, UNKNOWN_TABLE


@pytest.fixture
async def day(place: Place) -> AsyncIterator[Books]:
    async with books(place) as opened:
        yield opened


async def test_an_order_is_found_by_its_owner_only(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000), await day.person()
    placed = await day.place(ada, "buy", 3, 1_000, client_order_id="mine")
    assert await day.queries.order(ada, placed.id) == placed
    assert await day.queries.order(bob, placed.id) is None
    assert await day.queries.order(ada, OrderId(99)) is None


async def test_orders_by_status_and_market(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000), await day.person(BTC=1, ETH=1)
    gone = await day.place(ada, "buy", 1, 1_000)
    await day.cancel(ada, gone.id)
    filled = await day.place(ada, "buy", 2, 1_000)
    await day.place(bob, "sell", 2, 1_000)
    partly = await day.place(ada, "buy", 3, 1_000, symbol="ETHUSDT")
    await day.place(bob, "sell", 1, 1_000, symbol="ETHUSDT")
    new = await day.place(ada, "buy", 4, 1_000)

    async def ids(**asked: object) -> list[OrderId]:
        page = await day.queries.orders(ada, **asked)  # type: ignore[arg-type]
        assert page.next_cursor is None
        return [order.id for order in page.items]

    assert await ids() == [new.id, partly.id, filled.id, gone.id]
    assert await ids(status="open") == [new.id, partly.id]
    assert await ids(status="closed") == [filled.id, gone.id]
    assert await ids(symbol="ETHUSDT") == [partly.id]
    assert await ids(symbol="ETHUSDT", status="closed") == []
    kept = await day.queries.order(ada, partly.id)
    assert kept is not None
    assert (kept.status, kept.filled) == (OrderStatus.PARTIALLY_FILLED, 1)


async def test_pages_stay_the_same_while_new_orders_arrive(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000), await day.person(USDT=1_000)
    mine = []
    for _ in range(7):
        mine.append((await day.place(ada, "buy", 1, 1_000)).id)
        await day.place(bob, "buy", 1, 1_000)
    first = await day.queries.orders(ada, limit=3)
    await day.place(ada, "buy", 1, 1_000)
    second = await day.queries.orders(ada, limit=3, cursor=first.next_cursor)
    third = await day.queries.orders(ada, limit=3, cursor=second.next_cursor)
    pages = [[order.id for order in page.items] for page in (first, second, third)]
    assert pages == [mine[:3:-1], mine[3:0:-1], mine[:1]]
    assert third.next_cursor is None
    exactly_all = await day.queries.orders(ada, limit=8)
    assert exactly_all.next_cursor is None
    assert (await day.queries.orders(ada, cursor=0)).items == []
    assert len((await day.queries.orders(ada, cursor=10**30)).items) == 8


@pytest.mark.parametrize("limit", [0, -1, 1_001])
async def test_a_limit_has_limits(day: Books, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        await day.queries.orders(UserId(1000), limit=limit)


async def test_old_orders_are_found_through_many_buckets(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000), await day.person(USDT=1_000)
    first = await day.place(ada, "buy", 1, 1_000)
    soon, late = 17 << BUCKET_BITS, 300 << BUCKET_BITS
    owners = {soon: ada, soon + 1: ada, **dict.fromkeys(range(late, late + 40), bob)}
    owners |= {late + 40: ada, late + 41: ada, late + 42: ada}
    orders = [replace(first, id=OrderId(number), user=owner) for number, owner in owners.items()]
    await day.store.write(lambda connection: statements.ORDERS.run(connection, rows.order_rows(orders)))
    mine = [late + 42, late + 41, late + 40, soon + 1, soon, first.id]
    statuses: tuple[Status, ...] = ("all", "open")
    for status in statuses:
        assert [order.id for order in (await day.queries.orders(ada, status=status)).items] == mine
        page = await day.queries.orders(ada, status=status, limit=4)
        assert [order.id for order in page.items] == mine[:4]
        page = await day.queries.orders(ada, status=status, limit=4, cursor=page.next_cursor)
        assert [order.id for order in page.items] == mine[4:]


async def test_a_walk_passes_no_bucket_by(day: Books) -> None:
    ada = await day.person(USDT=1_000)
    first = await day.place(ada, "buy", 1, 1_000)
    numbers = [OrderId(n * (1 << BUCKET_BITS) // 2) for n in range(1, 180)]
    orders = [replace(first, id=number) for number in numbers]
    await day.store.write(lambda connection: statements.ORDERS.run(connection, rows.order_rows(orders)))
    assert [order.id for order in (await day.queries.orders(ada, limit=500)).items] == [*numbers[::-1], first.id]


async def test_fills_and_own_trades_of_maker_and_taker(day: Books) -> None:
    ada, bob, eve = await day.person(USDT=1_000), await day.person(BTC=1), await day.person(USDT=1_000)
    first, second = await day.place(ada, "buy", 2, 1_000), await day.place(ada, "buy", 3, 900)
    sold = await day.place(bob, "sell", 4, 900)
    trades = [trade for batch in day.batches for trade in batch.trades]
    assert len(trades) == 2

    assert await day.queries.fills([sold.id]) == trades
    assert await day.queries.fills([first.id]) == trades[:1]
    assert await day.queries.fills([second.id, first.id]) == trades
    assert await day.queries.fills([]) == []

    for user in (ada, bob):
        own = await day.queries.own_trades(user)
        assert [item.trade for item in own.items] == trades[::-1]
        assert {(item.settlement, item.signature) for item in own.items} == {(SettlementState.OWED, None)}
        page = await day.queries.own_trades(user, limit=1)
        assert [item.trade for item in page.items] == trades[1:]
        page = await day.queries.own_trades(user, limit=1, cursor=page.next_cursor)
        assert ([item.trade for item in page.items], page.next_cursor) == (trades[:1], None)
    assert (await day.queries.own_trades(eve)).items == []
    assert (await day.queries.own_trades(ada, symbol=ETHUSDT.symbol)).items == []


async def test_trades_against_the_house_have_no_order_on_its_side(day: Books) -> None:
    ada = await day.person(USDT=10_000)
    await day.quote(5_900_000, 6_000_000)
    bought = await day.place(ada, "buy", 1)
    (fill,) = await day.queries.fills([bought.id])
    assert (fill.maker_order, fill.reference, fill.taker_order) == (0, 77, bought.id)


async def test_public_trades_of_a_market(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000), await day.person(BTC=1, ETH=1)
    for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDT"):
        await day.place(ada, "buy", 1, 1_000, symbol=symbol)
        await day.place(bob, "sell", 1, 1_000, symbol=symbol)
    page = await day.queries.trades(Symbol("BTCUSDT"), limit=1)
    assert [trade.id for trade in page.items] == [3]
    page = await day.queries.trades(Symbol("BTCUSDT"), limit=1, cursor=page.next_cursor)
    assert ([trade.id for trade in page.items], page.next_cursor) == ([1], None)


async def test_balances_deposits_and_withdrawals(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000, BTC=2), await day.person(USDT=1)
    await day.fund(ada, USDT=5)
    await day.place(ada, "buy", 10, 1_000)
    await day.do(RequestWithdrawal(day.now(), ada, AssetCode("BTC"), Atoms(7), "there"))
    await day.do(RequestWithdrawal(day.now(), ada, AssetCode("BTC"), Atoms(8), "there"))
    balances = {b.asset: (b.available, b.held) for b in await day.queries.balances(ada)}
    assert balances == {"BTC": (2 * 10**8 - 15, 15), "USDT": (1_004_990_000, 10_000)}
    assert [(d.asset, d.amount) for d in await day.queries.deposits(ada)] == [
        ("USDT", 5_000_000),
        ("BTC", 2 * 10**8),
        ("USDT", 1_000_000_000),
    ]
    assert len(await day.queries.deposits(ada, limit=1)) == 1
    page = await day.queries.withdrawals(ada, limit=1)
    assert [w.amount for w in page.items] == [8]
    page = await day.queries.withdrawals(ada, limit=1, cursor=page.next_cursor)
    assert ([w.amount for w in page.items], page.next_cursor) == ([7], None)
    assert (await day.queries.withdrawals(bob)).items == []


async def test_the_ledger_tells_every_movement_of_ones_own_money(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000), await day.person(BTC=1)
    bid = await day.place(ada, "buy", 10, 1_000)
    await day.place(bob, "sell", 4, 1_000)
    await day.cancel(ada, bid.id)
    page = await day.queries.ledger(ada)
    told = [(e.posting.reason, e.posting.asset, e.posting.debit_owner, e.posting.credit_owner) for e in page.items]
    assert told == [
        (Reason.RELEASE, "USDT", ada, ada),
        (Reason.FEE, "BTC", ada, FEES),
        (Reason.TRADE, "BTC", bob, ada),
        (Reason.TRADE, "USDT", ada, bob),
        (Reason.HOLD, "USDT", ada, ada),
        (Reason.DEPOSIT, "USDT", VAULT, ada),
    ]
    assert [e.posting.asset for e in (await day.queries.ledger(ada, asset=AssetCode("BTC"))).items] == ["BTC", "BTC"]
    first = await day.queries.ledger(ada, limit=4)
    rest = await day.queries.ledger(ada, limit=4, cursor=first.next_cursor)
    assert [*first.items, *rest.items] == page.items

    for asset, (available, held) in {b.asset: (b.available, b.held) for b in await day.queries.balances(ada)}.items():
        sums = dict.fromkeys(Kind, 0)
        for entry in (await day.queries.ledger(ada, asset=asset)).items:
            if entry.posting.debit_owner == ada:
                sums[entry.posting.debit_kind] -= entry.posting.amount
            if entry.posting.credit_owner == ada:
                sums[entry.posting.credit_kind] += entry.posting.amount
        assert (sums[Kind.AVAILABLE], sums[Kind.HELD]) == (available, held)


async def test_orders_and_own_trades_of_one_side(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000, BTC=1), await day.person(USDT=1_000, BTC=1)
    bid, ask = await day.place(ada, "buy", 1, 1_000), await day.place(ada, "sell", 1, 2_000)
    await day.place(bob, "sell", 1, 1_000)
    await day.place(bob, "buy", 1, 2_000)
    for side, order in ((Side.BUY, bid), (Side.SELL, ask)):
        assert [each.id for each in (await day.queries.orders(ada, side=side)).items] == [order.id]
        assert [each.trade.maker_order for each in (await day.queries.own_trades(ada, side=side)).items] == [order.id]
        [theirs] = (await day.queries.own_trades(bob, side=side)).items
        assert theirs.trade.maker_order != order.id


async def test_history_from_a_time_until_before_another(day: Books) -> None:
    ada, bob = await day.person(USDT=1_000), await day.person(BTC=1)
    placed = []
    for _ in range(9):
        await day.place(bob, "sell", 1, 1_000)
        placed.append(await day.place(ada, "buy", 1, 1_000))
    trades = [trade for batch in day.batches for trade in batch.trades]
    times = [order.created_at for order in placed]
    for start, end in ((None, times[4]), (times[4], None), (times[2], times[6]), (times[3], times[3])):

        def within(at: int, since: int = start or 0, until: int = end or 2**62) -> bool:
            return since <= at < until

        found = await day.queries.orders(ada, start=start, end=end)
        assert [order.id for order in found.items] == [o.id for o in placed if within(o.created_at)][::-1]
        found_trades = await day.queries.own_trades(ada, start=start, end=end)
        assert [own.trade for own in found_trades.items] == [t for t in trades if within(t.at)][::-1]
        ledger = await day.queries.ledger(ada)
        some = await day.queries.ledger(ada, start=start, end=end)
        assert some.items == [entry for entry in ledger.items if within(entry.posting.at)]
    first = await day.queries.orders(ada, start=times[2], end=times[6], limit=3)
    rest = await day.queries.orders(ada, start=times[2], end=times[6], limit=3, cursor=first.next_cursor)
    assert [order.id for order in first.items + rest.items] == [order.id for order in placed[5:1:-1]]
    assert rest.next_cursor is None
    assert (await day.queries.orders(ada, start=Micros(2**62))).items == []
    assert (await day.queries.orders(ada, end=Micros(0))).items == []


async def test_a_page_ends_after_so_many_steps_and_the_next_goes_on(
    day: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for walk in (*questions._ORDERS.values(), questions._OWN_TRADES):
        monkeypatch.setattr(walk, "_steps", 7)
    ada, bob = await day.person(USDT=1_000), await day.person(BTC=1, ETH=1)
    for number in range(20):
        symbol = "BTCUSDT" if number % 10 else "ETHUSDT"
        await day.place(bob, "sell", 1, 1_000, symbol=symbol)
        await day.place(ada, "buy", 1, 1_000, symbol=symbol)
    everything = [order.id for order in (await day.queries.orders(ada, limit=5)).items]
    assert len(everything) == 5
    for ask in (day.queries.orders, day.queries.own_trades):
        for symbol, count in ((None, 20), (ETHUSDT.symbol, 2)):
            pages = [await ask(ada, symbol=symbol)]
            while (cursor := pages[-1].next_cursor) is not None:
                pages.append(await ask(ada, symbol=symbol, cursor=cursor))
                assert pages[-1].next_cursor != cursor
            assert len(pages) in (3, 4)
            assert len([item for page in pages for item in page.items]) == count


WALKS = {
    "orders": (questions._ORDERS["all"], {"symbol": None, "side": None}),
    "closed orders": (questions._ORDERS["closed"], {"symbol": None, "side": None}),
    "open orders": (questions._ORDERS["open"], {"symbol": None, "side": None}),
    "own trades": (questions._OWN_TRADES, {"symbol": None, "side": None}),
    "ledger": (questions._LEDGER, {"asset": None}),
}


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[Books]:
    async with books(tmp_path / "books.sqlite") as opened:
        yield opened


async def plan(day: Books, statement: str, values: object) -> list[str]:
    return [
        row[3] for row in await day.queries.read(lambda c: readers.rows(c, f"EXPLAIN QUERY PLAN {statement}", values))
    ]


@pytest.mark.parametrize("name", WALKS)
async def test_no_walk_reads_a_whole_table_or_sorts(on_sqlite: Books, name: str) -> None:
    walk, values = WALKS[name]
    bounds = {"user": 1000, "first": 1, "before": 9, "steps": 9, "limit": 9}
    lines = await plan(on_sqlite, walk.statement, values | bounds)
    assert not [line for line in lines if "SCAN" in line and line not in ("SCAN step", "SCAN CONSTANT ROW")]
    assert not [line for line in lines if "TEMP B-TREE" in line]
    lookups = [line for line in lines if "INDEX ix_" in line]
    assert lookups
    assert all("(<expr>=? AND" in line and "rowid<?" in line for line in lookups)
    halving = await plan(on_sqlite, walk._since, {"end": 9, "at": 9})
    assert {line for line in halving if "SCAN" in line} <= {"SCAN search", "SCAN CONSTANT ROW"}


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (questions._TRADES, (1, 2, 3)),
        (questions._DEPOSITS, (1, 2)),
        (questions._WITHDRAWALS, (1, 2, 3)),
        (questions._BALANCES, (1,)),
        (questions._FILLS, {"orders": "[1]", "limit": 1}),
    ],
)
async def test_no_plain_question_reads_a_whole_table(on_sqlite: Books, statement: str, values: dict[str, int]) -> None:
    lines = await plan(on_sqlite, statement, values)
    assert not [line for line in lines if line.startswith("SCAN") and "json_each" not in line]
    assert not [line for line in lines if "TEMP B-TREE" in line and statement is not questions._DEPOSITS]


async def test_readers_can_not_write(day: Books) -> None:
    with pytest.raises(READ_ONLY, match=r"read-?only"):
        await day.queries.read(lambda c: readers.rows(c, "DELETE FROM postings"))


async def test_a_reader_sees_one_moment_and_does_not_hold_up_the_writer(day: Books) -> None:
    ada = await day.person(USDT=1_000)
    await day.place(ada, "buy", 1, 1_000)

    async def twice(connection: Reading) -> tuple[int, int]:
        count = "SELECT count(*) FROM orders"
        [[before]] = await readers.rows(connection, count)
        await day.place(ada, "buy", 1, 1_000)
        [[after]] = await readers.rows(connection, count)
        return before, after

    assert await day.queries.read(twice) == (1, 1)
    assert len((await day.queries.orders(ada)).items) == 2


async def test_too_many_questions_at_once_are_refused(day: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MOST_WAITING", 3)
    asked = [day.queries.balances(UserId(1000)) for _ in range(5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, Busy) for answer in answers) == 2
    assert await day.queries.balances(UserId(1000)) == []


async def test_no_file_is_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await Queries.open(tmp_path / "none.sqlite")


async def test_a_question_that_is_given_up_leaves_the_connection_to_the_next(day: Books) -> None:
    for _ in range(5):
        asked = asyncio.create_task(day.queries.orders(UserId(1000)))
        await asyncio.sleep(0.0001)
        asked.cancel()
        await asyncio.wait([asked])
    ada = await day.person(USDT=1)
    assert len(await asyncio.gather(*(day.queries.balances(ada) for _ in range(5)))) == 5


async def test_what_fails_leaves_the_connection_to_the_next(day: Books) -> None:
    for _ in range(3):
        with pytest.raises(UNKNOWN_TABLE, match="no_such_table"):
            await day.queries.read(lambda c: readers.rows(c, "SELECT * FROM no_such_table"))
    assert await day.queries.balances(UserId(1000)) == []


async def test_closing_waits_for_what_was_asked(place: Place) -> None:
    async with books(place) as day:
        queries = await Queries.open(day.database)
        asked = [asyncio.create_task(queries.balances(UserId(1000))) for _ in range(10)]
        await asyncio.sleep(0)
        await queries.close()
        assert await asyncio.gather(*asked) == [[]] * 10
        with pytest.raises(CLOSED, match=r"no active connection|closed"):
            await queries.balances(UserId(1000))
