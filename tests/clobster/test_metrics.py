"""What operators see of the feed and of settlement."""

from collections import Counter

from prometheus_client import CollectorRegistry, generate_latest

from clobster.metrics import DepositMetrics, FeedMetrics, ReconciliationMetrics, SettlementMetrics
from data.binance.health import Health
from engine.core.types import Micros, Symbol
from engine.reconciliation.fees import FeePayer
from engine.reconciliation.reconciler import Looked
from engine.reconciliation.stop import Stop
from engine.settlement.settlement import Backlog
from webapp_api.reconciling import Reconciling


def test_the_feed_is_told_a_market_at_a_time() -> None:
    now_s = 100.0
    health, silent = Health(now=lambda: now_s), Health(now=lambda: now_s)
    registry = CollectorRegistry()
    registry.register(
        FeedMetrics(
            lambda: [
                health.view(Symbol("BTCUSDT"), in_sync=True, reconnects=3, handovers=1),
                silent.view(Symbol("ETHUSDT"), in_sync=False),
            ]
        )
    )
    for _ in range(20):
        health.heard()
    health.moved()
    health.syncs, health.gaps = 3, 2
    now_s = 102.5
    told = dict(line.rsplit(" ", 1) for line in generate_latest(registry).decode().splitlines() if line[0] != "#")
    of_btc = {name: value for name, value in told.items() if "BTCUSDT" in name and "_created" not in name}
    assert of_btc == {
        'clobster_feed_in_sync{symbol="BTCUSDT"}': "1.0",
        'clobster_feed_message_age_seconds{symbol="BTCUSDT"}': "2.5",
        'clobster_feed_book_age_seconds{symbol="BTCUSDT"}': "2.5",
        'clobster_feed_messages_total{symbol="BTCUSDT"}': "20.0",
        'clobster_feed_resyncs_total{symbol="BTCUSDT"}': "2.0",
        'clobster_feed_gaps_total{symbol="BTCUSDT"}': "2.0",
        'clobster_feed_crossings_total{symbol="BTCUSDT"}': "0.0",
        'clobster_feed_distrusted_total{symbol="BTCUSDT"}': "0.0",
        'clobster_feed_malformed_total{symbol="BTCUSDT"}': "0.0",
        'clobster_feed_stale_total{symbol="BTCUSDT"}': "0.0",
        'clobster_feed_reconnects_total{symbol="BTCUSDT"}': "3.0",
        'clobster_feed_handovers_total{symbol="BTCUSDT"}': "1.0",
    }
    assert told['clobster_feed_in_sync{symbol="ETHUSDT"}'] == "0.0"
    assert 'clobster_feed_book_age_seconds{symbol="ETHUSDT"}' not in told
    assert health.view(Symbol("BTCUSDT"), in_sync=True).messages_per_s == 2.0


def test_a_deposit_that_is_refused_counts_up_from_nothing() -> None:
    registry = CollectorRegistry()
    registry.register(DepositMetrics(counted := Counter[str]()))
    refused = 'clobster_deposits_total{outcome="refused"}'
    assert f"{refused} 0.0" in generate_latest(registry).decode(), "an increase is of something that was there"
    counted["refused"] += 1
    assert f"{refused} 1.0" in generate_latest(registry).decode()


def test_settlement_is_told_where_there_is_one() -> None:
    backlogs: list[Backlog | None] = [None]
    registry = CollectorRegistry()
    registry.register(SettlementMetrics(lambda: backlogs[-1]))
    assert generate_latest(registry) == b""
    backlogs.append(
        Backlog(owed=1, under_way=2, batches=3, failed=4, oldest_owed_s=5.5, settled=6, transactions=7, expired=8)
    )
    told = dict(line.rsplit(" ", 1) for line in generate_latest(registry).decode().splitlines() if line[0] != "#")
    assert {name: value for name, value in told.items() if "_created" not in name} == {
        'clobster_settlement_fills{state="owed"}': "1.0",
        'clobster_settlement_fills{state="under_way"}': "2.0",
        'clobster_settlement_fills{state="failed"}': "4.0",
        "clobster_settlement_oldest_owed_seconds": "5.5",
        "clobster_settlement_batches": "3.0",
        "clobster_settlement_settled_fills_total": "6.0",
        "clobster_settlement_transactions_total": "7.0",
        "clobster_settlement_expired_total": "8.0",
    }


def test_how_books_and_chain_agree_is_told_as_far_as_it_is_known() -> None:
    fees, looked = FeePayer(floor=10), Looked()
    stop = Stop(None, lambda: Micros(0))  # type: ignore[arg-type]
    shown = Reconciling(stop, fees, looked, {}, lambda: Micros(9_000_000), is_on=True)
    registry = CollectorRegistry()
    registry.register(ReconciliationMetrics(shown))

    def told() -> dict[str, str]:
        lines = generate_latest(registry).decode().splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if line[0] != "#" and "_created" not in line)

    nothing_yet = {
        "clobster_reconciliation_stopped": "0.0",
        "clobster_reconciliation_differences": "0.0",
        "clobster_reconciliation_surplus_accounts": "0.0",
        "clobster_reconciliation_frozen_accounts": "0.0",
        "clobster_reconciliation_looks_total": "0.0",
        "clobster_fee_payer_low": "0.0",
    }
    assert told() == nothing_yet
    looked.at, looked.looks, looked.round_s = Micros(6_500_000), 4, 30.0
    fees.has(9)
    assert told() == nothing_yet | {
        "clobster_reconciliation_looks_total": "4.0",
        "clobster_reconciliation_age_seconds": "2.5",
        "clobster_reconciliation_round_seconds": "30.0",
        "clobster_fee_payer_lamports": "9.0",
        "clobster_fee_payer_low": "1.0",
    }
