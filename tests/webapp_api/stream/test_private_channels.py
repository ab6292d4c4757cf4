"""Orders, trades and balances of an account: to their owner, exactly once, and to nobody else."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.store.queries import Queries
from engine.core.commands import CancelAll, Deposit, PlaceOrder
from engine.core.types import AssetCode, Atoms, Lots, OrderType, Side, Symbol, Ticks, UserId
from tests.webapp_api.stream.test_ws_orders import limit_order
from tests.webapp_api.stream.world import World, clock, world
from webapp_api.stream import private

BTC = Symbol("BTCUSDT")
PRIVATE = ["user:orders", "user:trades", "user:balances"]


class Mirror:
    """What a client knows of its account by its private channels alone, insisting on every seq."""

    def __init__(self) -> None:
        self.seqs: dict[str, int] = {}
        self.open: dict[int, dict[str, Any]] = {}
        self.balances: dict[str, dict[str, Any]] = {}
        self.trades: list[int] = []

    def take_all(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            if "channel" in message:
                self.take(message)

    def without_fills(self) -> dict[int, dict[str, Any]]:
        """Return the open orders; a snapshot has all of an order's fills, an update those that are new."""
        return {number: order | {"fills": None} for number, order in self.open.items()}

    def take(self, message: dict[str, Any]) -> None:
        channel, data = message["channel"], message["data"]
        snapshot = message["type"] == "snapshot"
        assert snapshot != (channel in self.seqs)
        assert snapshot or message["seq"] == self.seqs[channel] + 1
        self.seqs[channel] = message["seq"]
        match channel:
            case "user:orders":
                for order in data:
                    if order["status"] in ("new", "partially_filled"):
                        self.open[order["id"]] = order
                    else:
                        assert not snapshot
                        self.open.pop(order["id"], None)
            case "user:trades":
                told = [trade["trade_id"] for trade in data]
                self.trades += reversed(told) if snapshot else told
            case _:
                self.balances |= {balance["asset"]: balance for balance in data}


async def play(there: World, users: list[UserId], count: int, seed: int) -> None:
    """Let some people trade with each other at random."""
    rng = random.Random(seed)
    while count > 0:
        futures = []
        for _ in range(rng.randrange(1, 20)):
            user, side = rng.choice(users), rng.choice(list(Side))
            command: PlaceOrder | CancelAll = CancelAll(clock(), user)
            if rng.random() < 0.95:
                price, quantity = Ticks(1000 + rng.randrange(-9, 9)), Lots(rng.randrange(1, 50))
                command = PlaceOrder(clock(), user, BTC, side, OrderType.LIMIT, quantity=quantity, price=price)
            futures.append(there.sequencer.submit(command))
        await asyncio.gather(*futures, return_exceptions=True)
        count -= len(futures)


async def test_a_deposit_is_told_by_itself(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, token = await there.person(USDT=1)
        client = await there.client(token)
        await client.ask(op="subscribe", id=1, channels=["user:balances"])
        await client.of("user:balances")
        deposit = Deposit(clock(), ada, AssetCode("USDT"), Atoms(2_500_000), "solana:signature:account")
        await there.sequencer.submit(deposit)
        told = await client.of("user:balances")
        assert told["type"] == "update"
        assert [(each["asset"], each["total"]) for each in told["data"]] == [("USDT", "3.500000")]


async def test_private_channels_tell_an_account_what_happens_to_it(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (_, one), (_, two) = await there.person(USDT=1000), await there.person(BTC=10)
        buyer, seller = await there.client(one), await there.client(two)
        answer = await buyer.ask(op="subscribe", id=1, channels=PRIVATE)
        assert answer["result"] == {"channels": PRIVATE}
        empty = {name: await buyer.of(name) for name in PRIVATE}
        assert [empty[name]["data"] for name in PRIVATE[:2]] == [[], []]
        assert empty["user:balances"]["data"] == [
            {"asset": "USDT", "available": "1000.000000", "held": "0.000000", "total": "1000.000000"}
        ]
        order = (await buyer.ask(op="order.place", id=2, params=limit_order("buy", "100.00", "1.0000")))["result"]
        told = await buyer.of("user:orders")
        assert (told["type"], told["seq"], told["data"]) == ("update", empty["user:orders"]["seq"] + 1, [order])
        balance = (await buyer.of("user:balances"))["data"]
        assert [(each["available"], each["held"]) for each in balance] == [("900.000000", "100.000000")]

        await seller.ask(op="order.place", id=1, params=limit_order("sell", "100.00", "0.4000"))
        changed = (await buyer.of("user:orders"))["data"][0]
        assert (changed["status"], changed["filled_quantity"]) == ("partially_filled", "0.4000")
        (trade,) = (await buyer.of("user:trades"))["data"]
        assert (trade["order_id"], trade["side"], trade["maker"], trade["fee_asset"]) == (
            order["id"],
            "buy",
            True,
            "BTC",
        )
        assert trade["settlement"] == {"state": "owed", "signature": None, "explorer": None}
        assert changed["fills"][0]["trade_id"] == trade["trade_id"]


async def test_a_snapshot_has_open_orders_with_their_fills_and_recent_trades(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (_, one), (_, two) = await there.person(USDT=1000), await there.person(BTC=10)
        buyer, seller = await there.client(one), await there.client(two)
        for number in range(3):
            await buyer.ask(op="order.place", id=number, params=limit_order("buy", f"{99 + number}.00", "1.0000"))
        await seller.ask(op="order.place", id=1, params=limit_order("sell", "100.00", "1.5000"))
        await buyer.ask(op="subscribe", id=9, channels=PRIVATE)
        orders = (await buyer.of("user:orders"))["data"]
        assert [(order["price"], [fill["quantity"] for fill in order["fills"]]) for order in orders] == [
            ("100.00", ["0.5000"]),
            ("99.00", []),
        ]
        trades = (await buyer.of("user:trades"))["data"]
        assert [(trade["price"], trade["quantity"]) for trade in trades] == [("100.00", "0.5000"), ("101.00", "1.0000")]


async def test_private_channels_need_a_session(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        for name in PRIVATE:
            answer = await client.ask(op="subscribe", id=1, channels=["trades:BTCUSDT", name])
            assert answer["error"]["code"] == "unauthorized"
        assert await client.silence()


async def test_no_account_hears_of_another(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        people = [await there.person(USDT=100_000, BTC=1000) for _ in range(4)]
        users = [user for user, _ in people]
        clients = [await there.client(token) for _, token in people]
        guest = await there.client()
        for client in clients:
            await client.ask(op="subscribe", id=1, channels=PRIVATE)
        await play(there, users, 500, seed=1)
        assert await guest.silence(0.05)
        for user, client in zip(users, clients, strict=True):
            messages = await client.rest()
            mine = {order.id for order in (await there.queries.orders(user, limit=1000)).items}
            trades = {own.trade.id for own in (await there.queries.own_trades(user, limit=1000)).items}
            heard = {each["id"] for message in of(messages, "user:orders") for each in message["data"]}
            told = {each["trade_id"] for message in of(messages, "user:trades") for each in message["data"]}
            assert (len(heard) > 50, heard <= mine) == (True, True)
            assert told == trades
            assert len({message["channel"] for message in messages}) == 3


def of(messages: list[dict[str, Any]], channel: str) -> list[dict[str, Any]]:
    return [message for message in messages if message.get("channel") == channel]


async def test_who_signs_in_as_another_hears_of_the_first_no_more(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (ada, one), (_, two) = await there.person(USDT=1000), await there.person(USDT=1000)
        client = await there.client(one)
        await client.ask(op="subscribe", id=1, channels=[*PRIVATE, "depth:BTCUSDT"])
        await client.rest()
        await client.ask(op="auth", id=2, token=two)
        await play(there, [ada], 20, seed=1)
        assert {message["channel"] for message in await client.rest()} == {"depth:BTCUSDT"}


async def test_a_session_that_is_ended_closes_its_sockets_and_no_others(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (ada, token), (_, other) = await there.person(USDT=1000), await there.person(USDT=1000)
        sockets = [await there.client(token) for _ in range(3)]
        stays, guest = await there.client(other), await there.client()
        for client in sockets:
            await client.ask(op="subscribe", id=1, channels=[*PRIVATE, "depth:BTCUSDT"])
        await there.accounts.sign_out(ada, there.tokens.verify(token).session)
        assert [await client.closed() for client in sockets] == [(4001, "session_ended")] * 3
        for client in (stays, guest):
            assert (await client.ask(op="ping", id=1))["op"] == "pong"


async def test_an_account_to_which_nobody_listens_is_forgotten_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "RESUME_S", 0.1)
    async with world(tmp_path) as there:
        _, token = await there.person(USDT=1000)
        leaves, unsubscribes = await there.client(token), await there.client(token)
        for client in (leaves, unsubscribes):
            await client.ask(op="subscribe", id=1, channels=PRIVATE)
            await client.told_so_far()
        await leaves.socket.close()
        await asyncio.sleep(0.15)
        assert len(there.hub.private) == 1
        await unsubscribes.ask(op="unsubscribe", id=2, channels=PRIVATE)
        assert len(there.hub.private) == 1
        await asyncio.sleep(0.15)
        assert len(there.hub.private) == 0


async def test_two_sockets_of_an_account_hear_the_same(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, token = await there.person(USDT=100_000, BTC=1000)
        first = await there.client(token)
        await first.ask(op="subscribe", id=1, channels=PRIVATE)
        await play(there, [ada], 50, seed=1)
        await first.rest()
        second = await there.client(token)
        await second.ask(op="subscribe", id=1, channels=PRIVATE)
        snapshots = await second.rest()
        await play(there, [ada], 50, seed=2)
        heard, other = await first.rest(), await second.rest()
        assert heard == other
        assert heard
        for snapshot in snapshots:
            later = of(heard, snapshot["channel"])
            if later:
                assert snapshot["seq"] + 1 == later[0]["seq"]


async def test_what_is_committed_but_not_published_yet_is_told_once(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        _, token = await there.person(USDT=1000)
        client = await there.client(token)
        there.told.clear()
        await client.say(op="order.place", id=1, params=limit_order())
        await asyncio.sleep(0.05)  # it is in the database, and the hub has not heard of it
        await client.say(op="subscribe", id=2, channels=["user:orders"])
        assert [message.get("id") for message in await client.rest(0.05)] == []
        there.told.set()
        mirror = Mirror()
        await client.ask(op="order.place", id=3, params=limit_order())
        messages = await client.told_so_far()
        mirror.take_all(messages)
        assert [message["type"] for message in of(messages, "user:orders")] == ["snapshot", "update"]
        assert [len(message["data"]) for message in of(messages, "user:orders")] == [1, 1]
        assert len(mirror.open) == 2


async def fresh_mirror(there: World, token: str) -> Mirror:
    mirror, client = Mirror(), await there.client(token)
    await client.ask(op="subscribe", id=1, channels=PRIVATE)
    mirror.take_all(await client.told_so_far())
    return mirror


async def test_nothing_is_lost_or_told_twice_however_a_snapshot_meets_commits(tmp_path: Path, monkeypatch: Any) -> None:
    """Snapshots are read before, between and after commits, slowly and at once, while the account trades."""
    rng = random.Random(5)
    plain_read = Queries.read

    async def slow_read(self: Queries, work: Callable[[Any], Any]) -> Any:
        if rng.random() < 0.5:
            await asyncio.sleep(rng.random() * 0.01)
        result = await plain_read(self, work)
        if rng.random() < 0.5:
            await asyncio.sleep(rng.random() * 0.01)
        return result

    async with world(tmp_path) as there:
        people = [await there.person(USDT=1_000_000, BTC=10_000) for _ in range(2)]
        users = [user for user, _ in people]
        clients = [await there.client(token) for _, token in people for _ in range(10)]
        monkeypatch.setattr(Queries, "read", slow_read)
        trading = asyncio.create_task(play(there, users, 1500, seed=3))
        for client in clients:
            await client.say(op="subscribe", id=1, channels=PRIVATE)
            await asyncio.sleep(rng.random() * 0.02)
        await trading
        monkeypatch.setattr(Queries, "read", plain_read)
        fresh_ones = [await fresh_mirror(there, token) for _, token in people]
        told = await asyncio.gather(*(client.told_so_far() for client in clients))
        for number, messages in enumerate(told):
            mirror = Mirror()
            mirror.take_all(messages)
            fresh = fresh_ones[number // 10]
            assert mirror.without_fills() == fresh.without_fills()
            assert mirror.balances == fresh.balances
            assert mirror.trades == sorted(set(mirror.trades))
            assert mirror.trades[-100:] == fresh.trades
