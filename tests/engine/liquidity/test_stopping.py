"""The market maker's stops at work: the quotes vanish in one command, people are told, the quotes return."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from engine.core.commands import ListMarket
from engine.core.refusals import UnknownSymbol
from engine.core.types import MARKET_MAKER, AssetCode, Atoms, MarketState, Micros, Symbol
from engine.liquidity.inventory import Limits
from engine.liquidity.maker import MarketMaker
from engine.liquidity.quoting import NOTHING
from engine.liquidity.settings import MakerSettings
from engine.liquidity.stops import Alarm, StopReason
from engine.ports import ExternalBook
from tests.engine.liquidity.house import EASY, SIMPLE, House, house, running
from tests.engine.liquidity.markets import BTCUSDT, ETHUSDT, external, shown

HELD_OFF = replace(SIMPLE, stops=replace(EASY, hold_off_us=Micros(2_000_000), band_ppm=20_000, widest_ppm=50_000))
BOTH = (BTCUSDT.symbol, ETHUSDT.symbol)


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path / "exchange.db") as opened:
        await opened.fund(opened.ann, USDT=1_000_000, BTC=10)
        yield opened


def watched(exchange: House, settings: MakerSettings) -> tuple[MarketMaker, list[tuple[str, str, bool]]]:
    """Return a market maker and what its alarms will tell: market, reason, whether it began."""
    maker, told = exchange.hire(settings), []
    maker.alarms.append(lambda alarm: told.append((alarm.symbol, alarm.change.reason.value, alarm.change.began)))
    return maker, told


async def quoting(exchange: House) -> None:
    seq = exchange.sequencer.seq
    for symbol in BOTH:
        exchange.feed.put(external("1@100", "1@101", symbol=symbol))
    await exchange.until(lambda: exchange.sequencer.seq == seq + 2)


@pytest.mark.parametrize(
    ("reason", "book"),
    [
        ("out_of_sync", external("", "", in_sync=False)),
        ("insane", external("1@101", "1@100")),
        ("insane", external("1@100", "")),
        ("insane", external("1@100 x@99", "1@101")),
        ("jump", external("1@90", "1@91")),
        ("jump", external("1@1000", "1@1001")),
    ],
)
async def test_a_bad_book_takes_the_quotes_back_in_one_command_and_a_good_one_brings_them_after_the_hold_off(
    exchange: House, reason: str, book: ExternalBook
) -> None:
    maker, told = watched(exchange, HELD_OFF)
    async with running(maker):
        await quoting(exchange)
        seq = exchange.sequencer.seq
        exchange.time.now_s += 1
        exchange.feed.put(book)
        await exchange.until(lambda: exchange.resting() == NOTHING and exchange.sequencer.seq == seq + 1)
        assert told == [("BTCUSDT", reason, True)]
        assert maker.desks[BTCUSDT.symbol].stops.begun == {StopReason(reason): 1}
        assert exchange.resting("ETHUSDT") != NOTHING
        for _ in range(4):
            exchange.time.now_s += 0.49
            for symbol in BOTH:
                exchange.feed.put(external("1@100", "1@101", symbol=symbol))
            await asyncio.sleep(0.01)
            assert exchange.resting() == NOTHING
        exchange.time.now_s += 0.1
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: exchange.resting() != NOTHING)
        assert told == [("BTCUSDT", reason, True), ("BTCUSDT", reason, False)]


async def test_a_frozen_feed_is_a_silent_one(exchange: House) -> None:
    maker, told = watched(exchange, replace(SIMPLE, stops=replace(EASY, stale_us=100_000)))
    async with running(maker):
        exchange.feed.put(external("1@100", "1@101", update_id=5))
        await exchange.until(lambda: exchange.resting() != NOTHING)
        for update_id in (5, 4, 5):
            exchange.time.now_s += 0.04
            exchange.feed.put(external("1@100", "1@101", update_id=update_id))
            await asyncio.sleep(0.01)
        await exchange.until(lambda: exchange.resting() == NOTHING)
        assert told == [("BTCUSDT", "stale", True)]


async def test_a_market_of_which_nothing_is_ever_heard_is_told_too(exchange: House) -> None:
    maker, told = watched(exchange, replace(SIMPLE, stops=replace(EASY, stale_us=40_000)))
    async with running(maker):
        await asyncio.sleep(0.03)
        assert told == []
        exchange.time.now_s += 11
        await exchange.until(lambda: len(told) == 2)


async def test_a_withdrawal_does_not_wait_for_a_commit(exchange: House) -> None:
    async with running(exchange.hire()):
        exchange.gate.open.clear()
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: exchange.resting() != NOTHING)  # applied, not yet committed
        exchange.feed.put(external("", "", in_sync=False))
        await exchange.until(lambda: exchange.resting() == NOTHING)
        exchange.gate.open.set()
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: exchange.resting() != NOTHING)


async def test_an_operator_stops_a_market_or_all_and_a_restart_remembers(exchange: House) -> None:
    maker, told = watched(exchange, SIMPLE)
    async with running(maker):
        await quoting(exchange)
        await maker.switch.stop(BTCUSDT.symbol, "odd fills")
        await exchange.until(lambda: exchange.resting() == NOTHING)
        assert exchange.resting("ETHUSDT") != NOTHING
        await maker.switch.stop("all", "maintenance")
        await exchange.until(lambda: exchange.resting("ETHUSDT") == NOTHING)
        assert told == [("BTCUSDT", "operator", True), ("ETHUSDT", "operator", True)]
        with pytest.raises(UnknownSymbol):
            await maker.switch.stop(Symbol("DOGEUSDT"), "no such market")
        await maker.switch.resume(ETHUSDT.symbol)
        await exchange.until(lambda: exchange.resting("ETHUSDT") != NOTHING)
    assert await exchange.maker_store.stopped() == {"BTCUSDT": "maintenance"}
    after = exchange.hire(stopped=await exchange.maker_store.stopped())
    async with running(after):
        for symbol in BOTH:
            exchange.feed.put(external("1@100", "1@101", symbol=symbol))
        await exchange.until(lambda: exchange.resting("ETHUSDT") != NOTHING)
        assert exchange.resting() == NOTHING
        await after.switch.resume("all")
        await exchange.until(lambda: exchange.resting() != NOTHING)


async def test_a_loss_stops_a_market_for_the_day_whatever_the_price_does_then(exchange: House) -> None:
    maker, told = watched(exchange, replace(SIMPLE, stops=replace(EASY, loss=2)))
    async with running(maker):
        await quoting(exchange)
        await exchange.trade(exchange.ann, "buy", 10_000)  # 1 BTC at 101
        exchange.feed.put(external("1@102", "1@103"))
        await exchange.until(lambda: exchange.resting().touch == (10_200, 10_300))
        exchange.feed.put(external("1@103", "1@104"))
        await exchange.until(lambda: exchange.resting() == NOTHING)
        assert told == [("BTCUSDT", "loss", True)]
        exchange.feed.put(external("1@100", "1@101"))
        await asyncio.sleep(0.02)
        assert exchange.resting() == NOTHING
        exchange._micros = count(1_700_000_000_000_000 + 86_400_000_000)
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: exchange.resting() != NOTHING)


async def test_a_price_that_is_not_believed_is_no_loss(exchange: House) -> None:
    maker, told = watched(exchange, replace(HELD_OFF, stops=replace(HELD_OFF.stops, loss=2)))
    async with running(maker):
        await quoting(exchange)
        await exchange.trade(exchange.ann, "buy", 10_000)
        exchange.feed.put(external("1@1000", "1@1001"))
        await exchange.until(lambda: exchange.resting() == NOTHING)
        exchange.feed.put(external("1@100", "1@101"))
        await asyncio.sleep(0.02)
        assert told == [("BTCUSDT", "jump", True)]


@pytest.mark.parametrize("state", [MarketState.CANCEL_ONLY, MarketState.HALTED])
async def test_a_market_that_takes_no_orders_is_not_quoted_and_no_quote_is_tried(
    exchange: House, state: MarketState
) -> None:
    maker, told = watched(exchange, SIMPLE)
    with capture_logs() as logs:
        async with running(maker):
            await quoting(exchange)
            await exchange.submit(ListMarket(exchange.clock(), replace(BTCUSDT, state=state)))
            await exchange.until(lambda: exchange.resting() == NOTHING)
            assert exchange.resting("ETHUSDT") != NOTHING
            for cents in range(5):
                exchange.feed.put(external("1@100", f"1@101.0{cents}"))
            newest = external("1@100", "1@101.05", update_id=1_000)
            exchange.feed.put(newest)
            await exchange.until(lambda: maker.desks[BTCUSDT.symbol].book is newest)
            assert told == [("BTCUSDT", "market", True)]
            await exchange.submit(ListMarket(exchange.clock(), BTCUSDT))
            exchange.feed.put(external("1@100", "1@101", update_id=1_001))
            await exchange.until(lambda: exchange.resting() != NOTHING)
        after = exchange.hire(states={BTCUSDT.symbol: state})
        async with running(after):
            exchange.feed.put(external("1@100", "1@101"))
            await exchange.until(lambda: bool(after.desks[BTCUSDT.symbol].stops))
            assert exchange.resting() == NOTHING
    assert told == [("BTCUSDT", "market", True), ("BTCUSDT", "market", False)]
    assert "quote refused" not in [line["event"] for line in logs]


async def test_a_price_ten_bands_away_is_quoted_only_when_an_operator_believes_it(exchange: House) -> None:
    maker, told = watched(exchange, HELD_OFF)
    async with running(maker):
        await quoting(exchange)
        for _ in range(100):
            exchange.time.now_s += 0.5
            exchange.feed.put(external("1@1000", "1@1001"))
            await asyncio.sleep(0.001)
        await exchange.until(lambda: exchange.resting() == NOTHING)
        assert [change for symbol, *change in told if symbol == BTCUSDT.symbol] == [["jump", True]]
        await maker.switch.resume(BTCUSDT.symbol)
        for _ in range(6):
            exchange.time.now_s += 0.5
            exchange.feed.put(external("1@1000", "1@1001"))
            await asyncio.sleep(0.01)
        await exchange.until(lambda: shown(exchange.resting()) == "10000@100000 | 10000@100100")


async def test_an_operator_who_resumes_forgives_the_loss(exchange: House) -> None:
    maker, told = watched(exchange, replace(SIMPLE, stops=replace(EASY, loss=2)))
    async with running(maker):
        await quoting(exchange)
        await exchange.trade(exchange.ann, "buy", 10_000)
        exchange.feed.put(external("1@104", "1@105"))
        await exchange.until(lambda: exchange.resting() == NOTHING)
        await maker.switch.resume(BTCUSDT.symbol)
        await exchange.until(lambda: exchange.resting() != NOTHING)
        exchange.feed.put(external("1@107", "1@108"))
        await exchange.until(lambda: exchange.resting() == NOTHING)
        assert [change for _, *change in told] == [["loss", True], ["loss", False], ["loss", True]]


async def test_what_quoting_does_not_explain_stops_every_market_of_the_asset(exchange: House) -> None:
    limits = {AssetCode("USDT"): Limits(Atoms(0), Atoms(10**12), Atoms(2 * 10**12))}
    maker, told = watched(exchange, replace(SIMPLE, inventory=limits))
    async with running(maker):
        await quoting(exchange)
        await exchange.fund(MARKET_MAKER, USDT=1_100_000)  # 2.1 million, a twentieth beyond the most
        for symbol in BOTH:
            exchange.feed.put(external("1@99", "1@101", symbol=symbol))
        await exchange.until(lambda: shown(exchange.resting()) == "10000@9900 | ")
        await exchange.fund(MARKET_MAKER, USDT=200_000)
        await exchange.until(lambda: exchange.resting() == exchange.resting("ETHUSDT") == NOTHING)
        assert {reason for _, reason, _ in told} == {"inventory"}


async def test_what_has_traded_is_not_offered_again_before_a_newer_book(exchange: House) -> None:
    async with running(exchange.hire()):
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: exchange.resting() != NOTHING)
        await exchange.trade(exchange.ann, "buy", 10_000)
        exchange.time.now_s += 0.9
        await asyncio.sleep(0.3)  # the market maker has looked at the market
        assert shown(exchange.resting()) == "10000@10000 | "


async def test_alarms_say_when_where_and_why_and_so_do_the_logs(exchange: House) -> None:
    maker, alarms = exchange.hire(), list[Alarm]()
    maker.alarms.append(alarms.append)
    with capture_logs() as logs:
        async with running(maker):
            await quoting(exchange)
            exchange.feed.put(external("1@102", "1@101"))
            await exchange.until(lambda: exchange.resting() == NOTHING)
    assert alarms[0].at > 1_700_000_000_000_000
    assert (alarms[0].symbol, alarms[0].change.detail) == ("BTCUSDT", "crossed: 102 is bid and 101 asked")
    [line] = [line for line in logs if line["event"] == "a market is stopped"]
    assert (line["symbol"], line["reason"], line["log_level"]) == ("BTCUSDT", "insane", "warning")
