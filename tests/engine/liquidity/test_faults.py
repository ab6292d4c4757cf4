"""A feed that lies, lags or dies, and a taker who knows the true price and picks off every quote that is worse.

What the house may lose is what its limits say: of one ladder's side what the price has moved, where the feed fell
silent, and of all that its inventory may take in, where the feed lies within the band. Where the market maker can tell
at once that something is wrong, it loses nothing.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.core.commands import PlaceOrder
from engine.core.events import Traded
from engine.core.types import MARKET_MAKER, AssetCode, Atoms, Lots, Micros, OrderType, Side, Ticks, TimeInForce
from engine.liquidity.inventory import Limits
from engine.liquidity.quoting import NOTHING, LadderSettings
from engine.liquidity.settings import MakerSettings, StopSettings
from engine.ports import ExternalBook
from tests.engine.liquidity.house import House, house, running
from tests.engine.liquidity.markets import BTCUSDT, external

USDT, BTC = 10**6, 10**8
SIDE_VALUE = 5_000  # of a ladder's side, in USDT
ROOM = BTC // 2  # how far from its target the house lets its inventory go
STEP_S = 0.05
SETTINGS = MakerSettings(
    ladder=LadderSettings(levels=5, side_value=SIDE_VALUE),
    stops=StopSettings(stale_us=Micros(100_000), hold_off_us=Micros(200_000), band_ppm=20_000, loss=1_000),
    refresh_us=Micros(100_000),
    inventory={AssetCode("BTC"): Limits(Atoms(10 * BTC - ROOM), Atoms(10 * BTC), Atoms(10 * BTC + ROOM))},
)
Fault = Callable[[int, int], ExternalBook | None]  # from the true middle in cents and the step to what the feed says


def true_book(middle: int) -> ExternalBook:
    """Return five levels a side of 0.2 BTC around a middle in cents."""

    def side(sign: int) -> str:
        prices = (middle + sign * (50 + 100 * level) for level in range(5))
        return " ".join(f"0.2@{price // 100}.{price % 100:02}" for price in prices)

    return external(side(-1), side(1))


def silent(_: int, __: int) -> None:
    return None


def frozen(_: int, __: int) -> ExternalBook:
    return replace(true_book(6_000_000), update_id=1)


def crossed(middle: int, _: int) -> ExternalBook:
    book = true_book(middle)
    return replace(book, bids=book.asks, asks=book.bids)


def gapped(_: int, __: int) -> ExternalBook:
    return external("", "", in_sync=False)


def jumped(middle: int, step: int) -> ExternalBook:
    return true_book(middle * 10 if step % 2 else middle // 10)


def lying(middle: int, step: int) -> ExternalBook:
    """Tell a price that is 1.5 % too high, and now and then too low."""
    return true_book(middle + middle * (-15 if step % 7 == 6 else 15) // 1_000)


class Taker:
    """Trades with every quote that is better for him than the true middle, and counts what the house has lost by it."""

    def __init__(self, exchange: House) -> None:
        self._exchange = exchange
        self.house_loss = 0  # USDT atoms
        self.taken = 0  # USDT atoms

    async def pick_off(self, middle: int) -> None:
        for side in Side:
            order = PlaceOrder(
                self._exchange.clock(),
                self._exchange.ann,
                BTCUSDT.symbol,
                side,
                OrderType.LIMIT,
                Lots(10**9),
                price=Ticks(middle),
                time_in_force=TimeInForce.IOC,
            )
            resting = self._exchange.resting()
            offered = resting.asks if side is Side.BUY else resting.bids
            within = [lots for price, lots in offered if (price < middle) == (side is Side.BUY) and price != middle]
            if not within:
                continue
            events = await self._exchange.submit(replace(order, quantity=Lots(sum(within))))
            for trade in events:
                if isinstance(trade, Traded) and trade.maker == MARKET_MAKER:
                    worth = BTCUSDT.notional(Ticks(middle), trade.quantity)
                    self.house_loss += worth - trade.notional if side is Side.BUY else trade.notional - worth
                    self.taken += trade.notional


async def play(exchange: House, fault: Fault, moves_ppm: int) -> tuple[Taker, int]:
    """Quote for a while, then have a fault while the price moves; return the taker and the true middle at the end."""
    taker, middle = Taker(exchange), 6_000_000
    for _ in range(20):
        exchange.time.now_s += STEP_S
        exchange.feed.put(true_book(middle))
        await asyncio.sleep(0.005)
        await taker.pick_off(middle)
    assert exchange.resting() != NOTHING
    assert taker.taken == 0
    for step in range(30):
        exchange.time.now_s += STEP_S
        middle += middle * moves_ppm // 10**6
        if (book := fault(middle, step)) is not None:
            exchange.feed.put(book)
        await asyncio.sleep(0.035)  # the market maker looks at a market four times in 100 ms
        await taker.pick_off(middle)
        await exchange.until(lambda: True)
    return taker, middle


@pytest.mark.parametrize("fault", [crossed, gapped, jumped])
@pytest.mark.parametrize("moves_ppm", [-1_000, 1_000])
async def test_nothing_is_lost_by_what_can_be_told_at_once(tmp_path: Path, fault: Fault, moves_ppm: int) -> None:
    async with house(tmp_path / "exchange.db") as exchange:
        await exchange.fund(exchange.ann, USDT=10_000_000, BTC=100)
        async with running(exchange.hire(SETTINGS)):
            taker, middle = await play(exchange, fault, moves_ppm)
            assert (taker.house_loss, taker.taken) == (0, 0)
            assert exchange.resting() == NOTHING
            await comes_back(exchange, middle)


@pytest.mark.parametrize("fault", [silent, frozen])
@pytest.mark.parametrize("moves_ppm", [-1_000, 1_000])
async def test_by_a_silence_no_more_is_lost_than_one_side_of_a_ladder_has_moved(
    tmp_path: Path, fault: Fault, moves_ppm: int
) -> None:
    async with house(tmp_path / "exchange.db") as exchange:
        await exchange.fund(exchange.ann, USDT=10_000_000, BTC=100)
        async with running(exchange.hire(SETTINGS)):
            taker, middle = await play(exchange, fault, moves_ppm)
            assert 0 < taker.taken <= SIDE_VALUE * USDT * 1.001
            stale_steps = SETTINGS.stops.stale_us / 10**6 / STEP_S + 1
            assert 0 < taker.house_loss <= SIDE_VALUE * USDT * stale_steps * abs(moves_ppm) / 10**6
            assert exchange.resting() == NOTHING
            await comes_back(exchange, middle)


async def test_by_lies_within_the_band_no_more_is_lost_than_the_inventory_has_room_for(tmp_path: Path) -> None:
    async with house(tmp_path / "exchange.db") as exchange:
        await exchange.fund(exchange.ann, USDT=10_000_000, BTC=100)
        maker = exchange.hire(SETTINGS)
        async with running(maker):
            taker, _ = await play(exchange, lying, 0)
            assert taker.taken > 5 * SIDE_VALUE * USDT, "the lies are believed"
            owned = maker.owned(AssetCode("BTC"))
            assert abs(owned - 10 * BTC) <= ROOM
            most = 2 * ROOM * 60_000 * USDT // BTC * 15 // 1_000
            assert 0 < taker.house_loss <= most


async def test_a_loss_that_the_feed_admits_is_the_days_last(tmp_path: Path) -> None:
    settings = replace(SETTINGS, inventory={}, stops=replace(SETTINGS.stops, loss=100))

    def moody(middle: int, step: int) -> ExternalBook:
        return true_book(middle + middle * (step % 4) * 4 // 1_000)  # up by 1.2 % and back

    async with house(tmp_path / "exchange.db") as exchange:
        await exchange.fund(exchange.ann, USDT=10_000_000, BTC=100)
        maker = exchange.hire(settings)
        async with running(maker):
            taker, middle = await play(exchange, moody, 0)
            assert exchange.resting() == NOTHING
            assert 0 < taker.house_loss <= (100 + 3 * SIDE_VALUE * 12 / 1_000) * USDT
            seen = taker.house_loss
            for _ in range(10):
                exchange.feed.put(true_book(middle))
                await asyncio.sleep(0.005)
                await taker.pick_off(middle)
            assert taker.house_loss == seen


async def comes_back(exchange: House, middle: int) -> None:
    """Let the feed tell the truth again, and check that the market is quoted again, at that price."""
    async with asyncio.timeout(10):
        while exchange.resting() == NOTHING:
            exchange.time.now_s += STEP_S
            exchange.feed.put(true_book(middle))
            await asyncio.sleep(0.005)
    (bid, _), (ask, _) = exchange.resting().bids[0], exchange.resting().asks[0]
    assert (bid, ask) == (middle - 50, middle + 50)
