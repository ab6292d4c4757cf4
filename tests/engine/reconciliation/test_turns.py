"""Who is looked at next."""

from engine.core.types import FEES, MARKET_MAKER, VAULT, UserId
from engine.reconciliation.turns import MOST_CHANGED, Turns

PEOPLE = [UserId(number) for number in range(1000, 1100)]


def test_the_house_the_suspected_and_the_changed_come_first_and_leave_half_of_a_look_to_others() -> None:
    turns = Turns(20)
    turns.change(PEOPLE)
    turns.change([FEES])
    first = turns.first([UserId(5000)])
    assert first == [FEES, MARKET_MAKER, UserId(5000), *PEOPLE[:7]]
    assert turns.first([])[2:] == PEOPLE[7:15]


def test_changed_accounts_are_bounded() -> None:
    turns = Turns(20)
    turns.change(UserId(number) for number in range(2 * MOST_CHANGED))
    seen = 0
    while len(turns.first([])) > len((FEES, MARKET_MAKER)):
        seen += 8
    assert seen <= MOST_CHANGED + 8


def test_a_round_ends_with_a_page_that_is_not_full() -> None:
    turns = Turns(20)
    assert not turns.passed(PEOPLE[:10], 10)
    assert turns.after == PEOPLE[9]
    assert turns.passed(PEOPLE[10:15], 10)
    assert turns.after == VAULT
    assert turns.passed([], 10)
