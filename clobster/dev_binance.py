"""`clobster dev binance`: Binance on this machine, from the bundled recordings, for as long as it runs."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence

from aiohttp import web
from typing_extensions import override

from clobster.config import ConfigError
from data.binance.simulator import control
from data.binance.simulator.orders import API_KEY, API_SECRET
from data.binance.simulator.server import Simulator


class ControlledSimulator(Simulator):
    """One that can be told over HTTP to misbehave."""

    @override
    def routes(self) -> list[web.RouteDef]:
        return [*super().routes(), *control.routes(self)]


async def serve(symbols: Sequence[str], *, port: int, speed: float, say: Callable[[str], object]) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigError where that can't be."""
    simulator = ControlledSimulator(symbols, speed=speed, repeat=True)
    if missing := set(symbols) - simulator.venue.markets.keys():
        raise ConfigError(f"there is no recording of {', '.join(sorted(missing))}")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(simulator.serving(port))
        except OSError as error:
            raise ConfigError(f"port {port} can't be listened on ({error.strerror}): choose another --port") from None
        say(f"CLOBSTER_FEED=binance\nCLOBSTER_BINANCE_REST_URL={simulator.rest_url}")
        say(f"CLOBSTER_BINANCE_STREAM_URL={simulator.stream_url}")
        say(f"CLOBSTER_BINANCE_API_KEY={API_KEY}\nCLOBSTER_BINANCE_API_SECRET={API_SECRET}")
        say(f"# faults: curl -X POST {simulator.rest_url}/simulator/drop, and others; ctrl-c ends it")
        await stop.wait()
