"""Orders over /api/ws: placed, refused, cancelled, answered in order."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.webapp_api.stream.world import Client, World, world
from webapp_api.stream import connection, orders


def limit_order(side: str = "buy", price: str = "100.00", quantity: str = "0.0100", **more: Any) -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "side": side, "type": "limit", "price": price, "quantity": quantity, **more}


async def trader(there: World) -> Client:
    _, token = await there.person(USDT=1_000_000, BTC=1_000)
    return await there.client(token)


async def test_an_order_is_placed_and_cancelled(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        placed = await client.ask(op="order.place", id="a", params=limit_order(client_order_id="first"))
        assert placed["op"] == "order.place"
        order = placed["result"]
        assert (order["status"], order["price"], order["quantity"], order["fills"]) == ("new", "100.00", "0.0100", [])
        canceled = await client.ask(op="order.cancel", id=2, params={"id": order["id"]})
        assert (canceled["op"], canceled["result"]["status"]) == ("order.cancel", "canceled")
        again = await client.ask(op="order.cancel", id=3, params={"client_order_id": "first"})
        assert again["error"]["code"] == "order_not_open"


async def test_an_order_that_trades_is_answered_with_its_fills(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        maker, taker = await trader(there), await trader(there)
        await maker.ask(op="order.place", id=1, params=limit_order("sell", "100.00", "0.0300"))
        taken = (await taker.ask(op="order.place", id=1, params=limit_order("buy", "101.00", "0.0200")))["result"]
        assert (taken["status"], taken["average_price"]) == ("filled", "100.0000")
        assert [(fill["price"], fill["quantity"], fill["maker"]) for fill in taken["fills"]] == [
            ("100.00", "0.0200", False)
        ]


async def test_cancelling_a_partly_filled_order_tells_its_fills(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        maker, taker = await trader(there), await trader(there)
        rests = (await maker.ask(op="order.place", id=1, params=limit_order("sell", "100.00", "0.0300")))["result"]
        await taker.ask(op="order.place", id=1, params=limit_order("buy", "100.00", "0.0100"))
        canceled = (await maker.ask(op="order.cancel", id=2, params={"id": rests["id"]}))["result"]
        assert (canceled["status"], canceled["filled_quantity"]) == ("canceled", "0.0100")
        assert [(fill["quantity"], fill["maker"]) for fill in canceled["fills"]] == [("0.0100", True)]


async def test_the_same_submission_again_is_answered_with_the_first_order(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        once = limit_order(client_order_id="once")
        first = await client.ask(op="order.place", id=1, params=once)
        again = await client.ask(op="order.place", id=2, params=once)
        assert again["result"] == first["result"]
        other = await client.ask(op="order.place", id=3, params=limit_order(price="99.00", client_order_id="once"))
        assert other["error"]["code"] == "client_order_id_reused"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (limit_order(price="100.001"), "off_tick"),
        (limit_order(quantity="0.00001"), "off_lot"),
        (limit_order(quantity="-1"), "malformed_number"),
        (limit_order(price="1e5"), "malformed_number"),
        (limit_order(price="NaN"), "malformed_number"),
        (limit_order(quantity="9" * 30), "too_large"),
        (limit_order(quantity="0"), "invalid_quantity"),
        (limit_order(symbol="NOPE"), "unknown_symbol"),
        (limit_order(price=100), "invalid_request"),
        (limit_order(amount="1"), "invalid_request"),
        (limit_order(side="both"), "invalid_request"),
        (limit_order(price="100000.00", quantity="500"), "insufficient_funds"),
        ({}, "invalid_request"),
    ],
)
async def test_what_is_wrong_with_an_order_is_told_with_its_id(
    tmp_path: Path, params: dict[str, Any], code: str
) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        answer = await client.ask(op="order.place", id="mine", params=params)
        assert (answer["op"], answer["error"]["code"]) == ("order.place", code)
        assert answer["error"]["message"]


async def test_an_order_needs_a_session(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        for op, params in (("order.place", limit_order()), ("order.cancel", {"id": 1})):
            assert (await client.ask(op=op, id=1, params=params))["error"]["code"] == "unauthorized"


async def test_nobody_cancels_the_order_of_another(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        mine, other = await trader(there), await trader(there)
        order = (await mine.ask(op="order.place", id=1, params=limit_order()))["result"]
        answer = await other.ask(op="order.cancel", id=1, params={"id": order["id"]})
        assert answer["error"]["code"] == "unknown_order"


async def test_answers_come_in_the_order_of_the_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        monkeypatch.setattr(connection, "BUDGET", 2**62)
        wanted: list[tuple[int, str]] = []
        for number in range(600):
            match number % 6:
                case 0 | 1:
                    await client.say(op="order.place", id=number, params=limit_order(client_order_id=f"n{number}"))
                    wanted.append((number, "new"))
                case 2:
                    await client.say(op="order.place", id=number, params=limit_order(price="100.001"))
                    wanted.append((number, "off_tick"))
                case 3:  # looked up in the database
                    again = limit_order(client_order_id=f"n{number - 2}")
                    await client.say(op="order.place", id=number, params=again)
                    wanted.append((number, "new"))
                case 4:
                    await client.say(op="ping", id=number)
                    wanted.append((number, "pong"))
                case _:
                    await client.say(op="order.cancel", id=number, params={"client_order_id": f"n{number - 5}"})
                    wanted.append((number, "canceled"))
        heard = []
        for _ in wanted:
            answer = await client.hear()
            what = answer.get("error", answer.get("result")) | {"pong": answer["op"]}
            heard.append((answer["id"], what.get("code") or what.get("status") or what["pong"]))
        assert heard == wanted


async def test_too_many_in_flight_are_refused_with_their_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MAX_IN_FLIGHT", 20)
    async with world(tmp_path) as there:
        client = await trader(there)
        there.gate.clear()  # nothing commits
        for number in range(30):
            await client.say(op="order.place", id=number, params=limit_order())
        assert await client.silence()
        there.gate.set()
        answers = [await client.hear() for _ in range(30)]
        assert [answer["id"] for answer in answers] == list(range(30))
        assert all("result" in answer for answer in answers[:20])
        assert {answer["error"]["code"] for answer in answers[20:]} == {"too_many_in_flight"}


async def test_who_floods_beyond_that_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MAX_IN_FLIGHT", 20)
    monkeypatch.setattr(connection, "MAX_IN_FLIGHT", 20)
    async with world(tmp_path) as there:
        client = await trader(there)
        there.gate.clear()
        for number in range(50):
            await client.say(op="order.place", id=number, params=limit_order())
        assert await client.closed() == (1008, "flood")
        there.gate.set()
        other = await trader(there)
        assert "result" in await other.ask(op="order.place", id=1, params=limit_order())


async def test_a_client_that_leaves_at_once_still_has_its_order(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        _, token = await there.person(USDT=1000)
        client = await there.client(token)
        await client.say(op="order.place", id=1, params=limit_order(client_order_id="mine"))
        await client.socket.close()
        back = await there.client(token)
        canceled = await back.ask(op="order.cancel", id=1, params={"client_order_id": "mine"})
        assert canceled["result"]["status"] == "canceled"


async def test_orders_end_with_their_session(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        user, token = await there.person(USDT=1000)
        client = await there.client(token)
        session = there.tokens.verify(token).session
        assert await there.accounts.sign_out(user, session)
        await client.say(op="order.place", id=1, params=limit_order())  # too late
        assert await client.closed() == (4001, "session_ended")
        again = await there.client()
        assert (await again.ask(op="auth", id=2, token=token))["error"]["code"] == "unauthorized"
        assert there.exchange.state.orders == {}


async def test_a_stop_answers_what_was_taken_and_takes_no_more(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        there.gate.clear()
        for number in range(10):
            await client.say(op="order.place", id=number, params=limit_order())
        assert await client.silence(0.05)
        stopping = asyncio.create_task(there.hub.close())
        await asyncio.sleep(0.02)
        await client.say(op="order.place", id=10, params=limit_order())
        await asyncio.sleep(0.02)
        there.gate.set()
        answers = [await client.hear() for _ in range(11)]
        assert [answer["id"] for answer in answers] == list(range(11))
        assert all("result" in answer for answer in answers[:10])
        assert answers[10]["error"]["code"] == "busy"
        assert await client.closed() == (1001, "shutting_down")
        await stopping
