"""What the hub asks of the database."""

from collections.abc import Mapping

from msgspec import Struct

from webapp_api.stream.orders import LoadOrder
from webapp_api.stream.private import Read


class Reads(Struct, frozen=True):
    """Snapshots for private channels by name, and single orders."""

    by_channel: Mapping[str, Read]
    order: LoadOrder
