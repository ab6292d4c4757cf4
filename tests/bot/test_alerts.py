"""Price alerts by chat: each fires once, at our trades or another venue's price, over whatever restart."""

import asyncio
import random

import pytest

from bot.alert_wish import AlertWish, Direction, read
from bot.alerts import Levels, around
from bot.refusals import AlertNotUnderstood, AmbiguousNumber
from bot.routers.alerts import MOST
from data.store.price_alerts import PriceAlert
from engine.core.types import Micros, Symbol, Ticks, UserId
from engine.market_data.reference_price import ReferencePrice
from tests.bot.test_delivery import sells
from tests.bot.test_queue import buys, told
from tests.bot.world import World, labels


def reference(world: World, price: str) -> None:
    """Let the other venue's price be this."""
    at = world.house.clock()
    world.house.deps.market_data.on_reference(ReferencePrice(Symbol("BTCUSDT"), price, None, None, at))


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("BTC above 70000", AlertWish("BTC", Direction.ABOVE, "70000")),
        ("eth < 3000,5", AlertWish("ETH", Direction.BELOW, "3000.5")),
        ("btc/usdt >70000", AlertWish("BTC/USDT", Direction.ABOVE, "70000")),
        ("eth unter 3000", AlertWish("ETH", Direction.BELOW, "3000")),
        ("SOL 5%", AlertWish("SOL", Direction.MOVE, "5")),
        ("sol 2.5 %", AlertWish("SOL", Direction.MOVE, "2.5")),
    ],
)
def test_an_alert_is_read(text: str, wish: AlertWish) -> None:
    assert read(text) == wish


@pytest.mark.parametrize(
    "text",
    ["btc", "btc above", "btc above all", "btc near 5", "btc -5%", "btc above 1 2", "5% btc", "x" * 61, "%", ">"],
)
def test_what_is_no_alert_is_refused(text: str) -> None:
    with pytest.raises(AlertNotUnderstood):
        read(text)


def test_a_comma_of_thousands_is_asked_about() -> None:
    with pytest.raises(AmbiguousNumber):
        read("btc above 70,000")


@pytest.mark.parametrize("percent", ["0", "0.00", "91", "1000", "0.001"])
def test_a_move_is_a_sensible_part_of_a_price(percent: str) -> None:
    with pytest.raises(AlertNotUnderstood):
        _ = AlertWish("BTC", Direction.MOVE, percent).move_ppm


def test_the_prices_of_a_move_are_rounded_away_from_where_it_begins() -> None:
    assert around(Ticks(1_000), 50_000) == (1_050, 950)
    assert around(Ticks(999), 50_000) == (1_049, 949)
    assert around(Ticks(1), 900_000) == (2, 1)


def test_levels_reach_what_a_look_at_every_alert_reaches() -> None:
    draw = random.Random(7)
    for _ in range(200):
        levels, plain = Levels(), dict[int, PriceAlert]()
        for number in range(draw.randrange(30)):
            above, below = draw.choice([None, draw.randrange(50, 100)]), draw.choice([None, draw.randrange(1, 60)])
            if above is None and below is None:
                continue
            alert = PriceAlert(
                number,
                UserId(1000),
                Symbol("BTCUSDT"),
                None if above is None else Ticks(above),
                None if below is None else Ticks(below),
                None,
                Micros(0),
            )
            levels.add(alert)
            plain[number] = alert
            if draw.random() < 0.2:
                levels.remove(number)
                del plain[number]
        for _ in range(10):
            low = draw.randrange(1, 100)
            high = low + draw.randrange(5)
            expected = {
                number
                for number, each in plain.items()
                if (each.above is not None and each.above <= high) or (each.below is not None and each.below >= low)
            }
            assert {alert.id for alert, _ in levels.reached(Ticks(low), Ticks(high))} == expected
            plain = {number: each for number, each in plain.items() if number not in expected}


async def test_an_alert_fires_once_at_a_trade_and_again_when_it_is_armed_again(world: World) -> None:
    ada = await world.trader(9)
    await sells(world, 7, "60005", "60006", "60006", "60007")
    reference(world, "60001.00")
    said = await ada.ask("/alert btc above 60006")
    assert said["text"] == "I'll tell you: BTC/USDT at 60006.00 USDT or above."
    await buys(world)  # below it
    await buys(world, "60006")
    fired = await ada.hears("BTC/USDT is at 60006.00 USDT. You asked for 60006.00 USDT or above.")
    await buys(world, "60006")
    assert len(await told(world, 9, 2)) == 2
    reference(world, "60006.00")
    assert await ada.tap(fired, "Again") == "The price is there already; nothing was set."
    reference(world, "60001.00")
    assert await ada.tap(fired, "Again") == "I'll tell you: BTC/USDT at 60006.00 USDT or above."
    await buys(world, "60007")
    assert len(await told(world, 9, 3)) == 3


async def test_the_other_venues_price_counts_and_a_move_goes_both_ways(world: World) -> None:
    ada = await world.trader(9)
    assert (await ada.ask("/alert btc 5%"))["text"] == "There is no price now. Please try again later."
    reference(world, "60000.00")
    assert (await ada.ask("/alert btc 5%"))["text"].endswith("moves 5 %, to 63000.00 or 57000.00 USDT.")
    reference(world, "57000.00")
    await ada.hears("BTC/USDT has moved to 57000.00 USDT. You asked for 63000.00 or 57000.00 USDT.")
    listed = await ada.ask("/alerts")
    assert listed["text"].endswith("told at 57000.00 USDT")
    await ada.tap(listed, "Again 1")
    await ada.reads(listed, "to 59850.00 or 54150.00 USDT")  # from where the price is now
    reference(world, "63000.00")
    await ada.hears("BTC/USDT has moved to 63000.00 USDT")


async def test_alerts_are_listed_and_deleted_and_somebody_elses_are_not_there(world: World) -> None:
    ada, eve = await world.trader(7), await world.trader(8)
    assert "You have no price alerts" in (await ada.ask("/alerts"))["text"]
    reference(world, "60000.00")
    await ada.ask("/alert btc above 70000")
    await ada.ask("/alert btc above 70000")  # the same is one
    listed = await ada.ask("/alert")
    assert labels(listed) == ["Delete 1"]
    (row,) = listed["reply_markup"]["inline_keyboard"]
    theirs = await eve.ask("/help")
    for data in (
        row[0]["callback_data"],
        "alert:arm:1",
        "alert:drop:x",
        "alert:arm:",
        "alert:drop:99999999999999999999",
    ):
        assert await eve.send_query(theirs, data) == "This alert is no longer there."
    await ada.tap(listed, "Delete 1")
    await ada.reads(listed, "You have no price alerts")
    reference(world, "71000.00")
    await asyncio.sleep(1.2)
    assert len(ada.got) == 4
    assert (await ada.ask("/alert btc above 70000"))["text"] == "The price is there already; nothing was set."
    for text in ("/alert doge above 1", "/alert btc above 0", "/alert btc above 1.001", "/alert btc sideways"):
        assert "I'll tell you" not in (await ada.ask(text))["text"]


async def test_alerts_are_bounded(world: World) -> None:
    ada = await world.trader(7)
    for number in range(MOST):
        await ada.ask(f"/alert btc above {70_000 + number}")
    answer = await ada.ask("/alert btc above 80000")
    assert answer["text"] == f"You have as many price alerts as you may have: {MOST}. Delete one: /alerts"


async def test_an_alert_survives_restarts_and_fires_once_over_them(world: World) -> None:
    ada = await world.trader(9)
    await sells(world, 7, "60005", "60006")
    await ada.ask("/alert btc above 60005")
    await world.restart(kill=True)
    world.deafen()
    await world.stop()  # the trade is committed, and a kill takes the rest
    await buys(world)
    reference(world, "59000.00")
    await world.reopen()
    await told(world, 9, 2)
    await world.restart(kill=True)
    await buys(world, "60006")
    assert len(await told(world, 9, 2)) == 2


async def test_trades_from_before_an_alert_do_not_fire_it_after_a_restart(world: World) -> None:
    await sells(world, 7, "60005")
    await buys(world)
    reference(world, "59000.00")
    ada = await world.trader(9)
    await ada.ask("/alert btc above 60001")
    world.service.alerts.on_missed(world.house.deps.market_data.trades(Symbol("BTCUSDT"), 1)[0])
    assert len(await told(world, 9, 1)) == 1
    reference(world, "60001.00")
    await ada.hears("You asked for 60001.00 USDT or above.")


async def test_an_alert_that_is_reached_twice_at_once_fires_once(world: World) -> None:
    ada = await world.trader(9)
    await ada.ask("/alert btc above 60005")
    (alert,) = await world.service.alerts._store.armed(0)
    for _ in range(2):
        world.service.alerts._fired.put_nowait((alert, Ticks(6_000_500)))
    assert len(await told(world, 9, 2)) == 2
