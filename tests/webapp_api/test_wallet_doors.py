"""Wallets and Telegram as doors of an account: each of one account only, and one is always left."""

import asyncio

import aiohttp
import pytest

from data.store.wallets import SqlWallets
from engine.accounts.accounts import Accounts
from engine.accounts.refusals import DoorClosed
from engine.accounts.types import TELEGRAM, Device
from engine.accounts.wallet_types import MAX_WALLETS
from tests.support.wallet import Wallet
from tests.webapp_api.house import Answer, House, Person
from tests.webapp_api.launch import BOT_TOKEN, launch_data
from tests.webapp_api.wallets import (
    EXPIRED,
    GONE,
    MALFORMED,
    MINUTES_5,
    NOT_PROVED,
    SIGN_IN,
    WALLETS,
    alive,
    happened,
    link,
    sign_in,
    text_for,
    wallets_of,
)

TAKEN = (409, "wallet_taken")
LAST = (409, "last_door")
NOT_LINKED = (404, "not_linked")
TELEGRAM_DOOR = "/api/account/telegram"


def launched(house: House, telegram_id: int) -> dict[str, str]:
    return {"init_data": launch_data(telegram_id, house.clock() // 1_000_000)}


async def unlink(person: Person, wallet: Wallet) -> tuple[int, str] | int:
    answer = await person.delete(f"{WALLETS}/{wallet.address}")
    return 204 if answer.status == 204 else answer.problem


async def test_a_linked_wallet_opens_the_account(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    assert await wallets_of(ada) == []
    linked = await link(ada, wallet)
    assert (linked.status, linked.body["address"]) == (200, wallet.address)
    assert await wallets_of(ada) == [wallet.address]
    assert (await sign_in(house, wallet)).id == ada.id
    assert [kind for kind, _ in await happened(ada)] == ["signed_in", "wallet_linked", "signed_in"]


async def test_linking_again_changes_nothing(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    first, again = await link(ada, wallet), await link(ada, wallet)
    assert first.body == again.body
    assert len(await happened(ada)) == 2


async def test_another_persons_wallet_is_not_linked(house: House) -> None:
    ada, wallet, bob_wallet = await house.person(1), Wallet(1), Wallet(2)
    bob = await sign_in(house, bob_wallet)
    assert (await link(ada, bob_wallet)).problem == TAKEN  # even with the key: it opens Bob's account
    message = await text_for(ada, bob_wallet)
    assert (await ada.post(WALLETS, wallet.proof(message))).problem == NOT_PROVED
    message = await text_for(ada, bob_wallet)
    forged = bob_wallet.proof(message) | {"signature": wallet.base58(message)}
    assert (await ada.post(WALLETS, forged)).problem == NOT_PROVED
    assert await wallets_of(ada) == []
    assert await wallets_of(bob) == [bob_wallet.address]


async def test_of_many_accounts_that_link_a_wallet_at_once_one_gets_it(house: House) -> None:
    people, wallet = [await house.person(number) for number in range(1, 11)], Wallet()
    answers = await asyncio.gather(*(link(person, wallet) for person in people), sign_in_answer(house, wallet))
    owners = [person for person in people if await wallets_of(person)]
    assert len(owners) == [answer.status for answer in answers[:-1]].count(200) <= 1
    assert {answer.problem for answer in answers[:-1] if answer.status != 200} == {TAKEN}
    owner = (await sign_in(house, wallet)).id
    assert owner == (owners[0].id if owners else answers[-1].body["account"]["id"])


async def sign_in_answer(house: House, wallet: Wallet) -> Answer:
    return await house.nobody.post(SIGN_IN, wallet.proof(await text_for(house.nobody, wallet)))


async def test_a_text_to_link_is_for_the_session_that_asked(house: House) -> None:
    ada, phone, eve, wallet = await house.person(1), await house.person(1), await house.person(2), Wallet()
    for thief in (phone, eve):
        proof = wallet.proof(await text_for(ada, wallet))
        assert (await thief.post(WALLETS, proof)).problem == NOT_PROVED
        assert (await ada.post(WALLETS, proof)).problem == NOT_PROVED  # and it is used up
    assert await wallets_of(ada) == await wallets_of(eve) == []


async def test_a_text_to_sign_in_links_as_well(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    assert (await ada.post(WALLETS, wallet.proof(await text_for(house.nobody, wallet)))).status == 200


async def test_linking_needs_a_person_and_a_text_that_is_not_too_old(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    proof = wallet.proof(await text_for(ada, wallet))
    assert (await house.nobody.post(WALLETS, proof)).problem == GONE
    house.clock.ahead_s += MINUTES_5 + 1
    assert (await ada.post(WALLETS, proof)).problem == EXPIRED
    assert (await ada.post(WALLETS, wallet.proof("no text"))).problem == MALFORMED


async def test_an_account_has_only_so_many_wallets_also_at_once(house: House) -> None:
    ada = await house.person(1)
    answers = await asyncio.gather(*(link(ada, Wallet(seed)) for seed in range(1, MAX_WALLETS + 4)))
    assert sorted(answer.status for answer in answers) == [200] * MAX_WALLETS + [429] * 3
    assert {answer.problem for answer in answers if answer.status != 200} == {(429, "too_many_wallets")}
    assert len(await wallets_of(ada)) == MAX_WALLETS


async def test_unlinking_ends_what_the_wallet_had_opened_at_once(house: House) -> None:
    ada, wallet, other = await house.person(1), Wallet(1), Wallet(2)
    await link(ada, wallet)
    await link(ada, other)
    by_wallet, by_other = await sign_in(house, wallet), await sign_in(house, other)
    async with house.session.ws_connect("/api/ws") as closes, house.session.ws_connect("/api/ws") as stays:
        for socket, person in ((closes, by_wallet), (stays, ada)):
            await socket.send_json({"op": "auth", "token": person.token})
            assert "result" in await socket.receive_json(timeout=5)
        assert await unlink(ada, wallet) == 204
        assert (await closes.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        assert closes.close_code == 4001
        await stays.send_json({"op": "ping"})
        assert (await stays.receive_json(timeout=5))["op"] == "pong"
    assert [await alive(person) for person in (by_wallet, by_other, ada)] == [False, True, True]
    renewed = await house.nobody.post("/api/auth/refresh", {"refresh_token": by_wallet.tokens["refresh_token"]})
    assert renewed.problem == (401, "invalid_credentials")
    assert await wallets_of(ada) == [other.address]
    assert (await happened(ada))[0] == ("wallet_unlinked", wallet.address)
    assert (await sign_in(house, wallet)).id != ada.id


async def test_only_ones_own_wallet_is_unlinked(house: House) -> None:
    ada, eve, wallet = await house.person(1), await house.person(2), Wallet()
    await link(ada, wallet)
    await link(eve, Wallet(2))
    assert await unlink(eve, wallet) == NOT_LINKED
    assert await unlink(ada, Wallet(3)) == NOT_LINKED
    for address in ("%ff", "x" * 3000, "'%20OR%201=1"):
        assert (await ada.delete(f"{WALLETS}/{address}")).problem == NOT_LINKED
    assert await wallets_of(ada) == [wallet.address]


async def test_the_last_door_stays(house: House) -> None:
    wallet = Wallet()
    ada = await sign_in(house, wallet)
    assert await unlink(ada, wallet) == LAST
    assert await alive(ada)
    assert await wallets_of(ada) == [wallet.address]
    bob = await house.person(1)
    assert (await bob.delete(TELEGRAM_DOOR)).problem == LAST
    assert (await bob.get("/api/account")).body["telegram_id"] == 1
    assert await alive(bob)


async def test_of_two_last_doors_unlinked_at_once_one_stays(house: House) -> None:
    first, second = Wallet(1), Wallet(2)
    ada = await sign_in(house, first)
    await link(ada, second)
    by_second = await sign_in(house, second)
    done = await asyncio.gather(unlink(ada, first), unlink(by_second, second))
    assert done.count(204) == 1
    assert {LAST, GONE} & set(done)
    left = first if done[0] != 204 else second
    assert (await sign_in(house, left)).id == ada.id


async def test_telegram_links_to_an_account_that_came_by_wallet(house: House) -> None:
    wallet = Wallet()
    ada = await sign_in(house, wallet)
    answer = await ada.post(TELEGRAM_DOOR, launched(house, 7))
    assert answer.body == (await ada.get("/api/account")).body
    assert (answer.body["id"], answer.body["telegram_id"], answer.body["username"]) == (ada.id, 7, "ada7")
    assert (await ada.post(TELEGRAM_DOOR, launched(house, 7))).body == answer.body  # again changes nothing
    assert (await house.person(7)).id == ada.id
    assert [kind for kind, _ in await happened(ada)] == ["signed_in", "telegram_linked", "signed_in"]
    assert (await ada.post(TELEGRAM_DOOR, launched(house, 8))).problem == (409, "already_linked")
    assert await unlink(ada, wallet) == 204


async def test_a_telegram_person_with_an_account_is_not_linked_to_another(house: House) -> None:
    bob, ada = await house.person(7), await sign_in(house, Wallet())
    assert (await ada.post(TELEGRAM_DOOR, launched(house, 7))).problem == (409, "telegram_taken")
    forged = launch_data(8, house.clock() // 1_000_000, bot_token=BOT_TOKEN + "x")
    assert (await ada.post(TELEGRAM_DOOR, {"init_data": forged})).problem == NOT_PROVED
    assert (await ada.get("/api/account")).body["telegram_id"] is None
    assert (await house.person(7)).id == bob.id


async def test_of_many_accounts_that_link_a_telegram_person_at_once_one_gets_them(house: House) -> None:
    people = [await sign_in(house, Wallet(seed)) for seed in range(1, 11)]
    answers = await asyncio.gather(*(person.post(TELEGRAM_DOOR, launched(house, 7)) for person in people))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 9
    (owner,) = (person for person, answer in zip(people, answers, strict=True) if answer.status == 200)
    assert (await house.person(7)).id == owner.id


async def test_unlinking_telegram_ends_its_sessions_and_forgets_its_names(house: House) -> None:
    ada, wallet = await house.person(7), Wallet()
    await link(ada, wallet)
    by_wallet = await sign_in(house, wallet)
    assert (await by_wallet.delete(TELEGRAM_DOOR)).status == 204
    assert [await alive(person) for person in (ada, by_wallet)] == [False, True]
    account = (await by_wallet.get("/api/account")).body
    assert (account["telegram_id"], account["first_name"], account["username"]) == (None, "", None)
    assert (await by_wallet.delete(TELEGRAM_DOOR)).problem == NOT_LINKED
    assert (await happened(by_wallet))[0] == ("telegram_unlinked", "7")
    assert (await house.person(7)).id != ada.id


async def test_who_signs_in_while_the_door_closes_does_not_stay_inside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wallet is unlinked between finding its account and opening the session."""
    ada, wallet = await house.person(1), Wallet()
    await link(ada, wallet)
    found = SqlWallets.person_by_wallet

    async def slowly(self: SqlWallets, address: str, now: object) -> object:
        account = await found(self, address, now)  # type: ignore[arg-type]
        assert await unlink(ada, wallet) == 204
        return account

    monkeypatch.setattr(SqlWallets, "person_by_wallet", slowly)
    proof = wallet.proof(await text_for(house.nobody, wallet))
    assert (await house.nobody.post(SIGN_IN, proof)).problem == NOT_PROVED
    assert len((await ada.get("/api/auth/sessions")).body["sessions"]) == 1


async def test_telegrams_door_is_looked_at_too_when_a_session_opens(house: House) -> None:
    ada, accounts = await sign_in(house, Wallet()), house.deps.accounts
    assert ada.id is not None
    account = await accounts.account(ada.id)
    assert account is not None
    with pytest.raises(DoorClosed):
        await Accounts.open_session(accounts, account, TELEGRAM, Device())


async def test_a_session_that_has_ended_changes_no_door(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was let in, and signed out before its change was made."""
    ada, wallet = await house.person(1), Wallet()
    for door in (wallet, Wallet(2)):
        await link(ada, door)
    guard, session = house.deps.guard, str(ada.tokens["refresh_token"]).partition(".")[0]
    claims = guard.known(str(ada.token))
    await ada.post("/api/auth/logout")
    monkeypatch.setattr(guard, "known", lambda _: claims)
    assert claims is not None
    assert claims.session == session
    assert await unlink(ada, wallet) == GONE
    assert (await link(ada, Wallet(3))).problem == GONE
    assert (await ada.post(TELEGRAM_DOOR, launched(house, 9))).problem == GONE
    assert (await ada.delete(TELEGRAM_DOOR)).problem == GONE
    assert len(await wallets_of(ada)) == 2
