"""Orders that wait for their yes: each belongs to one person and one message, is good once and for half a minute.

They are on disk: a restart within the half minute changes nothing, and nothing makes a card good twice.
"""

import secrets
from typing import Final

import msgspec
from msgspec import Struct

from bot.plan import Estimate, Markets, Plan
from data.store.chats import SqlChats, WaitingCard
from engine.core.refusals import Refused
from engine.core.types import Atoms, Lots, Micros, Side, Symbol, Ticks, UserId
from engine.ports import Clock

LIFE: Final = Micros(30 * 1_000_000)


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
    sure: bool = False

    @property
    def client_order_id(self) -> str:
        """The name of its order, so that whatever comes twice is placed once."""
        return f"tg-{self.nonce}"


class _Kept(Struct, frozen=True):
    """What is on disk of a card, beside whose it is and where."""

    symbol: Symbol
    side: Side
    quantity: Lots
    quote_quantity: Atoms
    price: Ticks
    estimate: Estimate
    sure: bool


_DECODER: Final = msgspec.msgpack.Decoder(_Kept)


def new_nonce() -> str:
    """Return what nobody guesses."""
    return secrets.token_urlsafe(12)


class Cards:
    """All cards."""

    def __init__(self, store: SqlChats, markets: Markets, clock: Clock) -> None:
        self._store = store
        self._markets = markets
        self._clock = clock

    async def add(
        self, nonce: str, user: UserId, chat: int, message: int, plan: Plan, estimate: Estimate, *, sure: bool = False
    ) -> None:
        """Let a card wait for its yes from now on."""
        kept = _Kept(
            plan.market.market.symbol, plan.side, plan.quantity, plan.quote_quantity, plan.price, estimate, sure
        )
        until = Micros(self._clock() + LIFE)
        await self._store.add_card(WaitingCard(nonce, user, chat, message, msgspec.msgpack.encode(kept), until))

    async def take(self, nonce: str, user: UserId, chat: int, message: int) -> Card:
        """Return a card, which is used up by that. Raises StaleCard, which leaves it as it is, or ExpiredCard."""
        found = await self._store.take_card(nonce, user, chat, message)
        if found is None:
            raise StaleCard
        body, until = found
        if until <= self._clock():
            raise ExpiredCard
        kept = _DECODER.decode(body)
        if kept.symbol not in self._markets:
            raise StaleCard
        plan = Plan(kept.side, self._markets[kept.symbol], kept.quantity, kept.quote_quantity, kept.price)
        return Card(nonce, user, chat, message, plan, kept.estimate, kept.sure)
