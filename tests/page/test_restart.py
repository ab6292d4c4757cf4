"""The server dies while somebody looks: the page says so, and goes on by itself when it is back."""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, expect

from tests.page.conftest import Exchange
from tests.page.phone import DARK, launch, phone

BROKEN = ("ERR_CONNECTION", "WebSocket", "ERR_EMPTY_RESPONSE")


async def test_the_page_recovers_by_itself(browser: Browser, tmp_path: Path) -> None:
    exchange = Exchange(tmp_path / "var").open()
    try:
        exchange.fund(30, USDT="1000")
        exchange.order("sell", "0.5", "50010.00")
        async with phone(browser, telegram=DARK, bears=BROKEN) as page:
            await page.goto(f"{exchange.url}/?tgWebAppStartParam=BTCUSDT#{launch(exchange, 30)}")
            asks = page.get_by_label("Offers to sell").get_by_role("button")
            await expect(asks).to_have_text(["50,010.000.5000"])
            port = urlsplit(exchange.url).port
            assert port is not None
            exchange.kill()
            await expect(page.get_by_text("The exchange does not answer.")).to_be_visible()
            exchange.start(port=port)
            exchange.order("sell", "0.25", "50020.00")
            await expect(asks).to_have_text(["50,020.000.2500", "50,010.000.5000"])
            await expect(page.get_by_text("The exchange does not answer.")).to_be_hidden()
            # The kill may have come before the sign-in was answered.
            await expect(page.get_by_text("1,000.00 USDT", exact=True)).to_be_visible()
            await page.get_by_label("Price", exact=True).fill("40000")
            await page.get_by_label("Amount", exact=True).fill("0.01")
            await page.evaluate("emit('main_button_pressed', {})")
            await expect(page.get_by_text("0 / 0.01 BTC")).to_be_visible()
    finally:
        exchange.kill()
