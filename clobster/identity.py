"""Who may do what, built: accounts with their doors, tokens, API keys, administrators, limits; and their secrets."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from clobster import data_dir, limits
from clobster.config import ConfigError, Settings
from data.store.accounts import SqlAccounts
from data.store.api_keys import SqlApiKeys
from data.store.queries import Queries
from data.store.store import Store
from data.store.wallet_links import SqlWalletLinks
from data.store.wallets import SqlWallets
from engine.accounts.accounts import Accounts
from engine.accounts.activity import ActivityFeed
from engine.accounts.administration import Administration
from engine.accounts.api_keys import ApiKeys
from engine.accounts.last_use import LastUse
from engine.accounts.wallet_links import WalletLinks
from engine.accounts.wallets import Wallets
from engine.ports import Clock
from webapp_api.addresses import Addresses, parse_networks
from webapp_api.auth.key_guard import KeyGuard
from webapp_api.auth.sealing import Seal
from webapp_api.auth.siws import Chain, Site
from webapp_api.auth.telegram import PRODUCTION_KEY, TEST_KEY
from webapp_api.auth.token_keys import KeyRing, TokenKey
from webapp_api.auth.tokens import AccessTokens, Guard
from webapp_api.limits import RateLimits

log = structlog.get_logger()

CHAINS: dict[str, Chain] = {"development": "localnet", "staging": "devnet", "production": "mainnet"}


SIGNED_BY: dict[str, bytes | None] = {"off": None, "production": PRODUCTION_KEY, "test": TEST_KEY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """All that knows people. dev_secret opens development's routes; None elsewhere."""

    activity: ActivityFeed
    accounts: Accounts
    administration: Administration
    wallets: Wallets
    wallet_links: WalletLinks
    site: Site
    tokens: AccessTokens
    guard: Guard
    api_keys: ApiKeys
    keys: KeyGuard
    limits: RateLimits
    addresses: Addresses
    bot_token: str
    telegram_key: bytes | None
    dev_secret: str | None


async def build(settings: Settings, store: Store, queries: Queries, clock: Clock, stack: AsyncExitStack) -> Identity:
    """Build it; the stack closes it. Raises ConfigError."""
    activity, people = ActivityFeed(), SqlAccounts(store, queries)
    accounts = Accounts(people, activity, clock)
    bot_token, token_keys, dev_secret = _secrets(settings)
    tokens = AccessTokens(token_keys, clock)
    key_store = SqlApiKeys(store, queries)
    api_keys = ApiKeys(key_store, _seal(settings), activity, clock)
    if settings.encryption_key_previous is not None:
        done, lost = await api_keys.seal_anew()
        log.info("secrets of API keys were sealed anew", done=done, lost=lost)
    last_use = LastUse(key_store)
    stack.push_async_callback(last_use.close)
    return Identity(
        activity=activity,
        accounts=accounts,
        administration=Administration(people, settings.admins, clock),
        wallets=Wallets(SqlWallets(store, queries), accounts, activity, clock, administrators=settings.admins),
        wallet_links=WalletLinks(SqlWalletLinks(store, queries), activity, clock),
        site=Site(settings.public_url.rstrip("/"), CHAINS[settings.env], settings.mini_app_url),
        tokens=tokens,
        guard=Guard(tokens, accounts, clock),
        api_keys=api_keys,
        keys=KeyGuard(api_keys, last_use, clock),
        limits=RateLimits(limits.rates(settings), settings.limit_address_factor, clock),
        addresses=Addresses(parse_networks(settings.trusted_proxies)),
        bot_token=bot_token,
        telegram_key=SIGNED_BY[settings.telegram_signature],
        dev_secret=dev_secret,
    )


def _secrets(settings: Settings) -> tuple[str, KeyRing, str | None]:
    """Return the bot's token, the keys of access tokens and, in development, what opens its routes."""
    bot_token = settings.bot_token.get_secret_value() if settings.bot_token else None
    jwt_secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    algorithm, previous = settings.jwt_algorithm, settings.jwt_secret_previous
    before = [TokenKey.of(previous.get_secret_value(), algorithm)] if previous else []
    if settings.env != "development":
        assert bot_token is not None
        assert jwt_secret is not None
        return bot_token, KeyRing(TokenKey.of(jwt_secret, algorithm), *before), None
    own = data_dir.own_secrets(settings.data_dir)
    current = TokenKey.of(jwt_secret, algorithm) if jwt_secret else TokenKey.derived(own.jwt_secret, algorithm)
    return bot_token or own.bot_token, KeyRing(current, *before), own.dev_secret


def _seal(settings: Settings) -> Seal:
    """Return what seals secrets in the database. Raises ConfigError."""
    current = settings.encryption_key.get_secret_value() if settings.encryption_key else None
    if current is None:
        assert settings.env == "development"
        current = data_dir.own_secrets(settings.data_dir).encryption_key
    previous = settings.encryption_key_previous
    try:
        return Seal(current, previous.get_secret_value() if previous else None)
    except ValueError as wrong:
        raise ConfigError(f"CLOBSTER_ENCRYPTION_KEY_PREVIOUS: {wrong}") from None
