"""order.batch over /api/ws: one message, one answer, one result for each item, all of it or nothing."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.core.types import MarketState
from tests.webapp_api.stream.test_ws_orders import limit_order, trader
from tests.webapp_api.stream.world import world
from webapp_api.stream import orders


def place(**more: Any) -> dict[str, Any]:
    return {"op": "place", **limit_order(**more)}


def outcomes(answer: dict[str, Any]) -> list[str]:
    """Return each result's status, or the code with which it was refused."""
    told = []
    for result in answer["result"]["results"]:
        ((kind, body),) = result.items()
        told.append(body["status"] if kind == "order" else body["code"])
    return told


async def test_a_batch_places_and_cancels_with_one_result_each_in_order(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        first = (await client.ask(op="order.place", id=1, params=limit_order()))["result"]
        answer = await client.ask(
            op="order.batch",
            id="many",
            params={
                "orders": [
                    place(client_order_id="x"),
                    place(price="100.001"),
                    {"op": "cancel", "id": first["id"]},
                    place(symbol="NOPE"),
                    {"op": "cancel", "client_order_id": "x"},
                    {"op": "cancel"},
                    place(quantity="90000.0000"),
                    {"op": "cancel", "id": 999_999},
                    place(side="sell", price="200.00"),
                ]
            },
        )
        assert answer["op"] == "order.batch"
        assert outcomes(answer) == [
            "new",
            "off_tick",
            "canceled",
            "unknown_symbol",
            "canceled",
            "invalid_order",
            "insufficient_funds",
            "unknown_order",
            "new",
        ]
        refused = answer["result"]["results"][6]["error"]
        assert set(refused) == {"code", "message", "details"}


async def test_what_has_to_be_looked_up_is_told_in_its_place(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        maker, taker = await trader(there), await trader(there)
        rests = (await maker.ask(op="order.place", id=1, params=limit_order("sell", "100.00", "0.0300")))["result"]
        gone = (await maker.ask(op="order.place", id=2, params=limit_order(price="90.00")))["result"]
        await maker.ask(op="order.cancel", id=3, params={"id": gone["id"]})
        once = await maker.ask(op="order.place", id=4, params=limit_order(price="90.00", client_order_id="once"))
        await taker.ask(op="order.place", id=1, params=limit_order("buy", "100.00", "0.0100", time_in_force="ioc"))
        await maker.say(
            op="order.batch",
            id="batch",
            params={
                "orders": [
                    {"op": "cancel", "id": gone["id"]},
                    place(price="90.00", client_order_id="once"),
                    {"op": "cancel", "id": rests["id"]},
                    place(price="50.00"),
                ]
            },
        )
        await maker.say(op="ping", id="after")
        told = [await maker.hear(), await maker.hear()]
        assert [message["id"] for message in told] == ["batch", "after"]
        assert outcomes(told[0]) == ["order_not_open", "new", "canceled", "new"]
        results = told[0]["result"]["results"]
        assert results[1]["order"] == once["result"]
        assert [fill["quantity"] for fill in results[2]["order"]["fills"]] == ["0.0100"]


async def test_answers_stay_in_the_order_of_the_requests(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        there.gate.clear()
        await client.say(op="order.place", id=1, params=limit_order())
        await client.say(op="order.batch", id=2, params={"orders": [place(symbol="NOPE")]})
        await client.say(op="order.batch", id=3, params={"orders": [place() for _ in range(50)]})
        await client.say(op="order.place", id=4, params=limit_order())
        await client.say(op="ping", id=5)
        assert await client.silence()
        there.gate.set()
        assert [(await client.hear())["id"] for _ in range(5)] == [1, 2, 3, 4, 5]


async def test_a_batch_that_finds_no_room_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        monkeypatch.setattr(there.sequencer, "_inbox_limit", 10)
        full = await client.ask(op="order.batch", id=1, params={"orders": [place() for _ in range(11)]})
        assert full["error"]["code"] == "busy"
        fits = await client.ask(op="order.batch", id=2, params={"orders": [place() for _ in range(10)]})
        assert outcomes(fits) == ["new"] * 10


async def test_the_orders_of_batches_count_as_in_flight_until_they_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MAX_IN_FLIGHT", 200)
    async with world(tmp_path) as there:
        client = await trader(there)
        there.gate.clear()
        for number in range(3):
            await client.say(op="order.batch", id=number, params={"orders": [place() for _ in range(90)]})
        await asyncio.sleep(0.1)
        there.gate.set()
        assert outcomes(await client.answer(0)) == ["new"] * 90
        assert (await client.answer(2))["error"]["code"] == "too_many_in_flight"
        again = await client.ask(op="order.batch", id=3, params={"orders": [place() for _ in range(199)]})
        assert outcomes(again) == ["new"] * 199


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"orders": []},
        {"orders": [place() for _ in range(201)]},
        {"orders": [limit_order()]},
        {"orders": [{"op": "amend", "id": 1}]},
        {"orders": [place(price=100)]},
        {"orders": [{"op": "cancel", "id": 1, "symbol": "BTCUSDT"}]},
        {"orders": {}},
        {"orders": [place()], "more": 1},
    ],
)
async def test_a_batch_of_the_wrong_shape_is_refused_whole(tmp_path: Path, params: dict[str, Any]) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        answer = await client.ask(op="order.batch", id="bad", params=params)
        assert (answer["op"], answer["error"]["code"]) == ("order.batch", "invalid_request")


async def test_a_closed_order_of_ones_own_is_not_open_and_anothers_is_unknown(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        owner, other = await trader(there), await trader(there)
        params = limit_order(client_order_id="mine")
        order = (await owner.ask(op="order.place", id=1, params=params))["result"]["id"]
        await owner.ask(op="order.cancel", id=2, params={"id": order})
        names: list[dict[str, Any]] = [{"id": order}, {"client_order_id": "mine"}]
        for name in names:
            assert (await owner.ask(op="order.cancel", id=3, params=name))["error"]["code"] == "order_not_open"
            assert (await other.ask(op="order.cancel", id=3, params=name))["error"]["code"] == "unknown_order"
        unknown = {"client_order_id": "never"}
        assert (await owner.ask(op="order.cancel", id=4, params=unknown))["error"]["code"] == "unknown_order"
        everything = [{"op": "cancel", **name} for name in [*names, unknown]]
        answer = await owner.ask(op="order.batch", id=5, params={"orders": everything})
        assert outcomes(answer) == ["order_not_open", "order_not_open", "unknown_order"]


async def test_nobody_signed_in_enters_no_batch(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        answer = await client.ask(op="order.batch", id=1, params={"orders": [place()]})
        assert answer["error"]["code"] == "unauthorized"


async def test_orders_over_the_socket_are_refused_alike_where_a_market_does_not_trade(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await trader(there)
        resting = (await client.ask(op="order.place", id=1, params=limit_order()))["result"]
        for state, cancels in (("halted", "market_halted"), ("cancel_only", "canceled")):
            await there.switch(MarketState(state))
            refused = f"market_{state}"
            assert (await client.ask(op="order.place", id=2, params=limit_order()))["error"]["code"] == refused
            many = [place(), {"op": "cancel", "id": resting["id"]}]
            answer = await client.ask(op="order.batch", id=3, params={"orders": many})
            assert outcomes(answer) == [refused, cancels]
