"""Lists as CSV (RFC 4180), for spreadsheets and tax programs: streamed page by page, whatever their length.

Decimals are written as the API writes them, times in ISO 8601. A text that a spreadsheet would take for a formula gets
an apostrophe before it.
"""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from engine.core.refusals import Refused
from engine.core.types import UserId
from engine.sequencer.sequencer import Busy
from webapp_api import wire
from webapp_api.reply import STRICT

Cell = str | int | bool | None
Line = Sequence[Cell]
Page = tuple[list[Line], int | None]

MOST_LINES: Final = 50_000
PAGE: Final = 500
AT_ONCE: Final = 4  # exports under way, one an account
PATIENCE_S: Final = 60.0  # for a client to take all of it
_HEADERS: Final = {
    "Content-Type": "text/csv; charset=utf-8; header=present",
    "Content-Disposition": "attachment",
    **STRICT,
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")

ORDER_COLUMNS: Final = (
    *("id", "created_at", "updated_at", "symbol", "side", "type", "time_in_force", "status", "price", "quantity"),
    *("quote_quantity", "filled_quantity", "filled_quote_quantity", "average_price", "client_order_id"),
)
TRADE_COLUMNS: Final = (
    *("trade_id", "created_at", "order_id", "symbol", "side", "price", "quantity", "quote_quantity"),
    *("fee", "fee_asset", "maker", "reference", "settlement", "signature"),
)


class Exports:
    """The exports under way: few at once, one an account."""

    def __init__(self) -> None:
        self._under_way: set[UserId] = set()

    async def reply(
        self,
        request: web.Request,
        user: UserId,
        columns: Sequence[str],
        page: Callable[[int, int | None], Awaitable[Page]],
        *,
        cursor: int | None,
        limit: int,
    ) -> web.StreamResponse:
        """Answer up to `limit` lines, which `page` finds by (limit, cursor). Raises Busy, or what the first page does.

        What fails later, or takes too long, ends the connection: half a file must not look like a whole one.
        """
        if user in self._under_way or len(self._under_way) >= AT_ONCE:
            raise Busy("An export is under way; try again in a moment.")
        self._under_way.add(user)
        try:
            found, cursor = await page(min(limit, PAGE), cursor)
            response = web.StreamResponse(headers=_HEADERS)
            await response.prepare(request)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await response.write(text([columns, *found]))
                    limit -= len(found)
                    while cursor is not None and limit > 0:
                        found, cursor = await page(min(limit, PAGE), cursor)
                        await response.write(text(found))
                        limit -= len(found)
                    await response.write_eof()
            except (TimeoutError, Refused):
                if request.transport is not None:
                    request.transport.abort()
            return response
        finally:
            self._under_way.discard(user)


def text(lines: Iterable[Line]) -> bytes:
    """Return lines as CSV."""
    written = io.StringIO()
    csv.writer(written).writerows([[_cell(cell) for cell in line] for line in lines])
    return written.getvalue().encode()


def order_line(order: wire.Order) -> Line:
    """Return an order in ORDER_COLUMNS."""
    return (
        order.id,
        _time(order.created_at),
        _time(order.updated_at),
        order.symbol,
        order.side.value,
        order.type.value,
        order.time_in_force.value,
        order.status.value,
        order.price,
        order.quantity,
        order.quote_quantity,
        order.filled_quantity,
        order.filled_quote_quantity,
        order.average_price,
        order.client_order_id,
    )


def trade_line(trade: wire.OwnTrade) -> Line:
    """Return a trade in TRADE_COLUMNS."""
    return (
        trade.trade_id,
        _time(trade.created_at),
        trade.order_id,
        trade.symbol,
        trade.side.value,
        trade.price,
        trade.quantity,
        trade.quote_quantity,
        trade.fee,
        trade.fee_asset,
        trade.maker,
        trade.reference,
        trade.settlement.state,
        trade.settlement.signature,
    )


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.startswith(_FORMULA) else value


def _time(millis: int) -> str:
    seconds, rest = divmod(millis, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"
