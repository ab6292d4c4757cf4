"""A localnet in a process of its own, with a mint for every asset that is traded."""

import asyncio
import signal
from pathlib import Path

import structlog
from solana.rpc.async_api import AsyncClient

from clobster import logs, markets
from clobster.config import ConfigError, Settings
from data.solana.localnet.history import InUse, TooOld
from data.solana.localnet.localnet import Localnet
from data.solana.localnet.mints import create_mints

log = structlog.get_logger("clobster.localnet")


def directory(data_dir: Path) -> Path:
    """Return where the localnet of a data directory lies."""
    return data_dir / "localnet"


def run(settings: Settings, port: int, slot_s: float) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. Raises ConfigError where it can't start."""
    logs.configure(settings.log_format)
    try:
        return asyncio.run(_serve(settings.data_dir, port, slot_s))
    except* (InUse, TooOld, ValueError, OSError, OverflowError) as wrong:
        raise ConfigError(f"the localnet can't start: {_first(wrong)}") from None


async def _serve(data_dir: Path, port: int, slot_s: float) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    decimals = {str(asset.code): asset.decimals for asset in markets.load().assets}
    async with Localnet.open(directory(data_dir), port=port, slot_s=slot_s) as localnet:
        async with AsyncClient(localnet.url) as client:
            mints = await create_mints(client, localnet.authority, decimals)
        log.info("localnet is up", url=localnet.url, ws_url=localnet.ws_url, slot=localnet.chain.blocks.head.slot)
        log.info("mints", **{code: str(mint) for code, mint in mints.items()})
        await stop.wait()
    log.info("localnet stopped")
    return 0


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
