"""The operator's switch: whoever runs the exchange stops the quotes of a market, or of all, and lets them return."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Literal

from engine.core.refusals import UnknownSymbol
from engine.core.types import Symbol

ALL: Literal["all"] = "all"


class Switch:
    """Which markets an operator has stopped, and why.

    A stop works at once. `keep` makes the whole of what is stopped durable, so that a restart does not quote what a
    person has stopped; `changed` is told first, market by market.
    """

    def __init__(
        self,
        symbols: Iterable[Symbol],
        stopped: Mapping[Symbol, str],
        keep: Callable[[Mapping[Symbol, str]], Awaitable[None]],
        changed: Callable[[Symbol], None],
    ) -> None:
        self._symbols = list(symbols)
        self._stopped = dict(stopped)
        self._keep = keep
        self._changed = changed

    def reason(self, symbol: Symbol) -> str | None:
        """Return why a market is stopped; None where it is not."""
        return self._stopped.get(symbol)

    async def stop(self, market: Symbol | Literal["all"], reason: str) -> None:
        """Take back the quotes of a market, or of all, and return when that is kept. Raises UnknownSymbol."""
        markets = self._named(market)
        self._stopped.update(dict.fromkeys(markets, reason))
        await self._tell(markets)

    async def resume(self, market: Symbol | Literal["all"]) -> None:
        """Let a market, or all, be quoted again unless something else is wrong. Raises UnknownSymbol.

        What was lost today is forgiven: the loss that stops a market counts from now. The next price is believed,
        however far it is from those before.
        """
        markets = self._named(market)
        for symbol in markets:
            self._stopped.pop(symbol, None)
        await self._tell(markets)

    def _named(self, market: Symbol | Literal["all"]) -> list[Symbol]:
        if market == ALL:
            return self._symbols
        if market not in self._symbols:
            raise UnknownSymbol(symbol=market)
        return [Symbol(market)]

    async def _tell(self, markets: list[Symbol]) -> None:
        for symbol in markets:
            self._changed(symbol)
        await self._keep(dict(self._stopped))
