"""Which doors an account has, looked up in the caller's transaction: Telegram and wallets."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from typing import Final

from data.store import activities
from data.store.connection import Connection
from engine.accounts import wallet_types
from engine.accounts.refusals import LastDoor, SessionOver, TooManyWallets, WalletTaken
from engine.accounts.types import TELEGRAM, Activity, ActivityKind
from engine.accounts.wallet_types import MAX_WALLETS, Asker, Wallet
from engine.core.types import Micros, UserId

CHAT: Final = f"'{wallet_types.CHAT}' || users.telegram_id"  # what the account's chat has for a session id; or null
_ASKS: Final = (
    "SELECT 1 FROM sessions WHERE id = :session AND user_id = :user AND revoked_at IS NULL AND expires_at > :now"
    f" UNION ALL SELECT 1 FROM users WHERE id = :user AND {CHAT} = :session"
)


def has(connection: Connection, user_id: UserId, door: str) -> bool:
    """Say whether an account has this door: TELEGRAM, or a wallet's address."""
    if door == TELEGRAM:
        found = connection.execute("SELECT 1 FROM users WHERE id = ? AND telegram_id IS NOT NULL", (user_id,))
    else:
        found = connection.execute("SELECT 1 FROM wallets WHERE user_id = ? AND address = ?", (user_id, door))
    return found.fetchone() is not None


def check(connection: Connection, asker: Asker, now: Micros) -> None:
    """Raise SessionOver where the session that asks has ended since it was let in, or the chat is another account's."""
    values = {"session": asker.session_id, "user": asker.user_id, "now": now}
    if connection.execute(_ASKS, values).fetchone() is None:
        raise SessionOver


def wallet(connection: Connection, address: str) -> Wallet | None:
    """Return a linked wallet, or None."""
    row = connection.execute(
        "SELECT address, user_id, created_at FROM wallets WHERE address = ?", (address,)
    ).fetchone()
    return Wallet(*row) if row else None


def insert_wallet(connection: Connection, new: Wallet) -> None:
    """Link a wallet that is not linked."""
    connection.execute(
        "INSERT INTO wallets (address, user_id, created_at) VALUES (?, ?, ?)",
        (new.address, new.user_id, new.created_at),
    )


def link_wallet(connection: Connection, asker: Asker, address: str, now: Micros) -> tuple[Wallet, Activity | None]:
    """Link a wallet to the asker's account, or find it linked. Raises WalletTaken, TooManyWallets."""
    known = wallet(connection, address)
    if known is not None:
        if known.user_id != asker.user_id:
            raise WalletTaken
        return known, None
    if _wallets(connection, asker.user_id) >= MAX_WALLETS:
        raise TooManyWallets(limit=MAX_WALLETS)
    new = Wallet(address, asker.user_id, now)
    insert_wallet(connection, new)
    return new, record(connection, asker, ActivityKind.WALLET_LINKED, address, now)


def check_left(connection: Connection, user_id: UserId) -> None:
    """Raise LastDoor where an account has no door any more."""
    if not _wallets(connection, user_id) and not has(connection, user_id, TELEGRAM):
        raise LastDoor


def record(connection: Connection, asker: Asker, kind: ActivityKind, detail: str, now: Micros) -> Activity:
    """Keep what the asker did to their account."""
    return activities.record(connection, Activity(asker.user_id, now, kind, asker.address, detail))


def _wallets(connection: Connection, user_id: UserId) -> int:
    (count,) = connection.execute("SELECT count(*) FROM wallets WHERE user_id = ?", (user_id,)).fetchone()
    return int(count)
