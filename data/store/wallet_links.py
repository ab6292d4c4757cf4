"""Links to wallets that live in other apps: `engine.accounts.wallet_ports.WalletLinkStore` in SQL."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from typing import Final

from data.store import doors, expired
from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.store import Store
from engine.accounts.refusals import BadCode, CodeExpired, UnknownWalletLink, WalletLinkNotSigned, WalletTaken
from engine.accounts.types import Activity, ActivityKind, LinkState
from engine.accounts.wallet_types import MAX_LINKS, Asker, Wallet, WalletLink
from engine.core.types import Micros, UserId

_LINK: Final = "SELECT id, user_id, session_id, state, address, created_at, expires_at FROM wallet_links"
_IN_CHAT: Final = (
    f"EXISTS (SELECT 1 FROM users WHERE users.id = wallet_links.user_id AND wallet_links.session_id = {doors.CHAT})"
)
# Only while who asked may say yes: nobody else could.
_LIVES: Final = (
    "(EXISTS (SELECT 1 FROM sessions"
    " WHERE sessions.id = wallet_links.session_id AND revoked_at IS NULL AND sessions.expires_at > ?)"
    f" OR {_IN_CHAT})"
)
_BY_CODE: Final = f"{_LINK} WHERE code_hash = ? AND {_LIVES}"
_BY_ID: Final = _LINK + " WHERE id = ?"
_WAITING_IN_CHAT: Final = (
    f"{_LINK} WHERE user_id = ? AND state = '{LinkState.SIGNED.value}' AND expires_at > ? AND {_IN_CHAT}"
    " ORDER BY created_at DESC"
)

Row = tuple[str, UserId, str, str, str | None, Micros, Micros]


class SqlWalletLinks:
    """`engine.accounts.wallet_ports.WalletLinkStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def ask(self, link: WalletLink, code_hash: bytes) -> None:
        """Keep a new link. Some that have expired go, and the account's oldest beyond MAX_LINKS."""
        await self._store.write(lambda connection: _ask(connection, link, code_hash))

    async def by_code(self, code_hash: bytes, now: Micros) -> WalletLink:
        """Return the link that this code may still sign. Raises BadCode, CodeExpired."""
        return _open(await self._readers.read(lambda connection: rows(connection, _BY_CODE, (code_hash, now))), now)

    async def sign(self, code_hash: bytes, address: str, signed_from: str, now: Micros) -> Activity:
        """Use a code up for a wallet. Raises BadCode, CodeExpired, WalletTaken; signed_from is a network address."""
        return await self._store.write(lambda connection: _sign(connection, code_hash, address, signed_from, now))

    async def of_session(self, asker: Asker, link_id: str, now: Micros) -> WalletLink:
        """Return a link that this asker asked for. Raises UnknownWalletLink."""
        return _own(await self._readers.read(lambda connection: rows(connection, _BY_ID, (link_id,))), asker, now)

    async def confirm(self, asker: Asker, link_id: str, now: Micros) -> tuple[Wallet, Activity | None]:
        """Link the wallet that signed, as `link_wallet` does. Raises UnknownWalletLink and WalletLinkNotSigned too."""
        return await self._store.write(lambda connection: _confirm(connection, asker, link_id, now))

    async def refuse(self, asker: Asker, link_id: str, now: Micros) -> WalletLink:
        """Forget a link whose wallet waits for the yes, and return it. Raises UnknownWalletLink."""
        return await self._store.write(lambda connection: _refuse(connection, asker, link_id, now))

    async def waiting_in_chat(self, user_id: UserId, now: Micros) -> list[WalletLink]:
        """Return the links asked for in an account's chat whose wallets wait for the yes, newest first."""
        values = (user_id, now)
        found = await self._readers.read(lambda connection: rows(connection, _WAITING_IN_CHAT, values))
        return [_link(row) for row in found]


def _ask(connection: Connection, link: WalletLink, code_hash: bytes) -> None:
    expired.clean(connection, expired.WALLET_LINKS, link.created_at)
    connection.execute(
        "DELETE FROM wallet_links WHERE id IN"
        " (SELECT id FROM wallet_links WHERE user_id = ? ORDER BY created_at DESC LIMIT 4611686018427387904 OFFSET ?)",
        (link.user_id, MAX_LINKS - 1),
    )
    connection.execute(
        "INSERT INTO wallet_links (id, code_hash, user_id, session_id, state, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (link.id, code_hash, link.user_id, link.session_id, link.state.value, link.created_at, link.expires_at),
    )


def _sign(connection: Connection, code_hash: bytes, address: str, signed_from: str, now: Micros) -> Activity:
    link = _open(connection.execute(_BY_CODE, (code_hash, now)).fetchall(), now)
    known = doors.wallet(connection, address)
    if known is not None and known.user_id != link.user_id:
        raise WalletTaken  # said here too: the person is still where they can take another wallet
    _move(connection, link.id, LinkState.SIGNED, address)
    asker = Asker(link.user_id, link.session_id, signed_from)
    return doors.record(connection, asker, ActivityKind.WALLET_SIGNED, address, now)


def _confirm(connection: Connection, asker: Asker, link_id: str, now: Micros) -> tuple[Wallet, Activity | None]:
    doors.check(connection, asker, now)
    link = _own(connection.execute(_BY_ID, (link_id,)).fetchall(), asker, now)
    if link.address is None:
        raise WalletLinkNotSigned
    if link.state is LinkState.LINKED and not doors.has(connection, asker.user_id, link.address):
        raise UnknownWalletLink  # it was linked, and what was unlinked since stays so
    _move(connection, link.id, LinkState.LINKED, link.address)
    return doors.link_wallet(connection, asker, link.address, now)


def _refuse(connection: Connection, asker: Asker, link_id: str, now: Micros) -> WalletLink:
    doors.check(connection, asker, now)
    link = _own(connection.execute(_BY_ID, (link_id,)).fetchall(), asker, now)
    if link.state is not LinkState.SIGNED:
        raise UnknownWalletLink
    connection.execute("DELETE FROM wallet_links WHERE id = ?", (link_id,))
    return link


def _move(connection: Connection, link_id: str, state: LinkState, address: str) -> None:
    connection.execute("UPDATE wallet_links SET state = ?, address = ? WHERE id = ?", (state.value, address, link_id))


def _open(found: list[Row], now: Micros) -> WalletLink:
    if not found:
        raise BadCode
    link = _link(found[0])
    if link.state is not LinkState.ASKED:
        raise BadCode
    if link.expires_at <= now:
        raise CodeExpired
    return link


def _own(found: list[Row], asker: Asker, now: Micros) -> WalletLink:
    link = _link(found[0]) if found else None
    if link is None or (link.user_id, link.session_id) != (asker.user_id, asker.session_id) or link.expires_at <= now:
        raise UnknownWalletLink
    return link


def _link(row: Row) -> WalletLink:
    link_id, user_id, session_id, state, address, created_at, expires_at = row
    return WalletLink(link_id, user_id, session_id, LinkState(state), address, created_at, expires_at)
