"""Trades as the exchange makes them, and the postings that it makes with them."""

import random
from collections import defaultdict

from engine.core.commands import Deposit, PlaceOrder, Quote
from engine.core.events import Posting, Traded
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.types import (
    MARKET_MAKER,
    AssetCode,
    Atoms,
    Lots,
    Micros,
    OrderType,
    Reason,
    Side,
    Ticks,
    TradeId,
    UserId,
)
from engine.settlement.fills import Fill, Purse

USDT, BTC, ETH = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8), Asset(AssetCode("ETH"), 8)
MARKETS = (
    Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4),
    Market.of("ETHUSDT", ETH, USDT, tick_atoms=10**4, lot_atoms=10**4),
)
BY_SYMBOL = {market.symbol: market for market in MARKETS}


class Played:
    """An exchange that was played: what everybody had before the first trade and has after the last, and all fills."""

    def __init__(self, seed: int, orders: int, people: int) -> None:
        chance = random.Random(seed)
        self.exchange = Exchange((USDT, BTC, ETH), MARKETS)
        self.before: dict[Purse, int] = {}
        self.postings: defaultdict[TradeId, list[Posting]] = defaultdict(list)
        self.fills: list[Fill] = []
        users = [MARKET_MAKER, *(UserId(1000 + number) for number in range(people))]
        for user in users:
            for asset in (USDT, BTC, ETH):
                # Little money, so that many can only pay with what they have just been paid.
                little = 10**5 if asset is USDT else 10**7
                atoms = chance.choice((0, little, 10 * little)) if user != MARKET_MAKER else 100 * little
                if atoms:
                    self._do(Deposit(Micros(1), user, asset.code, Atoms(atoms), f"{user}:{asset.code}"))
                    self.before[user, asset.code] = atoms
        for _ in range(orders):
            if chance.random() < 0.1:
                self._quote(chance)
            else:
                self._order(chance, chance.choice(users[1:]))

    @property
    def after(self) -> dict[Purse, int]:
        ledger = self.exchange.state.ledger
        purses = {purse for fill in self.fills for purse, _ in fill.changes()} | set(self.before)
        balances = {purse: ledger.balance(*purse) for purse in purses}
        return {purse: each.available + each.held for purse, each in balances.items()}

    def _order(self, chance: random.Random, user: UserId) -> None:
        market, side = chance.choice(MARKETS), chance.choice((Side.BUY, Side.SELL))
        self._do(
            PlaceOrder(
                Micros(2),
                user,
                market.symbol,
                side,
                OrderType.LIMIT,
                Lots(chance.randint(1, 2_000)),
                price=Ticks(chance.randint(95, 105)),
            )
        )

    def _quote(self, chance: random.Random) -> None:
        bids = ((Ticks(chance.randint(90, 99)), Lots(chance.randint(1, 500))),)
        asks = ((Ticks(chance.randint(100, 110)), Lots(chance.randint(1, 500))),)
        self._do(Quote(Micros(2), chance.choice(MARKETS).symbol, bids, asks, reference=7))

    def _do(self, command: Deposit | PlaceOrder | Quote) -> None:
        try:
            events = self.exchange.apply(command)
        except Refused:
            return
        for posting in self.exchange.drain()[0]:
            if posting.reason in {Reason.TRADE, Reason.FEE}:
                self.postings[TradeId(posting.cause)].append(posting)
        for event in events:
            if isinstance(event, Traded):
                market = BY_SYMBOL[event.symbol]
                atoms = Atoms(event.quantity * market.lot_atoms)
                self.fills.append(Fill(event, market.base, market.quote, atoms))

    def posted(self, trades: set[TradeId]) -> dict[Purse, int]:
        """Return by how much the ledger says that trades changed each purse."""
        net: defaultdict[Purse, int] = defaultdict(int)
        for trade in trades:
            for posting in self.postings[trade]:
                net[posting.debit_owner, posting.asset] -= posting.amount
                net[posting.credit_owner, posting.asset] += posting.amount
        return {purse: atoms for purse, atoms in net.items() if atoms}
