"""Wallets and Telegram as doors, and texts to sign: `engine.accounts.wallet_ports.WalletStore` in SQL."""

from collections.abc import Set
from typing import Final

from msgspec.structs import astuple

from data.store import accounts, doors, expired, sessions
from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.store import Store
from engine.accounts.refusals import AlreadyLinked, IsAdministrator, NotLinked, TelegramTaken
from engine.accounts.types import TELEGRAM, Account, Activity, ActivityKind, TelegramUser
from engine.accounts.wallet_types import Asker, Challenge, Wallet
from engine.core.types import FIRST_PERSON, Micros, UserId

_WALLETS: Final = "SELECT address, user_id, created_at FROM wallets WHERE user_id = ? ORDER BY created_at, address"


class SqlWallets:
    """`engine.accounts.wallet_ports.WalletStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def keep_challenge(self, challenge: Challenge, now: Micros) -> None:
        """Keep a text until it is taken. Some that have expired go."""
        await self._store.write(lambda connection: _keep_challenge(connection, challenge, now))

    async def take_challenge(self, nonce: str) -> Challenge | None:
        """Return a text and forget it: of two who take it one gets None."""
        return await self._store.write(lambda connection: _take_challenge(connection, nonce))

    async def person_by_wallet(self, address: str, now: Micros) -> Account:
        """Return the person with this wallet, created where new."""
        return await self._store.write(lambda connection: _person_by_wallet(connection, address, now))

    async def wallets(self, user_id: UserId) -> list[Wallet]:
        """Return an account's wallets, the first linked first."""
        found = await self._readers.read(lambda connection: rows(connection, _WALLETS, (user_id,)))
        return [Wallet(*row) for row in found]

    async def link_wallet(self, asker: Asker, address: str, now: Micros) -> tuple[Wallet, Activity | None]:
        """Link a wallet; there is no activity where it was linked before. Raises WalletTaken, TooManyWallets."""
        return await self._store.write(lambda connection: _link_wallet(connection, asker, address, now))

    async def unlink_wallet(self, asker: Asker, address: str, now: Micros) -> tuple[Activity, list[str]]:
        """Unlink a wallet and end the sessions that it opened. Raises NotLinked, LastDoor."""
        return await self._store.write(lambda connection: _unlink_wallet(connection, asker, address, now))

    async def link_telegram(self, asker: Asker, person: TelegramUser, now: Micros) -> tuple[Account, Activity | None]:
        """Link a Telegram person; no activity where they were linked before. Raises TelegramTaken, AlreadyLinked."""
        return await self._store.write(lambda connection: _link_telegram(connection, asker, person, now))

    async def unlink_telegram(self, asker: Asker, now: Micros, kept: Set[int]) -> tuple[Activity, list[str]]:
        """Unlink Telegram and end the sessions that it opened. Raises NotLinked, LastDoor, IsAdministrator."""
        return await self._store.write(lambda connection: _unlink_telegram(connection, asker, now, kept))


def _keep_challenge(connection: Connection, new: Challenge, now: Micros) -> None:
    expired.clean(connection, expired.CHALLENGES, now)
    connection.execute(
        "INSERT INTO challenges (nonce, address, message, expires_at, user_id, session_id, link_id, withdrawal_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        astuple(new),
    )


def _take_challenge(connection: Connection, nonce: str) -> Challenge | None:
    taken = connection.execute(
        "DELETE FROM challenges WHERE nonce = ?"
        " RETURNING nonce, address, message, expires_at, user_id, session_id, link_id, withdrawal_id",
        (nonce,),
    ).fetchall()
    return Challenge(*taken[0]) if taken else None


def _person_by_wallet(connection: Connection, address: str, now: Micros) -> Account:
    known = doors.wallet(connection, address)
    if known is not None:
        return accounts.person(connection, known.user_id)
    (made,) = connection.execute(
        "INSERT INTO users (id, kind, first_name, created_at)"
        " SELECT coalesce(max(id) + 1, CAST(? AS BIGINT)), 'person', '', CAST(? AS BIGINT)"
        " FROM users WHERE kind = 'person' RETURNING id",
        (FIRST_PERSON, now),
    ).fetchall()
    user_id = UserId(made[0])
    doors.insert_wallet(connection, Wallet(address, user_id, now))
    return accounts.person(connection, user_id)


def _link_wallet(connection: Connection, asker: Asker, address: str, now: Micros) -> tuple[Wallet, Activity | None]:
    doors.check(connection, asker, now)
    return doors.link_wallet(connection, asker, address, now)


def _unlink_wallet(connection: Connection, asker: Asker, address: str, now: Micros) -> tuple[Activity, list[str]]:
    doors.check(connection, asker, now)
    gone = connection.execute("DELETE FROM wallets WHERE address = ? AND user_id = ?", (address, asker.user_id))
    if not gone.rowcount:
        raise NotLinked
    doors.check_left(connection, asker.user_id)
    ended = sessions.revoke_many(connection, asker.user_id, now, door=address)
    return doors.record(connection, asker, ActivityKind.WALLET_UNLINKED, address, now), ended


def _link_telegram(
    connection: Connection, asker: Asker, person: TelegramUser, now: Micros
) -> tuple[Account, Activity | None]:
    doors.check(connection, asker, now)
    account = accounts.person(connection, asker.user_id)
    if account.telegram_id == person.id:
        return account, None
    if account.telegram_id is not None:
        raise AlreadyLinked
    if connection.execute("SELECT 1 FROM users WHERE telegram_id = ?", (person.id,)).fetchone():
        raise TelegramTaken
    connection.execute(
        "UPDATE users SET telegram_id = ?, first_name = ?, username = ?, language_code = ? WHERE id = ?",
        (person.id, person.first_name, person.username, person.language_code, asker.user_id),
    )
    activity = doors.record(connection, asker, ActivityKind.TELEGRAM_LINKED, str(person.id), now)
    return accounts.person(connection, asker.user_id), activity


def _unlink_telegram(connection: Connection, asker: Asker, now: Micros, kept: Set[int]) -> tuple[Activity, list[str]]:
    doors.check(connection, asker, now)
    telegram_id = accounts.person(connection, asker.user_id).telegram_id
    if telegram_id is None:
        raise NotLinked
    if telegram_id in kept:
        raise IsAdministrator
    # The names were Telegram's: without it nobody says that they are still theirs.
    connection.execute(
        "UPDATE users SET telegram_id = NULL, first_name = '', username = NULL, language_code = NULL WHERE id = ?",
        (asker.user_id,),
    )
    doors.check_left(connection, asker.user_id)
    ended = sessions.revoke_many(connection, asker.user_id, now, door=TELEGRAM)
    return doors.record(connection, asker, ActivityKind.TELEGRAM_UNLINKED, str(telegram_id), now), ended
