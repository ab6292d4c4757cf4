"""A taker who knows the true price picks off every stale quote that he can see, during each fault of Binance's.

What he gains is at most what the limits say (docs/operations.md): what the price moves in STALE_MS and a quarter, on
SIDE_VALUE, for each side of a ladder that he got to. The recording plays SPEED times as fast as it was recorded, so the
price moves that much more. Prints a table: pytest -s.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from data.binance.settings import FeedSettings
from data.binance.simulator.malformed import malformed, malformed_diffs
from engine.core.commands import PlaceOrder
from engine.core.events import Traded
from engine.core.types import MARKET_MAKER, Lots, Micros, OrderType, Side, Symbol, Ticks, TimeInForce
from engine.liquidity.quoting import LadderSettings
from engine.liquidity.settings import MakerSettings, StopSettings
from tests.data.binance.following import BOTH, QUICK
from tests.e2e.chain import Chain, chain
from tests.engine.liquidity.markets import PAIRS, TICK
from tests.simulators.binance import BinanceSimulator

SPEED: Final = 6.0
STALE_S: Final = 1.0
SIDE_VALUE: Final = 50_000  # in USDT
HOLD_S: Final = 1.8  # for faults that last as long as one lets them
QUOTING = MakerSettings(
    ladder=LadderSettings(side_value=SIDE_VALUE),
    stops=StopSettings(stale_us=Micros(int(STALE_S * 1e6)), hold_off_us=Micros(200_000)),
)
# Less than the usual patience, so that the suite need not wait so long; but no fault here ends with its connection.
FEED: FeedSettings = replace(
    QUICK, last_retry_s=0.3, silence_s=2.5, frozen_s=2.5, doubted_s=3.0, min_life_s=0.0, snapshots_a_minute=1_000
)


class Pick(Struct):
    """What the taker got of one side of one ladder, in USDT, and what the limits let it cost the house."""

    symbol: Symbol
    value: Fraction = Fraction(0)
    gain: Fraction = Fraction(0)
    limit: Fraction = Fraction(0)


class Taker:
    """Buys whatever is offered below the true bid and sells whatever is wanted above the true ask."""

    def __init__(self, running: Chain) -> None:
        self.picks: dict[tuple[Symbol, Side, int], Pick] = defaultdict(lambda: Pick(Symbol("")))
        self._chain = running

    async def run(self) -> None:
        while True:
            for symbol in BOTH:
                bid, ask = self._chain.binance.best(symbol)
                await self._pick_off(symbol, Side.BUY, bid)
                await self._pick_off(symbol, Side.SELL, ask)
            await asyncio.sleep(0.002)

    async def _pick_off(self, symbol: Symbol, side: Side, true: Fraction) -> None:
        exchange, sign = self._chain.exchange, 1 if side is Side.BUY else -1
        resting = exchange.resting(symbol)
        offered = resting.asks if side is Side.BUY else resting.bids
        worth_it = [(price, lots) for price, lots in offered if price * TICK * sign < true * sign]
        if not worth_it:
            return
        at_s, reference = time.monotonic(), self._chain.our.references[symbol]
        order = PlaceOrder(
            exchange.clock(),
            exchange.ann,
            symbol,
            side,
            OrderType.LIMIT,
            Lots(sum(lots for _, lots in worth_it)),
            price=Ticks(worth_it[-1][0]),
            time_in_force=TimeInForce.IOC,
        )
        pick = self.picks[symbol, side, reference]
        pick.symbol = symbol
        self._chain.our.taken.add((symbol, reference))
        for event in await exchange.submit(order):
            if isinstance(event, Traded) and event.maker == MARKET_MAKER:
                value = Fraction(event.notional, 10**6)
                true_value = true * event.quantity * PAIRS[symbol].market.lot_atoms / 10**8
                pick.value += value
                pick.gain += (true_value - value) * sign
        # A diff is a tenth of a second old when it comes; who is late himself lets quotes stand for longer.
        old_s = STALE_S * 1.25 + 0.1 / SPEED + self._chain.lag.most_s
        moved = self._chain.binance.moved(symbol, at_s - old_s, time.monotonic())
        pick.limit = max(pick.limit, SIDE_VALUE * moved)


Act = Callable[[BinanceSimulator], Awaitable[None] | None]


class Fault(Struct):
    """Something that Binance does wrong, when quotes must go, and how it is put right where it does not pass by itself.

    "perhaps" is where some of what is told is true at times, so that quotes may come and go.
    """

    name: str
    quotes_go: Literal["never", "at once", "when stale", "perhaps"]
    begin: Act
    end: Act | None = None


def count(name: str, times: int) -> Act:
    return lambda binance: getattr(binance.faults, name).update(dict.fromkeys(BOTH, times))


def switch(name: str, *, on: bool, tickers: bool = False) -> Act:
    def act(binance: BinanceSimulator) -> None:
        binance.faults.absurd_tickers = tickers
        chosen: set[str] = getattr(binance.faults, name)
        (chosen.update if on else chosen.difference_update)(BOTH)

    return act


def silence(*, on: bool) -> Act:
    return lambda binance: setattr(binance.sockets, "silent", on)


async def malform(binance: BinanceSimulator) -> None:
    for symbol in BOTH:
        for text in (*malformed(symbol).values(), *malformed_diffs(symbol).values()):
            await binance.sockets.say(text)


def with_a_gap(spoil: Callable[[BinanceSimulator], None]) -> Act:
    def act(binance: BinanceSimulator) -> None:
        spoil(binance)
        binance.faults.swallow.update(dict.fromkeys(BOTH, 1))

    return act


def old_snapshots(binance: BinanceSimulator) -> None:
    binance.faults.old_snapshots = 2 * len(BOTH)


def refuse_depth(binance: BinanceSimulator) -> None:
    binance.rest.refuse_depth(2 * len(BOTH), status=500)


FAULTS = [
    Fault("none", "never", lambda _: None),
    Fault("drop", "at once", lambda binance: binance.sockets.cut()),
    Fault("stall", "when stale", silence(on=True), silence(on=False)),
    Fault("swallow", "at once", count("swallow", 3)),
    Fault("cross", "at once", count("cross", 1)),
    Fault("duplicate", "never", count("duplicate", 5)),
    Fault("reorder", "at once", count("reorder", 1)),
    Fault("freeze", "when stale", switch("freeze", on=True), switch("freeze", on=False)),
    Fault("hollow", "perhaps", switch("hollow", on=True), switch("hollow", on=False)),
    Fault("absurd", "perhaps", switch("absurd", on=True), switch("absurd", on=False)),
    Fault("absurd everywhere", "at once", switch("absurd", on=True, tickers=True), switch("absurd", on=False)),
    Fault("malformed", "at once", malform),
    Fault("old_snapshots", "at once", with_a_gap(old_snapshots)),
    Fault("refuse_depth", "at once", with_a_gap(refuse_depth)),
    Fault("shutdown", "never", lambda binance: binance.announce_shutdown()),
]


async def suffer(running: Chain, fault: Fault) -> None:
    """Have a fault, and wait until it is over and all is quoted again."""
    began_s, known = time.monotonic(), {each: running.binance.update_id(each) for each in BOTH}
    done = fault.begin(running.binance)
    if done is not None:
        await done
    await asyncio.sleep(HOLD_S if fault.end else 0.5)
    late_s = running.lag.most_s + 0.1  # and what was on its way
    gone_after_s = running.our.gone_after_s(began_s)
    match fault.quotes_go:
        case "never":
            assert gone_after_s is None or late_s > 0.5, fault.name
        case "at once" | "when stale":
            assert gone_after_s is not None or late_s > 0.5, fault.name
            assert (gone_after_s or 0.0) < late_s + (0.2 if fault.quotes_go == "at once" else STALE_S * 1.25), (
                fault.name
            )
    if fault.end is not None:
        if fault.quotes_go != "perhaps":
            newer = [each for each in BOTH if running.our.references[each] > known[each]]
            assert newer == [], f"{fault.name}: something was quoted meanwhile"
        fault.end(running.binance)
        await asyncio.sleep(0.3)  # until what was wrong has been told right
    await running.is_quoted()
    await asyncio.sleep(0.3)


async def test_the_taker_gains_no_more_than_the_limits_say(tmp_path: Path) -> None:
    simulator = BinanceSimulator(BOTH, speed=SPEED, repeat=True)
    rows, excess = [], []
    async with chain(tmp_path / "exchange.db", simulator, QUOTING, FEED) as running:
        await running.exchange.fund(running.exchange.ann, USDT=100_000_000, BTC=1_000, ETH=10_000)
        await running.is_quoted()
        taker = Taker(running)
        taking = asyncio.create_task(taker.run())
        for fault in FAULTS:
            taker.picks.clear()
            began_s = time.monotonic()
            await suffer(running, fault)
            assert not taking.done(), taking
            picks = list(taker.picks.values())
            gain, limit = sum(pick.gain for pick in picks), sum(pick.limit for pick in picks)
            gone_after_s, bare_s = running.our.gone_after_s(began_s), running.our.bare_s(began_s)
            gone = "never" if gone_after_s is None else f"{gone_after_s:.2f} s"
            rows.append(
                f"{fault.name:<18}{gone:>10}{bare_s:8.2f} s{len(picks):6}"
                f"{float(sum(pick.value for pick in picks)):12,.0f}{float(gain):9.2f}{float(limit):9.2f}"
            )
            excess += [
                f"{fault.name}: {pick}"
                for pick in picks
                if pick.gain > pick.limit or pick.value > SIDE_VALUE * Fraction(1001, 1000)
            ]
        taking.cancel()
        print(f"\n{'fault':<18}{'gone after':>10}{'for':>10}{'picks':>6}{'taken':>12}{'gained':>9}{'limit':>9}  (USDT)")  # noqa: T201
        print("\n".join(rows), f"\nlate by {running.lag.most_s:.2f} s at most")  # noqa: T201
    assert excess == []
