"""What alert rules and the dashboard ask for is what a running exchange exports: names, labels and their values."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from clobster.metrics import ReplicaMetrics
from data.store.queries import Queries
from data.store.replica import History, Replica
from engine.core.types import MarketState
from engine.liquidity.stops import StopReason
from engine.withdrawals.types import WithdrawalState
from tests.support.server import Server, call
from webapp_api.limits import RequestClass

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
METRIC = re.compile(r"\b(clobster_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)(?:=~|!=|!~|=)"([^"]*)"')
GROUPED = re.compile(r"\bby \(([^)]*)\)")
FIXED = {  # labels whose values are a list of ours
    "state": {each.value for each in (*WithdrawalState, *MarketState)} | {"owed", "under_way", "failed"},
    "reason": {each.value for each in StopReason},
    "class": {each.value for each in RequestClass},
    "stage": {"received", "sequenced", "written", "acknowledged"},
    "queue": {"inbox", "writes", "reads"},
    "figure": {"total"},
    "outcome": {"refused"},
}
ORDER = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "10.00", "quantity": "0.0100"}


def queries() -> Iterator[str]:
    for group in yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
            assert rule["labels"]["severity"] in {"critical", "warning"}
            yield rule["expr"]
    for panel in json.loads((DEPLOY / "grafana/dashboards/clobster.json").read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_every_query_asks_for_what_is_exported(tmp_path: Path) -> None:
    asked: dict[str, set[str]] = {}
    for query in queries():
        assert query.count("(") == query.count(")"), query
        assert METRIC.search(query) or query.startswith("up{"), query
        for name, matchers in METRIC.findall(query):
            labels = asked.setdefault(name, set())
            for label, value in LABEL.findall(matchers):
                labels.add(label)
                assert value in FIXED[label], query
            if len(METRIC.findall(query)) == 1:
                labels |= {each.strip() for group in GROUPED.findall(query) for each in group.split(",")}
    settings = {"CLOBSTER_FEED": "recorded", "CLOBSTER_SOLANA": "localnet", "CLOBSTER_ADMIN_TELEGRAM_IDS": "43"}
    started, server = time.time(), Server(tmp_path / "var", **settings).start()
    try:
        server.fund(42, USDT="1000")
        assert call("POST", f"{server.url}/api/trading/orders", ORDER, server.sign_in(42)).status == 201
        until = time.monotonic() + 60
        replica = figures(of_a_replica())
        while missing := asked.keys() - (exported := figures(of(server)) | replica).keys():
            assert time.monotonic() < until, missing
            time.sleep(0.1)
        for name, labels in asked.items():
            assert labels <= exported[name] or not exported[name], name
        overview_agrees(server, started)
        assert "clobster_order_stage_seconds_bucket" in exported
        assert server.stop() == 0
    finally:
        server.kill()


def overview_agrees(server: Server, started_s: float) -> None:
    """Check that administrators are shown what is exported."""
    told = call("GET", f"{server.url}/api/admin/overview", token=server.sign_in(43)).body
    assert started_s * 1000 - 1 <= told["started_at"] <= told["ledger"]["checked_at"] <= told["at"]
    assert {each["name"] for each in told["writer"]["queues"]} == FIXED["queue"]
    assert told["writer"]["commands"] > 0
    assert told["ledger"]["checks"] > 0
    assert told["loop"]["late_ms"] > 0
    assert {each["symbol"] for each in told["feed"]["markets"]} == {
        each["symbol"] for each in told["quotes"]["markets"]
    }
    assert told["settlement"]["owed"] is not None
    assert told["books"]["comparison"]["fee_payer_lamports"] > told["books"]["fee_floor_lamports"]


def of(server: Server) -> str:
    """Return what a server exports."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=20) as answer:
        return str(answer.read().decode())


def of_a_replica() -> str:
    """Return what a server exports besides where it reads history at a replica."""
    registry = CollectorRegistry()
    registry.register(ReplicaMetrics(History(Queries(()), Replica("", ""))))
    return generate_latest(registry).decode()


def figures(text: str) -> dict[str, set[str]]:
    """Return the names that are exported, each with its labels; of one that has no figure yet, none."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        suffix = "_total" if family.type == "counter" else ""
        found.setdefault(f"{family.name}{suffix}", set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found
