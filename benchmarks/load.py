"""A mixed population uses an exchange at a set rate: people who read, watch, make, take, sign in, deposit and withdraw.

Without --url it starts an exchange of its own, with its market maker on the bundled recording and a localnet, so that
deposits and withdrawals are real. With --url and --data-dir it uses one that runs on this machine, in development. At
the end it checks that every balance is what clients were told, to the atom, that every acknowledged order is there, and
that the books are clean. Exit code 1 where something is not.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from benchmarks.mixed import correctness, report
from benchmarks.mixed.arrivals import Arrivals
from benchmarks.mixed.client import Client
from benchmarks.mixed.figures import Figures
from benchmarks.mixed.operations import Mix
from benchmarks.mixed.outcome import GROWTH, Outcome
from benchmarks.mixed.people import Markets, Person
from benchmarks.mixed.process import Process
from benchmarks.mixed.watchers import Watchers
from clobster import data_dir as files
from clobster.audit import audit
from tests.support.server import Server
from tests.support.wallet import Wallet

FUNDS = {"USDT": "100000", "BTC": "1", "ETH": "20", "SOL": "400"}
FUNDED_AT_ONCE = 10
KEPT = Path(__file__).parent.parent / "var" / "load"
SETTINGS = {
    "CLOBSTER_FEED": "recorded",
    "CLOBSTER_SOLANA": "localnet",
    "CLOBSTER_SOLANA_REQUESTS_S": "400",
    "CLOBSTER_WITHDRAWAL_MOST_OPEN": "100",
}


@contextmanager
def exchange(url: str | None, data_dir: Path | None) -> Iterator[tuple[str, Path, int]]:
    """Give the address, data directory and process id of an exchange: of a new one, unless told of one that runs."""
    if url is not None and data_dir is not None:
        yield url.rstrip("/"), data_dir, files.running(data_dir).pid
        return
    with tempfile.TemporaryDirectory(prefix="clobster-load-") as folder:
        server = Server(Path(folder), **SETTINGS).start(timeout_s=60)
        try:
            assert server.process is not None
            yield server.url, server.data_dir, server.process.pid
        finally:
            server.stop()


async def use(url: str, data_dir: Path, pid: int, arguments: argparse.Namespace) -> Outcome:
    """Put the load on it, and check what came of it."""
    secrets, chance = files.own_secrets(data_dir), random.Random(arguments.seed)
    figures, process = Figures(), Process(pid, data_dir / "clobster.db")
    async with Client(url, figures) as client:
        markets = await _markets(client)
        async with Watchers(client, list(markets), arguments.watchers) as watchers:
            people = await _people(client, markets, secrets.bot_token, arguments.people, chance)
            quoted = await _quoted(watchers, markets)
            mix = Mix(client, people, quoted, watchers.prices, secrets.dev_secret, chance)
            await _fund(mix, people)
            print(f"  all are there after {time.perf_counter() - client.began:.1f} s", flush=True)

            client.figures = load_figures = Figures()
            client.began = time.perf_counter()
            watching = asyncio.create_task(process.watch(lambda: sum(len(each.acknowledged) for each in people)))
            arrivals = Arrivals(arguments.rate, mix.shares(), chance)
            await arrivals.run(arguments.seconds)
            watching.cancel()

            wrong = await correctness.differences(client, people, arguments.patience)
            wrong += [f"{line} ({count} times)" for line, count in watchers.wrong.items()]
            withdrawn = correctness.withdrawals(people)
            for person in people:
                await person.leave()
    books = await asyncio.to_thread(audit, data_dir / "clobster.db")
    if not books.clean:
        wrong += books.lines
    setting = (
        f"{arguments.rate:g} arrivals a second for {arguments.seconds:g} s from {len(people)} people, "
        f"{len(watchers.each)} sockets that watch; seed {arguments.seed}. This process began what was due "
        f"{arrivals.late.ms(0.5):.2f} ms late in the middle, {arrivals.late.ms(0.99):.2f} at p99; latencies hold that."
    )
    said = [
        f"{len(people)} people own what they were told, {sum(len(p.trades) for p in people):,} trades added up",
        f"{sum(len(p.acknowledged) for p in people):,} acknowledged orders are there",
        f"{sum(w.checked for w in watchers.each):,} checksums of books compared",
        f"{sum(w.messages for w in watchers.each):,} messages watched, {sum(w.snapshots for w in watchers.each)} "
        "snapshots for slow readers",
        "withdrawals: " + (", ".join(f"{count} {state}" for state, count in sorted(withdrawn.items())) or "none"),
        f"audit: {books.lines[-1]}",
    ]
    return Outcome(
        setting,
        arguments.seconds,
        load_figures,
        said if not wrong else said[3:],
        wrong,
        process.memory_mb,
        process.kept_mb,
        process.cores,
    )


async def _markets(client: Client) -> Markets:
    status, found = await client.ask("read markets", time.perf_counter(), "GET", "/api/markets")
    if status != 200:
        raise SystemExit(f"no exchange answers at {client.url}")
    return {market["symbol"]: market for market in found["markets"]}


async def _people(client: Client, markets: Markets, bot_token: str, count: int, chance: random.Random) -> list[Person]:
    """Bring people; every second one has a wallet. They are new ones, whoever has been here before."""
    first = chance.randrange(10**9, 10**12)
    keys = random.SystemRandom()
    people = [
        Person(client, markets, first + number, bot_token, Wallet(keys.getrandbits(250)) if number % 2 else None)
        for number in range(count)
    ]
    for person in people:
        await person.arrive()
    return people


async def _fund(mix: Mix, people: list[Person]) -> None:
    """Give everybody all assets, so that both sides trade; a few at a time, as each waits until it is final."""
    room = asyncio.Semaphore(FUNDED_AT_ONCE)

    async def fund(person: Person) -> None:
        async with room:
            for asset, amount in FUNDS.items():
                await mix.fund(person, asset, time.perf_counter(), amount)

    await asyncio.gather(*map(fund, people))


async def _quoted(watchers: Watchers, markets: Markets, patience_s: float = 30) -> Markets:
    """Return the markets that have prices: nobody quotes one of which there is no recording."""
    until = time.monotonic() + patience_s
    while not any(watchers.prices.best(symbol, "buy") for symbol in markets):
        if time.monotonic() > until:
            raise SystemExit("no market has prices: does the market maker quote?")
        await asyncio.sleep(0.05)
    await asyncio.sleep(2)
    return {symbol: market for symbol, market in markets.items() if watchers.prices.best(symbol, "buy")}


def show(outcome: Outcome) -> None:
    """Print a table."""
    print(f"  {outcome.setting}")
    print(f"  {'':24}{'count':>9}{'p50 ms':>9}{'p99':>9}{'p99.9':>9}{'longest':>9}{'refused':>9}")
    for name, each in sorted(outcome.figures.latencies.items()):
        refused = sum(count for (of, _), count in outcome.figures.refused.items() if of == name)
        print(
            f"  {name:24}{each.count:>9,}{each.ms(0.5):>9.2f}{each.ms(0.99):>9.2f}{each.ms(0.999):>9.2f}"
            f"{each.longest_s * 1e3:>9.1f}{refused:>9,}"
        )
    for (name, code), count in outcome.figures.refused.most_common():
        print(f"  refused {count:,} times: {name}: {code}")
    if outcome.memory_mb:
        print(
            f"  memory: {outcome.memory_mb[0]:.0f} MB after the first seconds, {outcome.memory_mb[-1]:.0f} at the end; "
            f"of that pages of the books and names of orders {outcome.kept_mb[0]:.0f} and {outcome.kept_mb[-1]:.0f}"
        )
    for name, ratio in outcome.growth().items():
        print(f"  {name}: {(ratio - 1) * 100:+.1f} % from the second third of the run to its last")
    for line in outcome.said:
        print(f"  {line}")
    for line in outcome.wrong[:30]:
        print(f"  WRONG: {line}")


def main() -> None:
    """Measure, print a table, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=300.0, help="arrivals a second")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--watchers", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds that withdrawals have to end")
    parser.add_argument("--url", help="an exchange that runs on this machine")
    parser.add_argument("--data-dir", type=Path, help="its data directory, for its secrets and its books")
    parser.add_argument("--report", type=Path, default=KEPT / "report.html")
    parser.add_argument("--flat", action="store_true", help="fail where memory or latency grew by a tenth")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    arguments = parser.parse_args()
    if (arguments.url is None) != (arguments.data_dir is None):
        parser.error("--url and --data-dir belong together")
    if arguments.url is not None and urlsplit(arguments.url).hostname not in {"127.0.0.1", "::1", "localhost"}:
        parser.error("only an exchange on this machine: the load never leaves it")

    with exchange(arguments.url, arguments.data_dir) as (url, data_dir, pid):
        outcome = uvloop.run(use(url, data_dir, pid, arguments))
    if arguments.flat:
        grown = [
            f"{name} grew by {(ratio - 1) * 100:.0f} %" for name, ratio in outcome.growth().items() if ratio > GROWTH
        ]
        outcome.wrong += grown or ([] if outcome.growth() else ["the run was too short to see whether it is flat"])
    show(outcome)
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text(report.write(outcome))
    print(f"  the report is {arguments.report}")
    if arguments.json:
        orders = outcome.orders()
        figures = {"rate": arguments.rate, "orders": orders.count, "wrong": len(outcome.wrong)}
        print(json.dumps(figures | {name: orders.ms(part) for name, part in (("p50_ms", 0.5), ("p99_ms", 0.99))}))
    sys.exit(bool(outcome.wrong))


if __name__ == "__main__":
    main()
