"""API keys: by which programs speak for an account, each for what its scopes name and no more."""

import ipaddress
import re
import secrets
import string
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from engine.accounts.activity import ActivityFeed
from engine.accounts.ports import ApiKeyStore, Sealing
from engine.accounts.types import MAX_API_KEYS, Activity, ActivityKind, ApiKey, KeyKind, Scope
from engine.accounts.wallet_types import Asker
from engine.core.refusals import Refused
from engine.core.types import Micros, UserId
from engine.ports import Clock

MAX_NAME: Final = 64  # characters
MAX_ADDRESSES: Final = 20  # of one key
LENGTH: Final = 64  # characters of a key and of its secret

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PAGE: Final = 500  # keys sealed anew in one transaction
_ALPHABET: Final = string.ascii_letters + string.digits
_ID: Final = re.compile(rf"[A-Za-z0-9]{{{LENGTH}}}", re.ASCII)
_NETWORK: Final = re.compile(r"[0-9A-Fa-f.:]{2,45}(/[0-9]{1,3})?", re.ASCII)


class InvalidApiKey(Refused):
    """An API key can't be made like this."""

    code = "invalid_api_key"


class TooManyApiKeys(Refused):
    """This account has as many API keys as it may have: revoke one first."""

    code = "too_many_api_keys"


class UnknownApiKey(Refused):
    """You have no API key of this name: it was revoked, or never was."""

    code = "unknown_api_key"


class CannotOpen(Exception):  # noqa: N818
    """What is sealed was not sealed under this name, or not by a key that we have."""


class WantedKey(Struct, frozen=True):
    """What somebody wants of a new key. public_key is given where it signs with Ed25519, and only there."""

    name: str
    scopes: frozenset[Scope]
    public_key: bytes | None = None
    addresses: tuple[str, ...] = ()
    expires_at: Micros | None = None


class NewKey(Struct, frozen=True):
    """A key that was just made. secret is told this once; None where the person has the private key."""

    key: ApiKey
    secret: str | None


class ApiKeys:
    """The keys of all accounts. Secrets are kept sealed only."""

    def __init__(self, store: ApiKeyStore, sealing: Sealing, feed: ActivityFeed, clock: Clock) -> None:
        self._store = store
        self._sealing = sealing
        self._feed = feed
        self._clock = clock
        self.revoked: list[Callable[[str], None]] = []  # told the id of each key that is revoked, once it durably is
        self.revocations = 0  # how many keys have been revoked; whoever saw one alive may compare

    async def create(self, asker: Asker, wanted: WantedKey) -> NewKey:
        """Make a key. Raises InvalidApiKey, TooManyApiKeys, and SessionOver where the session has ended meanwhile."""
        now = self._clock()
        if not (1 <= len(wanted.name) <= MAX_NAME and wanted.name.isprintable() and wanted.name.strip()):
            raise InvalidApiKey(f"A name is 1 to {MAX_NAME} printable characters.", field="name")
        if not wanted.scopes:
            raise InvalidApiKey("A key needs at least one scope.", field="scopes")
        if wanted.expires_at is not None and wanted.expires_at <= now:
            raise InvalidApiKey("A key expires in the future.", field="expires_at")
        addresses = tuple(_show(each) for each in networks(wanted.addresses))
        key_id = _random()
        if wanted.public_key is None:
            secret = _random()
            kind, kept_secret = KeyKind.HMAC_SHA256, self._sealing.seal(secret.encode(), key_id)
        else:
            secret = None
            kind, kept_secret = KeyKind.ED25519, wanted.public_key
        key = ApiKey(
            id=key_id,
            user_id=asker.user_id,
            name=wanted.name,
            kind=kind,
            secret=kept_secret,
            scopes=wanted.scopes,
            addresses=addresses,
            created_at=now,
            expires_at=wanted.expires_at,
        )
        created = Activity(asker.user_id, now, ActivityKind.API_KEY_CREATED, asker.address, _detail(key))
        kept = await self._store.add(key, created, asker)
        if kept is None:
            raise TooManyApiKeys(limit=MAX_API_KEYS)
        self._feed.tell(kept)
        return NewKey(key, secret)

    async def find(self, key_id: str) -> ApiKey | None:
        """Return a key, or None; nothing is looked up for what can't be one's id."""
        return await self._store.find(key_id) if _ID.fullmatch(key_id) else None

    def material(self, key: ApiKey) -> bytes:
        """Return by what a key's signatures are checked: its secret or its public key. Raises CannotOpen."""
        return key.secret if key.kind is KeyKind.ED25519 else self._sealing.open(key.secret, key.id)

    async def of_account(self, user: UserId) -> list[ApiKey]:
        """Return an account's keys, newest first."""
        return await self._store.of_account(user)

    async def revoke(self, user: UserId, key_id: str, address: str) -> None:
        """End a key of this account at once, asked for from a network address. Raises UnknownApiKey."""
        key = await self.find(key_id)
        if key is None:
            raise UnknownApiKey
        revoked = Activity(user, self._clock(), ActivityKind.API_KEY_REVOKED, address, _detail(key))
        kept = await self._store.remove(key_id, revoked)
        if kept is None:  # another's, or somebody was faster
            raise UnknownApiKey
        self.revocations += 1
        for tell in self.revoked:
            tell(key_id)
        self._feed.tell(kept)

    async def seal_anew(self) -> tuple[int, int]:
        """Seal by the current encryption key what an earlier one has sealed. Return how many, and how many can't be."""
        done = lost = 0
        after = ""
        while page := await self._store.sealed(after, _PAGE):
            after = page[-1].id
            anew: dict[str, bytes] = {}
            for key in page:
                if not self._sealing.is_current(key.secret):
                    try:
                        anew[key.id] = self._sealing.seal(self.material(key), key.id)
                    except CannotOpen:
                        lost += 1
            await self._store.replace_secrets(anew)
            done += len(anew)
        return done, lost


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks in CIDR notation, each once. Raises InvalidApiKey."""
    found: dict[Network, None] = {}
    for text in texts:
        try:
            network = ipaddress.ip_network(text) if _NETWORK.fullmatch(text) else None
        except ValueError:  # no address, or one with bits beyond its prefix, which says two things
            network = None
        if network is None or (network.version == 6 and network.network_address.ipv4_mapped is not None):
            raise InvalidApiKey(
                "An address is like 192.0.2.7 or 2001:db8::7, a network like 192.0.2.0/24 or 2001:db8::/32.",
                field="addresses",
            )
        found[network] = None
    if len(found) > MAX_ADDRESSES:
        raise InvalidApiKey(f"A key may name {MAX_ADDRESSES} addresses.", field="addresses")
    return tuple(found)


def within(address: str, allowed: Iterable[Network]) -> bool:
    """Say whether a network address is in one of these networks. IPv4 that arrived as IPv6 is IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return any(parsed.ipv4_mapped in network for network in allowed)
    return any(parsed in network for network in allowed)


def _show(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _detail(key: ApiKey) -> str:
    return f"{key.name} ({key.id[:8]})"


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))
