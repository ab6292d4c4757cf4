"""What quoting came to, against a slow recomputation by fractions."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from engine.core.events import Traded
from engine.core.types import MARKET_MAKER, Atoms, Lots, Micros, OrderId, Side, Ticks, TradeId, UserId
from engine.liquidity.external import Mid
from engine.liquidity.hedging import Hedge, HedgeState
from engine.liquidity.profit import Profit
from tests.engine.liquidity.markets import BTCUSDT, PAIRS

PAIR = PAIRS["BTCUSDT"]
SYMBOL = BTCUSDT.symbol
ANN = UserId(1000)
USDT = 10**6
MID = Mid(2 * 100 * 10**8)  # 100 USDT


def traded(id: int, side: Side, lots: int, price: int, *, as_taker: bool = False, fee: int = 0) -> Traded:
    """Return a trade in which the house buys or sells."""
    taker_side = side if as_taker else (Side.SELL if side is Side.BUY else Side.BUY)
    maker, taker = (ANN, MARKET_MAKER) if as_taker else (MARKET_MAKER, ANN)
    fees = (fee, 0) if as_taker else (0, fee)
    notional = BTCUSDT.notional(Ticks(price), Lots(lots))
    orders = (OrderId(1), OrderId(0)) if as_taker else (OrderId(0), OrderId(1))
    return Traded(
        TradeId(id),
        SYMBOL,
        Micros(0),
        Ticks(price),
        Lots(lots),
        notional,
        taker_side,
        orders[0],
        maker,
        Atoms(fees[0]),
        orders[1],
        taker,
        Atoms(fees[1]),
        7,
    )


def hedged(id: int, side: Side, base: int, quote: int, fee: int) -> Hedge:
    done = HedgeState.DONE
    return Hedge(id, SYMBOL, side, Lots(1), Ticks(1), Micros(0), False, done, Atoms(base), Atoms(quote), Atoms(fee))


def test_buying_low_and_selling_high_is_a_profit_and_both_spreads_are_captured() -> None:
    profit = Profit(SYMBOL)
    profit.trade(traded(1, Side.BUY, 20_000, 9_900), PAIR, MID)
    assert (profit.position, profit.cost, profit.realised) == (2 * 10**8, 198 * USDT, 0)
    assert profit.total(PAIR, MID) == 2 * USDT
    profit.trade(traded(2, Side.SELL, 10_000, 10_100, as_taker=True), PAIR, MID)
    assert (profit.position, profit.cost, profit.realised) == (10**8, 99 * USDT, 2 * USDT)
    assert (profit.spread, profit.trades, profit.volume, profit.last_trade) == (3 * USDT, 2, 299 * USDT, 2)


def test_what_the_other_side_pays_is_counted_in_quote_and_apart() -> None:
    profit = Profit(SYMBOL)
    profit.trade(traded(1, Side.SELL, 10_000, 10_000, fee=10**5), PAIR, MID)  # 0.001 BTC
    profit.trade(traded(2, Side.BUY, 10_000, 10_000, fee=7), PAIR, MID)
    profit.trade(traded(3, Side.BUY, 10_000, 10_000, as_taker=True, fee=5), PAIR, None)
    assert (profit.fees, profit.realised, profit.unpriced) == (10**5 + 12, 0, 1)


def test_a_hedge_closes_the_position_and_costs_its_fee_and_its_slippage() -> None:
    profit = Profit(SYMBOL)
    profit.trade(traded(1, Side.BUY, 10_000, 9_900), PAIR, MID)
    profit.hedge(hedged(4, Side.SELL, 10**8, 99_500_000, 100_000), PAIR, MID)
    assert (profit.position, profit.cost, profit.hedged, profit.last_hedge) == (0, 0, -(10**8), 4)
    assert (profit.realised, profit.hedge_cost) == (400_000, 600_000)
    profit.hedge(hedged(5, Side.SELL, 0, 0, 0), PAIR, MID)
    assert (profit.realised, profit.last_hedge) == (400_000, 5)


def test_a_day_counts_what_was_lost_since_it_began_realised_or_not() -> None:
    profit = Profit(SYMBOL)
    profit.begin_day(1, PAIR, MID)
    profit.trade(traded(1, Side.BUY, 10_000, 10_000), PAIR, MID)
    assert profit.lost(PAIR, Mid(2 * 97 * 10**8)) == 3 * USDT
    assert profit.lost(PAIR, Mid(2 * 103 * 10**8)) == 0
    profit.trade(traded(2, Side.SELL, 5_000, 9_600), PAIR, MID)
    assert profit.lost(PAIR, Mid(2 * 110 * 10**8)) == 2 * USDT, "what is realised is lost whatever the rest is worth"
    profit.begin_day(2, PAIR, Mid(2 * 97 * 10**8))
    assert profit.lost(PAIR, Mid(2 * 97 * 10**8)) == 0


class Fill(Struct, frozen=True):
    side: Side
    lots: int
    price: int
    mid: int | None
    fee: int
    elsewhere: bool


fills = st.builds(
    Fill,
    side=st.sampled_from(Side),
    lots=st.integers(1, 10**6),
    price=st.integers(1, 10**7),
    mid=st.one_of(st.none(), st.integers(1, 2 * 10**13)),
    fee=st.integers(0, 10**6),
    elsewhere=st.booleans(),
)


@given(st.lists(fills, max_size=40), st.integers(1, 2 * 10**13))
def test_the_account_is_what_a_slow_recomputation_says(fills: list[Fill], last_mid: int) -> None:
    profit = Profit(SYMBOL)
    cash = position = 0
    held, realised, spread = Fraction(0), Fraction(0), Fraction(0)  # held is what the position has cost, exactly
    for id, fill in enumerate(fills, 1):
        mid = None if fill.mid is None else Mid(fill.mid)
        base, quote = fill.lots * 10**4, fill.lots * fill.price
        if fill.elsewhere:
            profit.hedge(hedged(id, fill.side, base, quote, fill.fee), PAIR, mid)
            cash -= fill.fee
            realised -= fill.fee
        else:
            profit.trade(traded(id, fill.side, fill.lots, fill.price), PAIR, mid)
            worth = Fraction(base, 10**8) * Fraction(fill.mid or 0, 2 * 10**8) * USDT
            spread += 0 if fill.mid is None else worth - quote if fill.side is Side.BUY else quote - worth
        sign = 1 if fill.side is Side.BUY else -1
        cash -= sign * quote
        price = Fraction(quote, base)
        for_old = min(base, abs(position)) if position * sign < 0 else 0
        if for_old:
            average = held / position
            realised += for_old * sign * (average - price)
            held += for_old * sign * average
        held += (base - for_old) * sign * price
        position += sign * base
    assert profit.position == position
    assert profit.realised - profit.cost == cash, "not an atom appears or vanishes"
    assert abs(profit.realised - realised) <= 2 * len(fills)
    assert abs(profit.cost - held) <= 2 * len(fills)
    assert abs(profit.spread - spread) <= len(fills)
    mark = Fraction(position, 10**8) * Fraction(last_mid, 2 * 10**8) * USDT
    assert abs(profit.total(PAIR, Mid(last_mid)) - (cash + mark)) <= 1
    assert (position == 0) <= (profit.cost == 0)
