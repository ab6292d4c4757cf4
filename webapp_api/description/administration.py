"""`/api/admin`: for administrators, whom the exchange's settings name."""

from http import HTTPStatus
from typing import Final, Literal

from webapp_api import admin_wire, overview_wire, portfolio_wire
from webapp_api.acts import ACTIONS
from webapp_api.description.operation import (
    ACCOUNT_ID,
    CURSOR,
    DEPOSITED,
    LIMIT,
    NO_ADDRESS,
    QUOTED,
    Operation,
    Parameter,
)

TAG: Final = "administration"

ACTION: Final = Parameter(
    "action", Literal[tuple(ACTIONS)], "Only these acts; a page may then hold few or none though there are more."
)

OPERATIONS: Final = (
    Operation(
        name="admin_account",
        method="GET",
        path="/api/admin/accounts/{id}",
        summary="An account and its live sessions",
        parameters=(ACCOUNT_ID,),
        reply=admin_wire.AccountSeen,
        errors=("unknown_account",),
    ),
    Operation(
        name="admin_sign_out",
        method="POST",
        path="/api/admin/accounts/{id}/sign-out",
        summary="Log an account out everywhere: all its sessions end",
        parameters=(ACCOUNT_ID,),
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("unknown_account",),
    ),
    Operation(
        name="admin_overview",
        method="GET",
        path="/api/admin/overview",
        summary="How every part of the exchange is doing, and which parts somebody should look at",
        reply=overview_wire.Overview,
    ),
    Operation(
        name="admin_quoting",
        method="GET",
        path="/api/admin/quoting",
        summary="What the market maker does, why it does not, and what it came to",
        reply=admin_wire.Quoting,
    ),
    Operation(
        name="admin_quoting_deposit_address",
        method="GET",
        path="/api/admin/quoting/deposit-address",
        summary="Where to send the market maker's capital on Solana",
        parameters=(DEPOSITED,),
        reply=portfolio_wire.DepositAddress,
        errors=NO_ADDRESS,
    ),
    Operation(
        name="admin_stop_quoting",
        method="POST",
        path="/api/admin/quoting/{symbol}/stop",
        summary="Take back the market maker's quotes; it stays so over restarts",
        parameters=(QUOTED,),
        body=admin_wire.StopQuoting,
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("unknown_symbol",),
    ),
    Operation(
        name="admin_resume_quoting",
        method="POST",
        path="/api/admin/quoting/{symbol}/resume",
        summary="Let the market maker quote again; what was lost today is forgiven",
        parameters=(QUOTED,),
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("unknown_symbol",),
    ),
    Operation(
        name="admin_open_market",
        method="POST",
        path="/api/admin/markets/{symbol}/resume",
        summary="Let a market take orders again",
        parameters=(QUOTED,),
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("unknown_symbol", "busy"),
    ),
    Operation(
        name="admin_make_market_cancel_only",
        method="POST",
        path="/api/admin/markets/{symbol}/cancel-only",
        summary="Let a market take no new orders, only let go of open ones; it stays so over restarts",
        parameters=(QUOTED,),
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("unknown_symbol", "busy"),
    ),
    Operation(
        name="admin_halt_market",
        method="POST",
        path="/api/admin/markets/{symbol}/halt",
        summary="Let nothing be done with orders in a market, not even cancel them; it stays so over restarts",
        parameters=(QUOTED,),
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("unknown_symbol", "busy"),
    ),
    Operation(
        name="admin_settlement",
        method="GET",
        path="/api/admin/settlement",
        summary="What is owed on the chain, and which trades can't settle",
        reply=admin_wire.Settlement,
        errors=("settlement_off", "busy"),
    ),
    Operation(
        name="admin_retry_settlement",
        method="POST",
        path="/api/admin/settlement/retry",
        summary="Try trades again that could not settle",
        body=admin_wire.RetrySettlement,
        reply=admin_wire.Retried,
        errors=("settlement_off", "busy"),
    ),
    Operation(
        name="admin_reconciliation",
        method="GET",
        path="/api/admin/reconciliation",
        summary="Where the books and the chain differ, and whether withdrawals are stopped for it",
        reply=admin_wire.Reconciliation,
        errors=("settlement_off",),
    ),
    Operation(
        name="admin_clear_reconciliation",
        method="POST",
        path="/api/admin/reconciliation/clear",
        summary="Let withdrawals go on after a difference; one that is still there stops them again",
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("settlement_off", "busy"),
    ),
    Operation(
        name="admin_log",
        method="GET",
        path="/api/admin/log",
        summary="What administrators did, newest first",
        parameters=(LIMIT, CURSOR, ACTION),
        reply=admin_wire.AdminActs,
        errors=("invalid_parameter",),
    ),
)
