"""The character NUL, which PostgreSQL keeps in no text, is refused or left out, on either database."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.webapp_api.house import ADMIN, House, open_house
from tests.webapp_api.launch import launch_fields, sign

NUL = "\x00"
REFUSED = (400, "invalid_request")
BODIES: list[tuple[str, str, Any]] = [
    ("POST", "/api/trading/orders", {"symbol": NUL, "side": "buy", "type": "market", "quantity": "1"}),
    ("POST", "/api/auth/refresh", {"refresh_token": f"{NUL}.x"}),
    ("POST", "/api/account/api-keys", {"name": f"a{NUL}", "scopes": ["read"]}),
    ("POST", "/api/auth/solana/challenge", {"address": NUL}),
    ("POST", "/api/account/wallets", {"address": NUL, "message": NUL, "signature": NUL}),
    ("POST", "/api/admin/withdrawals/stop", {"reason": f"lunch{NUL}"}),
    ("POST", "/api/admin/quoting/all/stop", {"reason": f"lunch{NUL}"}),
]
ADDRESSES = [
    ("DELETE", "/api/auth/sessions/%00"),
    ("DELETE", "/api/account/wallets/%00"),
    ("DELETE", "/api/account/api-keys/%00"),
    ("GET", "/api/account/wallet-links/%00"),
    ("GET", "/api/trading/orders/%00"),
    ("GET", "/api/trading/orders?symbol=%00"),
    ("GET", "/api/portfolio/ledger?asset=%00"),
    ("GET", "/api/markets/%00/candles"),
]


@pytest.fixture(params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.setenv("CLOBSTER_TEST_DATABASE", request.param)
    async with open_house(template, tmp_path) as opened:
        yield opened


async def test_a_text_with_nul_is_never_our_fault(house: House) -> None:
    boss = await house.person(ADMIN)
    for method, path, body in BODIES:
        assert (await boss.ask(method, path, body)).problem == REFUSED, path
    for method, path in ADDRESSES:
        assert 400 <= (await boss.ask(method, path)).status < 500, path
    text = rb'{"symbol": "\\u0000", "side": "buy", "type": "market", "quantity": "1"}'  # six letters, and no NUL
    assert (await boss.ask("POST", "/api/trading/orders", text)).problem == (404, "unknown_symbol")


async def test_a_name_is_kept_without_nul(house: House) -> None:
    fields = launch_fields(7, house.clock() // 1_000_000) | {"user": json.dumps({"id": 7, "first_name": f"A{NUL}da"})}
    answer = await house.nobody.post("/api/auth/telegram", {"init_data": sign(fields)})
    assert answer.status == 200, answer.body
    assert answer.body["account"]["first_name"] == "Ada"
