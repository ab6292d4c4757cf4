from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.data.solana.localnet.world import World, world_on


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_on(tmp_path / "localnet") as opened:
        yield opened
