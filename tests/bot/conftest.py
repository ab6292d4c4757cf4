"""Fixtures of the bot."""

import ssl
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path

import pytest
from aiogram.types import Update

from tests.bot.world import World, open_world
from tests.webapp_api.conftest import template

__all__ = ["template", "world"]


@pytest.fixture(scope="package", autouse=True)
def _one_tls_context() -> Iterator[None]:
    """Read the certificates of all authorities once, and not twice for each bot, none of which speaks TLS here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def _updates_end() -> Iterator[None]:
    """Take the last 128 updates from aiogram, which remembers them with their bots."""
    yield
    Update.event_type.fget.cache_clear()


@pytest.fixture
async def world(template: Path, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(template, tmp_path) as opened:
        yield opened
