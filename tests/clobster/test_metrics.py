"""What operators see of the feed and of settlement."""

from prometheus_client import CollectorRegistry, generate_latest

from clobster.metrics import FeedMetrics, SettlementMetrics
from data.binance.health import Health
from engine.core.types import Symbol
from engine.settlement.settlement import Backlog


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
