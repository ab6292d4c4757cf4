"""The load test's report: one HTML file without anything from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from benchmarks.mixed.figures import SLICE_S, Latencies
from benchmarks.mixed.outcome import Outcome

WIDTH: Final = 860
HEIGHT: Final = 180
LEFT: Final = 56
COLORS: Final = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")
STYLE: Final = """
body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:56rem;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}th,td{text-align:right;padding:.25rem .6rem;
border-bottom:1px solid #e3e6ea;font-variant-numeric:tabular-nums}th:first-child,td:first-child{text-align:left}
.good{color:#14733c}.bad{color:#b42318}svg{display:block;margin:.25rem 0 1.5rem}h2{margin-top:2rem}
"""


def write(outcome: Outcome) -> str:
    """Return the page."""
    good = not outcome.wrong
    verdict = "everything agrees" if good else f"{len(outcome.wrong)} findings"
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Load test of Clobster</title>",
        f"<style>{STYLE}</style><h1>Load test of Clobster</h1>",
        f"<p>{escape(outcome.setting)}</p>",
        f"<p>Correctness: <b class={'good' if good else 'bad'}>{verdict}</b>. {escape('; '.join(outcome.said))}</p>",
        _list(outcome.wrong),
        "<h2>Latency by operation</h2><p>Milliseconds, counted from when each was due, so that a stall is charged to "
        "everything that it kept waiting.</p>",
        _table(
            ("", "count", "a second", "p50", "p90", "p99", "p99.9", "longest", "refused"),
            [_latency_row(name, each, outcome) for name, each in sorted(outcome.figures.latencies.items())],
        ),
        "<h2>Refusals</h2>",
        _table(
            ("operation and code", "count"),
            [(f"{name}: {code}", f"{count:,}") for (name, code), count in outcome.figures.refused.most_common()],
        )
        if outcome.figures.refused
        else "<p>None.</p>",
        "<h2>Over time</h2>",
        *(
            _plot(f"{name}, ms", {"p50": _slices(outcome, name, 0.5), "p99": _slices(outcome, name, 0.99)})
            for name in ("place", "take", "cancel", "read depth", "trade heard")
            if name in outcome.figures.slices
        ),
    ]
    if outcome.memory_mb:
        parts.append(_plot("memory of the exchange, MB", {"resident": outcome.memory_mb, "kept": outcome.kept_mb}))
        parts.append(_plot("processor of the exchange, cores", {"cores": outcome.cores}))
    return "\n".join(parts) + "\n</html>\n"


def _latency_row(name: str, latencies: Latencies, outcome: Outcome) -> tuple[str, ...]:
    refused = sum(count for (each, _), count in outcome.figures.refused.items() if each == name)
    percentiles = (f"{latencies.ms(part):.2f}" for part in (0.5, 0.9, 0.99, 0.999))
    rate = f"{latencies.count / outcome.seconds:.1f}"
    return name, f"{latencies.count:,}", rate, *percentiles, f"{latencies.longest_s * 1e3:.1f}", f"{refused:,}"


def _slices(outcome: Outcome, name: str, part: float) -> list[float]:
    """Return a percentile of each slice of the load itself; the check's own questions come after it."""
    slices = outcome.figures.slices[name]
    return [slices[number].ms(part) for number in sorted(slices) if number * SLICE_S < outcome.seconds]


def _list(lines: Sequence[str]) -> str:
    return "<ul class=bad>" + "".join(f"<li>{escape(line)}</li>" for line in lines[:100]) + "</ul>" if lines else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join(lines) + "</table>"


def _plot(title: str, lines: Mapping[str, Sequence[float]]) -> str:
    """Draw lines over slices, from zero, with the highest value at the top."""
    highest = max((value for line in lines.values() for value in line), default=0.0) or 1.0
    drawn = []
    for number, (name, values) in enumerate(lines.items()):
        step = (WIDTH - LEFT - 10) / max(1, len(values) - 1)
        points = " ".join(
            f"{LEFT + at * step:.1f},{HEIGHT - 20 - value / highest * (HEIGHT - 50):.1f}"
            for at, value in enumerate(values)
        )
        color = COLORS[number % len(COLORS)]
        drawn.append(f'<polyline fill="none" stroke="{color}" stroke-width="1.5" points="{points}"/>')
        drawn.append(f'<text x="{WIDTH - 20 - 60 * number}" y="16" fill="{color}" text-anchor="end">{name}</text>')
    longest = max((len(line) for line in lines.values()), default=0) * SLICE_S
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" font-size="12" role="img" aria-label="{escape(title)}">'
        f'<text x="{LEFT}" y="16" font-weight="600">{escape(title)}</text>'
        f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{HEIGHT - 20}" y2="{HEIGHT - 20}" stroke="#c9ced6"/>'
        f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="30" y2="30" stroke="#eef0f3"/>'
        f'<text x="{LEFT - 6}" y="34" text-anchor="end">{highest:,.1f}</text>'
        f'<text x="{LEFT - 6}" y="{HEIGHT - 16}" text-anchor="end">0</text>'
        f'<text x="{WIDTH - 10}" y="{HEIGHT - 4}" text-anchor="end">{longest:.0f} s</text>{"".join(drawn)}</svg>'
    )
