"""What may be done to a simulator from outside: POST /simulator/<fault>, with a JSON object of what there is to say."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web
from msgspec import Struct

from data.binance.simulator.errors import of_status
from data.binance.simulator.malformed import malformed, malformed_diffs
from data.binance.simulator.server import Simulator

COUNTED = ("swallow", "cross", "duplicate", "reorder")
SWITCHED = ("freeze", "hollow", "absurd")


class _Wish(Struct, forbid_unknown_fields=True):
    """What a request may say; symbol stands for all where it is left out."""

    symbol: str | None = None
    times: int = 1
    status: int = 429
    on: bool = True


def routes(simulator: Simulator) -> list[web.RouteDef]:
    """Return the routes that control a simulator."""
    faults, sockets = simulator.faults, simulator.sockets

    def symbols(wish: _Wish) -> list[str]:
        return [wish.symbol] if wish.symbol else [*simulator.venue.markets]

    async def drop(_: _Wish) -> None:
        sockets.cut()

    async def stall(wish: _Wish) -> None:
        sockets.silent = wish.on

    async def shutdown(_: _Wish) -> None:
        await simulator.announce_shutdown()

    async def malform(wish: _Wish) -> None:
        for symbol in symbols(wish):
            for text in (*malformed(symbol).values(), *malformed_diffs(symbol).values()):
                await sockets.say(text)

    async def old_snapshots(wish: _Wish) -> None:
        faults.old_snapshots = wish.times

    async def refuse_depth(wish: _Wish) -> None:
        simulator.rest.refuse_depth(wish.times, wish.status)

    async def refuse_orders(wish: _Wish) -> None:
        simulator.orders.refusals += [of_status(wish.status)] * wish.times

    async def lose_replies(wish: _Wish) -> None:
        simulator.orders.lose_replies = wish.times

    async def fail_replies(wish: _Wish) -> None:
        simulator.orders.fail_after = wish.times

    def counted(name: str) -> Callable[[_Wish], Awaitable[None]]:
        async def count(wish: _Wish) -> None:
            getattr(faults, name).update(dict.fromkeys(symbols(wish), wish.times))

        return count

    def switched(name: str) -> Callable[[_Wish], Awaitable[None]]:
        async def switch(wish: _Wish) -> None:
            chosen: set[str] = getattr(faults, name)
            (chosen.update if wish.on else chosen.difference_update)(symbols(wish))

        return switch

    acts: dict[str, Callable[[_Wish], Awaitable[None]]] = {
        "drop": drop,
        "stall": stall,
        "shutdown": shutdown,
        "malformed": malform,
        "old_snapshots": old_snapshots,
        "refuse_depth": refuse_depth,
        "refuse_orders": refuse_orders,
        "lose_replies": lose_replies,
        "fail_replies": fail_replies,
        **{name: counted(name) for name in COUNTED},
        **{name: switched(name) for name in SWITCHED},
    }

    async def control(request: web.Request) -> web.Response:
        act = acts.get(request.match_info["fault"])
        if act is None:
            return web.json_response({"error": f"there are: {', '.join(sorted(acts))}"}, status=404)
        try:
            wish = msgspec.json.decode(await request.read() or b"{}", type=_Wish)
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        if wish.symbol is not None and wish.symbol not in simulator.venue.markets:
            return web.json_response({"error": f"there are: {', '.join(simulator.venue.markets)}"}, status=400)
        await act(wish)
        return web.json_response({"done": request.match_info["fault"]})

    return [web.post("/simulator/{fault}", control)]
