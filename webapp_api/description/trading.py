"""`/api/trading`."""

from http import HTTPStatus
from typing import Final

from webapp_api import batch_wire, lists, wire
from webapp_api.description.operation import (
    CURSOR,
    END,
    FORMAT,
    LIMIT,
    ORDER_ID,
    SIDE,
    START,
    STATUS,
    SYMBOL,
    Operation,
)

TAG: Final = "trading"

ORDER_ERRORS: Final = (
    "not_supported",
    "malformed_number",
    "off_tick",
    "off_lot",
    "too_precise",
    "too_large",
    "invalid_quantity",
    "invalid_price",
    "invalid_order",
    "unknown_symbol",
    "market_cancel_only",
    "market_halted",
    "insufficient_funds",
    "would_take",
    "client_order_id_reused",
    "too_many_open_orders",
    "too_many_client_order_ids",
)

OPERATIONS: Final = (
    Operation(
        name="place_order",
        method="POST",
        path="/api/trading/orders",
        summary="Place an order and see it with its fills",
        body=wire.PlaceOrder,
        status=HTTPStatus.CREATED,
        reply=wire.Order,
        errors=ORDER_ERRORS,
    ),
    Operation(
        name="batch",
        method="POST",
        path="/api/trading/orders/batch",
        summary="Place and cancel up to 200 orders at once; each item has a result of its own",
        body=batch_wire.Batch,
        reply=batch_wire.BatchResults,
    ),
    Operation(
        name="orders",
        method="GET",
        path="/api/trading/orders",
        summary="One's orders, newest first",
        parameters=(SYMBOL, SIDE, STATUS, START, END, LIMIT, CURSOR, FORMAT),
        csv=True,
        reply=lists.Orders,
        errors=("unknown_symbol", "invalid_parameter"),
    ),
    Operation(
        name="cancel_all_orders",
        method="DELETE",
        path="/api/trading/orders",
        summary="Cancel all open orders, of one market or of every market that is not halted",
        parameters=(SYMBOL,),
        reply=lists.CanceledOrders,
        errors=("unknown_symbol", "market_halted"),
    ),
    Operation(
        name="order",
        method="GET",
        path="/api/trading/orders/{id}",
        summary="One order with its fills",
        parameters=(ORDER_ID,),
        reply=wire.Order,
        errors=("unknown_order", "not_found"),
    ),
    Operation(
        name="amend_order",
        method="PATCH",
        path="/api/trading/orders/{id}",
        summary="Make an open order smaller; it keeps its place in the queue",
        parameters=(ORDER_ID,),
        body=wire.AmendOrder,
        reply=wire.Order,
        errors=(
            "unknown_order",
            "not_found",
            "order_not_open",
            "market_halted",
            "malformed_number",
            "off_lot",
            "too_precise",
            "too_large",
            "invalid_quantity",
        ),
    ),
    Operation(
        name="cancel_order",
        method="DELETE",
        path="/api/trading/orders/{id}",
        summary="Cancel an order",
        parameters=(ORDER_ID,),
        reply=wire.Order,
        errors=("unknown_order", "not_found", "order_not_open", "market_halted"),
    ),
    Operation(
        name="own_trades",
        method="GET",
        path="/api/trading/trades",
        summary="One's trades, newest first, with fee and settlement state",
        parameters=(SYMBOL, SIDE, START, END, LIMIT, CURSOR, FORMAT),
        csv=True,
        reply=lists.OwnTrades,
        errors=("unknown_symbol", "invalid_parameter"),
    ),
)
