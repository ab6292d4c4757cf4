"""The settings: read once, checked, frozen.

Each comes from the environment or from the file that CLOBSTER_CONFIG names (the same names, one `NAME=value` a line);
the environment wins. A secret may also come from a file of its own, named by `<its name>_FILE`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from solders.pubkey import Pubkey

from data.solana.svm_clob.addresses import DEVNET
from webapp_api.addresses import parse_networks
from webapp_api.auth.sealing import is_encryption_key
from webapp_api.auth.token_keys import Algorithm, TokenKey
from webapp_api.limits import Rate

PREFIX = "CLOBSTER_"

ADDRESS = r"^[1-9A-HJ-NP-Za-km-z]{32,44}$"
_ASSET = r"[A-Z0-9]{1,16}=[0-9.]{1,40}"
AMOUNTS = rf"^({_ASSET}(,{_ASSET})*)?$"  # BTC=1.5,ETH=20
MINTS = r"^([A-Z0-9]{1,16}=[1-9A-HJ-NP-Za-km-z]{32,44}(,[A-Z0-9]{1,16}=[1-9A-HJ-NP-Za-km-z]{32,44})*)?$"
LIMITS = rf"^({_ASSET}:[0-9.]+:[0-9.]+(,{_ASSET}:[0-9.]+:[0-9.]+)*)?$"  # BTC=100:200:300


class ConfigError(Exception):
    """A setting is wrong. The message names it and says how to mend it, in one line."""


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
    bot_token: SecretStr | None = Field(None, description="the Telegram bot's token; launch data is checked with it")
    telegram_api_url: str | None = Field(None, description="a Bot API server; Telegram's own where it is not set")
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
    solana_requests_s: int = Field(20, ge=1, le=10_000, description="requests a second to the JSON-RPC")
    deposit_minimums: str = Field("USDT=1,BTC=0.00001,ETH=0.0005,SOL=0.01", pattern=AMOUNTS)
    withdrawal_fees: str = Field("", pattern=AMOUNTS)
    withdrawal_minimums: str = Field("USDT=1,BTC=0.00001,ETH=0.0005,SOL=0.01", pattern=AMOUNTS)
    withdrawal_approval_above: str = Field("", pattern=AMOUNTS)
    withdrawal_day_limits: str = Field("", pattern=AMOUNTS)
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
        self._rules_of_solana()
        if self.hedge == "live":
            if not (self.binance_api_key and self.binance_api_secret):
                raise ValueError(
                    "CLOBSTER_BINANCE_API_KEY and CLOBSTER_BINANCE_API_SECRET must be set when CLOBSTER_HEDGE is live"
                )
            if self.feed != "binance":
                raise ValueError("CLOBSTER_FEED must be binance when CLOBSTER_HEDGE is live: orders go by its prices")
        if self.env == "development":
            return self
        needed = (
            ("BOT_TOKEN", self.bot_token),
            ("JWT_SECRET", self.jwt_secret),
            ("ENCRYPTION_KEY", self.encryption_key),
            ("SOLANA_MASTER_KEY", self.solana_master_key),
        )
        for name, value in needed:
            if value is None and not (name == "SOLANA_MASTER_KEY" and self.solana == "off"):
                raise ValueError(f"CLOBSTER_{name} must be set when CLOBSTER_ENV is {self.env}")
        if self.feed in {"auto", "recorded"}:
            raise ValueError(f"CLOBSTER_FEED must be binance or off when CLOBSTER_ENV is {self.env}")
        if not self.public_url.startswith("https://"):
            raise ValueError(f"CLOBSTER_PUBLIC_URL must begin with https:// when CLOBSTER_ENV is {self.env}")
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


def load(environ: Mapping[str, str] = os.environ, **overrides: object) -> Settings:
    """Return the settings; overrides (from the command line) win where they are not None. Raises ConfigError."""
    given: dict[str, str] = {}
    if name := environ.get(f"{PREFIX}CONFIG"):
        if not Path(name).is_file():
            raise ConfigError(f"CLOBSTER_CONFIG names {name}, which is not a file")
        given |= {key: value for key, value in dotenv_values(name, interpolate=False).items() if value is not None}
    given |= environ
    values: dict[str, object] = {}
    for field, info in Settings.model_fields.items():
        variable = PREFIX + field.upper()
        if variable in given:
            values[field] = given[variable]
        elif info.annotation == (SecretStr | None) and (path := given.get(f"{variable}_FILE")):
            try:
                values[field] = Path(path).read_text().strip()
            except OSError as error:
                raise ConfigError(f"{variable}_FILE names {path}, which can't be read: {error.strerror}") from None
    values |= {field: value for field, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_one_line(error)) from None


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    return f"{PREFIX}{str(first['loc'][0]).upper()}: {message}" if first["loc"] else message


def describe(settings: Settings) -> str:
    """Return every effective setting as NAME=value lines, secrets hidden."""
    lines = []
    for field in Settings.model_fields:
        value = getattr(settings, field)
        shown = "" if value is None else "********" if isinstance(value, SecretStr) else value
        lines.append(f"{PREFIX}{field.upper()}={shown}")
    return "\n".join(lines)
