"""`/api/admin`: for administrators, whom the exchange's settings name."""

from http import HTTPStatus
from typing import Final

from webapp_api import lists, wire
from webapp_api.description.operation import ACCOUNT_ID, CURSOR, LIMIT, Operation

TAG: Final = "administration"

OPERATIONS: Final = (
    Operation(
        name="admin_account",
        method="GET",
        path="/api/admin/accounts/{id}",
        summary="An account and its live sessions",
        parameters=(ACCOUNT_ID,),
        reply=wire.AccountSeen,
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
        name="admin_log",
        method="GET",
        path="/api/admin/log",
        summary="What administrators did, newest first",
        parameters=(LIMIT, CURSOR),
        reply=lists.AdminActs,
        errors=("invalid_parameter",),
    ),
)
