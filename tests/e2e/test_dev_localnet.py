"""`clobster dev localnet` runs a chain with our mints that outlives it, in development only."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from solders.pubkey import Pubkey

from clobster.markets import load
from data.solana.localnet.keys import keypair_in
from data.solana.localnet.mints import mint_address
from tests.e2e.test_start_and_stop import PRODUCTION, clobster
from tests.support.server import call


@contextmanager
def running(data_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run it on a port of its own choosing; give the process and where it is."""
    log = data_dir.parent / f"{time.monotonic_ns()}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "clobster", "dev", "localnet", "--port", "0", "--data-dir", str(data_dir), *options],
            env=os.environ | {"CLOBSTER_LOG_FORMAT": "json"},
            stdout=file,
            stderr=file,
        )
    try:
        until = time.monotonic() + 30
        while (found := re.search(r'"url": "(http://[^"]+)"', log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        yield process, found[1]
    finally:
        process.kill()
        process.wait()


def ask(url: str, method: str, *params: object) -> object:
    return call("POST", url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).body["result"]


def test_it_has_a_mint_for_every_asset_and_survives_a_kill(tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    with running(data_dir, "--slot-ms", "50") as (process, url):
        slot, genesis = ask(url, "getSlot", {"commitment": "confirmed"}), ask(url, "getGenesisHash")
        mints = mints_of(data_dir)
        for asset in load().assets:
            supply = ask(url, "getTokenSupply", str(mints[asset.code]), {"commitment": "confirmed"})
            assert isinstance(supply, dict)
            assert supply["value"]["decimals"] == asset.decimals
        process.kill()
        process.wait()
    with running(data_dir) as (process, url):
        assert ask(url, "getGenesisHash") == genesis
        later = ask(url, "getSlot", {"commitment": "confirmed"})
        assert isinstance(later, int)
        assert isinstance(slot, int)
        assert later >= slot
        accounts = ask(url, "getMultipleAccounts", [str(mint) for mint in mints.values()], {"commitment": "confirmed"})
        assert isinstance(accounts, dict)
        assert None not in accounts["value"]

        code, _, said = clobster("dev", "localnet", "--port", "0", "--data-dir", str(data_dir))
        assert (code, said.count("\n")) == (2, 1)
        assert "another localnet runs" in said

        port = url.rsplit(":", 1)[1]
        code, _, said = clobster("dev", "localnet", "--port", port, "--data-dir", str(tmp_path / "other"))
        assert (code, said.count("\n")) == (2, 1)
        assert "address already in use" in said

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def mints_of(data_dir: Path) -> dict[str, Pubkey]:
    authority = keypair_in(data_dir / "localnet" / "authority.json").pubkey()
    return {asset.code: mint_address(authority, asset.code) for asset in load().assets}


def test_it_is_for_development_only(tmp_path: Path) -> None:
    code, _, said = clobster("dev", "localnet", "--data-dir", str(tmp_path), **PRODUCTION)
    assert code == 2
    assert "development" in said
    assert not list(tmp_path.iterdir())


def test_a_slot_takes_some_time(tmp_path: Path) -> None:
    code, _, said = clobster("dev", "localnet", "--data-dir", str(tmp_path), "--slot-ms", "0")
    assert (code, said) == (2, "clobster: --slot-ms is a whole number of milliseconds, 1 or more.\n")
