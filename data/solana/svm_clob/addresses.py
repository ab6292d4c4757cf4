"""Where the program keeps what: every address follows from the program's and what it is for."""

from typing import Final

from solders.pubkey import Pubkey

DEVNET: Final = "JBphRWHYzHCiVvYB89vGM9NpaDmHbe1A9W156sRV52Bo"


def order_book(program: Pubkey, base_mint: Pubkey, quote_mint: Pubkey) -> Pubkey:
    """Return where the one order book of two mints is."""
    return _found([b"orderbook", bytes(base_mint), bytes(quote_mint)], program)


def user_account(program: Pubkey, owner: Pubkey) -> Pubkey:
    """Return where an owner's balances are: one base and one quote, whatever the order book."""
    return _found([b"user_account", bytes(owner)], program)


def vault(program: Pubkey, mint: Pubkey) -> Pubkey:
    """Return the token account, its own owner, in which everybody's deposits of a mint lie."""
    return _found([b"clob_vault", bytes(mint)], program)


def _found(seeds: list[bytes], program: Pubkey) -> Pubkey:
    return Pubkey.find_program_address(seeds, program)[0]
