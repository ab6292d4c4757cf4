"""The exchange against a slow, obvious one, through random play, with restarts from what its tables would hold."""

from collections import defaultdict

import msgspec
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

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
    ListAsset,
    ListMarket,
    PlaceOrder,
    Quote,
    RequestWithdrawal,
)
from engine.core.events import (
    AlreadyPlaced,
    AlreadyRequested,
    AssetListed,
    BalanceChanged,
    Deposited,
    Event,
    MarketListed,
    OrderChanged,
    Posting,
    Reduced,
    Traded,
    WithdrawalChanged,
)
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.snapshot import Snapshot, genesis
from engine.core.types import (
    MARKET_MAKER,
    OPEN,
    AssetCode,
    Atoms,
    Kind,
    Lots,
    MarketState,
    Micros,
    OrderId,
    OrderType,
    SelfTradePrevention,
    Side,
    Symbol,
    Ticks,
    TimeInForce,
    TradeId,
    UserId,
    WithdrawalId,
    WithdrawalStatus,
)
from tests.support.invariants import check
from tests.support.models import Refusal, SlowExchange, Told

USD, APL, FIG = (Asset(AssetCode(code), decimals) for code, decimals in (("USD", 2), ("APL", 3), ("FIG", 0)))
ASSETS = [USD, APL, FIG]
MARKETS = [
    Market.of("APLUSD", APL, USD, tick_atoms=100, lot_atoms=100, maker_fee_ppm=3_000, taker_fee_ppm=17_000),  # unit 10
    Market.of("FIGUSD", FIG, USD, tick_atoms=1, lot_atoms=1, maker_fee_ppm=0, taker_fee_ppm=250_000, max_open_orders=6),
]
SYMBOLS = st.sampled_from([market.symbol for market in MARKETS])
PEOPLE = st.sampled_from([UserId(1000), UserId(1000), UserId(1001), UserId(1002)])
OWNERS = st.one_of(PEOPLE, st.just(MARKET_MAKER))
CODES = st.sampled_from([asset.code for asset in ASSETS])
PRICES = st.integers(1, 9).map(Ticks)
LOTS = st.integers(1, 12).map(Lots)
NUMBERS = st.integers(1, 25)


@st.composite
def ladders(draw: st.DrawFn, best_first: int) -> Levels:
    """Make one side of a quote."""
    prices = sorted(draw(st.sets(PRICES, max_size=3)), reverse=best_first > 0)
    return tuple((price, draw(LOTS)) for price in prices)


class Tables:
    """What a database would hold: the last state of everything that events told of."""

    def __init__(self) -> None:
        self.assets: list[Asset] = []
        self.markets: dict[Symbol, Market] = {}
        self.orders: dict[OrderId, OrderChanged] = {}
        self.withdrawals: dict[WithdrawalId, WithdrawalChanged] = {}
        self.balances: dict[tuple[UserId, AssetCode], BalanceChanged] = {}
        self.posted: dict[tuple[UserId, AssetCode, Kind], int] = defaultdict(int)
        self.deposits: list[str] = []
        self.levels: dict[tuple[Symbol, Side, Ticks], Lots] = {}
        self.reduced: dict[OrderId, int] = defaultdict(int)
        self.trades = 0

    def keep(self, exchange: Exchange, events: list[Event]) -> None:
        """Write what a command did."""
        for fact in events:
            match fact:
                case OrderChanged():
                    self.orders[fact.id] = fact
                case Reduced():
                    self.reduced[fact.order] += fact.by
                case WithdrawalChanged():
                    self.withdrawals[fact.id] = fact
                case AssetListed():
                    self.assets.append(fact.asset)
                case MarketListed():
                    self.markets[fact.market.symbol] = fact.market
                case Deposited():
                    self.deposits.append(fact.reference)
                case Traded():
                    self.trades += 1
                    assert fact.id == self.trades
                case _:
                    pass
        postings, balances, levels = exchange.drain()
        for posting in postings:
            self.post(posting)
        for balance in balances:
            self.balances[balance.owner, balance.asset] = balance
        for level in levels:
            self.levels[level.symbol, level.side, level.price] = level.quantity

    def post(self, posting: Posting) -> None:
        """Add a posting to both accounts."""
        assert posting.amount > 0
        self.posted[posting.debit_owner, posting.asset, posting.debit_kind] -= posting.amount
        self.posted[posting.credit_owner, posting.asset, posting.credit_kind] += posting.amount

    def snapshot(self, now: Micros) -> Snapshot:
        """Return what a new writer would read."""
        orders = [self.orders[number] for number in sorted(self.orders)]
        return msgspec.structs.replace(
            genesis(),
            now=now,
            next_order=OrderId(max(self.orders, default=0) + 1),
            next_trade=TradeId(self.trades + 1),
            next_withdrawal=WithdrawalId(max(self.withdrawals, default=0) + 1),
            assets=self.assets,
            markets=list(self.markets.values()),
            balances=list(self.balances.values()),
            open_orders=[order for order in orders if order.status in OPEN],
            remembered=[
                (order.id, _placed(order, self.reduced[order.id])) for order in orders if order.client_order_id
            ],
            withdrawals=[w for w in self.withdrawals.values() if w.status is WithdrawalStatus.REQUESTED],
            requests=[w for w in self.withdrawals.values() if w.reference],
            deposits=self.deposits,
        )


def _placed(order: OrderChanged, reduced: int) -> PlaceOrder:
    return PlaceOrder(
        at=order.created_at,
        user=order.user,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=Lots(order.quantity + reduced),
        quote_quantity=order.quote_quantity,
        price=order.price,
        time_in_force=order.time_in_force,
        self_trade_prevention=order.self_trade_prevention,
        client_order_id=order.client_order_id,
    )


class ExchangeAgainstModel(RuleBasedStateMachine):
    """Every command goes to both, and both must say and have the same."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange, self.model, self.tables = Exchange(), SlowExchange(MARKETS), Tables()
        self.log: list[Command] = []
        self.now = Micros(0)

    def at(self) -> Micros:
        self.now = Micros(self.now + 1)
        return self.now

    def apply(self, command: Command) -> list[Event] | str:
        """Return what the exchange did, or the code of its refusal."""
        try:
            events = self.exchange.apply(command)
        except Refused as refused:
            event(f"refused {refused.code}")
            assert self.exchange.drain() == ([], [], []), "a refusal changed something"
            return refused.code
        self.log.append(command)
        self.tables.keep(self.exchange, events)
        return events

    def compare(self, command: Command, told: Told | str) -> None:
        """Let the exchange do what the model has done."""
        events = self.apply(command)
        if isinstance(events, str) or isinstance(told, str):
            assert events == told
            return
        trades = [(e.maker_order, e.taker_order, e.quantity, e.price) for e in events if isinstance(e, Traded)]
        orders = [(e.id, e.status) for e in events if isinstance(e, OrderChanged)]
        assert (trades, orders) == (told.trades, told.orders)

    @initialize(amount=st.integers(100, 3000))
    def begin(self, amount: int) -> None:
        for asset in ASSETS:
            self.compare(ListAsset(self.at(), asset), Told())
        for market in MARKETS:
            self.compare(ListMarket(self.at(), market), Told())
        for owner in (UserId(1000), UserId(1001), MARKET_MAKER):
            for asset in ASSETS:
                self.deposit(owner, asset.code, amount, f"{owner} {asset.code}")

    @rule(user=OWNERS, asset=CODES, amount=st.integers(1, 500), reference=st.sampled_from("abcdef"))
    def deposit(self, user: UserId, asset: AssetCode, amount: int, reference: str) -> None:
        told: Told | str = Told()
        try:
            self.model.deposit(user, asset, amount, reference)
        except Refusal as refusal:
            told = str(refusal)
        self.compare(Deposit(self.at(), user, asset, Atoms(amount), reference), told)

    @rule(
        user=OWNERS,
        asset=CODES,
        amount=st.integers(1, 800),
        fee=st.sampled_from([0, 0, 3]),
        reference=st.sampled_from(["", "", "", "x", "y"]),
    )
    def withdraw(self, user: UserId, asset: AssetCode, amount: int, fee: int, reference: str) -> None:
        told: int | str
        try:
            told = self.model.withdraw(user, asset, amount, fee, reference)
        except Refusal as refusal:
            told = str(refusal)
        command = RequestWithdrawal(self.at(), user, asset, Atoms(amount), "somewhere", Atoms(fee), reference)
        events = self.apply(command)
        if isinstance(events, str):
            assert events == told
            return
        (said,) = events
        assert isinstance(said, WithdrawalChanged | AlreadyRequested)
        assert told == (said.id if isinstance(said, WithdrawalChanged) else said.withdrawal)

    @rule(number=st.integers(1, 6))
    def complete(self, number: int) -> None:
        told: Told | str = Told()
        try:
            self.model.complete(number)
        except Refusal as refusal:
            told = str(refusal)
        self.compare(CompleteWithdrawal(self.at(), WithdrawalId(number)), told)

    @rule(user=OWNERS, number=st.integers(1, 6))
    def keep(self, user: UserId, number: int) -> None:
        told: Told | str = Told()
        try:
            self.model.keep(user, number)
        except Refusal as refusal:
            told = str(refusal)
        self.compare(CancelWithdrawal(self.at(), user, WithdrawalId(number)), told)

    @rule(
        user=PEOPLE,
        symbol=SYMBOLS,
        side=st.sampled_from(Side),
        price=PRICES,
        lots=LOTS,
        kind=st.sampled_from([OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT_MAKER]),
        time_in_force=st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
        prevention=st.sampled_from(SelfTradePrevention),
        name=st.sampled_from(["", "", "", "x", "y"]),
    )
    def limit(
        self,
        user: UserId,
        symbol: Symbol,
        side: Side,
        price: Ticks,
        lots: Lots,
        kind: OrderType,
        time_in_force: TimeInForce,
        prevention: SelfTradePrevention,
        name: str,
    ) -> None:
        if kind is OrderType.LIMIT_MAKER:
            time_in_force = TimeInForce.GTC
        self.place(
            PlaceOrder(
                at=self.at(),
                user=user,
                symbol=symbol,
                side=side,
                type=kind,
                quantity=lots,
                price=price,
                time_in_force=time_in_force,
                self_trade_prevention=prevention,
                client_order_id=name,
            )
        )

    @rule(
        user=PEOPLE,
        symbol=SYMBOLS,
        side=st.sampled_from(Side),
        size=st.one_of(LOTS.map(lambda lots: (lots, 0)), st.integers(1, 900).map(lambda amount: (0, amount))),
        time_in_force=st.sampled_from([TimeInForce.IOC, TimeInForce.FOK]),
        prevention=st.sampled_from(SelfTradePrevention),
    )
    def market(
        self,
        user: UserId,
        symbol: Symbol,
        side: Side,
        size: tuple[int, int],
        time_in_force: TimeInForce,
        prevention: SelfTradePrevention,
    ) -> None:
        self.place(
            PlaceOrder(
                at=self.at(),
                user=user,
                symbol=symbol,
                side=side,
                type=OrderType.MARKET,
                quantity=Lots(size[0]),
                quote_quantity=Atoms(size[1]),
                time_in_force=time_in_force,
                self_trade_prevention=prevention,
            )
        )

    def place(self, command: PlaceOrder) -> None:
        told: Told | int | str
        try:
            told = self.model.place(command)
        except Refusal as refusal:
            told = str(refusal)
        if isinstance(told, int):
            assert self.apply(command) == [AlreadyPlaced(OrderId(told))]
            return
        if isinstance(told, Told):
            event(f"{command.type.value} {command.time_in_force.value} {told.orders[-1][1].value}")
        self.compare(command, told)

    @rule(user=PEOPLE, number=NUMBERS)
    def cancel(self, user: UserId, number: int) -> None:
        told: Told | str
        try:
            told = self.model.cancel(user, number)
        except Refusal as refusal:
            told = str(refusal)
        self.compare(CancelOrder(self.at(), user, OrderId(number)), told)

    @rule(user=PEOPLE, number=NUMBERS, quantity=LOTS)
    def amend(self, user: UserId, number: int, quantity: Lots) -> None:
        told: Told | str
        try:
            told = self.model.amend(user, number, quantity)
        except Refusal as refusal:
            told = str(refusal)
        self.compare(AmendOrder(self.at(), user, OrderId(number), quantity), told)

    @rule(user=PEOPLE, symbol=st.one_of(SYMBOLS, st.just(Symbol(""))))
    def cancel_all(self, user: UserId, symbol: Symbol) -> None:
        told: Told | str
        try:
            told = self.model.cancel_all(user, symbol)
        except Refusal as refusal:
            told = str(refusal)
        self.compare(CancelAll(self.at(), user, symbol), told)

    @rule(symbol=SYMBOLS, bids=ladders(1), asks=ladders(-1))
    def quote(self, symbol: Symbol, bids: Levels, asks: Levels) -> None:
        told: Told | str
        try:
            told = self.model.quote(symbol, bids, asks)
        except Refusal as refusal:
            told = str(refusal)
        self.compare(Quote(self.at(), symbol, bids, asks, reference=self.now), told)

    @rule(market=st.sampled_from(MARKETS), taker_fee_ppm=st.sampled_from([0, 1_000, 333_333]))
    def change_fees(self, market: Market, taker_fee_ppm: int) -> None:
        self.list(msgspec.structs.replace(self.model.markets[market.symbol], taker_fee_ppm=taker_fee_ppm))

    @rule(market=st.sampled_from(MARKETS), state=st.sampled_from([*MarketState, MarketState.TRADING]))
    def switch(self, market: Market, state: MarketState) -> None:
        self.list(msgspec.structs.replace(self.model.markets[market.symbol], state=state))

    def list(self, market: Market) -> None:
        self.model.markets[market.symbol] = market
        self.compare(ListMarket(self.at(), market), Told())

    @rule()
    def restart(self) -> None:
        """Go on with an exchange that knows only what the tables hold."""
        self.apply(BeginEpoch(self.at(), 2))
        self.model.drop_quotes()
        state_hash = self.exchange.state_hash()
        restored = Exchange()
        restored.restore(self.tables.snapshot(self.exchange.state.now))
        assert restored.state_hash() == state_hash
        kept = self.exchange.snapshot(seq=0, epoch=0, digest=genesis().digest)
        again = Exchange()
        again.restore(kept)
        assert again.state_hash() == state_hash
        assert again.snapshot(seq=0, epoch=0, digest=genesis().digest) == kept
        assert restored.drain()[:2] == ([], [])
        self.exchange = restored

    def depth(self) -> dict[tuple[Symbol, Side, Ticks], Lots]:
        return {
            (symbol, side.side, level.price): level.quantity
            for symbol, venue in self.exchange.state.venues.items()
            for side in (venue.book.bids, venue.book.asks)
            for level in side
        }

    @invariant()
    def sound(self) -> None:
        check(self.exchange)

    @invariant()
    def same_books(self) -> None:
        for symbol, venue in self.exchange.state.venues.items():
            for side in (venue.book.bids, venue.book.asks):
                found = [(order.id, order.price, order.remaining) for level in side for order in level]
                assert found == [(o.id, o.price, o.left) for o in self.model.queue(symbol, side.side)]
        assert {key: lots for key, lots in self.tables.levels.items() if lots} == self.depth()

    @invariant()
    def same_money(self) -> None:
        for balance in self.exchange.state.ledger:
            owner, asset = balance.owner, balance.asset
            assert balance.available == self.model.available(owner, asset)
            assert balance.held == self.model.held(owner, asset)
            assert balance.available == self.tables.posted[owner, asset, Kind.AVAILABLE]
            assert balance.held == self.tables.posted[owner, asset, Kind.HELD]
            if balance.available or balance.held:
                assert self.tables.balances[owner, asset] == balance.changed()

    def teardown(self) -> None:
        """Play the log again: the same commands give the same state."""
        again = Exchange()
        for command in self.log:
            again.apply(command)
        assert again.state_hash() == self.exchange.state_hash()


TestExchange = ExchangeAgainstModel.TestCase
TestExchange.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, report_multiple_bugs=False)
