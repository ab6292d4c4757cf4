"""Where books are: scenarios that ask for a `place` play on a SQLite file and on a real PostgreSQL."""

from pathlib import Path

import pytest

from data.store.opening import Place
from tests.support import postgres


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return where an empty exchange's books are, or will be."""
    return tmp_path / "books.sqlite" if request.param == "sqlite" else postgres.empty_exchange()
