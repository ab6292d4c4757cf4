"""The write-ahead log's way back into the database file, beside the writer and not in its commits.

SQLite lets the commit that fills the log carry it over, thousands of pages and a sync, while every order waits. At a
steady load that was what the slowest hundredth of orders waited for. Another connection can do it at the same time: a
PASSIVE checkpoint blocks nobody. When all is carried over the writer begins the log anew, so that it stays small.
"""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Final

import structlog

INTERVAL_S: Final = 0.05
CLOSE_S: Final = 5.0

log = structlog.get_logger()


class Checkpoints:
    """A thread that carries the log over every INTERVAL_S until closed."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=rw"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-checkpoints", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it. Blocks."""
        self._closing.set()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with closing(sqlite3.connect(self._uri, uri=True, isolation_level=None)) as connection:
                    connection.execute("PRAGMA synchronous = FULL")
                    while not self._closing.wait(INTERVAL_S):
                        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.Error as error:  # the writer's own checkpoints are still there
                log.warning("a checkpoint failed", error=str(error))
                self._closing.wait(1.0)
