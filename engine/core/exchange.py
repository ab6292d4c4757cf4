"""The exchange: commands in, events out."""

from collections.abc import Iterable
from hashlib import sha256
from typing import assert_never

import msgspec

from engine.core.amending import amend
from engine.core.book import Order
from engine.core.canceling import cancel, cancel_all
from engine.core.commands import (
    AmendOrder,
    BeginEpoch,
    CancelAll,
    CancelOrder,
    CancelWithdrawal,
    ChangeQuote,
    Command,
    CompleteWithdrawal,
    Deposit,
    ListAsset,
    ListMarket,
    PlaceOrder,
    Quote,
    RequestWithdrawal,
)
from engine.core.events import (
    AlreadyPlaced,
    AlreadyRequested,
    BalanceChanged,
    EpochBegan,
    Event,
    LevelChanged,
    OrderChanged,
    Posting,
)
from engine.core.funds import cancel_withdrawal, complete_withdrawal, deposit, request_withdrawal
from engine.core.listing import list_asset, list_market
from engine.core.market import Asset, Market
from engine.core.names import LIFE
from engine.core.placing import place
from engine.core.quotes import change_quote, drop_quotes, narrow
from engine.core.snapshot import Snapshot, command_of
from engine.core.state import State
from engine.core.types import NEW, PARTIALLY_FILLED, Lots, Micros, OrderId, TradeId, WithdrawalId


def changes_state(events: list[Event]) -> bool:
    """Tell whether a command that gave these events did anything; only such commands are kept in the log."""
    return bool(events) and type(events[0]) not in (AlreadyPlaced, AlreadyRequested)


class Exchange:
    """Books, ledger and everything between them. The same commands in the same order give the same events and state.

    Not thread-safe: one writer owns it.
    """

    def __init__(self, assets: Iterable[Asset] = (), markets: Iterable[Market] = ()) -> None:
        self._state = State()
        self._list(assets, markets)

    def _list(self, assets: Iterable[Asset], markets: Iterable[Market]) -> None:
        for asset in assets:
            self._state.add_asset(asset)
        for market in markets:
            self._state.add_market(market)

    @property
    def state(self) -> State:
        """Everything that the exchange knows, to look at: only commands change it."""
        return self._state

    def narrow(self, command: Quote) -> ChangeQuote:
        """Return a quote as only what it changes, which is how the log keeps it."""
        return narrow(self._state, command)

    def apply(self, command: Command) -> list[Event]:
        """Carry out one command and return what it did. Raises Refused, and then nothing has changed.

        Of `PlaceOrder` the last event is the placed order's own `OrderChanged`, or the only one is `AlreadyPlaced`; of
        `RequestWithdrawal` the only one is `WithdrawalChanged` or `AlreadyRequested`.
        """
        state = self._state
        if command.at < state.now:  # a clock that was set back must not turn the order of events around
            command = msgspec.structs.replace(command, at=state.now)
        events = self._dispatch(command)
        if changes_state(events):
            state.now = command.at
        return events

    def _dispatch(self, command: Command) -> list[Event]:
        state = self._state
        match command:
            case PlaceOrder():
                return place(state, command)
            case CancelOrder():
                return cancel(state, command)
            case AmendOrder():
                return amend(state, command)
            case CancelAll():
                return cancel_all(state, command)
            case ChangeQuote():
                return change_quote(state, command)
            case Quote():
                return change_quote(state, narrow(state, command))
            case Deposit():
                return deposit(state, command)
            case RequestWithdrawal():
                return request_withdrawal(state, command)
            case CompleteWithdrawal():
                return complete_withdrawal(state, command)
            case CancelWithdrawal():
                return cancel_withdrawal(state, command)
            case ListAsset():
                return list_asset(state, command)
            case ListMarket():
                return list_market(state, command)
            case BeginEpoch():
                drop_quotes(state)
                return [EpochBegan(command.epoch, command.at)]
        assert_never(command)

    def drain(self) -> tuple[list[Posting], list[BalanceChanged], list[LevelChanged]]:
        """Return the postings, changed balances and changed levels since the last drain."""
        postings, balances = self._state.ledger.drain()
        levels: list[LevelChanged] = []
        for symbol, venue in self._state.venues.items():
            levels += venue.book.drain(symbol)
        return postings, balances, levels

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from what was kept. Call it once, on a new exchange without any listing of its own."""
        state = self._state
        self._list(snapshot.assets, snapshot.markets)
        state.now = snapshot.now
        state.next_order, state.next_trade = snapshot.next_order, snapshot.next_trade
        state.next_withdrawal = snapshot.next_withdrawal
        state.ledger.restore(snapshot.balances)
        remembered = dict(snapshot.remembered)
        for kept in snapshot.open_orders:
            placed = remembered.get(kept.id) or command_of(kept)
            remaining = Lots(kept.quantity - kept.filled - kept.prevented)
            order = Order(kept.id, kept.user, kept.side, kept.price, remaining, placed)
            order.quantity = kept.quantity
            order.filled, order.notional, order.prevented = kept.filled, kept.notional, kept.prevented
            state.venues[kept.symbol].book.side(kept.side).rest(order)
            state.add_order(order)
        for order_id, placed in snapshot.remembered:
            if placed.at + LIFE >= state.now:  # an older one is still open, which `add_order` has seen to
                state.names.add(order_id, placed, state.now)
        state.withdrawals = {withdrawal.id: withdrawal for withdrawal in snapshot.withdrawals}
        for withdrawal in snapshot.requests:
            state.requests.add(withdrawal)
        state.deposits = set(snapshot.deposits)

    def snapshot(self, *, seq: int, epoch: int, digest: bytes) -> Snapshot:
        """Return the state as tables would tell it; the arguments are the writer's to know."""
        state = self._state
        return Snapshot(
            seq=seq,
            epoch=epoch,
            digest=digest,
            now=state.now,
            next_order=state.next_order,
            next_trade=state.next_trade,
            next_withdrawal=state.next_withdrawal,
            assets=list(state.assets.values()),
            markets=[venue.market for venue in state.venues.values()],
            balances=[b.changed() for b in state.ledger if b.available or b.held],
            open_orders=[self._open(state.orders[order]) for order in sorted(state.orders)],
            remembered=list(state.names.known(state.now)),
            withdrawals=list(state.withdrawals.values()),
            requests=list(state.requests.known(state.now)),
            deposits=sorted(state.deposits),
        )

    @staticmethod
    def _open(order: Order) -> OrderChanged:
        return order.state(PARTIALLY_FILLED if order.filled else NEW, Micros(0))

    def state_hash(self) -> str:
        """Return a SHA-256, in hex, of all that tables keep: balances, open orders in priority order, counters."""
        state = self._state
        queues = [
            (symbol, [self._open(order) for level in side for order in level if order.placed is not None])
            for symbol, venue in sorted(state.venues.items())
            for side in (venue.book.bids, venue.book.asks)
        ]
        balances = sorted((b.asset, int(b.owner), b.available, b.held) for b in state.ledger if b.available or b.held)
        counters: tuple[OrderId, TradeId, WithdrawalId] = (state.next_order, state.next_trade, state.next_withdrawal)
        withdrawals = sorted(state.withdrawals.values(), key=lambda withdrawal: withdrawal.id)
        listed = (
            sorted(state.assets.values(), key=lambda asset: asset.code),
            [venue.market for _, venue in sorted(state.venues.items())],
        )
        whole = (listed, counters, balances, queues, withdrawals, sorted(state.deposits))
        return sha256(msgspec.msgpack.encode(whole)).hexdigest()
