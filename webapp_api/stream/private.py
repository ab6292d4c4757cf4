"""Channels that only their owner gets: an account's orders, trades and balances, and what happened to it.

A channel is made when somebody listens, and goes on for a while after the last one left, so that a client that lost its
connection for a moment misses nothing.

A snapshot is read from the database while batches go on being committed. So a subscriber is registered first and its
updates are held back; the read says at which commit it stands, and what it contains already is left out. What happens
to an account is no command: there the id of the newest says where a read stands.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import dropwhile
from typing import Final

from typing_extensions import override

from engine.accounts.types import Activity
from engine.core.types import UserId
from engine.ports import Clock
from engine.sequencer.batch import Batch
from engine.settlement.fills import Fill
from webapp_api import accounts, wire
from webapp_api.stream import protocol
from webapp_api.stream.outgoing import SLOW, Outgoing
from webapp_api.stream.reads import RECENT_ACTIVITY
from webapp_api.stream.ring import Ring
from webapp_api.stream.views import ACCOUNT, WITHDRAWALS, AccountViews

READ_S: Final = 5.0  # a snapshot takes milliseconds
MAX_HELD: Final = 10_000  # updates held back during one read
RESUME_S: Final = 30.0  # a channel goes on for an account that may come back
MAX_DESERTED: Final = 1_000  # channels that go on for nobody
AFTER_ALL: Final = 2**63  # later than any command
RING_BYTES: Final = 64 * 1024  # held of a channel for those who come back

Read = Callable[[UserId], Awaitable[tuple[int, Sequence[object]]]]
"""Reads where a snapshot stands (how many commands were committed, or the newest activity's id), and its data."""


class _Held:
    """Updates that wait for a snapshot: (the batch's last command or the activity, the channel's seq, the frame)."""

    __slots__ = ("updates",)

    def __init__(self) -> None:
        self.updates: list[tuple[int, int, bytes]] = []


class PrivateChannel:
    """One channel of one account; lives as long as somebody listens, and a while longer."""

    def __init__(
        self, name: str, user: UserId, read: Read, published: Callable[[int], Awaitable[None]], seq: int
    ) -> None:
        self.name = name
        self.user = user
        self._read = read
        self._published = published
        self._seq = seq
        self._ring = Ring(RING_BYTES)
        self._subscribers: dict[Outgoing, _Held | None] = {}
        self.expiry: asyncio.TimerHandle | None = None

    @property
    def deserted(self) -> bool:
        """Whether nobody listens."""
        return not self._subscribers

    def resume(self, client: Outgoing, since: int) -> bool:
        """Send what came after `since`, and updates from there on; say whether all of it was still held."""
        missed = self._ring.after(since, self._seq)
        if missed is None:
            return False
        self._subscribers[client] = None
        for frame in missed:
            client.send(frame)
        return True

    async def subscribe(self, client: Outgoing) -> None:
        """Send a snapshot as soon as it is read, and updates from there on. Raises what the read raises."""
        held = _Held()
        self._subscribers[client] = held
        try:
            async with asyncio.timeout(READ_S):
                seq, data = await self._read(self.user)
                await self._catch_up(seq, data)
        except BaseException:
            if self._subscribers.get(client) is held:
                del self._subscribers[client]
            raise
        if self._subscribers.get(client) is not held:  # left while we read
            return
        self._subscribers[client] = None
        later = list(dropwhile(lambda update: update[0] <= seq, held.updates))
        client.send(protocol.snapshot(self.name, later[0][1] - 1 if later else self._seq, data))
        for _, _, frame in later:
            client.send(frame)

    def unsubscribe(self, client: Outgoing) -> None:
        """Send nothing more."""
        self._subscribers.pop(client, None)

    def publish(self, order: int, data: Sequence[object]) -> None:
        """Send what the batch with this last command changed."""
        self._seq += 1
        frame = protocol.update(self.name, self._seq, data)
        self._ring.push(self._seq, frame)
        for client, held in self._subscribers.items():
            if held is None:
                client.send(frame)
            elif len(held.updates) < MAX_HELD:
                held.updates.append((order, self._seq, frame))
            else:
                client.drop(SLOW)

    async def _catch_up(self, seq: int, data: Sequence[object]) -> None:
        """Return when all that a snapshot contains was published."""
        await self._published(seq)


class AccountChannel(PrivateChannel):
    """What happens to one account, in the order of the ids.

    A snapshot may contain what we have not been told yet. It is published then, so that nobody waits for it, and left
    out when we are told.
    """

    _newest = 0

    @override
    def publish(self, order: int, data: Sequence[object]) -> None:
        """Send the activity with this id, if that was not done before."""
        if order > self._newest:
            self._newest = order
            super().publish(order, data)

    @override
    async def _catch_up(self, seq: int, data: Sequence[object]) -> None:
        contained = [each for each in reversed(data) if isinstance(each, wire.Activity)]
        if len(contained) >= RECENT_ACTIVITY and contained[0].id > self._newest:
            self._seq += 1  # more may have come than a snapshot contains: who listens sees a gap, and asks again
            self._ring.clear()
        for activity in contained:
            self.publish(activity.id, [activity])


class WithdrawalChannel(PrivateChannel):
    """An account's withdrawals. Each update tells one as it is now, so that one which a snapshot contains harms nobody.

    A snapshot stands where the changes stood before it was read, and waits for nothing.
    """

    @override
    async def _catch_up(self, seq: int, data: Sequence[object]) -> None:
        pass


class PrivateChannels:
    """All of them that somebody listens to, or did a moment ago.

    reads are by name; committed says up to which command batches were published.
    """

    def __init__(
        self, reads: Mapping[str, Read], views: AccountViews, committed: Callable[[], int], clock: Clock
    ) -> None:
        self._reads = reads
        self._clock = clock
        self._views = views
        self._committed = committed
        self._news = asyncio.Event()
        self._accounts: dict[UserId, dict[str, PrivateChannel]] = {}
        self._deserted: dict[PrivateChannel, None] = {}  # the oldest first

    def __len__(self) -> int:
        """Return how many accounts have channels."""
        return len(self._accounts)

    def has(self, name: str) -> bool:
        """Say whether there is such a channel."""
        return name in self._reads

    def open(self, name: str, user: UserId) -> PrivateChannel:
        """Return an account's channel. Whoever opens it subscribes at once, and leaves it in the end."""
        channels = self._accounts.setdefault(user, {})
        channel = channels.get(name)
        if channel is None:
            # Counted from a time: nobody takes the seqs of one life of a channel for those of another.
            seq = self._clock() // 1000
            kind = {ACCOUNT: AccountChannel, WITHDRAWALS: WithdrawalChannel}.get(name, PrivateChannel)
            channel = channels[name] = kind(name, user, self._reads[name], self._published, seq)
        self._back(channel)
        return channel

    def leave(self, channel: PrivateChannel, client: Outgoing) -> None:
        """Unsubscribe; a channel is forgotten RESUME_S after the last one has left."""
        channel.unsubscribe(client)
        if channel.deserted and channel.expiry is None:
            channel.expiry = asyncio.get_running_loop().call_later(RESUME_S, self._forget, channel)
            self._deserted[channel] = None
            if len(self._deserted) > MAX_DESERTED:
                self._forget(next(iter(self._deserted)))

    def close(self) -> None:
        """Wait for nobody to come back."""
        for channel in list(self._deserted):
            self._forget(channel)

    def on_batch(self, batch: Batch) -> None:
        """Send every listening account what a batch did to it."""
        self._news.set()
        self._news.clear()
        if not self._accounts:
            return
        for (user, name), data in self._views.of_batch(batch, self._accounts).items():
            channel = self._accounts[user].get(name)
            if channel is not None:
                channel.publish(batch.last_seq, data)

    def on_activity(self, activity: Activity) -> None:
        """Send an account what happened to it, where it listens."""
        channel = self._accounts.get(activity.user_id, {}).get(ACCOUNT)
        if channel is not None:
            channel.publish(activity.id, [accounts.activity(activity)])

    def on_withdrawal(self, user: UserId, number: int, view: object) -> None:
        """Send an account a withdrawal as it is now, where it listens. number is how many changes there were."""
        channel = self._accounts.get(user, {}).get(WITHDRAWALS)
        if channel is not None:
            channel.publish(number, [view])

    def on_settlement(self, fills: Sequence[Fill], settlement: wire.Settlement) -> None:
        """Send accounts their trades again, with what has become of them on the chain, where they listen.

        Whether a snapshot that is being read contains that is not known, so it is told after it anyway.
        """
        for (user, name), data in self._views.of_fills(fills, settlement, self._accounts).items():
            channel = self._accounts[user].get(name)
            if channel is not None:
                channel.publish(AFTER_ALL, data)

    async def _published(self, seq: int) -> None:
        """Return when the batch with this command was published: a read may see it a moment before we do."""
        while self._committed() < seq:
            await self._news.wait()

    def _back(self, channel: PrivateChannel) -> None:
        if channel.expiry is not None:
            channel.expiry.cancel()
            channel.expiry = None
            del self._deserted[channel]

    def _forget(self, channel: PrivateChannel) -> None:
        self._back(channel)
        channels = self._accounts[channel.user]
        del channels[channel.name]
        if not channels:
            del self._accounts[channel.user]
