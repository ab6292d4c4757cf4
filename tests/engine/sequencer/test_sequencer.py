"""The single writer on a real file: what is answered is on disk, and nothing that is not."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from data.store.audit import AuditReads
from engine.core.checks import findings
from engine.core.commands import CancelAll, CancelOrder, Deposit, PlaceOrder, Quote
from engine.core.events import AlreadyPlaced, Event, OrderChanged, Traded
from engine.core.exchange import Exchange
from engine.core.refusals import Refused, UnknownOrder
from engine.core.types import (
    MARKET_MAKER,
    AssetCode,
    Atoms,
    Lots,
    OrderId,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    Ticks,
    UserId,
)
from engine.ports import LostLead
from engine.sequencer.journal import replay
from engine.sequencer.sequencer import Busy, Outcome
from tests.support.writing import House, house, trading_house

SYMBOL = Symbol("BTCUSDT")


def limit(here: House, user: UserId, side: str, lots: int, ticks: int, name: str = "") -> PlaceOrder:
    return PlaceOrder(
        here.now(),
        user,
        SYMBOL,
        Side(side),
        OrderType.LIMIT,
        quantity=Lots(lots),
        price=Ticks(ticks),
        client_order_id=name,
    )


def kept(path: Path, question: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as reader:
        rows = reader.execute(question).fetchall()
    reader.close()
    return rows


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0.002)


async def test_an_order_is_on_disk_when_it_is_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with trading_house(path) as here:
        ada = await here.person(1, USDT=1000)
        events = await here.sequencer.submit(limit(here, ada, "buy", 5, 100))
        assert kept(path, "SELECT id, status FROM orders") == [(events[-1].id, "new")]


async def test_nobody_is_answered_or_told_before_the_commit(tmp_path: Path) -> None:
    async with trading_house(tmp_path / "books.db") as here:
        ada = await here.person(1, USDT=1000)
        told: list[int] = []
        here.sequencer.listeners.append(lambda batch: told.append(batch.last_seq))
        here.gate.open.clear()
        placed = here.sequencer.submit(limit(here, ada, "buy", 5, 100))
        refused = here.sequencer.submit(CancelOrder(here.now(), ada, OrderId(99)))
        await settled()
        assert not placed.done()
        assert not refused.done(), "a refusal tells of a state that is not durable yet"
        assert not told
        here.gate.open.set()
        assert (await placed)[-1].status is OrderStatus.NEW
        with pytest.raises(UnknownOrder):
            await refused
        assert told == [here.sequencer.seq]


async def test_the_next_batch_is_applied_while_one_commits_and_only_one_commits(tmp_path: Path) -> None:
    async with trading_house(tmp_path / "books.db") as here:
        ada = await here.person(1, USDT=1000)
        here.gate.open.clear()
        first = here.sequencer.submit(limit(here, ada, "buy", 5, 100))
        await settled()
        later = [here.sequencer.submit(limit(here, ada, "buy", 1, 90 + n)) for n in range(3)]
        await settled()
        assert here.gate.waiting == 1
        assert len(here.exchange.state.orders) == 4
        before = len(here.gate.commits)
        here.gate.open.set()
        await asyncio.gather(first, *later)
        assert [len(batch.orders) for batch in here.gate.commits[before:]] == [1, 3]


async def test_answers_come_in_the_order_of_submission_refusals_among_them(tmp_path: Path) -> None:
    async with trading_house(tmp_path / "books.db") as here:
        ada = await here.person(1, USDT=1000)
        answers: list[str] = []

        def reply(name: str, outcome: Outcome) -> None:
            answers.append(f"{name} {outcome.code if isinstance(outcome, Refused) else 'done'}")

        here.sequencer.enqueue(limit(here, ada, "buy", 1, 100), lambda outcome: reply("a", outcome))
        here.sequencer.enqueue(CancelOrder(here.now(), ada, OrderId(9)), lambda outcome: reply("b", outcome))
        here.sequencer.enqueue(limit(here, ada, "sell", 1, 100), lambda outcome: reply("c", outcome))
        await here.sequencer.submit(limit(here, ada, "buy", 1, 99))
        assert answers == ["a done", "b unknown_order", "c insufficient_funds"]


async def test_a_full_inbox_says_busy_at_once(tmp_path: Path) -> None:
    async with house(tmp_path / "books.db", inbox_limit=3) as here:
        commands = [CancelAll(here.now(), UserId(1000)) for _ in range(3)]
        waiting = [here.sequencer.submit(command) for command in commands]
        with pytest.raises(Busy):
            here.sequencer.submit(commands[0])
        here.start()
        assert await asyncio.gather(*waiting) == [[], [], []]


async def test_a_caller_that_goes_away_does_not_split_its_order(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with trading_house(path) as here:
        ada = await here.person(1, USDT=1000)
        here.gate.open.clear()
        gone = here.sequencer.submit(limit(here, ada, "buy", 5, 100))
        gone.cancel()
        here.gate.open.set()
        await here.sequencer.submit(limit(here, ada, "buy", 1, 99))
        assert kept(path, "SELECT quantity FROM orders ORDER BY id") == [(5,), (1,)]


async def test_the_same_name_twice_is_one_order_even_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with trading_house(path) as here:
        ada = await here.person(1, USDT=1000)
        command = limit(here, ada, "buy", 5, 100, "mine")
        events, again = await asyncio.gather(here.sequencer.submit(command), here.sequencer.submit(command))
        assert again == [AlreadyPlaced(events[-1].id)]
    async with house(path) as here:
        here.start()
        assert await here.sequencer.submit(command) == [AlreadyPlaced(events[-1].id)]
    assert kept(path, "SELECT count(*) FROM orders") == [(1,)]


async def test_a_failed_commit_ends_the_writer_and_nobody_hears_of_its_batch(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with trading_house(path) as here:
        ada = await here.person(1, USDT=1000)
        here.gate.fail = sqlite3.OperationalError("disk I/O error")
        lost = here.sequencer.submit(limit(here, ada, "buy", 5, 100))
        assert here.writer is not None
        with pytest.raises(sqlite3.OperationalError):
            await here.writer
        await settled()
        assert not lost.done()
    assert kept(path, "SELECT count(*) FROM orders") == [(0,)]


async def test_a_second_writer_ends_the_first_at_its_next_commit(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with trading_house(path) as first:
        ada = await first.person(1, USDT=1000)
        async with house(path) as second:
            second.start()
            await second.sequencer.submit(limit(second, ada, "buy", 1, 100))
            too_late = first.sequencer.submit(limit(first, ada, "buy", 7, 101))
            assert first.writer is not None
            with pytest.raises(LostLead):
                await first.writer
            assert not too_late.done()
            await second.sequencer.submit(limit(second, ada, "buy", 1, 99))
    assert kept(path, "SELECT quantity FROM orders ORDER BY id") == [(1,), (1,)]


async def test_a_stop_answers_everything_that_was_taken_and_takes_no_more(tmp_path: Path) -> None:
    async with trading_house(tmp_path / "books.db") as here:
        ada = await here.person(1, USDT=1000)
        taken = [here.sequencer.submit(limit(here, ada, "buy", 1, 50 + n)) for n in range(50)]
        here.sequencer.close()
        with pytest.raises(Busy):
            here.sequencer.submit(limit(here, ada, "buy", 1, 10))
        assert here.writer is not None
        await asyncio.wait_for(here.writer, 5)
        assert all(order.done() and not order.exception() for order in taken)


async def test_a_quote_is_kept_as_what_it_changes_and_not_at_all_where_it_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with trading_house(path) as here:
        await _fund_the_market_maker(here)
        bids = tuple((Ticks(100 - n), Lots(5)) for n in range(10))
        await here.sequencer.submit(Quote(here.now(), SYMBOL, bids, (), 1))
        seq = here.sequencer.seq
        assert await here.sequencer.submit(Quote(here.now(), SYMBOL, bids, (), 2)) == []
        assert here.sequencer.seq == seq
        await here.sequencer.submit(Quote(here.now(), SYMBOL, (*bids[:-1], (Ticks(90), Lots(5))), (), 3))
        assert here.sequencer.seq == seq + 1
    with AuditReads(path) as reads:
        *_, last = reads.log()
    assert b"change_quote" in last.commands
    assert len(last.commands) < 60


async def test_after_any_play_a_restart_and_a_replay_both_give_the_same_state(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with trading_house(path) as here:
        await _fund_the_market_maker(here)
        ada, bob = await here.person(1, USDT=10_000, BTC=1), await here.person(2, USDT=10_000, BTC=1)
        asks: list[asyncio.Future[list[Event]]] = []
        for n in range(400):
            user, side = (ada, "buy") if n % 2 else (bob, "sell")
            asks.append(here.sequencer.submit(limit(here, user, side, 1 + n % 7, 95 + n * 7 % 11, f"{n % 390}")))
            if n % 9 == 0:
                ladder = tuple((Ticks(98 - k), Lots(3 + n % 4)) for k in range(3))
                asks.append(here.sequencer.submit(Quote(here.now(), SYMBOL, ladder, (), n)))
            if n % 13 == 0:
                asks.append(here.sequencer.submit(CancelOrder(here.now(), user, OrderId(n // 2))))
            if n % 40 == 0:
                await asyncio.gather(*asks, return_exceptions=True)
        outcomes = await asyncio.gather(*asks, return_exceptions=True)
        traded = [event for outcome in outcomes if isinstance(outcome, list) for event in outcome]
        assert any(isinstance(event, Traded) and MARKET_MAKER in (event.maker, event.taker) for event in traded)
        assert any(isinstance(event, OrderChanged) for event in traded)
        await here.stop()
        state = here.exchange.state_hash()
        assert findings(here.exchange.state) == []
    with AuditReads(path) as reads:
        assert reads.findings() == []
        tables, log = Exchange(), Exchange()
        snapshot = reads.snapshot()
        tables.restore(snapshot)
        assert replay(log, reads.log()) == (snapshot.seq, snapshot.digest)
    assert tables.state_hash() == log.state_hash() == state


async def _fund_the_market_maker(here: House) -> None:
    await here.sequencer.submit(Deposit(here.now(), MARKET_MAKER, AssetCode("USDT"), Atoms(10**12), "maker"))
