"""A localnet on a directory: opened, served on loopback, and closed again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from data.solana.localnet import faults as f
from data.solana.localnet import params
from data.solana.localnet.blocks import Lags
from data.solana.localnet.chain import Chain
from data.solana.localnet.keys import keypair_in
from data.solana.localnet.pubsub import PubSub
from data.solana.localnet.rpc import Rpc
from data.solana.localnet.server import HOST, Server
from data.solana.localnet.vm import SLOT_MS

SLOT_S: Final = SLOT_MS / 1000
_AT_ONCE: Final = 20  # blocks before others have their turn


class Localnet:
    """A chain with its server. `authority` owns the mints and the lamports; its key lies in the directory."""

    def __init__(self, directory: Path, lags: Lags) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.authority: Keypair = keypair_in(directory / "authority.json")
        self.chain = Chain.open(directory / "chain.db", self.authority.pubkey(), lags)
        self._faults = f.Faults()
        self._pubsub = PubSub(self.chain)
        answers = Rpc(self.chain, self.authority, self._faults)
        self._server = Server(answers, self._pubsub, self._faults, self.inflict)
        self._rising: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, directory: Path, *, port: int = 0, slot_s: float | None = SLOT_S, lags: Lags | None = None
    ) -> AsyncIterator["Localnet"]:
        """Serve the localnet of a directory, made where there is none, on a port (0: any that is free).

        A slot takes `slot_s` seconds; with None the slots advance on command only. Raises InUse where the directory's
        localnet runs already, TooOld where it is of another version, OSError where the port is taken. When the
        database fails (a full disk), nothing is answered any more, and whoever holds it open is cancelled by the clock
        and gets the error in a group.
        """
        localnet = cls(directory, lags or Lags())
        try:
            await localnet._server.start(port)
            if slot_s is None:
                yield localnet
                return
            async with asyncio.TaskGroup() as loops:
                clock = loops.create_task(localnet._run(slot_s), name="localnet's clock")
                yield localnet
                clock.cancel()
        finally:
            await localnet._close()

    @property
    def url(self) -> str:
        """Where the RPC is."""
        return f"http://{HOST}:{self._server.port}"

    @property
    def ws_url(self) -> str:
        """Where PubSub is."""
        return f"ws://{HOST}:{self._server.port}"

    async def advance(self, slots: int = 1) -> int:
        """Close so many blocks; return the slot that is being filled then."""
        for done in range(0, slots, _AT_ONCE):
            async with self.chain.turn:
                await self.chain.advance(min(_AT_ONCE, slots - done))
        return self.chain.blocks.head.slot

    async def add_program(self, program: Pubkey, elf: bytes) -> None:
        """Deploy a program from the bytes of its .so. Raises ValueError where it is none."""
        async with self.chain.turn:
            self.chain.add_program(program, elf)
            await self.chain.advance()

    async def inflict(self, fault: f.Fault) -> int:
        """Let a fault happen, or heal all; return the slot that is being filled. Raises ValueError where it can't."""
        match fault:
            case f.Advance(slots):
                await self.advance(slots)
            case f.ExpireBlockhash(blockhash):
                async with self.chain.turn:
                    await self.chain.expire(params.blockhash(blockhash))
            case f.DropFork(blocks):
                async with self.chain.turn:
                    await self.chain.drop_fork(blocks)
            case f.HoldFinality():
                self.chain.finality_held = True
            case f.StallPubSub():
                self._pubsub.stalled = True
            case f.CutPubSub():
                self._pubsub.cut()
            case f.Down(seconds):
                await self._fall(seconds)
            case f.Heal():
                await self._heal()
            case counted:
                self._faults.add(counted)
        return self.chain.blocks.head.slot

    async def _run(self, slot_s: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + slot_s, loop.time())  # a clock that was late does not hurry
            await asyncio.sleep(due - loop.time())
            await self.advance()

    async def _heal(self) -> None:
        self._faults.clear()
        self.chain.finality_held = False
        self._pubsub.stalled = False
        await self._rise_now()
        await self._server.up()

    async def _fall(self, seconds: float) -> None:
        await self._rise_now()
        await self._server.down()
        self._rising = asyncio.create_task(self._rise(seconds))

    async def _rise(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._server.up()

    async def _rise_now(self) -> None:
        if self._rising is not None:
            self._rising.cancel()
            await asyncio.wait([self._rising])
            self._rising = None

    async def _close(self) -> None:
        await self._rise_now()
        await self._server.stop()
        self.chain.close()
