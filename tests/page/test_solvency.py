"""The page's own verifier of a proof, in a real browser, on proofs that a script made which shares no code with us."""

import json
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "webapp_api/miniapp/lib/solvency.js"
VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/solvency.json").read_text())
TELL = """async ({ trees, forged }) => {
  const { verify, verifyAll, Forged } = await import('/solvency.js');
  const told = async work => {
    try { await work(); } catch (error) { return error instanceof Forged ? 'forged' : String(error); }
    return 'believed';
  };
  const good = [];
  for (const tree of trees) for (const proof of tree.proofs) good.push(await told(() => verify(proof, tree)));
  const bad = {};
  for (const each of forged) bad[each.why] = await told(() => verify(each.proof, each.published));
  const own = trees.map(tree => tree.proofs.find(proof => proof.account_id === 1000));
  const mine = { snapshot_id: 7, account_id: 1000, proofs: own };
  const all = { snapshot_id: 7, assets: trees };
  const whole = {
    mine: await told(() => verifyAll(mine, all)),
    another: await told(() => verifyAll({ ...mine, account_id: 1001 }, all)),
    old: await told(() => verifyAll({ ...mine, snapshot_id: 6 }, all)),
    unpublished: await told(() => verifyAll(mine, { ...all, assets: trees.slice(1) })),
  };
  return { good, bad, whole };
}"""


async def test_the_page_believes_good_proofs_and_no_forged_one(browser: Browser) -> None:
    async def document(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html>", content_type="text/html")

    async def module(_: web.Request) -> web.Response:
        return web.Response(text=MODULE.read_text(), content_type="text/javascript")

    app = web.Application()
    app.add_routes([web.get("/", document), web.get("/solvency.js", module)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        told = await page.evaluate(TELL, VECTORS)
        await page.close()
    finally:
        await runner.cleanup()
    assert set(told["good"]) == {"believed"}
    assert len(told["good"]) == 17
    assert told["bad"] == dict.fromkeys([each["why"] for each in VECTORS["forged"]], "forged")
    assert told["whole"] == {"mine": "believed", "another": "forged", "old": "forged", "unpublished": "forged"}
