"""Client order ids are remembered for a day, by the commands' own time, however many there are."""

import pytest

from engine.core.commands import CancelOrder, Deposit, PlaceOrder
from engine.core.events import AlreadyPlaced, OrderChanged
from engine.core.exchange import Exchange
from engine.core.names import LIFE
from engine.core.placing import MOST_FILLS
from engine.core.refusals import ClientOrderIdReused, TooManyClientOrderIds, TooManyFills
from engine.core.types import Atoms, Lots, Micros, OrderId, OrderType, Side, Ticks, TimeInForce, UserId
from tests.support.invariants import check
from tests.support.scenario import APL, MARKET, USD

ANN, BOB = UserId(1000), UserId(1001)
DAY = LIFE


def exchange() -> Exchange:
    made = Exchange([USD, APL], [MARKET])
    for owner in (ANN, BOB):
        for asset in (USD, APL):
            made.apply(Deposit(Micros(0), owner, asset.code, Atoms(10**9), f"{owner}{asset.code}"))
    return made


def named(name: str, at: int, user: UserId = ANN, lots: int = 1) -> PlaceOrder:
    return PlaceOrder(
        Micros(at), user, MARKET.symbol, Side.BUY, OrderType.LIMIT, Lots(lots), price=Ticks(1), client_order_id=name
    )


def placed_and_cancelled(here: Exchange, name: str, at: int, user: UserId = ANN) -> None:
    order = here.apply(named(name, at, user))[-1]
    assert isinstance(order, OrderChanged)
    here.apply(CancelOrder(Micros(at), user, order.id))


def test_a_name_means_a_closed_order_for_a_day_and_an_open_one_for_as_long_as_it_is() -> None:
    here = exchange()
    placed_and_cancelled(here, "closed", 1)
    here.apply(named("open", 1))
    assert here.apply(named("closed", 1 + DAY)) == [AlreadyPlaced(OrderId(1))]
    with pytest.raises(ClientOrderIdReused):
        here.apply(named("open", 2 + 5 * DAY, lots=2))
    assert here.apply(named("open", 2 + 5 * DAY)) == [AlreadyPlaced(OrderId(2))]
    assert isinstance(here.apply(named("closed", 2 + 5 * DAY))[-1], OrderChanged)
    here.apply(CancelOrder(Micros(2 + 6 * DAY), ANN, OrderId(2)))
    assert isinstance(here.apply(named("open", 2 + 6 * DAY))[-1], OrderChanged)


def test_room_comes_back_after_a_day_for_everybody() -> None:
    here = exchange()
    here.state.names.most = 10
    for number in range(10):
        placed_and_cancelled(here, str(number), number)
    with pytest.raises(TooManyClientOrderIds):
        here.apply(named("new", 20, BOB))
    with pytest.raises(TooManyClientOrderIds):
        here.apply(named("new", DAY, BOB))
    placed_and_cancelled(here, "new", DAY + 1, BOB)
    for number in range(9):
        placed_and_cancelled(here, f"later {number}", 3 * DAY)
    assert len(here.state.names) <= 10


def test_one_account_can_not_use_up_all_room() -> None:
    here = exchange()
    here.state.names.most_of_an_account = 3
    for number in range(3):
        placed_and_cancelled(here, str(number), 1)
    with pytest.raises(TooManyClientOrderIds):
        here.apply(named("one more", 2))
    placed_and_cancelled(here, "mine", 2, BOB)
    placed_and_cancelled(here, "one more", 2 + DAY)


def test_a_restart_remembers_the_same() -> None:
    here = exchange()
    here.apply(named("old and open", 1))
    placed_and_cancelled(here, "old and closed", 2)
    placed_and_cancelled(here, "new", 2 + DAY // 2)
    here.apply(named("newest", 10 + DAY))
    again = Exchange()
    again.restore(here.snapshot(seq=0, epoch=0, digest=b""))
    for name, known in (("old and open", True), ("old and closed", False), ("new", True), ("newest", True)):
        for each in (here, again):
            repeated = each.apply(named(name, 11 + DAY))
            assert isinstance(repeated[-1], AlreadyPlaced) is known, name
    assert here.state_hash() == again.state_hash()


def test_an_order_that_would_trade_with_thousands_is_refused_whole() -> None:
    here = exchange()
    for _ in range(MOST_FILLS + 1):
        here.apply(PlaceOrder(Micros(1), BOB, MARKET.symbol, Side.SELL, OrderType.LIMIT, Lots(1), price=Ticks(5)))
    before = here.state_hash()
    sweep = {"type": OrderType.MARKET, "time_in_force": TimeInForce.IOC}
    with pytest.raises(TooManyFills):
        here.apply(PlaceOrder(Micros(2), ANN, MARKET.symbol, Side.BUY, quantity=Lots(MOST_FILLS + 1), **sweep))
    assert here.state_hash() == before
    order = here.apply(PlaceOrder(Micros(2), ANN, MARKET.symbol, Side.BUY, quantity=Lots(MOST_FILLS), **sweep))[-1]
    assert isinstance(order, OrderChanged)
    assert order.filled == MOST_FILLS
    check(here)
