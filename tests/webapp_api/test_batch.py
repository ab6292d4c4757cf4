"""`POST /api/trading/orders/batch`."""

from typing import Any

from tests.webapp_api.house import LIMIT, House

PATH = "/api/trading/orders/batch"


def place(**change: Any) -> dict[str, Any]:
    return {"op": "place", **LIMIT, "quantity": "0.0001", **change}


async def test_a_batch_is_carried_out_in_order(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    orders = [
        place(client_order_id="a"),
        place(price="0.001"),
        {"op": "cancel", "client_order_id": "a"},
        place(client_order_id="a"),
        place(),
    ]
    answer = await ada.post(PATH, {"orders": orders})
    assert answer.status == 200
    results = answer.body["results"]
    assert [set(result) for result in results] == [{"order"}, {"error"}, {"order"}, {"order"}, {"order"}]
    assert results[1]["error"]["code"] == "off_tick"
    assert results[2]["order"]["status"] == "canceled"
    assert results[3]["order"]["id"] == results[0]["order"]["id"]  # the same submission again
    open_orders = (await ada.get("/api/trading/orders?status=open")).body["orders"]
    assert open_orders == [results[4]["order"]]


async def test_two_hundred_in_one_message_and_not_one_more(house: House) -> None:
    ada = await house.person(1, USDT=100_000)
    answer = await ada.post(PATH, {"orders": [place() for _ in range(200)]})
    assert [result["order"]["status"] for result in answer.body["results"]] == ["new"] * 200
    assert (await ada.post(PATH, {"orders": [place() for _ in range(201)]})).problem == (400, "invalid_request")
    assert (await ada.post(PATH, {"orders": []})).problem == (400, "invalid_request")
    assert (await house.nobody.post(PATH, {"orders": [place()]})).problem == (401, "unauthorized")


async def test_nothing_of_a_batch_makes_sense(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    answer = await ada.post(PATH, {"orders": [place(symbol="NOPE"), {"op": "cancel"}]})
    assert [result["error"]["code"] for result in answer.body["results"]] == ["unknown_symbol", "invalid_order"]


async def test_a_cancellation_of_what_is_over_is_told_so_by_either_name(house: House) -> None:
    ada, bob = await house.person(1, USDT=1000), await house.person(2, USDT=1000)
    order = (await ada.post(PATH, {"orders": [place(client_order_id="a")]})).body["results"][0]["order"]["id"]
    cancels = [{"op": "cancel", "client_order_id": "a"}, {"op": "cancel", "id": order}]
    assert (await ada.post(PATH, {"orders": cancels[:1]})).body["results"][0]["order"]["status"] == "canceled"
    for who, code in ((ada, "order_not_open"), (bob, "unknown_order")):
        results = (await who.post(PATH, {"orders": cancels})).body["results"]
        assert [result["error"]["code"] for result in results] == [code] * 2
