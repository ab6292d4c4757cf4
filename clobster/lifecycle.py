"""One server from start to stop. A loop that owns state ends the process when it fails: nothing limps on."""

import asyncio
import gc
import os
import signal
import sys
from contextlib import AsyncExitStack
from typing import Final

import structlog
from aiohttp import web
from msgspec.structs import replace

from clobster import data_dir, logs
from clobster.app import House, build, now
from clobster.config import ConfigError, Settings
from clobster.redaction import Redaction, secrets_of
from engine.core.commands import Deposit, ListAsset, ListMarket
from engine.core.market import Market
from engine.core.refusals import NotListable
from engine.core.types import MARKET_MAKER
from engine.custody.accounts import PLAY_MONEY

GENERATION: Final = 50_000
SWITCH_S: Final = 0.00002

log = structlog.get_logger("clobster")


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. Raises ConfigError where it can't start."""
    logs.configure(settings.log_format, settings.log_level, Redaction(secrets_of(settings)))
    # The writer's thread lets go of the interpreter's lock at each statement, some thirty times a commit, and must get
    # it back from a busy loop: with the usual 5 ms a commit takes several times as long. With a twentieth of this it
    # is slower again: the two wake each other for nothing.
    sys.setswitchinterval(SWITCH_S)
    gc.disable()  # recovery makes what stays: the collector would look at it again and again
    with data_dir.locked(settings.data_dir), asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(_serve(settings))


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        house = await build(settings, stack)
        try:
            async with asyncio.TaskGroup() as loops:
                writer = loops.create_task(house.sequencer.run(), name="writer")
                await _open_markets(house)
                beside = [loops.create_task(house.market_making.run(), name="market making")]
                beside.append(loops.create_task(house.payouts.run(), name="withdrawals"))
                beside.append(loops.create_task(house.watch.run(), name="watch"))
                beside.append(loops.create_task(house.store.attend(), name="books"))
                if house.custody is not None:
                    beside.append(loops.create_task(house.custody.run(), name="custody"))
                url = await _listen(house, stack)
                _collect_rarely()
                beside.append(loops.create_task(house.telegram.run(), name="bot"))
                with data_dir.announced(settings.data_dir, url):
                    log.info("open for trading", url=url, env=settings.env, recovered=house.sequencer.seq)
                    await stop.wait()
                log.info("stopping")
                # From the edge inwards, so that whoever was let in is answered.
                await house.hub.close()
                for task in beside:
                    task.cancel()
                await asyncio.wait(beside)
                house.sequencer.close()
                await writer
        except* ConfigError as wrong:
            raise wrong.exceptions[0] from None
        except* Exception as failed:
            # Memory may be ahead of the database: throw it away without another word to anybody.
            log.critical("the exchange stops at once", exc_info=failed)
            sys.stderr.flush()
            os._exit(1)
    log.info("stopped")
    return 0


def _collect_rarely() -> None:
    """Leave what is there now out of collections, and make them rare: one of a million objects stops orders for 0.3 s.

    Young garbage is still found every GENERATION allocations; the core itself makes no cycles.
    """
    gc.freeze()
    gc.set_threshold(GENERATION, 20, 100)
    gc.enable()


async def _open_markets(house: House) -> None:
    """List what the table names and, in development, give the market maker something to quote with."""
    try:
        for asset in house.listing.assets:
            await house.sequencer.submit(ListAsset(now(), asset))
        for market in house.listing.markets:
            await house.sequencer.submit(ListMarket(now(), _as_switched(house, market)))
    except NotListable as refused:
        raise ConfigError(f"markets.toml: {refused}") from None
    if house.settings.env != "development" or house.settings.solana == "rpc":
        return  # beside a cluster there is no play money: it is funded by its deposit address
    for code, amount in house.listing.market_maker.items():
        reference = f"{PLAY_MONEY}market-maker:{code}"
        if reference not in house.exchange.state.deposits:
            await house.sequencer.submit(Deposit(now(), MARKET_MAKER, code, amount, reference))


def _as_switched(house: House, market: Market) -> Market:
    """Return a market of the table in the state that the books have: who starts again must not undo a halt."""
    venue = house.exchange.state.venues.get(market.symbol)
    return market if venue is None else replace(market, state=venue.market.state)


async def _listen(house: House, stack: AsyncExitStack) -> str:
    """Serve HTTP; return where. Raises ConfigError where the address is not to be had."""
    await house.web.setup()
    stack.push_async_callback(house.web.cleanup)
    host, port = house.settings.host, house.settings.port
    try:
        await web.TCPSite(house.web, host, port).start()
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} can't be listened on ({error.strerror}): choose another --host or --port"
        ) from None
    host, port = house.web.addresses[0][:2]
    return f"http://{host}:{port}"
