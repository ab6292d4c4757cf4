"""Accounts, the trade and its event, byte by byte. What is not exactly as it should be is misread, never half read.

A discriminator is the first eight bytes of a digest of a name, as Anchor has it. The program's published IDL names
others for some; these are what it takes.
"""

from hashlib import sha256
from struct import Struct
from typing import Any, Final

import msgspec
from solders.pubkey import Pubkey

from engine.core.types import Side

MOST_U64: Final = 2**64 - 1


class Misread(ValueError):  # noqa: N818
    """These bytes are not what they were taken for. The message says how they differ."""


def discriminator(kind: str, name: str) -> bytes:
    """Return the bytes that an instruction ("global"), an account ("account") or an event ("event") begins with."""
    return sha256(f"{kind}:{name}".encode()).digest()[:8]


ORDER_BOOK: Final = discriminator("account", "OrderBook")
USER_ACCOUNT: Final = discriminator("account", "UserAccount")
TRADE_SETTLED: Final = discriminator("event", "TradeSettled")

_ORDER_BOOK: Final = Struct("<8s32s32s32sQQQBB38s")
_USER_ACCOUNT: Final = Struct("<8s32sQQQB39s")
_TRADE: Final = Struct("<QQ32s32sQQBq")
_TRADE_SETTLED: Final = Struct("<8sQQ32s32sQQq")
ORDER_BOOK_BYTES: Final = _ORDER_BOOK.size
USER_ACCOUNT_BYTES: Final = _USER_ACCOUNT.size


class OrderBook(msgspec.Struct, frozen=True):
    """A market there. Whoever has the authority may trade the balances of anybody on it."""

    authority: Pubkey
    base_mint: Pubkey
    quote_mint: Pubkey
    tick_size: int
    min_order_size: int
    total_volume: int
    is_initialized: bool
    is_paused: bool


class UserAccount(msgspec.Struct, frozen=True):
    """An owner's balances there, in atoms of whatever was put in: the program keeps no mint with them."""

    owner: Pubkey
    total_volume: int
    base: int
    quote: int
    is_initialized: bool


class Trade(msgspec.Struct, frozen=True):
    """What execute_trade is told: `quantity` of base one way, price x quantity of quote the other way, raw.

    timestamp is in seconds; the program takes no notice of it.
    """

    taker_order_id: int
    maker_order_id: int
    taker: Pubkey
    maker: Pubkey
    price: int
    quantity: int
    taker_side: Side
    timestamp: int


class TradeSettled(msgspec.Struct, frozen=True):
    """What execute_trade tells: the trade, and the chain's own time, in seconds. The taker's side is not told."""

    taker_order_id: int
    maker_order_id: int
    taker: Pubkey
    maker: Pubkey
    price: int
    quantity: int
    timestamp: int


def decode_order_book(data: bytes) -> OrderBook:
    """Return an order book. Raises Misread."""
    authority, base, quote, tick, least, volume, initialized, paused, rest = _fields(_ORDER_BOOK, ORDER_BOOK, data)
    _must_be_empty(rest)
    mints = Pubkey.from_bytes(base), Pubkey.from_bytes(quote)
    flags = _flag(initialized), _flag(paused)
    return OrderBook(Pubkey.from_bytes(authority), *mints, tick, least, volume, *flags)


def decode_user_account(data: bytes) -> UserAccount:
    """Return a user account. Raises Misread."""
    owner, volume, base, quote, initialized, rest = _fields(_USER_ACCOUNT, USER_ACCOUNT, data)
    _must_be_empty(rest)
    return UserAccount(Pubkey.from_bytes(owner), volume, base, quote, _flag(initialized))


def decode_trade_settled(data: bytes) -> TradeSettled:
    """Return an event. Raises Misread."""
    taker_order, maker_order, taker, maker, price, quantity, time = _fields(_TRADE_SETTLED, TRADE_SETTLED, data)
    return TradeSettled(
        taker_order, maker_order, Pubkey.from_bytes(taker), Pubkey.from_bytes(maker), price, quantity, time
    )


def encode_trade(trade: Trade) -> bytes:
    """Return a trade as the instruction carries it, 105 bytes. Every number must fit 64 bits."""
    side = 0 if trade.taker_side is Side.BUY else 1
    ids, owners = (trade.taker_order_id, trade.maker_order_id), (bytes(trade.taker), bytes(trade.maker))
    return _TRADE.pack(*ids, *owners, trade.price, trade.quantity, side, trade.timestamp)


def decode_trade(data: bytes) -> Trade:
    """Return the trade that an instruction carries. Raises Misread."""
    _must_be_long(_TRADE, data)
    taker_order, maker_order, taker, maker, price, quantity, side, time = _TRADE.unpack(data)
    if side > 1:
        raise Misread(f"a taker's side is 0 or 1, not {side}")
    owners = Pubkey.from_bytes(taker), Pubkey.from_bytes(maker)
    return Trade(taker_order, maker_order, *owners, price, quantity, Side.SELL if side else Side.BUY, time)


def _fields(layout: Struct, begins: bytes, data: bytes) -> tuple[Any, ...]:
    _must_be_long(layout, data)
    found, *fields = layout.unpack(data)
    if found != begins:
        raise Misread(f"it begins with {found.hex()}, not {begins.hex()}")
    return tuple(fields)


def _must_be_long(layout: Struct, data: bytes) -> None:
    if len(data) != layout.size:
        raise Misread(f"it has {len(data)} bytes, not {layout.size}")


def _must_be_empty(reserved: bytes) -> None:
    if any(reserved):
        raise Misread("its reserved bytes are in use: it is of another version of the program")


def _flag(byte: int) -> bool:
    if byte > 1:
        raise Misread(f"a flag is 0 or 1, not {byte}")
    return byte == 1
