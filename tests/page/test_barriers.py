"""Nothing keeps people out: axe-core finds nothing on any screen, in both of Telegram's colours and in our own."""

import pytest
from playwright.async_api import Browser, expect

from tests.page.conftest import Exchange
from tests.page.phone import DARK, LIGHT, barriers, launch, phone, sideways
from tests.support.server import call

SCREENS = [
    "markets",
    "trade/BTCUSDT",
    "portfolio",
    *(f"portfolio/{below}" for below in ("deposit/USDT", "withdraw/USDT", "withdrawals", "deposits", "ledger")),
    *(f"portfolio/{below}" for below in ("export", "solvency")),
    *(f"account{below}" for below in ("", "/wallets", "/sessions", "/keys", "/notifications", "/activity")),
]
THEMES = {"telegram's dark": DARK, "telegram's light": LIGHT}


async def everything_happened(exchange: Exchange, user_id: int) -> None:
    """Give somebody money, an open order, a closed one and a trade."""
    exchange.fund(user_id, USDT="100000")
    exchange.order("sell", "0.5", "50010.00")
    exchange.order("buy", "0.5", "49990.00")
    token = exchange.sign_in(user_id)
    for price in ("50010.00", "49000.00"):
        body = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": price, "quantity": "0.01"}
        assert call("POST", f"{exchange.url}/api/trading/orders", body, token).status == 201


@pytest.mark.parametrize("theme", THEMES)
async def test_no_screen_keeps_anybody_out_in_telegram(browser: Browser, exchange: Exchange, theme: str) -> None:
    await everything_happened(exchange, 40)
    async with phone(browser, telegram=THEMES[theme]) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 40, theme=THEMES[theme])}")
        await expect(page.get_by_role("heading", name="Markets")).to_be_visible()
        for screen in SCREENS:
            await page.evaluate(f"location.hash = '#/{screen}'")
            await expect(page.get_by_role("heading").first).to_be_visible()
            await expect(page.locator(".loading")).to_have_count(0)
            assert await barriers(page) == [], screen


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_no_screen_keeps_anybody_out_in_a_browser(browser: Browser, exchange: Exchange, scheme: str) -> None:
    exchange.order("sell", "0.5", "50010.00")
    async with phone(browser, scheme=scheme) as page:
        for screen in ("markets", "trade/BTCUSDT", "portfolio", "account"):
            await page.goto(f"{exchange.url}/#/{screen}")
            await expect(page.get_by_role("heading").first).to_be_visible()
            await expect(page.locator(".loading")).to_have_count(0)
            assert await barriers(page) == [], screen


async def test_no_screen_is_wider_than_the_phone(browser: Browser, exchange: Exchange) -> None:
    await everything_happened(exchange, 26)
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 26)}")
        for screen in SCREENS:
            await page.evaluate(f"location.hash = '#/{screen}'")
            await expect(page.get_by_role("heading").first).to_be_visible()
            await expect(page.locator(".loading")).to_have_count(0)
            for width in (320, 390, 430):
                await page.set_viewport_size({"width": width, "height": 700})
                assert not await sideways(page), (width, screen)
