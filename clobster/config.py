"""The settings: read once, checked, frozen.

Each comes from the environment or from the file that CLOBSTER_CONFIG names (the same names, one `NAME=value` a line);
the environment wins. A secret may also come from a file of its own, named by `<its name>_FILE`. `sources` collects
them, `environments` says what staging and production refuse.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from solders.pubkey import Pubkey

from clobster.environments import refuse_conveniences
from clobster.sources import PREFIX, ConfigError, gather
from data.solana.svm_clob.addresses import DEVNET
from webapp_api.addresses import parse_networks
from webapp_api.auth.sealing import is_encryption_key
from webapp_api.auth.token_keys import Algorithm, TokenKey
from webapp_api.limits import Rate

__all__ = ["PREFIX", "ConfigError", "Settings", "describe", "load", "load_with_sources"]

ADDRESS = r"^[1-9A-HJ-NP-Za-km-z]{32,44}$"
_ASSET = r"[A-Z0-9]{1,16}=[0-9.]{1,40}"
AMOUNTS = rf"^({_ASSET}(,{_ASSET})*)?$"  # BTC=1.5,ETH=20
MINTS = r"^([A-Z0-9]{1,16}=[1-9A-HJ-NP-Za-km-z]{32,44}(,[A-Z0-9]{1,16}=[1-9A-HJ-NP-Za-km-z]{32,44})*)?$"
LIMITS = rf"^({_ASSET}:[0-9.]+:[0-9.]+(,{_ASSET}:[0-9.]+:[0-9.]+)*)?$"  # BTC=100:200:300


_FORMS: Final = {  # what a pattern means, for people
    ADDRESS: "must be an address on Solana",
    AMOUNTS: "must be amounts by asset, such as BTC=1.5,ETH=20",
    MINTS: "must be mints by asset, such as USDT=Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
    LIMITS: "must be least:target:most by asset, such as BTC=100:200:300",
}


class Settings(BaseModel):
    """What the exchange is told from outside. Where a default is None, development makes one at start."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    env: Literal["development", "staging", "production"] = "development"
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    database_url: SecretStr | None = Field(
        None, description="where the exchange keeps its books: sqlite:///PATH or postgresql://USER@HOST/NAME"
    )
    database_replica_url: SecretStr | None = Field(None, description="a PostgreSQL hot standby that answers history")
    bot_token: SecretStr | None = Field(None, description="the Telegram bot's token; launch data is checked with it")
    telegram_api_url: str | None = Field(None, description="a Bot API server; Telegram's own where it is not set")
    telegram_updates: Literal["polling", "webhook"] = Field("polling", description="whether the bot asks or is told")
    telegram_catch_up_s: int = Field(3_600, ge=0, le=86_400, description="how old what the bot missed is told, at most")
    encryption_key: SecretStr | None = Field(None, description="seals secrets in the database; base64 of 32 bytes")
    encryption_key_previous: SecretStr | None = Field(None, description="opens what was sealed before encryption_key")
    jwt_algorithm: Algorithm = Field("HS256", description="how access tokens are signed")
    jwt_secret: SecretStr | None = Field(None, description="signs access tokens; 32 bytes or more, or a seed in base64")
    jwt_secret_previous: SecretStr | None = Field(None, description="the one before, whose tokens are still good")
    public_url: str = Field("http://127.0.0.1:8080", description="where people reach the page")
    admin_telegram_ids: str = Field("", description="Telegram ids of administrators, with commas between")
    summary_hour: int = Field(6, ge=0, le=23, description="when administrators get the day before, in UTC")
    mini_app_url: str | None = Field(None, description="the mini-app's link, https://t.me/BOT/APP; wallets lead back")
    telegram_signature: Literal["off", "production", "test"] = Field(
        "off", description="whose Ed25519 key launch data must be signed with, beside the bot's token"
    )
    init_data_max_age_s: int = Field(86_400, gt=0, description="how old launch data may be, in seconds")
    trusted_proxies: str = Field("", description="networks whose X-Forwarded-For is believed, separated by commas")
    limit_log_in: str | None = Field(None, description="what an account may: requests a second / at once")
    limit_read: str | None = None
    limit_order: str | None = None
    limit_withdrawal: str | None = None
    limit_sockets: int | None = Field(None, ge=1, description="how many WebSockets an address may have open")
    limit_address_factor: int = Field(5, ge=1, description="how many accounts' worth an address may")
    feed: Literal["auto", "binance", "recorded", "off"] = "auto"
    binance_rest_url: str = "https://api.binance.com"
    binance_stream_url: str = "wss://stream.binance.com:9443/"
    maker_levels: int = Field(15, ge=1, le=100)
    maker_markup_ppm: int = Field(0, ge=0, le=100_000)
    maker_least_edge_ppm: int = Field(0, ge=0, le=100_000)
    maker_fee_ppm: int = Field(0, ge=0, le=100_000)
    maker_lean_ppm: int = Field(0, ge=0, le=100_000)
    maker_size_ppm: int = Field(1_000_000, ge=1, le=10_000_000)
    maker_level_value: int = Field(100_000, ge=1, le=10**9)
    maker_side_value: int = Field(1_500_000, ge=1, le=10**9)
    maker_level_size: str = Field("", pattern=AMOUNTS)
    maker_side_size: str = Field("", pattern=AMOUNTS)
    maker_inventory: str = Field("", pattern=LIMITS)
    maker_stale_ms: int = Field(1_000, ge=200, le=60_000)
    maker_hold_off_ms: int = Field(1_000, ge=0, le=3_600_000)
    maker_band_ppm: int = Field(20_000, ge=100, le=1_000_000)
    maker_band_window_ms: int = Field(10_000, ge=1_000, le=600_000)
    maker_widest_ppm: int = Field(50_000, ge=10, le=1_000_000)
    maker_day_loss: int = Field(10_000, ge=1, le=10**9)
    binance_api_key: SecretStr | None = Field(None, description="of the account on Binance that hedges")
    binance_api_secret: SecretStr | None = None
    hedge: Literal["off", "paper", "live"] = "off"
    hedge_thresholds: str = Field("", pattern=AMOUNTS)
    hedge_order_value: int = Field(10_000, ge=1, le=10**9)
    hedge_minute_value: int = Field(50_000, ge=1, le=10**9)
    hedge_slippage_ppm: int = Field(1_000, ge=0, le=50_000)
    hedge_fee_ppm: int = Field(1_000, ge=0, le=50_000)
    solana: Literal["localnet", "rpc", "off"] = "localnet"
    solana_rpc_url: str | None = Field(None, description="a cluster's JSON-RPC, where CLOBSTER_SOLANA is rpc")
    solana_ws_url: str | None = Field(None, description="its PubSub; by default the same place as the JSON-RPC")
    solana_master_key: SecretStr | None = Field(None, description="all keys on Solana come of it; base64 of 32 bytes")
    solana_mints: str = Field("", pattern=MINTS, description="the mint of each asset that may be deposited there")
    solana_fee_floor: int = Field(
        100_000_000, ge=0, le=10**15, description="lamports below which the vault's authority is told to be low"
    )
    solana_requests_s: int = Field(20, ge=1, le=10_000, description="requests a second to the JSON-RPC")
    deposit_minimums: str = Field("USDT=1,BTC=0.00001,ETH=0.0005,SOL=0.01", pattern=AMOUNTS)
    sweep_minimums: str = Field("", pattern=AMOUNTS, description="what is swept at least, where nobody needs it now")
    reconcile_s: int = Field(5, ge=1, le=3_600, description="how often books and chain are compared, in seconds")
    reconcile_accounts: int = Field(100, ge=10, le=1_000, description="how many accounts at a time, at most")
    solvency_every_s: int = Field(3_600, ge=1, le=604_800, description="how often what is owed is proven, in seconds")
    solvency_kept: int = Field(24, ge=1, le=1_000, description="how many of these snapshots are kept")
    withdrawal_fees: str = Field("", pattern=AMOUNTS)
    withdrawal_minimums: str = Field("USDT=1,BTC=0.00001,ETH=0.0005,SOL=0.01", pattern=AMOUNTS)
    withdrawal_approval_above: str = Field("", pattern=AMOUNTS)
    withdrawal_day_limits: str = Field("", pattern=AMOUNTS)
    withdrawal_house_day_limits: str = Field("", pattern=AMOUNTS)
    withdrawal_day_value: int = Field(0, ge=0, le=10**9)
    withdrawal_delay_h: int | None = Field(None, ge=0, le=720)
    withdrawal_confirm_s: int = Field(1_800, ge=60, le=86_400)
    withdrawal_most_open: int = Field(5, ge=1, le=100)
    settlement_program: Literal["spl-token", "svm-clob"] = Field("spl-token", description="how trades are settled")
    svm_clob_program: str = Field(DEVNET, pattern=ADDRESS, description="the address of svm_clob")
    svm_clob_most: str = Field("", pattern=AMOUNTS, description="what may be in svm_clob at once, by asset")
    settlement_collect_ms: int = Field(2_000, ge=100, le=600_000, description="how long trades are collected")
    settlement_collect_fills: int = Field(200, ge=1, le=10_000, description="or until there are so many")
    settlement_fee_cap: int = Field(
        100_000, ge=0, le=100_000_000, description="lamports that a transaction may pay for its priority, at most"
    )
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning"] = Field("info", description="debug: every request, order and batch")
    tracing_endpoint: str | None = Field(None, description="a collector of traces, which takes OTLP over HTTP")
    tracing_ppm: int = Field(1_000_000, ge=1, le=1_000_000, description="how many of a million requests are traced")
    metrics_token: SecretStr | None = Field(None, min_length=16, description="what Prometheus shows at /metrics")

    @field_validator("limit_log_in", "limit_read", "limit_order", "limit_withdrawal")
    @classmethod
    def _is_a_rate(cls, text: str | None) -> str | None:
        if text:
            Rate.parse(text)
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        parse_networks(text)
        return text

    @model_validator(mode="after")
    def _rules_of_the_environment(self) -> Self:
        for name, given in (
            ("ENCRYPTION_KEY", self.encryption_key),
            ("ENCRYPTION_KEY_PREVIOUS", self.encryption_key_previous),
            ("SOLANA_MASTER_KEY", self.solana_master_key),
        ):
            if given is not None and not is_encryption_key(given.get_secret_value()):
                raise ValueError(f"CLOBSTER_{name} must be base64 of 32 random bytes: openssl rand -base64 32 makes it")
        for name, secret in (("JWT_SECRET", self.jwt_secret), ("JWT_SECRET_PREVIOUS", self.jwt_secret_previous)):
            if secret is not None:
                try:
                    TokenKey.of(secret.get_secret_value(), self.jwt_algorithm)
                except ValueError as error:
                    raise ValueError(f"CLOBSTER_{name} {error}") from None
        if self.database_url is not None and not re.match(
            r"sqlite:///|postgres(ql)?://", self.database_url.get_secret_value()
        ):
            raise ValueError("CLOBSTER_DATABASE_URL must be sqlite:///PATH or postgresql://USER@HOST/NAME")
        if self.replica is not None and not re.match(r"postgres(ql)?://", self.replica):
            raise ValueError("CLOBSTER_DATABASE_REPLICA_URL must be postgresql://USER@HOST/NAME")
        if self.replica is not None and (isinstance(self.database, Path) or self.replica == self.database):
            raise ValueError(
                "CLOBSTER_DATABASE_REPLICA_URL must name a replica of what CLOBSTER_DATABASE_URL names in PostgreSQL"
            )
        if not all(part.strip().isdecimal() for part in self.admin_telegram_ids.split(",") if part.strip()):
            raise ValueError("CLOBSTER_ADMIN_TELEGRAM_IDS must be Telegram ids with commas between, such as 11,22")
        if not re.fullmatch(r"https?://[A-Za-z0-9.\-:\[\]]+/?", self.public_url):
            raise ValueError("CLOBSTER_PUBLIC_URL must be https://HOST or https://HOST:PORT, and nothing more")
        if self.mini_app_url is not None and not re.fullmatch(r"https://t\.me/\w+/\w+", self.mini_app_url, re.ASCII):
            raise ValueError("CLOBSTER_MINI_APP_URL must be https://t.me/BOT/APP")
        if self.bot_token is not None and not re.fullmatch(
            r"[0-9]{1,16}:\S+", self.bot_token.get_secret_value(), re.ASCII
        ):
            raise ValueError("CLOBSTER_BOT_TOKEN must be as BotFather gave it: digits, a colon and more")
        if self.telegram_api_url is not None and not re.fullmatch(r"https?://[^\s/?#@]+/?", self.telegram_api_url):
            raise ValueError(
                "CLOBSTER_TELEGRAM_API_URL must be http(s)://HOST or http(s)://HOST:PORT, and nothing more"
            )
        if self.tracing_endpoint is not None and not re.fullmatch(r"https?://[^\s/?#@]+/?", self.tracing_endpoint):
            raise ValueError("CLOBSTER_TRACING_ENDPOINT must be http(s)://HOST:PORT, and nothing more: 4318 is usual")
        if self.telegram_updates == "webhook" and not (
            self.telegram_api_url or (self.bot_token and self.public_url.startswith("https://"))
        ):
            raise ValueError(
                "CLOBSTER_TELEGRAM_UPDATES can be webhook only where CLOBSTER_BOT_TOKEN is set and CLOBSTER_PUBLIC_URL"
                " begins with https://: that is where Telegram sends what people write"
            )
        self._rules_of_solana()
        if self.hedge == "live":
            if not (self.binance_api_key and self.binance_api_secret):
                raise ValueError(
                    "CLOBSTER_BINANCE_API_KEY and CLOBSTER_BINANCE_API_SECRET must be set when CLOBSTER_HEDGE is live"
                )
            if self.feed != "binance":
                raise ValueError("CLOBSTER_FEED must be binance when CLOBSTER_HEDGE is live: orders go by its prices")
        refuse_conveniences(self)
        return self

    def _rules_of_solana(self) -> None:
        if self.solana == "localnet" and self.env != "development":
            raise ValueError(f"CLOBSTER_SOLANA must be rpc or off when CLOBSTER_ENV is {self.env}")
        if self.solana == "rpc" and self.solana_rpc_url is None:
            raise ValueError("CLOBSTER_SOLANA_RPC_URL must be set when CLOBSTER_SOLANA is rpc")
        if self.solana == "rpc" and not self.solana_mints:
            raise ValueError("CLOBSTER_SOLANA_MINTS must name our assets' mints when CLOBSTER_SOLANA is rpc")
        try:
            Pubkey.from_string(self.svm_clob_program)
        except ValueError:
            raise ValueError("CLOBSTER_SVM_CLOB_PROGRAM must be an address on Solana") from None
        if self.settlement_program == "svm-clob" and not self.svm_clob_most:
            raise ValueError(
                "CLOBSTER_SVM_CLOB_MOST must say how much may be in svm_clob at once (USDT=50000,BTC=1), when"
                " CLOBSTER_SETTLEMENT_PROGRAM is svm-clob: docs/svm-clob.md says what that risks"
            )
        urls = (("RPC", self.solana_rpc_url, "http"), ("WS", self.solana_ws_url, "ws"))
        for name, url, scheme in urls:
            if url is not None and not url.startswith((f"{scheme}://", f"{scheme}s://")):
                raise ValueError(f"CLOBSTER_SOLANA_{name}_URL must begin with {scheme}s:// or {scheme}://")
            if url is not None and self.env != "development" and not url.startswith(f"{scheme}s://"):
                raise ValueError(
                    f"CLOBSTER_SOLANA_{name}_URL must begin with {scheme}s:// when CLOBSTER_ENV is {self.env}"
                )

    @property
    def solana_pubsub_url(self) -> str | None:
        """Where PubSub of the cluster is: as set, else the JSON-RPC's place; None without a cluster."""
        if self.solana_ws_url is not None or self.solana_rpc_url is None:
            return self.solana_ws_url
        return "ws" + self.solana_rpc_url.removeprefix("http")

    @property
    def admins(self) -> frozenset[int]:
        """The Telegram ids of those who run the exchange."""
        return frozenset(int(part) for part in self.admin_telegram_ids.split(",") if part.strip())

    @property
    def database(self) -> Path | str:
        """Where the books are: a SQLite file, or a PostgreSQL database's URL."""
        if self.database_url is None:
            return self.data_dir / "clobster.db"
        url = self.database_url.get_secret_value()
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else url

    @property
    def replica(self) -> str | None:
        """The URL of a PostgreSQL hot standby that answers history."""
        return None if self.database_replica_url is None else self.database_replica_url.get_secret_value()


def load(environ: Mapping[str, str] = os.environ, **overrides: object) -> Settings:
    """Return the settings; overrides (from the command line) win where they are not None. Raises ConfigError."""
    return load_with_sources(environ, **overrides)[0]


def load_with_sources(
    environ: Mapping[str, str] = os.environ, **overrides: object
) -> tuple[Settings, Mapping[str, str]]:
    """Return the settings, and where those that were given come from. Raises ConfigError."""
    fields = Settings.model_fields
    secrets = {name for name, info in fields.items() if info.annotation == (SecretStr | None)}
    optional = {name for name, info in fields.items() if info.default is None}
    given = gather(fields, secrets, optional, environ, overrides)
    try:
        return Settings.model_validate(given.values), given.sources
    except ValidationError as error:
        raise ConfigError(_one_line(error)) from None


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    if first["type"] == "string_pattern_mismatch":
        message = _FORMS[first["ctx"]["pattern"]]
    name = f"{PREFIX}{str(first['loc'][0]).upper()}"
    return f"{name}: {message.replace('Input should', 'must').replace('valid integer', 'whole number')}"


def describe(settings: Settings, sources: Mapping[str, str] | None = None) -> str:
    """Return every effective setting as NAME=value lines, with where it came from, secrets hidden."""
    lines = []
    for field in Settings.model_fields:
        shown = f"{PREFIX}{field.upper()}={_shown(getattr(settings, field))}"
        lines.append(f"{shown}  # {(sources or {}).get(field, 'default')}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "********"
    text = str(value)
    if "://" in text:  # a provider's URL has its key in the path, a database's its password before the host
        parts = urlsplit(text)
        user, at, host = parts.netloc.rpartition("@")
        text = text.replace(f"{user}@", "********@") if at else text
        if parts.scheme in {"http", "https", "ws", "wss"} and (parts.path.strip("/") or parts.query):
            return f"{parts.scheme}://{'********@' if at else ''}{host}/********"
    return text
