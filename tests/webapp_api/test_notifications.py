"""What somebody wants to hear of from the bot, as the page asks and changes it."""

import asyncio

from tests.webapp_api.house import ADMIN, House

PATH = "/api/account/notifications"
KINDS = ("fills", "expiry", "deposits", "withdrawals", "sign_ins", "security", "alerts")
ALL_ON = dict.fromkeys(KINDS, "on")


async def test_everything_is_told_until_somebody_chooses_and_each_chooses_for_themselves(house: House) -> None:
    ada, bob = await house.person(1), await house.person(2)
    assert (await ada.get(PATH)).body == {"notifications": ALL_ON}
    chosen = await ada.ask("PUT", PATH, {"notifications": {"fills": "silent", "sign_ins": "off"}})
    assert chosen.body == {"notifications": ALL_ON | {"fills": "silent", "sign_ins": "off"}}
    chosen = await ada.ask("PUT", PATH, {"notifications": {"fills": "on"}})
    assert chosen.body == (await ada.get(PATH)).body == {"notifications": ALL_ON | {"sign_ins": "off"}}
    assert (await bob.get(PATH)).body == {"notifications": ALL_ON}


async def test_choices_at_the_same_time_are_all_kept(house: House) -> None:
    ada = await house.person(1)
    await asyncio.gather(*(ada.ask("PUT", PATH, {"notifications": {kind: "off"}}) for kind in KINDS))
    assert (await ada.get(PATH)).body == {"notifications": dict.fromkeys(KINDS, "off")}


async def test_alarms_are_shown_to_administrators(house: House) -> None:
    boss = await house.person(ADMIN)
    assert (await boss.get(PATH)).body == {"notifications": ALL_ON | {"alarms": "on", "summaries": "on"}}


async def test_nonsense_is_refused_and_changes_nothing(house: House) -> None:
    ada = await house.person(1)
    for body in (
        {},
        {"notifications": {"fills": "off", "weather": "on"}},
        {"notifications": {"fills": "loud"}},
        {"notifications": {"fills": None}},
        {"notifications": ["fills"]},
        {"notifications": {"fills": "off"}, "more": 1},
    ):
        assert (await ada.ask("PUT", PATH, body)).problem == (400, "invalid_request"), body
    assert (await ada.ask("PUT", PATH, b"{")).problem == (400, "malformed")
    assert (await ada.get(PATH)).body == {"notifications": ALL_ON}
    for method in ("GET", "PUT"):
        assert (await house.nobody.ask(method, PATH)).problem == (401, "unauthorized")
