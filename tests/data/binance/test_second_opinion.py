"""What a bookTicker says of a book."""

from decimal import Decimal

from data.binance.messages import BestPrices
from data.binance.second_opinion import MAX_KEPT, SecondOpinion

BID, ASK = Decimal("99"), Decimal("101")


def ticker(update_id: int, bid: str = "99.00", ask: str = "101.00") -> BestPrices:
    return BestPrices(update_id, bid, ask)


def test_the_newest_ticker_that_is_not_newer_than_the_book_counts() -> None:
    opinion = SecondOpinion()
    opinion.add(ticker(10, bid="98"))
    opinion.add(ticker(20))
    opinion.add(ticker(30, ask="102"))
    assert opinion.agrees(9, BID, ASK) is None
    assert opinion.agrees(19, BID, ASK) is False
    assert opinion.agrees(20, BID, ASK) is True
    assert opinion.agrees(29, BID, ASK) is True
    assert opinion.agrees(30, BID, ASK) is False
    assert opinion.agrees(31, BID, None) is False


def test_the_order_in_which_tickers_come_does_not_matter_and_the_first_word_counts() -> None:
    opinion = SecondOpinion()
    for each in (ticker(30, bid="97"), ticker(20), ticker(20, bid="1"), ticker(10, bid="98")):
        opinion.add(each)
    assert opinion.agrees(25, BID, ASK) is True
    assert opinion.agrees(30, Decimal("97.0"), ASK) is True


def test_it_knows_whether_the_best_prices_have_changed_since() -> None:
    opinion = SecondOpinion()
    assert not opinion.is_ahead_of(5)
    opinion.add(ticker(6))
    assert opinion.is_ahead_of(5)
    assert not opinion.is_ahead_of(6)
    opinion.forget()
    assert not opinion.is_ahead_of(5)
    assert opinion.agrees(7, BID, ASK) is None


def test_it_does_not_grow_without_end() -> None:
    opinion = SecondOpinion()
    for update_id in range(2 * MAX_KEPT):
        opinion.add(ticker(update_id))
    assert opinion.agrees(MAX_KEPT - 1, BID, ASK) is None
    assert opinion.agrees(MAX_KEPT, BID, ASK) is True
