"""An order may be made smaller, and stays where it is in the queue."""

import pytest

from tests.support.scenario import play, play_poor


def test_a_smaller_order_keeps_its_place_and_frees_what_it_held() -> None:
    play_poor("""ann deposit 1000 USD one
                 -> deposited 1000 USD
                 cid deposit 500 USD two
                 -> deposited 500 USD
                 bob deposit 3 APL three
                 -> deposited 3 APL
                 ann buy 10@100
                 cid buy 5@100
                 ann == 0+1000 USD 0+0 APL
                 ann amend 1 4
                 -> reduced 1 6
                 ann == 600+400 USD 0+0 APL
                 == 9@100 |
                 bob sell 3@100
                 -> trade 1 3 3@100
                 -> order 1 partially_filled 1
                 -> order 3 filled""")


def test_what_has_traded_counts_as_wanted() -> None:
    play("""ann buy 10@100
            bob sell 4@100
            -> trade 1 2 4@100
            -> order 1 partially_filled 6
            -> order 2 filled
            ann amend 1 4
            -> refused invalid_quantity
            ann amend 1 3
            -> refused invalid_quantity
            ann amend 1 5
            -> order 1 partially_filled 1
            -> reduced 1 5
            bob sell 1@100
            -> trade 1 3 1@100
            -> order 1 filled
            -> order 3 filled
            == |""")


def test_the_same_size_again_changes_nothing() -> None:
    play("""ann buy 10@100
            ann amend 1 6
            -> reduced 1 4
            ann amend 1 6
            == 6@100 |""")


@pytest.mark.parametrize("lots", ["11", "0", "-1"])
def test_an_order_never_grows_and_never_ends_by_it(lots: str) -> None:
    play(f"""ann buy 10@100
             ann amend 1 {lots}
             -> refused invalid_quantity
             == 10@100 |""")


def test_nobody_elses_and_nothing_that_is_over() -> None:
    play("""ann buy 10@100
            bob amend 1 5
            -> refused unknown_order
            ann cancel 1
            -> order 1 canceled 10
            ann amend 1 5
            -> refused unknown_order
            ann amend 7 5
            -> refused unknown_order""")


def test_the_name_still_means_the_order_as_it_was_placed() -> None:
    play("""ann buy 10@100 id:x
            ann amend 1 6
            -> reduced 1 4
            ann buy 10@100 id:x
            -> already placed 1
            ann buy 6@100 id:x
            -> refused client_order_id_reused""")


def test_a_cancelled_one_gives_back_only_what_it_still_held() -> None:
    play_poor("""ann deposit 1000 USD one
                 -> deposited 1000 USD
                 ann buy 10@100
                 ann amend 1 6
                 -> reduced 1 4
                 ann cancel 1
                 -> order 1 canceled 6
                 ann == 1000+0 USD 0+0 APL""")
