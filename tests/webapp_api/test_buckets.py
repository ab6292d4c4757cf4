"""Buckets of tokens: as generous as they say, never more, and no more of them than they say."""

import math
import random
import tracemalloc

import pytest

from engine.core.types import Micros, UserId
from webapp_api.limits import MOST_BUCKETS, Buckets, Rate, RateLimits, RequestClass

SECOND = 1_000_000
START = Micros(1_760_000_000 * SECOND)


def after(seconds: float) -> Micros:
    return Micros(START + round(seconds * SECOND))


def granted(buckets: Buckets[str], key: str, seconds: float, times: int, cost: int = 1) -> int:
    """Return how many of so many requests at one moment are granted."""
    return sum(not buckets.take(key, after(seconds), cost) for _ in range(times))


def test_a_full_bucket_grants_its_burst_and_then_its_rate() -> None:
    buckets: Buckets[str] = Buckets(Rate(2, 10))
    assert granted(buckets, "ada", 0, 20) == 10
    assert granted(buckets, "ada", 0.49, 5) == 0
    assert granted(buckets, "ada", 0.5, 5) == 1
    assert granted(buckets, "ada", 2, 5) == 3
    assert granted(buckets, "ada", 3_600, 20) == 10  # it holds no more than that
    assert granted(buckets, "bob", 3_600, 20) == 10


def test_a_refused_request_costs_nothing() -> None:
    buckets: Buckets[str] = Buckets(Rate(1, 3))
    assert granted(buckets, "ada", 0, 1_000) == 3
    assert granted(buckets, "ada", 1, 1_000) == 1


def test_who_waits_as_long_as_is_said_is_granted() -> None:
    buckets: Buckets[str] = Buckets(Rate(0.3, 4))
    granted(buckets, "ada", 0, 4)
    allowance = buckets.ask("ada", after(0))
    assert (allowance.limit, allowance.remaining, allowance.wait_s, allowance.full_s) == (4, 0, 4, 14)
    assert buckets.ask("ada", after(3)).wait_s == 1
    allowance = buckets.ask("ada", after(4))
    assert (allowance.remaining, allowance.wait_s) == (0, 0)
    assert buckets.ask("ada", after(60)).remaining == 3


def test_a_request_may_cost_more_but_never_more_than_a_whole_bucket() -> None:
    buckets: Buckets[str] = Buckets(Rate(10, 25))
    assert granted(buckets, "ada", 0, 5, cost=10) == 2
    assert granted(buckets, "ada", 0, 9, cost=1) == 5
    assert granted(buckets, "bob", 0, 2, cost=100) == 1  # else it could never be had
    assert granted(buckets, "bob", 2.4, 1, cost=100) == 0
    assert granted(buckets, "bob", 2.5, 1, cost=100) == 1


def test_a_clock_that_is_put_back_locks_nobody_out() -> None:
    buckets: Buckets[str] = Buckets(Rate(1, 5))
    granted(buckets, "ada", 86_400, 5)
    assert granted(buckets, "ada", 0, 5) == 0
    assert granted(buckets, "ada", 5, 9) == 5


@pytest.mark.parametrize("seed", range(5))
def test_it_grants_what_a_bucket_that_is_counted_out_grants(seed: int) -> None:
    chance = random.Random(seed)
    rate = Rate(chance.choice([0.5, 1, 4]), chance.randint(1, 30))
    buckets: Buckets[int] = Buckets(rate)
    tokens, then, now = {key: float(rate.burst) for key in range(3)}, dict.fromkeys(range(3), 0.0), 0.0
    for _ in range(3_000):
        now += chance.choice([0, 0, 0.125, 0.25, 1, 7])  # exact in binary, so the two must agree exactly
        key, cost = chance.randrange(3), chance.randint(1, 12)
        tokens[key] = min(rate.burst, tokens[key] + (now - then[key]) * rate.per_s)
        then[key] = now
        allowance = buckets.ask(key, after(now), cost)
        due = min(cost, rate.burst)
        if tokens[key] >= due:
            tokens[key] -= due
            assert allowance.wait_s == 0
        else:
            assert allowance.wait_s == max(1, math.ceil((due - tokens[key]) / rate.per_s))
        assert allowance.remaining == int(tokens[key])
        assert allowance.full_s == math.ceil((rate.burst - tokens[key]) / rate.per_s)


def test_two_million_addresses_leave_no_more_behind_than_there_are_buckets() -> None:
    buckets: Buckets[str] = Buckets(Rate(1, 60))
    addresses = (f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(2_000_000))
    for number, address in enumerate(addresses):
        if number == 1_800_000:  # watching is slow; of the last 200,000 most must be gone as well
            tracemalloc.start()
        buckets.take(address, START)
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(buckets) <= MOST_BUCKETS
    assert left < 150 * MOST_BUCKETS  # bytes; 200,000 would take twice as much


def test_an_emptied_bucket_stays_empty_while_it_is_in_use_whoever_else_comes() -> None:
    buckets: Buckets[str] = Buckets(Rate(0.000_001, 5), most=1_000)
    assert granted(buckets, "eve", 0, 6) == 5
    for number in range(20_000):
        buckets.take(f"address {number}", after(0))
        if number % 400 == 0:
            assert buckets.take("eve", after(0)), number
    assert len(buckets) <= 1_000


@pytest.mark.parametrize(("text", "rate"), [("5/10", Rate(5, 10)), ("0.5/30", Rate(0.5, 30))])
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text", ["", "5", "5/", "/5", "0/5", "5/0", "0.0/5", "-1/5", "5/-1", "1e3/5", "nan/5", "inf/5", "5/5.5", "5 / 5"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rate/burst"):
        Rate.parse(text)


def test_a_key_may_use_half_of_what_its_account_may_and_many_keys_no_more_than_it() -> None:
    limits = RateLimits({each: Rate(0.001, 10) for each in RequestClass}, 5, lambda: START)
    ada, bob = UserId(1000), UserId(1001)

    def asked(times: int, user: UserId, key: str | None) -> int:
        return sum(not limits.of_account(RequestClass.ORDER, user, key=key).wait_s for _ in range(times))

    assert asked(8, ada, "runaway") == 5
    assert asked(3, ada, None) == 3
    assert [asked(8, ada, f"key {number}") for number in range(3)] == [2, 0, 0]
    assert asked(8, bob, "another") == 5
    assert limits.refused[RequestClass.ORDER] == 3 + 6 + 8 + 8 + 3
