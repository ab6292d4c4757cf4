"""What is to be swept out of deposit accounts: `engine.custody.ports.SweepStore` in SQL; and play money."""

from collections.abc import Sequence
from typing import Final

from data.store.connection import Reading
from data.store.readers import Readers, rows
from engine.core.commands import Deposit
from engine.custody.sweeping import Unswept
from engine.settlement.fills import Purse

# By person and asset, not by account: after a change of keys what lies at an old address is moved to the new one, by
# hand. Play money, of other references, is minted on a localnet only.
_UNSWEPT: Final = """
    SELECT token_account, owner, user_id, asset, seen,
           (SELECT coalesce(sum(amount), 0) FROM deposits AS d
             WHERE d.user_id = a.user_id AND d.asset = a.asset AND (? OR reference LIKE 'solana:%')),
           (SELECT coalesce(sum(atoms), 0) FROM deposit_accounts AS o
              JOIN sweeps USING (token_account) JOIN settlement_batches USING (batch_id)
             WHERE o.user_id = a.user_id AND o.asset = a.asset AND state <> 'failed'),
           (SELECT coalesce(sum(atoms), 0) FROM sweeps AS s JOIN settlement_batches USING (batch_id)
             WHERE s.token_account = a.token_account AND passed = 0 AND state <> 'failed')
      FROM deposit_accounts AS a WHERE token_account = ?
"""
_WANTED: Final = "SELECT DISTINCT user_id, asset FROM withdrawals WHERE status = 'requested'"
_NOT_PASSED: Final = """
    SELECT token_account, signature FROM sweeps JOIN settlement_batches USING (batch_id)
     WHERE passed = 0 AND state = 'settled'
"""
_PLAY_MONEY: Final = """
    SELECT reference, user_id, asset, amount, at FROM deposits WHERE reference NOT LIKE 'solana:%' ORDER BY at
"""


class SqlSweeps:
    """`engine.custody.ports.SweepStore`. has_play_money: what was credited without the chain was minted there since."""

    def __init__(self, readers: Readers, *, has_play_money: bool) -> None:
        self._readers = readers
        self._has_play_money = has_play_money

    async def unswept(self, token_accounts: Sequence[str]) -> list[Unswept]:
        """Return what sweeping has to know of accounts."""

        async def read(connection: Reading) -> list[Unswept]:
            found = []
            for account in token_accounts:
                values = (self._has_play_money, account)
                found += [Unswept(*row) for row in await rows(connection, _UNSWEPT, values)]
            return found

        return await self._readers.read(read)

    async def wanted(self) -> set[Purse]:
        """Return the accounts out of which a withdrawal is requested, with its asset."""
        found = await self._readers.read(lambda connection: rows(connection, _WANTED))
        return {(user, asset) for user, asset in found}

    async def not_passed(self) -> list[tuple[str, str]]:
        """Return token accounts and signatures of sweeps that have settled and that no look has come by yet."""
        found = await self._readers.read(lambda connection: rows(connection, _NOT_PASSED))
        return [(account, signature) for account, signature in found]

    async def play_money(self) -> list[Deposit]:
        """Return what was credited without the chain, oldest first: there is some in development only."""
        found = await self._readers.read(lambda connection: rows(connection, _PLAY_MONEY))
        return [Deposit(at, user, asset, amount, reference) for reference, user, asset, amount, at in found]
