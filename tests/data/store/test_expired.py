"""What has expired goes with what is new: found by its index, and only so much at a time."""

import sqlite3
from pathlib import Path

import pytest

from data.store import expired
from data.store.connection import Connection
from data.store.opening import Place
from data.store.wallet_links import SqlWalletLinks
from data.store.wallets import SqlWallets
from engine.accounts.types import TELEGRAM, Activity, ActivityKind, LinkState, Session
from engine.accounts.wallet_types import Challenge, WalletLink
from engine.core.types import Micros, UserId
from tests.data.store.books import Books, books
from tests.support.database import ensure_database

NOW = Micros(1_000_000)
OLD = 3 * expired.MOST_CLEANED
KINDS = {"sessions": expired.SESSIONS, "challenges": expired.CHALLENGES, "wallet_links": expired.WALLET_LINKS}


@pytest.mark.parametrize("table", KINDS)
def test_expired_rows_are_found_by_their_index_without_a_scan(tmp_path: Path, table: str) -> None:
    place = tmp_path / "books.sqlite"
    ensure_database(place)
    connection = sqlite3.connect(place)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {KINDS[table]}", (NOW,))]
    connection.close()
    assert f"SEARCH {table} USING INDEX ix_{table}_expiry (expires_at<?)" in plan
    assert not [step for step in plan if step.startswith(("SCAN", "USE TEMP B-TREE"))], plan


async def add(day: Books, table: str, user: UserId, number: int, expires_at: int) -> None:
    """Add one of a kind, as if at NOW."""
    end, name = Micros(expires_at), f"{table} {number}"
    match table:
        case "challenges":
            await SqlWallets(day.store, day.queries).keep_challenge(Challenge(name, "a", "m", end), NOW)
        case "wallet_links":
            link = WalletLink(name, user, "session", LinkState.ASKED, None, NOW, end)
            await SqlWalletLinks(day.store, day.queries).ask(link, name.encode())
        case "sessions":
            session = Session(name, user, b"1", NOW, NOW, end, "", "")
            await day.accounts.open_session(session, Activity(user, NOW, ActivityKind.SIGNED_IN, "", TELEGRAM))


async def count(day: Books, table: str) -> int:
    return await day.store.write(lambda each: int(each.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))


@pytest.mark.parametrize("table", KINDS)
async def test_each_new_one_cleans_some_old_ones_the_oldest_first(place: Place, table: str) -> None:
    async with books(place) as day:
        # Of many people: one person's own leftovers go anyway.
        people = [
            (await day.accounts.person_by_telegram(number, "Ada", None, None, NOW)).id for number in range(1, 100)
        ]
        for number in range(OLD):
            await add(day, table, people[number], number, NOW + 1 + number)
        later = Micros(NOW + OLD)  # the last one of them has expired at this very moment

        def grow_old(connection: Connection) -> None:
            connection.execute(f"UPDATE {table} SET expires_at = expires_at - ?", (later - NOW,))

        await day.store.write(grow_old)
        assert await count(day, table) == OLD
        left = OLD
        for number in range(1, 5):
            await add(day, table, people[-number], OLD + number, later)
            left -= min(left, expired.MOST_CLEANED)
            assert await count(day, table) == left + number
        assert left == 0
