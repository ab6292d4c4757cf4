"""What has expired goes a little at a time, whenever something of its kind is added: no job, and no full scan."""

from typing import Final

from data.store.connection import Connection
from engine.core.types import Micros

MOST_CLEANED: Final = 20  # at a time: more than comes, so what has piled up goes too, and never a pause


def _statement(table: str, key: str) -> str:
    # Only names that stand below. The index by expiry finds the oldest ones.
    found = f"SELECT {key} FROM {table} WHERE expires_at <= ? ORDER BY expires_at LIMIT {MOST_CLEANED}"  # noqa: S608
    return f"DELETE FROM {table} WHERE {key} IN ({found})"  # noqa: S608


SESSIONS: Final = _statement("sessions", "id")
CHALLENGES: Final = _statement("challenges", "nonce")
WALLET_LINKS: Final = _statement("wallet_links", "id")


def clean(connection: Connection, statement: str, now: Micros) -> None:
    """Delete the oldest of what had expired at `now`, in the caller's transaction."""
    connection.execute(statement, (now,))
