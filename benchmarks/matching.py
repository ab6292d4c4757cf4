"""How many operations a second one order book does: placing, cancelling and matching, without ledger or disk.

The book is `engine.core.book` with `engine.core.matching`, fed one call per operation from plain Python; the same
source is measured as it is and, where mypyc and a C compiler are found, compiled. Every run is checked against the
workload's oracle, trade by trade.
"""

import argparse
import gc
import json
import pickle
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from benchmarks.workload import ADD, BUY, TAKE, Operation, Totals, Workload, fold, generate
from engine.core import book as book_module
from engine.core.book import Book, Order
from engine.core.matching import plan
from engine.core.types import Atoms, Lots, OrderId, SelfTradePrevention, Side, Ticks, UserId

ROOT = Path(__file__).resolve().parent.parent
COMPILED = ("book", "matching")
ROUNDS = 5

MAKER, TAKER = UserId(1000), UserId(1001)
UNIT = Atoms(1)


Prepared = tuple[int, Side, OrderId, Ticks, Lots]


def prepare(operations: list[Operation]) -> list[Prepared]:
    """Turn operations into the core's words, as an edge has done before the core is called."""
    return [
        (o.kind, Side.BUY if o.side == BUY else Side.SELL, OrderId(o.id), Ticks(o.price), Lots(o.quantity))
        for o in operations
    ]


class Runner:
    """A book, and the trades that were made on it in order."""

    def __init__(self) -> None:
        self.book = Book()
        self.resting: dict[OrderId, Order] = {}
        self.trades: list[tuple[int, int, int, int]] = []

    def run(self, operations: list[Prepared]) -> None:
        """Do every operation, one call each as a server would."""
        book, resting, trades = self.book, self.resting, self.trades
        keep = SelfTradePrevention.EXPIRE_MAKER
        for kind, side, id, price, quantity in operations:
            if kind == ADD:
                order = resting[id] = Order(id, MAKER, side, price, quantity)
                book.side(side).rest(order)
            elif kind == TAKE:
                facing = book.facing(side)
                for maker, lots, _ in plan(facing, price, quantity, UNIT, TAKER, keep).steps:
                    facing.take(maker, lots)
                    trades.append((id, maker.id, maker.price, lots))
                    if not maker.remaining:
                        del resting[maker.id]
            else:
                book.side(side).remove(resting.pop(id))

    def totals(self) -> Totals:
        """Return what the trades come to."""
        volume = notional = check = 0
        for taker, maker, price, quantity in self.trades:
            volume += quantity
            notional += price * quantity
            check = fold(check, taker, maker, price, quantity)
        return Totals(len(self.trades), volume, notional, check)


def measure(workload: Workload) -> float:
    """Run the workload once; return operations a second. Raises ValueError where its trades are not the oracle's."""
    runner = Runner()
    prefill, operations = prepare(workload.prefill), prepare(workload.operations)
    runner.run(prefill)
    gc.collect()
    gc.freeze()  # as the server does after its start
    started = time.perf_counter()
    runner.run(operations)
    seconds = time.perf_counter() - started
    if runner.totals() != workload.expected:
        raise ValueError(f"made {runner.totals()}, expected {workload.expected}")
    return len(operations) / seconds


def compile_core(folder: Path) -> bool:
    """Put a copy of the engine with its book compiled by mypyc into `folder`. Return whether it could be made."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return False
    shutil.copytree(ROOT / "engine", folder / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    made = subprocess.run(
        [sys.executable, "-m", "mypyc", *(f"engine/core/{name}.py" for name in COMPILED)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        print(f"mypyc could not compile the book:\n{made.stdout}{made.stderr}", file=sys.stderr)
    return not made.returncode


def measure_in_child(engine: Path, kept: Path) -> float:
    """Measure once in a fresh process that takes the engine from a folder."""
    code = "import sys; sys.path[:0] = sys.argv[1:3]; from benchmarks import matching; matching.child(*sys.argv[3:])"
    done = subprocess.run(
        [sys.executable, "-c", code, engine, ROOT, kept, engine], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout)


def child(kept: str, engine: str) -> None:
    """Measure once, in this process, the engine that is in a folder, and print the result."""
    loaded = Path(book_module.__file__).resolve()
    assert loaded.is_relative_to(engine), f"measuring {loaded}"
    print(measure(pickle.loads(Path(kept).read_bytes())))


def main() -> None:
    """Measure both, alternating, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--operations", type=int, default=500_000)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        kept = Path(temporary) / "workload"
        kept.write_bytes(pickle.dumps(generate(arguments.operations)))
        compiled = Path(temporary).resolve() / "compiled"
        compiled.mkdir()
        engines = {"pure Python": ROOT} | ({"mypyc": compiled} if compile_core(compiled) else {})
        rates: dict[str, list[float]] = {name: [] for name in engines}
        verified = True
        for _ in range(ROUNDS):
            for name, engine in engines.items():
                try:
                    rates[name].append(measure_in_child(engine, kept))
                except RuntimeError as wrong:
                    print(f"{name}: {wrong}", file=sys.stderr)
                    verified = False

    print(f"book operations per second, one core, {arguments.operations:,} operations, median of {ROUNDS} runs")
    medians = {name: round(statistics.median(found)) for name, found in rates.items() if found}
    for name, median in medians.items():
        print(f"  {name:<12} {median:>10,}   ({min(rates[name]):,.0f} to {max(rates[name]):,.0f})")
    print("  every run made the oracle's trades, in order" if verified else "  NOT VERIFIED: see above")
    if arguments.json:
        print(
            json.dumps(
                {
                    "pure_ops_s": medians.get("pure Python"),
                    "compiled_ops_s": medians.get("mypyc"),
                    "verified": verified,
                }
            )
        )
    sys.exit(not verified)


if __name__ == "__main__":
    main()
