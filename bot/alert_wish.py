"""From what somebody writes after /alert to what they want to hear of, still as text. Pure.

btc above 70000      also: over, >, über
eth below 3000       also: under, <, unter
sol 5%               a move of 5 % in either direction
"""

import enum
import re
from typing import Final

from msgspec import Struct

from bot.refusals import AlertNotUnderstood
from bot.wish import number

LONGEST: Final = 60  # characters
MOST_PERCENT: Final = 90  # so that both prices of a move are above zero
PPM_OF_PERCENT: Final = 10_000

_ABOVE: Final = frozenset({"above", "over", ">", "über", "ueber"})
_BELOW: Final = frozenset({"below", "under", "<", "unter"})
_SIGNS: Final = re.compile(r"([<>%])")


class Direction(enum.Enum):
    """When to tell."""

    ABOVE = "above"
    BELOW = "below"
    MOVE = "move"


class AlertWish(Struct, frozen=True):
    """What to hear of. amount is a plain decimal: a price, or percent where it is a move."""

    market: str
    direction: Direction
    amount: str

    @property
    def move_ppm(self) -> int:
        """How far the price is to move. Raises AlertNotUnderstood where that is nothing or too much."""
        whole, _, part = self.amount.partition(".")
        if len(whole) > 3 or len(part) > 2:
            raise AlertNotUnderstood
        ppm = (int(whole) * 100 + int(part.ljust(2, "0"))) * PPM_OF_PERCENT // 100
        if not 0 < ppm <= MOST_PERCENT * PPM_OF_PERCENT:
            raise AlertNotUnderstood
        return ppm


def read(text: str) -> AlertWish:
    """Read what follows /alert. Raises AlertNotUnderstood or AmbiguousNumber."""
    if len(text) > LONGEST:
        raise AlertNotUnderstood
    match _SIGNS.sub(r" \1 ", text).lower().split():
        case [market, amount, "%"]:
            direction = Direction.MOVE
        case [market, word, amount] if word in _ABOVE:
            direction = Direction.ABOVE
        case [market, word, amount] if word in _BELOW:
            direction = Direction.BELOW
        case _:
            raise AlertNotUnderstood
    if not amount[:1].isdigit():
        raise AlertNotUnderstood
    return AlertWish(market.upper(), direction, number(amount))
