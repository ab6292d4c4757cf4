"""What a withdrawal costs and how much it may be, told before it is asked for."""

import pytest

from engine.core.types import Atoms
from tests.webapp_api.house import House
from tests.webapp_api.payouts import Desk
from tests.webapp_api.test_withdrawals import choose

TERMS = "/api/portfolio/withdrawal-terms"


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


async def test_what_a_withdrawal_costs_and_may_be_is_told_before_and_is_what_is_done_then(desk: Desk) -> None:
    ada, _ = await desk.ada()
    terms = f"{TERMS}?asset=USDT"
    choose(desk)
    assert (await ada.get(terms)).body == {
        "asset": "USDT",
        "fee": "0.000000",
        "minimum": "0.000001",
        "maximum": None,
        "day_limit": None,
        "day_left": None,
        "under_way": 0,
        "most_under_way": 5,
    }
    usdt = {"fees": 2_500_000, "minimums": 1_000_000, "day_limits": 250_000_000, "house_day_limits": 120_000_000}
    choose(desk, most_open=9, **{name: {"USDT": Atoms(atoms)} for name, atoms in usdt.items()})
    told = (await ada.get(terms)).body
    assert (told["fee"], told["minimum"], told["maximum"]) == ("2.500000", "2.500001", "120.000000")
    assert (await desk.ask(ada, amount="2.5")).problem == (400, "below_minimum")
    assert (await desk.ask(ada, amount="120.000001")).problem == (429, "day_limit")
    least, most = [(await desk.ask(ada, amount=told[name])).body for name in ("minimum", "maximum")]
    assert (least["fee"], least["net"], most["net"]) == (told["fee"], "0.000001", "117.500000")

    await desk.ask(ada, amount="100")
    told = (await ada.get(terms)).body
    assert (told["day_limit"], told["day_left"], told["maximum"]) == ("250.000000", "27.499999", "27.499999")
    assert (told["under_way"], told["most_under_way"]) == (3, 9)
    assert (await desk.ask(ada, amount="27.5")).problem == (429, "day_limit")
    await desk.ask(ada, amount=told["maximum"])
    assert [(await ada.get(terms)).body[name] for name in ("day_left", "maximum")] == ["0.000000", "0.000000"]
    ben, _ = await desk.ada(telegram_id=2, wallet=2)
    assert (await ben.get(terms)).body["day_left"] == "250.000000"


async def test_the_most_that_may_be_withdrawn_counts_the_worth_of_all_that_leaves(desk: Desk) -> None:
    choose(desk, day_value=Atoms(150))
    desk.house.deps.withdrawals._value = lambda _code, atoms: atoms * 2 // 3_000_000
    ada, _ = await desk.ada()
    await desk.ask(ada)
    told = (await ada.get(f"{TERMS}?asset=USDT")).body
    assert (told["maximum"], told["day_left"]) == ("126.499999", None)  # with the 100, 226.499999 are worth 150
    assert (await desk.ask(ada, amount="126.5")).problem == (429, "day_limit")
    assert (await desk.ask(ada, amount="126.499999")).status == 201


async def test_terms_are_told_of_what_is_paid_out_and_to_who_may_ask(desk: Desk) -> None:
    ada, _ = await desk.ada()
    assert (await ada.get(f"{TERMS}?asset=BTC")).problem == (404, "unknown_asset")  # it has no mint here
    assert (await ada.get(f"{TERMS}?asset=EUR")).problem == (404, "unknown_asset")
    assert (await ada.get(TERMS)).problem == (400, "invalid_parameter")
    assert (await desk.house.nobody.get(f"{TERMS}?asset=USDT")).problem == (401, "unauthorized")
    desk.house.deps.withdrawals.outside = None
    assert (await ada.get(f"{TERMS}?asset=USDT")).status == 200  # while the chain is away
    desk.house.deps.withdrawals._is_off = True
    assert (await ada.get(f"{TERMS}?asset=USDT")).problem == (409, "withdrawals_off")
