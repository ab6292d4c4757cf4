"""What is owed, as it is read on either database."""

from data.store.opening import Place
from data.store.settlement import SqlSettlement
from engine.core.types import TradeId
from tests.data.store.books import Books, books


async def trade(exchange: Books, times: int) -> None:
    ada, bob = [await exchange.person(USDT=10_000, BTC=10) for _ in range(2)]
    for _ in range(times):
        await exchange.place(ada, "sell", 1, 6_000_000)
        await exchange.place(bob, "buy", 1, 6_000_000)


async def test_owed_fills_are_read_as_far_as_one_likes(place: Place) -> None:
    async with books(place) as exchange:
        await trade(exchange, 5)
        owed = SqlSettlement(exchange.store, exchange.queries).owed
        assert [fill.id for fill in await owed(TradeId(0), 10)] == [1, 2, 3, 4, 5]
        assert [fill.id for fill in await owed(TradeId(1), 10, TradeId(4))] == [2, 3, 4]
        assert [fill.id for fill in await owed(TradeId(1), 2, TradeId(4))] == [2, 3]


async def test_failed_fills_are_owed_again_a_few_at_a_time(place: Place) -> None:
    async with books(place) as exchange:
        await trade(exchange, 5)
        settlement = SqlSettlement(exchange.store, exchange.queries)
        await exchange.store.write(
            lambda connection: connection.execute(
                "UPDATE settlement_outbox SET failed = 'why' WHERE trade_id <> ?", (3,)
            )
        )
        assert [fill.id for fill in await settlement.retry(2, None)] == [1, 2]
        assert [fill.id for fill in await settlement.retry(2, [TradeId(5), TradeId(3)])] == [5]
        assert [fill.id for fill in await settlement.retry(2, None)] == [4]
        assert await settlement.retry(2, None) == []
        assert [fill.id for fill in await settlement.owed(TradeId(0), 10)] == [1, 2, 3, 4, 5]
