"""Whether all is on the chain that settling there needs, and what has to be made first. It only asks."""

from collections.abc import Collection
from typing import Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.account import Account
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from data.solana.asking import value
from data.solana.svm_clob import addresses, instructions
from data.solana.svm_clob.layouts import USER_ACCOUNT_BYTES, Misread, decode_order_book, decode_user_account
from data.solana.svm_clob.place import Place
from engine.core.market import Market
from engine.core.types import FEES, Symbol, UserId
from engine.ports import ChainUnavailable

MOST_ASKED: Final = 100  # accounts at once


class Unusable(ChainUnavailable):
    """The program can't settle our fills on this chain. The message says why, for the operator."""


async def check(client: AsyncClient, place: Place) -> None:
    """Return where the program, and an order book of ours for every market, are there. Raises Unusable."""
    books = {market.symbol: place.book(market.symbol) for market in place.markets.values()}
    (program, *found) = await _accounts(client, [place.program, *books.values()])
    if program is None or not program.executable:
        raise Unusable(f"svm_clob is not on this chain: {place.program} is no program there")
    for market, account in zip(place.markets.values(), found, strict=True):
        for asset in (market.base, market.quote):
            if not place.most.get(asset):
                raise Unusable(f"CLOBSTER_SVM_CLOB_MOST must say how much {asset} may be in svm_clob at once")
        _check_book(place, market, account)


async def missing_books(client: AsyncClient, place: Place) -> dict[Symbol, Instruction]:
    """Return how to make the order books that are not there yet. Raises ChainUnavailable.

    The program keeps a tick and a least size, and looks at neither: one atom, and a lot.
    """
    found = await _accounts(client, [place.book(symbol) for symbol in place.markets])
    missing = {}
    for market, account in zip(place.markets.values(), found, strict=True):
        if account is None:
            mints = place.assets[market.base].mint, place.assets[market.quote].mint
            missing[market.symbol] = instructions.initialize_orderbook(
                place.program, place.authority, *mints, tick_size=1, min_order_size=market.lot_atoms
            )
    return missing


def _check_book(place: Place, market: Market, account: Account | None) -> None:
    where = f"the order book of {market.symbol} in svm_clob, {place.book(market.symbol)},"
    if account is None:
        raise Unusable(f"{where} is not there: it has to be initialized first")
    if account.owner != place.program:
        raise Unusable(f"{where} is not the program's")
    try:
        book = decode_order_book(account.data)
    except Misread as wrong:
        raise Unusable(f"{where} can't be read: {wrong}") from None
    if book.authority != place.authority:
        raise Unusable(f"{where} is somebody else's: its authority is {book.authority}, ours is {place.authority}")
    if not book.is_initialized:
        raise Unusable(f"{where} is not initialized")
    if book.is_paused:
        raise Unusable(f"{where} is paused")
    if (book.base_mint, book.quote_mint) != (place.assets[market.base].mint, place.assets[market.quote].mint):
        raise Unusable(f"{where} is of other mints: {book.base_mint} and {book.quote_mint}")


async def missing_accounts(
    client: AsyncClient, place: Place, users: Collection[UserId]
) -> dict[UserId, list[Instruction]]:
    """Return how to make the user accounts that are not there yet, as the chain has confirmed. Raises ChainUnavailable.

    The owner signs, this once, and needs what an account costs: the vault's authority gives it and signs too.
    """
    owners = {user: place.owner(user) for user in users if user != FEES}
    accounts = {user: addresses.user_account(place.program, owner) for user, owner in owners.items()}
    missing = []
    for (user, where), account in zip(accounts.items(), await _accounts(client, [*accounts.values()]), strict=True):
        if account is None or account.owner != place.program:
            missing.append(user)
        elif not _is_of(account, owners[user]):
            raise ChainUnavailable(f"svm_clob's user account {where} is not as it was made")
    if not missing:
        return {}
    rent = await value(lambda: client.get_minimum_balance_for_rent_exemption(USER_ACCOUNT_BYTES, Confirmed))
    return {user: _making(place, owners[user], rent) for user in missing}


def _making(place: Place, owner: Pubkey, rent: int) -> list[Instruction]:
    gift = TransferParams(from_pubkey=place.authority, to_pubkey=owner, lamports=rent)
    return [transfer(gift), instructions.initialize_user_account(place.program, owner)]


def _is_of(account: Account, owner: Pubkey) -> bool:
    try:
        found = decode_user_account(account.data)
    except Misread:
        return False
    return found.is_initialized and found.owner == owner


async def _accounts(client: AsyncClient, keys: list[Pubkey]) -> list[Account | None]:
    found: list[Account | None] = []
    for first in range(0, len(keys), MOST_ASKED):
        some = keys[first : first + MOST_ASKED]
        answered = await value(lambda some=some: client.get_multiple_accounts(some, Confirmed))  # type: ignore[misc]
        if len(answered) != len(some):
            raise ChainUnavailable("fewer accounts were answered than asked for")
        found += answered
    return found
