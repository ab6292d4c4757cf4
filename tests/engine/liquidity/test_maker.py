"""The market maker at work: a book comes, a ladder rests."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from engine.core.events import BalanceChanged, Traded
from engine.core.types import MARKET_MAKER, AssetCode, Atoms
from engine.liquidity import maker as maker_module
from engine.liquidity.inventory import Limits
from engine.liquidity.quoting import NOTHING
from tests.engine.liquidity.house import EASY, SIMPLE, House, house, running
from tests.engine.liquidity.markets import ASSETS, BTCUSDT, external, shown


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path / "exchange.db") as opened:
        yield opened


async def test_a_book_becomes_a_ladder_and_its_changes_follow(exchange: House) -> None:
    async with running(exchange.hire()):
        exchange.feed.put(external("1@100 2@99", "1@101 2@102"))
        await exchange.until(lambda: shown(exchange.resting()) == "10000@10000 20000@9900 | 10000@10100 20000@10200")
        exchange.feed.put(external("1@99", "0.5@100.50 1@101"))
        await exchange.until(lambda: shown(exchange.resting()) == "10000@9900 | 5000@10050 10000@10100")


async def test_a_trade_against_the_ladder_names_the_venues_update(exchange: House) -> None:
    await exchange.fund(exchange.ann, USDT=1_000)
    async with running(exchange.hire()):
        exchange.feed.put(external("1@100", "1@101", update_id=50_093_239_218))
        await exchange.until(lambda: bool(exchange.resting().asks))
        traded = [event for event in await exchange.trade(exchange.ann, "buy", 2_500) if isinstance(event, Traded)]
        assert [(t.maker, t.maker_order, t.price, t.quantity, t.reference) for t in traded] == [
            (MARKET_MAKER, 0, 10_100, 2_500, 50_093_239_218)
        ]
        await exchange.until(lambda: shown(exchange.resting()) == "10000@10000 | 7500@10100")


async def test_what_was_bought_is_offered_again_after_a_while(exchange: House) -> None:
    await exchange.fund(exchange.ann, USDT=1_000)
    async with running(exchange.hire()):
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().asks))
        await exchange.trade(exchange.ann, "buy", 10_000)
        exchange.feed.put(external("1@100", "1@101"))
        await asyncio.sleep(0.02)
        assert shown(exchange.resting()) == "10000@10000 | "
        exchange.time.now_s += 1
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: shown(exchange.resting()) == "10000@10000 | 10000@10100")


async def test_a_moved_best_price_is_told_at_once_and_all_else_once_a_second(exchange: House) -> None:
    async with running(exchange.hire()):
        exchange.feed.put(external("1@100 1@99", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().bids))
        exchange.feed.put(external("2@100 1@98", "1@101"))
        await asyncio.sleep(0.02)
        assert shown(exchange.resting()) == "10000@10000 10000@9900 | 10000@10100"
        exchange.feed.put(external("2@100 1@98", "1@102"))
        await exchange.until(lambda: shown(exchange.resting()) == "20000@10000 10000@9800 | 10000@10200")
        exchange.feed.put(external("3@100", "1@102"))
        await asyncio.sleep(0.02)
        assert shown(exchange.resting()) == "20000@10000 10000@9800 | 10000@10200"
        exchange.time.now_s += 1
        exchange.feed.put(external("3@100", "1@102"))
        await exchange.until(lambda: shown(exchange.resting()) == "30000@10000 | 10000@10200")


async def test_a_book_that_changes_nothing_of_the_ladder_costs_no_command(exchange: House) -> None:
    seq = exchange.sequencer.seq + 1
    async with running(exchange.hire()):
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: exchange.sequencer.seq == seq)
        for update in range(10):
            exchange.time.now_s += 1
            exchange.feed.put(external(f"1.0000{update}@100", "1.9@101"))
            await asyncio.sleep(0.002)
        assert exchange.sequencer.seq == seq


async def test_a_lost_book_is_not_quoted(exchange: House) -> None:
    async with running(exchange.hire()):
        exchange.feed.put(external("1@100", "1@101"))
        exchange.feed.put(external("1@100", "1@101", symbol="ETHUSDT"))
        await exchange.until(lambda: bool(exchange.resting().bids) and bool(exchange.resting("ETHUSDT").bids))
        exchange.feed.put(external("", "", in_sync=False))
        await exchange.until(lambda: exchange.resting() == NOTHING)
        assert exchange.resting("ETHUSDT") != NOTHING


async def test_a_silent_feed_is_not_quoted_until_it_speaks_again(exchange: House) -> None:
    settings = replace(SIMPLE, stops=replace(EASY, stale_us=100_000))
    async with running(exchange.hire(settings)):
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().bids))
        exchange.time.now_s += 0.09
        await asyncio.sleep(0.06)
        assert exchange.resting() != NOTHING
        exchange.time.now_s += 0.02
        await exchange.until(lambda: exchange.resting() == NOTHING)
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: exchange.resting() != NOTHING)


async def test_quotes_are_withdrawn_when_the_feed_is_closed(exchange: House) -> None:
    async with running(exchange.hire()) as run:
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().bids))
        await exchange.feed.close()
        await asyncio.wait_for(run, 5)
        assert exchange.resting() == NOTHING
        assert exchange.sequencer.listeners == []


async def test_quotes_are_withdrawn_when_the_market_maker_is_stopped_even_one_under_way(exchange: House) -> None:
    async with running(exchange.hire()):
        exchange.gate.open.clear()
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().bids))  # applied, not yet committed
        asyncio.get_running_loop().call_later(0.02, exchange.gate.open.set)
    await exchange.until(lambda: exchange.resting() == NOTHING)


async def test_a_writer_that_has_failed_does_not_hold_up_the_stop(
    exchange: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maker_module, "WITHDRAW_S", 0.05)
    async with running(exchange.hire()) as run:
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().bids))
        exchange.gate.fail = OSError("disk full")
        exchange.feed.put(external("1@99", "1@101"))
        await exchange.feed.close()
        await asyncio.wait_for(run, 2)


async def test_while_a_quote_is_under_way_books_do_not_queue_and_the_newest_wins(exchange: House) -> None:
    seq = exchange.sequencer.seq
    async with running(exchange.hire()):
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: exchange.sequencer.seq == seq + 1)
        exchange.gate.open.clear()
        exchange.feed.put(external("1@99", "1@101"))
        await exchange.until(lambda: shown(exchange.resting()) == "10000@9900 | 10000@10100")
        for price in range(98, 89, -1):
            exchange.feed.put(external(f"1@{price}", "1@101"))
            await asyncio.sleep(0.002)
        exchange.gate.open.set()
        await exchange.until(lambda: shown(exchange.resting()) == "10000@9000 | 10000@10100")
        await exchange.until(lambda: exchange.sequencer.seq == seq + 3)


async def test_two_markets_never_promise_the_same_money(exchange: House) -> None:
    await exchange.fund(exchange.ann, BTC=10)
    async with running(exchange.hire()):
        rich = " ".join(f"999@{price}" for price in range(40_000, 39_980, -1))
        for symbol in ("BTCUSDT", "ETHUSDT"):
            exchange.feed.put(external(rich, "1@40001", symbol=symbol))
        await exchange.until(lambda: bool(exchange.resting().bids) and bool(exchange.resting("ETHUSDT").bids))
        await exchange.trade(exchange.ann, "sell", 75_000)  # some 300,000 of 1,000,000 USDT are gone
        exchange.feed.put(external(rich.removeprefix("999@40000 "), "1@40001"))
        await exchange.until(lambda: exchange.resting().touch[0] == 39_999_00)
        needs = [exchange.resting(symbol).needs(BTCUSDT)["USDT"] // 10**6 for symbol in ("BTCUSDT", "ETHUSDT")]
        assert 100_000 < needs[0] < needs[1] < 475_000
        assert sum(needs) < 700_000


async def test_a_trade_that_is_not_yet_known_does_not_get_the_next_quote_refused(exchange: House) -> None:
    await exchange.fund(exchange.ann, BTC=1)
    async with running(exchange.hire()):
        rich = " ".join(f"999@{price}" for price in range(40_000, 39_980, -1))
        for symbol in ("BTCUSDT", "ETHUSDT"):
            exchange.feed.put(external(rich, "1@40001", symbol=symbol))
        await exchange.until(lambda: bool(exchange.resting().bids) and bool(exchange.resting("ETHUSDT").bids))
        exchange.gate.open.clear()
        selling = asyncio.create_task(exchange.trade(exchange.ann, "sell", 5_000))
        exchange.feed.put(external(rich.removeprefix("999@40000 "), "1@40001"))
        await asyncio.sleep(0.02)
        exchange.gate.open.set()
        await selling
        await exchange.until(lambda: exchange.resting().touch[0] == 39_999_00)


async def test_an_asset_is_not_bought_beyond_its_limit(exchange: House) -> None:
    settings = replace(
        SIMPLE, inventory={AssetCode("BTC"): Limits(most=Atoms(1_030_000_000))}
    )  # 10.3 BTC; the house has 10
    async with running(exchange.hire(settings)):
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: shown(exchange.resting()) == "3000@10000 | 10000@10100")


async def test_a_refused_quote_withdraws_the_ladder_and_is_tried_again_later(exchange: House) -> None:
    much = [BalanceChanged(MARKET_MAKER, asset.code, Atoms(10**15), Atoms(0)) for asset in ASSETS]
    async with running(exchange.hire(balances=much, markets=[BTCUSDT])):
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().bids))
        exchange.feed.put(external("1@100", "900@100.50"))  # the house has 10 BTC
        await exchange.until(lambda: exchange.resting() == NOTHING)
        await asyncio.sleep(0.02)
        with capture_logs() as logs:
            exchange.feed.put(external("1@100", "900@100.50"))
            await asyncio.sleep(0.02)
        assert logs == []
        assert exchange.resting() == NOTHING
        await exchange.fund(MARKET_MAKER, BTC=1)  # and so it learns how much it has
        exchange.time.now_s += 1
        exchange.feed.put(external("1@100", "900@100.50"))
        await exchange.until(lambda: shown(exchange.resting()) == "10000@10000 | 100000@10050")


async def test_a_market_without_a_ladder_of_ours_is_ignored(exchange: House) -> None:
    async with running(exchange.hire(markets=[BTCUSDT])):
        exchange.feed.put(external("1@100", "1@101", symbol="ETHUSDT"))
        exchange.feed.put(external("1@100", "1@101"))
        await exchange.until(lambda: bool(exchange.resting().bids))
        assert exchange.resting("ETHUSDT") == NOTHING
