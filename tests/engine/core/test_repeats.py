"""A client order id names one order, so that a retry after a lost answer never buys twice."""

import pytest

from tests.support.scenario import play


def test_the_same_submission_again_is_answered_with_the_first_order() -> None:
    play("""ann buy 5@100 id:x
            ann buy 5@100 id:x
            -> already placed 1
            == 5@100 |""")


def test_also_when_the_order_has_traded_or_ended() -> None:
    play("""bob sell 5@100
            ann buy 5@100 id:x
            -> trade 1 2 5@100
            -> order 1 filled
            -> order 2 filled
            ann buy 5@100 id:x
            -> already placed 2
            bob buy 1@1 id:y
            bob cancel id:y
            -> order 3 canceled 1
            bob buy 1@1 id:y
            -> already placed 3
            == |""")


@pytest.mark.parametrize(
    "other",
    ["sell 5@100", "buy 6@100", "buy 5@101", "buy 5@100 ioc", "buy 5@100 maker", "buy 5@100 decrement", "buy 5"],
)
def test_the_same_id_with_other_content_is_refused(other: str) -> None:
    play(f"""ann buy 5@100 id:x
             ann {other} id:x
             -> refused client_order_id_reused
             == 5@100 |""")


def test_another_account_has_ids_of_its_own() -> None:
    play("""ann buy 5@100 id:x
            bob buy 6@100 id:x
            == 11@100 |""")


def test_a_refused_order_leaves_its_id_free() -> None:
    play("""bob sell 1@100
            ann buy 5@100 maker id:x
            -> refused would_take
            ann buy 5@99 maker id:x
            == 5@99 | 1@100""")


def test_an_id_of_an_order_that_ended_is_free_again_after_a_day() -> None:
    play("""ann buy 5@100 id:x
            ann cancel id:x
            -> order 1 canceled 5
            day
            ann buy 5@101 id:x
            == 5@101 |
            ann cancel id:x
            -> order 2 canceled 5""")


def test_an_open_orders_id_is_taken_as_long_as_it_is_open() -> None:
    play("""ann buy 5@100 id:x
            day
            day
            bob buy 1@1 id:a
            bob buy 1@1 id:b
            bob buy 1@1 id:c
            ann buy 5@100 id:x
            -> already placed 1
            ann buy 5@101 id:x
            -> refused client_order_id_reused
            ann cancel id:x
            -> order 1 canceled 5""")
