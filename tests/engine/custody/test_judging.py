"""What a transaction brings to a deposit account."""

import pytest

from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.custody.accounts import DepositAccount
from engine.custody.judging import Verdict, judge
from engine.ports import ChainTransaction, TokenChange

ADA = DepositAccount("adas account", "ada", UserId(1000), AssetCode("USDT"), "usdt", Micros(1))
BROUGHT = TokenChange("adas account", "usdt", "ada", 100)


@pytest.mark.parametrize(
    ("changes", "signer", "failed", "expected"),
    [
        ([BROUGHT], "rich", False, (Verdict.CREDITED, 100)),
        ([BROUGHT], "rich", True, (Verdict.FAILED, 0)),
        ([TokenChange("adas account", "usdt", "ada", 99)], "rich", False, (Verdict.DUST, 99)),
        ([TokenChange("adas account", "usdt", "ada", -500)], "vault", False, (Verdict.NOTHING, 0)),
        ([TokenChange("adas account", "usdt", "ada", 0)], "rich", False, (Verdict.NOTHING, 0)),
        ([TokenChange("adas account", "fake", "ada", 500)], "rich", False, (Verdict.FOREIGN, 0)),
        ([TokenChange("adas other account", "fake", "ada", 500)], "rich", False, (Verdict.FOREIGN, 0)),
        ([TokenChange("adas other account", "usdt", "ada", 500)], "rich", False, (Verdict.NOTHING, 0)),
        ([TokenChange("bobs account", "usdt", "bob", 500)], "rich", False, (Verdict.NOTHING, 0)),
        ([TokenChange("bobs account", "usdt", "bob", 500), BROUGHT], "rich", False, (Verdict.CREDITED, 100)),
        ([BROUGHT], "vault", False, (Verdict.OURS, 100)),
        ([], "rich", False, (Verdict.NOTHING, 0)),
    ],
)
def test_a_transaction_is_judged(
    changes: list[TokenChange], signer: str, failed: bool, expected: tuple[Verdict, int]
) -> None:
    transaction = ChainTransaction("signature", failed, ("payer", signer), tuple(changes))
    assert judge(transaction, ADA, Atoms(100), lambda key: key == "vault") == expected
