from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.data.solana.svm_clob.house import House, house_on
from tests.simulators.svm_clob import build


@pytest.fixture(scope="session")
def elf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return build(tmp_path_factory.mktemp("svm_clob"))


@pytest.fixture
async def house(tmp_path: Path, elf: bytes) -> AsyncIterator[House]:
    async with house_on(tmp_path / "localnet", elf) as opened:
        yield opened
