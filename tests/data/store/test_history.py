"""Pages of history among very many rows: each fast, whoever asks for whatever.

A million rows here; CLOBSTER_TEST_ROWS says how many (`make history` asks for ten million, which takes some minutes).
"""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data.store.queries import Page, Queries
from engine.core.types import Micros, Side
from tests.support.bulk import APART, BUSY, EMPTY, IDLE, IDLE_ROWS, NEVER, RARE, RARE_ASSET, START, fill

ROWS = int(os.environ.get("CLOBSTER_TEST_ROWS", "1000000"))
MOST_MS = 20.0  # of this process and its readers' threads, since other programs may have the processors
ROUNDS = 5

Ask = Callable[..., Awaitable[Page[Any]]]
TIMES = {"start": Micros(START + ROWS // 4 * APART), "end": Micros(START + ROWS // 4 * 3 * APART)}
ORDERS: dict[str, dict[str, Any]] = {
    "all": {},
    "open": {"status": "open"},
    "closed": {"status": "closed"},
    "one side": {"side": Side.BUY},
    "a rare market": {"symbol": RARE},
    "a market without": {"symbol": NEVER},
    "a time": TIMES,
}
TRADES = {name: filters for name, filters in ORDERS.items() if "status" not in filters}
LEDGER: dict[str, dict[str, Any]] = {"all": {}, "a rare asset": {"asset": RARE_ASSET}, "a time": TIMES}
PLACES = {"start": None, "middle": ROWS // 2, "end": 300}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("history") / "books.sqlite"
    fill(made, ROWS)
    yield made
    made.unlink()


@pytest.fixture
async def queries(path: Path) -> AsyncIterator[Queries]:
    opened = await Queries.open(path)
    yield opened
    await opened.close()


@pytest.mark.parametrize("table", ["orders", "trades", "ledger"])
async def test_every_page_is_fast(queries: Queries, table: str) -> None:
    asks: dict[str, tuple[Ask, dict[str, dict[str, Any]]]] = {
        "orders": (queries.orders, ORDERS),
        "trades": (queries.own_trades, TRADES),
        "ledger": (queries.ledger, LEDGER),
    }
    ask, filters = asks[table]
    slow = []
    for user in (BUSY, IDLE, EMPTY):
        for place, cursor in PLACES.items():
            for name, asked in filters.items():
                took = []
                for _ in range(ROUNDS):
                    began = time.process_time()
                    await ask(user, limit=100, cursor=cursor, **asked)
                    took.append((time.process_time() - began) * 1000)
                if min(took) > MOST_MS:
                    slow.append((user, place, name, min(took)))
    assert slow == []


async def test_public_trades_are_fast_however_old(queries: Queries) -> None:
    for cursor in PLACES.values():
        began = time.process_time()
        assert len((await queries.trades(RARE, limit=100, cursor=cursor)).items) == (0 if cursor == 300 else 100)
        assert (time.process_time() - began) * 1000 < MOST_MS


async def test_pages_find_the_rows_that_are_there(queries: Queries) -> None:
    assert len((await queries.orders(BUSY)).items) == 100
    for ask in (queries.orders, queries.own_trades, queries.ledger):
        page: Page[Any] = await ask(IDLE)
        while page.next_cursor is not None:
            assert not page.items
            page = await ask(IDLE, cursor=page.next_cursor)
        assert len(page.items) == IDLE_ROWS
        assert (await ask(EMPTY)).items == []
    found, cursor = 0, None
    while True:
        rare = await queries.orders(BUSY, symbol=RARE, cursor=cursor, start=Micros(START + (ROWS - 10_000) * APART))
        found, cursor = found + len(rare.items), rare.next_cursor
        if cursor is None:
            break
    assert found == 11
