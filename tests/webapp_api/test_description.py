"""The description says everything that is served, and nothing else: OpenAPI, the page over it, and docs/api.md."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from data.store.readers import MOST_WAITING
from tests.webapp_api.house import LIMIT, House
from webapp_api.app import build_app
from webapp_api.auth.access import Who
from webapp_api.openapi import OPERATIONS, document

API_MD = Path(__file__).parents[2] / "docs/api.md"
NOT_DESCRIBED = {
    "GET /api/ws",
    "POST /api/dev/demo",
    "POST /api/dev/demo-funds",
    "POST /api/dev/fund",
    "POST /api/telegram/updates",
}
OF_PAGES = re.compile(r"GET /(miniapp|admin|wallet|api/docs)/.+")  # the files that a page is made of


def served(house: House) -> set[str]:
    """Return every route of the application but the files of its pages."""
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in build_app(house.deps).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    return {route for route in routes if not OF_PAGES.fullmatch(route)}


async def test_every_route_of_the_api_is_described_and_no_other(house: House) -> None:
    described = {f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods}
    assert described == {route for route in served(house) if " /api/" in route} - NOT_DESCRIBED


async def test_every_route_is_in_the_manual_and_no_other(house: House) -> None:
    manual = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", API_MD.read_text(), re.MULTILINE))
    assert manual == served(house)


def test_it_is_openapi_and_its_names_are_unique() -> None:
    schemathesis.openapi.from_dict(document()).validate()
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len(set(names))


def test_what_a_body_may_be_is_said_in_a_way_that_programs_understand() -> None:
    described = document()
    order = {"$ref": "#/components/schemas/PlaceOrder", "components": described["components"]}
    allows = jsonschema_rs.Draft202012Validator(order).is_valid
    assert allows(LIMIT | {"client_order_id": "mine-1"})
    for change in (
        {"client_order_id": "<script>"},
        {"client_order_id": "a\n"},
        {"price": "1e3"},
        {"price": 1},
        {"x": 1},
    ):
        assert not allows(LIMIT | change), change


def test_every_parameter_of_a_path_is_described() -> None:
    for operation in OPERATIONS:
        names = set(re.findall(r"{(\w+)}", operation.path))
        assert names <= {parameter.name for parameter in operation.parameters}, operation.name


async def test_it_is_served(house: House) -> None:
    answer = await house.nobody.get("/api/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.body == document()


async def test_every_operation_that_needs_a_person_says_so(house: House) -> None:
    for operation in OPERATIONS:
        path = re.sub(r"{\w+}", "1", operation.path)
        answer = await house.nobody.ask(operation.method, path, {} if operation.body else None)
        assert (answer.status == 401) == (operation.rule.who is not Who.ANYBODY), operation.name


def test_every_operation_that_a_key_may_call_names_its_scope() -> None:
    described = document()
    assert described["components"]["securitySchemes"]["api_key"]["name"] == "X-MBX-APIKEY"
    for operation in OPERATIONS:
        said, rule = described["paths"][operation.path][operation.method.lower()], operation.rule
        if rule.who is Who.ANYBODY:
            assert said.get("security") == ([{}, {"access_token": []}] if rule.by_name else None)
            continue
        by_key = [] if rule.scope is None else [{"api_key": [rule.scope.value]}]
        assert said["security"] == [{"access_token": []}, *by_key]
        assert ("description" in said) == bool(by_key)
        codes = set(operation.codes)
        assert ("missing_scope" in codes, "needs_a_session" in codes) == (bool(by_key), not by_key)


@asynccontextmanager
async def crowd(house: House) -> AsyncIterator[None]:
    """Have as many look things up as may, and none of them come to an end."""
    enough = asyncio.Event()
    waiting = [asyncio.create_task(house.deps.queries.read(lambda _: enough.wait())) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        enough.set()
        await asyncio.gather(*waiting)


async def test_who_asks_when_too_many_ask_is_told_when_to_come_back(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    await ada.get("/api/account")  # who she is need not be looked up again
    asked = {"symbol": "BTCUSDT", "interval": "1m", "resolution": "1", "to": "1"}
    told = set()
    async with crowd(house):
        for operation in (each for each in OPERATIONS if each.name != "sign_out"):
            path = re.sub(r"{\w+}", "1", operation.path.replace("{symbol}", "BTCUSDT"))
            params = {each.name: asked[each.name] for each in operation.parameters if each.name in asked}
            answer = await ada.ask(operation.method, path, LIMIT if operation.body else None, params=params)
            if answer.status == 503:
                assert answer.headers["Retry-After"] == "1", operation.name
                told.add(operation.name)
    assert told >= {"orders", "own_trades", "portfolio", "ledger", "deposits", "candles", "udf_history", "sessions"}


async def test_the_page_is_made_of_our_own_files_only(house: House) -> None:
    page = await house.nobody.get("/api/docs")
    assert page.status == 200
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.body)
    assert len(wanted) == 5
    for path in wanted:
        assert path.startswith("/")
        answer = await house.nobody.get(path)
        assert answer.status == 200
        assert answer.body
    assert "<style" not in page.body
    assert re.findall(r"<script[^>]*>([^<]+)", page.body) == []


async def test_the_page_may_load_and_ask_nothing_foreign(house: House) -> None:
    for path in ("/api/docs", "/api/docs/start.js", "/api/docs/swagger-ui-bundle.js", "/api/docs/swagger-ui.css"):
        answer = await house.nobody.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy


async def test_a_file_of_the_page_is_not_sent_twice(house: House) -> None:
    first = await house.nobody.get("/api/docs/swagger-ui.css")
    again = await house.nobody.get("/api/docs/swagger-ui.css", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, "")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nowhere", "/api/markets/", "/api/docs/../x", "/api/docs/x.js"])
async def test_an_unknown_path_of_the_api_is_told_in_json(house: House, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert (await house.nobody.ask(method, path)).problem == (404, "not_found")


async def test_a_method_that_is_not_offered_is_told_which_are(house: House) -> None:
    for path, methods in document()["paths"].items():
        offered = {method.upper() for method in methods} | ({"HEAD"} if "get" in methods else set())
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} - offered:
            answer = await house.nobody.ask(method, re.sub(r"{\w+}", "1", path))
            assert answer.problem == (405, "method_not_allowed"), (method, path)
            assert set(answer.headers["Allow"].split(",")) == offered


async def test_head_answers_as_get_without_a_body(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    cases: list[tuple[str, int]] = [
        ("/api/markets", 200),
        ("/api/openapi.json", 200),
        ("/api/docs", 200),
        ("/api/portfolio/balances", 200),
        ("/api/markets/DOGE/ticker", 404),
        ("/api/trading/orders?limit=0", 400),
    ]
    for path, status in cases:
        got, head = await ada.get(path), await head_of(house, ada.token, path)
        assert got.status == head["status"] == status, path
        assert head["body"] == b""
        assert head["headers"]["Content-Type"] == got.headers["Content-Type"]
        assert head["headers"]["Content-Length"] == got.headers["Content-Length"]


async def head_of(house: House, token: str | None, path: str) -> dict[str, Any]:
    async with house.session.head(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        return {"status": answer.status, "headers": answer.headers, "body": await answer.read()}
