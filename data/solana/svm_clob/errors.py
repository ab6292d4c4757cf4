"""Why the program has refused, by the number that a failed instruction shows."""

from typing import Final

SENTENCES: Final = {
    6000: "the price is invalid",
    6001: "the quantity is invalid",
    6002: "the order is below the least size",
    6003: "the price is no multiple of the tick",
    6004: "the order book is paused",
    6005: "a balance is too small for it, or a number too large",
    6006: "a user account is not that of the trade's party",
    6007: "the mint is none of the order book's",
    6008: "the authority is not the order book's",
    6009: "the price has slipped",
    # of Anchor, in which it is written
    101: "the program has no such instruction",
    102: "the program can't read the instruction",
    2000: "an account must be writable",
    2003: "the authority is not the order book's",
    2006: "an account is not at the address where the program keeps it",
    2014: "a token account has another mint",
    2015: "a token account has another owner",
    3001: "an account is too small",
    3002: "an account is of another kind",
    3005: "accounts are missing",
    3007: "an account is another program's",
    3008: "a program is not the one that it should be",
    3010: "a signature is missing",
    3012: "an account is not there yet",
    3015: "a sysvar is not the one that it should be",
}

# Of the order book or of an account that is not there: no fill's fault, so all of them wait for it to be mended.
PASSING: Final = frozenset({2003, 3007, 3012, 6004, 6008})


def sentence(code: int) -> str:
    """Return what an error's number means."""
    return SENTENCES.get(code, f"the program has failed with {code}, which we do not know")
