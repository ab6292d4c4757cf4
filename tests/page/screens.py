"""Pictures of every screen, to be looked at: `make screens` writes them to var/screens."""

import asyncio
import json
import sys
import tempfile
import urllib.request
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.page import operating, past
from tests.page.conftest import BOSS, Exchange
from tests.page.phone import DARK, LIGHT, launch, phone
from tests.support.browser import OPTIONS, PHONE, installed
from tests.support.server import call
from tests.support.wallet import Wallet

KEPT = Path(__file__).parents[2] / "var/screens"
WIDE = {"width": 1280, "height": 800}
SMALL = {"width": 320, "height": 640}
SCREENS = {
    "markets": "markets",
    "trade": "trade/BTCUSDT",
    "portfolio": "portfolio",
    "deposit": "portfolio/deposit/USDT",
    "withdraw": "portfolio/withdraw/USDT",
    "withdrawals": "portfolio/withdrawals",
    "withdrawal": "portfolio/withdrawals/1",
    "deposits": "portfolio/deposits",
    "ledger": "portfolio/ledger",
    "export": "portfolio/export",
    "solvency": "portfolio/solvency",
    "account": "account",
    "wallets": "account/wallets",
    "sessions": "account/sessions",
    "keys": "account/keys",
    "notifications": "account/notifications",
    "activity": "account/activity",
}
NOT_TRADING = {"ETHUSDT": "cancel-only", "SOLUSDT": "halt"}


def somebody(exchange: Exchange, user_id: int) -> None:
    """Give somebody money, orders and trades."""
    exchange.fund(user_id, USDT="9000")
    token = exchange.sign_in(user_id)
    for symbol, side, quantity, price in (
        ("BTCUSDT", "buy", "0.05", "61900.00"),
        ("BTCUSDT", "sell", "0.02", "61780.00"),
        ("BTCUSDT", "buy", "0.08", "61500.00"),
        ("BTCUSDT", "sell", "0.1", "62400.00"),
        ("ETHUSDT", "buy", "1", "2660.00"),
    ):
        body = {"symbol": symbol, "side": side, "type": "limit", "price": price, "quantity": quantity}
        assert call("POST", f"{exchange.url}/api/trading/orders", body, token).status == 201
    wallet, server = Wallet(), exchange.url
    text = call("POST", f"{server}/api/auth/solana/challenge", {"address": wallet.address}, token).body["message"]
    assert call("POST", f"{server}/api/account/wallets", wallet.proof(text), token).status == 200
    for number, amount in enumerate(("250", "1200.5")):
        body = {"asset": "USDT", "amount": amount, "address": Wallet(seed=9 + number).address}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": amount, "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{server}/api/portfolio/withdrawals", json.dumps(body).encode(), headers)
        urllib.request.urlopen(asked).close()
    key = {"name": "grid bot", "scopes": ["read", "trade"]}
    assert call("POST", f"{exchange.url}/api/account/api-keys", key, token).status == 201


async def settle(page: Page) -> None:
    await page.wait_for_function("() => !document.querySelector('.loading, .boot')")
    await page.wait_for_timeout(400)  # drawn and still


async def picture(browser: Browser, exchange: Exchange, name: str, theme: dict[str, str], size: dict[str, int]) -> None:
    """Take all screens in one look."""
    async with phone(
        browser, telegram=theme if size == PHONE else None, size=size, scheme=name, wallet=Wallet()
    ) as page:
        if size == PHONE:
            await page.goto(f"{exchange.url}/#{launch(exchange, 50, theme=theme)}")
        else:
            await page.goto(f"{exchange.url}/#/account")
            await page.get_by_role("button", name="Test Wallet").click()
            await page.locator("[data-name]").wait_for()
        for screen, path in SCREENS.items():
            await page.evaluate(f"location.hash = '#/{path}'")
            await settle(page)
            await page.screenshot(path=KEPT / f"{screen}-{size['width']}-{name}.png")
            if size == PHONE and screen in ("trade", "deposit", "portfolio", "solvency"):
                await page.evaluate("scrollTo(0, document.body.scrollHeight)")
                await page.screenshot(path=KEPT / f"{screen}-below-{size['width']}-{name}.png")
        await page.evaluate("location.hash = '#/trade/BTCUSDT'")
        for tab in ("History", "Trades"):
            await page.get_by_label("Your orders").get_by_role("button", name=tab).click()
            await settle(page)
            await page.evaluate("scrollTo(0, document.body.scrollHeight)")
            await page.screenshot(path=KEPT / f"{tab.lower()}-{size['width']}-{name}.png")
        await page.get_by_role("button", name="Open").click()
        await page.get_by_role("button", name="Change order").first.click()
        await settle(page)
        await page.screenshot(path=KEPT / f"edit-{size['width']}-{name}.png")
        await page.get_by_role("dialog").get_by_role("button", name="Close").click()
        await page.get_by_role("button", name="Market", exact=True).click()
        await page.get_by_label("Amount", exact=True).fill("0.1")
        if size == PHONE:
            await page.evaluate("emit('main_button_pressed', {})")
        else:
            await page.get_by_role("button", name="Buy BTC").click()
        await page.get_by_role("dialog").wait_for()
        await settle(page)
        await page.screenshot(path=KEPT / f"confirm-{size['width']}-{name}.png")


async def operators(browser: Browser) -> None:
    """Take the operators' page: on a small and a usual phone, and wide; what somebody else sees; a question."""
    with tempfile.TemporaryDirectory() as folder:
        exchange = operating.operated(Path(folder) / "var")
        try:
            await asyncio.to_thread(operating.withdraw, exchange, 60, "250")
            first = await asyncio.to_thread(operating.withdraw, exchange, 61, "999.5")
            boss = exchange.sign_in(BOSS)
            assert call("POST", f"{exchange.url}/api/admin/withdrawals/{first}/approve", {}, boss).status == 200
            stop = f"{exchange.url}/api/admin/quoting/ETHUSDT/stop"
            assert call("POST", stop, {"reason": "the venue's maintenance"}, boss).status == 204
            for symbol, switch in NOT_TRADING.items():
                switching = f"{exchange.url}/api/admin/markets/{symbol}/{switch}"
                assert call("POST", switching, {"reason": "a new wallet"}, boss).status == 204
            for size, theme, scheme in (
                (PHONE, DARK, "dark"),
                (SMALL, LIGHT, "light"),
                (WIDE, None, "light"),
                (WIDE, None, "dark"),
            ):
                async with phone(browser, telegram=theme, size=size, scheme=scheme) as page:
                    await operating.differ(page)
                    await operating.fail_to_settle(page)
                    await operating.enter(page, exchange, theme=theme or {})
                    for screen in operating.SCREENS:
                        await operating.show(page, screen)
                        await settle(page)
                        kept = KEPT / f"admin-{screen}-{size['width']}-{scheme}.png"
                        tall = await page.evaluate("document.documentElement.scrollHeight")
                        await page.set_viewport_size({"width": size["width"], "height": tall})
                        await page.screenshot(path=kept)
                        await page.set_viewport_size(size)
                    await operating.show(page, "markets")
                    await page.get_by_role("button", name="Pause BTCUSDT").click()
                    await settle(page)
                    await page.screenshot(path=KEPT / f"admin-pause-{size['width']}-{scheme}.png")
            async with phone(browser, telegram=DARK) as page:
                await operating.enter(page, exchange, 5)
                await settle(page)
                await page.screenshot(path=KEPT / "admin-refused.png")
            for scheme, theme in (("dark", DARK), ("light", LIGHT)):
                async with phone(browser, telegram=theme, scheme=scheme) as page:
                    await page.goto(f"{exchange.url}/#{launch(exchange, 60, theme=theme)}")
                    for screen in ("markets", *(f"trade/{symbol}" for symbol in NOT_TRADING)):
                        await page.evaluate(f"location.hash = '#/{screen}'")
                        await settle(page)
                        await page.screenshot(path=KEPT / f"{NOT_TRADING.get(screen[6:], 'states')}-390-{scheme}.png")
        finally:
            exchange.kill()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        exchange = Exchange(Path(folder) / "var", CLOBSTER_SOLANA="localnet")
        await asyncio.to_thread(past.make, exchange.data_dir)
        exchange.open()
        try:
            somebody(exchange, 50)
            KEPT.mkdir(parents=True, exist_ok=True)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=installed(), args=OPTIONS)
                for name, theme in (("dark", DARK), ("light", LIGHT)):
                    await picture(browser, exchange, name, theme, PHONE)
                await picture(browser, exchange, "dark", {}, WIDE)
                await operators(browser)
                await browser.close()
        finally:
            exchange.kill()
    sys.stdout.write(f"{len(list(KEPT.iterdir()))} pictures in {KEPT.relative_to(Path.cwd())}\n")


if __name__ == "__main__":
    asyncio.run(main())
