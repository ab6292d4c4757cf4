"""The events of a transaction, from its log.

Any program may write "Program data: " and whatever it likes behind it. So it is followed who runs when each line is
written, and only what the program has written itself is taken for its own.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from typing import Final

from solders.pubkey import Pubkey

from data.solana.svm_clob.layouts import Misread, TradeSettled, decode_trade_settled

# A program's own words begin with "Program log: ", whatever comes behind it, and match none of these.
_INVOKE: Final = re.compile(r"Program (\w{32,44}) invoke \[(\d{1,3})\]")
_END: Final = re.compile(r"Program (\w{32,44}) (?:success|failed: .*)", re.DOTALL)
_DATA: Final = "Program data: "
TRUNCATED: Final = "Log truncated"


class LogTruncated(Exception):  # noqa: N818
    """The node has kept a part of the log only: there may have been more events."""


def trades_settled(log: Sequence[str], program: Pubkey) -> list[TradeSettled]:
    """Return what a program has told, in order. Raises Misread, or LogTruncated."""
    ours, running, events = str(program), list[str](), list[TradeSettled]()
    for line in log:
        if line == TRUNCATED:
            raise LogTruncated
        if begun := _INVOKE.fullmatch(line):
            running.append(begun[1])
            if int(begun[2]) != len(running):
                raise Misread(f"the log says {line} where {len(running)} programs run")
        elif ended := _END.fullmatch(line):
            if not running or running.pop() != ended[1]:
                raise Misread(f"the log says {line} where another program runs")
        elif line.startswith(_DATA):
            if not running:
                raise Misread("the log has data where no program runs")
            if running[-1] == ours:
                events.append(decode_trade_settled(_bytes(line.removeprefix(_DATA))))
    if running:
        raise Misread("the log ends where a program still runs")
    return events


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except Error:
        raise Misread("the log has data that is not in base64") from None
