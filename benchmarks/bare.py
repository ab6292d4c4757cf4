"""The yardstick: the least that aiohttp and uvloop do for a JSON POST and for a WebSocket echo, in its own process."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import uvloop
from aiohttp import WSMsgType, web


async def post(request: web.Request) -> web.Response:
    """Decode a body and answer a small one."""
    body = msgspec.json.decode(await request.read())
    return web.Response(body=msgspec.json.encode({"id": 1, "symbol": body["symbol"]}), content_type="application/json")


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send back every message."""
    answer = web.WebSocketResponse(compress=False)
    await answer.prepare(request)
    with contextlib.suppress(ConnectionError):  # whoever measures just goes away
        async for message in answer:
            if message.type is WSMsgType.TEXT:
                await answer.send_str(message.data)
    return answer


async def serve(port: int) -> None:
    """Serve until ended."""
    app = web.Application()
    app.router.add_post("/", post)
    app.router.add_get("/ws", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


@contextlib.contextmanager
def running() -> Iterator[int]:
    """Run the yardstick; give its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare", str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield port
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
