"""Whether an address can be sent to, and to which token account the money goes then."""

import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from engine.withdrawals.ports import Looked, Targets, TokenAccount
from engine.withdrawals.refusals import (
    BadAddress,
    NotAWallet,
    OwnAddress,
    TargetFrozen,
    WrongMint,
    WrongNetwork,
    WrongProgram,
)

SYSTEM: Final = "11111111111111111111111111111111"
TOKEN: Final = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105  a program
TOKEN_2022: Final = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"  # noqa: S105

_NETWORKS: Final = {
    "Ethereum": re.compile(r"0x[0-9A-Fa-f]{40}", re.ASCII),
    "Bitcoin": re.compile(r"(bc1[0-9a-z]{8,87}|BC1[0-9A-Z]{8,87}|[13][1-9A-HJ-NP-Za-km-z]{25,34})", re.ASCII),
    "Tron": re.compile(r"T[1-9A-HJ-NP-Za-km-z]{33}", re.ASCII),
}


class Target(Struct, frozen=True):
    """The token account to which money goes. opens_for is for whom it is made where there is none."""

    token_account: str
    opens_for: str | None


def check_text(text: str, chain: Targets) -> None:
    """Raise WrongNetwork or BadAddress where this can't be an address on Solana."""
    if chain.is_address(text):
        return
    for network, pattern in _NETWORKS.items():
        if pattern.fullmatch(text):
            raise WrongNetwork(
                f"This is an address of {network}. Withdrawals go by Solana only: what is sent there would be lost.",
                network=network.lower(),
            )
    raise BadAddress


async def find(address: str, mint: str, chain: Targets, is_ours: Callable[[str], bool]) -> Target:
    """Return where money that is sent to this address goes, as the chain is now.

    Raises a refusal of this module's, or ChainUnavailable.
    """
    check_text(address, chain)
    associated = chain.token_account(address, mint)
    if is_ours(address) or is_ours(associated) or address == mint:
        raise OwnAddress
    here, there = await chain.look([address, associated])
    if here is not None and here.program != SYSTEM:
        account = _taking(address, here, mint, is_ours)
        if chain.is_on_curve(address):  # closed before it is sent to, it would look like a wallet that is new
            raise NotAWallet("This token account has a key of its own. Give the address of the wallet that owns it.")
        return Target(account, None)
    if address == SYSTEM or not chain.is_on_curve(address):
        raise NotAWallet
    if there is None or there.program == SYSTEM:  # somebody may have sent lamports to where it will be
        return Target(associated, address)
    if _holding(there, mint).owner != address:  # its owner has given it away
        raise NotAWallet
    return Target(associated, None)


def _taking(address: str, here: Looked, mint: str, is_ours: Callable[[str], bool]) -> str:
    """Return a token account's own address, where it can take this mint's tokens."""
    if is_ours(_holding(here, mint).owner):
        raise OwnAddress
    return address


def _holding(here: Looked, mint: str) -> TokenAccount:
    if here.program == TOKEN_2022:
        raise WrongProgram
    if here.program != TOKEN or here.token is None:
        raise NotAWallet
    if here.token.mint != mint:
        raise WrongMint
    if not here.token.takes:
        raise TargetFrozen
    return here.token
