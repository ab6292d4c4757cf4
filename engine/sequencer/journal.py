"""The command log: how commands are kept, how what they did is chained, and how they are played again."""

from collections.abc import Iterable
from hashlib import sha256

import msgspec
from msgspec import Struct

from engine.core.commands import Command
from engine.core.events import Event, Posting
from engine.core.exchange import Exchange
from engine.core.refusals import Refused
from engine.core.snapshot import GENESIS_DIGEST

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Command])


class LogRow(Struct, frozen=True):
    """One batch of the log: its commands in msgpack and the digest that stood after it."""

    first_seq: int
    last_seq: int
    commands: bytes
    digest: bytes


class Diverged(Exception):  # noqa: N818
    """Playing the log again did something else than what was done."""

    def __init__(self, row: LogRow, why: str) -> None:
        super().__init__(f"commands {row.first_seq} to {row.last_seq}: {why}")


def encode(commands: list[Command]) -> bytes:
    """Return commands as the log keeps them."""
    return _ENCODER.encode(commands)


def chain(digest: bytes, events: list[Event], postings: list[Posting]) -> bytes:
    """Return the digest of everything up to and with a batch's events and postings."""
    return sha256(digest + _ENCODER.encode((events, postings))).digest()


def replay(exchange: Exchange, rows: Iterable[LogRow]) -> tuple[int, bytes]:
    """Play a log into a new exchange; return the last sequence number and digest.

    Raises Diverged at the first batch that does something else than it did.
    """
    seq, digest = 0, GENESIS_DIGEST
    for row in rows:
        if row.first_seq != seq + 1:
            raise Diverged(row, f"the log has a gap after {seq}")
        events: list[Event] = []
        commands = _DECODER.decode(row.commands)
        if len(commands) != row.last_seq - row.first_seq + 1:
            raise Diverged(row, f"the log keeps {len(commands)} commands")
        for command in commands:
            try:
                events += exchange.apply(command)
            except Refused as refused:
                raise Diverged(row, f"refused now: {refused.code}") from refused
        digest = chain(digest, events, exchange.drain()[0])
        if digest != row.digest:
            raise Diverged(row, "their events are not those that were kept")
        seq = row.last_seq
    return seq, digest
