"""Fixtures of the bot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from data.store.migrate import sqlite_url, upgrade
from tests.bot.world import World, open_world


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database with its tables and nothing in them, once; each test works on a copy."""
    path = tmp_path_factory.mktemp("template") / "exchange.db"
    upgrade(sqlite_url(path))
    return path


@pytest.fixture
async def world(template: Path, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(template, tmp_path) as opened:
        yield opened
