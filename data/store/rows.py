"""How facts become rows. Columns stand in the order of the tables in `schema`; `facts` is the way back.

This is the hot path: plain tuples, and an enum's word by `_value_`, which is an attribute where `value` is a call.
"""

import zlib
from collections.abc import Iterable
from copy import copy
from typing import Any, Final

from msgspec.structs import astuple

from engine.core.events import BalanceChanged, Deposited, OrderChanged, Posting, Reduced, Traded, WithdrawalChanged
from engine.core.market import Asset, Market
from engine.market_data.candles import Candle, by_minute
from engine.market_data.intervals import MINUTE
from engine.sequencer.batch import Batch

Row = tuple[Any, ...]

MAX_INTEGER: Final = 2**63 - 1  # that a column holds

CANDLE_MINUTES: Final = (1, 15, 60, 1440)  # Candles of these lengths are kept; the others are put together from them.


def sequencer_row(batch: Batch) -> Row:
    """Return parameters of `statements.MOVE_SEQUENCER`."""
    counters = (batch.next_order, batch.next_trade, batch.next_withdrawal)
    return (batch.last_seq, batch.digest, batch.at, *counters, batch.epoch, batch.first_seq - 1)


def log_row(batch: Batch) -> Row:
    """Return a batch's row of `commands`."""
    return (batch.first_seq, batch.last_seq, batch.epoch, batch.at, zlib.compress(batch.commands, 1), batch.digest)


def asset_rows(assets: Iterable[Asset]) -> list[Row]:
    """Return rows of `assets`."""
    return [astuple(asset) for asset in assets]


def market_rows(markets: Iterable[Market]) -> list[Row]:
    """Return rows of `markets`."""
    return [(*astuple(market)[:-1], market.state.value) for market in markets]


def order_rows(orders: Iterable[OrderChanged]) -> list[Row]:
    """Return rows of `orders`."""
    return [
        (
            o.id,
            o.user,
            o.symbol,
            o.side._value_,
            o.type._value_,
            o.time_in_force._value_,
            o.self_trade_prevention._value_,
            o.price,
            o.quantity,
            o.quote_quantity,
            o.client_order_id or None,
            o.status._value_,
            o.filled,
            o.notional,
            o.prevented,
            o.created_at,
            o.updated_at,
        )
        for o in orders
    ]


def reduction_rows(reductions: Iterable[Reduced]) -> list[Row]:
    """Return parameters of `statements.REDUCE`."""
    return [(r.by, r.order) for r in reductions]


def trade_rows(trades: Iterable[Traded]) -> list[Row]:
    """Return rows of `trades`; the market maker's quote, order 0, is NULL."""
    return [
        (
            t.id,
            t.symbol,
            t.at,
            t.price,
            t.quantity,
            t.notional,
            t.taker_side._value_,
            t.maker_order or None,
            t.maker,
            t.maker_fee,
            t.taker_order or None,
            t.taker,
            t.taker_fee,
            t.reference,
        )
        for t in trades
    ]


def candle_rows(trades: Iterable[Traded]) -> list[Row]:
    """Return rows of `candles` to be merged with what is there, each key once."""
    found: dict[tuple[str, int, int], Candle] = {}
    for (symbol, _), minute in by_minute(trades).items():
        for minutes in CANDLE_MINUTES:
            size = minutes * MINUTE
            key = symbol, minutes, minute.begin // size * size
            longer = found.get(key)
            if longer is None:
                found[key] = copy(minute)
            else:
                longer.merge(minute)
    return [(*key, *(min(value, MAX_INTEGER) for value in astuple(candle)[1:])) for key, candle in found.items()]


def posting_rows(postings: Iterable[Posting]) -> list[Row]:
    """Return rows of `postings` without their id, which the database gives."""
    return [
        (
            p.asset,
            p.debit_owner,
            p.debit_kind._value_,  # SQLite's driver looks for an adapter of an IntEnum, which costs more than the row
            p.credit_owner,
            p.credit_kind._value_,
            p.amount,
            p.reason._value_,
            p.cause,
            p.at,
        )
        for p in postings
    ]


def balance_rows(balances: Iterable[BalanceChanged]) -> list[Row]:
    """Return rows of `balances`."""
    return [(b.owner, b.asset, b.available, b.held) for b in balances]


def deposit_rows(deposits: Iterable[Deposited]) -> list[Row]:
    """Return rows of `deposits`."""
    return [(d.reference, d.user, d.asset, d.amount, d.at) for d in deposits]


def withdrawal_rows(withdrawals: Iterable[WithdrawalChanged]) -> list[Row]:
    """Return rows of `withdrawals`."""
    return [
        (
            w.id,
            w.user,
            w.asset,
            w.amount,
            w.address,
            w.status._value_,
            w.created_at,
            w.updated_at,
            w.fee,
            w.reference or None,
        )
        for w in withdrawals
    ]


def owed_rows(trades: Iterable[Traded]) -> list[Row]:
    """Return rows of `settlement_outbox`: each trade owes its settlement from its own transaction on."""
    return [(t.id,) for t in trades]
