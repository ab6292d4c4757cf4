"""The quoting rule against a slow, obvious model, and what must hold whatever the other venue shows."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.types import Atoms, Side
from engine.liquidity.inventory import Limits, is_far_outside, lean_ppm, to_give, to_take
from engine.liquidity.quoting import Inventory, Ladder, LadderSettings, ladder
from engine.ports import ExternalBook
from tests.engine.liquidity.markets import BTCUSDT, PAIRS, external

TICK, LOT, USDT = Fraction(1, 100), Fraction(1, 10_000), 10**6
PPM = 10**6


def decimal(units: int) -> str:
    return f"{units // 10**8}.{units % 10**8:08d}"


def levels(prices: list[int], sizes: list[int]) -> tuple[tuple[str, str], ...]:
    return tuple((decimal(price), decimal(size)) for price, size in zip(prices, sizes, strict=False))


@st.composite
def books(draw: st.DrawFn) -> ExternalBook:
    middle = draw(st.integers(10**6, 10**13))
    width = draw(st.sampled_from([5, 10**4, 10**6, 10**9]))
    steps = st.lists(st.integers(1, width), min_size=1, max_size=30)
    sizes = st.lists(st.integers(1, draw(st.sampled_from([10**4, 10**7, 10**10]))), min_size=30, max_size=30)
    bids, asks = [middle], [middle]
    for step in draw(steps):
        bids.append(max(1, bids[-1] - step))
    for step in draw(steps):
        asks.append(asks[-1] + step)
    bids = sorted(set(bids[1:]), reverse=True)
    return replace(external("", ""), bids=levels(bids, draw(sizes)), asks=levels(asks[1:], draw(sizes)))


amounts = st.one_of(st.integers(0, 10**9), st.integers(0, 10**17)).map(Atoms)
inventories = st.builds(Inventory, amounts, amounts, amounts, amounts)
ladder_settings = st.builds(
    LadderSettings,
    levels=st.integers(0, 20),
    markup_ppm=st.sampled_from([0, 1, 500, 20_000]),
    least_edge_ppm=st.sampled_from([-30_000, -1, 0, 0, 700]),
    fee_ppm=st.sampled_from([0, 1_000]),
    size_ppm=st.sampled_from([1, 300_000, 1_000_000, 2_500_000]),
    grid_ppm=st.sampled_from([0, 7, 150, 10_000]),
    level_value=st.sampled_from([0, 1, 1_000, 100_000]),
    side_value=st.sampled_from([0, 3, 1_700, 1_000_000]),
    level_size=st.sampled_from([0, 10**6, 10**9, 10**17]).map(Atoms),
    side_size=st.sampled_from([0, 10**6, 2 * 10**9, 10**17]).map(Atoms),
)
leans = st.sampled_from([0, 0, 1, -1, 300, -300, 25_000, -25_000])


def factor(side: Side, chosen: LadderSettings, lean: int) -> Fraction:
    """Return what prices are multiplied by: the mark-up and the lean, and the edge where that asks for more."""
    edge = Fraction(chosen.least_edge_ppm + chosen.fee_ppm, PPM)
    if side is Side.BUY:
        return min(1 - Fraction(chosen.markup_ppm - lean, PPM), 1 - edge)
    return max(1 + Fraction(chosen.markup_ppm + lean, PPM), 1 + edge)


def model(
    theirs: tuple[tuple[str, str], ...], side: Side, chosen: LadderSettings, funds: Inventory, lean: int
) -> list[tuple[int, int]]:
    """Return one side of the ladder, by fractions and one level at a time."""
    away = floor if side is Side.BUY else ceil
    prices = [away(Fraction(price) * factor(side, chosen, lean) / TICK) for price, _ in theirs]
    grid = max(
        unit for power in range(20) for unit in (10**power, 2 * 10**power, 5 * 10**power)
        if unit <= max(1, floor(Fraction(abs(prices[0]) * chosen.grid_ppm, PPM)))
    )  # fmt: skip
    gathered: list[list[Fraction]] = []  # price in ticks, quantity
    for price, (_, quantity) in zip(prices, theirs, strict=True):
        size = Fraction(quantity) * chosen.size_ppm / PPM
        tells = bool(gathered) and gathered[-1][1] >= LOT
        alone = not gathered or (len(gathered) == 1 and not tells) or price == gathered[-1][0]
        at = Fraction(price if alone else away(Fraction(price, grid)) * grid)
        if gathered and (at == gathered[-1][0] or not tells):
            gathered[-1][0] = at
            gathered[-1][1] += size
        else:
            gathered.append([at, size])
    base, quote, room = Fraction(0), Fraction(0), []
    for at, size in gathered:
        worth = at * TICK * LOT
        if len(room) == chosen.levels or not 0 < at <= BTCUSDT.max_price:
            break
        give, take = (funds.quote, funds.base_room) if side is Side.BUY else (funds.base, funds.quote_room)
        most_quote = min(chosen.side_value, Fraction(give if side is Side.BUY else take, USDT)) - quote
        most_base = Fraction(min(chosen.side_size, take if side is Side.BUY else give), 10**8) - base
        most_base = min(most_base, Fraction(chosen.level_size, 10**8), BTCUSDT.max_quantity * LOT)
        lots = floor(min(size / LOT, most_base / LOT, min(most_quote, chosen.level_value) / worth))
        if lots <= 0:
            break
        lots = int(str(lots)[0] + "0" * (len(str(lots)) - 1))
        base, quote = base + lots * LOT, quote + lots * worth
        room.append((int(at), lots))
    return room


@settings(max_examples=300, deadline=None)
@given(books(), inventories, ladder_settings, leans)
def test_the_ladder_is_the_models(book: ExternalBook, funds: Inventory, chosen: LadderSettings, lean: int) -> None:
    result = ladder(book, PAIRS["BTCUSDT"], chosen, funds, lean)
    assert list(result.bids) == model(book.bids, Side.BUY, chosen, funds, lean)
    assert list(result.asks) == model(book.asks, Side.SELL, chosen, funds, lean)


def sums(side: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (price, what there is at this price or better)."""
    total, told = 0, []
    for price, size in side:
        total += size
        told.append((price, total))
    return told


@settings(max_examples=200, deadline=None)
@given(books(), inventories, ladder_settings, leans)
def test_whatever_the_book_the_ladder_is_sound(
    book: ExternalBook, funds: Inventory, chosen: LadderSettings, lean: int
) -> None:
    result = ladder(book, PAIRS["BTCUSDT"], chosen, funds, lean)
    for side in (result.bids, result.asks):
        assert len(side) <= chosen.levels
        assert all(price > 0 and lots > 0 for price, lots in side)
        worth = [BTCUSDT.notional(*level) for level in side]
        sizes = [lots * BTCUSDT.lot_atoms for _, lots in side]
        assert max(worth, default=0) <= chosen.level_value * USDT
        assert sum(worth) <= chosen.side_value * USDT
        assert max(sizes, default=0) <= chosen.level_size
        assert sum(sizes) <= chosen.side_size
    assert all(better > worse for (better, _), (worse, _) in pairwise(result.bids))
    assert all(better < worse for (better, _), (worse, _) in pairwise(result.asks))
    if result.bids and result.asks:
        assert result.bids[0][0] < result.asks[0][0]
    needs = result.needs(BTCUSDT)
    assert needs["BTC"] <= funds.base
    assert needs["USDT"] <= funds.quote
    assert sum(lots for _, lots in result.bids) * BTCUSDT.lot_atoms <= funds.base_room
    assert sum(BTCUSDT.notional(*level) for level in result.asks) <= funds.quote_room
    check_no_better_than(book, result, chosen, lean)


def check_no_better_than(book: ExternalBook, result: Ladder, chosen: LadderSettings, lean: int) -> None:
    """Assert that at every price of ours the venue has as much at that price, moved as far as is allowed, or better."""
    for ours, theirs, side in ((result.bids, book.bids, Side.BUY), (result.asks, book.asks, Side.SELL)):
        allowed, sign = factor(side, chosen, lean), 1 if side is Side.BUY else -1
        venue = sums((int(p.replace(".", "")), int(q.replace(".", ""))) for p, q in theirs)
        for price, lots in sums(ours):
            reached = [total for at, total in venue if at * allowed * sign >= price * 10**6 * sign]
            assert reached, "a price that is better than any of the venue's"
            assert lots * 10**4 * 10**6 <= reached[-1] * chosen.size_ppm
        edge = Fraction(chosen.least_edge_ppm + chosen.fee_ppm, PPM)
        if ours:
            assert ours[0][0] * TICK * sign <= Fraction(theirs[0][0]) * (1 - sign * edge) * sign


@settings(max_examples=100, deadline=None)
@given(books(), ladder_settings, leans, leans)
def test_the_more_both_sides_lean_up_the_higher_both_stand(
    book: ExternalBook, chosen: LadderSettings, first: int, second: int
) -> None:
    funds = Inventory(*[Atoms(10**17)] * 4)
    low, high = (ladder(book, PAIRS["BTCUSDT"], chosen, funds, lean) for lean in sorted((first, second)))
    for lower, higher in ((low.bids, high.bids), (low.asks, high.asks)):
        if lower and higher and chosen.size_ppm >= PPM and float(book.bids[0][1]) > 1 and float(book.asks[0][1]) > 1:
            assert lower[0][0] <= higher[0][0]


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    return Limits(*(Atoms(amount) for amount in sorted(draw(st.lists(amounts, min_size=3, max_size=3)))))


@given(limits(), amounts, amounts, st.integers(0, 50_000))
def test_the_lean_is_linear_capped_falls_with_what_is_owned_and_is_none_at_the_target(
    limits: Limits, less: int, more: int, most: int
) -> None:
    less, more = sorted((less, more))
    assert most >= lean_ppm(less, limits, most) >= lean_ppm(more, limits, most) >= -most
    assert lean_ppm(limits.target, limits, most) == 0
    if limits.least < limits.target:
        assert lean_ppm(limits.least, limits, most) == most
        exact = Fraction((limits.target - less) * most, limits.target - limits.least)
        assert not limits.least <= less <= limits.target or 0 <= exact - lean_ppm(less, limits, most) < 1
    if limits.target < limits.most:
        assert lean_ppm(limits.most, limits, most) == -most


@given(limits(), amounts)
def test_quotes_that_trade_in_full_never_pass_a_hard_limit(limits: Limits, owned: int) -> None:
    assert owned - to_give(owned, limits) >= min(owned, limits.least)
    assert owned + to_take(owned, limits) <= max(owned, limits.most)
    assert not (limits.least <= owned <= limits.most and is_far_outside(owned, limits))
