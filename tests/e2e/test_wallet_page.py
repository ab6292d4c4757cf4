"""The page at /wallet in a real browser: a wallet signs there, and the session that asked hears of it and says yes."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.browser import PHONE
from tests.support.server import Server, call
from tests.support.wallet import Wallet

PUBLIC_URL = "https://clobster.test"
STANDARD_WALLET = (Path(__file__).parent / "standard_wallet.js").read_text()
BACK = "https://t.me/clobster_bot/app?startapp=wallet"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    served = Server(
        tmp_path / "var",
        CLOBSTER_PUBLIC_URL=PUBLIC_URL,
        CLOBSTER_MINI_APP_URL="https://t.me/clobster_bot/app",
    ).start()
    yield served
    served.kill()


@asynccontextmanager
async def phone(browser: Browser, wallet: Wallet | None, *, declines: bool = False) -> AsyncIterator[Page]:
    """Open a phone's browser, with a wallet in it or without; nothing may go wrong in it unseen."""
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    if wallet is not None:
        key = {"address": wallet.address, "key": list(wallet.key.verify_key.encode()), "declines": declines}
        await page.expose_function("signWithTestKey", lambda message: list(wallet.sign(bytes(message))))
        await page.add_init_script(f"window.testKey = {json.dumps(key)};\n{STANDARD_WALLET}")
    yield page
    await context.close()
    assert [each for each in wrong if "status of 4" not in each] == []  # Chromium counts an answer 4xx as an error


async def sideways(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


async def test_a_wallet_signs_on_its_own_page_and_the_session_that_asked_says_yes(
    browser: Browser, server: Server
) -> None:
    token, wallet = server.sign_in(42), Wallet()
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.url}/api/ws") as socket:
        await socket.send_json({"op": "auth", "token": token})
        await socket.send_json({"op": "subscribe", "channels": ["user:account"]})
        heard = [await socket.receive_json(timeout=10) for _ in range(3)]
        assert [each["kind"] for each in heard[2]["data"]] == ["signed_in"]

        link = call("POST", f"{server.url}/api/account/wallet-links", token=token).body
        async with phone(browser, wallet) as page:
            await page.goto(link["url"].replace(PUBLIC_URL, server.url))
            await page.get_by_role("button", name="Test Wallet").click()
            await expect(page.locator("#account")).to_contain_text("1000")
            await expect(page.locator("#address")).to_have_text(wallet.address)
            text = await page.locator("#text").text_content() or ""
            assert text.startswith("clobster.test wants you to sign in with your Solana account:\n" + wallet.address)
            assert "\nLink this wallet to the Clobster account 1000.\n" in text
            assert "\nURI: https://clobster.test\nVersion: 1\nChain ID: localnet\n" in text
            assert not await sideways(page)
            await page.get_by_role("button", name="Sign with Test Wallet").click()
            await expect(page.get_by_role("heading", name="Signed")).to_be_visible()
            await expect(page.get_by_role("link", name="Back to Telegram")).to_have_attribute("href", BACK)

        news = await socket.receive_json(timeout=10)
        assert (news["channel"], news["seq"]) == ("user:account", heard[2]["seq"] + 1)
        assert [(each["kind"], each["detail"]) for each in news["data"]] == [("wallet_signed", wallet.address)]
        mine = f"{server.url}/api/account/wallet-links/{link['id']}"
        signed = call("GET", mine, token=token).body
        assert (signed["state"], signed["address"]) == ("signed", wallet.address)
        assert call("POST", f"{mine}/confirm", token=token).body["address"] == wallet.address
        told = (await socket.receive_json(timeout=10))["data"]
        assert [(each["kind"], each["detail"]) for each in told] == [("wallet_linked", wallet.address)]
    linked = call("GET", f"{server.url}/api/account/wallets", token=token).body["wallets"]
    assert [each["address"] for each in linked] == [wallet.address]


async def test_who_declines_in_the_wallet_may_try_again_and_a_used_code_is_refused(
    browser: Browser, server: Server
) -> None:
    token, wallet = server.sign_in(42), Wallet()
    link = call("POST", f"{server.url}/api/account/wallet-links", token=token).body
    url = link["url"].replace(PUBLIC_URL, server.url)
    async with phone(browser, wallet, declines=True) as page:
        await page.goto(url)
        await page.get_by_role("button", name="Test Wallet").click()
        await page.get_by_role("button", name="Sign with Test Wallet").click()
        await expect(page.get_by_role("alert")).to_have_text("You said no in your wallet. Nothing has changed.")
        await page.evaluate("window.testKey.declines = false")
        await page.get_by_role("button", name="Sign with Test Wallet").click()
        await expect(page.get_by_role("heading", name="Signed")).to_be_visible()
    async with phone(browser, wallet) as page:
        await page.goto(url)
        await page.get_by_role("button", name="Test Wallet").click()
        await expect(page.get_by_role("alert")).to_contain_text("This code is not good, or was used.")


async def test_without_a_wallet_the_page_leads_to_phantom_and_solflare_and_without_a_code_it_asks_for_it(
    browser: Browser, server: Server
) -> None:
    link = call("POST", f"{server.url}/api/account/wallet-links", token=server.sign_in(42)).body
    async with phone(browser, None) as page:
        await page.goto(f"{server.url}/wallet")
        await page.get_by_label("Code").fill(link["code"])
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_role("heading", name="There is no wallet in this browser")).to_be_visible()
        for name in ("Phantom", "Solflare"):
            there = str(link[f"{name.lower()}_url"]).replace(quote(PUBLIC_URL, safe=""), quote(server.url, safe=""))
            await expect(page.get_by_role("link", name=name)).to_have_attribute("href", there)
        assert not await sideways(page)
