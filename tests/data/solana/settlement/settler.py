"""Settlement in a process of its own, to be killed: it settles what is in a database until then."""

import asyncio
import json
import sys
import time
from pathlib import Path

from data.store.queries import Queries
from data.store.sqlite import SqliteStore
from engine.core.types import AssetCode, Micros
from tests.data.solana.settlement.settling import Written, settling


async def main(path: Path, url: str, mints: str) -> None:
    """Settle until killed."""
    store, queries = await SqliteStore.open(path), await Queries.open(path)
    known = {AssetCode(code): (mint, decimals) for code, (mint, decimals) in json.loads(mints).items()}
    books = Written(path, store, queries, known, lambda: Micros(time.time_ns() // 1000))
    async with settling(url, books, tables=True):
        print(flush=True)  # noqa: T201  whoever started it reads this
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
