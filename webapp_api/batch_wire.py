"""The JSON of batches: what is asked and what is answered."""

from typing import Annotated, Final

import msgspec
from msgspec import Struct

from webapp_api import wire

MAX_BATCH: Final = 200  # orders and cancellations in one message


class BatchPlace(wire.PlaceOrder, tag_field="op", tag="place", forbid_unknown_fields=True, gc=False):
    """An item of a batch: an order, with "op": "place" beside its fields."""


class BatchCancel(wire.CancelOrder, tag_field="op", tag="cancel", forbid_unknown_fields=True, gc=False):
    """An item of a batch: a cancellation, with "op": "cancel" beside id or client_order_id."""


Item = BatchPlace | BatchCancel


class Batch(Struct, forbid_unknown_fields=True, gc=False):
    """`POST /api/trading/orders/batch` and the params of order.batch."""

    orders: Annotated[list[Item], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


class BatchResult(Struct, omit_defaults=True, gc=False):
    """What came of one item of a batch: one of the two."""

    order: wire.Order | None = None
    error: wire.Problem | None = None


class BatchResults(Struct, gc=False):
    """One result for each item, in the order of the items."""

    results: list[BatchResult]


BATCH: Final = msgspec.json.Decoder(Batch)
