"""When a market is stopped and when it returns. Time is a number that the test says."""

from collections.abc import Mapping
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from engine.core.types import Micros
from engine.liquidity.external import Mid
from engine.liquidity.stops import SAMPLES, Band, Change, StopReason, Stops

STALE, JUMP, OPERATOR = StopReason.STALE, StopReason.JUMP, StopReason.OPERATOR
S = 1_000_000


def test_a_stop_begins_with_its_cause_and_ends_a_hold_off_after_it() -> None:
    stops = Stops(Micros(3 * S))
    assert stops.update(Micros(0), {}) == []
    assert not stops
    assert stops.update(Micros(1 * S), {STALE: "old"}) == [Change(STALE, True, "old")]
    assert stops.update(Micros(2 * S), {STALE: "older"}) == []
    assert stops.update(Micros(4 * S), {}) == []
    assert stops.held == {STALE}
    assert stops.update(Micros(5 * S), {}) == [Change(STALE, False)]
    assert not stops


def test_a_cause_that_comes_back_begins_the_hold_off_again() -> None:
    stops = Stops(Micros(3 * S))
    stops.update(Micros(0), {STALE: ""})
    stops.update(Micros(2 * S), {STALE: ""})
    assert stops.update(Micros(4 * S), {}) == []
    assert stops.update(Micros(5 * S), {}) == [Change(STALE, False)]
    assert stops.begun == {STALE: 1}


def test_quotes_return_only_when_every_stop_is_over() -> None:
    stops = Stops(Micros(S))
    stops.update(Micros(0), {STALE: "", OPERATOR: "lunch"})
    assert stops.update(Micros(2 * S), {OPERATOR: "lunch"}) == [Change(STALE, False)]
    assert stops.held == {OPERATOR}
    assert stops.update(Micros(9 * S), {OPERATOR: "lunch", JUMP: ""}) == [Change(JUMP, True)]
    assert stops.update(Micros(10 * S), {}) == [Change(OPERATOR, False), Change(JUMP, False)]


causes = st.dictionaries(st.sampled_from(StopReason), st.just(""), max_size=3)


@given(
    st.lists(st.tuples(st.integers(0, 2 * S), causes), max_size=60), st.sampled_from([0, 1, S // 2, 3 * S]).map(Micros)
)
def test_a_stop_holds_exactly_while_its_cause_is_younger_than_the_hold_off(
    steps: list[tuple[int, Mapping[StopReason, str]]], hold_off: Micros
) -> None:
    stops, told = Stops(hold_off), dict.fromkeys(StopReason, False)
    times = list(accumulate(wait for wait, _ in steps))
    for index, (now, (_, wrong)) in enumerate(zip(times, steps, strict=True)):
        for change in stops.update(Micros(now), wrong):
            assert told[change.reason] is not change.began
            told[change.reason] = change.began
        seen = list(zip(times, [wrong for _, wrong in steps], strict=True))[: index + 1]
        for reason in StopReason:
            last = max((at for at, wrong in seen if reason in wrong), default=None)
            holds = reason in wrong or (last is not None and now - last < hold_off)
            # one that ended and has not begun again is over, even where time has stood still
            assert (reason in stops.held) == holds == told[reason]


def test_a_jump_is_told_and_one_wrong_price_is_forgotten() -> None:
    band = Band(Micros(10 * S), 20_000)
    every = 10 * S // SAMPLES
    assert not any(band.is_jump(Micros(at * every), Mid(100_000 + at)) for at in range(30))
    assert band.is_jump(Micros(30 * every), Mid(102_100))
    assert not band.is_jump(Micros(31 * every), Mid(100_030))
    assert band.is_jump(Micros(32 * every), Mid(97_900))


def test_a_price_that_stays_is_believed_after_half_of_the_window() -> None:
    band = Band(Micros(10 * S), 20_000)
    every = 10 * S // SAMPLES
    for at in range(30):
        band.is_jump(Micros(at * every), Mid(100_000))
    jumps = [band.is_jump(Micros((30 + at) * every), Mid(110_000)) for at in range(20)]
    assert jumps == [True] * 11 + [False] * 9
    fast = [band.is_jump(Micros(50 * every + at), Mid(120_000)) for at in range(1_000)]
    assert all(fast), "many books at once are no evidence"


def test_a_price_ten_bands_away_is_not_believed_until_somebody_says_so() -> None:
    band = Band(Micros(10 * S), 20_000)
    band.is_jump(Micros(0), Mid(100_000))
    for at in range(1, 1_000):
        assert band.is_jump(Micros(at * S), Mid(120_001 if at % 2 else 79_999))
    assert band.reference == 100_000
    band.forget()
    assert not band.is_jump(Micros(1_000 * S), Mid(1_000_000))
    assert band.is_jump(Micros(1_001 * S), Mid(100_000))


def test_the_first_price_after_a_silence_is_compared_with_those_before() -> None:
    band = Band(Micros(10 * S), 20_000)
    for at in range(30):
        band.is_jump(Micros(at * S), Mid(100_000))
    assert band.is_jump(Micros(10_000 * S), Mid(1_000_000))
