"""What money may be worth at most, where somebody would like it to look like less."""

import pytest

from engine.core.types import AssetCode, Atoms, Micros, Symbol
from engine.market_data.intervals import MINUTE
from engine.market_data.market_data import MarketData
from engine.market_data.reference_price import ReferencePrice
from engine.market_data.valuation import FRESH, Valuation
from tests.engine.liquidity.markets import ASSETS, BTCUSDT
from tests.engine.market_data.test_market_data import BTC, Clock
from tests.support.batches import batch, trade

COIN, CENT = Atoms(10**8), 10**4  # of BTC, and a tick in atoms of USDT
HOUR = 60 * MINUTE


class Market:
    """BTCUSDT, told by hand; prices are in ticks of a cent."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.data = MarketData([BTC], self.clock)
        self.valuation = Valuation(self.data, {each.code: each for each in ASSETS}, [BTCUSDT], AssetCode("USDT"))
        self._trades = 0

    def trade(self, price: int) -> None:
        self._trades += 1
        self.data.on_batch(batch(trades=[trade(self._trades, price, 1, at=self.clock.now)]))

    def reference(self, last: str | None, bid: str | None = None, ask: str | None = None) -> None:
        self.data.on_reference(ReferencePrice(Symbol("BTCUSDT"), last, bid, ask, Micros(self.clock.now)))

    def worth(self) -> int | None:
        """Return what one whole coin may be worth, in ticks."""
        found = self.valuation.at_most(AssetCode("BTC"), COIN)
        return None if found is None else found // CENT


def test_beside_another_venue_a_low_trade_of_ours_makes_nothing_worth_less() -> None:
    market = Market()
    market.trade(5_000_000)
    market.reference("50100.00", "50099.00", "50101.00")
    market.trade(1)
    assert market.worth() == 5_010_100  # the highest that is said there
    market.trade(6_000_000)
    assert market.worth() == 6_000_000  # ours is higher
    market.trade(1)
    assert market.worth() == 5_010_100  # and lasts no longer than until the next trade
    market.reference("50100.00", None, None)  # its book is lost
    assert market.worth() == 5_010_000


def test_without_another_venue_no_trade_makes_the_day_worth_less() -> None:
    market = Market()
    market.trade(5_000_000)
    market.clock.now += 30 * HOUR
    assert market.worth() == 5_000_000
    market.trade(1)
    assert market.worth() == 5_000_000  # the last one before the 24 hours
    market.clock.now += HOUR
    market.trade(4_000_000)
    market.clock.now += 23 * HOUR + 1
    market.trade(1)
    assert market.worth() == 4_000_000  # the highest within them


def test_a_venue_that_has_fallen_silent_is_not_believed() -> None:
    market = Market()
    market.trade(5_000_000)
    market.reference("1.00")
    market.trade(1)
    assert market.worth() == 100
    market.clock.now += FRESH
    assert market.worth() == 100
    market.clock.now += 1
    assert market.worth() == 5_000_000


@pytest.mark.parametrize("last", [None, "", "NaN", "-5", "1e9", "0", "9" * 20, "0.000000001"])
def test_a_price_that_cannot_be_read_is_none(last: str | None) -> None:
    market = Market()
    assert market.worth() is None
    market.reference(last)
    assert market.worth() is None
    market.trade(7)
    assert market.worth() == 7


def test_an_amount_is_worth_no_less_than_its_last_atom() -> None:
    market = Market()
    market.reference("0.00000001")  # a hundredth of an atom of USDT
    assert market.valuation.at_most(AssetCode("BTC"), Atoms(1)) == 1
    assert market.valuation.at_most(AssetCode("USDT"), Atoms(5)) == 5
    assert market.valuation.at_most(AssetCode("ETH"), Atoms(5)) is None  # no market prices it here
