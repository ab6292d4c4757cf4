"""Fixtures of the bot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.world import World, open_world
from tests.webapp_api.conftest import template

__all__ = ["template", "world"]


@pytest.fixture
async def world(template: Path, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(template, tmp_path) as opened:
        yield opened
