"""A key in a file of its own, as Solana's tools keep it: a JSON list of its 64 bytes, readable by its owner only."""

import os
from pathlib import Path

import msgspec
from solders.keypair import Keypair


def keypair_in(path: Path) -> Keypair:
    """Return the key in a file, made where there is none. Raises ValueError where others may read it or it is none."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(list(bytes(Keypair()))))
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path} may be read by others: set its mode to 0600")
    try:
        return Keypair.from_bytes(bytes(msgspec.json.decode(path.read_bytes(), type=list[int])))
    except (ValueError, msgspec.MsgspecError):
        raise ValueError(f"{path} is no key") from None
