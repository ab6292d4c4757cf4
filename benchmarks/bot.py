"""What a chart's picture costs, and by how much it makes the loop late while pictures are drawn at a rate.

Beside it, in the same run, a bare Pillow drawing: as many rectangles and texts, and the PNG of that.

JSON keys: picture_ms, bare_ms (medians, in one thread), kb, rate_s (pictures a second), lag_ms and lag_p99_ms (by how
much a task that sleeps for a millisecond woke late, at most and in 99 of 100 times), idle_lag_ms (at most, while
nothing is drawn).
"""

import argparse
import asyncio
import io
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

sys.path[0] = str(Path(__file__).parent.parent)  # this file's own folder has a bot too, which is this file

# ruff: noqa: E402  so the rest comes after it
from bot.chart.drawing import COMPRESSION, TEXT, Painter
from bot.chart.layout import HEIGHT, WIDTH
from bot.chart.scene import MOST_BARS, Bar, Fill, Line, Scene
from bot.chart.themes import COLOURS, Theme
from clobster.lifecycle import SWITCH_S
from engine.core.types import BUY, SELL, Micros
from engine.market_data.intervals import MINUTE, Interval

ROUNDS = 20
RATE = 20  # pictures a second
BEGIN = 1_764_028_800_000_000
ATOMS = 10**6


def some_scene() -> Scene:
    """Make a full picture: as many candles as there may be, five orders, ten fills."""
    chance, price, bars = random.Random(42), 60_000 * ATOMS, []
    for number in range(MOST_BARS):
        opened, price = price, price + chance.randrange(-50, 51) * ATOMS
        high, low = max(opened, price) + 20 * ATOMS, min(opened, price) - 20 * ATOMS
        begin = Micros(BEGIN + number * 15 * MINUTE)
        bars.append(Bar(begin, opened, high, low, price, chance.randrange(1, 10**9)))
    lines = tuple(Line(BUY, price - number * 90 * ATOMS) for number in range(1, 6))
    fills = tuple(Fill(SELL, bar.high, bar.begin) for bar in bars[::8])
    return Scene(
        "BTC/USDT", Interval.FIFTEEN_MINUTES, tuple(bars), lines, fills, 10**4, 6, 2, "Vol 1.2345 BTC", "empty"
    )


def bare() -> bytes:
    """Draw as many rectangles and texts as a picture has, and nothing else."""
    image = Image.new("RGB", (WIDTH, HEIGHT), COLOURS[Theme.DARK].ground)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(TEXT)
    for number in range(MOST_BARS):
        x, colours = 40 + number * 12, COLOURS[Theme.DARK]
        draw.rectangle((x, 540, x + 8, 620), colours.soft_rise)
        draw.rectangle((x + 3, 200 + number, x + 5, 300 + number), colours.rise)
        draw.rectangle((x, 220 + number, x + 8, 280 + number), colours.rise)
    for number in range(16):
        draw.text((1020, 40 * number), "60000.00", (200, 200, 200), font)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=COMPRESSION)
    return file.getvalue()


def median_ms(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return round(statistics.median(taken) * 1e3, 1)


async def lags(seconds: float, work: Callable[[], object] | None) -> tuple[list[float], int]:
    """Return by how much a ticking task woke late, in ms, and how often the work was done at RATE in a thread."""
    late: list[float] = []
    done, until = 0, time.perf_counter() + seconds

    async def tick() -> None:
        while time.perf_counter() < until:
            started = time.perf_counter()
            await asyncio.sleep(0.001)
            late.append((time.perf_counter() - started - 0.001) * 1e3)

    ticking = asyncio.create_task(tick())
    while work is not None and time.perf_counter() < until:
        started = time.perf_counter()
        await asyncio.to_thread(work)
        done += 1
        await asyncio.sleep(max(0.0, 1 / RATE - (time.perf_counter() - started)))
    await ticking
    return sorted(late), done


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    sys.setswitchinterval(SWITCH_S)  # as the server does

    scene, painter = some_scene(), Painter()
    picture, _ = painter.png(scene, Theme.DARK)
    idle, _ = asyncio.run(lags(arguments.seconds / 2, None))
    late, done = asyncio.run(lags(arguments.seconds, lambda: painter.png(scene, Theme.DARK)))
    figures = {
        "picture_ms": median_ms(lambda: painter.png(scene, Theme.DARK)),
        "bare_ms": median_ms(bare),
        "kb": round(len(picture) / 1000, 1),
        "rate_s": round(done / arguments.seconds, 1),
        "lag_ms": round(late[-1], 1),
        "lag_p99_ms": round(late[int(len(late) * 0.99)], 1),
        "idle_lag_ms": round(idle[-1], 1),
    }
    print(f"  a picture of {MOST_BARS} candles, {figures['kb']} kB    {figures['picture_ms']:>6.1f} ms (below 60)")
    print(f"  bare Pillow, as many shapes          {figures['bare_ms']:>6.1f} ms")
    print(
        f"  loop late at {figures['rate_s']:>4.1f} pictures a second  {figures['lag_ms']:>6.1f} ms at most (below 15)"
    )
    print(f"    of a hundred                       {figures['lag_p99_ms']:>6.1f} ms")
    print(f"  loop late while nothing is drawn     {figures['idle_lag_ms']:>6.1f} ms at most")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
