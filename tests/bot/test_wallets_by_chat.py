"""A wallet linked by chat: a link made in the chat, signed on the page with a real key, and a yes or a no on a card."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import linking
from bot.texts import Texts
from data.store.readers import rows
from data.store.rows import Row
from engine.accounts.refusals import SessionOver
from engine.accounts.wallet_types import CHAT, MAX_LINKS, MAX_WALLETS, in_chat
from engine.core.types import UserId
from tests.bot.world import MINI_APP, World, labels, open_world
from tests.simulators.telegram import Person, Sent, buttons
from tests.support.wallet import Wallet
from tests.webapp_api.house import House
from tests.webapp_api.house import Person as Page
from tests.webapp_api.launch import launch_data
from tests.webapp_api.wallets import (
    EXPIRED,
    LINKS,
    MINUTES_5,
    NOT_PROVED,
    ask_link,
    confirm,
    happened,
    link,
    sign_in,
    sign_link,
    wallets_of,
)
from webapp_api.auth.siws import Site

YES, NO = "Yes, link it", "No"
OVER = "No wallet waits for this yes any more. A new link: /wallet"
MINE, HERS, THIEFS = Wallet(1), Wallet(2), Wallet(666)


@pytest.fixture
async def world(template: Path, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(template, tmp_path, tells_all=True) as opened:
        yield opened


def heard(person: Person) -> list[Sent]:
    """Return what the bot has said to somebody, but for sign-ins."""
    return [each for each in person.got if "signed in to your account" not in each["text"]]


async def ask(person: Person, text: str = "/wallet", *, skip: int = 0) -> Sent:
    """Write to the bot; return its answer, or one of the messages after it."""
    before = len(heard(person)) + skip
    person.write(text)
    return dict((await person.telegram.until(lambda: heard(person)[before:], f"an answer to {text}"))[0])


async def way(person: Person) -> Sent:
    """Ask for a link in the chat; return the message that shows it."""
    asked = await ask(person)
    await person.tap(asked, "Link a wallet")
    return await person.reads(asked, "good once")


async def code_for(person: Person) -> str:
    """Ask for a link; return its code."""
    return str(buttons(await way(person))[0]["url"]).partition("#")[2]


async def signed(house: House, person: Person, wallet: Wallet) -> Sent:
    """Have a wallet sign by a new link; return the card that asks."""
    assert (await sign_link(house, await code_for(person), wallet)).status == 200
    return await person.hears(wallet.address)


async def found(world: World, query: str) -> list[Row]:
    """Return what is in the database."""
    return await world.house.deps.queries.read(lambda connection: rows(connection, query))


def link_id(card: Sent) -> str:
    """Return the link that a card's buttons name."""
    return str(buttons(card)[0]["callback_data"]).partition(":")[2]


async def test_a_wallet_is_linked_by_chat_alone(world: World) -> None:
    ada, page = world.telegram.person(7), await world.house.person(7)
    none = await ask(ada)
    assert none["text"].startswith("No wallet is linked yet.")
    assert buttons(none)[1]["url"] == f"{MINI_APP}?startapp=wallet"
    shown = await way(ada)
    assert f"The page must name your account: {page.id}." in shown["text"]
    here, phantom, solflare = (each["url"] for each in buttons(shown))
    code = here.removeprefix("https://clobster.test/wallet#")
    assert phantom.startswith("https://phantom.app/ul/browse/https%3A%2F%2Fclobster.test%2Fwallet%23" + code)
    assert solflare.startswith("https://solflare.com/ul/v1/browse/https%3A%2F%2F")
    assert json.loads(world.telegram.of("editMessageText")[0].args["link_preview_options"]) == {"is_disabled": True}

    told = await sign_link(world.house, code, MINE)
    assert told.body == {"address": MINE.address, "return_url": "https://t.me/clobster_bot"}
    card = await ada.hears("This wallet has signed by your link")
    assert MINE.address in card["text"]
    assert labels(card) == [YES, NO]
    assert await wallets_of(page) == [], "signed is not linked"
    await ada.tap(card, YES)
    await ada.reads(card, f"Linked: {MINE.address}")
    assert await wallets_of(page) == [MINE.address]
    assert (await sign_in(world.house, MINE)).id == page.id
    told = (await page.get("/api/account/activity")).body["activity"]
    assert [
        (each["kind"], each["address"]) for each in told if each["detail"] == MINE.address and "wallet" in each["kind"]
    ] == [
        ("wallet_linked", "telegram"),
        ("wallet_signed", "127.0.0.1"),
    ]
    assert (await ask(ada))["text"] == f"Your wallets\n{MINE.address}\n\nTo unlink one, open the app."


async def test_a_thief_of_the_link_binds_no_wallet_of_his_and_a_no_ends_it(world: World) -> None:
    ada, page = world.telegram.person(7), await world.house.person(7)
    code = await code_for(ada)
    assert (await sign_link(world.house, code, THIEFS)).status == 200
    assert (await sign_link(world.house, code, MINE)).problem == NOT_PROVED, "a code is good once"
    card = await ada.hears(THIEFS.address)
    again = await ask(ada, skip=1)
    assert again["text"] == card["text"]
    await ada.tap(card, NO)
    await ada.reads(card, "Not linked")
    for button in (YES, NO):
        assert await ada.tap(again, button) == OVER
    assert await wallets_of(page) == []
    assert (await sign_in(world.house, THIEFS)).id != page.id


async def test_nobody_else_says_yes_and_the_chat_says_it_to_its_own_links_only(world: World) -> None:
    ada, eve = world.telegram.person(7), world.telegram.person(8, "Eve")
    page, hers = await world.house.person(7), await world.house.person(8)
    card = await signed(world.house, ada, MINE)
    stolen = await ask(eve) | {"reply_markup": card["reply_markup"]}
    for button in (YES, NO):
        assert await eve.tap(stolen, button) == OVER
        assert await eve.tap(card, button) == OVER
    assert (await confirm(page, link_id(card))).problem == (404, "unknown_wallet_link"), "nor does the page"
    assert (await page.get(f"{LINKS}/{link_id(card)}")).problem == (404, "unknown_wallet_link")
    pages = await ask_link(page)
    await sign_link(world.house, pages["code"], HERS)
    for forged in (pages["id"], "", "x", "1000", "' OR 1=1", link_id(card)[:-1], "ä" * 20):
        for button in ("yes", "no"):
            assert await ada.send_query(card, f"wallet-{button}:{forged}") == OVER
    assert await wallets_of(page) == await wallets_of(hers) == []
    assert (await confirm(page, pages["id"])).status == 200, "what was forged has changed nothing"
    await ada.tap(card, YES)
    await ada.reads(card, "Linked: ")
    assert set(await wallets_of(page)) == {MINE.address, HERS.address}
    asked_there = [each for each in ada.got if HERS.address in each["text"] and "signed by your link" in each["text"]]
    assert asked_there == [], "what a page has asked for is not asked here"


async def test_buttons_make_links_for_who_taps_in_their_own_chat_only(world: World) -> None:
    ada, eve = world.telegram.person(7), world.telegram.person(8, "Eve")
    asked = await ask(ada)
    assert await eve.tap(asked, "Link a wallet") == "This button is no longer good; nothing was done."
    group = ada.in_group()
    for data in ("wallet:link", "wallet-yes:x", "wallet-no:x"):
        assert await group.send_query(asked | {"chat": group.chat}, data) == "This button does nothing."
    assert await ada.send_query(asked, "wallet:unlink") == "This button does nothing."
    assert await found(world, "SELECT id FROM wallet_links") == []
    codes = [await code_for(ada) for _ in range(MAX_LINKS + 1)]
    assert (await sign_link(world.house, codes[0], MINE)).problem == NOT_PROVED
    assert (await sign_link(world.house, codes[1], MINE)).status == 200


async def test_a_second_yes_changes_nothing_and_links_nothing_again_that_was_unlinked(world: World) -> None:
    ada, page = world.telegram.person(7), await world.house.person(7)
    card = await signed(world.house, ada, MINE)
    again = await ask(ada, skip=1)
    await ada.tap(card, YES)
    await ada.reads(card, "Linked: ")
    assert await ada.tap(again, NO) == OVER
    await ada.tap(again, YES)
    await ada.reads(again, "Linked: ")
    assert [each for each in await happened(page) if each[0] == "wallet_linked"] == [("wallet_linked", MINE.address)]
    assert (await page.delete(f"/api/account/wallets/{MINE.address}")).status == 204
    assert await ada.send_query(again, f"wallet-yes:{link_id(card)}") == OVER
    assert await wallets_of(page) == []


async def test_links_are_good_for_five_minutes(world: World) -> None:
    ada, page = world.telegram.person(7), await world.house.person(7)
    late, card = await code_for(ada), await signed(world.house, ada, MINE)
    world.house.clock.ahead_s += MINUTES_5 + 1
    assert (await sign_link(world.house, late, HERS)).problem == EXPIRED
    for button in (YES, NO):
        assert await ada.tap(card, button) == OVER
    await ask(ada)
    assert (await ask(ada, "/help"))["text"].startswith("/price"), "and no card is shown again"
    page = await world.house.person(7)
    assert await wallets_of(page) == []


async def test_a_link_dies_with_the_telegram_person_who_asked(world: World) -> None:
    """Whoever comes in their place, or what account they have then, gets nothing by it."""
    ada, bob, page = world.telegram.person(7), world.telegram.person(8, "Bob"), await world.house.person(7)
    assert (await link(page, HERS)).status == 200
    mine = await sign_in(world.house, HERS)
    open_code, card = await code_for(ada), await signed(world.house, ada, THIEFS)
    assert (await mine.delete("/api/account/telegram")).status == 204
    assert (await sign_link(world.house, open_code, MINE)).problem == NOT_PROVED
    await says_nothing_any_more(world, mine, card)
    for button in (YES, NO):
        assert await ada.tap(card, button) == OVER, "her chat has an account of its own now"
    raw = launch_data(8, world.house.clock() // 1_000_000)
    assert (await mine.post("/api/account/telegram", {"init_data": raw})).status == 200
    assert (await sign_link(world.house, open_code, MINE)).problem == NOT_PROVED
    his = await ask(bob)
    assert his["text"].startswith(f"Your wallets\n{HERS.address}"), "the account is his"
    assert await bob.send_query(his, f"wallet-yes:{link_id(card)}") == OVER
    await says_nothing_any_more(world, mine, card)
    assert await wallets_of(mine) == [HERS.address]


async def says_nothing_any_more(world: World, owner: Page, card: Sent) -> None:
    """Tap as 7 in the chat of an account whose chat it was until a moment ago, when the tap was let in already."""
    assert owner.id is not None
    for act in (world.house.deps.wallet_links.confirm, world.house.deps.wallet_links.refuse):
        with pytest.raises(SessionOver):
            await act(in_chat(owner.id, 7), link_id(card))


async def test_an_account_with_all_its_wallets_links_none_before_one_is_unlinked(world: World) -> None:
    ada, page = world.telegram.person(7), await world.house.person(7)
    for seed in range(10, 10 + MAX_WALLETS):
        assert (await link(page, Wallet(seed))).status == 200
    card = await signed(world.house, ada, MINE)
    assert await ada.tap(card, YES) == (
        f"You have as many wallets as you may have: {MAX_WALLETS}. Unlink one in the app, then tap again."
    )
    assert (await page.delete(f"/api/account/wallets/{Wallet(10).address}")).status == 204
    await ada.tap(card, YES)
    await ada.reads(card, "Linked: ")
    assert MINE.address in await wallets_of(page)


async def test_a_wallet_of_another_account_is_not_linked(world: World) -> None:
    ada, page = world.telegram.person(7), await world.house.person(7)
    others = await sign_in(world.house, HERS)
    assert (await sign_link(world.house, await code_for(ada), HERS)).problem == (409, "wallet_taken")
    card = await signed(world.house, ada, MINE)
    meanwhile = await sign_in(world.house, MINE)
    taken = "This wallet belongs to another account. Unlink it there first."
    assert await ada.tap(card, YES) == taken
    assert await wallets_of(page) == []
    assert await wallets_of(others) == [HERS.address]
    assert await wallets_of(meanwhile) == [MINE.address]


@pytest.mark.parametrize("dies", [False, True])
async def test_what_was_signed_while_the_bot_was_away_is_asked_after_it(world: World, dies: bool) -> None:
    ada, page = world.telegram.person(7), await world.house.person(7)
    code = await code_for(ada)
    if dies:  # it has heard of it, and dies before it has told anything or written it down
        world.telegram.down = True
        await sign_link(world.house, code, MINE)
        await world.restart(kill=True)
        world.telegram.down = False
    else:
        world.deafen()
        await world.stop()
        await sign_link(world.house, code, MINE)
        await world.reopen()
    card = await ada.hears(MINE.address)
    await ada.tap(card, YES)
    await ada.reads(card, "Linked: ")
    assert await wallets_of(page) == [MINE.address]


async def test_no_session_is_called_like_a_chat(world: World) -> None:
    """So that no page can be taken for a chat, and no chat for a page."""
    await world.house.person(7)
    await sign_in(world.house, MINE)
    sessions = await found(world, "SELECT id FROM sessions")
    assert len(sessions) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", each) for (each,) in sessions)
    assert not re.fullmatch(r"[A-Za-z0-9_-]+", CHAT)


def test_where_the_page_is_not_public_the_link_is_told_as_text() -> None:
    site = Site("http://127.0.0.1:8080", "localnet")
    text, keyboard = linking.way(Texts().of("en"), site, UserId(1000), "the-code")
    assert text.endswith("\n\nhttp://127.0.0.1:8080/wallet#the-code")
    assert keyboard is None
