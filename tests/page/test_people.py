"""Who is on the page: by Telegram, by wallet, as a guest or as the demo person; and what they have there."""

import re

from playwright.async_api import Browser, Route, expect

from tests.page.conftest import Exchange
from tests.page.phone import DARK, launch, phone, told
from tests.support.server import call
from tests.support.wallet import Wallet


async def test_who_comes_from_telegram_is_signed_in_at_the_market_of_the_link(
    browser: Browser, exchange: Exchange
) -> None:
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{exchange.url}/?tgWebAppStartParam=ETHUSDT#{launch(exchange, 20)}")
        await expect(page.get_by_role("heading", name="ETH/USDT")).to_be_visible()
        assert "tgWebAppData" not in page.url
        await page.get_by_role("link", name="Account").click()
        await expect(page.locator("[data-name]")).to_have_text("Ada")
        await page.reload()
        await expect(page.locator("[data-name]")).to_have_text("Ada")
        kept = await page.evaluate("Object.values(localStorage).join()")
        assert "." not in kept
        assert len(kept) < 100  # no token


async def test_forged_launch_data_gives_a_guest_view(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "1", "50010.00")
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 21, forged=True)}")
        await expect(page.get_by_text("You look on as a guest.")).to_be_visible()
        await page.get_by_role("link", name="Trade").click()
        await expect(page.get_by_label("Offers to sell").get_by_role("button")).to_have_count(1)
        await expect(page.get_by_role("link", name="Sign in to trade")).to_be_visible()
        await expect(page.get_by_text("Sign in to see your orders.")).to_be_visible()
        assert [each for each in await told(page, "web_app_setup_main_button") if each["is_visible"]] == []
        await page.get_by_role("link", name="Portfolio").click()
        await expect(page.get_by_text("Sign in to see what you have.")).to_be_visible()


async def test_a_wallet_opens_an_account_and_stays_through_a_reload(browser: Browser, exchange: Exchange) -> None:
    wallet = Wallet(seed=22)
    async with phone(browser, wallet=wallet) as page:
        await page.goto(f"{exchange.url}/#/account")
        await page.evaluate("window.testKey.declines = true")
        await page.get_by_role("button", name="Test Wallet").click()
        await expect(page.get_by_text("You said no in your wallet.")).to_be_visible()
        await page.evaluate("window.testKey.declines = false")
        await page.get_by_role("button", name="Test Wallet").click()
        await expect(page.locator("[data-name]")).to_be_visible()
        await page.reload()
        await page.get_by_role("link", name="Wallets").click()
        await expect(page.get_by_text(f"{wallet.address[:5]}…{wallet.address[-5:]}")).to_be_visible()
        await page.get_by_role("button", name="Unlink").click()
        await page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
        await expect(page.get_by_role("log")).not_to_be_empty()  # it is the last door
        await page.get_by_role("button", name="Back").click()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("button", name="Test Wallet")).to_be_visible()


async def test_who_has_telegram_links_a_wallet_of_another_app_and_confirms_its_address(
    browser: Browser, exchange: Exchange
) -> None:
    wallet = Wallet(seed=23)
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 23)}")
        await page.get_by_role("link", name="Account").click()
        await page.get_by_role("link", name="Wallets").click()
        await page.get_by_role("button", name="Make a link").click()
        await page.get_by_role("button", name="Phantom").click()
        (opened,) = await told(page, "web_app_open_link")
        assert opened["url"].startswith("https://phantom.app/ul/browse/")
        (code,) = re.findall(r"wallet%23([\w-]+)", opened["url"])
        asked = call("POST", f"{exchange.url}/api/wallet-links/challenge", {"code": code, "address": wallet.address})
        proof = wallet.proof(asked.body["message"])
        assert call("POST", f"{exchange.url}/api/wallet-links/sign", {"code": code, **proof}).status == 200
        question = page.get_by_role("dialog")
        await expect(question.get_by_text(wallet.address)).to_be_visible()
        await question.get_by_role("button", name="Link it").click()
        await expect(page.get_by_text("The wallet is linked.")).to_be_visible()


async def test_the_demo_person_gets_play_money_and_sees_its_value_and_its_movement(
    browser: Browser, exchange: Exchange
) -> None:
    exchange.order("buy", "1", "50000.00")
    async with phone(browser) as page:
        await page.goto(f"{exchange.url}/#/account")
        await page.get_by_role("button", name="Go on as the demo person").click()
        await expect(page.locator("[data-name]")).to_have_text("Demo")
        await page.get_by_role("link", name="Portfolio").click()
        await page.get_by_role("main").get_by_role("link", name="Deposit", exact=True).first.click()
        await expect(page.get_by_role("alert")).to_be_visible()  # no deposits by Solana here
        await page.get_by_role("button", name="Get USDT").click()
        await expect(page.get_by_text("10,000 USDT arrived.")).to_be_visible()
        await page.get_by_role("button", name="BTC").click()
        await page.get_by_role("button", name="Get BTC").click()
        await expect(page.get_by_text("0.2 BTC arrived.")).to_be_visible()
        await page.get_by_role("button", name="Back").click()
        await expect(page.locator("[data-total]")).to_have_text("20,000.00")
        await page.get_by_role("link", name="Ledger").click()
        await expect(page.get_by_text("+0.2 BTC")).to_be_visible()


async def test_what_one_earned_is_counted_without_what_came_and_went(browser: Browser, exchange: Exchange) -> None:
    exchange.order("sell", "0.1", "50000.00")
    exchange.fund(27, USDT="10000")
    body = {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quantity": "0.1"}
    assert call("POST", f"{exchange.url}/api/trading/orders", body, exchange.sign_in(27)).status == 201
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 27)}")
        await page.get_by_role("link", name="Portfolio").click()
        lost = page.locator("[data-earned]")
        await expect(lost).to_have_text(re.compile("^▼.\N{MINUS SIGN}5.00 USDT$"))  # the fee of 0.1 %
        for span in ("Day", "Month"):
            await page.get_by_role("button", name=span).click()
            await expect(page.get_by_role("button", name=span)).to_have_attribute("aria-pressed", "true")
            await expect(lost).to_have_text(re.compile("5.00 USDT$"))
        await expect(page.get_by_role("img", name="Profit and loss")).to_be_visible()


async def test_language_and_colours_are_chosen_and_kept(browser: Browser, exchange: Exchange) -> None:
    async with phone(browser) as page:
        await page.goto(f"{exchange.url}/#/account")
        await page.get_by_role("button", name="Deutsch").click()
        await expect(page.get_by_role("heading", name="Konto")).to_be_visible()
        assert await page.evaluate("document.documentElement.lang") == "de"
        await page.get_by_role("button", name="Hell").click()
        assert await page.evaluate("document.documentElement.dataset.scheme") == "light"
        await page.reload()
        await expect(page.get_by_role("heading", name="Konto")).to_be_visible()
        assert await page.evaluate("document.documentElement.dataset.scheme") == "light"


async def test_an_api_key_is_made_and_its_secret_shown_once(browser: Browser, exchange: Exchange) -> None:
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 25)}")
        await page.get_by_role("link", name="Account").click()
        await page.get_by_role("link", name="API keys").click()
        await page.get_by_role("button", name="Make a key").click()
        await page.get_by_label("Name").fill("my bot")
        await page.get_by_label("trade").check()
        await page.get_by_role("dialog").get_by_role("button", name="Make a key").click()
        await expect(page.get_by_text("The secret is shown this once.")).to_be_visible()
        await page.get_by_role("button", name="Close").click()
        await expect(page.get_by_text("read, trade")).to_be_visible()
        await page.get_by_role("button", name="End", exact=True).click()
        await page.get_by_role("dialog").get_by_role("button", name="End").click()
        await expect(page.get_by_text("No program acts for you.")).to_be_visible()


async def test_what_the_bot_tells_is_chosen_and_stays_so_and_a_refused_choice_is_taken_back(
    browser: Browser, exchange: Exchange
) -> None:
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{exchange.url}/#{launch(exchange, 27)}")
        await page.get_by_role("link", name="Account").click()
        await page.get_by_role("link", name="Notifications").click()
        fills, sign_ins = (page.get_by_role("group", name=name, exact=True) for name in ("Fills", "Sign-ins"))
        await expect(page.locator("[data-value=on][aria-pressed=true]")).to_have_count(7)
        for level in ("Off", "On", "Silent"):  # sent one after the other, the last one counts
            await fills.get_by_role("button", name=level).click()
        async with page.expect_response(lambda answer: "sign_ins" in (answer.request.post_data or "")):
            await sign_ins.get_by_role("button", name="Off").click()
        await expect(page.locator("[data-value=on][aria-pressed=true]")).to_have_count(5)
        token = exchange.sign_in(27)

        def levels() -> dict[str, str]:
            told = call("GET", f"{exchange.url}/api/account/notifications", token=token).body["notifications"]
            return {kind: level for kind, level in told.items() if level != "on"}

        await page.reload()
        await expect(fills.get_by_role("button", name="Silent")).to_have_attribute("aria-pressed", "true")
        await expect(sign_ins.get_by_role("button", name="Off")).to_have_attribute("aria-pressed", "true")
        assert levels() == {"fills": "silent", "sign_ins": "off"}

        async def refuse(route: Route) -> None:
            problem = {"error": {"code": "busy", "message": "Not now.", "details": {}}}
            if route.request.method == "PUT":
                await route.fulfill(status=429, json=problem)
            else:
                await route.continue_()

        await page.route("**/api/account/notifications", refuse)
        await fills.get_by_role("button", name="Off").click()
        await expect(page.get_by_role("log")).not_to_be_empty()
        await expect(fills.get_by_role("button", name="Silent")).to_have_attribute("aria-pressed", "true")
        assert levels() == {"fills": "silent", "sign_ins": "off"}
