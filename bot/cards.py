"""Orders that wait for their yes: each belongs to one person and one message, is good once and for half a minute."""

import secrets
from typing import Final

from msgspec import Struct

from bot.plan import Estimate, Plan
from engine.core.refusals import Refused
from engine.core.types import Micros, UserId
from engine.ports import Clock

LIFE: Final = Micros(30 * 1_000_000)
MOST: Final = 10_000  # of everybody; the oldest goes


class StaleCard(Refused):
    """This button is no longer good; nothing was done."""

    code = "stale_card"


class ExpiredCard(Refused):
    """The half minute is over; nothing was done."""

    code = "expired_card"


class Card(Struct, frozen=True):
    """An order that was asked for. sure says that it was confirmed once and asks a second time."""

    nonce: str
    user: UserId
    chat: int
    message: int
    plan: Plan
    estimate: Estimate
    until: Micros
    sure: bool = False

    @property
    def client_order_id(self) -> str:
        """The name of its order, so that whatever comes twice is placed once."""
        return f"tg-{self.nonce}"


def new_nonce() -> str:
    """Return what nobody guesses."""
    return secrets.token_urlsafe(12)


class Cards:
    """All cards that wait. They are in memory only: a restart makes every button stale."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, Card] = {}

    def add(
        self, nonce: str, user: UserId, chat: int, message: int, plan: Plan, estimate: Estimate, *, sure: bool = False
    ) -> None:
        """Let a card wait for its yes from now on."""
        card = Card(nonce, user, chat, message, plan, estimate, Micros(self._clock() + LIFE), sure)
        self._waiting[nonce] = card
        if len(self._waiting) > MOST:
            del self._waiting[next(iter(self._waiting))]

    def take(self, nonce: str, user: UserId, chat: int, message: int) -> Card:
        """Return a card, which is used up by that. Raises StaleCard, which leaves it as it is, or ExpiredCard."""
        card = self._waiting.get(nonce)
        if card is None or (card.user, card.chat, card.message) != (user, chat, message):
            raise StaleCard
        del self._waiting[nonce]
        if card.until <= self._clock():
            raise ExpiredCard
        return card
