"""Fills a second settled on a localnet by its RPC, end to end, and what trading notices of it.

The localnet is a process of its own, with the slots of development. First ten thousand trades among 50 accounts, all
owed when the clock starts, are settled by this process until the last is final; LiteSVM alone is the yardstick. Then
two exchanges get the same steady load at the same time, so that whatever else the machine does is the same for both:
one without Solana, one that settles what is traded; at last the localnet is gone. Each figure is the median of the
rounds, the change that of the two in the same round, and the processor time is the exchange's.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import uvloop
from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import mint_to_checked
from spl.token.models import MintToCheckedParams

from benchmarks import localnet
from benchmarks.clients import Paced, percentile
from benchmarks.cluster import KEYS, MASTER, Place
from benchmarks.orders import open_sockets, processor_s
from data.solana.asking import send
from data.solana.keys import KeySigner
from data.solana.sending import RpcSender
from data.solana.token_program import TokenProgram
from data.solana.vault import RpcVault
from data.store.queries import Queries
from data.store.settlement import SqlSettlement
from data.store.sqlite import SqliteStore
from data.store.vault import SqlVault
from engine.core.types import FEES, AssetCode, Micros, UserId
from engine.settlement.fills import Purse
from engine.settlement.pace import Pace
from engine.settlement.settlement import Settlement
from engine.settlement.vault import Vault
from engine.trying import keep_trying
from tests.data.store.books import books
from tests.support.server import Server

FILLS: Final = 10_000
PEOPLE: Final = 50
FEE_CAP: Final = 100_000
BARE_SENDS: Final = 3_000
TRADERS: Final = 32
RATE: Final = 250  # orders a second, of each exchange
ROUNDS: Final = 12
FIGURES: Final = ("p50", "p99", "cpu_us")
PATIENCE_S: Final = 300
USDT, BTC = AssetCode("USDT"), AssetCode("BTC")


def now() -> Micros:
    """Return the wall clock's time."""
    return Micros(time.time_ns() // 1_000)


async def fund(place: Place, store: SqliteStore, queries: Queries, units: Mapping[Purse, int]) -> None:
    """Put whole units into vault accounts, on the chain and in our record of it."""
    async with AsyncClient(place.url) as client:
        vault = Vault(RpcVault(client), KEYS, SqlVault(store, queries), _mints(place), now)
        await vault.load()
        await vault.ensure([*units, *((FEES, asset) for asset in (USDT, BTC))])
        minted = {
            vault.address(user, asset): (asset, count * 10 ** place.mints[asset][1])
            for (user, asset), count in units.items()
        }
        minting = [
            mint_to_checked(
                MintToCheckedParams(
                    program_id=TOKEN_PROGRAM_ID,
                    mint=Pubkey.from_string(place.mints[asset][0]),
                    dest=Pubkey.from_string(address),
                    mint_authority=place.authority.pubkey(),
                    amount=atoms,
                    decimals=place.mints[asset][1],
                )
            )
            for address, (asset, atoms) in minted.items()
        ]
        payer = KeySigner(place.authority)
        await asyncio.gather(
            *(send(client, [payer], minting[first : first + 12]) for first in range(0, len(minting), 12))
        )
    values = [(atoms, address) for address, (_, atoms) in minted.items()]
    await store.write(
        lambda connection: connection.executemany(
            "UPDATE vault_accounts SET settled = settled + ? WHERE token_account = ?", values
        )
    )


def _mints(place: Place) -> dict[AssetCode, str]:
    return {code: mint for code, (mint, _) in place.mints.items()}


@contextlib.asynccontextmanager
async def settling(place: Place, store: SqliteStore, queries: Queries) -> AsyncIterator[Settlement]:
    """Settle what a database says is owed, once every account is in a lookup table."""
    async with AsyncClient(place.url) as client:
        vault = Vault(RpcVault(client), KEYS, SqlVault(store, queries), _mints(place), now)
        await vault.load()
        program = TokenProgram(KEYS, place.mints, vault.tables)
        sender = RpcSender(client, program, KEYS.vault, fee_cap=FEE_CAP)
        settlement = Settlement(sender, vault, SqlSettlement(store, queries), now, pace=Pace())
        await settlement.load()
        listing = asyncio.create_task(keep_trying("tables", vault.keep_tables))
        listed = 2 * PEOPLE + 2 + len(place.mints)
        await until(lambda: sum(len(table.addresses) for table in vault.tables()) >= listed)
        running = asyncio.create_task(settlement.run())
        try:
            yield settlement
        finally:
            for task in (running, listing):
                task.cancel()
            await asyncio.wait([running, listing])


async def until(look: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not look():  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.01)


async def throughput(place: Place, folder: Path, fills: int) -> dict[str, float]:
    """Return how fast owed fills settle."""
    await place.prepare()
    chance = Random(1)
    async with books(folder / "books.sqlite") as exchange:
        people = [await exchange.person(USDT=1_000_000, BTC=100) for _ in range(PEOPLE)]
        units = {(user, asset): count for user in people for asset, count in ((USDT, 1_000_000), (BTC, 100))}
        await fund(place, exchange.store, exchange.queries, units)
        for _ in range(fills):
            maker, taker = chance.sample(people, 2)
            side, other = chance.choice((("buy", "sell"), ("sell", "buy")))
            lots = chance.randint(1, 50)
            await exchange.place(maker, side, lots, 6_000_000)
            await exchange.place(taker, other, lots, 6_000_000)
        async with settling(place, exchange.store, exchange.queries) as settlement:
            began, began_cpu = time.perf_counter(), time.process_time()
            await until(lambda: settlement.backlog.settled >= fills)
            took, used = time.perf_counter() - began, time.process_time() - began_cpu
            return {
                "fills_s": round(fills / took),
                "fills_per_tx": round(fills / settlement.backlog.transactions, 1),
                "tx_s": round(settlement.backlog.transactions / took, 1),
                "cpu_us_per_fill": round(used / fills * 1e6),
            }


# What trading notices


def trading(seed: int) -> Iterator[bytes]:
    """Yield order.place frames without end: at one price, so that every second one trades."""
    from benchmarks.clients import text_frame

    chance = Random(seed)
    ready = []
    for number in range(2_000):
        params = {
            "symbol": "BTCUSDT",
            "side": chance.choice(("buy", "sell")),
            "type": "limit",
            "quantity": f"0.00{chance.randint(10, 99)}",
            "price": "60000.00",
        }
        ready.append(text_frame(msgspec.json.encode({"op": "order.place", "id": number, "params": params})))
    while True:
        yield from ready


class Round:
    """Latencies of a round in milliseconds, and microseconds of processor time an order."""

    def __init__(self, latencies: list[float], cpu_us: float) -> None:
        self.p50, self.p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
        self.cpu_us = cpu_us


def one_round(servers: Sequence[Server], tokens: Mapping[Server, Sequence[str]], seconds: float) -> list[Round]:
    """Load exchanges at the same time, each at the steady rate."""

    async def load(server: Server) -> list[float]:
        paced = Paced(RATE, seconds)
        connections = await open_sockets(int(server.url.rsplit(":", 1)[1]), tokens[server], paced, trading)
        latencies = await paced.run(connections)
        await asyncio.gather(*(connection.close() for connection in connections))
        return latencies

    async def run() -> list[list[float]]:
        return await asyncio.gather(*(load(server) for server in servers))

    began = [processor_s(server) for server in servers]
    found = uvloop.run(run())
    return [
        Round(latencies, (processor_s(server) - before) / len(latencies) * 1e6)
        for server, latencies, before in zip(servers, found, began, strict=True)
    ]


def settled(server: Server) -> int:
    """Return how many fills of an exchange have settled."""
    connection = sqlite3.connect(server.data_dir / "clobster.db")
    try:
        statement = (
            "SELECT count(*) FROM settlement_outbox JOIN settlement_batches USING (batch_id) WHERE state = 'settled'"
        )
        return int(connection.execute(statement).fetchone()[0])
    finally:
        connection.close()


def latency(place: Place, folder: Path, seconds: float) -> dict[str, float]:
    """Return what trading notices of settlement, and of an RPC that is gone."""
    common = {"CLOBSTER_LIMIT_ORDER": "100000/100000", "CLOBSTER_SOLANA_MASTER_KEY": MASTER}
    plain = Server(folder / "plain", **common).start()
    for person in range(TRADERS):
        plain.fund(person + 1, USDT="10000000", BTC="1000")
        plain.sign_in(person + 1)
    plain.stop()
    shutil.copytree(plain.data_dir, folder / "settling")
    people = asyncio.run(_fund_traders(place, folder / "settling" / "clobster.db"))
    assert people == TRADERS
    mints = ",".join(f"{code}={mint}" for code, (mint, _) in place.mints.items())
    on_chain = Server(
        folder / "settling",
        **common
        | {
            "CLOBSTER_SOLANA": "rpc",
            "CLOBSTER_SOLANA_RPC_URL": place.url,
            "CLOBSTER_SOLANA_WS_URL": place.ws_url,
            "CLOBSTER_SOLANA_MINTS": mints,
            "CLOBSTER_SOLANA_REQUESTS_S": "1000",
        },
    )
    try:
        plain.start()
        on_chain.start()
        tokens = {server: [server.sign_in(person + 1) for person in range(TRADERS)] for server in (plain, on_chain)}
        found: dict[str, float] = {}

        def compare(name: str) -> None:
            rounds = [one_round((plain, on_chain), tokens, seconds) for _ in range(ROUNDS)]
            for number, label in enumerate(("off", "on")):
                for figure in FIGURES:
                    of = [getattr(each[number], figure) for each in rounds]
                    found[f"{name}_{label}_{figure}"] = round(statistics.median(of), 2)
            ratios = [on.p50 / off.p50 for off, on in rounds]
            found[f"{name}_p50_change"] = round(statistics.median(ratios) - 1, 3)

        one_round((plain, on_chain), tokens, seconds)  # warm
        before, began = settled(on_chain), time.perf_counter()
        compare("settling")
        found["settled_meanwhile_s"] = round((settled(on_chain) - before) / (time.perf_counter() - began), 1)
        place.end()
        compare("down")
        return found
    finally:
        plain.kill()
        on_chain.kill()


async def _fund_traders(place: Place, path: Path) -> int:
    store, queries = await SqliteStore.open(path), await Queries.open(path)
    try:
        users = await store.write(
            lambda connection: [UserId(row[0]) for row in connection.execute("SELECT id FROM users WHERE id >= 1000")]
        )
        units = {(user, asset): count for user in users for asset, count in ((USDT, 10_000_000), (BTC, 1_000))}
        await fund(place, store, queries, units)
        return len(users)
    finally:
        await queries.close()
        await store.close()


def measure(fills: int, seconds: float) -> dict[str, float]:
    """Run everything once and return the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = Place(folder / "localnet")
        try:
            bare = [localnet.bare(BARE_SENDS)]
            found = uvloop.run(throughput(place, folder, fills))
            bare.append(localnet.bare(BARE_SENDS))
            found["bare_tx_s"] = round(statistics.mean(bare))
            return found | latency(place, folder, seconds)
        finally:
            place.end()


def main() -> None:
    """Measure, print a table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fills", type=int, default=FILLS)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a round of trading lasts")
    options = parser.parse_args()
    found = measure(options.fills, options.seconds)
    print("settlement       fills/s   fills a transaction   transactions/s   processor time a fill   LiteSVM alone")
    print(
        f"  end to end  {found['fills_s']:>10,} {found['fills_per_tx']:>21} {found['tx_s']:>16} "
        f"{found['cpu_us_per_fill']:>20} us {found['bare_tx_s']:>13,}/s"
    )
    print(f"trading at {RATE} orders/s    p50 ms off/on      p99 ms off/on    processor time an order, us, off/on")
    for name, title in (("settling", f"{found['settled_meanwhile_s']} fills/s settle"), ("down", "the RPC is gone")):
        figures = ((found[f"{name}_off_{figure}"], found[f"{name}_on_{figure}"]) for figure in FIGURES)
        cells = (f"{off:.2f} / {on:.2f}" for off, on in figures)
        change = found[f"{name}_p50_change"]
        print(f"  {title:<22} " + "".join(f"{cell:>17}  " for cell in cells) + f"p50 {change:+.1%}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
