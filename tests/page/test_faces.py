"""What the page shows when something is not as it should be: halted, offline, out of step; and files that it saves."""

import asyncio
import json
import zlib
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect

from tests.page.conftest import Exchange
from tests.page.phone import DARK, barriers, launch, phone
from tests.page.test_trading import at_the_desk, press_main_button
from tests.support.server import call

SOURCES = Path(__file__).parents[2] / "webapp_api/miniapp"


async def of_source(page: Page, exchange: Exchange, module: str, expression: str) -> Any:
    """Return what an expression of `it`, a module as it is in the repository, comes to in the browser."""

    async def give(route: Route) -> None:
        path = SOURCES / route.request.url.split("/src/")[1]
        await route.fulfill(body=path.read_text(), content_type="text/javascript")

    await page.route("**/src/**", give)
    await page.goto(f"{exchange.url}/#/markets")
    return await page.evaluate(f"import('/src/{module}').then(it => ({expression}))")


async def test_who_is_offline_is_told_so_until_the_connection_is_back(browser: Browser, exchange: Exchange) -> None:
    async with phone(browser, telegram=DARK, bears=("ERR_INTERNET_DISCONNECTED", "WebSocket")) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 70)}")
        await expect(page.get_by_role("heading", name="Markets")).to_be_visible()
        await page.context.set_offline(True)
        await expect(page.get_by_text("You are offline.")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.get_by_text("You are offline.")).to_be_hidden()


async def test_a_book_that_is_not_the_exchanges_is_asked_for_again(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "0.5", "50010.00")
    asked: list[dict[str, Any]] = []
    sums = iter((zlib.crc32(b"49000.00:0.1000,50010.00:0.5000"), 1))

    def between(page_side: WebSocketRoute) -> None:
        server = page_side.connect_to_server()

        def to_server(message: str | bytes) -> None:
            asked.append(json.loads(message))
            server.send(message)

        def to_page(message: str | bytes) -> None:
            said = json.loads(message)
            if said.get("channel") == "depth:BTCUSDT" and said["type"] == "update":
                said["data"]["checksum"] = next(sums)
            page_side.send(json.dumps(said))

        page_side.on_message(to_server)
        server.on_message(to_page)

    def asks() -> int:
        return sum("depth:BTCUSDT" in each.get("channels", ()) for each in asked if each["op"] == "subscribe")

    async with phone(browser) as page:
        await page.route_web_socket("**/api/ws", between)
        await page.goto(f"{exchange.url}/#/trade/BTCUSDT")
        await expect(page.get_by_label("Offers to sell").get_by_role("button")).to_have_count(1)
        exchange.order("buy", "0.1", "49000.00")
        bids = page.get_by_label("Offers to buy").get_by_role("button")
        await expect(bids).to_have_text(["49,000.000.1000"])
        assert asks() == 1  # the sum is that of the page's book
        exchange.order("buy", "0.2", "48000.00")
        await expect(bids).to_have_text(["49,000.000.1000", "48,000.000.2000"])
        assert asks() == 2  # it is not, so the book comes anew


async def test_silent_intervals_of_the_chart_are_flat(browser: Browser, exchange: Exchange) -> None:
    async with phone(browser) as page:
        drawn = await of_source(
            page,
            exchange,
            "trade/candles.js",
            """(() => {
              const bars = [];
              const kept = new it.Candles('X', '1m', {
                prices: { update: bar => bars.push(bar), setData() {} }, volume: { update() {}, setData() {} },
              }, () => ({ up: '', down: '' }));
              const candle = { open: '1', high: '3', low: '1', close: '2', volume: '5', reference: false };
              kept.take({ ...candle, begin_at: 60_000 });
              kept.take({ ...candle, begin_at: 240_000 });
              return bars.map(({ time, open, high, low, close }) => [time, open, high, low, close]);
            })()""",
        )
    assert drawn == [[60, 1, 3, 1, 2], [120, 2, 2, 2, 2], [180, 2, 2, 2, 2], [240, 1, 3, 1, 2]]


async def test_what_has_not_moved_points_nowhere(browser: Browser, exchange: Exchange) -> None:
    ways = {"0.00": "flat", "0.004": "flat", "-0.004": "flat", "0.01": "up", "-1.2": "down"}
    async with phone(browser) as page:
        said = f"Object.keys({json.dumps(ways)}).map(it.direction)"
        assert await of_source(page, exchange, "lib/decimal.js", said) == list(ways.values())


async def test_what_one_traded_is_saved_as_a_file_for_spreadsheets(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "1", "50010.00")
    exchange.fund(71, USDT="1000")
    body = {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quantity": "0.01"}
    assert call("POST", f"{exchange.url}/api/trading/orders", body, exchange.sign_in(71)).status == 201
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 71)}")
        await page.get_by_role("link", name="Portfolio").click()
        await page.get_by_role("link", name="Export").click()
        for what in ("trades", "orders"):
            await page.get_by_role("button", name=what.capitalize(), exact=True).click()
            async with page.expect_download() as saving:
                await page.get_by_role("button", name="Save the file").click()
            saved = await saving.value
            assert saved.suggested_filename == f"clobster-{what}.csv"
            lines = (await asyncio.to_thread((await saved.path()).read_text)).splitlines()
            assert len(lines) == 2
            assert "BTCUSDT" in lines[1]


async def test_an_order_made_smaller_keeps_its_place_and_any_other_change_places_a_new_one(
    browser: Browser, exchange: Exchange
) -> None:
    exchange.order("sell", "1", "50010.00")
    exchange.fund(72, USDT="10000")
    async with phone(browser, telegram=DARK) as page:
        await at_the_desk(page, exchange, 72)
        await page.get_by_label("Price", exact=True).fill("48000")
        await page.get_by_label("Amount", exact=True).fill("0.1")
        await press_main_button(page)
        mine = page.get_by_label("Your orders")
        await expect(mine.get_by_text("0 / 0.1 BTC")).to_be_visible()
        (first,) = exchange.orders_of(72)
        sheet = page.get_by_role("dialog")
        await mine.get_by_role("button", name="Change order").click()
        await sheet.get_by_label("Amount").fill("0.04")
        await expect(sheet.get_by_text("keeps its place in the queue")).to_be_visible()
        assert await barriers(page) == []
        await sheet.get_by_role("button", name="Change", exact=True).click()
        await expect(mine.get_by_text("0 / 0.04 BTC")).to_be_visible()
        (smaller,) = exchange.orders_of(72)
        assert (smaller["id"], smaller["quantity"]) == (first["id"], "0.0400")
        exchange.order("sell", "0.01", "48000.00")
        await expect(mine.get_by_text("0.01 / 0.04 BTC")).to_be_visible()
        await mine.get_by_role("button", name="Change order").click()
        await sheet.get_by_label("Amount").fill("0.01")
        await sheet.get_by_role("button", name="Change", exact=True).click()
        await expect(sheet.get_by_text("0.01 BTC have traded already")).to_be_visible()
        await sheet.get_by_label("Amount").fill("0.05")
        await sheet.get_by_label("Price").fill("47000")
        await expect(sheet.get_by_text("cancels the order and places a new one")).to_be_visible()
        await sheet.get_by_role("button", name="Change", exact=True).click()
        await expect(mine.get_by_text("0 / 0.04 BTC")).to_be_visible()
        newest, oldest = exchange.orders_of(72)
        assert (newest["status"], newest["price"], newest["quantity"]) == ("new", "47000.00", "0.0400")
        assert (oldest["id"], oldest["status"], oldest["filled_quantity"]) == (first["id"], "canceled", "0.0100")


DRAWN = """(async () => {
    const drawn = [], series = { setData: all => drawn.push(all.length), update: () => drawn.push(1) };
    const of = () => new it.Candles('BTCUSDT', '15m', { prices: series, volume: series }, () => ({ up: '', down: '' }));
    const shown = of(), left = of(), asked = [shown.newest(), left.newest()];
    left.end();
    await Promise.all(asked);
    return drawn;
})()"""


async def test_candles_that_come_when_one_has_left_are_drawn_nowhere(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "0.01", "50010.00")
    token, taking = exchange.sign_in(75), {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quantity": "0.01"}
    exchange.fund(75, USDT="1000")
    assert call("POST", f"{exchange.url}/api/trading/orders", taking, token).status == 201
    async with phone(browser) as page:
        assert await of_source(page, exchange, "trade/candles.js", DRAWN) == [1, 1]  # a price and a volume, once
