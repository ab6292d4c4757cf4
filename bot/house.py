"""What administrators see and do of the exchange by chat."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog
from msgspec import Struct

from engine.accounts.administration import Administration
from engine.core.types import MarketState, UserId

log = structlog.get_logger()

ALL: Final = "all"
CHAT: Final = "telegram"  # from where an act came, in the log of administrators
PATIENCE_S: Final = 3.0


class Reading(Struct, frozen=True):
    """How a part of the exchange is doing, in technical English as in the log."""

    is_well: bool
    text: str


class Probe(Struct, frozen=True):
    """A part of the exchange that can be asked how it is doing."""

    name: str
    look: Callable[[], Awaitable[Reading]]


class Quoting(Protocol):
    """The operator's switch of the house's quotes, for a market or for "all"."""

    async def stop(self, market: str, reason: str) -> None:
        """Take back the quotes. Raises Refused."""

    async def resume(self, market: str) -> None:
        """Let them return. Raises Refused."""


class Markets(Protocol):
    """The switch of orders, for a market or for "all"."""

    async def switch(self, market: str, state: MarketState) -> None:
        """Put it into a state. Raises Refused."""


class House(Struct, frozen=True):
    """The exchange, for those who run it. Whoever calls has made sure that they do.

    limits say what it holds itself to, a line each, in technical English.
    """

    administration: Administration
    quoting: Quoting
    markets: Markets
    probes: tuple[Probe, ...]
    limits: tuple[str, ...] = ()

    async def status(self) -> list[tuple[str, Reading]]:
        """Return what every probe says; one that does not answer in time is not well."""
        return list(await asyncio.gather(*(_ask(probe) for probe in self.probes)))

    async def pause(self, admin: UserId, market: str) -> None:
        """Let a market, or all, take no new orders, once that this was asked is durable. Raises Refused."""
        await self.administration.log(admin, "market cancel-only", market, CHAT)
        await self.markets.switch(market, MarketState.CANCEL_ONLY)

    async def halt(self, admin: UserId, market: str) -> None:
        """Let nothing be done with its orders, alike. Raises Refused."""
        await self.administration.log(admin, "market halt", market, CHAT)
        await self.markets.switch(market, MarketState.HALTED)

    async def resume(self, admin: UserId, market: str) -> None:
        """Let it take orders again, alike. Raises Refused."""
        await self.administration.log(admin, "market resume", market, CHAT)
        await self.markets.switch(market, MarketState.TRADING)

    async def pause_quotes(self, admin: UserId, market: str) -> None:
        """Stop the quotes of a market or of all, alike. Raises Refused."""
        await self.administration.log(admin, "pause", market, CHAT)
        await self.quoting.stop(market, f"by administrator {admin} in Telegram")

    async def resume_quotes(self, admin: UserId, market: str) -> None:
        """Let them return, alike. Raises Refused."""
        await self.administration.log(admin, "resume", market, CHAT)
        await self.quoting.resume(market)


async def _ask(probe: Probe) -> tuple[str, Reading]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return probe.name, await probe.look()
    except TimeoutError:
        return probe.name, Reading(False, "no answer in time")
    except Exception as error:
        log.exception("a probe failed", probe=probe.name)
        return probe.name, Reading(False, type(error).__name__)
