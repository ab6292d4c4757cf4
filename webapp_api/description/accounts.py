"""`/api/auth` and `/api/account`."""

from http import HTTPStatus
from typing import Final

from webapp_api import lists, wire
from webapp_api.description.operation import LIMIT, SESSION_ID, Operation

TAG: Final = "account"

OPERATIONS: Final = (
    Operation(
        name="sign_in_by_telegram",
        method="POST",
        path="/api/auth/telegram",
        summary="Sign in with the mini-app's launch data",
        body=wire.SignInByTelegram,
        reply=wire.SignedIn,
        errors=("invalid_credentials", "expired", "busy"),
    ),
    Operation(
        name="refresh",
        method="POST",
        path="/api/auth/refresh",
        summary="Exchange a refresh token for the next one and a new access token",
        body=wire.Refresh,
        reply=wire.SignedIn,
        errors=("invalid_credentials", "busy"),
    ),
    Operation(
        name="sign_out",
        method="POST",
        path="/api/auth/logout",
        summary="End the session that asks",
        status=HTTPStatus.NO_CONTENT,
        reply=None,
    ),
    Operation(
        name="sign_out_everywhere",
        method="POST",
        path="/api/auth/logout-all",
        summary="End every session of the account at once, or every other one",
        body=wire.SignOutEverywhere,
        body_required=False,
        status=HTTPStatus.NO_CONTENT,
        reply=None,
    ),
    Operation(
        name="sessions",
        method="GET",
        path="/api/auth/sessions",
        summary="List the live sessions with device and place of last use, newest first",
        reply=lists.Sessions,
    ),
    Operation(
        name="end_session",
        method="DELETE",
        path="/api/auth/sessions/{id}",
        summary="End one of the sessions",
        parameters=(SESSION_ID,),
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("unknown_session",),
    ),
    Operation(
        name="account",
        method="GET",
        path="/api/account",
        summary="Who is signed in",
        reply=wire.Account,
    ),
    Operation(
        name="activity",
        method="GET",
        path="/api/account/activity",
        summary="What happened to the account lately, newest first: sign-ins, log-outs everywhere, doors and API keys",
        parameters=(LIMIT,),
        reply=lists.Activities,
        errors=("invalid_parameter",),
    ),
    Operation(
        name="notifications",
        method="GET",
        path="/api/account/notifications",
        summary="Of what the Telegram bot tells the account by itself, and how loudly",
        reply=wire.Notifications,
    ),
    Operation(
        name="choose_notifications",
        method="PUT",
        path="/api/account/notifications",
        summary="Let the bot tell of some kinds on, silent (without a sound) or off; the others stay as they are",
        body=wire.Notifications,
        reply=wire.Notifications,
    ),
)
