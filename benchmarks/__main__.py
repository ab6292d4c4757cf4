"""Run every benchmark (or those named), each in its own process, and keep their JSON under var/bench."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE.parent / "var" / "bench"
BENCHMARKS = (
    "matching",
    "orders",
    "postgres",
    "auth",
    "candles",
    "fanout",
    "recovery",
    "history",
    "liquidity",
    "localnet",
    "settlement",
    "bot",
    "outbox",
    "page",
)


def run(name: str) -> bool:
    """Run one benchmark, show what it prints as it comes, and keep its last line. Return whether it succeeded."""
    print(f"\n== {name}", flush=True)
    last = ""
    with subprocess.Popen(
        [sys.executable, HERE / f"{name}.py", "--json"], stdout=subprocess.PIPE, text=True, cwd=HERE.parent
    ) as process:
        assert process.stdout is not None
        for last in process.stdout:
            print(last, end="", flush=True)
    if process.returncode:
        print(f"{name} ended with {process.returncode}", file=sys.stderr)
        return False
    (KEPT / f"{name}.json").write_text(last)
    return True


if __name__ == "__main__":
    KEPT.mkdir(parents=True, exist_ok=True)
    outcomes = [run(name) for name in sys.argv[1:] or BENCHMARKS]
    sys.exit(not all(outcomes))
