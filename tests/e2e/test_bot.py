"""The bot of a real server: from /start to the fill, and away without harm."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from clobster.data_dir import own_secrets
from tests.simulators.telegram import Telegram, telegram
from tests.support.server import Server, call


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "var", CLOBSTER_FEED="recorded", CLOBSTER_TELEGRAM_API_URL="http://127.0.0.1:1")


async def test_a_trade_by_chat_from_start_to_the_fill(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    token = own_secrets(folder).bot_token
    async with telegram(token) as api:
        server = Server(folder, CLOBSTER_TELEGRAM_API_URL=api.url, CLOBSTER_ADMIN_TELEGRAM_IDS="77")
        await asyncio.to_thread(server.start)
        try:
            ada = api.person(77)
            assert "Your account is ready." in (await ada.ask("/start"))["text"]
            await asyncio.to_thread(server.fund, 77, USDT="1000")
            await asyncio.to_thread(server.fund, 78, USDT="1000", ETH="1")
            await asyncio.to_thread(_place, server, 78, side="sell", price="2000", quantity="1")

            card = await ada.ask("/buy 100 usdt of eth")
            await ada.tap(card, "Confirm")
            await ada.reads(card, "Bought 0.05 ETH for 100 USDT, 2000.00 USDT each.")
            waits = await ada.ask("/sell all eth @ 1990")
            await ada.tap(waits, "Confirm")
            await ada.reads(waits, "Order 3: sell 0.0499 ETH at 1990.00 USDT\nIt is open.")
            await asyncio.to_thread(_place, server, 78, side="buy", price="1990", quantity="0.0499")
            told = await ada.hears("Sold 0.0499 ETH for 99.301 USDT, 1990.00 USDT each.\nDone.")
            assert told["message_id"] != waits["message_id"]

            await asyncio.to_thread(_stop_quoting, server, 77)
            await ada.hears("SOLUSDT is not quoted: an administrator said so.\nlunch")

            started = time.monotonic()
            assert await asyncio.to_thread(server.stop) == 0
            assert time.monotonic() - started < 4
            assert token not in server.log
            assert "Traceback" not in server.log
        finally:
            server.kill()


def _place(server: Server, telegram_id: int, **order: str) -> None:
    body = {"symbol": "ETHUSDT", "type": "limit"} | order
    answer = call("POST", f"{server.url}/api/trading/orders", body, server.sign_in(telegram_id, "Bob"))
    assert answer.status == 201, answer.body


def _stop_quoting(server: Server, telegram_id: int) -> None:
    url, body = f"{server.url}/api/admin/quoting/all/stop", {"reason": "lunch"}
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    request.add_header("Authorization", f"Bearer {server.sign_in(telegram_id, 'Ada')}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 204


def test_a_telegram_that_is_not_there_harms_nobody(server: Server) -> None:
    server.start()
    try:
        until = time.monotonic() + 20
        while "Telegram is not to be had" not in server.log:
            assert time.monotonic() < until, server.log[-2000:]
            time.sleep(0.1)
        assert call("GET", f"{server.url}/readyz").status == 200
        server.fund(7, USDT="1000")
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 15  # 2 s on a quiet machine; who waited for Telegram would take 40
    finally:
        server.kill()


def test_the_token_that_development_makes_starts_no_bot(tmp_path: Path) -> None:
    server = Server(tmp_path / "var").start()
    try:
        assert "no bot runs" in server.log
        assert server.stop() == 0
    finally:
        server.kill()


def test_starting_does_not_wait_for_aiogram_to_be_imported() -> None:
    ask = "import sys, clobster.lifecycle; sys.exit('aiogram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", ask], check=False, timeout=60).returncode == 0


async def test_a_killed_server_tells_all_and_over_its_webhook_hears_once(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    people = range(100, 112)
    async with telegram(own_secrets(folder).bot_token) as api:
        server = Server(folder, CLOBSTER_TELEGRAM_API_URL=api.url, CLOBSTER_TELEGRAM_UPDATES="webhook")
        await asyncio.to_thread(server.start)
        try:
            ada = api.person(77)
            await _hook(api, server)
            ada.write("/alert eth above 2000")
            await ada.hears("ETH/USDT at 2000.00 USDT or above")
            for telegram_id in people:
                await asyncio.to_thread(server.fund, telegram_id, ETH="1")
                await asyncio.to_thread(_place, server, telegram_id, side="sell", price="2000", quantity="0.01")
            await asyncio.to_thread(server.fund, 78, USDT="1000")
            await api.until(lambda: not _waits(server), "all deposits")
            await asyncio.to_thread(_place, server, 78, side="buy", price="2000", quantity="0.12")
            await api.until(lambda: _told(api, "Sold 0.01 ETH") > 2, "some fills")
            server.kill()
            await asyncio.to_thread(server.start)
            await _hook(api, server)
            await api.until(lambda: len(_who(api, "Sold 0.01 ETH")) == len(people), "all fills")
            await ada.hears("ETH/USDT is at 2000.00 USDT.")
            assert _told(api, "Sold 0.01 ETH") <= len(people) + _told(api, "I was interrupted")
            assert set(api.deliveries) <= {200, 503}
            assert await asyncio.to_thread(server.stop) == 0
            assert "Traceback" not in server.log
        finally:
            server.kill()


async def _hook(api: Telegram, server: Server) -> None:
    """Let Telegram reach the server, whose port nobody knew before."""
    await api.until(lambda: api.webhook.startswith("http://127.0.0.1:8080/api/"), "the webhook")
    api.webhook = api.webhook.replace("http://127.0.0.1:8080", server.url)


def _waits(server: Server) -> bool:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=20) as answer:
        return b"clobster_bot_notices_waiting 0.0" not in answer.read()


def _told(api: Telegram, part: str) -> int:
    return sum(part in each["text"] for each in api.messages.values())


def _who(api: Telegram, part: str) -> set[int]:
    return {each["chat"]["id"] for each in api.messages.values() if part in each["text"]}
