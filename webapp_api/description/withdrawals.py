"""`/api/portfolio/withdrawals`: money that leaves by Solana, and what administrators do about it."""

from http import HTTPStatus
from typing import Final

from webapp_api import wallet_wire, withdrawal_wire
from webapp_api.description.operation import CURSOR, DEPOSITED, LIMIT, Id, Operation, Parameter

TAG: Final = "withdrawals"

WITHDRAWAL_ID: Final = Parameter("id", Id, "The withdrawal's id.")
KEY: Final = Parameter(
    "Idempotency-Key",
    withdrawal_wire.IdempotencyKey,
    "A name of your own for this very request: sent again, it is answered with the first withdrawal.",
    required=True,
    in_header=True,
)

AMOUNTS: Final = (
    *("unknown_asset", "malformed_number", "too_precise", "too_large", "invalid_amount", "below_minimum"),
    "insufficient_funds",
)
TARGETS: Final = (
    *("invalid_address", "wrong_network", "own_address", "not_a_wallet", "wrong_mint", "wrong_token_program"),
    "target_frozen",
)

OPERATIONS: Final = (
    Operation(
        name="withdrawal_terms",
        method="GET",
        path="/api/portfolio/withdrawal-terms",
        summary="What a withdrawal costs, the least and the most that it may be now, and what is left for today",
        parameters=(DEPOSITED,),
        reply=withdrawal_wire.WithdrawalTerms,
        errors=("invalid_parameter", "unknown_asset", "withdrawals_off"),
    ),
    Operation(
        name="withdraw",
        method="POST",
        path="/api/portfolio/withdrawals",
        summary="Withdraw: the amount is held at once, and leaves after its owner has confirmed",
        parameters=(KEY,),
        body=withdrawal_wire.Withdraw,
        status=HTTPStatus.CREATED,
        reply=withdrawal_wire.Withdrawal,
        errors=(
            *AMOUNTS,
            *TARGETS,
            "idempotency_key_needed",
            "idempotency_key_reused",
            "no_confirmation",
            "day_limit",
            "too_many_token_accounts",
            "too_many_withdrawals",
            "address_not_known",
            "key_needs_addresses",
            "withdrawals_off",
            "withdrawals_unavailable",
        ),
    ),
    Operation(
        name="withdrawals",
        method="GET",
        path="/api/portfolio/withdrawals",
        summary="One's withdrawals, newest first",
        parameters=(LIMIT, CURSOR),
        reply=withdrawal_wire.Withdrawals,
        errors=("invalid_parameter",),
    ),
    Operation(
        name="withdrawal",
        method="GET",
        path="/api/portfolio/withdrawals/{id}",
        summary="One withdrawal",
        parameters=(WITHDRAWAL_ID,),
        reply=withdrawal_wire.Withdrawal,
        errors=("unknown_withdrawal",),
    ),
    Operation(
        name="cancel_withdrawal",
        method="DELETE",
        path="/api/portfolio/withdrawals/{id}",
        summary="Cancel a withdrawal, as long as it is not signed: the money is back at once",
        parameters=(WITHDRAWAL_ID,),
        reply=withdrawal_wire.Withdrawal,
        errors=("unknown_withdrawal", "withdrawal_not_cancelable"),
    ),
    Operation(
        name="ask_wallet_to_confirm_withdrawal",
        method="POST",
        path="/api/portfolio/withdrawals/{id}/challenge",
        summary="A text for a linked wallet to sign, which names the amount, the fee and the address. Good once",
        parameters=(WITHDRAWAL_ID,),
        body=wallet_wire.AskToSign,
        reply=wallet_wire.Challenge,
        errors=("unknown_withdrawal", "withdrawal_not_waiting", "invalid_address", "not_linked"),
    ),
    Operation(
        name="confirm_withdrawal",
        method="POST",
        path="/api/portfolio/withdrawals/{id}/confirm",
        summary="Confirm a withdrawal by the signed text of a linked wallet",
        parameters=(WITHDRAWAL_ID,),
        body=wallet_wire.Proof,
        reply=withdrawal_wire.Withdrawal,
        errors=("unknown_withdrawal", "withdrawal_not_waiting", "invalid_credentials", "expired", "not_linked"),
    ),
    Operation(
        name="admin_withdrawals",
        method="GET",
        path="/api/admin/withdrawals",
        summary="For administrators: all withdrawals that have not ended, oldest first",
        reply=withdrawal_wire.UnderWay,
    ),
    Operation(
        name="admin_stop_withdrawals",
        method="POST",
        path="/api/admin/withdrawals/stop",
        summary="For administrators: send none any more; it stays so over restarts",
        body=withdrawal_wire.StopWithdrawals,
        status=HTTPStatus.NO_CONTENT,
        reply=None,
    ),
    Operation(
        name="admin_resume_withdrawals",
        method="POST",
        path="/api/admin/withdrawals/resume",
        summary="For administrators: send again",
        status=HTTPStatus.NO_CONTENT,
        reply=None,
    ),
    Operation(
        name="admin_approve_withdrawal",
        method="POST",
        path="/api/admin/withdrawals/{id}/approve",
        summary="For administrators: agree to a large withdrawal of somebody else; two of them have to",
        parameters=(WITHDRAWAL_ID,),
        reply=withdrawal_wire.AccountWithdrawal,
        errors=("unknown_withdrawal", "withdrawal_not_waiting", "own_withdrawal", "already_approved"),
    ),
    Operation(
        name="admin_reject_withdrawal",
        method="POST",
        path="/api/admin/withdrawals/{id}/reject",
        summary="For administrators: give the money back, as long as nothing is signed",
        parameters=(WITHDRAWAL_ID,),
        reply=withdrawal_wire.AccountWithdrawal,
        errors=("unknown_withdrawal", "withdrawal_not_cancelable"),
    ),
)
