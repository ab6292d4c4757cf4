"""The portfolio proves with one tap that one's money is counted and lies on the chain, and believes no forged proof."""

from typing import Any

from playwright.async_api import Browser, Page, Route, expect

from tests.page.conftest import BOSS, Exchange
from tests.page.phone import DARK, barriers, last_told, launch, phone, sideways, told
from tests.support.server import call

PROOF = "**/api/portfolio/solvency-proof*"
PUBLISHED = "**/api/solvency"


def snapshot(exchange: Exchange) -> dict[str, Any]:
    """Let the operator take one."""
    taken = call("POST", f"{exchange.url}/api/admin/solvency/snapshots", token=exchange.sign_in(BOSS))
    assert taken.status == 201, taken.body
    return dict(taken.body)


async def forge(page: Page, path: str, **changed: Any) -> None:
    """Let the exchange answer something else of USDT than it does."""

    async def change(route: Route) -> None:
        answer = await route.fetch()
        said = await answer.json()
        [usdt] = [each for each in said.get("proofs") or said["assets"] if each["asset"] == "USDT"]
        usdt |= changed
        await route.fulfill(response=answer, json=said)

    await page.unroute(path)
    await page.route(path, change)


async def tap(page: Page, exchange: Exchange, telegram_id: int) -> None:
    await page.goto(f"{exchange.url}/#{launch(exchange, telegram_id)}")
    await page.get_by_role("link", name="Portfolio").click()
    await page.get_by_role("link", name="Proof of solvency").click()


async def accessible(page: Page) -> None:
    assert await barriers(page) == []
    assert not await sideways(page)


async def test_who_is_new_is_not_in_it_and_is_counted_by_the_next_snapshot(
    browser: Browser, on_chain: Exchange
) -> None:
    first = snapshot(on_chain)
    async with phone(browser, telegram=DARK) as page:
        await tap(page, on_chain, 80)
        await expect(page.locator("[data-proof=none]")).to_contain_text("Nothing of yours is in it")
        usdt = page.get_by_label("USDT", exact=True)
        await expect(usdt.locator("[data-mine]")).to_have_text("nothing then")
        await accessible(page)

        on_chain.fund(80, USDT="1234.5")
        second = snapshot(on_chain)
        await page.get_by_role("button", name="Check again").click()
        outcome = page.locator("[data-proof=good]")
        await expect(outcome).to_contain_text("You are counted")
        await expect(outcome).to_contain_text(f"Snapshot {second['snapshot_id']} of")
        assert second["snapshot_id"] > first["snapshot_id"]
        await expect(usdt.locator("[data-mine]")).to_have_text("✓ 1,234.5 USDT")
        [published] = [each for each in second["assets"] if each["asset"] == "USDT"]
        owed, slot = int(published["liabilities_atoms"]), published["vault"]["slot"]
        await expect(usdt).to_contain_text(f"Owed to everybody{owed // 10**6:,}")
        await expect(usdt).to_contain_text(f"Solana slot{slot:,}")
        await expect(page.locator("[data-verdict=covered]")).to_have_count(len(second["assets"]))
        await expect(page.locator("[data-short]")).to_have_count(0)
        await accessible(page)

        await page.get_by_role("button", name="See the vault on the explorer").click()
        (opened,) = await told(page, "web_app_open_link")
        assert opened["url"].startswith(f"https://explorer.solana.com/address/{second['authority']}/tokens?")
        await page.evaluate("emit('back_button_pressed', {})")
        await expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()
        await last_told(page, "web_app_setup_back_button", {"is_visible": False})


async def test_a_forged_answer_goes_red_and_says_what_to_do(browser: Browser, on_chain: Exchange) -> None:
    on_chain.fund(81, USDT="500")
    taken = snapshot(on_chain)
    [usdt] = [each for each in taken["assets"] if each["asset"] == "USDT"]
    async with phone(browser, telegram=DARK) as page:
        await forge(page, PROOF, atoms="500000001")
        await tap(page, on_chain, 81)
        red = page.locator("[data-proof=forged]")
        await expect(red).to_contain_text("This proof does not verify")
        await expect(red).to_contain_text("The sums do not come to the published liabilities.")
        await expect(red).to_contain_text("deposit nothing, withdraw what you have")
        await expect(page.locator("[data-verdict]")).to_have_count(0)  # nothing of it is shown as if it were true
        await accessible(page)

        again = page.get_by_role("button", name="Check again")
        for path, changed, why in (
            (PROOF, {"account_id": 1}, "A leaf is somebody else's."),
            (PUBLISHED, {"root": "0" * 64}, "The hashes do not come to the published root."),
            (PUBLISHED, {"liabilities_atoms": "1"}, "The sums do not come to the published liabilities."),
        ):
            await page.unroute_all()
            await forge(page, path, **changed)
            await again.click()
            await expect(red).to_contain_text(why)

        await page.unroute_all()
        await again.click()
        await expect(page.locator("[data-proof=good]")).to_be_visible()
        await expect(red).to_have_count(0)

        await forge(page, PUBLISHED, liabilities="1.000000")  # what is written beside what is proven
        await again.click()
        await expect(page.get_by_label("USDT", exact=True)).to_contain_text(
            f"{int(usdt['liabilities_atoms']) // 10**6:,}"
        )


async def test_somebody_elses_proof_is_none_of_mine(browser: Browser, on_chain: Exchange) -> None:
    on_chain.fund(82, USDT="500")
    on_chain.fund(83, USDT="600")
    snapshot(on_chain)
    other = call("GET", f"{on_chain.url}/api/portfolio/solvency-proof", token=on_chain.sign_in(83)).body
    async with phone(browser, telegram=DARK) as page:
        await page.route(PROOF, lambda route: route.fulfill(json=other))
        await tap(page, on_chain, 82)
        red = page.locator("[data-proof=forged]")
        await expect(red).to_contain_text("The proof is of another account.")
        await page.evaluate("location.hash = '#/account'")
        await page.get_by_role("button", name="Deutsch").click()
        await page.evaluate("location.hash = '#/portfolio/solvency'")
        await expect(red).to_contain_text("Der Nachweis gehört zu einem anderen Konto.")
        await page.unroute_all()
        await forge(page, PROOF, asset="GOLD")
        await page.get_by_role("button", name="Noch einmal prüfen").click()
        await expect(red).to_contain_text("Von GOLD ist nichts veröffentlicht.")


async def test_what_is_not_covered_is_said_and_what_is_being_paid_out_is_not_called_missing(
    browser: Browser, on_chain: Exchange
) -> None:
    on_chain.fund(84, USDT="500")
    [usdt] = [each for each in snapshot(on_chain)["assets"] if each["asset"] == "USDT"]
    atoms = int(usdt["liabilities_atoms"]) - 7
    less = f"{atoms // 10**6}.{atoms % 10**6:06}"
    async with phone(browser, telegram=DARK) as page:
        await forge(page, PUBLISHED, on_chain=less, withdrawals_under_way="0.000006")
        await tap(page, on_chain, 84)
        verdict = page.get_by_label("USDT", exact=True).locator(".verdict")
        await expect(verdict).to_contain_text("Not covered\N{MINUS SIGN}0.000007 USDT")
        await expect(page.locator("[data-short]")).to_have_text("Less than is owed lies on the chain: USDT.")
        await expect(page.locator("[data-proof=good]")).to_be_visible()  # one is counted all the same
        await forge(page, PUBLISHED, on_chain=less, withdrawals_under_way="0.000007")
        await page.get_by_role("button", name="Check again").click()
        await expect(verdict).to_contain_text("Being paid out")
        await expect(page.locator("[data-short]")).to_have_count(0)


async def test_before_the_first_snapshot_it_is_said(browser: Browser, exchange: Exchange) -> None:
    async with phone(browser, telegram=DARK) as page:
        await tap(page, exchange, 85)
        await expect(page.get_by_role("alert")).to_contain_text("There is no proof yet")
        await accessible(page)
