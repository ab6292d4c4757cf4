"""Accounts, their sessions and what happened to them, as clients see them."""

from engine.accounts import types
from engine.accounts.accounts import SignedIn
from webapp_api import wire
from webapp_api.auth.tokens import LIFE_S, AccessTokens


def signed_in(signed: SignedIn, tokens: AccessTokens) -> wire.SignedIn:
    """Return what somebody gets who has just signed in."""
    return wire.SignedIn(
        access_token=tokens.issue(signed.account.id, signed.session),
        token_type="Bearer",  # noqa: S106
        expires_in=LIFE_S,
        refresh_token=signed.refresh_token,
        account=account(signed.account),
    )


def account(found: types.Account) -> wire.Account:
    """Return an account as its owner sees it."""
    return wire.Account(
        found.id,
        found.telegram_id,
        found.first_name,
        found.username,
        found.language_code,
        found.created_at // 1000,
    )


def session(kept: types.Session, current: str) -> wire.Session:
    """Return a session; current is the id of the one that asks."""
    return wire.Session(
        id=kept.id,
        current=kept.id == current,
        user_agent=kept.user_agent,
        address=kept.address,
        door=kept.door,
        created_at=kept.created_at // 1000,
        refreshed_at=kept.refreshed_at // 1000,
        expires_at=kept.expires_at // 1000,
    )


def activity(happened: types.Activity) -> wire.Activity:
    """Return something that happened to an account."""
    return wire.Activity(
        id=happened.id,
        kind=happened.kind.value,
        detail=happened.detail,
        address=happened.address,
        created_at=happened.at // 1000,
    )
