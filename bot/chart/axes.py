"""Where labels stand on the axes: round prices, round times. Pure."""

from datetime import UTC, datetime
from typing import Final

from bot.chart.scene import Bar
from engine.core.decimals import places, show
from engine.core.types import Micros
from engine.market_data.intervals import DAY, HOUR, MINUTE, Interval

_ROUND: Final = (1, 2, 5)
_TIMES: Final = (  # steps between two labels: whole parts of a day, then whole days
    *(count * MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * HOUR for count in (1, 2, 3, 4, 6, 12)),
    *(count * DAY for count in (1, 2, 5, 10, 20)),
)


def round_step(span: int, most: int, least: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 and so on that parts a span into `most` at most.

    Not below least, which is returned instead where the prices are that close.
    """
    ten = 1
    while True:
        for digit in _ROUND:
            step = digit * ten
            if step * most >= span and step >= least:
                return step
        ten *= 10


def prices(low: int, high: int, most: int, tick: int) -> tuple[int, list[int]]:
    """Return the step between labels and the prices from low to high that have one."""
    step = round_step(high - low, most, tick)
    first = -(-low // step) * step
    return step, list(range(first, high + 1, step))


def price_text(price: int, step: int, decimals: int, most_places: int) -> str:
    """Return a label with as many decimals as its step needs."""
    text, shown = show(price, decimals), min(most_places, places(step, decimals))
    return text[: len(text) - (decimals - shown)].rstrip(".")


def times(bars: tuple[Bar, ...], interval: Interval, least_bars: int) -> list[tuple[int, str]]:
    """Return the bars that have a label, by index, and what it says; two are at least `least_bars` apart. In UTC.

    Where no bar begins at a round time, the last has one. Months are wide: they stay half of that away from both ends,
    so that none has to be moved from its bar towards the next.
    """
    size = interval.size
    if size is None or size > DAY:  # these begin anywhere in a month
        half = least_bars // 2
        found = list(range(len(bars) - 1 - half, half - 1, -least_bars)) or [len(bars) - 1]
        return [(at, _month(bars[at].begin)) for at in reversed(found)]
    step = next((each for each in _TIMES if each >= size * least_bars), size * least_bars)
    round_times = [(at, _time(bar.begin, step)) for at, bar in enumerate(bars) if bar.begin % step == 0]
    return round_times or [(len(bars) - 1, _time(bars[-1].begin, size))]


def _time(begin: Micros, step: int) -> str:
    is_day = step >= DAY or begin % DAY == 0
    return f"{datetime.fromtimestamp(begin // 1_000_000, UTC):{'%m-%d' if is_day else '%H:%M'}}"


def _month(begin: Micros) -> str:
    return f"{datetime.fromtimestamp(begin // 1_000_000, UTC):%Y-%m}"
