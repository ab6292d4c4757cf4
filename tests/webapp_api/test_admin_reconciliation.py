"""Administrators see where the books and the chain differ, and let withdrawals go on."""

from engine.core.types import AssetCode, Micros, UserId
from engine.reconciliation.types import Difference, Identity, OnChain
from engine.settlement.types import VaultAccount
from tests.webapp_api.house import ADMIN, House

USDT = AssetCode("USDT")
MISSING = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU"


async def test_a_stop_is_shown_and_ends_only_when_an_administrator_says_so(house: House) -> None:
    boss, ada = await house.person(ADMIN), await house.person(1, USDT=100)
    shown = house.deps.reconciling
    shown.is_on = True
    user = UserId(ada.id)
    account = VaultAccount(MISSING, user, USDT, MISSING, 0, Micros(1))  # type: ignore[arg-type]
    await shown.stop.add([Difference(user, USDT, Identity.VAULT, 5_000_000, 4_999_999, 77)])
    shown.looked.at, shown.looked.slot = house.clock(), 80
    shown.looked.surplus[MISSING] = OnChain(account, 80, 0, 3, is_there=True)
    shown.fees.floor = 10
    shown.fees.has(7)
    found = (await boss.get("/api/admin/reconciliation")).body
    assert found.pop("compared_at") == (shown.looked.at or 0) // 1000
    assert found == {
        "withdrawals_stopped": True,
        "differences": [
            {
                "account_id": ada.id,
                "asset": "USDT",
                "identity": "vault",
                "expected": "5.000000",
                "found": "4.999999",
                "slot": 77,
                "note": "",
            }
        ],
        "slot": 80,
        "round_s": None,
        "surplus": [{"account_id": ada.id, "asset": "USDT", "token_account": MISSING, "amount": "0.000003"}],
        "frozen": [],
        "fee_payer_lamports": 7,
        "fee_payer_is_low": True,
    }
    health = (await house.nobody.get("/readyz")).body["reconciliation"]
    assert health.pop("age_s") >= 0
    assert health == {"withdrawals_stopped": True, "differences": 1, "fee_payer_is_low": True}

    assert (await ada.post("/api/admin/reconciliation/clear")).status == 403
    assert shown.stop.is_on
    assert (await boss.post("/api/admin/reconciliation/clear")).status == 204
    assert not shown.stop.is_on
    assert (await boss.get("/api/admin/reconciliation")).body["differences"] == []
    acts = (await boss.get("/api/admin/log")).body["acts"]
    assert [(act["act"], act["target"]) for act in acts] == [("POST", "/api/admin/reconciliation/clear")]


async def test_where_nothing_is_compared_it_is_said(house: House) -> None:
    boss = await house.person(ADMIN)
    for answer in (
        await boss.get("/api/admin/reconciliation"),
        await boss.post("/api/admin/reconciliation/clear"),
    ):
        assert (answer.status, answer.body["error"]["code"]) == (409, "settlement_off")
    assert (await house.nobody.get("/readyz")).body["reconciliation"] is None
