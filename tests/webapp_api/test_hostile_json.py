"""JSON that is made to hurt: each kind through every door by which an order comes, and no order comes of it."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import structlog

from tests.webapp_api.house import LIMIT, House, Person

HTTP, BATCH, SOCKET = "/api/trading/orders", "/api/trading/orders/batch", "/api/ws"
QUICKLY_S = 1.0  # all of these together take a few milliseconds


class Doors:
    """The ways in: an order, a batch of one, and both as messages."""

    def __init__(self, house: House, ada: Person) -> None:
        self._house = house
        self._ada = ada

    async def knock(self, order: str) -> list[str]:
        """Send a text in the place of an order through every door; return the codes of the refusals."""
        item = '{"op": "place", ' + order[1:] if order.startswith("{") else order
        batch = f'{{"orders": [{item}]}}'
        codes = [
            self._code((await self._ada.post(HTTP, order.encode())).body),
            self._code((await self._ada.post(BATCH, batch.encode())).body),
        ]
        async with self._house.session.ws_connect(SOCKET) as socket:
            await socket.send_json({"op": "auth", "token": self._ada.token})
            await socket.receive()
            for op, params in (("order.place", order), ("order.batch", batch)):
                await socket.send_str(f'{{"op": "{op}", "id": 1, "params": {params}}}')
                message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return [*codes, str(message.data)]
                codes.append(self._code(json.loads(message.data)))
        return codes

    def _code(self, body: Any) -> str:
        if "result" in body:
            body = body["result"]
        error = body["error"] if "error" in body else body["results"][0]["error"]
        return str(error["code"])


@pytest.fixture
async def doors(house: House) -> AsyncIterator[Doors]:
    """Let in with money, and see that all of it is still there in the end, and that nothing went wrong inside."""
    ada = await house.person(1, USDT=1000)
    with structlog.testing.capture_logs() as logs:
        began = time.process_time()
        yield Doors(house, ada)
        assert time.process_time() - began < QUICKLY_S
    assert [entry for entry in logs if entry["log_level"] in {"error", "critical"}] == []
    assert (await ada.get(HTTP)).body["orders"] == []
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}


def order(**change: str) -> str:
    """Return an order with these fields as they are written here."""
    fields = {name: json.dumps(value) for name, value in LIMIT.items()} | change
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


async def test_giant_json_is_refused(doors: Doors) -> None:
    assert await doors.knock(order(symbol=f'"{"B" * 60_000}"')) == ["invalid_request"] * 4
    assert await doors.knock(order(x=f'"{"B" * 300_000}"')) == ["payload_too_large"] * 2 + ["1009"]
    assert await doors.knock(order(**{f"x{n}": "1" for n in range(5_000)})) == ["invalid_request"] * 4


@pytest.mark.parametrize("digits", ["9" * 30, "9" * 50_000, "0." + "0" * 50_000 + "1", "1" + "0" * 4_400])
async def test_huge_decimals_are_refused(doors: Doors, digits: str) -> None:
    for field in ("price", "quantity"):
        codes = await doors.knock(order(**{field: f'"{digits}"'}))
        assert len(codes) == 4
        assert set(codes) <= {"too_large", "malformed_number", "off_tick", "off_lot", "too_precise"}
        assert await doors.knock(order(**{field: digits})) == ["invalid_request"] * 4


async def test_nan_is_no_number(doors: Doors) -> None:
    for text in ("NaN", "nan", "sNaN", "Infinity", "-Infinity", "inf"):
        for field in ("price", "quantity"):
            assert await doors.knock(order(**{field: f'"{text}"'})) == ["malformed_number"] * 4
            assert set(await doors.knock(order(**{field: text}))) == {"malformed"}


@pytest.mark.parametrize("nest", ["[" * 20_000 + "]" * 20_000, '{"x":' * 8_000 + "1" + "}" * 8_000])
async def test_deep_nesting_is_refused(doors: Doors, nest: str) -> None:
    for text in (nest, order(price=nest), order(x=nest), nest[: len(nest) // 2]):
        codes = await doors.knock(text)
        assert len(codes) == 4
        assert set(codes) <= {"invalid_request", "malformed"}
