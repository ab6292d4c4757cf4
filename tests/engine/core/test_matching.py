"""Who trades with whom, at what price, and what becomes of the rest."""

import pytest

from tests.support.scenario import play


def test_an_order_that_meets_nothing_rests() -> None:
    play("""ann buy 5@100
            bob sell 3@101
            ann buy 2@100
            == 7@100 | 3@101""")


def test_the_better_price_trades_first() -> None:
    play("""ann sell 5@101
            ann sell 5@100
            bob buy 7@101
            -> trade 2 3 5@100
            -> order 2 filled
            -> trade 1 3 2@101
            -> order 1 partially_filled 3
            -> order 3 filled
            == | 3@101""")


def test_the_best_bid_is_the_highest() -> None:
    play("""ann buy 5@99
            ann buy 5@100
            bob sell 6@90
            -> trade 2 3 5@100
            -> order 2 filled
            -> trade 1 3 1@99
            -> order 1 partially_filled 4
            -> order 3 filled
            == 4@99 |""")


def test_the_older_order_at_the_same_price_trades_first() -> None:
    play("""ann sell 5@100
            cid sell 5@100
            bob buy 6@101
            -> trade 1 3 5@100
            -> order 1 filled
            -> trade 2 3 1@100
            -> order 2 partially_filled 4
            -> order 3 filled
            == | 4@100""")


def test_a_partial_fill_keeps_its_place() -> None:
    play("""ann sell 5@100
            cid sell 5@100
            bob buy 2@100
            -> trade 1 3 2@100
            -> order 1 partially_filled 3
            -> order 3 filled
            bob buy 4@100
            -> trade 1 4 3@100
            -> order 1 filled
            -> trade 2 4 1@100
            -> order 2 partially_filled 4
            -> order 4 filled""")


def test_what_does_not_trade_of_a_limit_order_rests_at_its_own_price() -> None:
    play("""ann sell 5@100
            bob buy 8@102
            -> trade 1 2 5@100
            -> order 1 filled
            -> order 2 partially_filled 3
            == 3@102 |""")


def test_no_trade_beyond_the_limit() -> None:
    play("""ann sell 5@100
            ann sell 5@102
            bob buy 8@101
            -> trade 1 3 5@100
            -> order 1 filled
            -> order 3 partially_filled 3
            == 3@101 | 5@102""")


def test_a_market_order_takes_any_price_and_never_rests() -> None:
    play("""ann sell 5@100
            ann sell 5@9000
            bob buy 12
            -> trade 1 3 5@100
            -> order 1 filled
            -> trade 2 3 5@9000
            -> order 2 filled
            -> order 3 expired 2
            == |""")


def test_a_market_order_on_an_empty_book_expires() -> None:
    play("""bob buy 12
            -> order 1 expired 12
            bob raise 500
            -> order 2 expired
            == |""")


def test_a_market_buy_by_amount_spends_no_more_than_that() -> None:
    play("""ann sell 2@100
            ann sell 9@110
            bob spend 499
            -> trade 1 3 2@100
            -> order 1 filled
            -> trade 2 3 2@110
            -> order 2 partially_filled 7
            -> order 3 filled
            == | 7@110""")


def test_a_market_sell_by_amount_raises_no_more_than_that() -> None:
    play("""ann buy 2@100
            ann buy 9@90
            bob raise 300
            -> trade 1 3 2@100
            -> order 1 filled
            -> trade 2 3 1@90
            -> order 2 partially_filled 8
            -> order 3 filled
            == 8@90 |""")


def test_an_amount_larger_than_the_book_expires_with_what_it_got() -> None:
    play("""ann sell 2@100
            bob spend 499
            -> trade 1 2 2@100
            -> order 1 filled
            -> order 2 expired
            == |""")


def test_an_amount_smaller_than_one_lot_is_refused() -> None:
    play("""ann sell 2@100
            bob spend 99
            -> refused invalid_quantity
            == | 2@100""")


@pytest.mark.parametrize(("option", "book"), [("", "| 1@150"), ("fok", "| 1@100 1@150")])
def test_an_order_by_amount_that_traded_nothing_is_not_filled(option: str, book: str) -> None:
    told = "" if option else "-> order 1 expired_in_match 1"
    play(f"""ann sell 1@100
             bob sell 1@150
             ann spend 120 {option}
             {told}
             -> order 3 expired
             == {book}""")


def test_limit_maker_rests_or_is_refused() -> None:
    play("""ann sell 5@100
            bob buy 5@100 maker
            -> refused would_take
            bob buy 5@99 maker
            == 5@99 | 5@100""")


def test_limit_maker_does_not_meet_its_own_account_either() -> None:
    play("""ann sell 5@100
            ann buy 5@100 maker
            -> refused would_take""")


def test_ioc_trades_what_it_can_and_the_rest_expires() -> None:
    play("""ann sell 5@100
            bob buy 8@100 ioc
            -> trade 1 2 5@100
            -> order 1 filled
            -> order 2 expired 3
            bob buy 8@100 ioc
            -> order 3 expired 8
            == |""")


def test_fok_trades_all_of_it() -> None:
    play("""ann sell 5@100
            cid sell 5@101
            bob buy 8@101 fok
            -> trade 1 3 5@100
            -> order 1 filled
            -> trade 2 3 3@101
            -> order 2 partially_filled 2
            -> order 3 filled
            == | 2@101""")


def test_fok_that_cannot_trade_all_of_it_leaves_the_book_alone() -> None:
    play("""ann sell 5@100
            cid sell 5@101
            bob buy 11@101 fok
            -> order 3 expired 11
            == | 5@100 5@101
            bob buy 6@100 fok
            -> order 4 expired 6
            == | 5@100 5@101""")


def test_fok_at_the_market_and_by_amount() -> None:
    play("""ann sell 5@100
            bob buy 6 fok
            -> order 2 expired 6
            bob spend 600 fok
            -> order 3 expired
            == | 5@100
            bob spend 500 fok
            -> trade 1 4 5@100
            -> order 1 filled
            -> order 4 filled
            == |""")


def test_fok_expires_rather_than_skip_its_own_account() -> None:
    play("""ann sell 5@100
            bob sell 5@101
            ann buy 6@101 fok
            -> order 3 expired 6
            == | 5@100 5@101""")


def test_fok_expires_rather_than_be_decremented() -> None:
    play("""ann sell 5@100
            bob sell 5@101
            ann buy 6@101 fok decrement
            -> order 3 expired 6
            == | 5@100 5@101""")


def test_self_trade_expires_the_maker() -> None:
    play("""ann sell 5@100
            bob sell 5@100
            ann buy 7@100
            -> order 1 expired_in_match 5
            -> trade 2 3 5@100
            -> order 2 filled
            -> order 3 partially_filled 2
            == 2@100 |""")


def test_self_trade_expires_the_taker_after_what_it_traded_before() -> None:
    play("""bob sell 5@99
            ann sell 5@100
            bob sell 5@101
            ann buy 12@101 expire_taker
            -> trade 1 4 5@99
            -> order 1 filled
            -> order 4 expired_in_match 7
            == | 5@100 5@101""")


def test_self_trade_expires_both() -> None:
    play("""bob sell 5@99
            ann sell 5@100
            bob sell 5@101
            ann buy 12@101 expire_both
            -> trade 1 4 5@99
            -> order 1 filled
            -> order 2 expired_in_match 5
            -> order 4 expired_in_match 7
            == | 5@101""")


def test_self_trade_decrements_both() -> None:
    play("""ann sell 5@100
            bob sell 5@101
            ann buy 7@101 decrement
            -> order 1 expired_in_match
            -> trade 2 3 2@101
            -> order 2 partially_filled 3
            -> order 3 expired_in_match
            == | 3@101
            ann sell 9@100
            ann buy 4@100 decrement
            -> order 4 new 5
            -> order 5 expired_in_match
            == | 5@100 3@101""")


def test_a_decremented_order_rests_with_what_is_left() -> None:
    play("""ann sell 5@100
            ann buy 7@100 decrement
            -> order 1 expired_in_match
            -> order 2 new 2
            == 2@100 |
            bob sell 2@100
            -> trade 2 3 2@100
            -> order 2 expired_in_match
            -> order 3 filled""")


@pytest.mark.parametrize("prevention", ["expire_taker", "expire_both"])
def test_a_taker_that_only_meets_itself_never_rests(prevention: str) -> None:
    after = "| 5@100" if prevention == "expire_taker" else "|"
    told = "" if prevention == "expire_taker" else "-> order 1 expired_in_match 5"
    play(f"""ann sell 5@100
             ann buy 7@100 {prevention}
             {told}
             -> order 2 expired_in_match 7
             == {after}""")


def test_cancel_takes_only_that_order() -> None:
    play("""ann buy 5@100
            ann buy 6@100
            ann cancel 1
            -> order 1 canceled 5
            == 6@100 |
            ann cancel 1
            -> refused unknown_order""")


def test_nobody_can_tell_anothers_order_from_none() -> None:
    play("""ann buy 5@100 id:mine
            bob cancel 1
            -> refused unknown_order
            bob cancel id:mine
            -> refused unknown_order
            bob cancel 77
            -> refused unknown_order
            == 5@100 |""")


def test_cancel_all_takes_ones_own_orders_oldest_first() -> None:
    play("""ann buy 5@100
            bob buy 5@100
            ann sell 5@105
            ann buy 5@101
            ann cancel all
            -> order 1 canceled 5
            -> order 3 canceled 5
            -> order 4 canceled 5
            == 5@100 |
            ann cancel all""")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("buy 0@100", "invalid_quantity"),
        ("buy -1@100", "invalid_quantity"),
        ("buy 10000000001@1", "invalid_quantity"),
        ("buy 5@-3", "invalid_price"),
        ("buy 5@10000000001", "invalid_price"),
        ("buy 10000000000@10000000000", "invalid_quantity"),
        ("buy 0", "invalid_quantity"),
        ("spend -5", "invalid_quantity"),
        ("buy 5@100 maker ioc", "invalid_order"),
    ],
)
def test_orders_that_make_no_sense_are_refused(order: str, code: str) -> None:
    play(f"""ann {order}
             -> refused {code}
             == |""")
