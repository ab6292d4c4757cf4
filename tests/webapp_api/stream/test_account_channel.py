"""`user:account` tells everything that happens to an account, once and in its order, however a snapshot meets it."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.store.accounts import SqlAccounts
from data.store.queries import Queries
from engine.accounts.types import TELEGRAM, Activity, ActivityKind, Device, TelegramUser
from tests.webapp_api.stream.world import Client, World, world
from webapp_api.stream.reads import RECENT_ACTIVITY

ACCOUNT = "user:account"


async def act(there: World, telegram_id: int, times: int = 1) -> None:
    """Let somebody sign in, and out again, some times."""
    for _ in range(times):
        person, device = TelegramUser(id=telegram_id, first_name="Ada"), Device(address="192.0.2.1")
        signed_in = await there.accounts.open_session(await there.accounts.person(person), TELEGRAM, device)
        await there.accounts.sign_out(signed_in.account.id, signed_in.session)


async def all_of(there: World, user: int) -> list[int]:
    return [each.id for each in reversed(await there.accounts.activity(user, 500))]  # type: ignore[arg-type]


def ids(messages: list[dict[str, Any]]) -> list[int]:
    """Return what a client was told, oldest first, and hold its messages to one snapshot and updates without a gap."""
    mine = [message for message in messages if message.get("channel") == ACCOUNT]
    assert [message["type"] for message in mine] == ["snapshot"] + ["update"] * (len(mine) - 1)
    assert [message["seq"] for message in mine] == list(range(mine[0]["seq"], mine[0]["seq"] + len(mine)))
    told = [each["id"] for each in reversed(mine[0]["data"])]
    return told + [each["id"] for message in mine[1:] for each in message["data"]]


async def test_a_snapshot_has_the_latest_and_updates_follow(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        user, token = await there.person()
        await act(there, 1, RECENT_ACTIVITY + 3)
        client = await there.client(token)
        await client.ask(op="subscribe", id=1, channels=[ACCOUNT])
        snapshot = await client.of(ACCOUNT)
        assert [each["id"] for each in reversed(snapshot["data"])] == (await all_of(there, user))[-RECENT_ACTIVITY:]
        await act(there, 1)
        update = await client.of(ACCOUNT)
        assert (update["type"], update["seq"]) == ("update", snapshot["seq"] + 1)
        (told,) = update["data"]
        assert (told["kind"], told["detail"], told["address"]) == ("signed_in", "telegram", "192.0.2.1")
        assert told["id"] > snapshot["data"][0]["id"]


async def test_nobody_hears_of_another_account(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (_, ada), _ = await there.person(), await there.person()
        client, guest = await there.client(ada), await there.client()
        assert (await guest.ask(op="subscribe", id=1, channels=[ACCOUNT]))["error"]["code"] == "unauthorized"
        await client.ask(op="subscribe", id=1, channels=[ACCOUNT])
        await client.of(ACCOUNT)
        await act(there, 2, 3)
        assert await client.silence(0.05)
        assert await guest.silence(0.05)


async def test_what_a_snapshot_knows_before_we_are_told_is_told_once_to_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is durable, and a read sees it, before whoever did it gets to tell."""
    kept, told = asyncio.Event(), asyncio.Event()
    opened = SqlAccounts.open_session

    async def slow_to_tell(self: SqlAccounts, *session: Any) -> Any:
        result = await opened(self, *session)
        kept.set()
        await told.wait()
        return result

    async with world(tmp_path) as there:
        user, token = await there.person()
        before, during = await there.client(token), await there.client(token)
        await before.ask(op="subscribe", id=1, channels=[ACCOUNT])
        await before.of(ACCOUNT)
        monkeypatch.setattr(SqlAccounts, "open_session", slow_to_tell)
        acting = asyncio.create_task(act(there, 1))
        await kept.wait()
        await during.ask(op="subscribe", id=1, channels=[ACCOUNT])
        snapshot = await during.of(ACCOUNT)
        assert len(snapshot["data"]) == 2
        (update,) = (await before.of(ACCOUNT))["data"]
        assert update == snapshot["data"][0]
        told.set()
        await acting
        assert await before.silence(0.05)
        assert await during.silence(0.05)
        await act(there, 1)
        assert (await during.of(ACCOUNT))["seq"] == snapshot["seq"] + 1
        assert [each["id"] for each in (await before.of(ACCOUNT))["data"]] == (await all_of(there, user))[-1:]


async def test_nothing_is_lost_or_told_twice_however_a_snapshot_meets_acts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(7)
    plain_read = Queries.read

    async def slow_read(self: Queries, work: Callable[[Any], Any]) -> Any:
        if rng.random() < 0.5:
            await asyncio.sleep(rng.random() * 0.01)
        result = await plain_read(self, work)
        if rng.random() < 0.5:
            await asyncio.sleep(rng.random() * 0.01)
        return result

    async with world(tmp_path) as there:
        user, token = await there.person()
        clients: list[Client] = [await there.client(token) for _ in range(8)]
        monkeypatch.setattr(Queries, "read", slow_read)
        acting = [asyncio.create_task(act(there, 1, 15)) for _ in range(2)]
        for client in clients:
            await client.say(op="subscribe", id=1, channels=[ACCOUNT])
            await asyncio.sleep(rng.random() * 0.03)
        await asyncio.gather(*acting)
        monkeypatch.setattr(Queries, "read", plain_read)
        everything = await all_of(there, user)
        assert len(everything) == 31
        for client in clients:
            heard = ids([message for message in await client.rest() if "channel" in message])
            assert heard == everything[-len(heard) :]
            assert len(heard) >= RECENT_ACTIVITY


async def test_who_may_have_missed_something_sees_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More happens at once than a snapshot contains, and nobody has told of any of it when that is read."""
    async with world(tmp_path) as there:
        user, token = await there.person()
        listens, comes = await there.client(token), await there.client(token)
        await listens.ask(op="subscribe", id=1, channels=[ACCOUNT])
        seq = (await listens.of(ACCOUNT))["seq"]
        many = [
            Activity(user, 1, ActivityKind.SIGNED_IN, "", str(number), number)  # type: ignore[arg-type]
            for number in range(200, 200 - RECENT_ACTIVITY, -1)
        ]

        async def latest(*_: object) -> list[Activity]:
            return many

        monkeypatch.setattr(there.accounts, "activity", latest)
        await comes.ask(op="subscribe", id=1, channels=[ACCOUNT])
        snapshot = await comes.of(ACCOUNT)
        assert (await listens.of(ACCOUNT))["seq"] == seq + 2
        assert snapshot["seq"] == seq + 1 + RECENT_ACTIVITY


async def test_who_comes_back_gets_what_they_missed(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        user, token = await there.person()
        first = await there.client(token)
        await first.ask(op="subscribe", id=1, channels=[ACCOUNT])
        seq = (await first.of(ACCOUNT))["seq"]
        await first.socket.close()
        await act(there, 1, 2)
        back = await there.client(token)
        await back.ask(op="subscribe", id=1, since={ACCOUNT: seq})
        missed = [await back.of(ACCOUNT) for _ in range(2)]
        assert [message["type"] for message in missed] == ["update", "update"]
        assert [message["data"][0]["id"] for message in missed] == (await all_of(there, user))[-2:]
