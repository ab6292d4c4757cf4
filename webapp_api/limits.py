"""How often somebody may ask: a bucket of tokens for each address, account and key, and each class of request.

A bucket is one number (GCRA): the moment at which it will be full again. A request moves that moment by what it costs,
and is refused where it would lie further ahead than the whole bucket takes to fill.
"""

import enum
import hashlib
import math
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from typing import Final, Generic, Self, TypeVar

from msgspec import Struct
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from engine.core.types import Micros, UserId
from engine.ports import Clock
from webapp_api.addresses import neighbourhood
from webapp_api.refusals import LimitReached

MOST_BUCKETS: Final = 65_536  # of one class and kind
BATCH_COST: Final = 10  # of an order.batch, whatever is in it, where an order costs 1
SHARE_OF_KEY: Final = 2  # a program may use half of what its account may, so that its owner can still act

_SECOND: Final = 1_000_000  # Micros
_RATE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)/([0-9]{1,9})", re.ASCII)

Key = TypeVar("Key", bound=Hashable)


class RequestClass(enum.Enum):
    """What a request is counted as, where requests are limited."""

    LOG_IN = "log_in"
    READ = "read"
    ORDER = "order"
    WITHDRAWAL = "withdrawal"


class Rate(Struct, frozen=True):
    """How many requests a second, in the long run, and how many at once."""

    per_s: float
    burst: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "rate/burst", such as "0.5/30". Raises ValueError."""
        found = _RATE.fullmatch(text)
        rate = cls(float(found[1]), int(found[2])) if found else None
        if rate is None or not rate.per_s or not rate.burst:
            raise ValueError('a limit is written "rate/burst": requests a second / at once, both above zero, as 0.5/30')
        return rate

    def times(self, factor: float) -> Self:
        """Return a rate that is so many times as high."""
        return type(self)(self.per_s * factor, max(1, round(self.burst * factor)))


class Allowance(Struct, frozen=True, gc=False):
    """What a bucket says to a request. wait_s is 0 where it is granted, else in how many seconds it would be.

    full_s is in how many seconds the bucket will be full again.
    """

    limit: int
    remaining: int
    full_s: int
    wait_s: int

    def check(self) -> None:
        """Raise LimitReached where the request is not granted."""
        if self.wait_s:
            raise LimitReached(retry_after=self.wait_s)


class Buckets(Generic[Key]):
    """The buckets of one class and one kind of asker, of which those used last are kept, `most` at most.

    Kept in two halves: the buckets that were used since the newer half was begun, and those that were used in the half
    before. A full newer half becomes the older one, and what is in the older one then is forgotten. A forgotten bucket
    is a full one. That gives an attacker nothing: a bucket in use is never forgotten, and to have one forgotten that
    is not, one must ask from most/2 other addresses meanwhile, each of which has a full bucket of its own to spend.
    """

    def __init__(self, rate: Rate, most: int = MOST_BUCKETS) -> None:
        self.rate = rate
        self._interval = _SECOND / rate.per_s  # Micros that a token takes
        self._whole = rate.burst * self._interval
        self._half = max(1, most // 2)
        self._newer: dict[Key, float] = {}
        self._older: dict[Key, float] = {}

    def __len__(self) -> int:
        return len(self._newer) + len(self._older)

    def take(self, key: Key, now: Micros, cost: int = 1) -> float:
        """Take tokens out of a bucket. Return 0 where they were there, else in how many Micros they will be.

        Nothing costs more than a whole bucket, or it could never be had.
        """
        full_at = self._full_at(key, now)
        after = full_at + self._interval * (cost if cost < self.rate.burst else self.rate.burst)
        wait = after - now - self._whole
        self._newer[key] = full_at if wait > 0 else after
        if len(self._newer) > self._half:
            self._older, self._newer = self._newer, {}
        return wait if wait > 0 else 0.0

    def ask(self, key: Key, now: Micros, cost: int = 1) -> Allowance:
        """Take tokens out of a bucket, and say how it stands then."""
        wait = self.take(key, now, cost)
        until_full = self._full_at(key, now) - now
        return Allowance(
            limit=self.rate.burst,
            remaining=int((self._whole - until_full) / self._interval),
            full_s=math.ceil(until_full / _SECOND),
            wait_s=math.ceil(wait / _SECOND),
        )

    def _full_at(self, key: Key, now: Micros) -> float:
        full_at = self._newer.get(key)
        if full_at is None:
            full_at = self._older.get(key, now)
        if full_at <= now:
            return now
        latest = now + self._whole
        return full_at if full_at < latest else latest  # the clock may have been put back


class RateLimits(Collector):
    """Everybody's buckets. Register it with a CollectorRegistry, where it tells how many requests were refused.

    rates are an account's; all accounts behind one address may together ask address_factor times as often.
    """

    def __init__(self, rates: Mapping[RequestClass, Rate], address_factor: float, clock: Clock) -> None:
        self._clock = clock
        self._addresses: dict[RequestClass, Buckets[str | bytes]] = {
            each: Buckets(rate.times(address_factor)) for each, rate in rates.items()
        }
        self._accounts: dict[RequestClass, Buckets[UserId]] = {each: Buckets(rate) for each, rate in rates.items()}
        self._orders = self._accounts[RequestClass.ORDER]
        self._launches: Buckets[bytes] = Buckets(rates[RequestClass.LOG_IN])
        self._keys: dict[RequestClass, Buckets[str]] = {
            each: Buckets(rate.times(1 / SHARE_OF_KEY)) for each, rate in rates.items()
        }
        self._orders_of_key = self._keys[RequestClass.ORDER]
        self.refused: Counter[RequestClass] = Counter()

    def of_address(self, what: RequestClass, address: str, cost: int = 1) -> Allowance:
        """Count a request for the address from which it comes. Whoever asks heeds wait_s."""
        return self._heard(what, self._addresses[what].ask(neighbourhood(address), self._clock(), cost))

    def of_account(self, what: RequestClass, user: UserId, cost: int = 1, *, key: str = "") -> Allowance:
        """Count a request for the account that asks, and before for the API key by which it does, where it is one."""
        now = self._clock()
        if key:
            allowance = self._heard(what, self._keys[what].ask(key, now, cost))
            if allowance.wait_s:
                return allowance
        return self._heard(what, self._accounts[what].ask(user, now, cost))

    def of_launch_data(self, raw: str) -> Allowance:
        """Count a log-in for the launch data by which it is, so that who has a copy does not keep its owner out."""
        digest = hashlib.sha256(raw.encode("utf-8", "replace")).digest()
        return self._heard(RequestClass.LOG_IN, self._launches.ask(digest, self._clock()))

    def spend_order(self, user: UserId, now: Micros, cost: int, *, key: str = "") -> None:
        """Count orders as `of_account` does, at the least cost. Raises LimitReached."""
        wait = self._orders_of_key.take(key, now, cost) if key else 0.0
        wait = wait or self._orders.take(user, now, cost)
        if wait:
            self.refused[RequestClass.ORDER] += 1
            raise LimitReached(retry_after=math.ceil(wait / _SECOND))

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the count as Prometheus wants it."""
        refused = CounterMetricFamily("clobster_limited", "Requests refused by a rate limit", labels=["class"])
        for each in RequestClass:
            refused.add_metric([each.value], self.refused[each])
        yield refused

    def _heard(self, what: RequestClass, allowance: Allowance) -> Allowance:
        if allowance.wait_s:
            self.refused[what] += 1
        return allowance
