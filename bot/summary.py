"""What a day came to, told to administrators once, at an hour that they have chosen."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError

from bot.pace import Overrun
from bot.plan import Markets
from bot.texts import Say, Texts
from data.store.summaries import Figures, Moved, SqliteSummaries
from engine.core.decimals import show_plain
from engine.core.market import Asset
from engine.core.types import BUY, AssetCode, Micros
from engine.market_data.intervals import DAY, HOUR
from engine.ports import Clock
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

LOOK_S: Final = 30.0  # between two looks at the clock
TRIES: Final = 10
_EPOCH: Final = date(1970, 1, 1).toordinal()

Profits = Callable[[], list[tuple[str, str]]]  # the house's by market, since the beginning, as shown


def text(
    say: Say,
    day: int,
    figures: Figures,
    markets: Markets,
    assets: Mapping[str, Asset],
    profits: list[tuple[str, str]],
) -> str:
    """Return a day's summary. Pure; day is counted since 1970."""
    lines = [say("summary", day=date.fromordinal(_EPOCH + day).isoformat())]
    trades, volumes, fees = Counter[str](), Counter[str](), Counter[AssetCode]()
    for each in figures.traded:
        terms = markets[each.symbol].market
        trades[each.symbol] += each.trades
        volumes[each.symbol] += each.notional
        taker, maker = (terms.base, terms.quote) if each.taker_side is BUY else (terms.quote, terms.base)
        fees[taker] += each.taker_fee
        fees[maker] += each.maker_fee
    for symbol, count in sorted(trades.items()):
        quote = markets[symbol].market.quote
        volume = show_plain(volumes[symbol], assets[quote].decimals)
        lines.append(say("summary.market", symbol=symbol, trades=count, volume=volume, quote=quote))
    none = say("summary.none")
    shown_fees = [f"{show_plain(atoms, assets[code].decimals)} {code}" for code, atoms in sorted(fees.items()) if atoms]
    lines += [
        *([] if trades else [say("summary.no_trades")]),
        say("summary.fees", fees=", ".join(shown_fees) or none),
        say("summary.deposits", amounts=_amounts(figures.deposited, assets) or none),
        say("summary.withdrawals", amounts=_amounts(figures.withdrawn, assets) or none),
        say("summary.people", count=figures.people),
    ]
    lines += [say("summary.profit", symbol=symbol, profit=profit) for symbol, profit in profits]
    return "\n".join(lines)


def due(now: Micros, hour: int) -> int:
    """Return the newest day whose summary is due: the one before, from that hour on. In UTC."""
    return (now - hour * HOUR) // DAY - 1


def _amounts(moved: list[Moved], assets: Mapping[str, Asset]) -> str:
    shown = [(each, show_plain(each.amount, assets[each.asset].decimals)) for each in moved]
    return ", ".join(f"{amount} {each.asset} ({each.times})" for each, amount in shown)


class DailySummary:
    """Looks at the clock and tells. What was told, or was about to be when the exchange stopped, is not told again."""

    def __init__(
        self,
        store: SqliteSummaries,
        admins: frozenset[int],
        hour: int,
        markets: Markets,
        assets: Mapping[str, Asset],
        profits: Profits,
        clock: Clock,
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._store = store
        self._admins = admins
        self._hour = hour
        self._markets = markets
        self._assets = assets
        self._profits = profits
        self._clock = clock
        self._look_s = look_s

    async def run(self, bot: Bot, texts: Texts) -> None:
        """Tell each day's summary, for ever; in the default language, as one text goes to all."""
        told, is_begun = -1, False
        while self._admins:
            day = due(self._clock(), self._hour)
            if day > told:
                try:
                    if not is_begun:  # of the days before an exchange began there is nothing to tell
                        await self._store.begin(day)
                        is_begun = True
                    if await self._store.claim(day):
                        await self._tell(bot, texts.of(None), day)
                    told = day
                except Busy:
                    log.info("a daily summary waits")
                except Exception:
                    log.exception("a daily summary failed", day=day)
                    told = day
            await asyncio.sleep(self._look_s)

    async def _tell(self, bot: Bot, say: Say, day: int) -> None:
        figures = await self._store.figures(Micros(day * DAY), Micros((day + 1) * DAY))
        said = text(say, day, figures, self._markets, self._assets, self._profits())
        for admin in self._admins:
            await self._send(bot, admin, said)

    async def _send(self, bot: Bot, admin: int, said: str) -> None:
        for tried in range(TRIES):
            try:
                await bot.send_message(admin, said)
                return
            except (TelegramRetryAfter, TelegramNetworkError, TelegramServerError, Overrun):
                await asyncio.sleep(min(self._look_s, 2.0**tried))
            except TelegramAPIError as error:
                log.warning("an administrator can't be told", admin=admin, error=type(error).__name__)
                return
        log.warning("Telegram was away for too long for a daily summary", admin=admin)
