"""Holds, fees, deposits and withdrawals. A maker pays 1 % here and a taker 2 %, of what they receive, rounded up."""

from engine.core.commands import Deposit, PlaceOrder
from engine.core.decimals import MarketDecimals
from engine.core.events import Traded
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.types import AssetCode, Atoms, Micros, OrderType, Side, TimeInForce, UserId
from tests.support.invariants import check
from tests.support.scenario import play_poor

BEGIN = """ann deposit 1000 USD a
           -> deposited 1000 USD
           bob deposit 100 APL b
           -> deposited 100 APL
"""


def test_an_open_order_holds_what_it_may_cost() -> None:
    play_poor(f"""{BEGIN}
        ann buy 10@60
        ann == 400+600 USD 0+0 APL
        bob sell 30@70
        bob == 0+0 USD 70+30 APL
        ann cancel 1
        -> order 1 canceled 10
        ann == 1000+0 USD 0+0 APL""")


def test_each_pays_its_fee_from_what_it_receives() -> None:
    play_poor(f"""{BEGIN}
        bob sell 50@10
        ann buy 50@10
        -> trade 1 2 50@10
        -> order 1 filled
        -> order 2 filled
        ann == 500+0 USD 49+0 APL
        bob == 495+0 USD 50+0 APL
        fees == 5+0 USD 1+0 APL
        vault == -1000+0 USD -100+0 APL""")


def test_a_fee_is_rounded_up_by_less_than_one_atom() -> None:
    play_poor(f"""{BEGIN}
        bob sell 51@1
        ann buy 51@1
        -> trade 1 2 51@1
        -> order 1 filled
        -> order 2 filled
        ann == 949+0 USD 49+0 APL
        bob == 50+0 USD 49+0 APL
        fees == 1+0 USD 2+0 APL""")


def test_the_smallest_trade_may_be_all_fee_but_never_more() -> None:
    play_poor(f"""{BEGIN}
        bob sell 1@1
        ann buy 1@1
        -> trade 1 2 1@1
        -> order 1 filled
        -> order 2 filled
        ann == 999+0 USD 0+0 APL
        bob == 0+0 USD 99+0 APL
        fees == 1+0 USD 1+0 APL""")


def test_a_better_price_than_the_limit_is_the_takers() -> None:
    play_poor(f"""{BEGIN}
        bob sell 50@10
        ann buy 60@15
        -> trade 1 2 50@10
        -> order 1 filled
        -> order 2 partially_filled 10
        ann == 350+150 USD 49+0 APL""")


def test_a_taker_needs_only_what_it_really_pays() -> None:
    play_poor(f"""{BEGIN}
        bob sell 100@10
        ann buy 100@15
        -> trade 1 2 100@10
        -> order 1 filled
        -> order 2 filled
        ann == 0+0 USD 98+0 APL""")


def test_a_partly_filled_maker_holds_what_is_left() -> None:
    play_poor(f"""{BEGIN}
        ann buy 50@20
        ann == 0+1000 USD 0+0 APL
        bob sell 20@20
        -> trade 1 2 20@20
        -> order 1 partially_filled 30
        -> order 2 filled
        ann == 0+600 USD 19+0 APL
        bob == 392+0 USD 80+0 APL""")


def test_what_is_not_there_cannot_be_traded() -> None:
    play_poor(f"""{BEGIN}
        ann buy 101@10
        -> refused insufficient_funds
        bob sell 101@10
        -> refused insufficient_funds
        cid buy 1@1
        -> refused insufficient_funds
        ann buy 60@10
        ann buy 41@10
        -> refused insufficient_funds
        ann buy 40@10
        ann == 0+1000 USD 0+0 APL""")


def test_a_market_order_is_refused_whole_where_it_costs_more_than_there_is() -> None:
    play_poor(f"""{BEGIN}
        bob sell 50@10
        bob sell 50@11
        ann buy 100
        -> refused insufficient_funds
        ann spend 1050
        -> refused insufficient_funds
        ann == 1000+0 USD 0+0 APL
        ann spend 1000
        -> trade 1 3 50@10
        -> order 1 filled
        -> trade 2 3 45@11
        -> order 2 partially_filled 5
        -> order 3 filled
        ann == 5+0 USD 93+0 APL""")


def test_what_self_trade_prevention_stops_need_not_be_paid() -> None:
    play_poor(f"""{BEGIN}
        bob sell 50@10
        ann deposit 1 APL c
        -> deposited 1 APL
        ann sell 1@12
        ann buy 500@12 expire_taker
        -> trade 1 3 50@10
        -> order 1 filled
        -> order 3 expired_in_match 450
        ann == 500+0 USD 49+1 APL""")


def test_self_trade_prevention_gives_back_what_was_held() -> None:
    play_poor(f"""{BEGIN}
        bob sell 50@10
        bob deposit 500 USD c
        -> deposited 500 USD
        bob buy 20@10 decrement
        -> order 1 new 30
        -> order 2 expired_in_match
        bob == 500+0 USD 70+30 APL
        bob buy 20@10
        -> order 1 expired_in_match 30
        bob == 300+200 USD 100+0 APL""")


def test_a_deposit_is_credited_once() -> None:
    play_poor("""ann deposit 5 USD a
                 -> deposited 5 USD
                 ann deposit 5 USD a
                 -> refused already_credited
                 bob deposit 7 APL a
                 -> refused already_credited
                 ann == 5+0 USD 0+0 APL
                 vault == -5+0 USD 0+0 APL""")


def test_deposits_that_make_no_sense_are_refused() -> None:
    play_poor(f"""ann deposit 0 USD a
                  -> refused invalid_amount
                  ann deposit -1 USD a
                  -> refused invalid_amount
                  ann deposit 1 GOLD a
                  -> refused unknown_asset
                  vault deposit 1 USD a
                  -> refused invalid_amount
                  ann deposit {2**62} USD a
                  -> refused invalid_amount
                  ann deposit {2**62 - 1} USD a
                  -> deposited {2**62 - 1} USD
                  bob deposit 1 USD b
                  -> refused invalid_amount""")


def test_a_real_market_is_exact_to_the_atom() -> None:
    btc, usdt = Asset(AssetCode("BTC"), 8), Asset(AssetCode("USDT"), 6)
    market = Market.of("BTCUSDT", btc, usdt, tick_atoms=10_000, lot_atoms=10_000)
    decimals = MarketDecimals(market, btc, usdt)
    exchange = Exchange([btc, usdt], [market])
    maker, taker, at = UserId(1000), UserId(1001), Micros(1)
    exchange.apply(Deposit(at, maker, btc.code, Atoms(10**8), "a"))
    exchange.apply(Deposit(at, taker, usdt.code, Atoms(1_000_000_000), "b"))
    price, quantity = decimals.price("61837.63"), decimals.quantity("0.5")
    exchange.apply(PlaceOrder(at, maker, market.symbol, Side.SELL, OrderType.LIMIT, quantity, price=price))
    traded, _, order = exchange.apply(
        PlaceOrder(
            at,
            taker,
            market.symbol,
            Side.BUY,
            OrderType.MARKET,
            quote_quantity=decimals.quote_amount("250"),
            time_in_force=TimeInForce.IOC,
        )
    )
    check(exchange)
    assert isinstance(traded, Traded)
    assert decimals.show_quantity(traded.quantity) == "0.0040"
    assert decimals.show_quote(traded.notional) == "247.350520"
    assert decimals.show_base(traded.taker_fee) == "0.00000400"
    assert decimals.show_quote(traded.maker_fee) == "0.123676"  # 0.12367526 rounded up
    ledger = exchange.state.ledger
    assert ledger.available(taker, btc.code) == 400_000 - 400
    assert ledger.available(taker, usdt.code) == 1_000_000_000 - 247_350_520
    assert ledger.available(maker, usdt.code) == 247_350_520 - 123_676
    assert decimals.average_price(order.notional, order.filled) == "61837.6300"
