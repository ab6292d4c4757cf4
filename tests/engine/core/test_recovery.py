"""An exchange that starts again from what was kept is the same one."""

import msgspec
import pytest

from engine.core.commands import CancelAll, Deposit, ListMarket
from engine.core.events import Deposited, Event, OrderChanged
from engine.core.exchange import Exchange
from engine.core.refusals import TooManyOpenOrders
from engine.core.snapshot import GENESIS_DIGEST
from engine.core.types import Atoms, Lots, Micros, Side, Symbol, Ticks, UserId
from tests.support.invariants import check
from tests.support.scenario import APL, MARKET, USD, limit, play

ANN = UserId(1000)
OTHER = msgspec.structs.replace(MARKET, symbol=Symbol("OTHER"))


def again(exchange: Exchange) -> Exchange:
    """Return a new exchange that knows what this one keeps."""
    found = Exchange()
    found.restore(exchange.snapshot(seq=0, epoch=0, digest=GENESIS_DIGEST))
    check(found)
    return found


def rich() -> Exchange:
    """Return an exchange with two markets, of at most two open orders an account, and Ann, who has plenty."""
    exchange = Exchange([USD, APL], [msgspec.structs.replace(m, max_open_orders=2) for m in (MARKET, OTHER)])
    for asset in (USD, APL):
        exchange.apply(Deposit(Micros(1), ANN, asset.code, Atoms(10**6), asset.code))
    return exchange


def orders(events: list[Event]) -> list[int]:
    """Return the ids of the orders that events tell of."""
    return [event.id for event in events if isinstance(event, OrderChanged)]


def test_orders_come_back_as_they_were() -> None:
    exchange = play("""ann sell 9@100
                       bob sell 5@100
                       ann buy 2@100 decrement
                       -> order 1 new 7
                       -> order 3 expired_in_match
                       bob buy 3@100
                       -> trade 1 4 3@100
                       -> order 1 partially_filled 4
                       -> order 4 filled
                       bob buy 5@99 id:x
                       ann withdraw 7 USD
                       -> withdrawal 1 requested
                       == 5@99 | 9@100""")
    restored = again(exchange)
    assert restored.state_hash() == exchange.state_hash()
    assert again(restored).state_hash() == exchange.state_hash()
    order = restored.state.orders[next(iter(restored.state.orders))]
    assert (order.remaining, order.filled, order.prevented, order.notional) == (4, 3, 2, 300)


def test_any_difference_changes_the_hash() -> None:
    base = "ann sell 9@100\nbob sell 5@100"
    hashes = [
        play(text).state_hash()
        for text in (
            base,
            "bob sell 5@100\nann sell 9@100",
            "ann sell 9@100\nbob sell 4@100",
            base + "\ncid withdraw 1 USD\n-> withdrawal 1 requested",
            base + "\nann buy 1@1\nann cancel 3\n-> order 3 canceled 1",
        )
    ]
    assert len(set(hashes)) == len(hashes)


def test_time_does_not_run_backwards() -> None:
    exchange = rich()
    exchange.apply(Deposit(Micros(1_000), ANN, USD.code, Atoms(1), "later"))
    (deposited,) = exchange.apply(Deposit(Micros(500), ANN, USD.code, Atoms(1), "the clock was set back"))
    assert isinstance(deposited, Deposited)
    assert deposited.at == 1_000


def test_open_orders_are_limited_per_market_also_after_a_restart() -> None:
    exchange = rich()
    exchange.apply(limit(ANN, Side.BUY, Lots(1), Ticks(1)))
    exchange.apply(limit(ANN, Side.BUY, Lots(1), Ticks(1)))
    for each in (exchange, again(exchange)):
        with pytest.raises(TooManyOpenOrders):
            each.apply(limit(ANN, Side.BUY, Lots(1), Ticks(1)))
        each.apply(msgspec.structs.replace(limit(ANN, Side.BUY, Lots(1), Ticks(1)), symbol=OTHER.symbol))
        each.apply(ListMarket(Micros(1), msgspec.structs.replace(MARKET, max_open_orders=3)))
        each.apply(limit(ANN, Side.BUY, Lots(1), Ticks(1)))


def test_cancel_all_reaches_every_market_oldest_first_or_only_one() -> None:
    exchange = rich()
    here = limit(ANN, Side.BUY, Lots(1), Ticks(1))
    there = msgspec.structs.replace(here, symbol=OTHER.symbol)
    for order in (there, here, there, here):
        exchange.apply(order)
    one = again(exchange)
    assert orders(one.apply(CancelAll(Micros(1), ANN, OTHER.symbol))) == [1, 3]
    assert orders(exchange.apply(CancelAll(Micros(1), ANN))) == [1, 2, 3, 4]
