"""From what somebody wants to an order in ticks and lots, and what it will come to as the book stands. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from bot.refusals import AllOfWhat, LessThanALot, NothingOffered, NothingToSell, NotUnderstood, ThinBook
from bot.wish import Wish
from engine.core.decimals import MarketDecimals
from engine.core.fees import fee
from engine.core.market import PPM
from engine.core.refusals import InsufficientFunds, InvalidPrice, InvalidQuantity, UnknownSymbol
from engine.core.types import BUY, MAX_ATOMS, AssetCode, Atoms, Lots, Side, Ticks
from engine.market_data.depth import Level

OFF_PRICE_PPM: Final = 20_000  # worse than the best price by so much
MOVED_PPM: Final = 5_000  # a card whose price has got worse by so much is shown again
LARGE: Final = "10000"  # units of the quote asset

Levels = Sequence[Level]
Markets = Mapping[str, MarketDecimals]


class Plan(Struct, frozen=True):
    """An order: at a price of one's own, or at the best there is where price is 0.

    Then it names either quantity or quote_quantity, as `PlaceOrder` does.
    """

    side: Side
    market: MarketDecimals
    quantity: Lots
    quote_quantity: Atoms
    price: Ticks


class Estimate(Struct, frozen=True):
    """What an order comes to. fee is in what is received; doubts name why it should be asked about twice."""

    quantity: Lots
    notional: Atoms
    fee: Atoms
    doubts: tuple[str, ...]

    def worse_than(self, before: "Estimate", side: Side) -> bool:
        """Say whether the price has got much worse since."""
        now, then = self.notional * before.quantity, before.notional * self.quantity
        return now * PPM > then * (PPM + MOVED_PPM) if side is BUY else now * PPM < then * (PPM - MOVED_PPM)


def find_market(name: str, markets: Markets, quote: str = "USDT") -> MarketDecimals:
    """Return the market that somebody means by "btc", "BTCUSDT" or "btc/usdt". Raises UnknownSymbol."""
    plain = name.upper().translate({ord(sign): None for sign in "/-_"})
    market = markets.get(plain) or markets.get(plain + quote)
    if market is None:
        raise UnknownSymbol(symbol=name[:32], symbols=", ".join(sorted(markets)))
    return market


def plan(wish: Wish, markets: Markets, available: Mapping[AssetCode, Atoms]) -> Plan:
    """Return the order that somebody wants.

    An amount of money at a price, and everything that one has, are cut down to whole lots. Raises what
    `MarketDecimals` refuses, UnknownSymbol and this package's refusals.
    """
    market = find_market(wish.market, markets)
    terms = market.market
    price = market.price(wish.price) if wish.price is not None else Ticks(0)
    if wish.price is not None and not 0 < price <= terms.max_price:
        raise InvalidPrice
    unit = wish.unit or terms.base
    if unit not in (terms.base, terms.quote):
        raise NotUnderstood
    if wish.amount is None and (wish.side is BUY) != (wish.unit == terms.quote):
        raise AllOfWhat(base=terms.base, quote=terms.quote)
    if unit == terms.base:
        quantity = market.quantity(wish.amount) if wish.amount else _all_of(market, available)
        return _checked(Plan(wish.side, market, quantity, Atoms(0), price))
    money = market.quote_amount(wish.amount) if wish.amount else available.get(terms.quote, Atoms(0))
    if not money:
        raise InvalidQuantity
    if not price:
        return Plan(wish.side, market, Lots(0), money, price)
    quantity = Lots(money // (price * terms.unit_atoms))
    if not quantity:
        raise LessThanALot(lot=market.show_quantity(Lots(1)), asset=terms.base)
    return _checked(Plan(wish.side, market, quantity, Atoms(0), price))


def estimate(plan: Plan, bids: Levels, asks: Levels) -> Estimate:
    """Return what the order comes to. Raises ThinBook where the book has less, LessThanALot."""
    facing = asks if plan.side is BUY else bids
    market = plan.market.market
    best = facing[0][0] if facing else None
    if plan.price:
        quantity, notional = plan.quantity, market.notional(plan.price, plan.quantity)
        crosses = best is not None and (plan.price >= best if plan.side is BUY else plan.price <= best)
        rate = market.taker_fee_ppm if crosses else market.maker_fee_ppm
    else:
        quantity, notional = _walk(plan, facing)
        rate = market.taker_fee_ppm
    doubts = []
    if notional >= plan.market.quote_amount(LARGE):
        doubts.append("large")
    if best is not None and _is_off(plan.side, notional, market.notional(best, quantity)):
        doubts.append("off_price")
    received = Atoms(quantity * market.lot_atoms) if plan.side is BUY else notional
    return Estimate(quantity, notional, fee(received, rate), tuple(doubts))


def check_funds(plan: Plan, come_to: Estimate, available: Mapping[AssetCode, Atoms]) -> None:
    """Raise InsufficientFunds where the account can't pay for it."""
    market = plan.market.market
    if plan.side is BUY:
        asset, need = market.quote, come_to.notional
    else:
        asset, need = market.base, Atoms(come_to.quantity * market.lot_atoms)
    have = available.get(asset, Atoms(0))
    if need > have:
        raise InsufficientFunds(asset=asset, needed_atoms=need, available_atoms=have)


def _all_of(market: MarketDecimals, available: Mapping[AssetCode, Atoms]) -> Lots:
    terms = market.market
    have = available.get(terms.base, Atoms(0))
    if not have:
        raise NothingToSell(asset=terms.base)
    quantity = Lots(have // terms.lot_atoms)
    if not quantity:
        raise LessThanALot(lot=market.show_quantity(Lots(1)), asset=terms.base)
    return quantity


def _checked(plan: Plan) -> Plan:
    market = plan.market.market
    if not 0 < plan.quantity <= market.max_quantity or market.notional(plan.price, plan.quantity) >= MAX_ATOMS:
        raise InvalidQuantity
    return plan


def _walk(plan: Plan, facing: Levels) -> tuple[Lots, Atoms]:
    """Return how much a market order trades and what that costs."""
    market = plan.market.market
    if not facing:
        raise NothingOffered
    quantity, notional = 0, 0
    for price, offered in facing:
        if plan.quote_quantity:
            wanted = (plan.quote_quantity - notional) // (price * market.unit_atoms)
        else:
            wanted = plan.quantity - quantity
        taken = min(offered, wanted)
        quantity += taken
        notional += market.notional(price, Lots(taken))
        if taken == wanted:
            break
    else:
        raise ThinBook(offered=plan.market.show_quantity(Lots(_total(facing))), asset=market.base)
    if not quantity:
        raise LessThanALot(lot=plan.market.show_quantity(Lots(1)), asset=market.base)
    return Lots(quantity), Atoms(notional)


def _total(levels: Iterable[Level]) -> int:
    return sum(quantity for _, quantity in levels)


def _is_off(side: Side, notional: int, at_best: int) -> bool:
    if side is BUY:
        return notional * PPM > at_best * (PPM + OFF_PRICE_PPM)
    return notional * PPM < at_best * (PPM - OFF_PRICE_PPM)
