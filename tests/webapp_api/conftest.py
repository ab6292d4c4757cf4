"""Fixtures of the HTTP edge."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.database import ensure_database, on_a_file
from tests.webapp_api.house import House, open_house

__all__ = ["on_a_file"]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database with its tables and nothing in them, once; each test works on a copy."""
    path = tmp_path_factory.mktemp("template") / "exchange.db"
    ensure_database(path)
    return path


@pytest.fixture
async def house(template: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(template, tmp_path) as opened:
        yield opened
