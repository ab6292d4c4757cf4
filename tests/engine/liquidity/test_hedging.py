"""Whether and how inventory is offset, and what happens when the venue's answers are lost."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.market import PPM
from engine.core.types import AssetCode, Atoms, Micros, Side, Symbol
from engine.liquidity import hedger
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.external import UNIT, Touch
from engine.liquidity.hedger import MINUTE_S, Hedging
from engine.liquidity.hedging import Hedge, HedgeSettings, HedgeState, decide, on_paper
from engine.liquidity.inventory import Limits
from engine.ports import HedgeOrder, HedgeRefused, HedgeResult, HedgeUnknown
from tests.engine.liquidity.house import House, Time, house
from tests.engine.liquidity.markets import BTCUSDT, PAIRS

BTC = AssetCode("BTC")
PAIR = PAIRS["BTCUSDT"]
TOUCH = Touch(100 * UNIT, 101 * UNIT)
PAPER = HedgeSettings(mode="paper", thresholds={BTC: Atoms(10**8)})
LIVE = replace(PAPER, mode="live")
TARGET = {BTC: Limits(target=Atoms(10 * 10**8))}


def decided(away: int, settings: HedgeSettings = PAPER, spent: int = 0) -> tuple[Side, int, int] | None:
    hedge = decide(PAIR, settings, away=away, touch=TOUCH, spent=spent, at=Micros(5))
    return hedge and (hedge.side, hedge.quantity, hedge.price)


def test_only_what_is_beyond_the_threshold_is_brought_back_to_the_target() -> None:
    assert decided(10**8) is decided(-(10**8)) is None
    assert decided(10**8 + 10**4) == (Side.SELL, 10_001, 9_990)
    assert decided(-2 * 10**8) == (Side.BUY, 20_000, 10_110)


def test_nothing_is_hedged_where_it_is_off_or_has_no_threshold() -> None:
    assert decided(10**10, replace(PAPER, mode="off")) is None
    assert decided(10**10, replace(PAPER, thresholds={})) is None


def test_an_order_and_a_minute_have_their_limits() -> None:
    assert decided(10**12, replace(PAPER, order_value=1_010)) == (Side.SELL, 100_000, 9_990)
    assert decided(10**12, replace(PAPER, minute_value=2_020), spent=1_010 * 10**6) == (Side.SELL, 100_000, 9_990)
    assert decided(10**12, replace(PAPER, minute_value=1_010), spent=1_010 * 10**6) is None


@given(
    st.integers(-(10**15), 10**15),
    st.integers(1, 10**13),
    st.integers(0, 10**10),
    st.integers(0, 10**12),
    st.integers(0, 50_000),
)
def test_a_hedge_never_overshoots_nor_passes_its_limits(
    away: int, bid: int, width: int, spent: int, slippage: int
) -> None:
    touch = Touch(bid, bid + width + 1)
    settings = replace(PAPER, slippage_ppm=slippage)
    hedge = decide(PAIR, settings, away=away, touch=touch, spent=spent, at=Micros(5))
    if hedge is None:
        return
    base = hedge.quantity * BTCUSDT.lot_atoms
    worst = BTCUSDT.notional(hedge.price, hedge.quantity)
    assert 0 < base <= abs(away)
    assert worst <= settings.order_value * 10**6
    assert worst + spent <= settings.minute_value * 10**6
    at_best = Fraction(base, 10**8) * Fraction(max(touch.bid, touch.ask), UNIT)
    assert at_best <= settings.order_value
    assert at_best + Fraction(spent, 10**6) <= settings.minute_value
    price = hedge.price * 10**6 * PPM  # in 10**-8, times PPM
    if hedge.side is Side.SELL:
        assert away > 0
        assert price >= touch.bid * (PPM - slippage)
    else:
        assert away < 0
        assert price <= touch.ask * (PPM + slippage)
    result = on_paper(hedge, PAIR, touch, 1_000)
    assert result.base in (0, base)
    assert result.fee * PPM >= result.quote * 1_000
    if result.base:
        assert result.quote >= worst if hedge.side is Side.SELL else result.quote <= worst


class Sight:
    """What hedging sees of the market maker: 12 BTC are owned."""

    def __init__(self) -> None:
        self.shown: Touch | None = TOUCH
        self.btc = 12 * 10**8

    def touch(self, symbol: Symbol) -> Touch | None:
        return self.shown if symbol == "BTCUSDT" else None

    def owned(self, asset: AssetCode) -> int:
        return self.btc if asset == BTC else 0


Answer = Callable[[HedgeOrder], HedgeResult | None]


class Venue:
    """Another venue, told by hand how to answer."""

    life_s = 5.0

    def __init__(self) -> None:
        self.heard: list[tuple[str, HedgeOrder]] = []
        self.is_deaf = False
        self.place_answers: Answer = filled
        self.look_up_answers: Answer = filled

    async def place(self, order: HedgeOrder) -> HedgeResult:
        self.heard.append(("place", order))
        if self.is_deaf:
            await asyncio.Event().wait()
        result = self.place_answers(order)
        assert result is not None
        return result

    async def look_up(self, order: HedgeOrder) -> HedgeResult | None:
        self.heard.append(("look up", order))
        return self.look_up_answers(order)


def filled(order: HedgeOrder) -> HedgeResult:
    return HedgeResult(True, Atoms(order.quantity * 10**4), Atoms(order.quantity * 10_000), Atoms(1_000))


def under_way(_: HedgeOrder) -> HedgeResult:
    return HedgeResult(False, Atoms(0), Atoms(0), Atoms(0))


def nothing(_: HedgeOrder) -> None:
    return None


def unknown(_: HedgeOrder) -> HedgeResult:
    raise HedgeUnknown("timed out")


def broken(_: HedgeOrder) -> HedgeResult:
    raise KeyError("orderId")


def refuses(_: HedgeOrder) -> HedgeResult:
    raise HedgeRefused("MIN_NOTIONAL")


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path / "exchange.db") as opened:
        yield opened


class Desk:
    """Hedging as a process runs it, with a real store; `again` is the process after this one."""

    def __init__(self, exchange: House, books: Bookkeeper, settings: HedgeSettings, time: Time, has_key: bool) -> None:
        self.exchange = exchange
        self.settings = settings
        self.sight, self.venue, self.time, self.books = Sight(), Venue(), time, books
        self.hedging = Hedging(
            self.sight,
            books,
            exchange.maker_store,
            self.venue if has_key else None,
            TARGET,
            exchange.clock,
            settings,
            now=time,
        )

    @classmethod
    async def open(cls, exchange: House, settings: HedgeSettings = LIVE, *, has_key: bool = True) -> "Desk":
        books = await Bookkeeper.open(exchange.maker_store, PAIRS.values(), exchange.newest_trade)
        desk = cls(exchange, books, settings, exchange.time, has_key)
        await desk.hedging.recover()
        return desk

    @property
    def hedged(self) -> int:
        return self.books.profits[BTCUSDT.symbol].hedged

    async def kept(self) -> list[Hedge]:
        return await self.exchange.maker_store.hedges(BTCUSDT.symbol, self.settings.mode == "paper", 0)


async def test_inventory_is_offset_once_and_then_is_at_its_target(exchange: House) -> None:
    desk = await Desk.open(exchange)
    for _ in range(3):
        await desk.hedging.look()
    assert [what for what, _ in desk.venue.heard] == ["place"]
    [kept] = await desk.kept()
    assert desk.venue.heard[0][1].client_id == kept.name
    assert (desk.hedged, desk.hedging.away(PAIR), kept.state) == (-2 * 10**8, 0, HedgeState.DONE)


async def test_no_other_database_has_the_name_of_a_hedge(exchange: House, tmp_path: Path) -> None:
    names: set[tuple[int, str]] = set()
    async with house(tmp_path / "another.db") as other:
        for each in (exchange, other):
            desk = await Desk.open(each)
            await desk.hedging.look()
            names |= {(hedge.id, hedge.name) for hedge in await desk.kept()}
    assert {id_ for id_, _ in names} == {1}
    assert len(names) == 2
    assert all(re.fullmatch(r"[-.A-Z:/a-z0-9_]{1,36}", name) for _, name in names), "as Binance wants them"


async def test_nothing_is_hedged_while_the_market_is_stopped(exchange: House) -> None:
    desk = await Desk.open(exchange)
    desk.sight.shown = None
    await desk.hedging.look()
    assert desk.venue.heard == []


@pytest.mark.parametrize("lost", [unknown, broken, under_way])
async def test_an_order_whose_answer_was_lost_is_looked_up_and_never_sent_again(exchange: House, lost: Answer) -> None:
    desk = await Desk.open(exchange)
    desk.venue.place_answers = desk.venue.look_up_answers = lost
    for _ in range(3):
        await desk.hedging.look()
        exchange.time.now_s += 100
    desk.venue.look_up_answers = filled
    await desk.hedging.look()
    assert [what for what, _ in desk.venue.heard] == ["place", "look up", "look up", "look up"]
    assert len({order for _, order in desk.venue.heard}) == 1
    assert desk.hedged == -2 * 10**8


async def test_an_order_that_the_venue_does_not_know_has_ended_after_its_life_only(exchange: House) -> None:
    desk = await Desk.open(exchange)
    desk.venue.place_answers, desk.venue.look_up_answers = unknown, nothing
    await desk.hedging.look()
    exchange.time.now_s += 4.9
    await desk.hedging.look()
    assert desk.hedging.open
    exchange.time.now_s += 0.2
    await desk.hedging.look()
    assert (desk.hedging.open, desk.hedged) == ({}, 0)
    desk.venue.place_answers = filled
    await desk.hedging.look()
    assert [hedge.name for hedge in await desk.kept()] == [order.client_id for _, order in desk.venue.heard[::3]]
    assert len({order.client_id for _, order in desk.venue.heard}) == 2
    assert desk.hedged == -2 * 10**8


async def test_a_venue_that_never_answers_is_not_waited_for(exchange: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedger, "ANSWER_S", 0.02)
    desk = await Desk.open(exchange)
    desk.venue.is_deaf = True
    for _ in range(2):
        await asyncio.wait_for(desk.hedging.look(), 1)
    assert ([what for what, _ in desk.venue.heard], desk.hedged) == (["place", "look up"], -2 * 10**8)


async def test_after_a_crash_an_order_is_looked_up_and_never_sent_again(exchange: House) -> None:
    desk = await Desk.open(exchange)
    desk.venue.place_answers = unknown
    await desk.hedging.look()
    after = await Desk.open(exchange)
    after.venue.look_up_answers = nothing
    await after.hedging.look()
    assert after.hedging.open, "its life counts from this start at the earliest"
    after.venue.look_up_answers = filled
    await after.hedging.look()
    assert [what for what, _ in after.venue.heard] == ["look up", "look up"]
    assert after.hedged == -2 * 10**8


@pytest.mark.parametrize("settings", [PAPER, replace(LIVE, mode="off")])
async def test_what_was_sent_is_looked_up_also_where_hedging_is_not_live_any_more(
    exchange: House, settings: HedgeSettings
) -> None:
    desk = await Desk.open(exchange)
    desk.venue.place_answers = unknown
    await desk.hedging.look()
    without = await Desk.open(exchange, settings, has_key=False)
    await without.hedging.look()
    assert ([hedge.id for hedge in without.hedging.unasked], without.hedged) == ([1], 0)
    after = await Desk.open(exchange, settings)
    after.sight.btc = 8 * 10**8  # there would be something to hedge
    await after.hedging.look()
    assert ([what for what, _ in after.venue.heard], after.hedged) == (["look up"], -2 * 10**8)
    await after.hedging.look()
    assert [what for what, _ in after.venue.heard] == ["look up"], "and nothing new is sent"
    assert after.hedging.open == {}


async def test_after_a_refusal_the_venue_is_left_alone_for_a_minute(exchange: House) -> None:
    desk = await Desk.open(exchange)
    desk.venue.place_answers = refuses
    await desk.hedging.look()
    exchange.time.now_s += MINUTE_S - 1
    await desk.hedging.look()
    assert len(desk.venue.heard) == 1
    assert [hedge.state for hedge in await desk.kept()] == [HedgeState.REFUSED]
    exchange.time.now_s += 2
    await desk.hedging.look()
    assert len(desk.venue.heard) == 2


async def test_a_minute_has_its_limit_also_where_nothing_trades(exchange: House) -> None:
    desk = await Desk.open(exchange, replace(LIVE, order_value=60, minute_value=100))
    desk.venue.place_answers = lambda order: HedgeResult(True, Atoms(0), Atoms(0), Atoms(0))
    for _ in range(5):
        await desk.hedging.look()
    assert sum(BTCUSDT.notional(order.price, order.quantity) for _, order in desk.venue.heard) <= 100 * 10**6
    assert len(desk.venue.heard) == 2
    exchange.time.now_s += MINUTE_S + 1
    await desk.hedging.look()
    assert len(desk.venue.heard) == 3


async def test_on_paper_the_venue_hears_nothing_and_the_account_is_another(exchange: House) -> None:
    desk = await Desk.open(exchange, PAPER)
    for _ in range(3):
        await desk.hedging.look()
    paper = desk.books.paper[BTCUSDT.symbol]
    assert desk.venue.heard == []
    assert (desk.hedged, paper.hedged, paper.realised) == (0, -2 * 10**8, -200_000)
    assert desk.hedging.away(PAIR) == 0
    assert [hedge.is_paper for hedge in await desk.kept()] == [True]
    live = await Desk.open(exchange)
    assert live.hedging.away(PAIR) == 2 * 10**8
