"""The simulator speaks as Binance does."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from clobster.dev_binance import ControlledSimulator
from data.binance.book import LocalBook
from data.binance.recording import Recorded
from data.binance.simulator import sockets
from data.binance.simulator.venue import Market
from tests.data.binance.following import BOTH, BTC, ETH


class Talk:
    """One client of a simulator."""

    def __init__(self, simulator: ControlledSimulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.session = session

    async def get(self, path: str, **parameters: str) -> tuple[int, Any]:
        async with self.session.get(f"{self.simulator.rest_url}{path}", params=parameters) as answer:
            return answer.status, await answer.json()

    async def do(self, fault: str, **wish: Any) -> int:
        async with self.session.post(f"{self.simulator.rest_url}/simulator/{fault}", json=wish) as answer:
            return answer.status

    def socket(self, path: str) -> Any:
        return self.session.ws_connect(f"{self.simulator.stream_url}{path}", autoping=False)


@contextlib.asynccontextmanager
async def talking(speed: float = 20.0) -> AsyncIterator[Talk]:
    async with (
        ControlledSimulator(BOTH, speed=speed, repeat=True).serving() as simulator,
        aiohttp.ClientSession() as session,
    ):
        assert isinstance(simulator, ControlledSimulator)
        markets = simulator.venue.markets.values()
        while not all(market.book.in_sync and market.trades for market in markets):  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0.02)
        yield Talk(simulator, session)


async def answer(socket: aiohttp.ClientWebSocketResponse, text: str) -> Any:
    """Say something and return the answer, past what the streams say."""
    await socket.send_str(text)
    async with asyncio.timeout(5):
        while True:
            heard = json.loads((await socket.receive()).data)
            if "id" in heard:
                return heard


async def test_streams_are_plain_or_wrapped() -> None:
    async with talking() as talk:
        async with talk.socket("/ws/btcusdt@trade") as socket:
            assert json.loads((await socket.receive()).data)["e"] == "trade"
        async with talk.socket("/stream?streams=btcusdt@depth@100ms/ethusdt@bookTicker") as socket:
            heard = [json.loads((await socket.receive()).data) for _ in range(60)]
        assert {message["stream"] for message in heard} == {"btcusdt@depth@100ms", "ethusdt@bookTicker"}
        assert {message["data"]["s"] for message in heard} == set(BOTH)


async def test_streams_are_chosen_and_left_on_an_open_connection() -> None:
    async with talking() as talk, talk.socket("/ws") as socket:
        wanted = ["btcusdt@trade", "ethusdt@trade"]
        assert await answer(socket, json.dumps({"method": "SUBSCRIBE", "params": wanted, "id": 1})) == {
            "result": None,
            "id": 1,
        }
        assert json.loads((await socket.receive()).data)["e"] == "trade"
        assert await answer(socket, '{"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": "two"}') == {
            "result": None,
            "id": "two",
        }
        assert await answer(socket, '{"method": "LIST_SUBSCRIPTIONS", "id": 3}') == {
            "result": ["ethusdt@trade"],
            "id": 3,
        }


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("{", 3, "Invalid JSON"),
        ('{"id": 1}', 2, "missing field `method`"),
        ('{"method": "TALK", "id": 1}', 2, "unknown variant `TALK`"),
        ('{"method": "SUBSCRIBE", "params": [1], "id": 1}', 2, "Invalid request"),
        ('{"method": "SUBSCRIBE", "params": ["a"], "id": {}}', 2, "request ID"),
        ('{"method": "SET_PROPERTY", "params": ["combined", 5], "id": 1}', 1, "Invalid value type"),
        ('{"method": "GET_PROPERTY", "params": ["nothing"], "id": 1}', 0, "Unknown property"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_binances_words(text: str, code: int, message: str) -> None:
    async with talking() as talk, talk.socket("/ws") as socket:
        refused = await answer(socket, text)
        assert refused["code"] == code
        assert message in refused["msg"]


async def test_a_client_that_talks_too_much_is_cut_off() -> None:
    async with talking() as talk, talk.socket("/ws") as socket:
        for number in range(sockets.MAX_MESSAGES + 1):
            await socket.send_str(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
        async with asyncio.timeout(5):
            kinds = [(await socket.receive()).type for _ in range(sockets.MAX_MESSAGES + 1)]
        assert kinds == [aiohttp.WSMsgType.TEXT] * sockets.MAX_MESSAGES + [aiohttp.WSMsgType.CLOSE]


async def test_pings_come_and_who_does_not_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "PING_S", 0.1)
    monkeypatch.setattr(sockets, "PONG_S", 0.25)
    async with talking() as talk, talk.socket("/ws") as socket:
        async with asyncio.timeout(5):
            for _ in range(6):
                ping = await socket.receive()
                assert ping.type == aiohttp.WSMsgType.PING
                await socket.pong(ping.data)
            while (await socket.receive()).type == aiohttp.WSMsgType.PING:
                pass
            assert socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_rest_answers_as_binance_does() -> None:
    async with talking() as talk:
        assert await talk.get("/api/v3/ping") == (200, {})
        _, depth = await talk.get("/api/v3/depth", symbol="BTCUSDT", limit="5")
        assert (len(depth["bids"]), len(depth["asks"])) == (5, 5)
        _, best = await talk.get("/api/v3/ticker/bookTicker", symbol="BTCUSDT")
        assert float(best["bidPrice"]) < float(best["askPrice"])
        _, day = await talk.get("/api/v3/ticker/24hr", symbol="ETHUSDT")
        assert Decimal(day["lowPrice"]) <= Decimal(day["lastPrice"]) <= Decimal(day["highPrice"])
        _, trades = await talk.get("/api/v3/trades", symbol="BTCUSDT", limit="3")
        assert 1 <= len(trades) <= 3
        _, info = await talk.get("/api/v3/exchangeInfo")
        assert [symbol["symbol"] for symbol in info["symbols"]] == BOTH
        assert await talk.get("/api/v3/depth", symbol="NOPE") == (400, {"code": -1121, "msg": "Invalid symbol."})
        status, refusal = await talk.get("/api/v3/depth")
        assert (status, refusal["code"]) == (400, -1102)
        status, refusal = await talk.get("/api/v3/account")
        assert (status, refusal["code"]) == (401, -2015)


def test_a_recording_that_begins_again_goes_on_without_a_gap() -> None:
    market, client = Market(BTC), LocalBook()

    def play(*messages: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        told = [
            data
            for stream, data in messages
            for _, name, data in market.take(Recorded(0, BTC, stream, data), 0)
            if "@depth" in name
        ]
        for diff in told:
            client.on_diff(diff)
        return told

    snapshot = {"lastUpdateId": 100, "bids": [["99", "1"], ["98", "2"]], "asks": [["101", "1"]]}
    first = ("btcusdt@depth@100ms", {"U": 95, "u": 101, "b": [["99", "3"]], "a": []})
    last = ("btcusdt@depth@100ms", {"U": 102, "u": 110, "b": [["99", "0"]], "a": [["100", "5"]]})
    trade = ("btcusdt@trade", {"e": "trade", "t": 7, "p": "99", "q": "1", "T": 0, "m": True})
    client.on_snapshot(snapshot)
    play(("", snapshot), first, trade, last)
    for _ in range(3):
        before = client.last_update_id
        market.again()
        (turn,) = play(first, trade, ("", snapshot))
        assert turn["U"] == before + 1
        assert client.in_sync
        assert (list(client.bids), list(client.asks)) == (list(market.book.bids), list(market.book.asks))
        assert client.bids.top(2) == (("99", "3"), ("98", "2"))
        play(last)
        assert client.asks.best == Decimal(100)
    assert [each["t"] for each in market.trades] == [7, 8, 9, 10]


async def test_faults_are_set_from_outside() -> None:
    async with talking() as talk, talk.socket("/stream?streams=btcusdt@depth@100ms") as socket:
        assert await talk.do("freeze", symbol=BTC) == 200
        heard = [json.loads((await socket.receive()).data)["data"]["u"] for _ in range(12)]
        assert heard[-1] == heard[-2] == heard[-3]
        assert await talk.do("freeze", on=False) == 200
        assert not talk.simulator.faults.freeze
        assert await talk.do("swallow", symbol=ETH, times=3) == 200
        assert await talk.do("nothing") == 404
        assert await talk.do("swallow", symbol="NOPE") == 400
        assert await talk.do("swallow", much=1) == 400
        for fault in ("stall", "old_snapshots", "refuse_depth", "refuse_orders", "lose_replies", "malformed", "absurd"):
            assert await talk.do(fault) == 200
        assert await talk.do("drop") == 200
        async with asyncio.timeout(5):
            while (await socket.receive()).type not in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                pass


async def test_minutes_that_are_over_are_klines() -> None:
    async with talking(speed=200.0) as talk:
        minutes = talk.simulator.venue.markets[BTC].minutes
        async with asyncio.timeout(20):
            while len(minutes.ended) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        first, second = [*minutes.ended][:2]
        status, klines = await talk.get("/api/v3/klines", symbol=BTC, interval="1m", limit="2")
        assert status == 200
        assert [len(kline) for kline in klines] == [12, 12]
        assert [kline[:5] for kline in klines] == [[each[name] for name in "tohlc"] for each in (first, second)]
        since, until = str(first["t"] + 1), str(second["t"])
        assert (await talk.get("/api/v3/klines", symbol=BTC, interval="1m", startTime=since, endTime=until))[1] == [
            klines[1]
        ]
        assert await talk.get("/api/v3/klines", symbol=BTC, interval="1d") == (200, [])
        assert (await talk.get("/api/v3/klines", symbol="NOPEUSDT", interval="1m"))[1]["code"] == -1121
        assert (await talk.get("/api/v3/klines", symbol=BTC, interval="1m", startTime="-1"))[1]["code"] == -1100
