"""A withdrawal's yes by chat: asked for where it is requested, taken once, and from nobody else."""

from engine.settlement.types import BatchState
from tests.bot.world import World, labels
from tests.webapp_api.payouts import SOMEWHERE, WITHDRAWALS, Desk

ASK = (
    f"Withdraw 100 USDT?\n100 USDT go to\n{SOMEWHERE}\nFee: 0 USDT\n\n"
    "If you did not ask for this, tap Cancel and log out everywhere in the app."
)


def pays(world: World) -> Desk:
    """Return the exchange's desk, where the bot asks and tells."""
    desk = Desk(world.house)
    world.house.deps.withdrawals.asks = world.service.asks
    return desk


async def test_a_withdrawal_is_confirmed_on_its_card_and_its_end_is_told(world: World) -> None:
    desk, ada = pays(world), await world.trader(7, USDT=1000)
    page = await world.house.person(7)
    number = (await desk.ask(page)).body["id"]
    card = await ada.hears(ASK)
    assert labels(card) == ["Confirm", "Cancel"]
    await ada.tap(card, "Confirm")
    await ada.reads(card, "Confirmed: 100 USDT to")
    assert await desk.state(page, number) == "approved"
    await desk.payouts.round()
    await desk.chain.go_on(number, BatchState.SETTLED)
    await desk.payouts.round()
    assert (await ada.hears("have arrived"))["text"] == f"100 USDT have arrived at {SOMEWHERE}."


async def test_a_no_gives_the_money_back(world: World) -> None:
    desk, ada = pays(world), await world.trader(7, USDT=1000)
    page = await world.house.person(7)
    number = (await desk.ask(page)).body["id"]
    card = await ada.hears(ASK)
    await ada.tap(card, "Cancel")
    await ada.reads(card, "Withdrawal 1 has ended: 100 USDT are back in your balance.")
    assert await desk.state(page, number) == "canceled"
    assert (await world.balances(7))["USDT"] == ("1000.000000", "0.000000")


async def test_nobody_confirms_the_withdrawal_of_somebody_else_or_twice(world: World) -> None:
    desk, ada, eve = pays(world), await world.trader(7, USDT=1000), await world.trader(8, "Eve")
    page = await world.house.person(7)
    number = (await desk.ask(page)).body["id"]
    card = await ada.hears(ASK)
    hers = await eve.ask("/withdrawals")
    assert hers["text"] == "No withdrawal waits for your yes."
    stolen = hers | {"reply_markup": card["reply_markup"]}
    assert await eve.tap(stolen, "Confirm") == "You have no such withdrawal."
    assert await eve.tap(stolen, "Cancel") == "You have no such withdrawal."
    assert await desk.state(page, number) == "waits_for_confirmation"
    again = await ada.ask("/withdrawals")
    assert again["text"] == ASK
    await ada.tap(again, "Confirm")
    await ada.reads(again, "Confirmed")
    assert await ada.tap(card, "Confirm") == "This withdrawal does not wait for your yes any more."
    assert (await page.get(WITHDRAWALS)).body["withdrawals"][0]["confirmed_at"] is not None
