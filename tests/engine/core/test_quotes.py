"""The market maker's ladders among everybody's orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.commands import Quote
from engine.core.events import Traded
from engine.core.types import MARKET_MAKER, Lots, Side, Ticks
from tests.support.scenario import MARKET, play, play_poor


def test_a_quote_replaces_the_ladder() -> None:
    play("""quote 5@99 6@98 | 5@101
            == 5@99 6@98 | 5@101
            quote 5@97 | 7@101 1@102
            == 5@97 | 7@101 1@102
            quote |
            == |""")


def test_a_taker_trades_with_a_quote_as_with_an_order() -> None:
    play("""quote | 5@100 5@101
            ann buy 7@101
            -> trade 0 1 5@100
            -> trade 0 1 2@101
            -> order 1 filled
            == | 3@101""")


def test_a_level_that_did_not_change_keeps_its_place() -> None:
    play("""quote | 5@100
            ann sell 5@100
            quote | 5@100 5@101
            bob buy 6@100
            -> trade 0 2 5@100
            -> trade 1 2 1@100
            -> order 1 partially_filled 4
            -> order 2 filled""")


def test_a_level_that_shrinks_keeps_its_place() -> None:
    play("""quote | 5@100
            ann sell 5@100
            quote | 2@100
            == | 7@100
            bob buy 3@100
            -> trade 0 2 2@100
            -> trade 1 2 1@100
            -> order 1 partially_filled 4
            -> order 2 filled""")


def test_a_level_that_grows_goes_to_the_end() -> None:
    play("""quote | 5@100
            ann sell 5@100
            quote | 6@100
            bob buy 6@100
            -> trade 1 2 5@100
            -> order 1 filled
            -> trade 0 2 1@100
            -> order 2 filled
            == | 5@100""")


def test_a_quote_that_crosses_a_customer_trades_at_the_customers_price() -> None:
    play("""ann sell 5@100
            bob sell 5@103
            quote 8@102 2@101 |
            -> trade 1 0 5@100
            -> order 1 filled
            == 3@102 2@101 | 5@103""")


sizes = st.integers(1, 9)
ladders = st.dictionaries(st.integers(90, 110), sizes, max_size=6)


@given(ladders, ladders, ladders, ladders)
def test_a_quote_takes_customers_orders_at_its_own_prices_or_better_and_never_rests_across_them(
    bids: dict[int, int], asks: dict[int, int], our_bids: dict[int, int], our_asks: dict[int, int]
) -> None:
    exchange = play(
        "\n".join(
            [f"ann buy {lots}@{price}" for price, lots in bids.items() if price < min(asks, default=200)]
            + [f"bob sell {lots}@{price}" for price, lots in asks.items()]
        )
    )
    our_asks = {price: lots for price, lots in our_asks.items() if price > max(our_bids, default=0)}
    wanted = {Side.BUY: our_bids, Side.SELL: our_asks}
    levels = [
        tuple((Ticks(p), Lots(side[p])) for p in sorted(side, reverse=side is our_bids)) for side in wanted.values()
    ]
    events = exchange.apply(Quote(exchange.state.now, MARKET.symbol, levels[0], levels[1], 7))
    venue = exchange.state.venues[MARKET.symbol]
    for side, quoted in wanted.items():
        trades = [event for event in events if isinstance(event, Traded) and event.taker_side is side]
        assert all((trade.taker, trade.taker_fee, trade.reference) == (MARKET_MAKER, 0, 7) for trade in trades)
        resting = venue.quotes(side)
        traded = {p: lots - (resting[Ticks(p)].remaining if p in resting else 0) for p, lots in quoted.items()}
        assert sum(trade.quantity for trade in trades) == sum(traded.values())
        at_our_prices = sum(price * lots for price, lots in traded.items())
        exchanged = sum(trade.notional for trade in trades)
        assert exchanged <= at_our_prices if side is Side.BUY else exchanged >= at_our_prices
        assert not any(venue.book.facing(side).reaches(price) for price in resting)


def test_both_sides_of_a_quote_may_cross_and_never_each_other() -> None:
    play("""quote 5@99 | 5@101
            ann buy 5@100
            quote 5@104 | 5@105
            == 5@104 5@100 | 5@105
            bob sell 2@105
            quote 5@97 | 5@99 5@103
            -> trade 1 0 5@100
            -> order 1 filled
            == 5@97 | 5@103 2@105""")


@pytest.mark.parametrize(
    "levels",
    [
        "5@100 | 5@100",
        "5@101 | 5@100",
        "5@98 5@99 |",
        "5@99 5@99 |",
        "| 5@101 5@100",
        "0@99 |",
        "-1@99 |",
        "1@0 |",
        "| 10000000001@100",
        "| 1@10000000001",
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused_whole(levels: str) -> None:
    play(f"""quote 5@90 | 5@110
             quote {levels}
             -> refused invalid_quote
             == 5@90 | 5@110""")


def test_a_quote_needs_the_money_behind_it() -> None:
    play_poor("""house deposit 1000 USD a
                 -> deposited 1000 USD
                 house deposit 10 APL b
                 -> deposited 10 APL
                 quote 10@100 1@1 |
                 -> refused insufficient_funds
                 quote | 11@100
                 -> refused insufficient_funds
                 quote 10@100 | 10@101
                 == 10@100 | 10@101""")


def test_what_quotes_need_cannot_be_withdrawn() -> None:
    play_poor("""house deposit 1000 USD a
                 -> deposited 1000 USD
                 quote 6@100 |
                 house withdraw 401 USD
                 -> refused insufficient_funds
                 house withdraw 400 USD
                 -> withdrawal 1 requested
                 quote 5@100 |
                 house withdraw 100 USD
                 -> withdrawal 2 requested""")


def test_the_house_pays_itself_no_fees_and_the_customer_pays_as_taker() -> None:
    play_poor("""house deposit 100 APL a
                 -> deposited 100 APL
                 ann deposit 1000 USD b
                 -> deposited 1000 USD
                 quote | 100@10
                 ann buy 100@10
                 -> trade 0 1 100@10
                 -> order 1 filled
                 house == 1000+0 USD 0+0 APL
                 ann == 0+0 USD 98+0 APL
                 fees == 0+0 USD 2+0 APL""")


def test_a_new_writer_begins_without_quotes() -> None:
    play("""ann sell 5@102
            quote 5@99 | 5@101
            new writer
            == | 5@102
            quote 5@99 | 5@101
            == 5@99 | 5@101 5@102""")
