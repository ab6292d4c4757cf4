"""From what somebody writes after /buy or /sell to what they want, still as text. Pure.

0.5 btc              so much of what the market trades, at the best price
100 usdt of eth      for so much money
all sol @ 190        everything, at a price of one's own
btc 0.5              the other way round
0,5 BTC/USDT at 60000
"""

import re
from typing import Final

from msgspec import Struct

from bot.refusals import AmbiguousNumber, NotUnderstood
from engine.core.types import BUY, Side

LONGEST: Final = 100  # characters

_ALL: Final = frozenset({"all", "max", "everything", "alles"})
_OF: Final = frozenset({"of", "in", "von", "für"})
_AT: Final = frozenset({"@", "at", "zu", "bei"})
_NUMBER: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?", re.ASCII)
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}", re.ASCII)
_NAME: Final = re.compile(r"[A-Z]{2,16}(?:[/_-][A-Z]{2,16})?", re.ASCII)
_GLUED: Final = re.compile(r"(?<![A-Za-z])([0-9.,]*[0-9])(?=[A-Za-z])", re.ASCII)


class Wish(Struct, frozen=True):
    """What to trade. amount is a plain decimal, None for everything.

    unit is what the amount is counted in where it was named beside the market, as in "100 usdt of eth"; else "".
    price is None for the best price there is.
    """

    side: Side
    amount: str | None
    unit: str
    market: str
    price: str | None


def read(side: Side, text: str) -> Wish:
    """Read what follows /buy or /sell. Raises NotUnderstood or AmbiguousNumber."""
    if len(text) > LONGEST:
        raise NotUnderstood
    words = _GLUED.sub(r"\1 ", text.replace("@", " @ ")).split()
    words, price = _price(words)
    if len(words) == 2 and not _is_amount(words[0]):
        words.reverse()
    match words:
        case [amount, market]:
            unit = ""
        case [amount, unit, market]:
            pass
        case [amount, unit, of, market] if of.lower() in _OF:
            pass
        case _:
            raise NotUnderstood
    if not _is_amount(amount):
        raise NotUnderstood
    everything = amount.lower() in _ALL
    return Wish(side, None if everything else number(amount), _name(unit) if unit else "", _name(market), price)


def number(text: str) -> str:
    """Return a number as a plain decimal, with a comma or a point in it. Raises NotUnderstood or AmbiguousNumber."""
    if not _NUMBER.fullmatch(text):
        raise NotUnderstood
    if _THOUSANDS.fullmatch(text):
        raise AmbiguousNumber(number=text, thousands=text.replace(",", ""), decimals=text.replace(",", "."))
    return text.replace(",", ".")


def _price(words: list[str]) -> tuple[list[str], str | None]:
    """Return the words before the price, and the price."""
    for at, word in enumerate(words):
        if word.lower() in _AT:
            if len(words) != at + 2:
                raise NotUnderstood
            return words[:at], number(words[at + 1])
    return words, None


def _is_amount(word: str) -> bool:
    return word.lower() in _ALL or word[:1].isdigit()


def _name(word: str) -> str:
    name = word.upper()
    if not _NAME.fullmatch(name):
        raise NotUnderstood
    return name


def examples(side: Side) -> str:
    """Return two lines that `read` understands."""
    verb = "buy" if side is BUY else "sell"
    return f"/{verb} 0.5 btc\n/{verb} 100 usdt of eth @ 1900"
