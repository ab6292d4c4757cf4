"""Whatever a handler raises is answered with a status and the one shape of an error."""

import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

import data
import engine
import webapp_api
from engine.core.market import Asset
from engine.core.refusals import InsufficientFunds, Refused, UnknownOrder
from engine.core.types import AssetCode
from engine.sequencer.sequencer import Busy
from webapp_api.errors import STATUS, error_middleware
from webapp_api.refusals import Unauthorized


def all_refusals() -> Iterator[type[Refused]]:
    for package in (engine, data, webapp_api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    waiting = [Refused]
    while waiting:
        refusal = waiting.pop()
        yield refusal
        waiting += refusal.__subclasses__()


def test_every_refusal_has_a_status_and_a_sentence() -> None:
    refusals = [each for each in all_refusals() if not each.__module__.startswith(("tests.", "bot."))]
    assert len(refusals) > 20
    assert {each.code for each in refusals} - set(STATUS) == set()
    assert [each for each in refusals if not (each.__doc__ or "").strip()] == []


def test_no_status_without_a_refusal() -> None:
    assert set(STATUS) - {each.code for each in all_refusals()} == set()


def test_every_status_is_one_of_http_and_blames_the_right_side() -> None:
    assert {HTTPStatus(status) for status in STATUS.values()}
    assert {code for code, status in STATUS.items() if status >= 500} == {
        "busy",
        "deposits_unavailable",
        "withdrawals_unavailable",
        "solvency_unavailable",
        "internal",
    }


async def refuse(_: web.Request) -> web.Response:
    raise UnknownOrder


async def refuse_for_money(_: web.Request) -> web.Response:
    raise InsufficientFunds(asset="USDT", needed_atoms=1_500_000, available_atoms=0)


async def refuse_for_now(_: web.Request) -> web.Response:
    raise Busy


async def refuse_a_stranger(_: web.Request) -> web.Response:
    raise Unauthorized


async def break_down(_: web.Request) -> web.Response:
    raise ZeroDivisionError("secret details")


async def read(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    assets = {"USDT": Asset(AssetCode("USDT"), 6)}
    app = web.Application(middlewares=[error_middleware(assets)], client_max_size=1000)
    for handler in (refuse, refuse_for_money, refuse_for_now, refuse_a_stranger, break_down):
        app.router.add_get(f"/{handler.__name__}", handler)
    app.router.add_post("/read", read)
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        yield session


async def test_a_refusal_is_a_code_a_sentence_and_details(client: aiohttp.ClientSession) -> None:
    async with client.get("/refuse") as answer:
        assert answer.status == 404
        assert await answer.json() == {
            "error": {"code": "unknown_order", "message": "You have no open order with this id.", "details": {}}
        }
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_amounts_in_details_are_decimal_strings(client: aiohttp.ClientSession) -> None:
    async with client.get("/refuse_for_money") as answer:
        assert answer.status == 409
        details = (await answer.json())["error"]["details"]
        assert details == {"asset": "USDT", "needed": "1.500000", "available": "0.000000"}


async def test_busy_says_when_to_come_back(client: aiohttp.ClientSession) -> None:
    async with client.get("/refuse_for_now") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_who_is_not_signed_in_is_told_how(client: aiohttp.ClientSession) -> None:
    async with client.get("/refuse_a_stranger") as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_an_unexpected_error_tells_nothing_but_its_number(client: aiohttp.ClientSession) -> None:
    with structlog.testing.capture_logs() as logs:
        async with client.get("/break_down") as answer:
            assert answer.status == 500
            text = await answer.text()
            request_id = (await answer.json())["error"]["details"]["request_id"]
    assert "secret details" not in text
    assert [entry["request"] for entry in logs] == [request_id]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/%ff%00", 404, "not_found"),
        ("DELETE", "/refuse", 405, "method_not_allowed"),
    ],
)
async def test_http_errors_have_the_same_shape(
    client: aiohttp.ClientSession, method: str, path: str, status: int, code: str
) -> None:
    async with client.request(method, path) as answer:
        error = (await answer.json())["error"]
        assert (answer.status, error["code"]) == (status, code)
        assert error["message"].endswith(".")  # a sentence, and not the protocol's two words
        if status == 405:
            assert answer.headers["Allow"] == "GET,HEAD"


async def test_a_body_beyond_the_limit_is_refused(client: aiohttp.ClientSession) -> None:
    async with client.post("/read", data=b"x" * 1001) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_does_not_unpack_is_refused(client: aiohttp.ClientSession, encoding: str) -> None:
    async with client.post("/read", data=b"not packed", headers={"Content-Encoding": encoding}) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "malformed")
