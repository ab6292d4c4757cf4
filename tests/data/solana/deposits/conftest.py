from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.data.solana.deposits.bank import Bank, bank


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Bank]:
    async with bank(tmp_path) as opened:
        yield opened
