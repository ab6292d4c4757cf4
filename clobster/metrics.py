"""What operators see of the engine. Plain figures, read when Prometheus asks: the way of an order pays nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from data.binance.health import FeedHealth
from engine.core.exchange import Exchange
from engine.core.types import MarketState
from engine.custody.judging import OUTCOMES
from engine.liquidity.hedger import Hedging
from engine.liquidity.maker import MarketMaker
from engine.liquidity.profit import Profit
from engine.liquidity.stops import StopReason
from engine.sequencer.sequencer import Sequencer
from engine.settlement.settlement import Backlog
from engine.withdrawals.payouts import Payouts
from engine.withdrawals.types import WithdrawalState
from webapp_api.reconciling import Reconciling

if TYPE_CHECKING:
    from data.store.replica import History


class EngineMetrics(Collector):
    """Register it with a CollectorRegistry."""

    def __init__(self, sequencer: Sequencer, exchange: Exchange) -> None:
        self._sequencer = sequencer
        self._state = exchange.state

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        sequencer = self._sequencer
        states = GaugeMetricFamily(
            "clobster_market_state", "1 for the state that a market is in", labels=("market", "state")
        )
        for symbol, venue in self._state.venues.items():
            for state in MarketState:
                states.add_metric((symbol, state.value), venue.market.state is state)
        yield states
        yield CounterMetricFamily("clobster_commands", "Commands committed since genesis", sequencer.seq)
        yield CounterMetricFamily("clobster_commits", "Batches committed since the start", sequencer.commits)
        yield CounterMetricFamily(
            "clobster_commit_seconds", "Time spent waiting for commits since the start", sequencer.commit_s
        )
        yield GaugeMetricFamily(
            "clobster_commit_under_way_seconds", "For how long the commit under way has been", sequencer.committing_s
        )
        yield GaugeMetricFamily("clobster_inbox_commands", "Commands waiting to be applied", sequencer.waiting)
        yield GaugeMetricFamily("clobster_open_orders", "Orders that rest on the books", len(self._state.orders))
        yield GaugeMetricFamily(
            "clobster_client_order_ids", "Client order ids that are remembered", len(self._state.names)
        )


class ReplicaMetrics(Collector):
    """Whether history is read at the replica."""

    def __init__(self, history: "History") -> None:
        self._history = history

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        there = self._history.replica.away is None
        yield GaugeMetricFamily("clobster_replica_there", "1 while history is read at the replica", float(there))
        reads = CounterMetricFamily("clobster_history_reads", "Reads of history, by who answered", labels=("database",))
        for database, count in self._history.read_by.items():
            reads.add_metric((database,), count)
        yield reads


class WithdrawalMetrics(Collector):
    """How many withdrawals are where, of those under way."""

    def __init__(self, payouts: Payouts) -> None:
        self._payouts = payouts

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        found = GaugeMetricFamily("clobster_withdrawals", "Withdrawals under way", labels=("state",))
        for state in WithdrawalState:
            if state not in (WithdrawalState.COMPLETED, WithdrawalState.CANCELED, WithdrawalState.FAILED):
                found.add_metric((state.value,), self._payouts.under_way[state])
        yield found


class DepositMetrics(Collector):
    """What became of what arrived on the chain since the start."""

    def __init__(self, counted: Mapping[str, int]) -> None:
        self._counted = counted

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        deposits = CounterMetricFamily(
            "clobster_deposits", "Transactions to deposit accounts, by what became of them", labels=("outcome",)
        )
        for outcome in OUTCOMES:  # each from the start: nobody is woken by what has only just begun to be told
            deposits.add_metric((outcome,), self._counted.get(outcome, 0))
        yield deposits


class SettlementMetrics(Collector):
    """How much is owed on the chain, and how fast it settles."""

    def __init__(self, backlog: Callable[[], Backlog | None]) -> None:
        self._backlog = backlog

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them; none where nothing settles now."""
        backlog = self._backlog()
        if backlog is None:
            return
        fills = GaugeMetricFamily("clobster_settlement_fills", "Trades on their way to the chain", labels=("state",))
        for state, count in (("owed", backlog.owed), ("under_way", backlog.under_way), ("failed", backlog.failed)):
            fills.add_metric((state,), count)
        yield fills
        yield GaugeMetricFamily(
            "clobster_settlement_oldest_owed_seconds", "Age of the oldest trade in no batch", backlog.oldest_owed_s
        )
        yield GaugeMetricFamily("clobster_settlement_batches", "Transactions under way", backlog.batches)
        yield CounterMetricFamily(
            "clobster_settlement_settled_fills", "Trades settled since the start", backlog.settled
        )
        yield CounterMetricFamily(
            "clobster_settlement_transactions", "Transactions settled since the start", backlog.transactions
        )
        yield CounterMetricFamily(
            "clobster_settlement_expired", "Signings that never landed, since the start", backlog.expired
        )


class ReconciliationMetrics(Collector):
    """How the books and the chain agree."""

    def __init__(self, shown: Reconciling) -> None:
        self._shown = shown

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them; what is not known yet is left out."""
        shown, looked, name = self._shown, self._shown.looked, "clobster_reconciliation"
        yield GaugeMetricFamily(f"{name}_stopped", "1 while withdrawals are stopped", float(shown.stop.is_on))
        yield GaugeMetricFamily(f"{name}_differences", "Differences that stop them", len(shown.stop.differences))
        yield GaugeMetricFamily(f"{name}_surplus_accounts", "Vault accounts others have sent to", len(looked.surplus))
        yield GaugeMetricFamily(f"{name}_frozen_accounts", "Vault accounts that are frozen", len(looked.frozen))
        yield CounterMetricFamily(f"{name}_looks", "Looks since the start", looked.looks)
        for gauge, text, value in (
            (f"{name}_age_seconds", "Since books and chain were compared", shown.age_s),
            (f"{name}_round_seconds", "How long it took lately until everybody had a turn", looked.round_s),
            ("clobster_fee_payer_lamports", "What the vault's authority pays fees and rent with", shown.fees.lamports),
        ):
            if value is not None:
                yield GaugeMetricFamily(gauge, text, value)
        yield GaugeMetricFamily("clobster_fee_payer_low", "1 while that is below the floor", float(shown.fees.is_low))


class MakerMetrics(Collector):
    """What quoting does and what it comes to. Figures of money are in whole units, for people: floats."""

    def __init__(self) -> None:
        self._watched: tuple[MarketMaker, Hedging] | None = None

    def watch(self, maker: MarketMaker, hedging: Hedging) -> None:
        """Tell of these from now on."""
        self._watched = maker, hedging

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        if self._watched is None:
            return
        maker, hedging = self._watched
        stopped = GaugeMetricFamily("clobster_maker_stopped", "1 while a stop holds", labels=("market", "reason"))
        begun = CounterMetricFamily("clobster_maker_stops", "Stops that have begun", labels=("market", "reason"))
        levels = GaugeMetricFamily("clobster_maker_levels", "Levels asked for last", labels=("market", "side"))
        money = GaugeMetricFamily(
            "clobster_maker_money", "What quoting came to, in the quote asset", labels=("market", "book", "figure")
        )
        inventory = GaugeMetricFamily(
            "clobster_maker_inventory", "What trades added up to, in the base asset", labels=("market", "book")
        )
        trades = CounterMetricFamily("clobster_maker_trades", "Trades against quotes", labels=("market",))
        for symbol, desk in maker.desks.items():
            for reason in StopReason:
                stopped.add_metric((symbol, reason.value), reason in desk.stops.held)
                begun.add_metric((symbol, reason.value), desk.stops.begun[reason])
            for side, shown in (("buy", desk.asked.bids), ("sell", desk.asked.asks)):
                levels.add_metric((symbol, side), len(shown))
            trades.add_metric((symbol,), desk.profit.trades)
            quote, base = 10**desk.pair.quote.decimals, 10**desk.pair.base.decimals
            for book, profit in (("real", desk.profit), ("paper", maker.books.paper[symbol])):
                if book == "paper" and not hedging.is_on_paper:
                    continue
                inventory.add_metric((symbol, book), profit.position / base)
                for figure, amount in _figures(profit, desk.mid and profit.total(desk.pair, desk.mid)).items():
                    money.add_metric((symbol, book, figure), amount / quote)
        yield from (stopped, begun, levels, trades, inventory, money)
        unknown = len(hedging.open) + len(hedging.unasked)
        yield GaugeMetricFamily("clobster_hedges_open", "Hedges of which it is not known what became", unknown)
        yield CounterMetricFamily(
            "clobster_hedge_unknown", "Answers that left open what became of a hedge", hedging.unknown
        )


def _figures(profit: Profit, total: int | None) -> dict[str, int]:
    figures = {
        "volume": profit.volume,
        "spread": profit.spread,
        "fees": profit.fees,
        "realised": profit.realised,
        "hedge_cost": profit.hedge_cost,
    }
    return figures if total is None else {**figures, "total": total}


_COUNTS: Final = {
    "messages": "Messages heard",
    "resyncs": "Books put together again after they were lost",
    "gaps": "Books lost because an update was missing",
    "crossings": "Books lost because they were crossed",
    "distrusted": "Books lost because another stream contradicted them",
    "malformed": "Messages and snapshots that were no use",
    "stale": "Times that a book did not move for too long",
    "reconnects": "Connections begun after one was lost",
    "handovers": "Connections followed in place of one that was about to end",
}


class FeedMetrics(Collector):
    """What operators see of the feed, a market at a time."""

    def __init__(self, health: Callable[[], list[FeedHealth]]) -> None:
        self._health = health

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them. An age is left out where there was nothing yet."""
        health = self._health()
        in_sync = GaugeMetricFamily("clobster_feed_in_sync", "Whether the book can be trusted", labels=["symbol"])
        message_age = GaugeMetricFamily(
            "clobster_feed_message_age_seconds", "Since the last message", labels=["symbol"]
        )
        book_age = GaugeMetricFamily("clobster_feed_book_age_seconds", "Since the book moved", labels=["symbol"])
        for each in health:
            in_sync.add_metric([each.symbol], float(each.in_sync))
            if each.message_age_s is not None:
                message_age.add_metric([each.symbol], each.message_age_s)
            if each.book_age_s is not None:
                book_age.add_metric([each.symbol], each.book_age_s)
        yield from (in_sync, message_age, book_age)
        for name, text in _COUNTS.items():
            count = CounterMetricFamily(f"clobster_feed_{name}", f"{text} since the start", labels=["symbol"])
            for each in health:
                count.add_metric([each.symbol], getattr(each, name))
            yield count
