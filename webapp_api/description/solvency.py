"""`/api/solvency`: that the exchange has what it owes."""

from http import HTTPStatus
from typing import Final

from webapp_api import solvency_wire
from webapp_api.description.operation import DEPOSITED, LIMIT, SNAPSHOT, Operation, Parameter

TAG: Final = "solvency"

OPERATIONS: Final = (
    Operation(
        name="solvency",
        method="GET",
        path="/api/solvency",
        summary="What is owed to everybody, beside what lies on the chain",
        parameters=(SNAPSHOT,),
        reply=solvency_wire.SolvencySnapshot,
        errors=("invalid_parameter", "no_snapshot", "unknown_snapshot"),
    ),
    Operation(
        name="solvency_deposit_accounts",
        method="GET",
        path="/api/solvency/deposit-accounts",
        summary="The token accounts into which people deposit an asset",
        parameters=(
            DEPOSITED,
            LIMIT,
            Parameter("after", str, "The next_after of the page before; left out for the first page."),
        ),
        reply=solvency_wire.DepositAccounts,
        errors=("unknown_asset", "invalid_parameter", "busy"),
    ),
    Operation(
        name="solvency_proof",
        method="GET",
        path="/api/portfolio/solvency-proof",
        summary="That one's own balances are counted in a snapshot",
        parameters=(SNAPSHOT,),
        reply=solvency_wire.SolvencyProof,
        errors=("invalid_parameter", "no_snapshot", "unknown_snapshot", "busy"),
    ),
    Operation(
        name="admin_solvency_snapshot",
        method="POST",
        path="/api/admin/solvency/snapshots",
        summary="Take a snapshot now",
        status=HTTPStatus.CREATED,
        reply=solvency_wire.SolvencySnapshot,
        errors=("solvency_unavailable", "busy"),
    ),
)
