"""An administrator switches markets, and people are told plainly what goes and what does not."""

from tests.webapp_api.house import ADMIN, House, Person

ORDER = {"side": "buy", "price": "60000.00", "quantity": "0.0001"}


async def switch(boss: Person, what: str, market: str = "BTCUSDT") -> None:
    answer = await boss.post(f"/api/admin/markets/{market}/{what}")
    assert answer.status == 204, answer.body


async def states(house: House) -> list[str]:
    return [each["status"] for each in (await house.nobody.get("/api/markets")).body["markets"]]


async def test_a_market_that_is_cancel_only_lets_orders_go_and_takes_none(house: House) -> None:
    boss, ada = await house.person(ADMIN), await house.person(1, USDT=1_000)
    first = (await ada.place(**ORDER, client_order_id="mine")).body
    second = (await ada.place(**ORDER | {"quantity": "0.0002"})).body
    await switch(boss, "cancel-only")
    assert await states(house) == ["cancel_only", "trading"]
    assert (await house.nobody.get("/api/markets/BTCUSDT/ticker")).body["status"] == "cancel_only"
    assert (await ada.place(**ORDER)).problem == (409, "market_cancel_only")
    again = await ada.place(**ORDER, client_order_id="mine")
    assert (again.status, again.body["id"]) == (201, first["id"])
    assert (await ada.patch(f"/api/trading/orders/{second['id']}", {"quantity": "0.0001"})).status == 200
    assert (await ada.delete(f"/api/trading/orders/{first['id']}")).status == 200
    await switch(boss, "resume")
    assert (await ada.place(**ORDER)).status == 201


async def test_a_halted_market_leaves_orders_where_they_are_and_others_trade_on(house: House) -> None:
    boss, ada = await house.person(ADMIN), await house.person(1, USDT=1_000)
    order = (await ada.place(**ORDER)).body
    other = (await ada.place(symbol="ETHUSDT", price="1000.00", quantity="0.0001")).body
    await switch(boss, "halt")
    path = f"/api/trading/orders/{order['id']}"
    assert (await ada.place(**ORDER)).problem == (409, "market_halted")
    assert (await ada.delete(path)).problem == (409, "market_halted")
    assert (await ada.patch(path, {"quantity": "0.0001"})).problem == (409, "market_halted")
    assert (await ada.delete("/api/trading/orders?symbol=BTCUSDT")).problem == (409, "market_halted")
    every = await ada.delete("/api/trading/orders")
    assert [each["id"] for each in every.body["orders"]] == [other["id"]]
    assert (await ada.delete("/api/trading/orders")).problem == (409, "market_halted")
    assert (await ada.get(path)).body["status"] == "new"


async def test_all_markets_are_switched_at_once(house: House) -> None:
    boss = await house.person(ADMIN)
    await switch(boss, "halt", "all")
    assert await states(house) == ["halted", "halted"]
    await switch(boss, "resume", "all")
    assert await states(house) == ["trading", "trading"]
    assert (await boss.post("/api/admin/markets/DOGEUSDT/halt")).problem == (404, "unknown_symbol")


async def test_who_switched_what_is_logged_and_nobody_else_may(house: House) -> None:
    boss, eve = await house.person(ADMIN), await house.person(7)
    for what in ("resume", "cancel-only", "halt"):
        assert (await eve.post(f"/api/admin/markets/BTCUSDT/{what}")).status == 403
        assert (await house.nobody.post(f"/api/admin/markets/BTCUSDT/{what}")).status == 401
        await switch(boss, what)
    acts = (await boss.get("/api/admin/log")).body["acts"]
    assert [(act["action"], act["on"]) for act in acts] == [
        ("halt_market", "BTCUSDT"),
        ("make_market_cancel_only", "BTCUSDT"),
        ("open_market", "BTCUSDT"),
    ]
