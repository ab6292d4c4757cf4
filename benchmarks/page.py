"""The mini-app on a slow phone: what its first load weighs, when something is seen, when the chart is drawn.

A fresh browser opens the trade screen over slow 4G (150 ms a round trip, 1.6 Mbit/s) with a processor 4 times as slow;
the median of ROUNDS counts. Beside it stands the first paint of the small page at /wallet under the same conditions.
Then, unthrottled, the book changes ten times a second for a while, and the longest task is noted.

JSON keys: bytes (over the wire, until the chart is drawn), first_paint_ms, chart_ms, bare_paint_ms, longest_task_ms
(0 where none lasted 50 ms).
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, async_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.page import past
from tests.page.conftest import Exchange
from tests.support.browser import OPTIONS, PHONE, installed

ROUNDS = 5
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
SLOWER = 4
UPDATES, APART_S = 80, 0.1

PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
DRAWN = "document.querySelector('.canvas[data-loaded=yes]') && performance.now()"
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(each => each.duration)))
  .observe({ type: 'longtask' });
"""


async def opened(browser: Browser, *, slow: bool) -> tuple[Page, CDPSession]:
    """Open a phone that has nothing of the page."""
    page = await (await browser.new_context(viewport=PHONE)).new_page()  # type: ignore[arg-type]
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    if slow:
        await session.send("Network.emulateNetworkConditions", SLOW_4G)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page, session


async def value_of(page: Page, expression: str) -> float:
    """Wait until it has a value, in milliseconds since the page was asked for."""
    found = await page.wait_for_function(f"() => {expression}", polling=20, timeout=60_000)
    return float(await found.json_value())


async def first_load(browser: Browser, url: str) -> tuple[int, float, float]:
    """Return bytes, first paint and chart of one load."""
    page, session = await opened(browser, slow=True)
    weights: list[int] = []
    session.on("Network.loadingFinished", lambda event: weights.append(round(event["encodedDataLength"])))
    await page.goto(f"{url}/#/trade/BTCUSDT", wait_until="commit")
    drawn_ms = await value_of(page, DRAWN)
    painted_ms = await value_of(page, PAINTED)
    await page.context.close()
    return sum(weights), painted_ms, drawn_ms


async def bare_paint(browser: Browser, url: str) -> float:
    """Return the first paint of the small page."""
    page, _ = await opened(browser, slow=True)
    await page.goto(f"{url}/wallet", wait_until="commit")
    painted_ms = await value_of(page, PAINTED)
    await page.context.close()
    return painted_ms


async def longest_task(browser: Browser, exchange: Exchange) -> float:
    """Return the longest task in milliseconds while the book changes ten times a second."""
    page, _ = await opened(browser, slow=False)
    await page.goto(f"{exchange.url}/#/trade/BTCUSDT")
    await value_of(page, DRAWN)
    await asyncio.sleep(1)
    await page.evaluate(LONG_TASKS)
    began = time.monotonic()
    for step in range(UPDATES):
        await asyncio.to_thread(exchange.order, "buy" if step % 2 else "sell", "0.02", f"{61_840 + step % 7 - 3}.00")
        await asyncio.sleep(max(0, began + (step + 1) * APART_S - time.monotonic()))
    longest = float(await page.evaluate("Math.max(0, ...window.longTasks)"))
    await page.context.close()
    return longest


async def measure(rounds: int) -> dict[str, Any]:
    """Do all of it."""
    with tempfile.TemporaryDirectory() as folder:
        exchange = Exchange(Path(folder) / "var")
        await asyncio.to_thread(past.make, exchange.data_dir)
        exchange.open()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=installed(), args=OPTIONS)
                loads, bare = [], []
                for _ in range(rounds):
                    loads.append(await first_load(browser, exchange.url))
                    bare.append(await bare_paint(browser, exchange.url))
                longest = await longest_task(browser, exchange)
                await browser.close()
        finally:
            exchange.kill()
    weights, painted, drawn = zip(*loads, strict=True)
    return {
        "bytes": max(weights),
        "first_paint_ms": round(statistics.median(painted)),
        "chart_ms": round(statistics.median(drawn)),
        "bare_paint_ms": round(statistics.median(bare)),
        "longest_task_ms": round(longest),
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args()
    if installed() is None:
        raise SystemExit("there is no Chromium here")
    result = asyncio.run(measure(options.rounds))
    for name, value in result.items():
        print(f"{name:16} {value:>8,}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
