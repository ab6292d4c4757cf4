"""What a day came to, told to administrators once, at an hour that they have chosen."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Final

import structlog

from bot.bodies import Body
from bot.notices import Notices
from bot.people import People
from bot.plan import Markets
from bot.texts import Say
from data.store.summaries import Earned, Figures, Moved, SqlSummaries
from engine.accounts.accounts import Accounts
from engine.accounts.notifications import Kind
from engine.core.decimals import show_plain
from engine.core.market import Asset
from engine.core.types import BUY, AssetCode, Micros
from engine.market_data.intervals import DAY, HOUR
from engine.ports import Clock
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

LOOK_S: Final = 30.0  # between two looks at the clock
SETTLES: Final = Micros(5 * 60 * 1_000_000)  # after an hour has struck: what the day came to is written down by then
_EPOCH: Final = date(1970, 1, 1).toordinal()


def text(say: Say, day: int, figures: Figures, markets: Markets, assets: Mapping[str, Asset]) -> str:
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
        *(_profit(say, each, assets[markets[each.symbol].market.quote]) for each in figures.earned),
    ]
    return "\n".join(lines)


def due(now: Micros, hour: int) -> int:
    """Return the newest day whose summary is due: the one before, from a few minutes after that hour on. In UTC."""
    return (now - hour * HOUR - SETTLES) // DAY - 1


def _profit(say: Say, earned: Earned, quote: Asset) -> str:
    if earned.end is None:
        return say("summary.profit_unknown", symbol=earned.symbol)
    profit, total = (show_plain(atoms, quote.decimals) for atoms in (earned.end - earned.start, earned.end))
    return say("summary.profit", symbol=earned.symbol, profit=profit, total=total, quote=quote.code)


def _amounts(moved: list[Moved], assets: Mapping[str, Asset]) -> str:
    shown = [(each, show_plain(each.amount, assets[each.asset].decimals)) for each in moved]
    return ", ".join(f"{amount} {each.asset} ({each.times})" for each, amount in shown)


class DailySummary:
    """Looks at the clock and puts into the outbox, once; that it did is noted after what it put is durable."""

    def __init__(
        self,
        store: SqlSummaries,
        admins: frozenset[int],
        hour: int,
        markets: Markets,
        assets: Mapping[str, Asset],
        clock: Clock,
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._store = store
        self._admins = admins
        self._hour = hour
        self._markets = markets
        self._assets = assets
        self._clock = clock
        self._look_s = look_s

    async def run(self, accounts: Accounts, people: People, notices: Notices) -> None:
        """Tell each day's summary to every administrator who has an account, in their language, for ever."""
        told = -1
        while self._admins:
            day = due(self._clock(), self._hour)
            if day > told:
                try:
                    if await self._store.newest(day) < day:
                        await self._tell(day, accounts, people, notices)
                        await self._store.note(day)
                    told = day
                except Busy:
                    log.info("a daily summary waits")
                except Exception:
                    log.exception("a daily summary failed", day=day)
                    told = day
            await asyncio.sleep(self._look_s)

    async def _tell(self, day: int, accounts: Accounts, people: People, notices: Notices) -> None:
        figures = await self._store.figures(Micros(day * DAY), Micros((day + 1) * DAY))
        for admin in self._admins:
            account = await accounts.by_telegram(admin)
            if account is not None:
                say = await people.say(account.id, account.language_code)
                said = text(say, day, figures, self._markets, self._assets)
                body = Body(Kind.SUMMARIES, "summary.text", {"text": said})
                notices.put(account.id, f"summary:{day}", body)  # where it was told already, it changes nothing
        await notices.keep()
