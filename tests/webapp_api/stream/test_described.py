"""docs/stream.md names every request, channel, limit, refusal and close that there is."""

from pathlib import Path
from typing import get_args

from engine.market_data.intervals import Interval
from webapp_api import batch_wire
from webapp_api.stream import connection, depth, hub, market_channels, orders, outgoing, protocol, reads, refusals
from webapp_api.stream.views import ACCOUNT, BALANCES, ORDERS, TRADES, WITHDRAWALS

PAGE = (Path(__file__).parents[3] / "docs" / "stream.md").read_text()


def test_every_request_has_a_row() -> None:
    for request in get_args(protocol.Request):
        assert f"| `{request.__struct_config__.tag}` |" in PAGE


def test_every_channel_has_a_row() -> None:
    public = ("depth:SYMBOL", "trades:SYMBOL", "ticker:SYMBOL", "candles:SYMBOL:INTERVAL")
    for name in (*public, ORDERS, TRADES, BALANCES, ACCOUNT, WITHDRAWALS):
        assert f"| `{name}` |" in PAGE
    assert f"`{' '.join(interval.value for interval in Interval)}`" in PAGE


def test_every_close_has_a_row_with_its_code() -> None:
    for reason, code in connection._CODES.items():
        (row,) = [
            line
            for line in PAGE.splitlines()
            if line.startswith("|") and line.count(f"`{reason}`") and str(int(code)) in line.split("|")[1]
        ]
        assert row
    assert f"| 1011 | `{outgoing.BROKEN}` |" in PAGE


def test_limits_and_figures_are_those_of_the_code() -> None:
    for said in (
        f"| {hub.MAX_MESSAGE // 1024} KiB |",
        f"| channels in a request | {protocol.MAX_CHANNELS} |",
        f"| channels of a connection | {connection.MAX_SUBSCRIPTIONS} | `{refusals.TooManySubscriptions.code}` |",
        f"| {orders.MAX_IN_FLIGHT:,} | `{refusals.TooManyInFlight.code}`",
        f"| {connection.BUDGET:,} points: an order 1, a batch {connection.BATCH_COST}, any other request "
        f"{connection.REQUEST_COST} | `{refusals.TooManyRequests.code}`",
        f"| {connection.MAX_FAULTS} | close 1008",
        f"| {hub.MAX_CLIENTS:,} |",
        f"best {depth.DEPTH_LEVELS:,} levels",
        f"divided by {depth.CHECKSUM_EVERY} ",
        f"{depth.CHECKSUM_LEVELS} bids",
        f"the {market_channels.RECENT_TRADES} latest trades",
        f"the {reads.RECENT_TRADES} latest trades",
        f"newest {reads.OPEN_ORDERS:,} open orders",
        f"the {reads.RECENT_ACTIVITY} latest things",
        f"the {hub.RECENT_WITHDRAWALS} latest withdrawals",
        f"{depth.checksum([('10.99', '0.0005'), ('10.98', '0.0005')], [('20.00', '0.0007')])}",
    ):
        assert said in PAGE.replace("\n", " "), said
    assert batch_wire.MAX_BATCH == 200
