"""Depth, trades and ticker as everybody gets them."""

import asyncio
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.core.commands import CancelAll, PlaceOrder, Quote
from engine.core.refusals import Refused
from engine.core.types import Lots, OrderType, Side, Symbol, Ticks, UserId
from tests.support.batches import batch, level, trade
from tests.webapp_api.stream.world import Client, World, clock, world

BTC = Symbol("BTCUSDT")


class Rebuilt:
    """A book rebuilt from messages only, which insists on every seq."""

    def __init__(self) -> None:
        self.seq = -1
        self.snapshots = 0
        self.levels: dict[str, dict[Decimal, str]] = {"bids": {}, "asks": {}}

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            self.snapshots += 1
            self.levels = {"bids": {}, "asks": {}}
        else:
            assert message["seq"] == self.seq + 1
        self.seq = message["seq"]
        for side, levels in self.levels.items():
            for price, quantity in message["data"][side]:
                if quantity == "0":
                    levels.pop(Decimal(price), None)
                else:
                    levels[Decimal(price)] = quantity

    def best(self) -> tuple[list[tuple[Decimal, str]], list[tuple[Decimal, str]]]:
        return sorted(self.levels["bids"].items(), reverse=True), sorted(self.levels["asks"].items())


async def follow(client: Client, book: Rebuilt, until: int) -> None:
    while book.seq < until:
        book.take(await client.of("depth:BTCUSDT"))


def book_of_the_engine(there: World) -> tuple[list[tuple[Decimal, str]], list[tuple[Decimal, str]]]:
    book = there.exchange.state.venues[BTC].book
    sides = []
    for side in (Side.BUY, Side.SELL):
        totals = [(at.price, sum(order.remaining for order in at)) for at in book.side(side)]
        sides.append([(Decimal(price).scaleb(-2), f"{Decimal(lots).scaleb(-4)}") for price, lots in totals])
    return sides[0], sides[1]


def random_command(rng: random.Random, users: list[UserId], middle: int) -> PlaceOrder | CancelAll | Quote:
    chance = rng.random()
    if chance < 0.02:
        return CancelAll(clock(), rng.choice(users), BTC)
    if chance < 0.06:
        bids = tuple((Ticks(middle - 5 - n * 3), Lots(rng.randrange(1, 50))) for n in range(rng.randrange(6)))
        asks = tuple((Ticks(middle + 5 + n * 3), Lots(rng.randrange(1, 50))) for n in range(rng.randrange(6)))
        return Quote(clock(), BTC, bids, asks)
    return PlaceOrder(
        clock(),
        rng.choice(users),
        BTC,
        rng.choice(list(Side)),
        OrderType.LIMIT,
        quantity=Lots(rng.randrange(1, 100)),
        price=Ticks(middle + rng.randrange(-60, 60)),
    )


async def test_a_book_rebuilt_from_the_stream_is_the_engines_book(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        users = [(await there.person(USDT=10_000_000, BTC=10_000))[0] for _ in range(5)]
        await there.fund_the_maker()
        client = await there.client()
        await client.ask(op="subscribe", id=1, channels=["depth:BTCUSDT"])
        book, rng = Rebuilt(), random.Random(11)
        done = 0
        while done < 5000:
            futures = [
                there.sequencer.submit(random_command(rng, users, 10_000 + done // 10))
                for _ in range(rng.randrange(1, 200))
            ]
            outcomes = await asyncio.gather(*futures, return_exceptions=True)
            assert all(isinstance(outcome, list | Refused) for outcome in outcomes)
            done += len(futures)
            if rng.random() < 0.3:
                await asyncio.sleep(rng.random() * 0.1)
            if rng.random() < 0.3:  # somebody reads it over HTTP: the same seq means the same book
                seq, _, _ = there.market_data.depth(BTC, 10)
                await follow(client, book, seq)
                assert book.seq == seq
                assert book.best() == book_of_the_engine(there)
        seq, bids, asks = there.market_data.depth(BTC, 10_000)
        await follow(client, book, seq)
        assert book.best() == book_of_the_engine(there)
        assert (len(bids), len(asks)) == tuple(map(len, book.best()))
        assert len(bids) > 10
        assert len(asks) > 10
        assert book.snapshots == 1
        late = await there.client()
        await late.ask(op="subscribe", id=1, channels=["depth:BTCUSDT"])
        fresh = Rebuilt()
        fresh.take(await late.of("depth:BTCUSDT"))
        assert (fresh.seq, fresh.best()) == (book.seq, book.best())


async def test_quantities_that_are_gone_are_zero(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        there.publish(batch(levels=[level("buy", 100, 5), level("sell", 200, 7)]))
        await client.say(op="subscribe", channels=["depth:BTCUSDT"])
        snapshot = await client.of("depth:BTCUSDT")
        assert snapshot == {
            "channel": "depth:BTCUSDT",
            "seq": 1,
            "type": "snapshot",
            "data": {"symbol": "BTCUSDT", "seq": 1, "bids": [["1.00", "0.0005"]], "asks": [["2.00", "0.0007"]]},
        }
        there.publish(batch(levels=[level("buy", 100, 0)]))
        update = await client.of("depth:BTCUSDT")
        assert (update["seq"], update["type"]) == (2, "update")
        assert (update["data"]["bids"], update["data"]["asks"]) == ([["1.00", "0"]], [])


async def test_every_trade_comes_once_and_in_order(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        there.publish(batch(trades=[trade(number, 100, 1, at=clock()) for number in range(1, 11)]))
        await client.say(op="subscribe", channels=["trades:BTCUSDT"])
        snapshot = await client.of("trades:BTCUSDT")
        assert [told["trade_id"] for told in snapshot["data"]] == list(range(10, 0, -1))
        assert set(snapshot["data"][0]) == {"trade_id", "price", "quantity", "taker_side", "created_at"}
        told: list[int] = []
        seq = snapshot["seq"]
        for start in range(11, 1011, 10):
            there.publish(batch(trades=[trade(start + number, 100, 1, at=clock()) for number in range(10)]))
            await asyncio.sleep(0.001)
        while len(told) < 1000:
            update = await client.of("trades:BTCUSDT")
            seq += 1
            assert (update["seq"], update["type"]) == (seq, "update")
            told += [each["trade_id"] for each in update["data"]]
        assert told == list(range(11, 1011))


async def test_a_trade_that_waits_for_the_next_beat_is_not_told_twice_to_who_comes_between(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        first, second = await there.client(), await there.client()
        await first.ask(op="subscribe", id=1, channels=["trades:BTCUSDT"])
        there.publish(batch(trades=[trade(1, 100, 1, at=clock())]))
        await first.rest()
        there.publish(batch(trades=[trade(2, 100, 1, at=clock())]))
        await first.of("trades:BTCUSDT")
        there.publish(batch(trades=[trade(3, 100, 1, at=clock())]))
        await second.say(op="subscribe", channels=["trades:BTCUSDT"])
        there.publish(batch(trades=[trade(4, 100, 1, at=clock())]))
        told = [each for message in await second.rest() if "channel" in message for each in message["data"]]
        assert sorted(each["trade_id"] for each in told) == [1, 2, 3, 4]


async def test_the_ticker_says_what_has_changed_and_nothing_when_nothing_has(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.say(op="subscribe", channels=["ticker:BTCUSDT"])
        empty = await client.of("ticker:BTCUSDT")
        assert (empty["type"], empty["data"]["last"], empty["data"]["bid"]) == ("snapshot", None, None)
        there.publish(
            batch(
                levels=[level("buy", 99, 5), level("sell", 101, 5)],
                trades=[trade(1, 100, 2, at=clock()), trade(2, 110, 1, at=clock())],
            )
        )
        data = (await client.of("ticker:BTCUSDT"))["data"]
        assert (data["last"], data["bid"], data["ask"], data["open"]) == ("1.10", "0.99", "1.01", "1.00")
        assert (data["high"], data["low"], data["change"], data["trades"]) == ("1.10", "1.00", "0.10", 2)
        there.publish(batch(levels=[level("buy", 50, 5)]))  # far from the best
        assert [message for message in await client.rest() if message.get("channel")] == []


async def test_changes_are_gathered_so_that_a_busy_market_stays_cheap(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.say(op="subscribe", id=1, channels=["depth:BTCUSDT"])
        book = Rebuilt()
        await follow(client, book, 0)
        for number in range(300):
            there.publish(batch(levels=[level("buy", 100 + number % 7, number + 1)]))
            await asyncio.sleep(0.001)
        await client.rest()
        seq, _, _ = there.market_data.depth(BTC, 1)
        assert 3 <= seq <= 30


async def test_without_subscribers_no_frame_is_made(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        for number in range(5):
            there.publish(batch(levels=[level("buy", 100, number + 1)], trades=[trade(number + 1, 100, 1, at=clock())]))
            await asyncio.sleep(0.06)
        assert there.hub.metrics.frames == 0
        assert there.market_data.depth(BTC, 1)[0] == 1  # one diff for all, cut by this read


async def test_who_unsubscribes_hears_no_more(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.ask(op="subscribe", id=1, channels=["depth:BTCUSDT", "trades:BTCUSDT"])
        await client.rest()
        answer = await client.ask(op="unsubscribe", id=2, channels=["depth:BTCUSDT", "depth:BTCUSDT", "nonsense"])
        assert answer["op"] == "unsubscribe"
        there.publish(batch(levels=[level("buy", 100, 1)], trades=[trade(1, 100, 1, at=clock())]))
        assert [message["channel"] for message in await client.rest()] == ["trades:BTCUSDT"]


async def test_subscribing_again_gives_a_new_snapshot_and_updates_once(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        for _ in range(3):
            await client.say(op="subscribe", channels=["depth:BTCUSDT", "depth:BTCUSDT"])
        await asyncio.sleep(0.05)
        there.publish(batch(levels=[level("buy", 100, 1)]))
        kinds = [message["type"] for message in await client.rest() if "channel" in message]
        assert kinds == ["snapshot", "snapshot", "snapshot", "update"]


async def test_unknown_channels_are_refused_and_nothing_is_subscribed(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        for name in ("depth:NOPE", "depth", "nonsense:BTCUSDT", "", "user:nonsense"):
            answer = await client.ask(op="subscribe", id=name, channels=["depth:BTCUSDT", name])
            assert (answer["error"]["code"], answer["error"]["details"]) == ("unknown_channel", {"channel": name})
        there.publish(batch(levels=[level("buy", 100, 1)]))
        assert await client.silence()
