"""Whether the ledger adds up, asked while trading goes on: of committed balances, by SQLite, in a reader's thread."""

from typing import Final

from data.store.queries import Queries
from data.store.readers import rows

# Two sums of half a number each, as SQLite's sum() ends beyond 63 bits.
_SUMS: Final = """
    SELECT asset, sum((available + held) >> 31), sum((available + held) & 2147483647) FROM balances GROUP BY asset
"""


async def unbalanced(queries: Queries) -> dict[str, int]:
    """Return by how many atoms each asset's balances are not 0 together: nothing where the ledger adds up.

    Raises Busy like `Queries.read`.
    """
    sums = await queries.read(lambda connection: rows(connection, _SUMS))
    found = {str(asset): (int(high) << 31) + int(low) for asset, high, low in sums}
    return {asset: atoms for asset, atoms in found.items() if atoms}
