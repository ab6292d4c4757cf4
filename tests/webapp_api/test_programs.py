"""Programs get in by what they can sign, within their scopes, addresses and time, and not a moment longer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from yarl import URL

from engine.accounts.api_keys import networks, within
from engine.accounts.types import Scope
from tests.webapp_api.house import LIMIT, House, Person
from tests.webapp_api.programs import EVERYTHING, KEYS, Program, by_secret, made, program, python_binance
from webapp_api.auth.access import RULES, Who

INVALID = (401, "invalid_credentials")
BODIES: dict[str, Any] = {
    "POST /api/trading/orders": LIMIT,
    "PATCH /api/trading/orders/{id}": {"quantity": "0.0050"},
    "POST /api/trading/orders/batch": {"orders": [{"op": "place", **LIMIT}]},
}
PARAMS = dict.fromkeys(
    (
        "GET /api/portfolio/deposit-address",
        "GET /api/portfolio/deposits/arriving",
        "GET /api/portfolio/withdrawal-terms",
    ),
    "asset=USDT",
)
OF_KEYS = [(route, rule.scope) for route, rule in RULES.items() if rule.scope is not None]
OF_PEOPLE = [route for route, rule in RULES.items() if rule.who in (Who.PERSON, Who.ADMIN)]


async def asked(bot: Program, ada: Person, route: str) -> Any:
    """Ask for a route as a program, with something to be found where it names an order."""
    order = (await ada.place()).body["id"]
    method, path = route.split()
    return await bot.ask(method, path.replace("{id}", str(order)), BODIES.get(route), params=PARAMS.get(route, ""))


@pytest.mark.parametrize(("route", "scope"), OF_KEYS)
async def test_a_route_needs_its_scope_and_no_other(house: House, route: str, scope: Scope) -> None:
    ada = await house.person(1, USDT=100_000)
    without = await program(house, ada, scopes=[each for each in EVERYTHING if each != scope.value])
    refused = await asked(without, ada, route)
    assert refused.problem == (403, "missing_scope")
    assert refused.body["error"]["details"] == {"scope": scope.value}
    only = await program(house, ada, scopes=[scope.value])
    answer = await asked(only, ada, route)
    let_in = ((409, "deposits_off"), (400, "idempotency_key_needed"), (404, "unknown_withdrawal"), (404, "no_snapshot"))
    assert answer.status in (200, 201) or answer.problem in let_in


@pytest.mark.parametrize("route", OF_PEOPLE)
async def test_what_is_for_people_no_key_may_do(house: House, route: str) -> None:
    bot = await program(house, await house.person(1))
    method, path = route.split()
    assert (await bot.ask(method, path.replace("{", "").replace("}", ""))).problem == (403, "needs_a_session")


async def test_a_key_speaks_for_its_account_only(house: House) -> None:
    ada, eve = await house.person(1, USDT=1000), await house.person(2)
    bot, hers = await program(house, ada), await program(house, eve)
    order = (await bot.ask("POST", "/api/trading/orders", LIMIT)).body["id"]
    assert (await ada.get(f"/api/trading/orders/{order}")).status == 200
    for method in ("GET", "DELETE"):
        assert (await hers.ask(method, f"/api/trading/orders/{order}")).problem == (404, "unknown_order")
    assert (await hers.ask("GET", "/api/account")).body["id"] == eve.id
    hers.key = bot.key
    assert (await hers.ask("GET", "/api/account")).problem == INVALID


async def test_the_body_is_signed_too(house: House) -> None:
    bot = await program(house, await house.person(1, USDT=1000))
    body = b'{"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "50000.00", "quantity": "0.0100"}'
    query = bot.query(body)
    for other in (body.replace(b"0.0100", b"0.0200"), body + b" ", b""):
        assert (await bot.send("POST", "/api/trading/orders", query, other)).problem == INVALID
    assert (await bot.send("POST", "/api/trading/orders", query, body)).status == 201


async def test_parameters_in_another_order_or_encoding_are_not_what_was_signed(house: House) -> None:
    bot = await program(house, await house.person(1))
    query = bot.query(params="symbol=BTC%55SDT&limit=5")
    assert (await bot.send("GET", "/api/trading/orders", query)).status == 200
    for other in (
        query.replace("symbol=BTC%55SDT&limit=5", "limit=5&symbol=BTC%55SDT"),
        query.replace("%55", "U"),
        query.replace("limit=5", "limit=6"),
        query + "&limit=7",
    ):
        assert (await bot.send("GET", "/api/trading/orders", other)).problem == INVALID
    first, _, signature = query.partition("&signature=")
    assert (await bot.send("GET", "/api/trading/orders", f"signature={signature}&{first}")).status == 200
    assert (
        await bot.send("GET", "/api/trading/orders", query.upper().replace("&SIGNATURE", "&signature"))
    ).status == 401


async def test_percent_encoded_text_that_is_not_ascii_is_signed_as_it_is_sent(house: House) -> None:
    bot = await program(house, await house.person(1))
    for text in ("%EF%BC%91", "%ef%bc%91", "%C3", "+%2B%20", "%zz", "a=b"):
        query = bot.query(params=f"symbol={text}")
        assert (await bot.send("GET", "/api/trading/orders", query)).problem == (404, "unknown_symbol")


async def test_hex_of_the_signature_may_be_in_capitals(house: House) -> None:
    bot = await program(house, await house.person(1))
    first, _, signature = bot.query().partition("signature=")
    assert (await bot.send("GET", "/api/account", f"{first}signature={signature.upper()}")).status == 200


async def test_a_request_is_good_within_its_window_and_then_no_more(house: House) -> None:
    bot = await program(house, await house.person(1))
    query = bot.query(window="3000")
    for _ in range(2):  # a replay within the window is let in: orders have their client order ids against it
        assert (await bot.send("GET", "/api/account", query)).status == 200
    house.clock.ahead_s += 4
    answer = await bot.send("GET", "/api/account", query)
    assert answer.problem == INVALID
    assert abs(answer.body["error"]["details"]["server_time"] - house.clock() // 1000) < 10_000


async def test_an_order_sent_again_within_the_window_is_placed_once(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    bot = await program(house, ada)
    body = b'{"symbol":"BTCUSDT","side":"buy","type":"limit","price":"50000","quantity":"0.01","client_order_id":"one"}'
    query = bot.query(body)
    first, second = [await bot.send("POST", "/api/trading/orders", query, body) for _ in range(2)]
    assert first.body["id"] == second.body["id"]
    assert len((await ada.get("/api/trading/orders")).body["orders"]) == 1


async def test_a_timestamp_from_the_future_is_refused(house: House) -> None:
    bot = await program(house, await house.person(1))
    now_ms = house.clock() // 1000
    assert (await bot.ask("GET", "/api/account", at_ms=now_ms + 500)).status == 200
    assert (await bot.ask("GET", "/api/account", at_ms=now_ms + 3000)).problem == INVALID
    assert (await bot.ask("GET", "/api/account", at_ms=now_ms * 1000)).status == 200  # in microseconds
    assert (await bot.ask("GET", "/api/account", at_ms=now_ms // 1000)).problem == INVALID  # in seconds


async def test_what_is_not_signed_well_is_told_no_more_than_that(house: House) -> None:
    bot = await program(house, await house.person(1))
    good = bot.query()
    stranger = Program(house, "A" * 64, bot.sign)
    said = [
        await bot.send("GET", "/api/account", good.replace("signature=", "signature=0")),
        await bot.send("GET", "/api/account", bot.query(at_ms=1)),
        await stranger.ask("GET", "/api/account"),
        await Program(house, bot.key, by_secret("x")).ask("GET", "/api/account"),
    ]
    assert {answer.problem for answer in said} == {INVALID}
    assert len({answer.body["error"]["message"] for answer in said}) == 1
    assert all(answer.headers["WWW-Authenticate"] for answer in said)


@pytest.mark.parametrize("key", ["", "x", "é", "A" * 63, "A" * 65, "A" * 5000, "' OR 1=1", "A" * 63 + "-"])
async def test_what_can_be_no_key_is_refused(house: House, key: str) -> None:
    bot = Program(house, key, by_secret("x"))
    assert (await bot.ask("GET", "/api/account")).problem == INVALID


async def test_what_is_malformed_is_said_to_be(house: House) -> None:
    ada = await house.person(1)
    bot = await program(house, ada)
    good = bot.query()
    now = house.clock() // 1000
    for query, problem in [
        ("", (401, "unauthorized")),
        (f"timestamp={now}", (401, "unauthorized")),
        ("signature=00", (401, "unauthorized")),
        (good + "&signature=00", (400, "malformed")),
        (good + f"&timestamp={now}", (400, "malformed")),
        ("timestamp=x&signature=00", (400, "malformed")),
        (f"timestamp={now}&recvWindow=60001&signature=00", (400, "malformed")),
    ]:
        assert (await bot.send("GET", "/api/account", query)).problem == problem
    both = await bot.send("GET", "/api/account", good, Authorization=f"Bearer {ada.token}")
    assert both.problem == (400, "malformed")
    twice = [("X-MBX-APIKEY", bot.key), ("X-MBX-APIKEY", bot.key)]
    async with house.session.get(URL(f"/api/account?{good}", encoded=True), headers=twice) as answer:
        assert answer.status == 400
    async with house.session.head(URL(f"/api/account?{good}", encoded=True), headers=twice[:1]) as answer:
        assert answer.status == 200


async def test_an_expired_key_is_over(house: House) -> None:
    ada = await house.person(1)
    key = await made(ada, expires_at=house.clock() // 1000 + 60_000)
    bot = Program(house, key["api_key"], by_secret(key["secret"]))
    assert (await bot.ask("GET", "/api/account")).status == 200
    house.clock.ahead_s += 60
    assert (await bot.ask("GET", "/api/account")).problem == (401, "expired")
    assert (await Program(house, bot.key, by_secret("x")).ask("GET", "/api/account")).problem == INVALID
    assert len((await ada.get(KEYS)).body["api_keys"]) == 1


async def test_a_key_is_good_from_its_addresses_only(house: House) -> None:
    ada = await house.person(1)
    there = await program(house, ada, addresses=["192.0.2.0/24", "127.0.0.0/8"])
    elsewhere = await program(house, ada, addresses=["192.0.2.0/24", "::1"])
    assert (await there.ask("GET", "/api/account")).status == 200
    answer = await elsewhere.ask("GET", "/api/account")
    assert answer.problem == (403, "address_not_allowed")
    assert answer.body["error"]["details"] == {"address": "127.0.0.1"}
    assert (await Program(house, elsewhere.key, by_secret("x")).ask("GET", "/api/account")).problem == INVALID
    claimed = await elsewhere.send("GET", "/api/account", elsewhere.query(), **{"X-Forwarded-For": "192.0.2.7"})
    assert claimed.problem == (403, "address_not_allowed")


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("::ffff:192.0.2.1", True),
        ("2001:db8:ffff::1", True),
        ("2001:db9::1", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("", False),
        ("unix:", False),
    ],
)
def test_addresses_are_compared_as_addresses(address: str, inside: bool) -> None:
    assert within(address, networks(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"])) is inside


async def test_a_revoked_key_is_out_at_once(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    bot, other = await program(house, ada), await program(house, ada)
    assert (await bot.ask("POST", "/api/trading/orders", LIMIT)).status == 201
    query = bot.query(window="60000")
    assert (await ada.delete(f"{KEYS}/{bot.key}")).status == 204
    assert (await bot.ask("POST", "/api/trading/orders", LIMIT)).problem == INVALID
    assert (await bot.send("GET", "/api/account", query)).problem == INVALID
    assert (await other.ask("GET", "/api/account")).status == 200


async def test_a_key_that_is_revoked_while_an_order_is_being_sent_places_nothing(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    bot = await program(house, ada)
    assert (await bot.ask("GET", "/api/account")).status == 200
    body = b'{"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "50000.00", "quantity": "0.0100"}'
    half_sent = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:30]
        await half_sent.wait()
        yield body[30:]

    async def send() -> int:
        url = URL(f"/api/trading/orders?{bot.query(body)}", encoded=True)
        async with house.session.post(url, data=slowly(), headers={"X-MBX-APIKEY": bot.key}) as answer:
            return answer.status

    sending = asyncio.create_task(send())
    await asyncio.sleep(0.05)
    assert (await ada.delete(f"{KEYS}/{bot.key}")).status == 204
    half_sent.set()
    assert await sending == 401
    assert (await ada.get("/api/trading/orders")).body["orders"] == []


async def test_python_binance_gets_in_as_it_is(house: House) -> None:
    """Another's client with its own signing: whatever it asks with GET is signed as we check it."""
    ada = await house.person(1, USDT=1000)
    key = await made(ada, scopes=["read"])
    async with python_binance(key["api_key"], key["secret"]) as client:
        found = await client._request("get", f"{house.url}api/portfolio/balances", True, data={})
        assert {each["asset"]: each["available"] for each in found["balances"]}["USDT"] == "1000.000000"
        orders = await client._request("get", f"{house.url}api/trading/orders", True, data={"symbol": "BTCUSDT"})
        assert orders["orders"] == []
        client.API_SECRET = "x"
        with pytest.raises(Exception, match="APIError") as refused:
            await client._request("get", f"{house.url}api/portfolio/balances", True, data={})
        assert refused.value.status_code == 401
