"""What people are told without having asked: what happened to their orders, their money and their account.

A card tells what became of its order at once. Fills that come later are told in one message an order: what happens
before it is sent is told with it, what happens after it changes it. All comes from committed batches and from kept
activities, as they come or, after a stop, from the books: what the cursor has passed is in the outbox.
"""

from collections.abc import Callable, Mapping
from typing import Final

import structlog
from msgspec.structs import astuple

from bot import linking, withdrawing
from bot.bodies import Body
from bot.outbox import Outbox
from bot.sending import Sender
from bot.shown import moment
from bot.stores import Stores
from data.store.happened import Fact
from data.store.notices import Cursor, Place
from engine.accounts.notifications import Kind
from engine.accounts.types import TELEGRAM, Activity, ActivityKind
from engine.core.decimals import show_plain
from engine.core.events import Deposited, OrderChanged, Traded, WithdrawalChanged
from engine.core.market import Asset
from engine.core.types import (
    EXPIRED,
    EXPIRED_IN_MATCH,
    FIRST_PERSON,
    Micros,
    OrderId,
    TradeId,
    UserId,
    WithdrawalStatus,
)
from engine.ports import Clock
from engine.sequencer.batch import Batch

log = structlog.get_logger()

CARD: Final = "tg-"  # how the names of orders begin that cards have placed
ENDED: Final = frozenset({EXPIRED, EXPIRED_IN_MATCH})
OVER: Final = frozenset({WithdrawalStatus.COMPLETED, WithdrawalStatus.CANCELED})


class Notices:
    """Puts into the outbox. `on_batch` and `on_activity` are listeners; they wait for nothing and raise nothing."""

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        stores: Stores,
        assets: Mapping[str, Asset],
        clock: Clock,
        on_missed: Callable[[Traded], None],
        *,
        catch_up: Micros,
    ) -> None:
        """Hear nothing yet. on_missed is told of trades that were missed; catch_up is how old these may be."""
        self._on_missed = on_missed
        self._outbox = outbox
        self._sender = sender
        self._stores = stores
        self._assets = assets
        self._clock = clock
        self._catch_up = catch_up
        self._cards: dict[str, Place] = {}
        self._cursor = Cursor(Micros(0), TradeId(0), OrderId(0), 0)  # behind what was heard
        self._missed: Cursor | None = None  # behind what was told before the start
        self._heard_from: Cursor | None = None  # before what was heard
        self._is_caught_up = False

    async def begin(self) -> None:
        """Find out what was told before. The listeners must hear all that happens from before this is called on."""
        now, before = await self._stores.happened.newest(), await self._stores.notices.cursor()
        if before is None:
            await self._stores.notices.keep([], [], now)
        self._missed, self._heard_from = before or now, now
        self._cursor = Cursor(*map(max, zip(astuple(self._cursor), astuple(now), strict=True)))

    async def catch_up(self) -> None:
        """Tell what happened before the first batch that was heard. Raises what the store raises."""
        assert self._missed is not None
        assert self._heard_from is not None
        since = Micros(max(self._missed.at, self._clock() - self._catch_up))
        told = 0
        async for fact in self._stores.happened.between(self._missed, self._heard_from, since):
            await self._missed_fact(fact)
            told += 1
        self._is_caught_up = True
        self._outbox.move(self._cursor)
        log.info("caught up with what happened", found=told)

    def expect(self, client_order_id: str, place: Place) -> None:
        """Tell of the order that is about to be placed under this name in the message that asked for it."""
        self._cards[client_order_id] = place

    def forget(self, client_order_id: str) -> bool:
        """Expect it no longer. Return whether it had not come."""
        return self._cards.pop(client_order_id, None) is not None

    def hears(self, user: UserId) -> None:
        """Note that somebody has written to the bot, and so may be written to."""
        self._sender.deaf.pop(user, None)

    def on_batch(self, batch: Batch) -> None:
        """Take what a committed batch did to people's orders and money."""
        try:
            self._take(batch)
        except Exception:
            log.exception("what happened can't be told")  # trading goes on

    def on_activity(self, activity: Activity) -> None:
        """Take what happened to an account."""
        try:
            self._activity(activity)
        except Exception:
            log.exception("what happened can't be told")
        self._move(activity_id=activity.id)

    def tell(self, order: OrderChanged, place: Place | None = None) -> None:
        """Tell of an order as it is now, in a message that is there already where one is named."""
        kind = Kind.EXPIRY if order.status in ENDED and not order.filled else Kind.FILLS
        self.put(order.user, f"order:{order.id}", Body(kind), place=place)

    def put(self, user: UserId, topic: str, body: Body, *, rings: bool = False, place: Place | None = None) -> None:
        """Let somebody be told of a topic as it is now."""
        if user in self._sender.deaf or user < FIRST_PERSON:
            return
        self._outbox.put(user, topic, body, rings=rings, place=place)
        self._sender.wake(user, at_once=place is not None)

    async def keep(self) -> None:
        """Return when all that was put before is durable."""
        await self._outbox.keep()

    def _take(self, batch: Batch) -> None:
        if batch.trades or batch.orders:
            traded = {order for trade in batch.trades for order in (trade.maker_order, trade.taker_order)}
            for order in batch.orders:
                card = self._cards.pop(order.client_order_id, None) if order.client_order_id else None
                expired = order.status in ENDED and order.updated_at > order.created_at  # and had rested
                if card is not None or order.id in traded or expired:
                    self.tell(order, card)
        for deposit in batch.deposits:
            self._deposit(deposit)
        for withdrawal in batch.withdrawals:
            if withdrawal.status is WithdrawalStatus.COMPLETED:
                self._withdrawal(withdrawal)
        self._move(batch)

    def _move(self, batch: Batch | None = None, activity_id: int = 0) -> None:
        """Move the cursor; while something from before is to be caught up with, only in mind."""
        cursor = self._cursor
        if batch is not None:
            at, trade, order = batch.at, TradeId(batch.next_trade - 1), OrderId(batch.next_order - 1)
            self._cursor = Cursor(at, trade, order, cursor.activity)
        else:
            self._cursor = Cursor(cursor.at, cursor.trade, cursor.order, max(cursor.activity, activity_id))
        if self._is_caught_up:
            self._outbox.move(self._cursor)

    async def _missed_fact(self, fact: Fact) -> None:
        match fact:
            case Traded():
                self._on_missed(fact)
                for user, order in ((fact.maker, fact.maker_order), (fact.taker, fact.taker_order)):
                    await self._missed_order(user, order, Kind.FILLS)
            case OrderChanged():
                await self._missed_order(fact.user, fact.id, Kind.EXPIRY if fact.status in ENDED else Kind.FILLS, fact)
            case Deposited():
                if not await self._outbox.knows(fact.user, _deposit_topic(fact)):
                    self._deposit(fact)
            case WithdrawalChanged():
                if fact.status in OVER and not await self._outbox.knows(fact.user, withdrawing.over_topic(fact)):
                    self._withdrawal(fact)
            case Activity():
                self._activity(fact)

    async def _missed_order(self, user: UserId, order: OrderId, kind: Kind, fact: OrderChanged | None = None) -> None:
        place = None
        if fact is not None and fact.client_order_id.startswith(CARD):
            found = await self._stores.chats.card_place(fact.client_order_id.removeprefix(CARD), user)
            if found is None and fact.status not in ENDED:
                return
            place = None if found is None else Place(*found)
        if order:
            self.put(user, f"order:{order}", Body(kind), place=place)

    def _deposit(self, deposit: Deposited) -> None:
        amount = show_plain(deposit.amount, self._assets[deposit.asset].decimals)
        body = Body(Kind.DEPOSITS, "deposit.credited", {"amount": amount, "asset": deposit.asset})
        self.put(deposit.user, _deposit_topic(deposit), body)

    def _withdrawal(self, withdrawal: WithdrawalChanged) -> None:
        """Tell that a withdrawal is over."""
        self.put(
            withdrawal.user, withdrawing.over_topic(withdrawal), withdrawing.over(withdrawal, self._assets), rings=True
        )

    def _activity(self, activity: Activity) -> None:
        match activity.kind:
            case ActivityKind.SIGNED_IN:  # from the same place again and again: the message only tells of the last
                door = "@door.telegram" if activity.detail == TELEGRAM else "@door.wallet"
                params = {"address": activity.address or "?", "door": door, "time": moment(activity.at)}
                topic = f"sign_in:{activity.detail}:{activity.address}"
                self.put(activity.user_id, topic, Body(Kind.SIGN_INS, "account.signed_in", params))
            case ActivityKind.REFRESH_TOKEN_REUSED:
                params = {"address": activity.address or "?", "time": moment(activity.at)}
                self.put(activity.user_id, f"activity:{activity.id}", Body(Kind.SECURITY, "account.reused", params))
            case ActivityKind.WALLET_SIGNED:  # it is looked up when it is told whether the chat is to say yes
                self.put(activity.user_id, f"activity:{activity.id}", linking.ask(activity.detail), rings=True)
            case _:
                pass


def _deposit_topic(deposit: Deposited) -> str:
    return f"deposit:{deposit.reference}"
