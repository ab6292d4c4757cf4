"""Somebody trades on the page inside Telegram, and what they see is what the exchange knows."""

import asyncio
import re

from playwright.async_api import Browser, Page, Route, expect

from tests.page.conftest import BOSS, Exchange
from tests.page.phone import DARK, LIGHT, last_told, launch, phone, told
from tests.support.server import call


async def at_the_desk(page: Page, exchange: Exchange, user_id: int) -> None:
    await page.goto(f"{exchange.url}/#{launch(exchange, user_id)}")
    await page.get_by_role("link", name="Trade").click()
    await expect(page.get_by_label("Offers to sell").get_by_role("button").first).to_be_visible()
    share = page.get_by_role("group", name="Part of what is available").get_by_role("button").first
    await expect(share).to_be_enabled()  # so they are signed in, and know what they have


async def press_main_button(page: Page) -> None:
    await page.evaluate("emit('main_button_pressed', {})")


async def test_the_book_moves_and_a_tap_on_it_fills_the_price(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "0.5", "50010.00")
    exchange.order("buy", "0.5", "49990.00")
    async with phone(browser, telegram=DARK) as page:
        await at_the_desk(page, exchange, 10)
        asks = page.get_by_label("Offers to sell")
        await expect(asks.get_by_role("button")).to_have_count(1)
        await expect(page.get_by_text("Spread 20.00")).to_be_visible()
        exchange.order("sell", "0.25", "50005.00")
        await expect(asks.get_by_role("button")).to_have_text(["50,010.000.5000", "50,005.000.2500"])
        await expect(page.get_by_text("Spread 15.00")).to_be_visible()
        await asks.get_by_role("button").last.click()
        await expect(page.get_by_label("Price", exact=True)).to_have_value("50005.00")
        await page.get_by_label("Price step").select_option("10")
        await expect(asks.get_by_role("button")).to_have_text(["50,010.000.5000", "50,005.000.2500"])
        await page.get_by_label("Price step").select_option("1000")
        await expect(asks.get_by_role("button")).to_have_text(["50,010.000.7500"])
        exchange.clear()
        await expect(page.get_by_text("Nobody offers anything now.")).to_be_visible()


async def test_an_order_is_placed_partly_filled_and_cancelled(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "1", "50010.00")
    exchange.fund(11, USDT="10000")
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await answered.wait()
        await route.fulfill(response=answer)

    async with phone(browser, telegram=DARK) as page:
        await at_the_desk(page, exchange, 11)
        await page.get_by_label("Price", exact=True).fill("49000")
        await page.get_by_label("Amount", exact=True).fill("0,1")  # a comma is as good
        await page.route("**/api/trading/orders", late)
        await expect(page.get_by_text("4,900.00 USDT")).to_be_visible()
        await expect(page.get_by_text("≈ 0.00005 BTC")).to_be_visible()  # the maker's fee, of what is received
        await press_main_button(page)
        mine = page.get_by_label("Your orders")
        await expect(mine.get_by_role("button", name=re.compile("^Cancel order"))).to_be_visible()  # by the stream
        await expect(mine.get_by_text("0 / 0.1 BTC")).to_have_count(1)
        answered.set()
        exchange.order("sell", "0.04", "49000.00")
        await expect(mine.get_by_text("0.04 / 0.1 BTC")).to_be_visible()
        await expect(page.get_by_text("Bought 0.04 BTC at 49,000.00 USDT.")).to_be_visible()
        await mine.get_by_role("button", name=re.compile("^Cancel order")).click()
        await expect(mine.get_by_text("You have no open orders in this market.")).to_be_visible()
        await mine.get_by_role("button", name="History").click()
        await expect(mine.get_by_text("Cancelled", exact=True)).to_be_visible()
        await mine.get_by_role("button", name="Trades").click()
        await expect(mine.locator("[data-state]")).to_have_count(1)
        (order,) = exchange.orders_of(11)
        assert (order["status"], order["filled_quantity"]) == ("canceled", "0.0400")


async def test_a_double_tap_sends_one_order(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "1", "50010.00")
    exchange.fund(12, USDT="10000")
    async with phone(browser, telegram=DARK) as page:
        await at_the_desk(page, exchange, 12)
        await page.get_by_label("Price", exact=True).fill("48000")
        await page.get_by_label("Amount", exact=True).fill("0.01")
        await page.evaluate(
            "for (let i = 0; i < 5; i++) window.Telegram.WebView.receiveEvent('main_button_pressed', {})"
        )
        await expect(page.get_by_role("button", name="Open (1)")).to_be_visible()
        await expect(page.get_by_label("Amount", exact=True)).to_have_value("")
        assert len(exchange.orders_of(12)) == 1


async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_bought_twice(
    browser: Browser, exchange: Exchange
) -> None:
    exchange.order("sell", "1", "50010.00")
    exchange.fund(13, USDT="10000")
    async with phone(browser, telegram=DARK, bears=("ERR_CONNECTION",)) as page:
        await at_the_desk(page, exchange, 13)
        lost = 0

        async def lose_the_first(route: Route) -> None:
            nonlocal lost
            lost += 1
            if lost == 1:
                await route.fetch()  # the order arrives, its answer does not
                await route.abort("connectionreset")
            else:
                await route.continue_()

        await page.route("**/api/trading/orders", lose_the_first)
        await page.get_by_label("Price", exact=True).fill("48000")
        await page.get_by_label("Amount", exact=True).fill("0.01")
        await press_main_button(page)
        await expect(page.get_by_label("Amount", exact=True)).to_have_value("")
        assert lost == 2
        assert len(exchange.orders_of(13)) == 1


async def test_a_market_order_is_asked_about_and_spends_what_was_chosen(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "0.01", "50000.00")
    exchange.order("sell", "1", "51000.00")
    exchange.fund(14, USDT="2000")
    async with phone(browser, telegram=DARK) as page:
        await at_the_desk(page, exchange, 14)
        await page.get_by_role("button", name="Market", exact=True).click()
        await page.get_by_role("button", name=re.compile("^50.%")).click()
        await expect(page.get_by_label("Amount", exact=True)).to_have_value("1000")
        await press_main_button(page)
        question = page.get_by_role("dialog")
        await expect(question.get_by_role("heading", name="Buy ≈ 0.0198 BTC?")).to_be_visible()
        await expect(question.get_by_text("≈ 0.98 %")).to_be_visible()  # 0.01 at 50,000 and 0.0098 at 51,000
        await question.get_by_role("button", name="Buy BTC").click()
        await expect(page.get_by_text(re.compile("Bought 0.0198 BTC"))).to_be_visible()
        (order,) = exchange.orders_of(14)
        assert (order["filled_quantity"], order["filled_quote_quantity"]) == ("0.0198", "999.800000")


async def test_what_is_wrong_is_said_at_its_field(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "1", "50010.00")
    exchange.fund(15, USDT="100")
    async with phone(browser, telegram=DARK) as page:
        await at_the_desk(page, exchange, 15)
        price, amount = page.get_by_label("Price", exact=True), page.get_by_label("Amount", exact=True)
        await press_main_button(page)
        await expect(page.locator("#amount-word")).to_have_text("Say how much.")
        await price.fill("50,000")
        await amount.fill("1.5")
        await press_main_button(page)
        await expect(page.locator("#price-word")).to_contain_text("thousands")
        await price.fill("50000.019")
        await amount.fill("0.00015")
        await amount.blur()
        await expect(price).to_have_value("50000.01")
        await expect(amount).to_have_value("0.0001")
        await expect(page.locator("#amount-word")).to_have_text("Rounded to the market's step of 0.0001.")
        await amount.fill("1")
        await press_main_button(page)
        await expect(page.locator("#amount-word")).to_have_text("You have 100 USDT available.")
        await page.get_by_role("button", name="Post-only").click()
        await price.fill("50010")
        await amount.fill("0.001")
        await press_main_button(page)
        await expect(page.locator("#price-word")).to_be_visible()  # the server's word: it would take
        assert exchange.orders_of(15) == []


async def test_all_orders_are_cancelled_after_a_question(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "1", "50010.00")
    exchange.fund(16, USDT="1000")
    token = exchange.sign_in(16)
    for price in ("40000.00", "41000.00"):
        body = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": price, "quantity": "0.01"}
        assert call("POST", f"{exchange.url}/api/trading/orders", body, token).status == 201
    async with phone(browser, telegram=DARK) as page:
        await at_the_desk(page, exchange, 16)
        await page.get_by_role("button", name="Cancel all").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel them").click()
        await expect(page.get_by_text("You have no open orders in this market.")).to_be_visible()
        assert {each["status"] for each in exchange.orders_of(16)} == {"canceled"}


async def test_the_page_behaves_as_telegram_wants_it(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "1", "50010.00")
    async with phone(browser, telegram=DARK) as page:
        await at_the_desk(page, exchange, 17)
        assert len(await told(page, "web_app_ready")) == len(await told(page, "web_app_expand")) == 1
        assert await told(page, "web_app_setup_swipe_behavior") == [{"allow_vertical_swipe": False}]
        await last_told(page, "web_app_set_header_color", {"color": DARK["bg_color"]})
        body = "getComputedStyle(document.body).backgroundColor"
        assert await page.evaluate(body) == "rgb(24, 34, 45)"
        button = (await told(page, "web_app_setup_main_button"))[-1]
        assert (button["text"], button["is_active"]) == ("Buy BTC", True)
        await expect(page.get_by_role("button", name="Buy BTC")).to_have_count(0)  # Telegram has the button
        await last_told(page, "web_app_setup_closing_behavior", {"need_confirmation": False})
        await page.get_by_label("Amount", exact=True).fill("1")
        await last_told(page, "web_app_setup_closing_behavior", {"need_confirmation": True})
        await page.evaluate(f"emit('theme_changed', {{theme_params: {LIGHT}}})")
        await page.wait_for_function(f"() => {body} === 'rgb(255, 255, 255)'")
        await last_told(page, "web_app_set_header_color", {"color": "#ffffff"})
        await page.get_by_role("link", name="Portfolio").click()
        await expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()
        await last_told(page, "web_app_setup_main_button", {"is_visible": False})
        await last_told(page, "web_app_setup_back_button", {"is_visible": False})
        await page.get_by_role("link", name="Ledger").click()
        await page.wait_for_function(
            "() => told.at(-1)[0] === 'web_app_setup_back_button' && told.at(-1)[1].is_visible"
        )
        await page.evaluate("emit('back_button_pressed', {})")
        await expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()


async def test_a_market_that_takes_no_orders_says_so_at_once_and_trades_again(
    browser: Browser, exchange: Exchange
) -> None:
    exchange.fund(23, USDT="1000")
    resting = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "40000.00", "quantity": "0.001"}
    assert call("POST", f"{exchange.url}/api/trading/orders", resting, exchange.sign_in(23)).status == 201
    exchange.order("sell", "0.5", "50010.00")
    boss = exchange.sign_in(BOSS)

    def switch(what: str) -> None:
        assert call("POST", f"{exchange.url}/api/admin/markets/BTCUSDT/{what}", token=boss).status == 204

    try:
        async with phone(browser, telegram=DARK) as page:
            await at_the_desk(page, exchange, 23)
            closed = page.locator(".halted")
            cancel = page.get_by_role("button", name=re.compile("^Cancel order"))
            await expect(closed).to_have_count(0)
            switch("cancel-only")
            await expect(
                page.get_by_text("This market takes no new orders now. Yours can be cancelled.")
            ).to_be_visible()
            await expect(page.locator(".market-head .closed")).to_have_text("cancel-only")
            await last_told(page, "web_app_setup_main_button", {"is_visible": False})
            await expect(cancel).to_be_enabled()
            switch("halt")
            await expect(page.locator(".market-head .closed")).to_have_text("halted")
            await expect(page.get_by_text("This market is halted: orders can neither be placed")).to_be_visible()
            await expect(cancel).to_be_disabled()
            switch("resume")
            await expect(page.locator(".halted, .closed")).to_have_count(0)
            await cancel.click()
            await expect(cancel).to_have_count(0)
    finally:
        switch("resume")
