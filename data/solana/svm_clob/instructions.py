"""The five instructions, with their accounts in the program's order. `program` is its address."""

from struct import pack
from typing import Final

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.sysvar import RENT
from spl.token.constants import TOKEN_PROGRAM_ID

from data.solana.svm_clob import addresses
from data.solana.svm_clob.layouts import Trade, discriminator, encode_trade

INITIALIZE_ORDERBOOK: Final = discriminator("global", "initialize_orderbook")
INITIALIZE_USER_ACCOUNT: Final = discriminator("global", "initialize_user_account")
EXECUTE_TRADE: Final = discriminator("global", "execute_trade")
DEPOSIT: Final = discriminator("global", "deposit")
WITHDRAW: Final = discriminator("global", "withdraw")


def initialize_orderbook(
    program: Pubkey, authority: Pubkey, base_mint: Pubkey, quote_mint: Pubkey, *, tick_size: int, min_order_size: int
) -> Instruction:
    """Make the order book of two mints; the authority signs and pays. The two sizes are kept there and never used."""
    book = addresses.order_book(program, base_mint, quote_mint)
    terms = bytes(base_mint) + bytes(quote_mint) + pack("<QQ", tick_size, min_order_size) + bytes(authority)
    accounts = [_writable(book), _signer(authority), *map(_named, (base_mint, quote_mint, SYSTEM_PROGRAM))]
    return Instruction(program, INITIALIZE_ORDERBOOK + terms, accounts)


def initialize_user_account(program: Pubkey, owner: Pubkey) -> Instruction:
    """Make an owner's account; the owner signs and pays."""
    accounts = [_writable(addresses.user_account(program, owner)), _signer(owner), _named(SYSTEM_PROGRAM)]
    return Instruction(program, INITIALIZE_USER_ACCOUNT, accounts)


def execute_trade(program: Pubkey, order_book: Pubkey, authority: Pubkey, trade: Trade) -> Instruction:
    """Move a trade's base and quote between the balances of two owners; the order book's authority signs."""
    takers, makers = (addresses.user_account(program, owner) for owner in (trade.taker, trade.maker))
    accounts = [*map(_writable, (order_book, takers, makers)), _signer(authority)]
    return Instruction(program, EXECUTE_TRADE + encode_trade(trade), accounts)


def deposit(
    program: Pubkey, order_book: Pubkey, owner: Pubkey, mint: Pubkey, *, source: Pubkey, signer: Pubkey, atoms: int
) -> Instruction:
    """Put tokens into an owner's balance. The source's owner signs, and pays for the vault where there is none yet."""
    accounts = _moving(program, order_book, owner, mint, source, signer)
    accounts += [_named(SYSTEM_PROGRAM), _named(RENT)]
    return Instruction(program, DEPOSIT + pack("<Q", atoms), accounts)


def withdraw(
    program: Pubkey, order_book: Pubkey, owner: Pubkey, mint: Pubkey, *, target: Pubkey, signer: Pubkey, atoms: int
) -> Instruction:
    """Take tokens out of an owner's balance. The program asks for a signer, and does not care whose signature it is."""
    accounts = _moving(program, order_book, owner, mint, target, signer)
    return Instruction(program, WITHDRAW + pack("<Q", atoms), accounts)


def _moving(
    program: Pubkey, order_book: Pubkey, owner: Pubkey, mint: Pubkey, tokens: Pubkey, signer: Pubkey
) -> list[AccountMeta]:
    balance, vault = addresses.user_account(program, owner), addresses.vault(program, mint)
    accounts = [_named(order_book), _writable(balance), _writable(tokens), _named(mint), _writable(vault)]
    return [*accounts, _signer(signer), _named(TOKEN_PROGRAM_ID)]


def _named(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)


def _writable(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def _signer(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=True, is_writable=True)
