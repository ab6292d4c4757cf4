"""A phone with the page in it: inside Telegram or in a plain browser. Nothing may go wrong in it unseen."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from playwright.async_api import Browser, Page

from clobster import data_dir, launch_data
from tests.support.browser import PHONE
from tests.support.server import Server
from tests.support.wallet import Wallet

HERE: Final = Path(__file__).parent
TELEGRAM: Final = (HERE / "telegram.js").read_text()
STANDARD_WALLET: Final = (HERE.parent / "e2e/standard_wallet.js").read_text()
AXE: Final = (HERE.parents[1] / "node_modules/axe-core/axe.min.js").read_text()

DARK: Final = {  # Telegram's own on Android at night
    "bg_color": "#18222d",
    "secondary_bg_color": "#131415",
    "section_bg_color": "#18222d",
    "text_color": "#ffffff",
    "hint_color": "#b1c3d5",
    "link_color": "#62bcf9",
    "button_color": "#2ea6ff",
    "button_text_color": "#ffffff",
}
LIGHT: Final = {
    "bg_color": "#ffffff",
    "secondary_bg_color": "#f0f0f0",
    "section_bg_color": "#ffffff",
    "text_color": "#222222",
    "hint_color": "#a8a8a8",
    "link_color": "#2678b6",
    "button_color": "#50a8eb",
    "button_text_color": "#ffffff",
}


def launch(server: Server, user_id: int, *, start: str = "", theme: dict[str, str] = DARK, forged: bool = False) -> str:
    """Return what Telegram puts behind the # of the page's address for this person, who is called Ada."""
    token = data_dir.own_secrets(server.data_dir).bot_token
    signed = launch_data.sign(token, user_id=user_id, first_name="Ada", now_s=int(time.time()))
    if forged:
        signed = signed.replace("Ada", "Eve")
    given = {
        "tgWebAppData": signed + (f"&start_param={start}" if start else ""),
        "tgWebAppVersion": "8.0",
        "tgWebAppPlatform": "android",
        "tgWebAppThemeParams": json.dumps(theme),
    }
    return urlencode(given)


@asynccontextmanager
async def phone(
    browser: Browser,
    *,
    telegram: dict[str, str] | None = None,
    wallet: Wallet | None = None,
    size: Any = PHONE,
    scheme: Any = "dark",
    bears: tuple[str, ...] = (),
) -> AsyncIterator[Page]:
    """Open a phone. telegram is the theme of the client around the page, None for a browser without one.

    bears are parts of console errors that a scenario brings about on purpose.
    """
    context = await browser.new_context(viewport=size, color_scheme=scheme, locale="en-US")
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    if telegram is not None:
        await page.add_init_script(TELEGRAM.replace("__OPTIONS__", json.dumps({"theme": telegram})))
    if wallet is not None:
        key = {"address": wallet.address, "key": list(wallet.key.verify_key.encode()), "declines": False}
        await page.expose_function("signWithTestKey", lambda message: list(wallet.sign(bytes(message))))
        await page.add_init_script(f"window.testKey = {json.dumps(key)};\n{STANDARD_WALLET}")
    try:
        yield page
    finally:
        await page.unroute_all(behavior="ignoreErrors")  # what is answered while the page closes is nobody's concern
        await context.close()
    unseen = [each for each in wrong if "status of 4" not in each and not any(part in each for part in bears)]
    assert unseen == [], unseen


async def told(page: Page, event: str) -> list[Any]:
    """Return what the page has told Telegram under this name."""
    said: list[list[Any]] = await page.evaluate("window.told")
    return [data for name, data in said if name == event]


async def last_told(page: Page, event: str, data: object) -> None:
    """Wait until this is the last that the page has told Telegram under this name."""
    wanted = "([name, data]) => JSON.stringify(told.filter(each => each[0] === name).at(-1)?.[1]) === data"
    await page.wait_for_function(wanted, arg=[event, json.dumps(data, separators=(",", ":"))])


async def sideways(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


async def barriers(page: Page) -> list[str]:
    """Return what axe-core finds that keeps people out, as the rule and where."""
    session = await page.context.new_cdp_session(page)  # which no policy of the page keeps out
    await session.send("Runtime.evaluate", {"expression": AXE})
    found = await session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
            ".then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({target, any, all}) =>"
            " `${id}: ${target} ${[...any, ...all].map(each => each.message)}`)))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    return list(found["result"]["value"])
