"""Orders over HTTP: placed, filled, looked up, cancelled; and nobody else's."""

import asyncio
from typing import Any

from tests.webapp_api.house import House
from webapp_api.lookups import with_fills


async def test_an_order_rests_is_found_and_is_cancelled(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    placed = await ada.place(client_order_id="first")
    assert placed.status == 201
    assert (placed.body["status"], placed.body["client_order_id"], placed.body["fills"]) == ("new", "first", [])
    assert await ada.balances() == {"USDT": ("500.000000", "500.000000")}

    path = f"/api/trading/orders/{placed.body['id']}"
    assert (await ada.get(path)).body == placed.body
    assert (await ada.get("/api/trading/orders?status=open")).body == {"orders": [placed.body], "next_cursor": None}

    canceled = await ada.delete(path)
    assert (canceled.status, canceled.body["status"]) == (200, "canceled")
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}
    assert (await ada.delete(path)).problem == (409, "order_not_open")
    assert (await ada.get("/api/trading/orders?status=open")).body["orders"] == []
    assert (await ada.get("/api/trading/orders?status=closed")).body["orders"] == [canceled.body]


async def test_a_market_order_trades_against_the_quote(house: House) -> None:
    await house.quote({"59000.00": "1.0000"}, {"60000.00": "0.0040", "60001.00": "1.0000"})
    ada = await house.person(1, USDT=1000)
    order = (
        await ada.post(
            "/api/trading/orders", {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quote_quantity": "300"}
        )
    ).body
    assert (order["status"], order["filled_quantity"]) == ("filled", "0.0049")
    assert [(fill["price"], fill["quantity"]) for fill in order["fills"]] == [
        ("60000.00", "0.0040"),
        ("60001.00", "0.0009"),
    ]
    assert (await ada.get(f"/api/trading/orders/{order['id']}")).body == order

    trades = (await ada.get("/api/trading/trades")).body
    assert [trade["trade_id"] for trade in trades["trades"]] == [2, 1]
    assert trades["trades"][1] == {
        "trade_id": 1,
        "order_id": order["id"],
        "symbol": "BTCUSDT",
        "side": "buy",
        "price": "60000.00",
        "quantity": "0.0040",
        "quote_quantity": "240.000000",
        "fee": "0.00000400",
        "fee_asset": "BTC",
        "maker": False,
        "reference": 7,
        "created_at": order["created_at"],
        "settlement": {"state": "owed", "signature": None, "explorer": None},
    }
    assert await ada.balances() == {"BTC": ("0.00489510", "0.00000000"), "USDT": ("705.999100", "0.000000")}


async def test_both_sides_see_their_own_half_of_a_trade(house: House) -> None:
    ada, bob = await house.person(1, USDT=1000), await house.person(2, BTC=1)
    bid = (await ada.place()).body
    sold = (await bob.place(side="sell", quantity="0.0040")).body
    assert [(fill["maker"], fill["fee"], fill["fee_asset"]) for fill in sold["fills"]] == [(False, "0.200000", "USDT")]

    [bought] = (await ada.get("/api/trading/trades?symbol=BTCUSDT")).body["trades"]
    assert (bought["order_id"], bought["side"], bought["maker"]) == (bid["id"], "buy", True)
    assert (bought["fee"], bought["fee_asset"], bought["reference"]) == ("0.00000200", "BTC", None)
    seen = (await ada.get(f"/api/trading/orders/{bid['id']}")).body
    assert (seen["status"], seen["filled_quantity"], len(seen["fills"])) == ("partially_filled", "0.0040", 1)

    assert seen["fills"][0] | {"fee": "", "fee_asset": ""} == sold["fills"][0] | {
        "fee": "",
        "fee_asset": "",
        "maker": True,
    }

    canceled = (await ada.delete(f"/api/trading/orders/{bid['id']}")).body
    assert (canceled["status"], canceled["fills"]) == ("canceled", seen["fills"])


async def test_an_order_is_made_smaller(house: House) -> None:
    ada, bob = await house.person(1, USDT=1000), await house.person(2, BTC=1)
    placed = (await ada.place(client_order_id="mine")).body
    path = f"/api/trading/orders/{placed['id']}"
    await bob.place(side="sell", quantity="0.0030")
    smaller = await ada.patch(path, {"quantity": "0.0050"})
    assert (smaller.status, smaller.body["quantity"], smaller.body["status"]) == (200, "0.0050", "partially_filled")
    assert [fill["quantity"] for fill in smaller.body["fills"]] == ["0.0030"]
    assert (await ada.get(path)).body == smaller.body
    assert (await ada.patch(path, {"quantity": "0.0050"})).body == smaller.body
    assert (await ada.balances())["USDT"] == ("750.000000", "100.000000")  # 0.0020 at 50,000

    again = await ada.place(client_order_id="mine")  # the first submission, whose answer was lost
    assert (again.status, again.body["id"], again.body["quantity"]) == (201, placed["id"], "0.0050")

    for quantity, code in (
        ("0.0051", "invalid_quantity"),
        ("0.0030", "invalid_quantity"),
        ("0", "invalid_quantity"),
        ("0.00505", "off_lot"),
        ("-1", "malformed_number"),
        ("x", "malformed_number"),
    ):
        assert (await ada.patch(path, {"quantity": quantity})).problem == (400, code), quantity
    assert (await ada.patch(path, {"price": "1"})).status == 400
    assert (await bob.patch(path, {"quantity": "0.0040"})).problem == (404, "unknown_order")
    assert (await ada.patch("/api/trading/orders/99", {"quantity": "0.0040"})).problem == (404, "unknown_order")
    assert (await ada.get(path)).body == smaller.body
    await ada.delete(path)
    assert (await ada.patch(path, {"quantity": "0.0040"})).problem == (409, "order_not_open")


async def test_an_order_is_told_with_the_fills_of_its_own_moment(house: House) -> None:
    ada, bob, deps = await house.person(1, USDT=1000), await house.person(2, BTC=1), house.deps
    bid = (await ada.place()).body["id"]
    await bob.place(side="sell", quantity="0.0040")
    assert ada.id is not None
    early = await deps.queries.order(ada.id, bid)
    assert early is not None
    await bob.place(side="sell", quantity="0.0030")
    [told] = await with_fills(deps.queries, [early], deps.markets)
    assert (told.filled_quantity, [fill.quantity for fill in told.fills]) == ("0.0040", ["0.0040"])


async def test_somebody_elses_order_is_not_there(house: House) -> None:
    ada, eve = await house.person(1, USDT=1000), await house.person(2, USDT=1000)
    path = f"/api/trading/orders/{(await ada.place()).body['id']}"
    assert (await eve.get(path)).problem == (404, "unknown_order")
    assert (await eve.delete(path)).problem == (404, "unknown_order")
    assert (await eve.delete("/api/trading/orders")).body == {"orders": []}
    assert (await eve.get("/api/trading/orders")).body["orders"] == []
    assert (await eve.get("/api/trading/trades")).body["trades"] == []
    assert (await ada.get(path)).body["status"] == "new"


async def test_an_id_that_is_no_id_is_unknown(house: House) -> None:
    ada = await house.person(1)
    for text in ("0", "-1", "1e3", "abc", "9" * 18, "9" * 40, "%00", "%ff", "1.0", "null", "\u0661"):
        code = "unknown_order" if text.isdecimal() and text.isascii() else "not_found"
        assert (await ada.get(f"/api/trading/orders/{text}")).problem == (404, code), text
        assert (await ada.delete(f"/api/trading/orders/{text}")).problem == (404, code), text


async def test_the_same_submission_again_is_answered_with_the_first_order(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    first = await ada.place(client_order_id="again")
    again = await ada.place(client_order_id="again")
    assert (again.status, again.body) == (201, first.body)
    assert (await ada.balances())["USDT"] == ("500.000000", "500.000000")

    other = await ada.place(client_order_id="again", quantity="0.0001")
    assert other.problem == (409, "client_order_id_reused")

    await ada.delete(f"/api/trading/orders/{first.body['id']}")
    late = await ada.place(client_order_id="again")
    assert (late.status, late.body["id"], late.body["status"]) == (201, first.body["id"], "canceled")

    bob = await house.person(2, USDT=1000)
    assert (await bob.place(client_order_id="again")).body["id"] != first.body["id"]


async def test_a_submission_that_comes_many_times_at_once_buys_once(house: House) -> None:
    await house.quote({}, {"50000.00": "10.0000"})
    ada = await house.person(1, USDT=1000)
    answers = await asyncio.gather(*(ada.place(client_order_id="once") for _ in range(20)))
    assert {answer.status for answer in answers} == {201}
    assert all(answer.body == answers[0].body for answer in answers)
    assert (await ada.balances())["USDT"] == ("500.000000", "0.000000")


async def test_cancel_all_takes_one_market_or_every_market(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDT"):
        assert (await ada.place(symbol=symbol, price="1000.00")).status == 201
    canceled = (await ada.delete("/api/trading/orders?symbol=BTCUSDT")).body["orders"]
    assert [(order["id"], order["status"]) for order in canceled] == [(1, "canceled"), (3, "canceled")]
    assert [order["id"] for order in (await ada.delete("/api/trading/orders")).body["orders"]] == [2]
    assert (await ada.balances())["USDT"] == ("1000.000000", "0.000000")


async def test_lists_come_in_pages(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    for _ in range(5):
        await ada.place(price="1000.00")
    pages: list[list[int]] = []
    cursor: Any = ""
    while cursor is not None:
        page = (await ada.get(f"/api/trading/orders?limit=2{cursor and f'&cursor={cursor}'}")).body
        pages.append([order["id"] for order in page["orders"]])
        cursor = page["next_cursor"]
    assert pages == [[5, 4], [3, 2], [1]]
    assert (await ada.get("/api/trading/orders?symbol=ETHUSDT")).body["orders"] == []


async def test_what_cannot_be_done_now_is_a_conflict(house: House) -> None:
    await house.quote({"59000.00": "1.0000"}, {"60000.00": "1.0000"})
    ada = await house.person(1, USDT=100)
    poor = await ada.place()
    assert poor.problem == (409, "insufficient_funds")
    assert poor.body["error"]["details"] == {"asset": "USDT", "needed": "500.000000", "available": "100.000000"}
    assert (await ada.place(type="limit_maker", price="60000.00", quantity="0.0001")).problem == (409, "would_take")
    assert (await ada.get("/api/trading/orders")).body["orders"] == []
