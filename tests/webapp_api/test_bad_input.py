"""Bad input is a 4xx with a code and a sentence: never a 500, never a rounded number, and nothing has changed."""

import json
from typing import Any

import pytest
import structlog

from tests.webapp_api.house import LIMIT, House, Person
from tests.webapp_api.launch import BOT_TOKEN, launch_data, launch_fields, sign

ORDERS = "/api/trading/orders"

FIELDS: list[tuple[dict[str, Any], int, str]] = [
    ({"price": "50000.005"}, 400, "off_tick"),
    ({"quantity": "0.00001"}, 400, "off_lot"),
    ({"quantity": "NaN"}, 400, "malformed_number"),
    ({"price": "Infinity"}, 400, "malformed_number"),
    ({"price": "5e4"}, 400, "malformed_number"),
    ({"quantity": "1E-2"}, 400, "malformed_number"),
    ({"price": "1" + "0" * 30}, 400, "too_large"),
    ({"quantity": "1" + "0" * 30}, 400, "too_large"),
    ({"price": "9999999999999"}, 400, "too_large"),
    ({"price": "999999999.00"}, 400, "invalid_price"),
    ({"quantity": "99999999"}, 400, "invalid_quantity"),
    ({"price": "-50000"}, 400, "malformed_number"),
    ({"quantity": "-0.01"}, 400, "malformed_number"),
    ({"price": "0"}, 400, "invalid_price"),
    ({"quantity": "0"}, 400, "invalid_quantity"),
    ({"price": 50000}, 400, "invalid_request"),
    ({"price": 50000.5}, 400, "invalid_request"),
    ({"quantity": True}, 400, "invalid_request"),
    ({"quantity": {}}, 400, "invalid_request"),
    ({"side": 1}, 400, "invalid_request"),
    ({"side": "long"}, 400, "invalid_request"),
    ({"type": []}, 400, "invalid_request"),
    ({"user": 1000}, 400, "invalid_request"),
    ({"id": 7}, 400, "invalid_request"),
    ({"reduce_only": True}, 400, "invalid_request"),
    ({"symbol": "DOGEUSDT"}, 404, "unknown_symbol"),
    ({"symbol": "'; DROP TABLE orders; --"}, 404, "unknown_symbol"),
    ({"symbol": "\x00"}, 400, "invalid_request"),
    ({"client_order_id": "a" * 65}, 400, "invalid_request"),
    ({"client_order_id": "<script>"}, 400, "invalid_request"),
    ({"type": "stop_loss", "stop_price": "49000"}, 400, "not_supported"),
    ({"time_in_force": "gtt"}, 400, "not_supported"),
    ({"quote_quantity": "500"}, 400, "invalid_order"),
    ({"type": "limit_maker", "time_in_force": "ioc"}, 400, "invalid_order"),
    ({"type": "market"}, 400, "invalid_order"),
    ({"type": "market", "price": None, "quote_quantity": "1"}, 400, "invalid_order"),
]

BODIES: list[tuple[bytes, int, str]] = [
    (b"", 400, "malformed"),
    (b"{", 400, "malformed"),
    (b"price=1", 400, "malformed"),
    (b"null", 400, "invalid_request"),
    (b"[]", 400, "invalid_request"),
    (b"7", 400, "invalid_request"),
    (b'"order"', 400, "invalid_request"),
    (b"{}", 400, "invalid_request"),
    (b'{"quantity": NaN}', 400, "malformed"),
    (b'{"symbol": "\xff\xfe"}', 400, "malformed"),
    (b'{"symbol": "\\ud800"}', 400, "malformed"),
    (b"\xff\xfe{\x00}\x00", 400, "malformed"),
    (b'{"price": 1e999999}', 400, "invalid_request"),
    (b'{"price": ' + b"9" * 60_000 + b"}", 400, "invalid_request"),
    (b"[" * 60_000, 400, "invalid_request"),
    (b'{"symbol":' * 6_000, 400, "invalid_request"),
    (b'{"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400, "invalid_request"),
    (b'{"symbol": "' + b"B" * 60_000 + b'"}', 400, "invalid_request"),
    (b" " * 70_000, 413, "payload_too_large"),
    (json.dumps(LIMIT).encode() + b" " * 70_000, 413, "payload_too_large"),
]


async def refused(person: Person, path: str, cases: list[tuple[Any, int, str]]) -> list[Any]:
    """Return the cases that were not answered as they say."""
    wrong = []
    for body, status, code in cases:
        answer = await person.post(path, body)
        if answer.problem != (status, code):
            wrong.append((body, answer.problem))
    return wrong


@pytest.fixture
async def ada(house: House) -> Person:
    return await house.person(1, USDT=1000)


async def test_no_order_comes_of_a_bad_field(house: House, ada: Person) -> None:
    cases = [(LIMIT | change, status, code) for change, status, code in FIELDS]
    with structlog.testing.capture_logs() as logs:
        assert await refused(ada, ORDERS, cases) == []
    assert logs == []
    assert (await ada.get(ORDERS)).body["orders"] == []
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}


async def test_no_order_comes_of_a_bad_body(house: House, ada: Person) -> None:
    with structlog.testing.capture_logs() as logs:
        assert await refused(ada, ORDERS, BODIES) == []
    assert logs == []
    assert (await ada.get(ORDERS)).body["orders"] == []


async def test_bad_bodies_are_refused_wherever_one_is_read(house: House) -> None:
    for path in ("/api/auth/telegram", "/api/auth/refresh"):
        for body, status, _ in BODIES:
            answer = await house.nobody.post(path, body)
            code = "payload_too_large" if status == 413 else answer.problem[1]
            assert answer.problem == (status, code), body
            assert code in {"malformed", "invalid_request", "payload_too_large"}
        assert await refused(house.nobody, path, [({"user": 1}, 400, "invalid_request")]) == [], path


async def test_parameters_are_checked(ada: Person) -> None:
    for path in (
        "/api/trading/orders",
        "/api/trading/trades",
        "/api/portfolio/ledger",
        "/api/portfolio/deposits",
        "/api/markets/BTCUSDT/depth",
        "/api/markets/BTCUSDT/trades",
    ):
        for limit in ("0", "501", "-1", "ten", "1e2", "", "9" * 30, "\u0661", "1.0"):
            assert (await ada.get(path, params={"limit": limit})).problem == (400, "invalid_parameter"), (path, limit)
    for path in ("/api/trading/orders", "/api/trading/trades", "/api/portfolio/ledger"):
        for cursor in ("-1", "abc", "", "9" * 19, "0x1"):
            assert (await ada.get(path, params={"cursor": cursor})).problem == (400, "invalid_parameter"), cursor
        assert (await ada.get(path, params={"cursor": "9" * 18})).status == 200
    for path in ("/api/trading/orders", "/api/trading/trades"):
        assert (await ada.get(path, params={"symbol": "DOGE"})).problem == (404, "unknown_symbol")
    assert (await ada.get(ORDERS, params={"status": "pending"})).problem == (400, "invalid_parameter")
    assert (await ada.delete(f"{ORDERS}?symbol=DOGE")).problem == (404, "unknown_symbol")
    assert (await ada.get("/api/portfolio/ledger", params={"asset": "DOGE"})).problem == (404, "unknown_asset")
    for symbol in ("DOGE", "btcusdt", "%00", "%ff", "BTCUSDT%2F"):
        for view in ("depth", "trades", "ticker"):
            assert (await ada.get(f"/api/markets/{symbol}/{view}")).problem == (404, "unknown_symbol")


async def test_forged_or_stale_launch_data_signs_nobody_in(house: House) -> None:
    now_s = house.clock() // 1_000_000
    good = launch_data(1, now_s)
    cases = [
        ("", 400, "malformed"),
        ("hash", 400, "malformed"),
        ("a" * 10_000, 400, "malformed"),
        ("auth_date=1&hash=" + "0" * 64, 401, "invalid_credentials"),
        (launch_data(1, now_s, bot_token="7000000002:another"), 401, "invalid_credentials"),
        (good.replace("ada1", "eve1"), 401, "invalid_credentials"),
        (good + "&start_param=x", 401, "invalid_credentials"),
        (good + "&auth_date=1", 400, "malformed"),
        (launch_data(1, now_s - 86_402), 401, "expired"),
        (launch_data(1, now_s + 120), 401, "expired"),
        (sign(launch_fields(1, now_s) | {"user": "{}"}, BOT_TOKEN), 400, "malformed"),
    ]
    with structlog.testing.capture_logs() as logs:
        assert (
            await refused(
                house.nobody, "/api/auth/telegram", [({"init_data": raw}, status, code) for raw, status, code in cases]
            )
            == []
        )
    assert logs == []


async def test_no_token_no_entry(house: House, ada: Person) -> None:
    asked = [
        ("POST", ORDERS),
        ("GET", ORDERS),
        ("DELETE", ORDERS),
        ("GET", f"{ORDERS}/1"),
        ("DELETE", f"{ORDERS}/1"),
        ("GET", "/api/trading/trades"),
        ("GET", "/api/portfolio"),
        ("GET", "/api/portfolio/balances"),
        ("GET", "/api/portfolio/ledger"),
        ("GET", "/api/portfolio/deposits"),
        ("GET", "/api/account"),
        ("GET", "/api/auth/sessions"),
        ("DELETE", "/api/auth/sessions/1"),
        ("POST", "/api/auth/logout"),
    ]
    header, payload, signature = str(ada.token).split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"  # {"alg":"none","typ":"JWT"}
    tokens = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"bearer {ada.token}"},
        {"Authorization": f"Basic {ada.token}"},
        {"Authorization": f"Bearer {header}.{payload}."},
        {"Authorization": f"Bearer {none}.{payload}."},
        {"Authorization": f"Bearer {none}.{payload}.{signature}"},
        {"Authorization": f"Bearer {header}.{payload}.{signature[::-1]}"},
        {"Authorization": "Bearer \u00e9"},
        {"Authorization": "Bearer " + "x" * 5000},
    ]
    for method, path in asked:
        for headers in tokens:
            answer = await house.nobody.ask(method, path, headers=headers)
            assert answer.problem == (401, "unauthorized"), (method, path, headers)
    in_the_address = await house.nobody.get(f"/api/account?access_token={ada.token}&token={ada.token}")
    assert in_the_address.problem == (401, "unauthorized")


async def test_what_is_not_there_has_the_same_shape(ada: Person) -> None:
    assert (await ada.get("/api/nothing")).problem == (404, "not_found")
    wrong_method = await ada.ask("PUT", ORDERS)
    assert wrong_method.problem == (405, "method_not_allowed")
    assert set(wrong_method.headers["Allow"].split(",")) == {"DELETE", "GET", "HEAD", "POST"}
