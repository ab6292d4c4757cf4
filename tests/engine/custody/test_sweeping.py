"""What may be swept out of a deposit account, and what goes into one transaction."""

from collections.abc import Sequence

import pytest

from engine.core.types import AssetCode, Atoms, UserId
from engine.custody.sweeping import MOST_TOGETHER, Unswept, together
from engine.settlement.types import Move

USDT = AssetCode("USDT")


@pytest.mark.parametrize(
    ("seen", "credited", "swept", "passing", "expected"),
    [
        (100, 100, 0, 0, 100),
        (107, 100, 0, 0, 100),  # dust lies there, too
        (0, 100, 100, 0, 0),  # swept, and seen to go
        (100, 100, 100, 100, 0),  # swept, and not seen to go yet
        (130, 130, 100, 100, 30),  # more has come meanwhile
        (100, 130, 100, 100, 0),  # more is credited, but was not looked at to the end
        (7, 100, 100, 0, 0),  # dust alone
        (7, 120, 100, 0, 7),  # play money that is not minted yet: dust in its stead, once
        (0, 100, 0, 0, 0),
    ],
)
def test_what_is_credited_and_there_is_swept_once(
    seen: int, credited: int, swept: int, passing: int, expected: int
) -> None:
    assert Unswept("account", "ada", UserId(1000), USDT, seen, credited, swept, passing).atoms == expected


def test_moves_share_a_transaction_as_far_as_they_fit() -> None:
    moves = [Move(USDT, Atoms(number), f"source {number}", "vault", UserId(number)) for number in range(1, 10)]

    def fits(some: Sequence[Move]) -> bool:
        return sum(move.atoms for move in some) <= 15

    assert [[move.atoms for move in batch] for batch in together(moves, lambda _: True)] == [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [9],
    ]
    assert [[move.atoms for move in batch] for batch in together(moves, fits)] == [[1, 2, 3, 4], [5, 6], [7, 8], [9]]
    assert together([], fits) == []
    assert MOST_TOGETHER == 4
