"""A fill moves on chain what it moves in the ledger, to the atom, whatever its price; and nothing stays in between."""

from collections import Counter
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from data.solana.svm_clob.passage import Passage, held, is_paid_by_net, needs, passages
from data.solana.svm_clob.trades import fingerprint, scaled, trades_of
from engine.core.market import Asset, Market
from engine.core.types import MARKET_MAKER, AssetCode, Side
from engine.settlement.fills import Fill, Purse
from engine.settlement.netting import net_of
from tests.data.solana.svm_clob.house import ADA, BOB, CYD, MARKETS, SOLUSDT, fill_of
from tests.data.solana.svm_clob.test_layouts import ADA as ADA_KEY
from tests.data.solana.svm_clob.test_layouts import BOB as BOB_KEY
from tests.data.store.books import BTCUSDT, USDT

# Whose tick is a whole number of quote atoms for a base atom.
WHOLE = Market.of("TENUSDT", Asset(AssetCode("TEN"), 2), USDT, tick_atoms=100, lot_atoms=10)


@given(st.integers(1, 2**62), st.integers(1, 2**62))
def test_trades_move_exactly_the_fill_s_base_and_quote(base: int, quote: int) -> None:
    trades = scaled(base, quote)  # type: ignore[arg-type]
    assert sum(quantity for _, quantity in trades) == base
    assert sum(price * quantity for price, quantity in trades) == quote
    assert all(quantity > 0 <= price for price, quantity in trades)
    assert len(trades) <= 2
    assert max(price for price, _ in trades) - min(price for price, _ in trades) <= 1


def test_a_whole_price_is_one_trade_and_any_other_is_two() -> None:
    whole = fill_of(1, WHOLE, price=35, quantity=4)
    assert (whole.base_atoms, whole.trade.notional) == (40, 1400)
    assert scaled(whole.base_atoms, whole.trade.notional) == [(35, 40)]
    bitcoin = fill_of(1, price=6_400_001, quantity=1)  # 0.0001 BTC at 64,000.01
    assert scaled(bitcoin.base_atoms, bitcoin.trade.notional) == [(641, 1), (640, 9_999)]
    sol = fill_of(1, SOLUSDT, price=15_000, quantity=1)  # 0.001 SOL at 150.00: less than an atom for an atom
    assert scaled(sol.base_atoms, sol.trade.notional) == [(1, 150_000), (0, 850_000)]


def test_every_fill_has_its_own_trades_also_between_the_same_orders() -> None:
    owners = {MARKET_MAKER: BOB_KEY, ADA: ADA_KEY}.__getitem__
    fills = [fill_of(1), fill_of(2), fill_of(1, at=1_700_000_000_000_001), fill_of(1, price=6_400_002)]
    ids = [(trade.taker_order_id, trade.maker_order_id) for fill in fills for trade in trades_of(fill, owners)]
    assert len(set(ids)) == len(ids) == 8
    assert [trade.taker_order_id for trade in trades_of(fills[1], owners)] == [2, 2]
    assert trades_of(fills[0], owners) == trades_of(fill_of(1), owners)
    assert {trade.timestamp for trade in trades_of(fills[0], owners)} == {1_700_000_000}


def test_the_fingerprint_stays_as_it_is() -> None:
    """What is on its way is known again by it, also by a later version of this program."""
    assert [fingerprint(fill_of(1), part) for part in (0, 1)] == [17346555237988950863, 8039587699746311652]


@st.composite
def fills(draw: st.DrawFn) -> list[Fill]:
    numbers = count(1)
    people = st.permutations([MARKET_MAKER, ADA, BOB, CYD])
    return [
        fill_of(
            next(numbers),
            draw(st.sampled_from([*MARKETS.values(), WHOLE])),
            maker=(who := draw(people))[0],
            taker=who[1],
            side=draw(st.sampled_from(Side)),
            price=draw(st.integers(1, 10**7)),
            quantity=draw(st.integers(1, 10**4)),
        )
        for _ in range(draw(st.integers(1, 6)))
    ]


def played(some: list[Fill], all_of_it: list[Passage]) -> tuple[Counter[Purse], Counter[Purse]]:
    """Do it step by step; return how the vault changed, and the most that each purse was short of on the way."""
    vault, short = Counter[Purse](), Counter[Purse]()

    def pay(purse: Purse, atoms: int) -> None:
        vault[purse] -= atoms
        short[purse] = max(short[purse], -vault[purse])

    for each in all_of_it:
        inside = Counter[Purse]()
        for purse, atoms in each.deposits.items():
            pay(purse, atoms)
            inside[purse] += atoms
        for fill in each.fills:
            for purse, atoms in fill.debits():
                inside[purse] -= atoms
                assert inside[purse] >= 0, "a trade that fails"
            inside[fill.buyer, fill.base] += fill.base_atoms
            inside[fill.seller, fill.quote] += fill.trade.notional
        for purse, atoms in each.withdrawals.items():
            inside[purse] -= atoms
            vault[purse] += atoms
        assert not any(inside.values()), "something stays in the program"
    for purse, atoms in (item for each in all_of_it for item in each.fees.items()):
        pay(purse, atoms)
    for fill in some:
        for purse, atoms in fill.changes():
            if purse[0] == 2:
                vault[purse] += atoms
    return vault, short


@given(fills())
def test_a_passage_leaves_nothing_inside_and_comes_to_the_net_of_its_fills(some: list[Fill]) -> None:
    all_of_it = passages(some)
    vault, short = played(some, all_of_it)
    assert {purse: atoms for purse, atoms in vault.items() if atoms} == net_of(some)
    assert needs(all_of_it) == +short
    least = {purse: -atoms for purse, atoms in net_of(some).items() if atoms < 0}
    assert is_paid_by_net(some, all_of_it) == (+short == least)


@given(fills())
def test_one_fill_pays_no_more_than_its_net(some: list[Fill]) -> None:
    assert all(is_paid_by_net([fill], passages([fill])) for fill in some)


def test_who_buys_and_sells_again_deposits_once() -> None:
    some = [fill_of(1, price=100, quantity=3), fill_of(2, price=100, quantity=3, side=Side.SELL)]
    (only,) = passages(some)
    base = 3 * BTCUSDT.lot_atoms
    assert only.deposits == {(ADA, "USDT"): 300, (MARKET_MAKER, "BTC"): base}
    assert only.withdrawals == {(ADA, "USDT"): 300, (MARKET_MAKER, "BTC"): base}
    assert held([only]) == {"USDT": 300, "BTC": base}
    assert needs([only])[ADA, AssetCode("USDT")] == 300
    assert not is_paid_by_net(some, [only])
