"""A trader in a process of its own: `python -m tests.e2e.trader URL TOKEN SEED`.

It places and cancels without end over HTTP or the WebSocket and prints a JSON line before each order it sends and after
each answer, so that whoever reads knows what was asked and what was acknowledged when the server died.
"""

import asyncio
import contextlib
import json
import random
import sys
from typing import Any

import aiohttp

IN_FLIGHT = 8


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201  whoever started us reads it


def an_order(chance: random.Random, name: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": chance.choice(["buy", "sell"]),
        "client_order_id": name,
        "type": "limit",
        "quantity": f"0.00{chance.randint(10, 40)}",
        "price": f"{chance.randint(59_950, 60_050)}.00",
        "time_in_force": chance.choice(["gtc", "gtc", "ioc"]),
    }
    if chance.random() < 0.15:
        body |= {"type": "market"}
        del body["price"], body["time_in_force"]
    return body


async def over_http(session: aiohttp.ClientSession, url: str, token: str, seed: int) -> None:
    chance = random.Random(seed)
    headers = {"Authorization": f"Bearer {token}"}

    async def one(worker: int) -> None:
        number, placed = 0, []
        while True:
            number += 1
            body = an_order(chance, f"{seed}-{worker}-{number}")
            tell(asked=body)
            async with session.post(f"{url}/api/trading/orders", json=body, headers=headers) as answer:
                tell(name=body["client_order_id"], status=answer.status, answer=(order := await answer.json()))
            if answer.status == 201 and order["status"] in {"new", "partially_filled"}:
                placed.append(order["id"])
            if len(placed) > 10:
                gone = placed.pop(chance.randrange(len(placed)))
                async with session.delete(f"{url}/api/trading/orders/{gone}", headers=headers) as answer:
                    if answer.status == 200:
                        tell(canceled=gone)

    await asyncio.gather(*(one(worker) for worker in range(IN_FLIGHT)))


async def over_websocket(session: aiohttp.ClientSession, url: str, token: str, seed: int) -> None:
    chance = random.Random(seed)
    async with session.ws_connect(f"{url}/api/ws") as socket:
        await socket.send_json({"op": "auth", "token": token})
        number = 0

        async def send() -> None:
            nonlocal number
            number += 1
            name = f"{seed}-{number}"
            body = an_order(chance, name)
            tell(asked=body)
            await socket.send_json({"op": "order.place", "id": name, "params": body})

        for _ in range(IN_FLIGHT):
            await send()
        async for message in socket:
            said = json.loads(message.data)
            if said.get("op") == "order.place":
                ok = "result" in said
                tell(name=said["id"], status=201 if ok else 400, answer=said["result"] if ok else said["error"])
                await send()


async def main() -> None:
    url, token, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    trade = over_websocket if seed % 2 else over_http
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        with contextlib.suppress(aiohttp.ClientError, OSError):  # the server is gone: what we told stands
            await trade(session, url, token, seed)


if __name__ == "__main__":
    asyncio.run(main())
