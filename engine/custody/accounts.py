"""The token accounts into which people deposit, and the rules that are told to them."""

from typing import Final

from msgspec import Struct

from engine.core.market import Asset
from engine.core.types import AssetCode, Atoms, Micros, UserId

PLAY_MONEY: Final = "dev:"  # how references of deposits begin that came without the chain, in development


def reference_of(signature: str, token_account: str) -> str:
    """Return the reference of a deposit that came by the chain: what it is credited by, once."""
    return f"solana:{signature}:{token_account}"


class DepositAccount(Struct, frozen=True):
    """A person's token account for one asset, and how far what happened to it was looked at.

    `done` is the newest transaction of which it, and all before it, was looked at. A look goes from `newest` backwards
    and has come to `reached`; both are None where none is under way. `seen` is what all that was looked at adds up to.
    """

    token_account: str
    owner: str
    user: UserId
    asset: AssetCode
    mint: str
    created_at: Micros
    done: str | None = None
    newest: str | None = None
    reached: str | None = None
    seen: int = 0


class Depositable(Struct, frozen=True):
    """An asset that may be deposited: its mint, and what is credited at least, in atoms."""

    asset: Asset
    mint: str
    minimum: Atoms
