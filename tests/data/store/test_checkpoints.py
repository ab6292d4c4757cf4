import asyncio
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from data.store.checkpoints import Checkpoints
from tests.data.store.books import books


def orders_without_the_log(path: Path, copy: Path) -> int:
    """Count the orders that the database file holds by itself."""
    shutil.copyfile(path, copy)
    with closing(sqlite3.connect(copy)) as connection:
        return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])


async def test_the_log_is_carried_over_while_the_writer_lives_and_does_not_grow(tmp_path: Path) -> None:
    async with books(tmp_path / "books.sqlite") as day:
        ada = await day.person(USDT=1_000_000)
        log = tmp_path / "books.sqlite-wal"
        sizes = []
        for done in (20, 40, 60):
            for number in range(20):
                await day.place(ada, "buy", 1, 100 + number)
            for _ in range(100):
                if orders_without_the_log(day.database, tmp_path / "copy.sqlite") == done:
                    break
                await asyncio.sleep(0.05)
            assert orders_without_the_log(day.database, tmp_path / "copy.sqlite") == done
            sizes.append(log.stat().st_size)
        assert sizes[2] < 2 * sizes[0]


async def test_the_thread_ends_with_its_store(tmp_path: Path) -> None:
    async with books(tmp_path / "books.sqlite"):
        assert "store-checkpoints" in [thread.name for thread in threading.enumerate()]
    assert "store-checkpoints" not in [thread.name for thread in threading.enumerate()]


def test_a_database_that_can_not_be_opened_is_said_and_disturbs_nobody(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "none.sqlite")
    time.sleep(0.1)
    began = time.monotonic()
    checkpoints.close()
    assert time.monotonic() - began < 1
    assert not (tmp_path / "none.sqlite").exists()
