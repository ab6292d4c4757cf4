"""The operators' page: administrators see and switch, everybody else sees one sentence."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect

from tests.page.conftest import PATIENCE_S, Exchange
from tests.page.operating import SCREENS, SECOND, differ, enter, fail_to_settle, operated, show, withdraw
from tests.page.phone import DARK, LIGHT, barriers, phone, sideways
from tests.support.server import call
from tests.support.wallet import Wallet

WIDE = {"width": 1440, "height": 900}
SMALL = {"width": 320, "height": 640}
LISTED = "**/api/admin/withdrawals"


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    served = operated(Path(tmp_path_factory.mktemp("operated")) / "var")
    yield served
    served.kill()


async def until_bids(staffed: Exchange, symbol: str, *, any_: bool) -> None:
    """Wait until a book has bids, or none."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if bool(call("GET", f"{staffed.url}/api/markets/{symbol}/depth").body["bids"]) is any_:
                return
            await asyncio.sleep(0.05)


async def quoted(page: Page, symbol: str) -> None:
    await expect(page.locator(f"[data-market={symbol}]")).to_have_attribute("data-well", "yes")


async def test_who_is_no_administrator_sees_one_sentence_and_no_figure(browser: Browser, staffed: Exchange) -> None:
    async with phone(browser, telegram=DARK) as page:
        answers: list[tuple[str, int]] = []
        page.on("response", lambda answer: answers.append((answer.url, answer.status)))
        await enter(page, staffed, 5)
        await expect(page.get_by_text("This page is for administrators, and your account is none.")).to_be_visible()
        for screen in SCREENS:
            await page.evaluate(f"location.hash = '#/{screen}'")
            await expect(page.locator(".panel")).to_have_count(1)
            await expect(page.locator(".panel")).to_contain_text("This page is for administrators")
        assert {status for url, status in answers if "/api/admin/" in url} == {403}
        assert await barriers(page) == []
    async with phone(browser) as page:
        await page.goto(f"{staffed.url}/admin#/money")
        await expect(page.get_by_text("This page is for those who run the exchange.")).to_be_visible()
        await expect(page.locator("nav")).to_have_count(0)
        assert await barriers(page) == []


async def test_a_market_is_paused_with_a_reason_and_resumed_and_both_are_in_the_log(
    browser: Browser, staffed: Exchange
) -> None:
    async with phone(browser, telegram=DARK) as page:
        await enter(page, staffed)
        await show(page, "markets")
        await quoted(page, "ETHUSDT")
        await page.get_by_role("button", name="Pause ETHUSDT").click()
        asking = page.get_by_role("dialog", name="Pause ETHUSDT")
        await expect(asking).to_contain_text("quotes in ETHUSDT are taken back at once")
        await expect(asking).to_contain_text("resting orders stay on the book")
        await asking.get_by_role("button", name="Pause", exact=True).click()
        await expect(asking.get_by_text("Say why.")).to_be_visible()
        await until_bids(staffed, "ETHUSDT", any_=True)
        await asking.get_by_label("Reason").fill("the venue lies")
        await asking.get_by_role("button", name="Pause", exact=True).click()
        market = page.locator("[data-market=ETHUSDT]")
        await expect(market.get_by_text("the venue lies")).to_be_visible()
        await expect(market).to_have_attribute("data-well", "no")
        await until_bids(staffed, "ETHUSDT", any_=False)
        await until_bids(staffed, "BTCUSDT", any_=True)
        await show(page, "glance")
        assert "Market maker" in await page.locator(".verdict-line").inner_text()

        await show(page, "markets")
        await page.get_by_role("button", name="Resume ETHUSDT").click()
        await page.get_by_role("dialog").get_by_role("button", name="Resume", exact=True).click()
        await quoted(page, "ETHUSDT")
        await show(page, "log")
        acts = page.locator(".log li")
        await expect(acts.nth(0)).to_contain_text("Resumed quotes · ETHUSDT")
        await expect(acts.nth(1)).to_contain_text("Paused quotes · ETHUSDT")
        await expect(acts.nth(1)).to_contain_text("(you) · 127.0.0.1")
        await page.get_by_label("Only").select_option("Resumed quotes")
        await expect(acts).to_have_count(1)
        await page.get_by_label("Only").select_option("Signed out")
        await expect(page.get_by_text("Nobody has done such a thing.")).to_be_visible()


async def test_a_market_is_halted_after_a_question_and_trades_again(browser: Browser, staffed: Exchange) -> None:
    async with phone(browser, telegram=DARK) as page:
        await enter(page, staffed)
        await show(page, "markets")
        market = page.locator("[data-state-of=ETHUSDT]")
        await expect(market).to_have_attribute("data-well", "yes")
        await page.get_by_role("button", name="Halt: ETHUSDT").click()
        asking = page.get_by_role("dialog", name="Halt: ETHUSDT")
        await expect(asking).to_contain_text("no order is taken, changed or cancelled")
        await asking.get_by_role("button", name="Halt", exact=True).click()
        await expect(market).to_contain_text("halted")
        await expect(page.get_by_role("button", name="Halt: ETHUSDT")).to_have_count(0)
        await until_bids(staffed, "ETHUSDT", any_=False)
        await until_bids(staffed, "BTCUSDT", any_=True)
        await show(page, "glance")
        assert "Trading" in await page.locator(".verdict-line").inner_text()
        await show(page, "markets")
        for what, state in (("Cancel-only", "cancel-only"), ("Trade", "trading")):
            await page.get_by_role("button", name=f"{what}: All markets").click()
            await page.get_by_role("dialog").get_by_role("button", name=what, exact=True).click()
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await expect(page.locator("[data-state-of=BTCUSDT] .state")).to_contain_text(state)
        await expect(market).to_have_attribute("data-well", "yes")
        await quoted(page, "ETHUSDT")
        await show(page, "log")
        acts = page.locator(".log li")
        for place, said in enumerate(("Let trade · All markets", "Made cancel-only · All markets", "Halted · ETHUSDT")):
            await expect(acts.nth(place)).to_contain_text(said)


async def test_a_large_withdrawal_takes_two_and_ones_own_yes_counts_once(browser: Browser, staffed: Exchange) -> None:
    number, own = withdraw(staffed, 60, "250"), withdraw(staffed, SECOND, "300")
    one, mine = f"[data-withdrawal='{number}']", f"[data-withdrawal='{own}']"
    async with phone(browser, telegram=DARK) as page:
        await enter(page, staffed)
        await show(page, "money")
        await expect(page.locator(one)).to_contain_text("0 of 2")
        await page.locator(one).get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("dialog")).to_contain_text("A second administrator has to agree after you.")
        await page.get_by_role("dialog").get_by_role("button", name="Approve").click()
        await expect(page.locator(one)).to_contain_text("1 of 2: you")
        await expect(page.locator(one)).to_contain_text("Your yes counts once")
        await expect(page.locator(one).get_by_role("button", name="Approve")).to_have_count(0)
        await expect(page.locator(mine).get_by_role("button", name="Approve")).to_be_visible()
    async with phone(browser, wallet=Wallet(seed=SECOND), bears=("ERR_FAILED",)) as page:
        await page.goto(f"{staffed.url}/admin")
        await page.get_by_role("button", name="Test Wallet").click()
        await show(page, "money")
        await expect(page.locator(mine)).to_contain_text("It is your own")
        await expect(page.locator(mine).get_by_role("button", name="Approve")).to_have_count(0)
        await page.locator(one).get_by_role("button", name="Approve").click()
        asking = page.get_by_role("dialog")
        await expect(asking).to_contain_text("Yours is the last yes that it needs")
        await page.route(LISTED, lambda route: route.abort())  # so that what is shown stays as it is
        elsewhere = call("POST", f"{staffed.url}/api/admin/withdrawals/{number}/approve", {}, staffed.sign_in(SECOND))
        assert elsewhere.status == 200  # the same person, faster in another window
        await asking.get_by_role("button", name="Approve").click()
        await expect(asking.get_by_role("alert")).to_contain_text(re.compile("once|does not wait"))
        await asking.get_by_role("button", name="Close").click()
        await page.unroute(LISTED)
        await page.locator(mine).get_by_role("button", name="Refuse").click()
        await expect(page.get_by_role("dialog")).to_contain_text("300 USDT of account")
        await page.get_by_role("dialog").get_by_role("button", name="Refuse").click()
        await expect(page.locator(mine)).to_have_count(0)
        await show(page, "log")
        await expect(page.locator(".log li").first).to_contain_text(f"Refused · withdrawal {own}")


async def test_a_difference_between_the_books_and_the_chain_is_named_and_cleared(
    browser: Browser, staffed: Exchange
) -> None:
    async with phone(browser, telegram=LIGHT) as page:
        await differ(page)
        await enter(page, staffed)
        await expect(page.locator("[data-part=books]")).to_contain_text("Withdrawals are stopped. Differences: 1")
        await show(page, "money")
        difference = page.locator("[data-difference=USDT]")
        for words in (
            "the vault on the chain · Account 12",
            "1,250 USDT",
            "1,249.999999 USDT",
            "\N{MINUS SIGN}0.000001 USDT",
        ):
            await expect(difference).to_contain_text(words)
        await page.get_by_role("button", name="Clear the differences").click()
        await expect(page.get_by_role("dialog")).to_contain_text("stops them again")
        await page.get_by_role("dialog").get_by_role("button", name="Clear").click()
        await expect(page.get_by_text("Cleared: withdrawals go on.")).to_be_visible()
        await show(page, "log")
        await expect(page.locator(".log li").first).to_contain_text("Cleared differences between books and chain")


async def test_a_trade_that_could_not_settle_is_tried_again(browser: Browser, staffed: Exchange) -> None:
    async with phone(browser, telegram=DARK) as page:
        await fail_to_settle(page)
        await enter(page, staffed)
        await show(page, "money")
        failures = page.locator("[data-part=failures]")
        await expect(failures).to_contain_text("the seller's vault is frozen")
        await failures.get_by_role("button", name="Try again: trade 4711").click()
        async with page.expect_request("**/api/admin/settlement/retry") as asked:
            await page.get_by_role("dialog").get_by_role("button", name="Try again", exact=True).click()
        assert (await asked.value).post_data_json == {"trades": [4711]}
        await expect(page.get_by_text("It is tried again.")).to_be_visible()
        await failures.get_by_role("button", name="Try again: all").click()
        async with page.expect_request("**/api/admin/settlement/retry") as asked:
            await page.get_by_role("dialog").get_by_role("button", name="Try again: all").click()
        assert (await asked.value).post_data_json == {}
        await show(page, "log")
        await expect(page.locator(".log li").first).to_contain_text("Tried failed trades again")


async def test_it_asks_again_by_itself_but_not_while_it_is_hidden(browser: Browser, staffed: Exchange) -> None:
    asked: list[Request] = []
    async with phone(browser, telegram=DARK) as page:
        await page.clock.install()
        page.on("request", lambda request: asked.append(request) if "/overview" in request.url else None)
        await enter(page, staffed)
        await expect(page.locator("[data-part=loop]")).to_be_visible()
        async with page.expect_response("**/api/admin/overview"):
            await page.clock.run_for(5_000)
        await page.evaluate(
            "Object.defineProperty(document, 'hidden', {get: () => window.isHidden, configurable: true});"
            "window.isHidden = true; document.dispatchEvent(new Event('visibilitychange'))"
        )
        before = len(asked)
        await page.clock.run_for(60_000)
        assert len(asked) == before
        async with page.expect_response("**/api/admin/overview"):
            await page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")


async def test_it_says_that_the_server_can_not_be_reached_and_how_old_the_figures_are(
    browser: Browser, staffed: Exchange
) -> None:
    async def nobody(route: Route) -> None:
        await route.abort("connectionrefused")

    async with phone(browser, telegram=DARK, bears=("ERR_CONNECTION",)) as page:
        await page.clock.install()
        await enter(page, staffed)
        await expect(page.get_by_text(re.compile("^As of "))).to_be_visible()
        await page.route("**/api/admin/**", nobody)
        await page.clock.run_for(20_000)
        told = page.get_by_role("alert")
        await expect(told).to_contain_text(re.compile(r"What you see is [2-9]\d s old\."))
        await expect(page.locator("[data-part=loop]")).to_be_visible()
        await page.unroute("**/api/admin/**", nobody)
        await page.clock.run_for(5_000)
        await expect(told).to_have_count(0)


@pytest.mark.parametrize(
    ("theme", "size"), [(DARK, SMALL), (LIGHT, SMALL), (None, WIDE)], ids=["dark", "light", "a wide window"]
)
async def test_no_screen_keeps_anybody_out_or_is_too_wide(
    browser: Browser, staffed: Exchange, theme: dict[str, str] | None, size: dict[str, int]
) -> None:
    withdraw(staffed, 61 + size["width"] + (theme is DARK), "150")
    async with phone(browser, telegram=theme, size=size) as page:
        await differ(page)
        await fail_to_settle(page)
        await enter(page, staffed, theme=theme or DARK)
        for screen in SCREENS:
            await show(page, screen)
            assert await barriers(page) == [], screen
            assert not await sideways(page), screen
        await show(page, "markets")
        await page.get_by_role("button", name="Pause all markets").press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.wait_for_function("() => !document.querySelector('dialog').getAnimations().length")
        assert await barriers(page) == []
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("button", name="Pause all markets")).to_be_focused()
