"""What one has, what it is worth, how it came; and money for development."""

from collections.abc import Hashable
from pathlib import Path

from engine.core.market import Asset
from engine.core.types import MARKET_MAKER, AssetCode, Atoms, Micros, UserId
from engine.custody.accounts import Depositable, DepositAccount
from engine.custody.arrivals import Arrival
from engine.custody.refusals import DepositsUnavailable
from tests.webapp_api.house import ADMIN, DEV_SECRET, USDT, House, open_house

ME = {"Authorization": f"Bearer {DEV_SECRET}"}
FUND = {"telegram_id": 42, "asset": "USDT", "amount": "1000"}


async def test_a_portfolio_is_valued_at_the_last_price(house: House) -> None:
    ada = await house.person(1, USDT=1000, BTC=2, ETH=3)
    assert (await ada.get("/api/portfolio")).body == {
        "balances": [
            {"asset": "BTC", "available": "2.00000000", "held": "0.00000000", "total": "2.00000000", "value": None},
            {"asset": "ETH", "available": "3.00000000", "held": "0.00000000", "total": "3.00000000", "value": None},
            {
                "asset": "USDT",
                "available": "1000.000000",
                "held": "0.000000",
                "total": "1000.000000",
                "value": "1000.000000",
            },
        ],
        "total_value": "1000.000000",
        "currency": "USDT",
    }
    await house.quote({"59000.00": "1.0000"}, {"60000.00": "1.0000"})
    priced = (await ada.get("/api/portfolio")).body
    assert (priced["balances"][0]["value"], priced["total_value"]) == ("118000.000000", "119000.000000")
    bob = await house.person(2, USDT=1000)
    await bob.place(price="60000.00", quantity="0.0001")
    assert (await ada.get("/api/portfolio")).body["total_value"] == "121000.000000"


async def test_the_ledger_tells_every_movement_from_the_owners_side(house: House) -> None:
    await house.quote({}, {"60000.00": "1.0000"})
    ada = await house.person(1, USDT=1000)
    order = (await ada.place(price="60000.00", quantity="0.0200", quote_quantity=None)).problem
    assert order == (409, "insufficient_funds")
    resting = (await ada.place(price="1000.00", quantity="0.1000")).body
    await ada.delete(f"/api/trading/orders/{resting['id']}")
    await ada.place(price="60000.00", quantity="0.0100")
    entries = (await ada.get("/api/portfolio/ledger")).body["entries"]
    told = [(entry["reason"], entry["asset"], entry["available"], entry["held"]) for entry in reversed(entries)]
    assert told[:3] == [
        ("deposit", "USDT", "1000.000000", "0.000000"),
        ("hold", "USDT", "-100.000000", "100.000000"),
        ("release", "USDT", "100.000000", "-100.000000"),
    ]
    assert sorted(told[3:]) == [
        ("fee", "BTC", "-0.00001000", "0.00000000"),
        ("trade", "BTC", "0.01000000", "0.00000000"),
        ("trade", "USDT", "-600.000000", "0.000000"),
    ]
    assert entries[-1]["cause"] is None
    of_btc = (await ada.get("/api/portfolio/ledger?asset=BTC&limit=1")).body
    assert len(of_btc["entries"]) == 1
    assert of_btc["next_cursor"] is not None
    eve = await house.person(2)
    assert (await eve.get("/api/portfolio/ledger")).body == {"entries": [], "next_cursor": None}


async def test_deposits_are_listed(house: House) -> None:
    ada, eve = await house.person(1, USDT=1000), await house.person(2)
    [deposit] = (await ada.get("/api/portfolio/deposits")).body["deposits"]
    assert (deposit["asset"], deposit["amount"]) == ("USDT", "1000.000000")
    assert (await eve.get("/api/portfolio/deposits")).body == {"deposits": []}


async def test_a_deposit_address_is_told_with_its_rules(template: Path, tmp_path: Path) -> None:
    places = []

    async def give(user: UserId, code: AssetCode, place: Hashable) -> tuple[DepositAccount, Depositable]:
        places.append(place)
        if code != "USDT":
            raise DepositsUnavailable
        return DepositAccount(f"token account {user}", "owner", user, code, "mint", Micros(1)), Depositable(
            USDT, "mint", Atoms(1_500_000)
        )

    async with open_house(template, tmp_path, deposits=give, trusted_proxies="127.0.0.1") as house:
        ada = await house.person(1)
        assert (await ada.get("/api/portfolio/deposit-address?asset=USDT")).body == {
            "asset": "USDT",
            "address": "owner",
            "token_account": f"token account {ada.id}",
            "mint": "mint",
            "minimum": "1.500000",
            "commitment": "finalized",
        }
        unavailable = await ada.get("/api/portfolio/deposit-address?asset=BTC")
        assert unavailable.problem == (503, "deposits_unavailable")
        assert "Retry-After" in unavailable.headers

        for address in ("203.0.113.7", "2001:db8:1:2::7", "2001:db8:1:ffff::8"):
            await ada.get("/api/portfolio/deposit-address?asset=USDT", headers={"X-Forwarded-For": address})
        assert places == ["127.0.0.1"] * 2 + ["203.0.113.7"] + [b"\x20\x01\x0d\xb8\x00\x01"] * 2

        boss, where = await house.person(ADMIN), "/api/admin/quoting/deposit-address"
        assert (await boss.get(f"{where}?asset=USDT")).body["token_account"] == f"token account {MARKET_MAKER}"
        assert (await boss.get(where)).problem == (400, "invalid_parameter")
        assert (await ada.get(f"{where}?asset=USDT")).status == 403


async def test_what_is_on_its_way_is_told_with_its_confirmations(template: Path, tmp_path: Path) -> None:
    async def arriving(user: UserId, code: AssetCode, place: Hashable) -> list[Arrival]:
        assert place == "127.0.0.1"
        if code != "USDT":
            raise DepositsUnavailable
        return [Arrival("sig", Atoms(2_500_000), 7, 32)]

    async with open_house(template, tmp_path, arriving=arriving) as house:
        ada = await house.person(1)
        [deposit] = (await ada.get("/api/portfolio/deposits/arriving?asset=USDT")).body["deposits"]
        assert deposit == {
            "asset": "USDT",
            "amount": "2.500000",
            "signature": "sig",
            "explorer": house.deps.explorer.transaction("sig"),
            "confirmations": 7,
            "confirmations_needed": 32,
        }
        unavailable = await ada.get("/api/portfolio/deposits/arriving?asset=BTC")
        assert unavailable.problem == (503, "deposits_unavailable")


async def test_where_nothing_is_deposited_that_is_said(house: House) -> None:
    ada = await house.person(1)
    for query, problem in (
        ("?asset=USDT", (409, "deposits_off")),
        ("?asset=DOGE", (404, "unknown_asset")),
        ("?asset=", (404, "unknown_asset")),
        ("", (400, "invalid_parameter")),
    ):
        for path in ("deposit-address", "deposits/arriving"):
            assert (await ada.get(f"/api/portfolio/{path}{query}")).problem == problem
    assert (await house.nobody.get("/api/portfolio/deposit-address?asset=USDT")).problem == (401, "unauthorized")


async def test_development_money_comes_by_the_faucet_where_there_is_one(template: Path, tmp_path: Path) -> None:
    minted = []

    async def faucet(user: UserId, asset: Asset, atoms: Atoms) -> str:
        minted.append((user, asset, atoms))
        return "solana:signature:account"

    async with open_house(template, tmp_path, faucet=faucet) as house:
        funded = await house.nobody.post("/api/dev/fund", FUND, headers=ME)
        assert (funded.status, funded.body["reference"]) == (201, "solana:signature:account")
        assert minted == [(funded.body["account_id"], USDT, 1000 * 10**6)]
        assert await (await house.person(42)).balances() == {}


async def test_development_money_needs_the_development_secret(house: House) -> None:
    ada = await house.person(42)
    for headers in ({}, {"Authorization": f"Bearer {ada.token}"}, {"Authorization": "Bearer \u00e9"}):
        assert (await house.nobody.post("/api/dev/fund", FUND, headers=headers)).problem == (401, "unauthorized")
    assert await ada.balances() == {}
    funded = await house.nobody.post("/api/dev/fund", FUND, headers=ME)
    assert (funded.status, funded.body["account_id"]) == (201, ada.id)
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}
    assert (await ada.get("/api/account")).body["first_name"] == "Ada"
    [deposit] = (await ada.get("/api/portfolio/deposits")).body["deposits"]
    assert deposit["reference"] == funded.body["reference"]
    assert deposit["reference"].startswith("dev:")


async def test_who_has_never_signed_in_can_be_funded(house: House) -> None:
    funded = await house.nobody.post("/api/dev/fund", FUND, headers=ME)
    ada = await house.person(42)
    assert funded.body["account_id"] == ada.id
    assert (await ada.balances())["USDT"][0] == "1000.000000"


async def test_bad_funding_is_refused(house: House) -> None:
    for change, status, code in [
        ({"asset": "DOGE"}, 404, "unknown_asset"),
        ({"amount": "0"}, 400, "invalid_amount"),
        ({"amount": "-1"}, 400, "malformed_number"),
        ({"amount": "0.0000001"}, 400, "too_precise"),
        ({"amount": "1" + "0" * 30}, 400, "too_large"),
        ({"amount": 1000}, 400, "invalid_request"),
        ({"telegram_id": 0}, 400, "invalid_request"),
        ({"telegram_id": "42"}, 400, "invalid_request"),
        ({"telegram_id": 2**70}, 400, "invalid_request"),
    ]:
        assert (await house.nobody.post("/api/dev/fund", FUND | change, headers=ME)).problem == (status, code), change


async def test_without_a_development_secret_there_is_no_such_route(template: Path, tmp_path: Path) -> None:
    async with open_house(template, tmp_path, dev_secret=None) as house:
        assert (await house.nobody.post("/api/dev/fund", FUND, headers=ME)).problem == (404, "not_found")
