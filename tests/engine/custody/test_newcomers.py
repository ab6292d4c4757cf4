"""A day's deposit addresses, of which strangers with many accounts can't take all."""

from collections.abc import Hashable

import pytest

from engine.core.types import Micros, UserId
from engine.custody.newcomers import DAY, Newcomers
from engine.custody.refusals import TooManyDepositAddresses


class Door:
    def __init__(self, most: int = 10, most_a_place: int = 3) -> None:
        self.newcomers = Newcomers(most, most_a_place)
        self.now = 100 * DAY

    def lets(self, user: int, place: Hashable) -> bool:
        try:
            self.newcomers.let_in(UserId(user), place, Micros(self.now))
        except TooManyDepositAddresses:
            return False
        return True


def test_a_place_has_its_share_and_leaves_the_others_theirs() -> None:
    door = Door()
    assert [door.lets(user, "his") for user in range(6)] == [True] * 3 + [False] * 3
    assert door.lets(2, "his")  # who was let in asks again, and is counted once
    assert [door.lets(user, None) for user in range(20, 24)] == [True] * 3 + [False]  # who comes from nowhere, too
    assert [door.lets(user, b"hers") for user in range(10, 15)] == [True] * 3 + [False] * 2


def test_together_they_have_theirs_and_each_again_after_a_day() -> None:
    door = Door()
    for user in range(10):
        door.now += 1
        assert door.lets(user, f"place {user}")
    assert not door.lets(10, "place 10")
    door.now += DAY - 10
    assert not door.lets(10, "place 10")
    door.now += 1
    assert door.lets(10, "place 0")
    assert not door.lets(11, "place 11")
    door.now += DAY
    assert [door.lets(user, "place 0") for user in range(20, 24)] == [True] * 3 + [False]
    assert len(door.newcomers._came) == 3
    assert door.newcomers._places == {"place 0": 3}


@pytest.mark.parametrize("before", [9, 10])
def test_a_restart_does_not_begin_the_day_anew(before: int) -> None:
    door = Door()
    door.newcomers.restore([(UserId(user), Micros(door.now - DAY + 1 + user)) for user in range(before)])
    assert door.lets(100, "place") is (before < 10)
    assert not door.lets(101, "elsewhere")
    door.now += 1  # the first of them is a day ago
    assert door.lets(101, "elsewhere")
