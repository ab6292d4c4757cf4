"""How every part of the exchange is doing, out of what its parts know of themselves: nothing is measured for it."""

from contextlib import suppress
from importlib.metadata import version
from typing import Final

from data.binance.health import FeedHealth
from engine.core.decimals import show
from engine.core.types import TRADING, Micros
from engine.withdrawals.types import WithdrawalState
from webapp_api import admin_wire
from webapp_api import overview_wire as wire
from webapp_api.deps import Deps
from webapp_api.quoting import NobodyQuotes, Quoting
from webapp_api.watched import Watched

VERSION: Final = version("clobster")

LATE_MS: Final = 100.0  # by so much the loop may be late and be well, as for the alert in deploy/prometheus
OLD_S: Final = 60.0  # without having been compared with the chain
UNCHECKED_S: Final = 600.0  # without the ledger having been added up
BACKLOG_S: Final = 300.0  # that a trade may wait to settle
LAGGING: Final = 0.2  # of the WebSocket's clients
FEW_CLIENTS: Final = 20  # of whom any share may lag
NOTICES: Final = 1_000  # that may wait to be told


def overview(deps: Deps) -> wire.Overview:
    """Return how everything is doing now, without asking the database or anybody outside."""
    now, watched, reasons = deps.clock(), deps.watched(), deps.not_ready()
    return wire.Overview(
        at=now // 1000,
        started_at=watched.started_at // 1000,
        version=VERSION,
        readiness=wire.Readiness(not reasons, reasons),
        loop=wire.Loop(watched.late_ms < LATE_MS, round(watched.late_ms, 1)),
        writer=_writer(deps, watched),
        ledger=_ledger(deps, watched, now),
        feed=_feed(deps.feed_health()),
        markets=_markets(deps),
        quotes=_quotes(deps.quoting),
        withdrawals=wire.Leaving(
            is_well=not (watched.is_stopped or watched.leaving.get(WithdrawalState.WAITS_FOR_APPROVAL)),
            is_stopped=watched.is_stopped,
            states={state.value: count for state, count in watched.leaving.items() if count},
        ),
        settlement=_settlement(deps),
        books=_books(deps),
        sockets=_sockets(deps),
        bot=wire.Bot((watched.notices_waiting or 0) <= NOTICES, watched.notices_waiting),
    )


def _writer(deps: Deps, watched: Watched) -> wire.Writer:
    sequencer = deps.sequencer
    return wire.Writer(
        is_well=sequencer.running and not sequencer.is_full,
        commands=sequencer.seq,
        commits=sequencer.commits,
        commit_ms=round(sequencer.commit_s / sequencer.commits * 1_000, 2) if sequencer.commits else 0.0,
        queues=[wire.Queue(name, waiting) for name, waiting in watched.waiting.items()],
    )


def _ledger(deps: Deps, watched: Watched, now: Micros) -> wire.LedgerChecks:
    since = watched.started_at if watched.checked_at is None else watched.checked_at
    return wire.LedgerChecks(
        is_well=not watched.unbalanced and now - since < UNCHECKED_S * 1e6,
        checks=watched.checks,
        checked_at=None if watched.checked_at is None else watched.checked_at // 1000,
        unbalanced=[
            wire.Unbalanced(asset, show(atoms, deps.assets[asset].decimals))
            for asset, atoms in watched.unbalanced.items()
        ],
    )


def _feed(health: list[FeedHealth]) -> wire.Feed:
    markets = [
        wire.FollowedMarket(
            symbol=each.symbol,
            in_sync=each.in_sync,
            message_age_s=each.message_age_s,
            book_age_s=each.book_age_s,
            messages_per_s=round(each.messages_per_s, 1),
            resyncs=each.resyncs,
            stale=each.stale,
            reconnects=each.reconnects,
        )
        for each in health
    ]
    return wire.Feed(bool(markets) and all(each.in_sync for each in markets), markets)


def _markets(deps: Deps) -> wire.Markets:
    symbols = [each.market.symbol for each in deps.markets.values()]
    markets = [wire.MarketStatus(symbol, deps.market_data.state(symbol)) for symbol in symbols]
    return wire.Markets(all(each.status is TRADING for each in markets), markets)


def _quotes(quoting: Quoting) -> wire.Quotes:
    markets: list[admin_wire.QuotedMarket] = []
    with suppress(NobodyQuotes):
        markets = quoting.view().markets
    is_well = bool(markets) and all((each.bids or each.asks) and not each.stops for each in markets)
    return wire.Quotes(is_well, markets)


def _settlement(deps: Deps) -> wire.Settled:
    is_on, backlog = deps.settling.is_on, deps.settling.backlog
    if backlog is None:
        return wire.Settled(not is_on, is_on, None, None, None, None)
    return wire.Settled(
        is_well=not backlog.failed and backlog.oldest_owed_s < BACKLOG_S,
        is_on=is_on,
        owed=backlog.owed,
        under_way=backlog.under_way,
        failed=backlog.failed,
        oldest_owed_s=int(backlog.oldest_owed_s),
    )


def _books(deps: Deps) -> wire.Books:
    shown = deps.reconciling
    if not shown.is_on:
        return wire.Books(True, None, shown.fees.floor, None)
    age_s = shown.age_s
    return wire.Books(
        is_well=age_s is not None and age_s < OLD_S and not shown.stop.is_on and not shown.fees.is_low,
        age_s=None if age_s is None else round(age_s, 1),
        fee_floor_lamports=shown.fees.floor,
        comparison=shown.view(),
    )


def _sockets(deps: Deps) -> wire.Sockets:
    counted = deps.hub.metrics
    return wire.Sockets(
        is_well=counted.clients <= FEW_CLIENTS or counted.lagging <= LAGGING * counted.clients,
        clients=counted.clients,
        lagging=counted.lagging,
        conflations=counted.conflations,
        dropped=dict(counted.dropped),
    )
