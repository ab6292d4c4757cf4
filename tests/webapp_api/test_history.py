"""Own orders, trades and the ledger of long ago, narrowed down; and everybody's older trades."""

import asyncio
import csv

import pytest

from tests.webapp_api.house import House, Person
from webapp_api import exports


async def a_day(house: House) -> tuple[Person, list[dict[str, object]]]:
    """Return somebody who bought and sold, and their orders, oldest first."""
    ada, bob = await house.person(1, USDT=100_000, BTC=1, ETH=1), await house.person(2, USDT=100_000, BTC=1, ETH=1)
    orders = []
    for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDT"):
        for side, other in (("buy", "sell"), ("sell", "buy")):
            orders.append((await ada.place(symbol=symbol, side=side, price="1000.00")).body)
            await bob.place(symbol=symbol, side=other, price="1000.00")
            house.clock.ahead_s += 1
    orders.append((await ada.place(price="10.00")).body)
    return ada, orders


async def test_orders_and_trades_are_narrowed_by_market_side_status_and_time(house: House) -> None:
    ada, orders = await a_day(house)
    ids, times = [order["id"] for order in orders], [order["created_at"] for order in orders]

    async def found(query: str) -> list[int]:
        return [order["id"] for order in (await ada.get(f"/api/trading/orders?{query}")).body["orders"]]

    async def traded(query: str) -> list[int]:
        return [trade["order_id"] for trade in (await ada.get(f"/api/trading/trades?{query}")).body["trades"]]

    assert await found("side=sell") == [ids[5], ids[3], ids[1]]
    assert await found("side=buy&symbol=ETHUSDT") == [ids[2]]
    assert await found("side=buy&status=closed") == [ids[4], ids[2], ids[0]]
    assert await found("status=open&side=sell") == []
    assert await found(f"start={times[2]}&end={times[4]}") == [ids[3], ids[2]]
    assert await found(f"start={10**18 - 1}") == []
    assert await found(f"end={10**18 - 1}") == ids[::-1]
    assert await traded("side=sell") == [ids[5], ids[3], ids[1]]
    assert await traded(f"symbol=BTCUSDT&side=buy&end={times[4]}") == [ids[0]]
    assert await traded(f"start={times[5]}") == [ids[5]]
    entries = (await ada.get(f"/api/portfolio/ledger?asset=ETH&start={times[2]}&end={times[3]}")).body["entries"]
    assert {(entry["asset"], entry["reason"]) for entry in entries} == {("ETH", "trade"), ("ETH", "fee")}
    assert (await ada.get(f"/api/portfolio/ledger?end={times[0] - 100_000}")).body["entries"] == []


@pytest.mark.parametrize("query", ["side=up", "side=", "start=-1", "start=now", "end=1.5", "end=", "start=" + "9" * 19])
@pytest.mark.parametrize("path", ["/api/trading/orders", "/api/trading/trades"])
async def test_a_filter_that_is_none_is_refused(house: House, path: str, query: str) -> None:
    ada = await house.person(1)
    assert (await ada.get(f"{path}?{query}")).problem == (400, "invalid_parameter")


async def test_public_trades_go_back_beyond_the_recent_ones(house: House) -> None:
    await a_day(house)
    path = "/api/markets/BTCUSDT/trades?limit=2"
    pages = [(await house.nobody.get(path)).body]
    while (cursor := pages[-1]["next_cursor"]) is not None:
        pages.append((await house.nobody.get(f"{path}&cursor={cursor}")).body)
    assert [[trade["trade_id"] for trade in page["trades"]] for page in pages] == [[6, 5], [2, 1]]
    assert (await house.nobody.get(f"{path}&cursor=x")).problem == (400, "invalid_parameter")


async def test_orders_and_trades_as_csv(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 3)
    ada, orders = await a_day(house)
    answer = await ada.get("/api/trading/orders?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.body.count("\r\n") == 8
    told = list(csv.DictReader(answer.body.splitlines()))
    shown = (await ada.get("/api/trading/orders")).body["orders"]
    for line, order in zip(told, shown, strict=True):
        for name in ("id", "symbol", "side", "status", "price", "quantity", "filled_quantity", "average_price"):
            assert line[name] == str(order[name] if order[name] is not None else ""), name
    assert told[0]["created_at"].endswith("Z")
    trades = list(csv.DictReader((await ada.get("/api/trading/trades?format=csv&side=buy")).body.splitlines()))
    assert [int(each["order_id"]) for each in trades] == [orders[4]["id"], orders[2]["id"], orders[0]["id"]]
    assert {(each["fee_asset"], each["maker"], each["settlement"]) for each in trades} == {
        ("BTC", "true", "owed"),
        ("ETH", "true", "owed"),
    }
    assert {each["reference"] for each in trades} == {""}
    await house.quote({}, {"60001": "0.0010"})
    await ada.place(type="market", price=None, quantity="0.0010")
    answer = await ada.get("/api/trading/orders?format=csv")
    [newest] = csv.DictReader((await ada.get("/api/trading/trades?format=csv&limit=1")).body.splitlines())
    assert (newest["reference"], newest["settlement"]) == ("7", "owed")
    some = (await ada.get("/api/trading/orders?format=csv&limit=4")).body.splitlines()
    assert len(some) == 5
    rest = (await ada.get(f"/api/trading/orders?format=csv&cursor={some[-1].split(',')[0]}")).body.splitlines()
    assert some + rest[1:] == answer.body.splitlines()
    assert (await ada.get("/api/trading/orders?format=xml")).problem == (400, "invalid_parameter")
    assert (await house.nobody.get("/api/trading/orders?format=csv")).problem == (401, "unauthorized")


async def test_a_text_that_looks_like_a_formula_is_none_in_csv(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    await ada.place(client_order_id="-2:1")
    [line] = csv.DictReader((await ada.get("/api/trading/orders?format=csv")).body.splitlines())
    assert line["client_order_id"] == "'-2:1"
    told = exports.text([["=1+1", "+1", "@a", 'a "b", c', None, -1]]).decode()
    assert told == '\'=1+1,\'+1,\'@a,"a ""b"", c",,-1\r\n'


async def test_few_exports_at_once_and_one_an_account(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.person(1, USDT=1000)
    answers = await asyncio.gather(*(ada.get("/api/trading/orders?format=csv") for _ in range(40)))
    assert {answer.status for answer in answers} == {200, 503}
    assert (await ada.get("/api/trading/orders?format=csv")).status == 200
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    assert (await ada.get("/api/trading/orders?format=csv")).problem == (503, "busy")
