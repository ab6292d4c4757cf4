import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest

from data.store import sqlite
from data.store import store as writing
from data.store.audit import AuditReads
from data.store.connection import Connection
from data.store.opening import Place, open_store
from data.store.sqlite import SqliteStore
from engine.core.commands import CancelWithdrawal, CompleteWithdrawal, Deposit, ListMarket, RequestWithdrawal
from engine.core.events import BalanceChanged, WithdrawalChanged
from engine.core.exchange import Exchange
from engine.core.names import LIFE
from engine.core.refusals import AlreadyCredited
from engine.core.types import AssetCode, Atoms, MarketState, OrderStatus, UserId
from engine.ports import LostLead
from engine.sequencer.journal import replay
from engine.sequencer.sequencer import Busy
from tests.data.store.books import BTC, BTCUSDT, Books, books
from tests.support.database import REFUSED, ensure_database, everything


async def a_busy_day(day: Books) -> UserId:
    """Resting, filled, cancelled, expired and repeated orders, quotes, deposits and withdrawals."""
    ada, bob = await day.person(USDT=100_000, BTC=3), await day.person(USDT=50_000, BTC=5)
    resting = await day.place(ada, "buy", 100, 6_000_000, client_order_id="mine")
    await day.place(bob, "sell", 40, 5_990_000)
    await day.place(bob, "sell", 10, 6_100_000, client_order_id="")
    await day.cancel(ada, (await day.place(ada, "buy", 7, 5_000_000, client_order_id="gone")).id)
    await day.place(bob, "buy", 1_000, 6_200_000, time_in_force="ioc")
    for name in ("smaller", ""):
        await day.amend(ada, (await day.place(ada, "buy", 9, 4_000_000, client_order_id=name)).id, 5)
    over = await day.place(ada, "buy", 9, 3_000_000, client_order_id="smaller and gone")
    for quantity in (7, 6):
        await day.amend(ada, over.id, quantity)
    await day.cancel(ada, over.id)
    await day.place(bob, "sell", 10, 9_000_000)
    await day.quote(6_050_000, 6_060_000)
    await day.place(ada, "sell", 5)
    assert (await day.place(bob, "buy", 5)).status is OrderStatus.FILLED
    await day.do(RequestWithdrawal(day.now(), ada, AssetCode("USDT"), Atoms(5_000_000), "somewhere"))
    for end in (CompleteWithdrawal, CancelWithdrawal):
        asked = (await day.do(RequestWithdrawal(day.now(), bob, AssetCode("BTC"), Atoms(1_000), "there")))[-1]
        assert isinstance(asked, WithdrawalChanged)
        if end is CompleteWithdrawal:
            await day.do(CompleteWithdrawal(day.now(), asked.id))
        else:
            await day.do(CancelWithdrawal(day.now(), bob, asked.id))
    assert resting.status is OrderStatus.NEW
    return ada


async def test_a_new_writer_goes_on_where_the_last_one_stopped(place: Place) -> None:
    async with books(place) as day:
        ada = await a_busy_day(day)
        state_hash = day.exchange.state_hash()
    with AuditReads(place) as reads:
        kept = reads.snapshot()
        assert reads.findings() == []
    assert kept.epoch == 1
    told = day.exchange.snapshot(seq=kept.seq, epoch=1, digest=kept.digest)

    def sorted_out(snapshot):  # the exchange tells the same in the order of its dicts, and an order without its times
        return msgspec.structs.replace(
            snapshot,
            assets=sorted(snapshot.assets, key=lambda asset: asset.code),
            markets=sorted(snapshot.markets, key=lambda market: market.symbol),
            balances=sorted(snapshot.balances, key=lambda b: (b.owner, b.asset)),
            open_orders=[msgspec.structs.replace(order, updated_at=0) for order in snapshot.open_orders],
            remembered=sorted(snapshot.remembered, key=lambda known: known[0]),
        )

    assert sorted_out(kept) == sorted_out(told)
    assert len(kept.remembered) == 4
    assert [(order.status, order.quantity) for order in kept.open_orders] == [
        (OrderStatus.PARTIALLY_FILLED, 100),
        (OrderStatus.NEW, 5),
        (OrderStatus.NEW, 5),
        (OrderStatus.NEW, 10),
    ]
    assert {placed.client_order_id: placed.quantity for _, placed in kept.remembered} == {
        "mine": 100,
        "gone": 7,
        "smaller": 9,
        "smaller and gone": 9,
    }

    async with books(place) as next_day:
        assert next_day.exchange.state_hash() == state_hash
        assert next_day.sequencer.seq == kept.seq + 1  # the epoch's own command; all is listed already
        with pytest.raises(AlreadyCredited):  # deposits that were credited are known still
            await next_day.do(Deposit(next_day.now(), ada, BTC.code, Atoms(1), kept.deposits[0]))


async def test_client_order_ids_are_remembered_for_a_day_and_longer_while_open(place: Place) -> None:
    async with books(place) as day:
        ada = await day.person(USDT=1_000)
        await day.place(ada, "buy", 1, 100, client_order_id="old and open")
        await day.place(ada, "buy", 1, 100)
        gone = [
            await day.place(ada, "buy", 1, 100, client_order_id=name) for name in ("old and gone", "just a day old")
        ]
        for order in gone:
            await day.cancel(ada, order.id)
        await day.place(ada, "buy", 1, 100)
        await day.place(ada, "buy", 1, 100, client_order_id="newest")
        a_day_later = gone[-1].created_at + LIFE
        await day.store.write(lambda connection: connection.execute("UPDATE sequencer SET now = ?", (a_day_later,)))
        with AuditReads(day.database) as reads:
            remembered = reads.snapshot().remembered
    assert [placed.client_order_id for _, placed in remembered] == ["old and open", "just a day old", "newest"]
    assert [order for order, _ in remembered] == [1, gone[-1].id, 6]


async def test_a_second_writer_takes_the_lead_and_the_first_one_stops(tmp_path: Path) -> None:
    place = tmp_path / "books.sqlite"
    async with books(place) as first:
        ada = await first.person(USDT=1_000)
        await first.place(ada, "buy", 1, 100)
        batch = first.batches[-1]
    old, new = await SqliteStore.open(place), await SqliteStore.open(place)
    try:
        theirs = await old.take_lead()
        ours = await new.take_lead()
        assert (theirs.epoch, ours.epoch) == (2, 3)
        assert msgspec.structs.replace(theirs, epoch=3) == ours

        def empty(epoch: int, first_seq: int):
            nothing = {"orders": [], "trades": [], "postings": [], "balances": [], "deposits": [], "withdrawals": []}
            range_ = {"first_seq": first_seq, "last_seq": first_seq}
            return msgspec.structs.replace(batch, epoch=epoch, **range_, **nothing)

        with pytest.raises(LostLead):
            await old.commit(empty(2, ours.seq + 1))
        await new.commit(empty(3, ours.seq + 1))
        with pytest.raises(LostLead):  # the same batch once more
            await new.commit(empty(3, ours.seq + 1))
        with pytest.raises(LostLead):  # one that skips
            await new.commit(empty(3, ours.seq + 3))
        await new.commit(empty(3, ours.seq + 2))
    finally:
        await old.close()
        await new.close()


async def test_a_commit_that_fails_in_its_last_row_leaves_nothing(place: Place) -> None:
    async with books(place) as day:
        ada, bob = await day.person(USDT=10_000), await day.person(BTC=1)
        await day.place(ada, "buy", 2, 1_000)
        await day.place(bob, "sell", 2, 1_000)
        done = day.batches[-1]
        before = everything(day.database)
        again = msgspec.structs.replace(
            done,
            first_seq=done.last_seq + 1,
            last_seq=done.last_seq + 1,
            trades=[msgspec.structs.replace(trade, id=trade.id + 1) for trade in done.trades],
            balances=[*done.balances, BalanceChanged(bob, AssetCode("DOGE"), Atoms(1), Atoms(0))],
        )
        with pytest.raises(REFUSED, match=r"(?i)foreign key"):
            await day.store.commit(again)
        assert everything(day.database) == before
        # The connection is as good as before: the same without the fault goes through.
        await day.store.commit(msgspec.structs.replace(again, balances=done.balances))


async def test_a_write_that_raises_leaves_nothing_and_says_what_it_raised(place: Place) -> None:
    async with books(place) as day:
        before = everything(day.database)

        def half(connection: Connection) -> None:
            connection.execute("INSERT INTO users (id, kind, first_name, created_at) VALUES (5, 'house', 'x', 0)")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await day.store.write(half)
        assert everything(day.database) == before


async def test_writes_and_commits_take_turns(place: Place) -> None:
    async with books(place) as day:
        people = await asyncio.gather(*(day.person(USDT=1_000) for _ in range(20)))
        assert sorted(people) == list(range(1000, 1020))
        await asyncio.gather(*(day.place(user, "buy", 1, 100 + n) for n, user in enumerate(people)))
        with AuditReads(day.database) as reads:
            assert len(reads.snapshot().open_orders) == 20
            assert reads.findings() == []


async def test_too_many_writes_at_once_are_refused_and_batches_are_not(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MOST_WAITING", 2)
    async with books(place) as day:
        ada = await day.person(USDT=1_000)
        writes = [day.store.write(lambda connection: connection.execute("SELECT 1").fetchone()) for _ in range(4)]
        answers = await asyncio.gather(*writes, day.place(ada, "buy", 1, 100), return_exceptions=True)
        assert [isinstance(answer, Busy) for answer in answers] == [False, False, True, True, False]


async def test_a_batch_of_any_size_keeps_every_row_in_order(place: Place) -> None:
    async with books(place) as day:
        ada = await day.person(USDT=100_000)
        await day.place(ada, "buy", 1, 100)
        batch = day.batches[-1]
    store = await open_store(day.database)
    try:
        epoch, seq = (snapshot := await store.take_lead()).epoch, snapshot.seq
        last = snapshot.next_order - 1
        for size in (0, 1, 2, 3, 300, 1023, 1024, 1025, 2049):
            orders = [msgspec.structs.replace(batch.orders[0], id=last + n) for n in range(1, size + 1)]
            postings = [msgspec.structs.replace(batch.postings[0], cause=order.id) for order in orders]
            seq, last = seq + 1, last + size
            await store.commit(
                msgspec.structs.replace(
                    batch, epoch=epoch, first_seq=seq, last_seq=seq, orders=orders, postings=postings, balances=[]
                )
            )
    finally:
        await store.close()
    rows = everything(day.database)
    assert [row[0] for row in rows["orders"]] == list(range(1, last + 1))
    holds = [row[8] for row in rows["postings"] if row[7] == "hold"]
    assert holds == list(range(1, last + 1))


async def test_limits_fees_and_state_of_a_market_may_change(place: Place) -> None:
    halted = msgspec.structs.replace(BTCUSDT, taker_fee_ppm=42, max_quantity=7, state=MarketState.HALTED)
    async with books(place) as day:
        await day.do(ListMarket(day.now(), halted))
        with AuditReads(day.database) as reads:
            kept = {market.symbol: market for market in reads.snapshot().markets}
    assert kept[BTCUSDT.symbol] == halted
    assert [market.state for market in kept.values()].count(MarketState.TRADING) == len(kept) - 1


async def test_no_file_is_made_where_none_is(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await SqliteStore.open(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()


async def test_a_database_that_lost_its_sequencer_is_not_an_empty_exchange(place: Place) -> None:
    ensure_database(place)
    store = await open_store(place)
    try:
        await store.write(lambda connection: connection.execute("DELETE FROM sequencer"))
        with pytest.raises(Exception, match="does not say how far it is"):
            await store.take_lead()
    finally:
        await store.close()


async def test_the_writer_is_as_durable_as_sqlite_can_be(tmp_path: Path) -> None:
    place = tmp_path / "books.sqlite"
    async with books(place) as day:
        pragmas = {
            name: await day.store.write(lambda c, name=name: c.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_the_log_plays_back_to_the_same_state(place: Place) -> None:
    async with books(place) as day:
        await a_busy_day(day)
        again = Exchange()
        with AuditReads(day.database) as reads:
            seq, digest = replay(again, reads.log())
            kept = reads.snapshot()
        assert (seq, digest) == (kept.seq, kept.digest)
        assert again.state_hash() == day.exchange.state_hash()
        with AuditReads(day.database) as reads:
            assert next(reads.log(5)).first_seq == 5


async def test_a_place_that_cannot_write_ahead_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_database(path := tmp_path / "exchange.db")
    monkeypatch.setattr(sqlite, "_PRAGMAS", ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"))
    with pytest.raises(sqlite3.OperationalError, match="synchronous"):
        await SqliteStore.open(path)
