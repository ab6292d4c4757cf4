"""Scenarios written as text: one action or expectation a line, over a market where one tick and one lot are one atom.

Orders get the numbers 1, 2, 3... as they are placed. `play` gives everybody plenty of both assets, `play_poor` nothing.

    ann buy 5@100               options: ioc, fok, maker, expire_taker, expire_both, decrement, id:x
    ann buy 5 / ann sell 5      at the market
    ann spend 500 / ann raise 500   at the market, by quote amount
    ann cancel 1 / ann cancel id:x / ann cancel all
    quote 5@99 6@98 | 5@101     the market maker's ladder, best first
    ann deposit 500 USD a / ann withdraw 500 USD / ann keep 1 / paid 1     (withdrawal 1)
    new writer                  another writer takes the lead
    market halted               or cancel_only, or trading
    day                         a day passes
    -> trade 1 2 5@100          what the action above did, in order: maker, taker; 0 is a quote
    -> order 1 filled           with what is left: order 1 partially_filled 3 (one that only rests is not told of)
    -> refused would_take
    == 5@100 | 3@101 1@102      the book, best level first
    ann == 400+100 USD 0+0 APL  available+held
"""

from collections.abc import Iterator

from msgspec.structs import replace

from engine.core.commands import (
    AmendOrder,
    BeginEpoch,
    CancelAll,
    CancelOrder,
    CancelWithdrawal,
    Command,
    CompleteWithdrawal,
    Deposit,
    Levels,
    ListMarket,
    PlaceOrder,
    Quote,
    RequestWithdrawal,
)
from engine.core.events import (
    AlreadyPlaced,
    AlreadyRequested,
    Deposited,
    Event,
    OrderChanged,
    Reduced,
    Traded,
    WithdrawalChanged,
)
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.types import (
    FEES,
    MARKET_MAKER,
    VAULT,
    AssetCode,
    Atoms,
    Lots,
    MarketState,
    Micros,
    OrderId,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    Ticks,
    TimeInForce,
    UserId,
    WithdrawalId,
)
from tests.support.invariants import check

USD, APL = Asset(AssetCode("USD"), 0), Asset(AssetCode("APL"), 0)
MARKET = Market.of("APLUSD", APL, USD, tick_atoms=1, lot_atoms=1, maker_fee_ppm=10_000, taker_fee_ppm=20_000)

HOUSE = {"vault": VAULT, "fees": FEES, "house": MARKET_MAKER}
PEOPLE = {"ann": UserId(1000), "bob": UserId(1001), "cid": UserId(1002)}
OWNERS = HOUSE | PEOPLE
PLENTY = 10**9
DAY = 24 * 3600 * 10**6


def play(text: str) -> Exchange:
    """Play a scenario in which money is no matter."""
    return _Stage(PLENTY).play(text)


def play_poor(text: str) -> Exchange:
    """Play a scenario in which nobody has anything to begin with."""
    return _Stage(0).play(text)


class _Stage:
    def __init__(self, everyone: int) -> None:
        self.now = Micros(DAY)
        self.exchange = Exchange([USD, APL], [MARKET])
        if everyone:
            for owner in (MARKET_MAKER, *PEOPLE.values()):
                for asset in (USD, APL):
                    self.exchange.apply(Deposit(self.now, owner, asset.code, Atoms(everyone), f"{owner} {asset.code}"))

    def play(self, text: str) -> Exchange:
        told: list[str] = []
        for line in filter(None, map(str.strip, text.splitlines())):
            match line.split():
                case ["->", *expected]:
                    assert told, f"nothing more happened, expected: {line}"
                    assert told.pop(0) == " ".join(expected), line
                case ["==", *_]:
                    assert self.depth() == line[2:].strip(), line
                case [owner, "==", *balances]:
                    assert self.balances(OWNERS[owner]) == " ".join(balances), line
                case ["day"]:
                    self.now = Micros(self.now + DAY)
                case words:
                    assert not told, f"before {line!r} this happened too: {told}"
                    told = self.act(words)
        assert not told, f"this happened too: {told}"
        return self.exchange

    def act(self, words: list[str]) -> list[str]:
        self.now = Micros(self.now + 1)
        before = self.exchange.state_hash()
        try:
            events = self.exchange.apply(self.command(words))
        except Refused as refused:
            assert self.exchange.state_hash() == before, "a refusal changed something"
            return [f"refused {refused.code}"]
        check(self.exchange)
        return [line for event in events for line in tell(event)]

    def command(self, words: list[str]) -> Command:
        at = self.now
        match words:
            case ["quote", *levels]:
                bids, asks = " ".join(levels).split("|")
                return Quote(at, MARKET.symbol, _levels(bids), _levels(asks), reference=at)
            case ["market", state]:
                return ListMarket(at, replace(MARKET, state=MarketState(state)))
            case ["new", "writer"]:
                return BeginEpoch(at, 2)
            case ["paid", number]:
                return CompleteWithdrawal(at, WithdrawalId(int(number)))
            case [owner, "deposit", amount, asset, reference]:
                return Deposit(at, OWNERS[owner], AssetCode(asset), Atoms(int(amount)), reference)
            case [owner, "withdraw", amount, asset, *options]:
                said = dict(option.split(":") for option in options)
                return RequestWithdrawal(
                    at,
                    OWNERS[owner],
                    AssetCode(asset),
                    Atoms(int(amount)),
                    said.get("to", "somewhere"),
                    Atoms(int(said.get("fee", 0))),
                    said.get("id", ""),
                )
            case [owner, "keep", number]:
                return CancelWithdrawal(at, OWNERS[owner], WithdrawalId(int(number)))
            case [owner, "amend", number, lots]:
                return AmendOrder(at, OWNERS[owner], OrderId(int(number)), Lots(int(lots)))
            case [owner, "cancel", "all"]:
                return CancelAll(at, OWNERS[owner])
            case [owner, "cancel", which]:
                if which.startswith("id:"):
                    return CancelOrder(at, OWNERS[owner], client_order_id=which[3:])
                return CancelOrder(at, OWNERS[owner], OrderId(int(which)))
            case [owner, verb, size, *options]:
                return _order(at, OWNERS[owner], verb, size, options)
        raise ValueError(words)

    def depth(self) -> str:
        book = self.exchange.state.venues[MARKET.symbol].book
        sides = (" ".join(f"{level.quantity}@{level.price}" for level in side) for side in (book.bids, book.asks))
        return " | ".join(sides).strip()

    def balances(self, owner: UserId) -> str:
        ledger = self.exchange.state.ledger
        found = [ledger.balance(owner, asset.code) for asset in (USD, APL)]
        return " ".join(f"{balance.available}+{balance.held} {balance.asset}" for balance in found)


def _levels(text: str) -> Levels:
    pairs = (level.split("@") for level in text.split())
    return tuple((Ticks(int(price)), Lots(int(lots))) for lots, price in pairs)


def _order(at: Micros, user: UserId, verb: str, size: str, options: list[str]) -> PlaceOrder:
    side = Side.BUY if verb in {"buy", "spend"} else Side.SELL
    by_quote = verb in {"spend", "raise"}
    lots, _, price = size.partition("@")
    kind = OrderType.LIMIT if price else OrderType.MARKET
    time_in_force = TimeInForce.GTC if price else TimeInForce.IOC
    prevention, name = SelfTradePrevention.EXPIRE_MAKER, ""
    for option in options:
        if option == "maker":
            kind = OrderType.LIMIT_MAKER
        elif option.startswith("id:"):
            name = option[3:]
        elif option in {"ioc", "fok"}:
            time_in_force = TimeInForce(option)
        else:
            prevention = SelfTradePrevention(option)
    return PlaceOrder(
        at,
        user,
        MARKET.symbol,
        side,
        kind,
        Lots(0 if by_quote else int(lots)),
        Atoms(int(lots) if by_quote else 0),
        Ticks(int(price or 0)),
        time_in_force,
        prevention,
        name,
    )


def limit(user: UserId, side: Side, quantity: Lots, price: Ticks) -> PlaceOrder:
    """Return a plain order in the scenarios' market, for tests that speak commands."""
    return PlaceOrder(Micros(1), user, MARKET.symbol, side, OrderType.LIMIT, quantity, price=price)


def tell(event: Event) -> Iterator[str]:
    """Say what an event says, in the scenario's words."""
    match event:
        case Traded():
            yield f"trade {event.maker_order} {event.taker_order} {event.quantity}@{event.price}"
        case OrderChanged(status=OrderStatus.NEW) if not event.prevented:
            return
        case OrderChanged():
            left = event.quantity - event.filled - event.prevented if event.quantity else 0
            yield f"order {event.id} {event.status.value}" + (f" {left}" if left else "")
        case Reduced():
            yield f"reduced {event.order} {event.by}"
        case AlreadyPlaced():
            yield f"already placed {event.order}"
        case AlreadyRequested():
            yield f"already requested {event.withdrawal}"
        case WithdrawalChanged():
            yield f"withdrawal {event.id} {event.status.value}"
        case Deposited():
            yield f"deposited {event.amount} {event.asset}"
        case _:
            return
