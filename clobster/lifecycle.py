"""One server from start to stop. A loop that owns state ends the process when it fails: nothing limps on."""

import asyncio
import gc
import os
import signal
import sys
from contextlib import AsyncExitStack

import structlog

from clobster import data_dir, logs
from clobster.app import build
from clobster.config import Settings

log = structlog.get_logger("clobster")


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. Raises ConfigError where it can't start."""
    logs.configure(settings.log_format)
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
                loops.create_task(house.sequencer.run(), name="writer")
                loops.create_task(house.maker.run(), name="market maker")
                url = await house.listen(settings.host, settings.port)
                # What lives since the start lives until the stop: the collector need not look at it again and again.
                gc.collect()
                gc.freeze()
                with data_dir.announced(settings.data_dir, url):
                    log.info("open for trading", url=url, env=settings.env, markets=len(house.markets))
                    await stop.wait()
                    log.info("stopping")
                    await house.close()
        except* Exception as failed:
            # Memory may be ahead of the database: throw it away without another word to anybody.
            log.critical("the exchange stops at once", exc_info=failed)
            sys.stderr.flush()
            os._exit(1)
    log.info("stopped")
    return 0
