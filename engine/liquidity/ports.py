"""What the market maker asks of the store. `data.store.liquidity` implements it."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from engine.core.events import Traded
from engine.core.types import Symbol, TradeId
from engine.liquidity.hedging import Hedge
from engine.liquidity.profit import Profit


class MakerStore(Protocol):
    """The market maker's own accounts: what was earned, what is stopped, what was hedged. Each call is durable."""

    async def profits(self) -> list[Profit]:
        """Return the markets' accounts as they were kept last."""

    async def keep_profits(self, profits: Iterable[Profit]) -> None:
        """Keep accounts, and for good what those that are not on paper had come to when their day began."""

    async def house_trades(self, after: TradeId, limit: int) -> tuple[list[Traded], TradeId | None]:
        """Return the house's trades among the next `limit` ones of everybody, oldest first.

        The second is the id up to which that was, None where there are none after it.
        """

    async def stopped(self) -> dict[Symbol, str]:
        """Return the markets that an operator has stopped, and why."""

    async def keep_stopped(self, stopped: Mapping[Symbol, str]) -> None:
        """Keep what is stopped instead of what was."""

    async def open_hedges(self) -> list[Hedge]:
        """Return the hedges of which it is not known what became of them, oldest first."""

    async def hedges(self, symbol: Symbol, is_paper: bool, after: int) -> list[Hedge]:
        """Return a market's finished hedges, on paper or not, of ids above `after`, in their order."""

    async def add_hedge(self, hedge: Hedge) -> Hedge:
        """Keep a hedge that is about to be sent; return it with its id and its name, which no other hedge ever has."""

    async def end_hedge(self, hedge: Hedge) -> None:
        """Keep what became of a hedge."""
