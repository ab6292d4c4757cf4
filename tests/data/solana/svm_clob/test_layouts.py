"""Every byte where the program has it: what is not exactly so is misread, never half read."""

from collections.abc import Callable
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from data.solana.svm_clob import addresses, errors, instructions
from data.solana.svm_clob.layouts import (
    ORDER_BOOK,
    TRADE_SETTLED,
    USER_ACCOUNT,
    Misread,
    OrderBook,
    Trade,
    TradeSettled,
    UserAccount,
    decode_order_book,
    decode_trade,
    decode_trade_settled,
    decode_user_account,
    encode_trade,
)
from engine.core.types import Side

PROGRAM = Pubkey.from_string(addresses.DEVNET)
ADA, BOB, BASE, QUOTE, TOKENS, VAULT = (Pubkey.from_bytes(bytes([number]) * 32) for number in range(1, 7))
U64 = st.integers(0, 2**64 - 1)
KEY = st.binary(min_size=32, max_size=32).map(Pubkey.from_bytes)

BOOK = ORDER_BOOK + bytes(ADA) + bytes(BASE) + bytes(QUOTE) + pack("<QQQBB", 1, 2, 3, 1, 0) + bytes(38)
USER = USER_ACCOUNT + bytes(ADA) + pack("<QQQB", 3, 4, 5, 1) + bytes(39)
EVENT = TRADE_SETTLED + pack("<QQ", 7, 8) + bytes(ADA) + bytes(BOB) + pack("<QQq", 9, 10, -1)
TRADE = pack("<QQ", 7, 8) + bytes(ADA) + bytes(BOB) + pack("<QQBq", 9, 10, 1, 1_700_000_000)


def test_accounts_and_the_event_are_read_where_they_lie() -> None:
    assert decode_order_book(BOOK) == OrderBook(ADA, BASE, QUOTE, 1, 2, 3, True, False)
    assert decode_user_account(USER) == UserAccount(ADA, 3, 4, 5, True)
    assert decode_trade_settled(EVENT) == TradeSettled(7, 8, ADA, BOB, 9, 10, -1)
    assert decode_trade(TRADE) == Trade(7, 8, ADA, BOB, 9, 10, Side.SELL, 1_700_000_000)
    assert (len(BOOK), len(USER), len(EVENT), len(TRADE)) == (168, 104, 112, 105)
    assert (BOOK[129], BOOK[128], USER[64]) == (0, 1, 1)  # paused, initialized


def test_discriminators_are_what_the_program_takes() -> None:
    found = {
        name: getattr(instructions, name.upper()).hex()
        for name in ("initialize_orderbook", "initialize_user_account", "execute_trade", "deposit", "withdraw")
    }
    assert found == {
        "initialize_orderbook": "c3ad76f13c56a829",
        "initialize_user_account": "83f83dd398cd7aee",
        "execute_trade": "4d10c0870d006a61",
        "deposit": "f223c68952e1f2b6",
        "withdraw": "b712469c946da122",
    }
    assert (ORDER_BOOK.hex(), USER_ACCOUNT.hex()) == ("37e67dda952741f8", "d3218810ba6ef27f")
    assert TRADE_SETTLED.hex() == "1677a6e1af355dd8"


DECODERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "order book": (decode_order_book, BOOK),
    "user account": (decode_user_account, USER),
    "event": (decode_trade_settled, EVENT),
    "trade": (decode_trade, TRADE),
}


@pytest.mark.parametrize(("decode", "good"), DECODERS.values(), ids=DECODERS)
def test_any_other_length_is_misread(decode: Callable[[bytes], Any], good: bytes) -> None:
    for length in range(len(good)):
        with pytest.raises(Misread, match="bytes, not"):
            decode(good[:length])
    with pytest.raises(Misread, match="bytes, not"):
        decode(good + b"\0")


BAD = {
    "another kind of account": (decode_order_book, USER_ACCOUNT + BOOK[8:]),
    "an account as an event": (decode_trade_settled, ORDER_BOOK + EVENT[8:]),
    "no discriminator": (decode_user_account, bytes(8) + USER[8:]),
    "a flag of 2": (decode_order_book, BOOK[:129] + b"\2" + BOOK[130:]),
    "initialized 255 times": (decode_user_account, USER[:64] + b"\xff" + USER[65:]),
    "reserved bytes in use": (decode_order_book, BOOK[:-1] + b"\1"),
    "a user's reserved bytes in use": (decode_user_account, USER[:65] + b"\1" + USER[66:]),
    "a third side": (decode_trade, TRADE[:96] + b"\2" + TRADE[97:]),
}


@pytest.mark.parametrize(("decode", "bad"), BAD.values(), ids=BAD)
def test_what_says_something_else_is_misread(decode: Callable[[bytes], Any], bad: bytes) -> None:
    with pytest.raises(Misread):
        decode(bad)


@given(U64, U64, KEY, KEY, U64, U64, st.sampled_from(Side), st.integers(-(2**63), 2**63 - 1))
def test_a_trade_comes_back_as_it_was(
    taker_order: int, maker_order: int, taker: Pubkey, maker: Pubkey, price: int, quantity: int, side: Side, at: int
) -> None:
    trade = Trade(taker_order, maker_order, taker, maker, price, quantity, side, at)
    assert decode_trade(encode_trade(trade)) == trade


def test_instructions_name_their_accounts_in_the_program_s_order() -> None:
    book = addresses.order_book(PROGRAM, BASE, QUOTE)
    ada, bob = (addresses.user_account(PROGRAM, owner) for owner in (ADA, BOB))
    vault = addresses.vault(PROGRAM, BASE)
    system, rent = "11111111111111111111111111111111", "SysvarRent111111111111111111111111111111111"
    token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
    trade = decode_trade(TRADE)
    made = {
        "open": instructions.initialize_orderbook(PROGRAM, ADA, BASE, QUOTE, tick_size=1, min_order_size=2),
        "user": instructions.initialize_user_account(PROGRAM, ADA),
        "trade": instructions.execute_trade(PROGRAM, book, VAULT, trade),
        "in": instructions.deposit(PROGRAM, book, ADA, BASE, source=TOKENS, signer=VAULT, atoms=258),
        "out": instructions.withdraw(PROGRAM, book, ADA, BASE, target=TOKENS, signer=VAULT, atoms=258),
    }
    moving = [f"{book}", f"{ada} w", f"{TOKENS} w", f"{BASE}", f"{vault} w", f"{VAULT} ws", token]
    assert {name: [shown(meta) for meta in each.accounts] for name, each in made.items()} == {
        "open": [f"{book} w", f"{ADA} ws", f"{BASE}", f"{QUOTE}", system],
        "user": [f"{ada} w", f"{ADA} ws", system],
        "trade": [f"{book} w", f"{ada} w", f"{bob} w", f"{VAULT} ws"],
        "in": [*moving, system, rent],
        "out": moving,
    }
    terms = bytes(BASE) + bytes(QUOTE) + pack("<QQ", 1, 2) + bytes(ADA)
    assert made["open"].data == bytes.fromhex("c3ad76f13c56a829") + terms
    assert made["user"].data == bytes.fromhex("83f83dd398cd7aee")
    assert made["trade"].data == bytes.fromhex("4d10c0870d006a61") + TRADE
    assert made["in"].data == bytes.fromhex("f223c68952e1f2b6") + bytes([2, 1, 0, 0, 0, 0, 0, 0])
    assert made["out"].data == bytes.fromhex("b712469c946da122") + bytes([2, 1, 0, 0, 0, 0, 0, 0])


def shown(meta: Any) -> str:
    return f"{meta.pubkey} {'w' * meta.is_writable}{'s' * meta.is_signer}".strip()


def test_errors_are_told_by_number() -> None:
    assert errors.sentence(6005) == "a balance is too small for it, or a number too large"
    assert errors.sentence(6007) == "the mint is none of the order book's"
    assert "6010, which we do not know" in errors.sentence(6010)
