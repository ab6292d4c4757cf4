"""Sends a second through localnet's RPC, beside LiteSVM alone in the same run, and how long its loop stands still.

The localnet is served by this process, on uvloop like the exchange, with slots of 400 ms; the payments are signed and
sent by a second process over 32 connections, without and with preflight, then at a steady 100 a second. A task that
wants to run every millisecond tells by how much it was late; how late it is while nobody sends is the yardstick. At
the end the directory, which has all these transactions, is opened again.
"""

import argparse
import asyncio
import base64
import contextlib
import gc
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import uvloop
from solders.hash import Hash
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

from data.solana.localnet.blocks import Lags
from data.solana.localnet.chain import Chain
from data.solana.localnet.localnet import Localnet

SENDS = 5_000
CONNECTIONS = 32
LAMPORTS = 10_000_000
TICK_S = 0.001
STEADY_RATE = 100  # sends a second
STEADY_S = 5
TITLES = {
    "idle": "nobody sends",
    "sends_s": "without preflight",
    "preflight_sends_s": "with preflight",
    "steady_sends_s": "the same, at a steady rate",
}


def payments(payer: Keypair, blockhash: Hash, count: int) -> list[VersionedTransaction]:
    """Return payments to as many new people."""
    made = []
    for _ in range(count):
        paying = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=Pubkey.new_unique(), lamports=LAMPORTS))
        made.append(VersionedTransaction(MessageV0.try_compile(payer.pubkey(), [paying], [], blockhash), [payer]))
    return made


def bare(count: int) -> float:
    """Return the sends a second of LiteSVM alone, which verifies their signatures too."""
    svm = LiteSVM().with_transaction_history(10**7)
    payer = Keypair()
    svm.airdrop(payer.pubkey(), 2 * count * LAMPORTS)
    made = payments(payer, svm.latest_blockhash(), count)
    began = time.perf_counter()
    outcomes = [svm.send_transaction(each) for each in made]
    took = time.perf_counter() - began
    assert all(isinstance(each, TransactionMetadata) for each in outcomes)
    return count / took


def send_all(pipe: Connection, url: str, key: bytes) -> None:
    """Be the second process: for each order to, sign payments and send them, and say how long that took."""

    async def post(session: aiohttp.ClientSession, method: str, *params: object) -> object:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with session.post(url, json=body) as response:
            return (await response.json())["result"]

    async def run(count: int, skip: bool, every_s: float) -> float:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
            found = await post(session, "getLatestBlockhash", {"commitment": "confirmed"})
            assert isinstance(found, dict)
            blockhash = Hash.from_string(found["value"]["blockhash"])
            made = [base64.b64encode(bytes(each)).decode() for each in payments(payer, blockhash, count)]
            options = {"encoding": "base64", "skipPreflight": skip, "preflightCommitment": "confirmed"}
            began = time.perf_counter()
            waiting = enumerate(made)

            async def connection() -> None:
                for number, each in waiting:
                    await asyncio.sleep(began + number * every_s - time.perf_counter() if every_s else 0)
                    await post(session, "sendTransaction", each, options)

            await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
            return time.perf_counter() - began

    payer = Keypair.from_bytes(key)
    while (order := pipe.recv()) is not None:
        pipe.send(uvloop.run(run(*order)))


@contextlib.contextmanager
def watched(pauses: list[float]) -> Iterator[None]:
    """Write down by how many seconds each tick of the loop was late."""

    async def watch() -> None:
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            pauses.append(time.perf_counter() - due)

    watching = asyncio.get_running_loop().create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def lateness(name: str, pauses: list[float]) -> dict[str, float]:
    """Return the longest pause and the 99th percentile, in milliseconds."""
    p99 = statistics.quantiles(pauses, n=100)[98]
    return {f"{name}_longest_pause_ms": round(max(pauses) * 1000, 1), f"{name}_p99_pause_ms": round(p99 * 1000, 2)}


async def measure(directory: Path, sends: int) -> dict[str, float]:
    """Return what is measured of a localnet."""
    found: dict[str, float] = {}
    context = multiprocessing.get_context("spawn")
    async with Localnet.open(directory) as net:
        ours, theirs = context.Pipe()
        sender = context.Process(target=send_all, args=(theirs, net.url, bytes(net.authority)), daemon=True)
        sender.start()
        loop = asyncio.get_running_loop()
        gc.collect()
        gc.freeze()
        steady = STEADY_S * STEADY_RATE
        idle: list[float] = []
        with watched(idle):
            await asyncio.sleep(STEADY_S)
        found |= lateness("idle", idle)
        for name, order in (
            ("sends_s", (sends, True, 0)),
            ("preflight_sends_s", (sends, False, 0)),
            ("steady_sends_s", (steady, False, 1 / STEADY_RATE)),
        ):
            pauses: list[float] = []
            before = net.chain.transactions
            with watched(pauses):
                ours.send(order)
                took = await loop.run_in_executor(None, ours.recv)
            assert net.chain.transactions - before == order[0]
            found[name] = round(order[0] / took)
            found |= lateness(name, pauses)
        ours.send(None)
        await loop.run_in_executor(None, sender.join)
        authority = net.authority.pubkey()
    began = time.perf_counter()
    chain = Chain.open(directory / "chain.db", authority, Lags())
    found["open_ms"] = round((time.perf_counter() - began) * 1000)
    found["transactions"] = chain.transactions
    chain.close()
    return found


def main() -> None:
    """Measure, print a table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sends", type=int, default=SENDS)
    options = parser.parse_args()
    bare_s = [bare(options.sends)]
    with tempfile.TemporaryDirectory() as folder:
        found = uvloop.run(measure(Path(folder), options.sends))
    bare_s.append(bare(options.sends))
    found["bare_s"] = round(statistics.mean(bare_s))
    found["ratio"] = round(found["sends_s"] / found["bare_s"], 3)
    print("localnet                        sends/s   loop late, p99 ms   longest ms")
    for name, title in TITLES.items():
        late, longest = found[f"{name}_p99_pause_ms"], found[f"{name}_longest_pause_ms"]
        print(f"  {title:<28} {found.get(name, 0):>9,} {late:>19} {longest:>12}")
    print(f"  LiteSVM alone                {found['bare_s']:>9,}")
    print(f"  opened again with {found['transactions']:,} transactions in {found['open_ms']} ms")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
