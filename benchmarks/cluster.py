"""A localnet in a process of its own, with our mints and a vault that can pay."""

import asyncio
import multiprocessing
import os
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Final

import uvloop
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from clobster import markets
from data.solana.keys import DerivedKeys
from data.solana.localnet.blocks import Lags
from data.solana.localnet.localnet import Localnet
from data.solana.localnet.mints import create_mints
from engine.core.types import AssetCode

SLOT_S: Final = 0.2  # of development's localnet, as are the lags
LAGS: Final = Lags(1, 3)
MASTER: Final = "YSBzZWNyZXQgZm9yIGJlbmNobWFya3Mgb25seSwgMzI="
KEYS: Final = DerivedKeys(MASTER)
DECIMALS: Final = {str(asset.code): asset.decimals for asset in markets.load().assets}


def serve(pipe: Pipe, directory: str) -> None:
    """Be the localnet: say where it is and who may mint, and end when told to."""

    async def run() -> None:
        async with Localnet.open(Path(directory), slot_s=SLOT_S, lags=LAGS) as net:
            pipe.send((net.url, net.ws_url, bytes(net.authority)))
            await asyncio.to_thread(pipe.recv)

    os.nice(19)  # it stands for a machine elsewhere
    uvloop.run(run())


class Place:
    """A localnet in a process of its own."""

    def __init__(self, directory: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, str(directory)), daemon=True)
        self.process.start()
        self.url, self.ws_url, key = self._ours.recv()
        self.authority = Keypair.from_bytes(key)
        self.mints: dict[AssetCode, tuple[str, int]] = {}

    async def prepare(self) -> None:
        """Make the mints, and give the vault's authority lamports."""
        async with AsyncClient(self.url) as client:
            found = await create_mints(client, self.authority, DECIMALS)
            self.mints = {AssetCode(code): (str(mint), DECIMALS[code]) for code, mint in found.items()}
            await client.request_airdrop(Pubkey.from_string(KEYS.vault.address), 1_000 * 10**9)
            await asyncio.sleep(5 * SLOT_S)

    def end(self) -> None:
        """Take the RPC away."""
        if self.process.is_alive():
            self._ours.send(None)
        self.process.join()
