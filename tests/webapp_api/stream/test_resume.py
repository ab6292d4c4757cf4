"""Who comes back after a moment is told what it missed, and a snapshot where that is not held any more."""

import asyncio
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine.core.refusals import Refused
from tests.support.batches import batch, level, trade
from tests.webapp_api.stream.test_private_channels import PRIVATE, Mirror, fresh_mirror, play
from tests.webapp_api.stream.test_public_channels import BTC, Rebuilt, book_of_the_engine, random_command
from tests.webapp_api.stream.test_ws_orders import limit_order
from tests.webapp_api.stream.world import Client, World, clock, world
from webapp_api.stream import channel, private
from webapp_api.stream.depth import CHECKSUM_EVERY, CHECKSUM_LEVELS, checksum
from webapp_api.stream.ring import Ring

DEPTH, TRADES = "depth:BTCUSDT", "trades:BTCUSDT"


def of_channels(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for message in messages if "channel" in message]


class Checked(Rebuilt):
    """A book that verifies every checksum that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.agreed = 0

    def take(self, message: dict[str, Any]) -> None:
        super().take(message)
        told = message["data"].get("checksum")
        assert (told is not None) == (message["type"] == "update" and message["seq"] % CHECKSUM_EVERY == 0)
        if told is not None:
            bids, asks = ([(f"{price}", quantity) for price, quantity in side] for side in self.best())
            assert told == checksum(bids, asks)
            self.agreed += 1


async def test_a_book_kept_through_ten_thousand_changes_gaps_and_disconnects_is_the_engines(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        users = [(await there.person(USDT=10_000_000, BTC=10_000))[0] for _ in range(5)]
        await there.fund_the_maker()
        rng, book, client = random.Random(3), Checked(), await there.client()
        await client.ask(op="subscribe", id=1, channels=[DEPTH])
        changes = resumed = lost = 0

        def count(diff: Any) -> None:
            nonlocal changes
            changes += len(diff.bids) + len(diff.asks)

        there.market_data.depth_listeners.append(count)

        async def catch_up() -> None:
            seq = there.market_data.depth(BTC, 1)[0]
            while book.seq < seq:
                book.take(await client.of(DEPTH))

        await catch_up()
        while changes < 10_000:
            commands = [random_command(rng, users, 10_000 + changes // 50) for _ in range(rng.randrange(1, 12))]
            outcomes = await asyncio.gather(*map(there.sequencer.submit, commands), return_exceptions=True)
            assert all(isinstance(outcome, list | Refused) for outcome in outcomes)
            there.market_data.cut_depth(BTC)  # as somebody does who reads it over HTTP
            chance = rng.random()
            if chance < 0.02:  # the connection is lost; what was on its way too
                await catch_up()
                await client.socket.close()
                await asyncio.gather(*map(there.sequencer.submit, commands), return_exceptions=True)
                there.market_data.cut_depth(BTC)
                client = await there.client()
                await client.ask(op="subscribe", id=2, since={DEPTH: book.seq})
                resumed += 1
            elif chance < 0.04:  # a message is lost: the next one shows it
                await catch_up()
                await asyncio.gather(*map(there.sequencer.submit, commands), return_exceptions=True)
                there.market_data.cut_depth(BTC)
                if there.market_data.depth(BTC, 1)[0] > book.seq:
                    await client.of(DEPTH)
                    await client.ask(op="unsubscribe", id=3, channels=[DEPTH])
                    await client.rest(0.01)
                    await client.ask(op="subscribe", id=4, since={DEPTH: book.seq})
                    lost += 1
            elif chance < 0.05:
                await catch_up()
                assert book.best() == book_of_the_engine(there)
        await catch_up()
        assert book.best() == book_of_the_engine(there)
        assert book.agreed >= 3
        assert (book.snapshots, resumed > 3, lost > 3) == (1, True, True)


async def test_the_checksum_is_of_the_best_levels_as_text(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.ask(op="subscribe", id=1, channels=[DEPTH])
        for number in range(CHECKSUM_EVERY):
            there.publish(batch(levels=[level("buy", 1000 + number, 5), level("sell", 2000 + number, 7)]))
            there.market_data.cut_depth(BTC)
        last = next(message for message in await client.rest() if message["seq"] == CHECKSUM_EVERY)
        bids = [(f"10.{99 - number:02}", "0.0005") for number in range(100)]
        asks = [(f"20.{number:02}", "0.0007") for number in range(100)]
        assert last["data"]["checksum"] == checksum(bids, asks) == checksum(bids[:CHECKSUM_LEVELS], asks)
        assert checksum([("10.99", "0.0005"), ("10.98", "0.0005")], [("20.00", "0.0007")]) == 570943821
        assert checksum([], []) == 0


async def test_trades_missed_in_a_short_absence_are_told_when_one_comes_back(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.ask(op="subscribe", id=1, channels=[TRADES])
        seq = (await client.of(TRADES))["seq"]
        await client.socket.close()
        for number in range(1, 4):
            there.publish(batch(trades=[trade(number, 100, 1, at=clock())]))
            await asyncio.sleep(0.06)
        client = await there.client()
        await client.ask(op="subscribe", id=1, since={TRADES: seq})
        told = of_channels(await client.rest())
        assert [(each["seq"], each["type"]) for each in told] == [(seq + number, "update") for number in range(1, 4)]
        assert [each["trade_id"] for message in told for each in message["data"]] == [1, 2, 3]


async def test_who_missed_nothing_is_told_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.ask(op="subscribe", id=1, channels=[DEPTH, TRADES])
        seqs = {message["channel"]: message["seq"] for message in await client.rest()}
        answer = await client.ask(op="subscribe", id=2, channels=[DEPTH], since=seqs)
        assert answer["result"] == {"channels": [DEPTH, TRADES]}
        assert await client.silence()
        there.publish(batch(levels=[level("buy", 100, 1)], trades=[trade(1, 100, 1, at=clock())]))
        assert {message["seq"] - seqs[message["channel"]] for message in await client.rest()} == {1}


async def kinds_after(there: World, **since: int) -> list[str]:
    client = await there.client()
    await client.ask(op="subscribe", id=1, since={name.replace("_", ":"): seq for name, seq in since.items()})
    return [message["type"] for message in of_channels(await client.rest())]


async def test_after_a_longer_absence_there_is_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "RESUME_S", 0.0)
    async with world(tmp_path) as there:
        client = await there.client()
        await client.ask(op="subscribe", id=1, channels=[DEPTH, TRADES])
        seqs = {message["channel"].replace(":", "_"): message["seq"] for message in await client.rest()}
        await client.socket.close()
        await asyncio.sleep(0.02)
        there.publish(batch(levels=[level("buy", 100, 1)], trades=[trade(1, 100, 1, at=clock())]))
        there.market_data.cut_depth(BTC)
        assert await kinds_after(there, **seqs) == ["snapshot", "snapshot"]


async def test_a_seq_that_was_never_told_gets_a_snapshot(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        assert await kinds_after(there, depth_BTCUSDT=5) == ["snapshot"]
        assert await kinds_after(there, trades_BTCUSDT=0) == ["snapshot"]
        assert await kinds_after(there, depth_BTCUSDT=2**53 - 1) == ["snapshot"]


def test_a_ring_is_bounded_in_bytes_and_knows_what_it_lost() -> None:
    ring = Ring(30)
    assert ring.after(7, 7) == []
    assert ring.after(6, 7) is None
    for seq in range(8, 12):
        ring.push(seq, bytes(10))
    assert ring.after(8, 11) == [bytes(10)] * 3
    assert ring.after(9, 11) == [bytes(10)] * 2
    assert ring.after(7, 11) is None
    assert ring.after(12, 11) is None
    assert ring.after(9, 12) is None  # the newest was not kept
    ring.push(12, bytes(31))
    assert ring.after(11, 12) is None
    ring.clear()
    assert ring.after(11, 12) is None


async def resume(there: World, token: str, mirror: Mirror) -> Client:
    client = await there.client(token)
    await client.ask(op="subscribe", id=1, since=mirror.seqs)
    return client


async def test_an_account_that_comes_back_misses_nothing_and_hears_nothing_twice(tmp_path: Path) -> None:
    rng = random.Random(9)
    async with world(tmp_path) as there:
        people = [await there.person(USDT=1_000_000, BTC=10_000) for _ in range(2)]
        users, token = [user for user, _ in people], people[0][1]
        mirror, client = Mirror(), await there.client(token)
        await client.ask(op="subscribe", id=1, channels=PRIVATE)
        mirror.take_all(await client.rest())
        for round_ in range(12):
            await play(there, users, rng.randrange(1, 40), seed=round_)
            if rng.random() < 0.5:
                await asyncio.sleep(rng.random() * 0.02)
            mirror.take_all(await client.told_so_far())
            await client.socket.close()
            await play(there, users, rng.randrange(1, 40), seed=100 + round_)
            client = await resume(there, token, mirror)  # the mirror takes no second snapshot
        await there.settled()
        mirror.take_all(await client.told_so_far())
        fresh = await fresh_mirror(there, token)
        assert mirror.without_fills() == fresh.without_fills()
        assert mirror.balances == fresh.balances
        assert mirror.trades == sorted(set(mirror.trades))
        assert mirror.trades[-100:] == fresh.trades


async def test_what_is_kept_for_an_account_that_is_away_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "MAX_DESERTED", 2)
    async with world(tmp_path) as there:
        for _ in range(4):
            _, token = await there.person(USDT=1000)
            client = await there.client(token)
            await client.ask(op="subscribe", id=1, channels=["user:orders"])
            await client.told_so_far()
            await client.socket.close()
        await asyncio.sleep(0.02)
        assert len(there.hub.private) == 2


async def test_who_came_back_in_time_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "RESUME_S", 0.1)
    async with world(tmp_path) as there:
        _, token = await there.person(USDT=1000)
        mirror, client = Mirror(), await there.client(token)
        await client.ask(op="subscribe", id=1, channels=["user:orders"])
        mirror.take_all(await client.rest())
        await client.socket.close()
        client = await resume(there, token, mirror)
        await asyncio.sleep(0.2)
        assert len(there.hub.private) == 1
        await client.ask(op="order.place", id=2, params=limit_order())
        mirror.take_all(await client.rest())
        assert len(mirror.open) == 1
        await client.socket.close()
        await asyncio.sleep(0.2)
        assert len(there.hub.private) == 0


async def test_the_seqs_of_one_life_of_a_channel_mean_nothing_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "RESUME_S", 0.0)
    async with world(tmp_path) as there:
        _, token = await there.person(USDT=1000)
        mirror, client = Mirror(), await there.client(token)
        await client.ask(op="subscribe", id=1, channels=["user:orders"])
        mirror.take_all(await client.rest())
        await client.socket.close()
        await asyncio.sleep(0.02)
        assert len(there.hub.private) == 0
        client = await resume(there, token, mirror)
        (message,) = of_channels(await client.rest())
        assert (message["type"], message["seq"] > mirror.seqs["user:orders"]) == ("snapshot", True)


async def test_one_account_does_not_resume_anothers_channel(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (_, one), (_, two) = await there.person(USDT=1000), await there.person(USDT=1000)
        ada = await there.client(one)
        await ada.ask(op="subscribe", id=1, channels=["user:orders"])
        seq = (await ada.of("user:orders"))["seq"]
        await ada.ask(op="order.place", id=2, params=limit_order())
        guest, other = await there.client(), await there.client(two)
        refused = await guest.ask(op="subscribe", id=1, since={"user:orders": seq})
        assert refused["error"]["code"] == "unauthorized"
        await other.ask(op="subscribe", id=1, since={"user:orders": seq})
        assert [message["data"] for message in of_channels(await other.rest())] == [[]]


async def test_every_change_of_an_order_is_told_although_one_commit_made_them_all(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (_, one), (_, two) = await there.person(USDT=10_000), await there.person(BTC=10)
        maker, taker = await there.client(one), await there.client(two)
        await maker.ask(op="subscribe", id=1, channels=["user:orders"])
        await maker.told_so_far()
        placed = limit_order("buy", "100.00", "1.0000", client_order_id="x")
        there.gate.clear()
        await taker.say(op="order.cancel", id=0, params={"id": 1})
        await maker.say(op="order.place", id=1, params=limit_order("buy", "1.00", "1.0000"))  # a commit of its own
        await asyncio.sleep(0.05)
        await maker.say(op="order.place", id=2, params=placed)
        await asyncio.sleep(0.05)
        for number in range(1, 4):
            await taker.say(op="order.place", id=number, params=limit_order("sell", "100.00", "0.2000"))
        await asyncio.sleep(0.05)
        await maker.say(op="order.cancel", id=3, params={"client_order_id": "x"})
        await asyncio.sleep(0.05)
        commits = there.sequencer.commits
        there.gate.set()
        await maker.answer(3)
        assert there.sequencer.commits - commits == 2
        told = [each for message in of_channels(await maker.rest()) for each in message["data"]]
        told = [each for each in told if each["client_order_id"] == "x"]
        assert [(each["status"], each["filled_quantity"]) for each in told] == [
            ("new", "0.0000"),
            ("partially_filled", "0.2000"),
            ("partially_filled", "0.4000"),
            ("partially_filled", "0.6000"),
            ("canceled", "0.6000"),
        ]
        assert [[fill["quantity"] for fill in each["fills"]] for each in told] == [
            [],
            ["0.2000"],
            ["0.2000"],
            ["0.2000"],
            [],
        ]
        assert all(one["updated_at"] <= two["updated_at"] for one, two in pairwise(told))
