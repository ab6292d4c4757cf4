"""Buying and selling by chat: cards, their buttons, and what must not happen."""

import asyncio
from pathlib import Path

import pytest
import structlog

from tests.bot.world import World, labels, open_world
from tests.simulators.telegram import buttons
from tests.webapp_api.house import FREELY, PATIENCE_S
from webapp_api.limits import Rate, RequestClass

STALE = "This button is no longer good; nothing was done."


async def kept(world: World) -> None:
    """Wait until a card is kept: it is sent before, and its half minute begins then."""
    async with asyncio.timeout(PATIENCE_S):
        while not await world.house.store.write(lambda db: db.execute("SELECT 1 FROM bot_cards").fetchall()):
            pass  # each look is a turn of the database


async def test_a_card_says_what_it_comes_to_and_its_yes_buys_in_place(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0,1 btc")
    assert card["text"] == (
        "Buy 0.1 BTC?\nPrice: about 60010.00 USDT (the best now)\nTotal: about 6001 USDT\nFee: about 0.0001 BTC\n\n"
        "Good for 30 seconds."
    )
    assert labels(card) == ["Confirm", "Don't"]
    assert await world.orders(7) == 0
    assert await ada.tap(card, "Confirm") == ""
    told = await ada.reads(card, "Done.")
    assert (
        told["text"] == "Order 1: buy BTC at the best price\nBought 0.1 BTC for 6001 USDT, 60010.00 USDT each.\nDone."
    )
    assert labels(told) == []
    assert (await world.balances(7)) == {"BTC": ("0.09990000", "0.00000000"), "USDT": ("3999.000000", "0.000000")}


async def test_an_order_for_an_amount_of_money_spends_no_more(world: World) -> None:
    ada = await world.trader(7, USDT=1_000)
    card = await ada.ask("/buy 100 usdt of btc")
    assert "Buy 0.0016 BTC?" in card["text"]
    await ada.tap(card, "Confirm")
    await ada.reads(card, "Bought 0.0016 BTC for 96.016 USDT")
    assert (await world.balances(7))["USDT"] == ("903.984000", "0.000000")


async def test_an_order_at_a_price_waits_and_its_fills_are_told_in_one_new_message(world: World) -> None:
    ada = await world.trader(7, BTC=1)
    card = await ada.ask("/sell all btc @ 61000")
    await ada.tap(card, "Confirm")  # worth 61,000, so it is asked about twice
    again = await ada.reads(card, "This is a large order. Please confirm once more.")
    assert labels(again) == ["Yes, I am sure", "Don't"]
    assert await world.orders(7) == 0
    await ada.tap(again, "Yes, I am sure")
    assert (await ada.reads(card, "It is open."))["text"] == "Order 1: sell 1 BTC at 61000.00 USDT\nIt is open."
    await world.house.quote({"61000": "0.25"}, {})
    told = await ada.hears("Sold 0.25 BTC for 15250 USDT, 61000.00 USDT each.\nThe rest is open.")
    await world.house.quote({"61000": "0.5"}, {})
    await world.house.quote({"61000": "0.25"}, {})
    await ada.reads(told, "Sold 1 BTC for 61000 USDT, 61000.00 USDT each.\nDone.")
    assert len(ada.got) == 2
    assert "It is open." in ada.got[0]["text"]


async def test_a_double_tap_buys_once(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    said = await asyncio.gather(*(ada.tap(card, "Confirm") for _ in range(5)))
    assert sorted(said) == sorted(["", *[STALE] * 4])
    await ada.reads(card, "Done.")
    assert await world.orders(7) == 1
    assert await ada.send_query(card, buttons(card)[0]["callback_data"]) == STALE
    assert await world.orders(7) == 1


async def test_a_card_is_taken_back(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    yes = buttons(card)[0]["callback_data"]
    await ada.tap(card, "Don't")
    assert labels(await ada.reads(card, "Not placed, as you wished.")) == []
    assert await ada.send_query(card, yes) == STALE
    assert await world.orders(7) == 0


async def test_a_card_is_good_for_half_a_minute(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    await kept(world)
    world.house.clock.ahead_s += 31
    assert await ada.tap(card, "Confirm") == "The 30 seconds are over; nothing was done. Please ask again."
    assert labels(await ada.reads(card, "The 30 seconds are over")) == []
    assert await world.orders(7) == 0


async def test_a_forwarded_forged_or_foreign_button_does_nothing(world: World) -> None:
    ada, eve = await world.trader(7, USDT=10_000), await world.trader(8, "Eve", USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    other = await ada.ask("/help")
    hers = await eve.ask("/help")
    yes = buttons(card)[0]["callback_data"]
    assert await eve.send_query(card, yes) == STALE  # somebody else's
    assert await eve.send_query(hers, yes) == STALE  # forwarded to somebody else
    assert await ada.send_query(other, yes) == STALE  # copied into another message
    assert await ada.in_group().send_query(hers | {"chat": {"id": -5, "type": "group"}}, yes) == (
        "This button does nothing."
    )
    for forged in ("yes:", "yes:guess", "no:guess", "yes:" + "x" * 60):
        assert await ada.send_query(card, forged) == STALE
    for forged in ("buy", "drop table", "lang:xx", ""):
        assert await ada.send_query(card, forged) == "This button does nothing."
    assert (await world.orders(7), await world.orders(8)) == (0, 0)
    await ada.tap(card, "Confirm")  # none of that has used the card up
    await ada.reads(card, "Done.")


async def test_what_is_forged_stale_or_somebody_elses_is_logged_and_the_sentence_is_short(world: World) -> None:
    ada, eve = await world.trader(7, USDT=10_000), await world.trader(8, "Eve")
    card = await ada.ask("/buy 0.01 btc")
    yes, some = buttons(card)[0]["callback_data"], await eve.ask("/help")
    tries = {
        yes: "stale_card",
        "no:guess": "stale_card",
        "cancel:1": "unknown_order",
        "cancel:-1": "unknown_order",
        "wd-yes:1": "unknown_withdrawal",
        "wd-no:x": "unknown_withdrawal",
        "alert:arm:1": "unknown_alert",
        "deposit:DOGE": "deposits_off",
        "notify:fills:loud": "unknown_button",
        "chart:x": "unknown_button",
        "lang:xx": "unknown_button",
        "drop table": "unknown_button",
    }
    user = (await world.house.person(8)).id
    for data, code in tries.items():
        with structlog.testing.capture_logs() as logs:
            said = await eve.send_query(some, data)
        assert [(each["user"], each["code"]) for each in logs if each["event"] == "refused by chat"] == [(user, code)]
        assert 10 < len(said) <= 120, said
        assert "\n" not in said
    assert await world.orders(7) == await world.orders(8) == 0


async def test_a_card_is_good_after_a_restart_as_before_and_once(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    await world.restart()
    await ada.tap(card, "Confirm")
    await ada.reads(card, "Bought 0.01 BTC")
    await world.restart()
    assert await ada.tap(card, "Confirm") == STALE
    assert await world.orders(7) == 1


async def test_half_a_minute_does_not_begin_anew_with_a_restart(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    await world.restart()
    world.house.clock.ahead_s += 30
    assert "The 30 seconds are over" in await ada.tap(card, "Confirm")
    assert await world.orders(7) == 0


async def test_a_price_that_has_got_worse_is_shown_before_anything_is_bought(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    await world.house.quote({"60000": "2"}, {"60500": "2"})
    await ada.tap(card, "Confirm")
    again = await ada.reads(card, "The price has got worse. Please confirm once more.")
    assert "Price: about 60500.00 USDT" in again["text"]
    assert await world.orders(7) == 0
    await ada.tap(again, "Yes, I am sure")
    await ada.reads(card, "Bought 0.01 BTC for 605 USDT")


async def test_a_price_much_worse_than_the_best_is_asked_about_twice(world: World) -> None:
    ada = await world.trader(7, BTC=1)
    card = await ada.ask("/sell 0.01 btc @ 50000")
    await ada.tap(card, "Confirm")
    await ada.reads(card, "This price is much worse than the market's best.")
    assert await world.orders(7) == 0


async def test_money_that_is_gone_by_the_yes_is_said_on_the_card(world: World) -> None:
    ada = await world.trader(7, USDT=700)
    first, second = await ada.ask("/buy 0.01 btc"), await ada.ask("/buy 0.01 btc @ 59000")
    await ada.tap(first, "Confirm")
    await ada.reads(first, "Done.")
    await ada.tap(second, "Confirm")
    refused = await ada.reads(second, "Not placed.")
    assert refused["text"] == "Not placed. This needs 590 USDT, and you have 99.9 USDT available."
    assert labels(refused) == []
    assert await world.orders(7) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/buy", "I did not understand that. For example:\n/buy 0.5 btc\n/buy 100 usdt of eth @ 1900"),
        ("/sell lots btc", "I did not understand that. For example:\n/sell 0.5 btc\n/sell 100 usdt of eth @ 1900"),
        ("/buy 1 doge", "There is no such market. There are: BTCUSDT, ETHUSDT"),
        ("/buy 1,000 btc", 'Does "1,000" mean 1000 or 1.000? Please write it that way.'),
        ("/buy 0 btc", "The amount must be above zero, and not more than the market takes."),
        ("/buy 0.00001 btc", "Amounts go in steps of 0.0001."),
        ("/buy 0.01 btc @ 1.001", "Prices go in steps of 0.01."),
        ("/buy 1.0000001 usdt of btc", "That has too many decimals: at most 6."),
        ("/buy 1 usdt of btc", "That is too little: the smallest amount is 0.0001 BTC."),
        ("/buy all btc", "To spend everything, write: /buy all USDT of BTC"),
        ("/buy 1 btc", "This needs 60010 USDT, and you have 50 USDT available."),
        ("/buy 50 btc", "Only 7 BTC can be traded now. Ask for less, or name a price with @."),
        ("/buy 1 eth", "Nobody trades this at the moment. Name a price with @, and your order waits for it."),
        ("/sell all btc", "You have no BTC to sell."),
        ("/buy 999999999999999999999999 btc", "That is more than anything that can be traded."),
        ("/sell 1 btc @ 999999999", "The price must be above zero, and not more than the market takes."),
    ],
)
async def test_nonsense_is_answered_in_a_sentence_and_changes_nothing(world: World, text: str, said: str) -> None:
    ada = await world.trader(7, USDT=50)
    answer = await ada.ask(text)
    assert answer["text"] == said
    assert labels(answer) == []
    assert await world.orders(7) == 0


async def test_the_accounts_limits_hold_by_chat_too(template: Path, tmp_path: Path) -> None:
    rates = {**FREELY, RequestClass.ORDER: Rate(0.01, 1)}
    async with open_world(template, tmp_path, rates=rates) as world:
        ada = await world.trader(7, USDT=10_000)
        first, second = await ada.ask("/buy 0.01 btc"), await ada.ask("/buy 0.01 btc")
        await ada.tap(first, "Confirm")
        await ada.reads(first, "Done.")
        await ada.tap(second, "Confirm")
        await ada.reads(second, "Not placed. That was too fast; please wait")
        assert await world.orders(7) == 1


async def test_a_flood_of_reading_is_refused(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, rates={**FREELY, RequestClass.READ: Rate(0.01, 6)}) as world:
        ada = world.telegram.person(7)
        for _ in range(6):
            await ada.ask("/help")
        assert (await ada.ask("/help"))["text"].startswith("That was too fast; please wait")
