"""Money comes and goes by the localnet, and the page shows how far it is."""

import re
from urllib.parse import parse_qs, urlsplit

import msgspec
from playwright.async_api import Browser, Page, Route, expect
from solders.keypair import Keypair

from data.solana.localnet.faults import Fault, Heal, HoldFinality
from tests.page.conftest import Exchange
from tests.page.phone import DARK, barriers, last_told, launch, phone, sideways, told
from tests.support.server import call
from tests.support.wallet import Wallet

SOMEWHERE = str(Keypair.from_seed(b"s" * 32).pubkey())
OF_ETHEREUM = "0x52908400098527886E0F7030069857D2E4169EE7"


def inflict(exchange: Exchange, fault: Fault) -> None:
    """Let something happen on the exchange's localnet, whose address its links to the explorer name."""
    token = exchange.sign_in(2)
    [deposit, *_] = call("GET", f"{exchange.url}/api/portfolio/deposits", token=token).body["deposits"]
    [url] = parse_qs(urlsplit(deposit["explorer"]).query)["customUrl"]
    assert call("POST", f"{url}/control", msgspec.to_builtins(fault)).status == 200


def link_wallet(exchange: Exchange, telegram_id: int) -> None:
    """Give somebody a wallet, without which nobody can confirm."""
    wallet, token = Wallet(seed=telegram_id), exchange.sign_in(telegram_id)
    text = call("POST", f"{exchange.url}/api/auth/solana/challenge", {"address": wallet.address}, token).body
    linked = call("POST", f"{exchange.url}/api/account/wallets", wallet.proof(text["message"]), token)
    assert linked.status == 200


async def ask(page: Page, amount: str, address: str = SOMEWHERE) -> None:
    await page.get_by_label("To this address on Solana").fill(address)
    await page.get_by_label("Amount", exact=True).fill(amount)
    await page.get_by_role("button", name="Go on").click()


async def test_a_deposit_arrives_by_the_chain_and_can_be_looked_at_there(browser: Browser, on_chain: Exchange) -> None:
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{on_chain.url}/#{launch(on_chain, 60)}")
        await page.get_by_role("link", name="Portfolio").click()
        await page.get_by_role("link", name="Deposit", exact=True).click()
        await expect(page.locator("[data-address]")).to_have_text(re.compile("^[1-9A-HJ-NP-Za-km-z]{32,44}$"))
        picture = page.get_by_role("img", name="The address as a QR code")
        await page.wait_for_function("image => image.naturalWidth > 0", arg=await picture.element_handle())
        inflict(on_chain, HoldFinality())
        await page.get_by_role("button", name="Get USDT").click()
        on_its_way = page.get_by_label("On its way")
        await expect(on_its_way.get_by_text("+10,000 USDT")).to_be_visible()
        await expect(on_its_way.get_by_text(re.compile("^3 of 3 confirmations$"))).to_be_visible()
        inflict(on_chain, Heal())
        await expect(on_its_way.locator("[data-arriving=credited]")).to_have_count(1)
        await expect(page.get_by_text("10,000 USDT arrived.")).to_be_visible()
        await page.evaluate("location.hash = '#/portfolio/deposits'")
        await expect(page.get_by_text("+10,000 USDT")).to_be_visible()
        await page.get_by_role("button", name="See it on the Solana explorer").click()
        (opened,) = await told(page, "web_app_open_link")
        assert opened["url"].startswith("https://explorer.solana.com/tx/")


async def test_a_withdrawal_is_shown_whole_confirmed_by_a_wallet_and_taken_back(
    browser: Browser, on_chain: Exchange
) -> None:
    sent: list[str] = []

    async def lose_the_first_answer(route: Route) -> None:
        sent.append(route.request.headers["idempotency-key"])
        if len(sent) == 1:
            await route.fetch()  # the request arrives, its answer does not
            await route.abort("connectionreset")
        else:
            await route.continue_()

    async with phone(browser, wallet=Wallet(seed=61), bears=("ERR_CONNECTION",)) as page:
        await page.goto(f"{on_chain.url}/#/account")
        await page.get_by_role("button", name="Test Wallet").click()
        await expect(page.locator("[data-name]")).to_be_visible()
        await page.evaluate("location.hash = '#/portfolio/deposit/USDT'")
        await page.get_by_role("button", name="Get USDT").click()
        await expect(page.get_by_text("10,000 USDT arrived.")).to_be_visible()
        await page.evaluate("location.hash = '#/portfolio/withdraw/USDT'")
        await expect(page.get_by_text("10,000 USDT", exact=True)).to_be_visible()
        await ask(page, "60", OF_ETHEREUM)
        await expect(page.locator("#address-word")).to_contain_text("another network")
        await ask(page, "0.5")
        await expect(page.locator("#amount-word")).to_have_text("At least 1 USDT can be withdrawn.")
        await ask(page, "10001")
        await expect(page.locator("#amount-word")).to_have_text("You have 10,000 USDT available.")
        await page.route("**/api/portfolio/withdrawals", lose_the_first_answer)
        await ask(page, "60")
        state = page.locator("[data-state]")
        await expect(state).to_have_attribute("data-state", "waits_for_confirmation")
        await expect(page.locator("[data-address]")).to_have_text(SOMEWHERE)
        for fact in ("Amount60 USDT", "Fee0 USDT", "Arrives60 USDT", "NetworkSolana"):
            await expect(state.locator(".facts div").filter(has_text=fact)).to_have_count(1)
        await page.evaluate("window.testKey.declines = true")
        await page.get_by_role("button", name="Test Wallet").click()
        await expect(page.get_by_text("You said no in your wallet.")).to_be_visible()
        await expect(state).to_have_attribute("data-state", "waits_for_confirmation")
        await page.evaluate("window.testKey.declines = false")
        await page.get_by_role("button", name="Test Wallet").click()
        await expect(state).not_to_have_attribute("data-state", "waits_for_confirmation")
        await expect(page.get_by_role("button", name="Test Wallet")).to_have_count(0)
        assert len(sent) == 2
        await expect(state).to_have_attribute("data-state", "completed")
        await expect(page.get_by_role("button", name="See it on the Solana explorer")).to_be_visible()
        await page.get_by_role("button", name="Back").click()
        await expect(page.get_by_text("\N{MINUS SIGN}60 USDT")).to_have_count(1)  # held and asked once


async def test_what_a_withdrawal_costs_is_seen_while_its_amount_is_typed(browser: Browser, on_chain: Exchange) -> None:
    on_chain.fund(64, BTC="1")
    link_wallet(on_chain, 64)
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{on_chain.url}/#{launch(on_chain, 64)}")
        await expect(page.get_by_role("link", name="Portfolio")).to_be_visible()
        await page.evaluate("location.hash = '#/portfolio/withdraw/BTC'")
        amount, word, facts = page.get_by_label("Amount", exact=True), page.locator("#amount-word"), page.locator("dl")
        limits = "NetworkSolanaAvailable1 BTCAt least0.00010001 BTCAt most for now0.5 BTC"
        await expect(facts).to_have_text([limits, "Held\N{EN DASH}Fee0.0001 BTCArrives\N{EN DASH}"])
        await amount.fill("0.2")
        await expect(facts.last).to_have_text("Held0.2 BTCFee0.0001 BTCArrives0.1999 BTC")
        await expect(word).to_have_text("")
        await amount.fill("0.0001")
        await expect(word).to_have_text("At least 0.00010001 BTC can be withdrawn.")
        await expect(facts.last).to_contain_text("Arrives\N{EN DASH}")
        await page.get_by_label("To this address on Solana").fill(SOMEWHERE)
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_role("alert")).to_have_text("At least 0.00010001 BTC can be withdrawn.")
        await amount.fill("0.6")
        await expect(word).to_contain_text("more than the limit would leave within 24 hours")
        assert await barriers(page) == []
        assert not await sideways(page)
        await page.get_by_role("button", name="All", exact=True).click()
        await expect(amount).to_have_value("0.5")  # all that may leave
        await amount.fill("0.2")
        await page.get_by_role("button", name="Go on").click()
        await expect(page.locator("[data-state] .facts")).to_contain_text("Amount0.2 BTCFee0.0001 BTCArrives0.1999 BTC")

        await page.evaluate("location.hash = '#/account'")
        await page.get_by_role("button", name="Deutsch").click()
        await page.evaluate("location.hash = '#/portfolio/withdraw/BTC'")
        await page.get_by_label("Menge", exact=True).fill("0,05")
        limits = "NetzwerkSolanaVerfügbar0,8 BTCMindestens0,00010001 BTCZurzeit höchstens0,3 BTC"
        await expect(facts).to_have_text([limits, "Wird gebunden0,05 BTCGebühr0,0001 BTCKommt an0,0499 BTC"])
        await page.get_by_label("Menge", exact=True).fill("0,0001")
        await expect(word).to_have_text("Auszahlen kann man mindestens 0,00010001 BTC.")


async def test_a_trade_is_shown_as_settled_as_soon_as_it_is(browser: Browser, on_chain: Exchange) -> None:
    on_chain.fund(2, BTC="1")
    on_chain.fund(63, USDT="1000")
    on_chain.bob = on_chain.sign_in(2)
    on_chain.order("sell", "0.5", "50000.00")
    inflict(on_chain, HoldFinality())
    body = {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quantity": "0.01"}
    assert call("POST", f"{on_chain.url}/api/trading/orders", body, on_chain.sign_in(63)).status == 201
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{on_chain.url}/#{launch(on_chain, 63)}")
        await page.get_by_role("link", name="Trade").click()
        mine = page.get_by_label("Your orders")
        await mine.get_by_role("button", name="Trades").click()
        settlement = mine.locator("[data-state]")
        await expect(settlement).to_have_text(re.compile("^(To be settled|Settling)$"))
        inflict(on_chain, Heal())
        await expect(settlement).to_have_text("Settled")
        await expect(settlement.get_by_role("button", name="See it on the Solana explorer")).to_be_visible()


async def test_a_withdrawal_that_nobody_confirmed_is_cancelled_and_its_address_is_remembered(
    browser: Browser, on_chain: Exchange
) -> None:
    on_chain.fund(62, USDT="100")
    link_wallet(on_chain, 62)
    async with phone(browser, telegram=DARK) as page:
        await page.goto(f"{on_chain.url}/#{launch(on_chain, 62)}")
        await page.get_by_role("link", name="Portfolio").click()
        await page.get_by_role("link", name="Withdraw", exact=True).click()
        await page.get_by_role("button", name="All", exact=True).click()
        await expect(page.get_by_label("Amount", exact=True)).to_have_value("100")
        await page.get_by_label("To this address on Solana").fill(SOMEWHERE)
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_text("the card that the bot has sent you")).to_be_visible()
        await last_told(page, "web_app_setup_closing_behavior", {"need_confirmation": True})
        assert await barriers(page) == []
        assert not await sideways(page)
        await page.get_by_role("button", name="Cancel the withdrawal").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel the withdrawal").click()
        await expect(page.locator("[data-state=canceled]")).to_be_visible()
        await expect(page.get_by_text("You cancelled it.")).to_be_visible()
        await last_told(page, "web_app_setup_closing_behavior", {"need_confirmation": False})
        await page.evaluate("emit('back_button_pressed', {})")
        await expect(page.get_by_text("\N{MINUS SIGN}100 USDT")).to_be_visible()
        await page.evaluate("location.hash = '#/portfolio/withdraw/USDT'")
        await page.get_by_role("button", name=SOMEWHERE).click()
        await expect(page.get_by_label("To this address on Solana")).to_have_value(SOMEWHERE)
        await expect(page.get_by_text("100 USDT", exact=True)).to_be_visible()
