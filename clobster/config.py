"""The settings: read once, checked, frozen.

Each comes from the environment or from the file that CLOBSTER_CONFIG names (the same names, one `NAME=value` a line);
the environment wins. A secret may also come from a file of its own, named by `<its name>_FILE`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

PREFIX = "CLOBSTER_"
MIN_SECRET_BYTES = 32


class ConfigError(Exception):
    """A setting is wrong. The message names it and says how to mend it, in one line."""


class Settings(BaseModel):
    """What the exchange is told from outside. Where a default is None, development makes one at start."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    env: Literal["development", "staging", "production"] = "development"
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    database_url: str | None = Field(None, description="where the exchange keeps its books: sqlite:///PATH")
    bot_token: SecretStr | None = Field(None, description="the Telegram bot's token; launch data is checked with it")
    jwt_secret: SecretStr | None = Field(None, description="signs access tokens; at least 32 bytes")
    public_url: str = Field("http://127.0.0.1:8080", description="where people reach the page")
    admin_telegram_ids: str = Field("", description="Telegram ids of administrators, with commas between")
    init_data_max_age_s: int = Field(86_400, gt=0, description="how old launch data may be, in seconds")
    feed: Literal["auto", "binance", "recorded", "off"] = "auto"
    binance_rest_url: str = "https://api.binance.com"
    binance_stream_url: str = "wss://stream.binance.com:9443/"
    solana: Literal["localnet", "rpc", "off"] = "localnet"
    solana_rpc_url: str | None = Field(None, description="a cluster's JSON-RPC, where CLOBSTER_SOLANA is rpc")
    solana_ws_url: str | None = Field(None, description="its PubSub; by default the same place as the JSON-RPC")
    log_format: Literal["console", "json"] = "console"

    @model_validator(mode="after")
    def _rules_of_the_environment(self) -> Self:
        if self.jwt_secret is not None and len(self.jwt_secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError("CLOBSTER_JWT_SECRET is too short: give it at least 32 random bytes")
        if self.database_url is not None and not self.database_url.startswith("sqlite:///"):
            raise ValueError("CLOBSTER_DATABASE_URL must be sqlite:///PATH")
        if not all(part.strip().isdecimal() for part in self.admin_telegram_ids.split(",") if part.strip()):
            raise ValueError("CLOBSTER_ADMIN_TELEGRAM_IDS must be Telegram ids with commas between, such as 11,22")
        self._rules_of_solana()
        if self.env == "development":
            return self
        for name, value in (("BOT_TOKEN", self.bot_token), ("JWT_SECRET", self.jwt_secret)):
            if value is None:
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
    def database_path(self) -> Path:
        """The SQLite file."""
        if self.database_url is None:
            return self.data_dir / "clobster.db"
        return Path(self.database_url.removeprefix("sqlite:///"))


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
