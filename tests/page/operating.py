"""An exchange with two administrators, quotes, and large withdrawals on their way, for the operators' page."""

import json
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page, Route

from tests.page.conftest import BOSS, PATIENCE_S, Exchange
from tests.page.phone import DARK, launch
from tests.support.server import call
from tests.support.wallet import Wallet

SECOND: Final = 78  # another administrator
SCREENS: Final = ("glance", "markets", "money", "log")
DIFFERENCE: Final = {
    "account_id": 12,
    "asset": "USDT",
    "identity": "vault",
    "expected": "1250.000000",
    "found": "1249.999999",
    "slot": 5120,
    "note": "",
}


def operated(data_dir: Path) -> Exchange:
    """Start an exchange that quotes from the recording and sends 100 USDT at most without two administrators."""
    served = Exchange(
        data_dir,
        CLOBSTER_SOLANA="localnet",
        CLOBSTER_FEED="recorded",
        CLOBSTER_ADMIN_TELEGRAM_IDS=f"{BOSS},{SECOND}",
        CLOBSTER_WITHDRAWAL_APPROVAL_ABOVE="USDT=100",
    )
    served.start()
    return served


def withdraw(exchange: Exchange, telegram_id: int, amount: str) -> int:
    """Let somebody withdraw, and confirm it by a wallet; return its id."""
    token, wallet, until = exchange.sign_in(telegram_id), Wallet(seed=telegram_id), time.monotonic() + PATIENCE_S
    while call("GET", f"{exchange.url}/api/portfolio/deposit-address?asset=USDT", token=token).status != 200:
        assert time.monotonic() < until, exchange.log[-4000:]
        time.sleep(0.1)
    exchange.fund(telegram_id, USDT="1000")
    asked = {"address": wallet.address}
    text = call("POST", f"{exchange.url}/api/auth/solana/challenge", asked, token).body["message"]
    assert call("POST", f"{exchange.url}/api/account/wallets", wallet.proof(text), token).status == 200
    body = {"asset": "USDT", "amount": amount, "address": Wallet(seed=9).address}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": amount, "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{exchange.url}/api/portfolio/withdrawals", json.dumps(body).encode(), headers, method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        number = int(json.loads(answer.read())["id"])
    path = f"{exchange.url}/api/portfolio/withdrawals/{number}"
    text = call("POST", f"{path}/challenge", asked, token).body["message"]
    assert call("POST", f"{path}/confirm", wallet.proof(text), token).status == 200
    return number


async def enter(page: Page, exchange: Exchange, user_id: int = BOSS, theme: dict[str, str] = DARK) -> None:
    """Open the page as somebody whom Telegram sends."""
    await page.goto(f"{exchange.url}/admin#{launch(exchange, user_id, theme=theme)}")


async def show(page: Page, screen: str) -> None:
    await page.evaluate(f"location.hash = '#/{screen}'")
    await page.locator(f"[data-screen={screen}]").wait_for()
    await page.wait_for_function("() => !document.querySelector('.loading')")


async def fail_to_settle(page: Page) -> None:
    """Let what the server tells have a trade in it that can't settle."""

    async def change(route: Route) -> None:
        answer = await route.fetch()
        told: dict[str, Any] = await answer.json()
        failed = {"trade_id": 4711, "symbol": "BTCUSDT", "reason": "the seller's vault is frozen", "created_at": 0}
        await route.fulfill(response=answer, json=told | {"failed": 1, "failed_fills": [failed]})

    await page.route("**/api/admin/settlement", change)


async def differ(page: Page) -> None:
    """Let what the server tells have a difference between the books and the chain in it."""

    async def change(route: Route) -> None:
        answer = await route.fetch()
        told: dict[str, Any] = await answer.json()
        told["books"]["is_well"] = False
        told["books"]["comparison"] |= {"withdrawals_stopped": True, "differences": [DIFFERENCE]}
        await route.fulfill(response=answer, json=told)

    await page.route("**/api/admin/overview", change)
