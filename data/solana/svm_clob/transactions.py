"""Fills as the instructions of one transaction, and whether it can carry them."""

from collections.abc import Sequence
from typing import Final

from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.sysvar import RENT
from spl.memo.constants import MEMO_PROGRAM_ID
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import transfer_checked
from spl.token.models import TransferCheckedParams

from data.solana.svm_clob import addresses, instructions
from data.solana.svm_clob.passage import Passage, held, is_paid_by_net, passages
from data.solana.svm_clob.place import Place
from engine.core.types import FEES
from engine.settlement.fills import Fill, Purse

MOST_BYTES: Final = 1232  # of a transaction
MOST_ACCOUNTS: Final = 64  # that it locks
_SIGNATURE_BYTES: Final = 64


def settling(place: Place, fills: Sequence[Fill]) -> list[Instruction]:
    """Return what settles fills: by market deposits, trades and withdrawals; then all fees."""
    all_of_it = passages(fills)
    made: list[Instruction] = []
    for each in all_of_it:
        made += _through(place, each)
    for each in all_of_it:
        made += (_fee(place, purse, atoms) for purse, atoms in each.fees.items())
    return made


def fits(place: Place, fills: Sequence[Fill], tables: Sequence[AddressLookupTableAccount]) -> bool:
    """Tell whether one transaction can carry fills: their bytes, their accounts, their money."""
    all_of_it = passages(fills)
    if any(atoms > place.most.get(asset, 0) for asset, atoms in held(all_of_it).items()):
        return False
    if not is_paid_by_net(fills, all_of_it):
        return False
    made = [*_around(), *settling(place, fills)]
    accounts = {meta.pubkey for each in made for meta in each.accounts} | {each.program_id for each in made}
    return len(accounts | {place.authority}) <= MOST_ACCOUNTS and size(place.authority, made, tables) <= MOST_BYTES


def memo(batch: int) -> Instruction:
    """Return what names a batch on the chain."""
    return Instruction(MEMO_PROGRAM_ID, f"clobster batch {batch}".encode(), [])


def _around() -> list[Instruction]:
    """Return what a transaction has besides, at its longest."""
    return [set_compute_unit_limit(0), set_compute_unit_price(0), memo(2**63)]


def size(payer: Pubkey, made: Sequence[Instruction], tables: Sequence[AddressLookupTableAccount]) -> int:
    """Return how many bytes a transaction has."""
    message = MessageV0.try_compile(payer, list(made), list(tables), Hash.default())
    return 1 + _SIGNATURE_BYTES * message.header.num_required_signatures + 1 + len(bytes(message))


def named(place: Place) -> list[Pubkey]:
    """Return what transactions name again and again: in a lookup table each takes a byte instead of 32."""
    vaults = [addresses.vault(place.program, asset.mint) for asset in place.assets.values()]
    return [SYSTEM_PROGRAM, RENT, *map(place.book, place.markets), *vaults]


def _through(place: Place, passage: Passage) -> list[Instruction]:
    program, book, signer = place.program, place.book(passage.symbol), place.authority

    def of(purse: Purse) -> tuple[Pubkey, Pubkey, Pubkey]:
        user, asset = purse
        return place.owner(user), place.assets[asset].mint, place.vault_account(user, asset)

    made = []
    for purse, atoms in passage.deposits.items():
        owner, mint, source = of(purse)
        made.append(instructions.deposit(program, book, owner, mint, source=source, signer=signer, atoms=atoms))
    for fill in passage.fills:
        made += (instructions.execute_trade(program, book, signer, trade) for trade in place.trades(fill))
    for purse, atoms in passage.withdrawals.items():
        owner, mint, target = of(purse)
        made.append(instructions.withdraw(program, book, owner, mint, target=target, signer=signer, atoms=atoms))
    return made


def _fee(place: Place, purse: Purse, atoms: int) -> Instruction:
    user, asset = purse
    return transfer_checked(
        TransferCheckedParams(
            program_id=TOKEN_PROGRAM_ID,
            source=place.vault_account(user, asset),
            mint=place.assets[asset].mint,
            dest=place.vault_account(FEES, asset),
            owner=place.authority,
            amount=atoms,
            decimals=place.assets[asset].decimals,
        )
    )
