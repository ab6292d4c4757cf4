"""Lets in programs that sign with an API key."""

from typing import Final, NoReturn

import structlog
from msgspec import Struct

from engine.accounts.api_keys import ApiKeys, CannotOpen, Network, networks, within
from engine.accounts.last_use import LastUse
from engine.accounts.types import ApiKey, Scope
from engine.ports import Clock
from webapp_api.auth.key_refusals import AddressNotAllowed, ExpiredKey, InvalidKey, MissingScope
from webapp_api.auth.signing import Signed, is_good

log = structlog.get_logger()

MAX_KNOWN: Final = 16_384  # keys remembered

_TOLD: Final = 8  # characters of an unknown key that the log tells


class _Known(Struct, frozen=True):
    key: ApiKey
    material: bytes
    networks: tuple[Network, ...]


class KeyGuard:
    """Lets in who signs with a key that is neither revoked nor expired, from where it may be used.

    A key is remembered until it is revoked, so that a request costs a signature and no look-up. The same request is
    good again within its window: that an order is not placed twice is its client order id's matter.
    """

    def __init__(self, keys: ApiKeys, last_use: LastUse, clock: Clock, *, max_known: int = MAX_KNOWN) -> None:
        self._keys = keys
        self._last_use = last_use
        self._clock = clock
        self._max_known = max_known
        self._known: dict[str, _Known] = {}
        keys.revoked.append(self._forget)

    async def admit(self, key_id: str, signed: Signed, address: str) -> ApiKey:
        """Return the key by which a request from a network address is signed.

        Raises InvalidKey, and ExpiredKey and AddressNotAllowed where the signature was good.
        """
        known = self._known.get(key_id) or await self._look_up(key_id)
        key, now = known.key, self._clock()
        if not is_good(signed, key.kind, known.material):
            self._refuse(key_id, "wrong signature")
        if not signed.in_time(now):
            self._refuse(key_id, "outside its window")
        if key.expires_at is not None and key.expires_at <= now:
            log.info("an API key was refused", key=key_id, why="expired")
            raise ExpiredKey
        if known.networks and not within(address, known.networks):
            log.info("an API key was refused", key=key_id, why="from another address", address=address)
            raise AddressNotAllowed(address=address)
        self._last_use.note(key_id, now, address)
        return key

    def used(self, key_id: str, address: str) -> None:
        """Note that a connection which was admitted goes on using its key."""
        self._last_use.note(key_id, self._clock(), address)

    async def _look_up(self, key_id: str) -> _Known:
        while True:
            revocations = self._keys.revocations
            key = await self._keys.find(key_id)
            if revocations == self._keys.revocations:  # else: it may have been revoked while we asked
                break
        if key is None:
            # Its beginning only: somebody may have sent their secret in place of the key.
            self._refuse(key_id[:_TOLD] if key_id.isascii() and key_id.isalnum() else "", "unknown")
        try:
            known = _Known(key, self._keys.material(key), networks(key.addresses))
        except CannotOpen as why:
            log.error("the secret of an API key can't be opened", key=key_id, why=str(why))
            raise self._invalid() from None
        if len(self._known) >= self._max_known:
            del self._known[next(iter(self._known))]
        self._known[key_id] = known
        return known

    def _refuse(self, key_id: str, why: str) -> NoReturn:
        log.info("an API key was refused", key=key_id, why=why)
        raise self._invalid()

    def _invalid(self) -> InvalidKey:
        return InvalidKey(server_time=self._clock() // 1000)  # clocks that go wrong are the usual cause

    def _forget(self, key_id: str) -> None:
        self._known.pop(key_id, None)


def hold(scopes: frozenset[Scope], scope: Scope) -> None:
    """Raise MissingScope where a scope is needed that is not among these."""
    if scope not in scopes:
        raise MissingScope(f"This API key does not have the scope {scope.value}.", scope=scope.value)
