"""Threats to access and to the page, a test each; those to signing in stand beside what they threaten.

docs/security.md says which test stands for which threat.
"""

import json
import re
from urllib.parse import quote

import pytest

from tests.webapp_api.house import ADMIN, LIMIT, House
from tests.webapp_api.launch import launch_fields, sign
from webapp_api.auth.access import RULES, Who

EVIL = "https://evil.example"


async def test_reading_another_persons_order_trade_or_money(house: House) -> None:
    ada, eve = await house.person(1, USDT=1000), await house.person(2, USDT=1000)
    await house.quote({"49000.00": "1"}, {"49500.00": "0.0050"})
    order = (await ada.place()).body
    assert order["fills"]
    for path in ("/api/trading/orders", "/api/trading/trades", "/api/portfolio/ledger?asset=BTC"):
        answer = (await eve.get(path)).body
        assert [value for name, value in answer.items() if name != "next_cursor"] == [[]], path
        assert any(value for value in (await ada.get(path)).body.values()), path
    assert (await eve.get(f"/api/trading/orders/{order['id']}")).problem == (404, "unknown_order")
    # Whose account is meant can't be said in a request at all.
    for name in ("user", "user_id", "account", "account_id"):
        assert (await eve.get(f"/api/trading/orders?{name}={ada.id}")).body["orders"] == []


async def test_cancelling_another_persons_order(house: House) -> None:
    ada, eve = await house.person(1, USDT=1000), await house.person(2)
    order = (await ada.place(client_order_id="mine")).body
    assert (await eve.delete(f"/api/trading/orders/{order['id']}")).problem == (404, "unknown_order")
    assert (await eve.delete("/api/trading/orders")).body == {"orders": []}
    batch = {"orders": [{"op": "cancel", "id": order["id"]}, {"op": "cancel", "client_order_id": "mine"}]}
    results = (await eve.post("/api/trading/orders/batch", batch)).body["results"]
    assert [result["error"]["code"] for result in results] == ["unknown_order", "unknown_order"]
    assert (await ada.get(f"/api/trading/orders/{order['id']}")).body["status"] == "new"


async def test_following_another_persons_channel(house: House) -> None:
    eve = await house.person(2)
    async with house.session.ws_connect("/api/ws") as socket:
        await socket.send_json({"op": "auth", "token": eve.token})
        assert "result" in await socket.receive_json()
        for name in ("user:orders:1000", "user:1000:orders", "orders:1000"):
            await socket.send_json({"op": "subscribe", "channels": [name]})
            assert (await socket.receive_json())["error"]["code"] == "unknown_channel"


async def test_ending_another_persons_session(house: House) -> None:
    ada, eve = await house.person(1), await house.person(2)
    (session,) = (await ada.get("/api/auth/sessions")).body["sessions"]
    assert (await eve.delete(f"/api/auth/sessions/{session['id']}")).problem == (404, "unknown_session")
    assert (await ada.get("/api/account")).status == 200


async def test_administration_by_somebody_else(house: House) -> None:
    eve = await house.person(2)
    for route in (route for route, rule in RULES.items() if rule.who in (Who.ADMIN, Who.OPERATOR)):
        method, path = route.replace("{id}", str(eve.id)).replace("{symbol}", "all").split()
        assert (await eve.ask(method, path)).problem == (403, "forbidden"), route


async def test_being_an_administrator_by_launch_data_of_another_bot(house: House) -> None:
    forged = sign(launch_fields(ADMIN, house.clock() // 1_000_000), "7000000002:another-token")
    assert (await house.nobody.post("/api/auth/telegram", {"init_data": forged})).status == 401


@pytest.mark.parametrize("extra", ["user", "user_id", "id", "status", "filled", "maker_fee_ppm", "at", "__class__"])
async def test_fields_that_nobody_may_assign(house: House, extra: str) -> None:
    ada = await house.person(1, USDT=1000)
    assert (await ada.post("/api/trading/orders", LIMIT | {extra: 1})).problem == (400, "invalid_request")
    raw = launch_fields(1, house.clock() // 1_000_000)
    body = {"init_data": sign(raw), extra: "admin"}
    assert (await house.nobody.post("/api/auth/telegram", body)).problem == (400, "invalid_request")


async def test_pages_of_other_sites_get_nothing_by_cors(house: House) -> None:
    ada = await house.person(1)
    for route in RULES:
        method, path = re.sub(r"{\w+}", "1", route).split()
        if path == "/api/ws":
            continue
        preflight = {"Origin": EVIL, "Access-Control-Request-Method": method}
        asked = await ada.ask("OPTIONS", path, headers=preflight)
        assert asked.status in (404, 405), route
        answered = await ada.ask(method, path, headers={"Origin": EVIL})
        for name in [*asked.headers, *answered.headers]:
            assert not name.lower().startswith("access-control-"), route


async def test_pages_of_other_sites_open_no_websocket(house: House) -> None:
    for origin in (EVIL, "null", "http://127.0.0.1.evil.example", "", "file://"):
        async with house.session.get("/api/ws", headers={"Origin": origin, "Upgrade": "websocket"}) as answer:
            assert answer.status == 403, origin


async def test_tokens_are_never_in_urls_and_no_cookie_is_set(house: House) -> None:
    ada = await house.person(1)
    for parameter in ("access_token", "token", "authorization", "Authorization"):
        asked = await house.nobody.get(f"/api/account?{parameter}={quote(f'Bearer {ada.token}')}")
        assert asked.problem == (401, "unauthorized")
        async with house.session.ws_connect(f"/api/ws?{parameter}={ada.token}") as socket:
            await socket.send_json({"op": "subscribe", "channels": ["user:orders"]})
            assert (await socket.receive_json())["error"]["code"] == "unauthorized"
    cookie = {"Cookie": f"access_token={ada.token}; Authorization=Bearer {ada.token}"}
    assert (await house.nobody.get("/api/account", headers=cookie)).problem == (401, "unauthorized")
    for answer in (await ada.get("/"), await ada.get("/api/account"), await ada.get("/api/docs")):
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_name_that_is_a_script_stays_a_name(house: House) -> None:
    name = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    fields = launch_fields(1, house.clock() // 1_000_000)
    fields["user"] = json.dumps({"id": 1, "first_name": name, "username": name, "language_code": "en"})
    answer = await house.nobody.post("/api/auth/telegram", {"init_data": sign(fields)})
    assert answer.body["account"]["first_name"] == name
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = await house.nobody.get("/")
    scripts = re.findall(r"src=\"([^\"]+\.js)\"", page.body)
    assert scripts
    assert not re.search(r"<script(?![^>]* src=)", page.body)  # nothing inline that a policy would have to allow
    for path in scripts:
        code = (await house.nobody.get(path)).body
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", code), path


async def test_the_page_in_somebody_elses_frame(house: House) -> None:
    policies = {}
    for path in ("/", "/api/docs"):
        policy = (await house.nobody.get(path)).headers["Content-Security-Policy"]
        policies[path] = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    allowed = policies["/"]["frame-ancestors"].split()
    assert all(re.fullmatch(r"https://web[kz]?\.telegram\.org", each) for each in allowed)
    assert policies["/api/docs"]["frame-ancestors"] == "'none'"
    for policy in policies.values():
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert "unsafe" not in " ".join(policy.values())


async def test_nothing_that_is_asked_names_a_place_that_we_would_ask(house: House) -> None:
    described = (await house.nobody.get("/api/openapi.json")).body
    names: set[str] = set()
    for path in described["paths"].values():
        for operation in path.values():
            names |= {parameter["name"] for parameter in operation.get("parameters", [])}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                while "$ref" in schema:
                    schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                names |= set(schema.get("properties", {}))
    assert {"symbol", "init_data", "quantity"} <= names
    assert not [name for name in names if re.search(r"url|uri|host|callback|webhook|domain|redirect", name)]
