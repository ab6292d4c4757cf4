"""What lies in the data directory besides the database: a lock, development's secrets, where the server listens."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

from clobster.config import ConfigError
from webapp_api.auth.sealing import made_encryption_key

SERVER: Final = "running.json"
LOCALNET: Final = "running-localnet.json"


class Secrets(Struct, frozen=True):
    """What development makes for itself, so that it needs no settings."""

    bot_token: str = field(default_factory=lambda: f"{7_000_000_000 + secrets.randbelow(10**9)}:{_random(26)}")
    jwt_secret: str = field(default_factory=lambda: _random(48))
    dev_secret: str = field(default_factory=lambda: _random(48))
    encryption_key: str = field(default_factory=made_encryption_key)
    solana_master_key: str = field(default_factory=made_encryption_key)  # made of 32 random bytes, too


class Running(Struct, frozen=True):
    """Where the server of this directory, or its localnet, listens."""

    pid: int
    url: str


def own_secrets(data_dir: Path) -> Secrets:
    """Return the directory's secrets; those that it does not have yet are made."""
    path = data_dir / "secrets.json"
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "secrets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two that start at once the second finds what the first has made
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path.exists() else {}
        except msgspec.DecodeError:
            raise ConfigError(
                f"{path} is not what development wrote there: put it back, or move it away and new ones are made"
            ) from None
        found = msgspec.convert(kept, Secrets)
        whole = kept | msgspec.to_builtins(found)  # what a later version has put there stays
        if whole != kept:
            temporary = path.with_suffix(".new")
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(whole))
            temporary.replace(path)
    return found


def _random(length: int) -> str:
    return secrets.token_urlsafe(length)


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Keep a second server out of the directory. Raises ConfigError where one is in, or nothing can be kept there."""
    with ExitStack() as stack:
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((data_dir / "lock").open("w"))
        except OSError as error:
            raise ConfigError(
                f"CLOBSTER_DATA_DIR: {data_dir} can't be written to ({error.strerror}): mend that, or choose another"
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"another clobster runs on {data_dir}: stop it, or choose another with --data-dir"
            ) from None
        yield


@contextmanager
def announced(data_dir: Path, url: str, name: str = SERVER) -> Iterator[None]:
    """Tell other commands where the server, or its localnet, listens, while it does."""
    path = data_dir / name
    path.write_bytes(msgspec.json.encode(Running(os.getpid(), url)))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running(data_dir: Path, name: str = SERVER) -> Running:
    """Return where the directory's server, or its localnet, listens. Raises ConfigError where none does."""
    try:
        found = msgspec.json.decode((data_dir / name).read_bytes(), type=Running)
        os.kill(found.pid, 0)
    except (OSError, msgspec.DecodeError):
        raise ConfigError(f"no clobster runs on {data_dir}: start it with `make run`, then try again") from None
    return found
