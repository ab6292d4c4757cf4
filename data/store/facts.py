"""How rows become facts: for each fact the columns that a query selects, and the reader of such a row.

An enum's member is looked up by its word in a dict, which is several times faster than calling the enum.
"""

from typing import Final

from data.store.rows import Row
from engine.core.commands import PlaceOrder
from engine.core.events import BalanceChanged, Deposited, OrderChanged, Posting, Traded, WithdrawalChanged
from engine.core.market import Market
from engine.core.types import (
    Kind,
    MarketState,
    OrderId,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WithdrawalStatus,
)

_SIDES: Final = {member.value: member for member in Side}
_TYPES: Final = {member.value: member for member in OrderType}
_TIMES_IN_FORCE: Final = {member.value: member for member in TimeInForce}
_PREVENTIONS: Final = {member.value: member for member in SelfTradePrevention}
_STATUSES: Final = {member.value: member for member in OrderStatus}
_REASONS: Final = {member.value: member for member in Reason}
_WITHDRAWAL_STATUSES: Final = {member.value: member for member in WithdrawalStatus}
_KINDS: Final = (Kind.AVAILABLE, Kind.HELD)

ASSET: Final = "code, decimals"
MARKET: Final = (
    "symbol, base, quote, tick_atoms, lot_atoms, unit_atoms,"
    " max_price, max_quantity, max_open_orders, maker_fee_ppm, taker_fee_ppm, state"
)
ORDER: Final = (
    "id, user_id, symbol, side, type, time_in_force, self_trade_prevention, price, quantity, quote_quantity,"
    " client_order_id, status, filled, notional, prevented, created_at, updated_at"
)
PLACED: Final = (
    "id, created_at, user_id, symbol, side, type, quantity + reduced, quote_quantity, price, time_in_force,"
    " self_trade_prevention, client_order_id"
)
TRADE: Final = (
    "id, symbol, at, price, quantity, notional, taker_side,"
    " maker_order_id, maker, maker_fee, taker_order_id, taker, taker_fee, reference"
)
POSTING: Final = "id, asset, debit_owner, debit_kind, credit_owner, credit_kind, amount, reason, cause, at"
BALANCE: Final = "owner, asset, available, held"
DEPOSIT: Final = "reference, user_id, asset, amount, at"
WITHDRAWAL: Final = "id, user_id, asset, amount, address, status, created_at, updated_at, fee, reference"


def market_of(row: Row) -> Market:
    """Read a row of `MARKET`."""
    terms = (*row[:-1], MarketState(row[-1]))
    return Market(*terms)


def order_of(row: Row) -> OrderChanged:
    """Read a row of `ORDER`."""
    (
        id_,
        user,
        symbol,
        side,
        type_,
        time_in_force,
        self_trade_prevention,
        price,
        quantity,
        quote_quantity,
        client_order_id,
        status,
        filled,
        notional,
        prevented,
        created_at,
        updated_at,
    ) = row
    return OrderChanged(
        id_,
        user,
        symbol,
        _SIDES[side],
        _TYPES[type_],
        _TIMES_IN_FORCE[time_in_force],
        _PREVENTIONS[self_trade_prevention],
        price,
        quantity,
        quote_quantity,
        client_order_id or "",
        _STATUSES[status],
        filled,
        notional,
        prevented,
        created_at,
        updated_at,
    )


def placed_of(row: Row) -> tuple[OrderId, PlaceOrder]:
    """Read a row of `PLACED`: an order's id and the command that placed it."""
    id_, at, user, symbol, side, type_, quantity, quote_quantity, price, time_in_force, prevention, client_id = row
    return id_, PlaceOrder(
        at,
        user,
        symbol,
        _SIDES[side],
        _TYPES[type_],
        quantity,
        quote_quantity,
        price,
        _TIMES_IN_FORCE[time_in_force],
        _PREVENTIONS[prevention],
        client_id or "",
    )


def trade_of(row: Row) -> Traded:
    """Read a row of `TRADE`."""
    id_, symbol, at, price, quantity, notional, side, maker_order, maker, maker_fee, taker_order, *taker = row
    return Traded(
        id_,
        symbol,
        at,
        price,
        quantity,
        notional,
        _SIDES[side],
        maker_order or OrderId(0),
        maker,
        maker_fee,
        taker_order or OrderId(0),
        *taker,
    )


def posting_of(row: Row) -> Posting:
    """Read a row of `POSTING`, but for its id."""
    _, asset, debit_owner, debit_kind, credit_owner, credit_kind, amount, reason, cause, at = row
    debit, credit = _KINDS[debit_kind], _KINDS[credit_kind]
    return Posting(asset, debit_owner, debit, credit_owner, credit, amount, _REASONS[reason], cause, at)


def balance_of(row: Row) -> BalanceChanged:
    """Read a row of `BALANCE`."""
    return BalanceChanged(*row)


def deposit_of(row: Row) -> Deposited:
    """Read a row of `DEPOSIT`."""
    reference, user, asset, amount, at = row
    return Deposited(user, asset, amount, reference, at)


def withdrawal_of(row: Row) -> WithdrawalChanged:
    """Read a row of `WITHDRAWAL`."""
    id_, user, asset, amount, address, status, created_at, updated_at, fee, reference = row
    word = _WITHDRAWAL_STATUSES[status]
    return WithdrawalChanged(id_, user, asset, amount, address, word, created_at, updated_at, fee, reference or "")
