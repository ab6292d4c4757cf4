"""The market maker's settings in words, and its figures for Prometheus."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from clobster import markets
from clobster.config import ConfigError, load
from clobster.liquidity import hedge_settings, maker_settings
from clobster.metrics import MakerMetrics
from engine.core.types import AssetCode, Atoms, Micros
from engine.liquidity.hedger import Hedging
from engine.liquidity.hedging import HedgeSettings
from engine.liquidity.inventory import Limits
from engine.liquidity.quoting import NOTHING, LadderSettings
from engine.liquidity.settings import MakerSettings, StopSettings
from tests.engine.liquidity.house import house, running
from tests.engine.liquidity.markets import external

LISTING = markets.load()
WORDS = {
    "CLOBSTER_MAKER_LEVELS": "20",
    "CLOBSTER_MAKER_INVENTORY": "BTC=100:200.5:300,USDT=0:1000000:40000000",
    "CLOBSTER_MAKER_LEVEL_SIZE": "BTC=2,SOL=0.000000001",
    "CLOBSTER_MAKER_STALE_MS": "750",
    "CLOBSTER_HEDGE": "paper",
    "CLOBSTER_HEDGE_THRESHOLDS": "BTC=1.5",
}


def read(words: dict[str, str]) -> tuple[MakerSettings, HedgeSettings]:
    settings = load(words)
    return maker_settings(settings, LISTING), hedge_settings(settings, LISTING)


def test_words_become_settings() -> None:
    quoting, hedging = read(WORDS)
    assert (quoting.ladder.levels, quoting.stops.stale_us) == (20, Micros(750_000))
    assert quoting.inventory == {
        "BTC": Limits(Atoms(100 * 10**8), Atoms(2005 * 10**7), Atoms(300 * 10**8)),
        "USDT": Limits(Atoms(0), Atoms(10**12), Atoms(4 * 10**13)),
    }
    assert quoting.level_size == {"BTC": 2 * 10**8, "SOL": 1}
    assert quoting.side_size == {}
    assert (hedging.mode, hedging.thresholds) == ("paper", {"BTC": 15 * 10**7})


def test_the_defaults_in_words_are_those_of_the_engine() -> None:
    assert read({}) == (MakerSettings(), HedgeSettings())


def test_every_setting_goes_where_it_belongs() -> None:
    maker = (
        "LEVELS=11 MARKUP_PPM=12 LEAST_EDGE_PPM=13 FEE_PPM=10 LEAN_PPM=14 SIZE_PPM=15 LEVEL_VALUE=16"
        " SIDE_VALUE=17 STALE_MS=218 HOLD_OFF_MS=19 BAND_PPM=120 BAND_WINDOW_MS=1021 WIDEST_PPM=22"
        " DAY_LOSS=23 LEVEL_SIZE=BTC=1 SIDE_SIZE=BTC=2 INVENTORY=BTC=1:2:3"
    )
    hedge = "THRESHOLDS=BTC=4 ORDER_VALUE=31 MINUTE_VALUE=32 SLIPPAGE_PPM=33 FEE_PPM=34"
    given = dict(f"CLOBSTER_MAKER_{word}".split("=", 1) for word in maker.split())
    given |= dict(f"CLOBSTER_HEDGE_{word}".split("=", 1) for word in hedge.split())
    limits = Limits(Atoms(10**8), Atoms(2 * 10**8), Atoms(3 * 10**8))
    ladder = LadderSettings(
        levels=11, markup_ppm=12, least_edge_ppm=13, fee_ppm=10, size_ppm=15, level_value=16, side_value=17
    )
    stops = StopSettings(Micros(218_000), Micros(19_000), 120, Micros(1_021_000), 22, 23)
    assert read(given) == (
        MakerSettings(
            ladder,
            stops,
            lean_ppm=14,
            inventory={AssetCode("BTC"): limits},
            level_size={AssetCode("BTC"): Atoms(10**8)},
            side_size={AssetCode("BTC"): Atoms(2 * 10**8)},
        ),
        HedgeSettings("off", {AssetCode("BTC"): Atoms(4 * 10**8)}, 31, 32, 33, 34),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAKER_LEVELS", "0"),
        ("MAKER_STALE_MS", "1"),
        ("MAKER_LEVEL_SIZE", "BTC"),
        ("MAKER_LEVEL_SIZE", "BTC=1,"),
        ("MAKER_LEVEL_SIZE", "DOGE=1"),
        ("MAKER_SIDE_SIZE", "BTC=0.000000001"),
        ("MAKER_SIDE_SIZE", "BTC=1.2.3"),
        ("MAKER_SIDE_SIZE", "BTC=-1"),
        ("MAKER_INVENTORY", "BTC=1:2"),
        ("MAKER_INVENTORY", "BTC=3:2:1"),
        ("MAKER_INVENTORY", "DOGE=1:2:3"),
        ("HEDGE", "on"),
        ("HEDGE_THRESHOLDS", "ETH=1"),
        ("HEDGE_THRESHOLDS", ""),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^CLOBSTER_{name}: "):
        read(WORDS | {f"CLOBSTER_{name}": value})


async def test_stops_and_money_are_told(tmp_path: Path) -> None:
    registry, metrics = CollectorRegistry(), MakerMetrics()
    registry.register(metrics)
    assert b"clobster_maker" not in generate_latest(registry)
    async with house(tmp_path / "exchange.db") as exchange:
        await exchange.fund(exchange.ann, USDT=1_000)
        maker = exchange.hire()
        settings = HedgeSettings(mode="paper")
        metrics.watch(maker, Hedging(maker, maker.books, exchange.maker_store, None, {}, exchange.clock, settings))
        async with running(maker):
            exchange.feed.put(external("1@100", "1@101"))
            await exchange.until(lambda: exchange.resting() != NOTHING)
            await exchange.trade(exchange.ann, "buy", 10_000)
            exchange.feed.put(external("1@102", "1@101"))
            await exchange.until(lambda: exchange.resting() == NOTHING)
            told = generate_latest(registry).decode().splitlines()
    assert {
        'clobster_maker_stopped{market="BTCUSDT",reason="insane"} 1.0',
        'clobster_maker_stopped{market="BTCUSDT",reason="stale"} 0.0',
        'clobster_maker_stops_total{market="BTCUSDT",reason="insane"} 1.0',
        'clobster_maker_stops_total{market="ETHUSDT",reason="insane"} 0.0',
        'clobster_maker_levels{market="BTCUSDT",side="buy"} 0.0',
        'clobster_maker_trades_total{market="BTCUSDT"} 1.0',
        'clobster_maker_money{book="real",figure="spread",market="BTCUSDT"} 0.5',
        'clobster_maker_money{book="real",figure="total",market="BTCUSDT"} 0.5',
        'clobster_maker_inventory{book="real",market="BTCUSDT"} -1.0',
        'clobster_maker_inventory{book="paper",market="BTCUSDT"} 0.0',
        "clobster_hedges_open 0.0",
    } <= set(told)
