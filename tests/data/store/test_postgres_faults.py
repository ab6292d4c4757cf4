"""PostgreSQL fails in the midst of trading: what was answered is there, the writer ends, and no order is half done."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count

import asyncpg
import pytest

from clobster.audit import audit
from clobster.books import opening
from clobster.sources import NotNow
from engine.core.commands import PlaceOrder
from engine.core.events import AlreadyPlaced, OrderChanged
from engine.core.types import Lots, OrderId, OrderType, Side, Ticks
from engine.sequencer.sequencer import Busy
from tests.data.store.books import BTCUSDT, Books, books
from tests.support import postgres
from tests.support.cluster import SEGMENT, WRITER, Cluster

FAILS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
CUT_OFF = f"SELECT pg_terminate_backend(pid) FROM ({WRITER}) AS writer"
AT_ONCE = 100
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    try:
        yield made
    finally:
        made.end()


class People:
    """Two who trade with each other, over all lives of their exchange, and what they were answered."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answered: dict[str, OrderId] = {}

    async def sign_in(self, day: Books) -> None:
        """Both come with money."""
        self.ada, self.bob = await day.person(USDT=1_000_000), await day.person(BTC=1_000)

    def order(self, day: Books, name: str) -> PlaceOrder:
        """Return the order that has a name: it is bought or sold at one price."""
        is_bid = name.startswith("buy")
        return PlaceOrder(
            at=day.now(),
            user=self.ada if is_bid else self.bob,
            symbol=BTCUSDT.symbol,
            side=Side.BUY if is_bid else Side.SELL,
            type=OrderType.LIMIT,
            quantity=Lots(1),
            price=Ticks(1_000),
            client_order_id=name,
        )

    async def place(self, day: Books, name: str) -> None:
        """Place an order and write down what was answered."""
        placed = (await day.do(self.order(day, name)))[-1]
        assert isinstance(placed, OrderChanged)
        self.answered[name] = placed.id

    async def trade(self, day: Books, name: str, pairs: int = 10) -> None:
        """Buy and sell, all at once. Raises what an order raised that was not answered."""
        names = [f"{side}-{name}-{number}" for number in range(pairs) for side in ("buy", "sell")]
        for outcome in await asyncio.gather(*(self.place(day, each) for each in names), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def orders(self, day: Books) -> dict[str, OrderId]:
        """Return the orders that the database has, by their own names."""
        found, cursor = {}, None
        for person in (self.ada, self.bob):
            while True:
                page = await day.queries.orders(person, limit=1_000, cursor=cursor)
                found |= {order.client_order_id: order.id for order in page.items}
                if (cursor := page.next_cursor) is None:
                    break
        return found

    async def goes_on(self, unanswered: dict[str, OrderId] | None = None) -> None:
        """Open the books again: what was answered is there and nothing else, people trade on, and all adds up."""
        async with books(self.url) as day:
            assert await self.orders(day) == self.answered | (unanswered or {})
            await self.trade(day, "after")
        report = await asyncio.to_thread(audit, self.url)
        assert report.clean, report.lines


@asynccontextmanager
async def slow_commits(cluster: Cluster, people: People, day: Books) -> AsyncIterator[asyncio.Task[None]]:
    """Let commits wait for a standby that is not there, once they are on the disk; yield an order that waits."""
    await asyncio.to_thread(cluster.set, "synchronous_standby_names", "nobody")
    try:
        async with asyncio.timeout(PATIENCE_S):
            for number in count():
                placing = asyncio.create_task(people.place(day, f"buy-waits-{number}"))
                while not placing.done() and not await is_waiting_for(people.url, "SyncRep"):
                    pass
                if not placing.done():
                    yield placing
                    return
    finally:
        await asyncio.to_thread(cluster.set, "synchronous_standby_names", "")


async def is_waiting_for(url: str, event: str) -> bool:
    """Say whether an exchange's writer waits for something of PostgreSQL's."""
    return event in [waits for _, waits in await asyncio.to_thread(postgres.run, url, WRITER)]


@pytest.mark.parametrize(
    ("room", "said"),
    # Where a table finds no room the transaction fails; where the log finds none PostgreSQL itself ends and recovers.
    [(SEGMENT, "could not extend file"), (SEGMENT // 2, "could not write to log file")],
    ids=["tables", "log"],
)
async def test_what_was_answered_outlives_a_disk_that_takes_no_more(cluster: Cluster, room: int, said: str) -> None:
    people = People(cluster.empty_exchange())
    with pytest.raises(FAILS):  # noqa: PT012  it is not known which order meets the end
        async with books(people.url) as day:
            await people.sign_in(day)
            await people.trade(day, "before")
            await asyncio.to_thread(cluster.limit, people.url, room)
            for number in range(1_000):
                await people.trade(day, f"full-{number}", 50)
    assert said in cluster.log()  # whoever it ends under is not always told
    await asyncio.to_thread(cluster.until_it_answers)
    await people.goes_on()


async def test_books_that_become_read_only_take_nothing_and_can_be_read(cluster: Cluster) -> None:
    people = People(cluster.empty_exchange())
    refused = asyncpg.ReadOnlySQLTransactionError
    with pytest.raises(refused):  # noqa: PT012
        async with books(people.url) as day:
            await people.sign_in(day)
            await people.trade(day, "before")
            await asyncio.to_thread(cluster.set, "default_transaction_read_only", "on")
            with pytest.raises(Busy, match="can't be written"):  # noqa: PT012  it is not known who comes after it
                async with asyncio.timeout(PATIENCE_S):
                    while True:
                        await day.person()
            assert await people.orders(day) == people.answered
            await people.trade(day, "after")
    # So is a standby, of which the lead's lock can be had. Whoever supervises starts again.
    with pytest.raises(NotNow, match="in a read-only transaction"), opening(people.url):
        async with books(people.url):
            pass
    assert (await asyncio.to_thread(audit, people.url)).clean
    await asyncio.to_thread(cluster.set, "default_transaction_read_only", "off")
    await people.goes_on()


async def test_a_server_that_is_killed_in_the_middle_of_a_batch_has_nothing_of_it(cluster: Cluster) -> None:
    people = People(cluster.empty_exchange())
    with pytest.raises(FAILS):  # noqa: PT012
        async with books(people.url) as day:
            await people.sign_in(day)
            await people.trade(day, "before")
            in_the_way = await asyncpg.connect(people.url)
            await in_the_way.execute("BEGIN; LOCK TABLE trades IN ACCESS EXCLUSIVE MODE")
            trading = asyncio.create_task(people.trade(day, "lost"))
            while not await is_waiting_for(people.url, "relation"):
                pass
            await asyncio.to_thread(cluster.kill)
            await trading
    await asyncio.to_thread(cluster.start)
    await people.goes_on()


async def test_who_asks_while_it_is_away_is_told_to_try_again_and_the_writer_ends(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.store.store.LOOK_S", 0.0)
    people = People(cluster.empty_exchange())
    async with books(people.url) as day:
        await people.sign_in(day)
        await people.trade(day, "before")
        attending = asyncio.create_task(day.store.attend())
        await asyncio.to_thread(cluster.kill)
        for _ in range(3):
            with pytest.raises(Busy, match="can't be read"):
                await people.orders(day)
            with pytest.raises(Busy, match="can't be written"):
                await day.store.write(lambda connection: connection.execute("SELECT 1"))
        with pytest.raises(FAILS):
            await attending
        await asyncio.to_thread(cluster.start)
        assert await people.orders(day) == people.answered
        with pytest.raises(FAILS):  # nor does it find its way back
            await day.store.attend()
    await people.goes_on()


async def test_an_order_whose_commit_is_done_but_not_told_is_there_once(cluster: Cluster) -> None:
    people = People(cluster.empty_exchange())
    with pytest.raises(FAILS):  # noqa: PT012
        async with books(people.url) as day:
            await people.sign_in(day)
            await people.trade(day, "before")
            async with slow_commits(cluster, people, day) as trading:
                await asyncio.to_thread(postgres.run, people.url, CUT_OFF)
                await trading
    async with books(people.url) as day:
        untold = {name: id for name, id in (await people.orders(day)).items() if name not in people.answered}
        assert untold, "the commit was not done"
        for name, id in untold.items():
            [again] = await day.do(people.order(day, name))
            assert again == AlreadyPlaced(id)
    await people.goes_on(untold)


async def test_on_slow_commits_orders_share_them_and_nobody_is_answered_before_theirs(cluster: Cluster) -> None:
    people = People(cluster.empty_exchange())
    async with books(people.url) as day:
        await people.sign_in(day)
        await people.trade(day, "before")
        async with slow_commits(cluster, people, day) as slow:
            before, told = day.sequencer.commits, dict(people.answered)
            waiting = [asyncio.create_task(people.trade(day, f"slow-{number}", 1)) for number in range(AT_ONCE)]
            await asyncio.sleep(0)
            assert await people.orders(day) == told == people.answered, "shown or told before it was durable"
            assert not slow.done()
        await asyncio.gather(slow, *waiting)
        assert day.sequencer.commits - before <= 3, "each waited for a commit of its own"
    await people.goes_on()
