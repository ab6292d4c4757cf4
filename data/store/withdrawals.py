"""What happened to withdrawals: `engine.withdrawals.ports.WithdrawalStore` in SQL."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Mapping
from typing import Final

from data.store import facts
from data.store.connection import Connection, Values
from data.store.readers import Readers, rows
from data.store.rows import Row
from data.store.store import Store
from engine.accounts.types import ActivityKind
from engine.core.types import AssetCode, Atoms, Micros, UserId, WithdrawalId
from engine.settlement.types import BatchState
from engine.withdrawals.types import Ending, Means, Withdrawal

# What changes who gets into an account, or what a program may do for it.
SECURITY: Final = (
    ActivityKind.TELEGRAM_LINKED,
    ActivityKind.TELEGRAM_UNLINKED,
    ActivityKind.WALLET_LINKED,
    ActivityKind.WALLET_UNLINKED,
    ActivityKind.API_KEY_CREATED,
    ActivityKind.REFRESH_TOKEN_REUSED,
)

_KINDS: Final = ", ".join(f"'{kind.value}'" for kind in SECURITY)
_FACTS: Final = 10  # columns of facts.WITHDRAWAL
_OF: Final = ", ".join(f"w.{column.strip()}" for column in facts.WITHDRAWAL.split(","))
_WITHDRAWAL: Final = f"""
    SELECT {_OF}, confirmed_at, confirmed_by, coalesce(approvals_needed, 0),
           (SELECT count(*) FROM withdrawal_approvals AS a WHERE a.withdrawal_id = w.id), ending,
           EXISTS (SELECT 1 FROM withdrawal_addresses AS k WHERE k.user_id = w.user_id AND k.address = w.address),
           (SELECT max(at) FROM activity AS s WHERE s.user_id = w.user_id AND s.kind IN ({_KINDS})),
           b.batch_id, b.state,
           coalesce(b.signature, (SELECT f.signature FROM settlement_batches AS f WHERE f.withdrawal_id = w.id
                                   AND f.signature IS NOT NULL ORDER BY f.batch_id DESC LIMIT 1)),
           (SELECT count(*) FROM settlement_batches AS f WHERE f.withdrawal_id = w.id AND f.state = 'failed')
      FROM withdrawals AS w
      LEFT JOIN withdrawal_steps AS t ON t.withdrawal_id = w.id
      LEFT JOIN settlement_batches AS b ON b.withdrawal_id = w.id AND b.state <> 'failed'
"""
_BY_ID: Final = f"{_WITHDRAWAL} WHERE w.id = ?"
_BY_REFERENCE: Final = f"{_WITHDRAWAL} WHERE w.user_id = ? AND w.reference = ?"
_OF_ACCOUNT: Final = f"{_WITHDRAWAL} WHERE w.user_id = ? AND w.id < ? ORDER BY w.id DESC LIMIT ?"
_UNDER_WAY: Final = f"{_WITHDRAWAL} WHERE w.status = 'requested' ORDER BY w.id"
_LEAVING: Final = """
    SELECT asset, count(*) FILTER (WHERE status = 'requested'), sum(amount) FROM withdrawals
     WHERE user_id = ? AND (status = 'requested' OR (status = 'completed' AND updated_at > ?)) GROUP BY asset
"""
_PAID: Final = """
    SELECT coalesce(sum(w.amount - w.fee), 0)
      FROM settlement_batches AS b JOIN withdrawals AS w ON w.id = b.withdrawal_id
     WHERE b.state = 'settled' AND b.updated_at > ? AND w.asset = ?
"""
_OPENED: Final = """
    SELECT count(*) FROM withdrawals AS w JOIN settlement_batches AS b ON b.withdrawal_id = w.id
     WHERE w.user_id = ? AND b.withdrawal_id IS NOT NULL AND b.state <> 'failed' AND b.created_at > ?
       AND b.moves LIKE '%"opens_for":"%'
"""
_UNSENT: Final = """
    SELECT w.asset, w.address FROM withdrawals AS w
      LEFT JOIN settlement_batches AS b ON b.withdrawal_id = w.id AND b.state <> 'failed'
     WHERE w.user_id = ? AND w.status = 'requested' AND b.batch_id IS NULL ORDER BY w.id
"""
_MEANS: Final = """
    SELECT (SELECT count(*) FROM wallets WHERE user_id = id), telegram_id IS NOT NULL FROM users WHERE id = ?
"""
_AVAILABLE: Final = "SELECT available FROM balances WHERE owner = ? AND asset = ?"
_KNOWS: Final = "SELECT 1 FROM withdrawal_addresses WHERE user_id = ? AND address = ?"
_STOPPED: Final = "SELECT reason FROM withdrawal_stops WHERE id = 1"

_CONFIRM: Final = """
    INSERT INTO withdrawal_steps (withdrawal_id, confirmed_at, confirmed_by, approvals_needed) VALUES (?, ?, ?, ?)
    ON CONFLICT (withdrawal_id) DO UPDATE SET confirmed_at = excluded.confirmed_at,
        confirmed_by = excluded.confirmed_by, approvals_needed = excluded.approvals_needed
     WHERE withdrawal_steps.confirmed_at IS NULL
"""
_APPROVE: Final = (
    "INSERT INTO withdrawal_approvals (withdrawal_id, admin_id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
)
_APPROVERS: Final = "SELECT admin_id FROM withdrawal_approvals WHERE withdrawal_id = ? ORDER BY at, admin_id"
_END: Final = """
    INSERT INTO withdrawal_steps (withdrawal_id, approvals_needed, ending) VALUES (?, 0, ?)
    ON CONFLICT (withdrawal_id) DO UPDATE SET ending = excluded.ending
"""
_KNOW: Final = "INSERT INTO withdrawal_addresses (user_id, address, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_STOP: Final = """
    INSERT INTO withdrawal_stops (id, reason, at) VALUES (1, ?, ?)
    ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, at = excluded.at
"""
_RESUME: Final = "DELETE FROM withdrawal_stops"
_NEWEST: Final = 2**63 - 1


class SqlWithdrawals:
    """`engine.withdrawals.ports.WithdrawalStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def find(self, withdrawal: WithdrawalId) -> Withdrawal | None:
        """Return a withdrawal, whoever's it is."""
        found = await self._rows(_BY_ID, (withdrawal,))
        return withdrawal_of(found[0]) if found else None

    async def by_reference(self, user: UserId, reference: str) -> Withdrawal | None:
        """Return the withdrawal that an account requested by this reference."""
        found = await self._rows(_BY_REFERENCE, (user, reference))
        return withdrawal_of(found[0]) if found else None

    async def of(self, user: UserId, limit: int, before: int | None = None) -> list[Withdrawal]:
        """Return an account's withdrawals, newest first; those before an id, or the newest."""
        values = (user, _NEWEST if before is None else before, limit)
        return [withdrawal_of(row) for row in await self._rows(_OF_ACCOUNT, values)]

    async def under_way(self) -> list[Withdrawal]:
        """Return all whose money is held, oldest first."""
        return [withdrawal_of(row) for row in await self._rows(_UNDER_WAY, ())]

    async def leaving(self, user: UserId, since: Micros) -> tuple[int, Mapping[AssetCode, Atoms]]:
        """Return how many of an account are under way; and what is, or has left since then, by asset."""
        found = await self._rows(_LEAVING, (user, since))
        return sum(count for _, count, _ in found), {asset: Atoms(atoms) for asset, _, atoms in found}

    async def paid(self, asset: AssetCode, since: Micros) -> Atoms:
        """Return how much of an asset has left the exchange for good since then, from all accounts."""
        ((atoms,),) = await self._rows(_PAID, (since, asset))
        return Atoms(atoms)

    async def opened(self, user: UserId, since: Micros) -> int:
        """Return how many token accounts an account's withdrawals have had made since then, at our cost."""
        ((count,),) = await self._rows(_OPENED, (user, since))
        return int(count)

    async def unsent(self, user: UserId) -> list[tuple[AssetCode, str]]:
        """Return the asset and the address of each of an account's withdrawals that is under way without a batch."""
        return [(asset, address) for asset, address in await self._rows(_UNSENT, (user,))]

    async def means(self, user: UserId) -> Means:
        """Return by what an account can confirm."""
        found = await self._rows(_MEANS, (user,))
        return Means(found[0][0], bool(found[0][1])) if found else Means(0, False)

    async def available(self, user: UserId, asset: AssetCode) -> Atoms:
        """Return what an account may spend, as far as is committed."""
        found = await self._rows(_AVAILABLE, (user, asset))
        return Atoms(found[0][0] if found else 0)

    async def knows(self, user: UserId, address: str) -> bool:
        """Say whether an account has sent to an address before."""
        return bool(await self._rows(_KNOWS, (user, address)))

    async def confirm(self, withdrawal: WithdrawalId, at: Micros, by: str, approvals_needed: int) -> None:
        """Keep that a withdrawal was confirmed; the first time counts."""
        await self._write(_CONFIRM, (withdrawal, at, by, approvals_needed))

    async def approve(self, withdrawal: WithdrawalId, admin: UserId, at: Micros) -> bool:
        """Keep that an administrator agreed. Return whether it was the first time."""
        return bool(await self._write(_APPROVE, (withdrawal, admin, at)))

    async def approvers(self, withdrawal: WithdrawalId) -> list[UserId]:
        """Return which administrators have agreed, in their order."""
        return [UserId(admin) for (admin,) in await self._rows(_APPROVERS, (withdrawal,))]

    async def end(self, withdrawal: WithdrawalId, why: Ending | None) -> None:
        """Keep why a withdrawal is to end, before it does; None takes that back."""
        await self._write(_END, (withdrawal, why and why.value))

    async def know(self, user: UserId, address: str, at: Micros) -> None:
        """Keep that an account sends to an address."""
        await self._write(_KNOW, (user, address, at))

    async def stopped(self) -> str | None:
        """Return why an operator has stopped sending, None where nobody has."""
        found = await self._rows(_STOPPED, ())
        return str(found[0][0]) if found else None

    async def stop(self, reason: str, at: Micros) -> None:
        """Keep that an operator has stopped sending."""
        await self._write(_STOP, (reason, at))

    async def resume(self) -> None:
        """Keep that it goes on."""
        await self._write(_RESUME, ())

    async def _rows(self, statement: str, values: Values) -> list[Row]:
        return await self._readers.read(lambda connection: rows(connection, statement, values))

    async def _write(self, statement: str, values: tuple[object, ...]) -> int:
        def work(connection: Connection) -> int:
            return connection.execute(statement, values).rowcount

        return await self._store.write(work)


def withdrawal_of(row: Row) -> Withdrawal:
    """Read a row of a withdrawal with all that happened to it."""
    confirmed_at, confirmed_by, needed, approvals, ending, knows, secured_at, batch, state, *rest = row[_FACTS:]
    return Withdrawal(
        facts.withdrawal_of(row[:_FACTS]),
        confirmed_at,
        confirmed_by,
        needed,
        approvals,
        None if ending is None else Ending(ending),
        bool(knows),
        secured_at,
        batch,
        None if state is None else BatchState(state),
        *rest,
    )
