"""From a scene to pixels, in whole numbers. Pure.

A price becomes a pixel by one division of integers, rounded to the nearest: it is right to half a pixel however large
or small prices are.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from bot.chart.axes import price_text, prices, times
from bot.chart.scene import Bar, Scene
from engine.core.types import Side

WIDTH: Final = 1200
HEIGHT: Final = 675
LEFT: Final = 16
TOP: Final = 96  # the title is above
BOTTOM: Final = 500  # of prices; volume is below
VOLUME_TOP: Final = 540
VOLUME_BOTTOM: Final = 622  # times are below
WIDEST_SLOT: Final = 26  # of a bar where there are few
LABEL_WIDTH: Final = 170  # that a time has at least for itself
PRICE_LABELS: Final = 6
MARGIN: Final = 12  # a twelfth of the span is left free above and below
TAG: Final = 40  # height of a price on a ground of its own
GAP: Final = 8  # between the last candle and the axis


class Candle(Struct, frozen=True):
    """A bar: its body from left to right and top to bottom, its wick at x; all pixels are drawn, both ends included."""

    left: int
    right: int
    x: int
    top: int
    bottom: int
    high: int
    low: int
    rises: bool
    volume_top: int | None  # None where nothing traded


class Mark(Struct, frozen=True):
    """A fill."""

    x: int
    y: int
    side: Side


class Level(Struct, frozen=True):
    """An order: its line, and its price where there is room to write it."""

    y: int
    side: Side
    text: str | None


class Layout(Struct, frozen=True):
    """Everything that is drawn, and where. right is where the price axis begins; outside counts orders left out.

    A price without a text has its line, and a tag stands where its text would.
    """

    right: int
    candles: list[Candle]
    prices: list[tuple[int, str]]
    times: list[tuple[int, str]]
    last: tuple[int, str, bool] | None  # where, what, and whether it rose in the last bar
    levels: list[Level]
    marks: list[Mark]
    outside: int


def lay_out(scene: Scene, axis_width: int) -> Layout:
    """Return where everything of a scene stands, with a price axis of this width."""
    right = WIDTH - axis_width
    bars = scene.bars
    if not bars:
        return Layout(right, [], [], [], None, [], [], len(scene.lines))
    low, high = _range(scene)
    slot = min(WIDEST_SLOT, (right - GAP - LEFT) // len(bars))
    first = right - GAP - slot * len(bars)
    half = max(1, slot * 3 // 8)

    def y_of(price: int) -> int:
        return _scaled(high - price, high - low, TOP, BOTTOM)

    def x_of(index: int) -> int:
        return first + index * slot + slot // 2

    most_volume = max(bar.volume for bar in bars)
    step, labels = prices(low, high, PRICE_LABELS, scene.tick)
    last = bars[-1]
    last_y = y_of(last.close)
    shown = [line for line in scene.lines if low <= line.price <= high]
    levels = _levels(scene, [(y_of(line.price), line.side, line.price) for line in shown], last_y)
    tags = [last_y, *(level.y for level in levels if level.text is not None)]
    return Layout(
        right=right,
        candles=[_candle(bar, x_of(at), half, y_of, most_volume) for at, bar in enumerate(bars)],
        prices=[
            (y, price_text(each, step, scene.decimals, scene.places) if _is_free(y, tags) else "")
            for each in labels
            for y in [y_of(each)]
        ],
        times=[(x_of(at), text) for at, text in times(bars, scene.interval, -(-LABEL_WIDTH // slot))],
        last=(last_y, _full(last.close, scene), last.close >= last.open),
        levels=levels,
        marks=[
            Mark(x_of(at), y_of(fill.price), fill.side)
            for fill in scene.fills
            if low <= fill.price <= high and (at := _bar_of(fill.at, bars)) is not None
        ],
        outside=len(scene.lines) - len(shown),
    )


def _range(scene: Scene) -> tuple[int, int]:
    """Return the lowest and highest price of the picture. Orders that are far away would make the candles small."""
    low, high = min(bar.low for bar in scene.bars), max(bar.high for bar in scene.bars)
    reach = max((high - low) // 2, high // 100)
    near = [line.price for line in scene.lines if low - reach <= line.price <= high + reach]
    low, high = min(low, *near, high), max(high, *near, low)
    margin = (high - low) // MARGIN or max(high // 500, scene.tick)
    return max(0, low - margin), high + margin


def _scaled(part: int, whole: int, begin: int, end: int) -> int:
    return begin + (2 * part * (end - begin) + whole) // (2 * whole)


def _candle(bar: Bar, x: int, half: int, y_of: Callable[[int], int], most_volume: int) -> Candle:
    opened, closed = y_of(bar.open), y_of(bar.close)
    height = VOLUME_BOTTOM - VOLUME_TOP
    return Candle(
        left=x - half,
        right=x + half,
        x=x,
        top=min(opened, closed),
        bottom=max(opened, closed, min(opened, closed) + 1),  # one that did not move is seen too
        high=y_of(bar.high),
        low=y_of(bar.low),
        rises=bar.close >= bar.open,
        volume_top=VOLUME_BOTTOM - max(1, bar.volume * height // most_volume) if bar.volume else None,
    )


def _full(price: int, scene: Scene) -> str:
    return price_text(price, 1, scene.decimals, scene.places)


def _levels(scene: Scene, found: list[tuple[int, Side, int]], last_y: int) -> list[Level]:
    """Return orders with their prices, as far as these do not stand upon each other."""
    taken, levels = [last_y], []
    for y, side, price in found:
        text = _full(price, scene) if _is_free(y, taken) else None
        if text is not None:
            taken.append(y)
        levels.append(Level(y, side, text))
    return levels


def _is_free(y: int, taken: list[int]) -> bool:
    return all(abs(y - other) >= TAG for other in taken)


def _bar_of(at: int, bars: tuple[Bar, ...]) -> int | None:
    """Return the index of the bar in which a moment is; None before the first."""
    return next((index for index in reversed(range(len(bars))) if bars[index].begin <= at), None)
