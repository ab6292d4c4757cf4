"""What is written down of accounts, beside what the fills themselves say."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import pytest
from solders.signature import Signature

from data.store.connection import Connection
from data.store.opening import Place
from data.store.reconciliation import SqlBooks, SqlStops
from data.store.settlement import SqlSettlement
from engine.core.commands import CompleteWithdrawal, Deposit, RequestWithdrawal
from engine.core.events import WithdrawalChanged
from engine.core.types import FEES, VAULT, AssetCode, Atoms, Micros, TradeId, UserId
from engine.reconciliation.comparing import of_books
from engine.reconciliation.types import Difference, Identity, Line
from engine.settlement.fills import Fill
from engine.settlement.netting import net_of
from tests.data.store.books import Books, books

USDT = AssetCode("USDT")
LONG_AGO = Micros(0)
SOON = Micros(2**62)
MOST_FILLS = 1_000
STATES = ("sent", "settled", "waits", "settled", "confirmed")


@pytest.fixture
async def desk(place: Place) -> AsyncIterator[Books]:
    async with books(place) as opened:
        yield opened


async def trade(desk: Books, people: Sequence[UserId], number: int, chance: random.Random) -> None:
    for _ in range(number):
        maker, taker = chance.sample(people, 2)
        side, other = chance.choice((("buy", "sell"), ("sell", "buy")))
        price, lots = chance.choice((6_000_000, 6_000_001)), chance.randint(1, 50)
        await desk.place(maker, side, lots, price)
        await desk.place(taker, other, lots, price)


def owed(lines: Sequence[Line]) -> dict[tuple[UserId, AssetCode], int]:
    return {(line.user, line.asset): line.owed for line in lines if line.owed}


async def put(desk: Books, trades: Sequence[TradeId], state: str) -> None:
    """Put fills into a batch of a state, or fail them."""

    def write(connection: Connection) -> None:
        batch = None
        if state != "waits":
            [batch] = connection.execute(
                "INSERT INTO settlement_batches (kind, state, moves, signature, created_at, updated_at)"
                " VALUES ('fills', ?, '[]', ?, 1, 1) RETURNING batch_id",
                (state, str(Signature.new_unique())),
            ).fetchone()
        reason = None if batch else "frozen"
        values = [(batch, reason, trade) for trade in trades]
        connection.executemany("UPDATE settlement_outbox SET batch_id = ?, failed = ? WHERE trade_id = ?", values)

    await desk.store.write(write)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_is_owed_is_what_fills_move_however_often_it_is_read(desk: Books, seed: int) -> None:
    chance = random.Random(seed)
    people = [await desk.person(USDT=100_000, BTC=10) for _ in range(5)]
    settlement, reading = SqlSettlement(desk.store, desk.queries), SqlBooks(desk.queries)
    fills: dict[TradeId, Fill] = {}
    been: set[str] = set()
    state: defaultdict[TradeId, str] = defaultdict(lambda: "owed")
    for turn in range(25):
        await trade(desk, people, chance.randint(0, 4), chance)
        fills |= {fill.id: fill for fill in await settlement.owed(TradeId(0), MOST_FILLS)}
        unsettled = [each for each in fills if state[each] != "settled"]
        some = chance.sample(unsettled, min(len(unsettled), chance.randint(0, 4)))
        if chance.random() < 0.5:  # as it mostly goes
            some = sorted(unsettled)[: len(some)]
        now = STATES[turn % len(STATES)]
        if some:
            been.add(now)
            await put(desk, some, now)
            state.update(dict.fromkeys(some, now))
        written = await reading.read([*people, FEES], LONG_AGO)
        expected = net_of(fill for fill in fills.values() if state[fill.id] != "settled")
        assert owed(written.lines) == expected
        assert owed((await SqlBooks(desk.queries).read([*people, FEES], LONG_AGO)).lines) == expected
    assert {"settled", "waits", "sent"} <= been


async def test_what_has_left_and_the_ledger_still_has(desk: Books) -> None:
    ada = await desk.person(USDT=100)
    command = RequestWithdrawal(desk.now(), ada, USDT, Atoms(60), "somewhere", Atoms(2), "one")
    (asked,) = await desk.do(command)
    assert isinstance(asked, WithdrawalChanged)
    reading = SqlBooks(desk.queries)

    async def read() -> dict[UserId, Line]:
        return {line.user: line for line in (await reading.read([ada, FEES], LONG_AGO)).lines if line.asset == USDT}

    assert (await read())[ada].leaving == 0
    await desk.store.write(
        lambda connection: connection.execute(
            "INSERT INTO settlement_batches (kind, state, moves, withdrawal_id, signature, created_at, updated_at)"
            " VALUES ('withdrawal', 'settled', '[]', ?, 'x', 1, 1)",
            (asked.id,),
        )
    )
    found = await read()
    assert (found[ada].leaving, found[FEES].leaving) == (60, -2)
    assert found[ada].ledger == 100 * 10**6
    await desk.do(CompleteWithdrawal(desk.now(), asked.id))
    found = await read()
    assert (found[ada].leaving, found[ada].ledger, found[FEES].leaving, found[FEES].ledger) == (0, 99_999_940, 0, 2)


async def test_books_before_anything_has_settled_agree_with_themselves(desk: Books) -> None:
    people = [await desk.person(USDT=1_000, BTC=1) for _ in range(3)]
    await trade(desk, people, 10, random.Random(4))
    written = await SqlBooks(desk.queries).read([*people, FEES], SOON)
    assert of_books(written.lines) == []
    assert {line.user for line in written.lines} == {*people, FEES}
    assert all(line.old_credits == 0 for line in written.lines)  # none of it came by a chain


async def test_only_what_came_by_the_chain_a_while_ago_is_an_old_credit(desk: Books) -> None:
    ada = await desk.person()
    for reference, atoms in (("solana:signature:account", 5), ("dev:one", 70)):
        await desk.do(Deposit(desk.now(), ada, USDT, Atoms(atoms), reference))
    for since, old in ((LONG_AGO, 0), (SOON, 5)):
        [line] = (await SqlBooks(desk.queries).read([ada], since)).lines
        assert (line.credited, line.old_credits) == (75, old)


async def test_accounts_come_by_their_ids_each_once_and_the_mirror_never(desk: Books) -> None:
    people = [await desk.person(USDT=1) for _ in range(7)]
    empty = await desk.person()
    reading, found, after = SqlBooks(desk.queries), [], UserId(0)
    while page := await reading.accounts(after, 3):
        assert len(page) <= 3
        found += page
        after = page[-1]
    assert found == people
    assert VAULT not in found
    assert empty not in found


async def test_what_stops_withdrawals_is_kept_once_and_forgotten_at_once(desk: Books) -> None:
    ada = await desk.person(USDT=1)
    stops = SqlStops(desk.store, desk.queries)
    huge = Difference(ada, USDT, Identity.BOOKS, 2**70, -(2**70))
    gone = Difference(ada, USDT, Identity.VAULT, 5, 0, 77, "missing")
    await stops.keep([huge], Micros(1))
    await stops.keep([gone, Difference(ada, USDT, Identity.BOOKS, 1, 2)], Micros(2))
    assert await stops.kept() == [huge, gone]
    await stops.clear()
    assert await stops.kept() == []
