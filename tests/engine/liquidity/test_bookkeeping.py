"""The accounts after a restart: what was kept, and the few trades and hedges since."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from data.store.readers import rows
from engine.core.types import Atoms, Lots, Micros, Side, Ticks
from engine.liquidity import bookkeeping
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.desk import DAY_US, Desk
from engine.liquidity.hedging import Hedge
from engine.liquidity.profit import Profit
from engine.sequencer.sequencer import Busy
from tests.engine.liquidity.house import SIMPLE, House, house, running
from tests.engine.liquidity.markets import BTCUSDT, ETHUSDT, PAIRS, external

SYMBOL = BTCUSDT.symbol


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path / "exchange.db") as opened:
        await opened.fund(opened.ann, USDT=1_000_000, BTC=10)
        yield opened


async def opened(exchange: House) -> Bookkeeper:
    return await Bookkeeper.open(exchange.maker_store, PAIRS.values(), exchange.newest_trade)


async def dies() -> None:
    """Keep nothing more, as a process that has ended."""


async def trade_twice(exchange: House, *, keep_between: bool) -> Bookkeeper:
    """Let Ann buy 1 BTC at 101 and sell 0.5 at 100, and return the accounts of the market maker that was there."""
    maker = exchange.hire()
    async with running(maker):
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().asks))
        await exchange.trade(exchange.ann, "buy", 10_000)
        if keep_between:
            await maker.books.keep()
        await exchange.trade(exchange.ann, "sell", 5_000)
        await exchange.until(lambda: maker.books.profits[SYMBOL].trades == 2)
        if keep_between:
            maker.books.keep = dies  # type: ignore[method-assign]
    return maker.books


async def test_what_was_kept_at_the_end_is_there_at_the_start(exchange: House) -> None:
    before = await trade_twice(exchange, keep_between=False)
    profit = before.profits[SYMBOL]
    assert (profit.position, profit.spread, profit.realised) == (-(10**8) // 2, 750_000, 500_000)
    after = await opened(exchange)
    assert after.profits == before.profits


async def test_trades_since_the_last_time_are_counted_without_their_middle(exchange: House) -> None:
    before = await trade_twice(exchange, keep_between=True)
    profit = (await opened(exchange)).profits[SYMBOL]
    assert profit == replace(before.profits[SYMBOL], spread=500_000, unpriced=1)
    assert (await opened(exchange)).profits[SYMBOL] == profit, "and only once"


async def test_a_market_that_was_written_down_later_than_another_counts_nothing_twice(exchange: House) -> None:
    before = await trade_twice(exchange, keep_between=False)
    ether = replace(before.profits[ETHUSDT.symbol], last_trade=0)
    await exchange.maker_store.keep_profits([ether])
    assert (await opened(exchange)).profits == before.profits


async def test_trades_between_customers_are_not_the_houses(exchange: House) -> None:
    before = await trade_twice(exchange, keep_between=True)
    await exchange.fund(exchange.bob, BTC=1)
    await exchange.limit(exchange.ann, "buy", 10_000, 10_050)
    await exchange.limit(exchange.bob, "sell", 10_000, 10_050)
    profit = (await opened(exchange)).profits[SYMBOL]
    assert (profit.trades, profit.last_trade, profit.position) == (2, 3, before.profits[SYMBOL].position)


async def test_the_first_start_counts_from_there(exchange: House) -> None:
    await trade_twice(exchange, keep_between=True)
    other = await Bookkeeper.open(exchange.maker_store, [PAIRS["ETHUSDT"]], exchange.newest_trade)
    assert other.profits["ETHUSDT"].trades == 0


async def test_a_start_reads_no_more_than_so_many_trades(exchange: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookkeeping, "PAGE", 1)
    monkeypatch.setattr(bookkeeping, "MOST_PAGES", 1)
    await trade_twice(exchange, keep_between=True)
    await exchange.maker_store.keep_profits(
        [replace((await opened(exchange)).profits[SYMBOL], last_trade=0, trades=0, unpriced=0)]
    )
    profit = (await opened(exchange)).profits[SYMBOL]
    assert (profit.trades, profit.last_trade) == (1, 2)


async def test_hedges_that_ended_unseen_are_counted_once_and_those_on_paper_apart(exchange: House) -> None:
    store = exchange.maker_store
    for is_paper in (False, True):
        sent = Hedge(0, SYMBOL, Side.BUY, Lots(5_000), Ticks(10_000), Micros(1), is_paper)
        kept = await store.add_hedge(sent)
        assert kept == replace(sent, id=kept.id, name=kept.name)
        assert await store.open_hedges() == [kept]
        await store.end_hedge(kept.ended(Atoms(5 * 10**7), Atoms(50_000_000), Atoms(50_000)))
    for _ in range(2):
        books = await opened(exchange)
        for is_paper in (False, True):
            for hedge in await store.hedges(SYMBOL, is_paper, 0):
                books.on_hedge(hedge, None)
        real, paper = books.profits[SYMBOL], books.paper[SYMBOL]
        assert (real.hedged, real.position, real.realised, real.last_hedge) == (5 * 10**7, 5 * 10**7, -50_000, 1)
        assert (paper.hedged, paper.position, paper.realised, paper.last_hedge) == (5 * 10**7, 5 * 10**7, -50_000, 2)
    assert await store.open_hedges() == []


async def days(exchange: House) -> list[tuple[int, int]]:
    """Return what BTCUSDT had come to when each day began."""
    query = "SELECT day, total FROM maker_days WHERE symbol = 'BTCUSDT' ORDER BY day"
    return await exchange.maker_store._readers.read(lambda connection: rows(connection, query))


async def test_what_a_day_began_with_is_kept_once_and_stays_when_its_loss_is_forgiven(exchange: House) -> None:
    books = (await trade_twice(exchange, keep_between=False)).profits[SYMBOL]
    [(day, began)] = await days(exchange)
    assert (day, began) == (1_700_000_000 // 86_400, 0), "nothing had traded when the first price came"
    again = await opened(exchange)
    desk = Desk(PAIRS["BTCUSDT"], SIMPLE, again.profits[SYMBOL], Micros(0))
    for of_day, bid, ask in ((day, "100", "101"), (day + 1, "110", "111"), (day + 1, "120", "121")):
        desk.hear(external(f"1@{bid}", f"1@{ask}", update_id=int(bid)), Micros(0))
        desk.wrongs(Micros(0), Micros(of_day * DAY_US), {})
        await again.keep()  # nothing has traded: that a day began is reason enough
    total = books.realised - books.cost - 110_500_000 // 2  # half a bitcoin was sold more than bought
    assert await days(exchange) == [(day, 0), (day + 1, total)]
    desk.forgive()
    assert again.profits[SYMBOL].day_total == total - 5_000_000
    await again.keep()
    assert await days(exchange) == [(day, 0), (day + 1, total)]
    assert (await opened(exchange)).profits[SYMBOL].day_total == total - 5_000_000, "what was forgiven stays so"


async def test_hedging_on_paper_and_a_market_without_a_price_have_no_days(exchange: House) -> None:
    priced = replace(Profit(SYMBOL, is_paper=True), day=20_000, day_total=7)
    await exchange.maker_store.keep_profits([priced, Profit(SYMBOL)])
    assert await days(exchange) == []


async def test_a_store_with_too_much_to_do_is_asked_again(exchange: House, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Bookkeeper(exchange.maker_store, PAIRS.values(), exchange.newest_trade)
    kept = exchange.maker_store.keep_profits
    asked = 0

    async def busy(profits: Iterable[Profit]) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise Busy
        await kept(profits)

    monkeypatch.setattr(exchange.maker_store, "keep_profits", busy)
    for _ in range(3):
        await books.keep()
    assert asked == 2, "and not once more, where nothing has changed since"
    assert len(await exchange.maker_store.profits()) == 4
