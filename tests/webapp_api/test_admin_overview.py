"""Administrators see at a glance how every part of the exchange is doing, and nobody else does."""

from typing import Any

import msgspec

from data.binance.health import FeedHealth
from engine.core.types import Micros, Symbol
from engine.withdrawals.types import WithdrawalState
from tests.webapp_api.house import ADMIN, House, Person
from tests.webapp_api.test_admin_quoting import quoting, until
from webapp_api.watched import Watched

PATH = "/api/admin/overview"
IN_SYNC = FeedHealth(Symbol("BTCUSDT"), True, 0.1, 0.2, 900, 41.26, 0, 0, 0, 0, 0, 0, 0, 0)


async def seen(boss: Person) -> dict[str, Any]:
    answer = await boss.get(PATH)
    assert answer.status == 200, answer.body
    return dict(answer.body)


def watch(house: House, **known: Any) -> None:
    """Let who watches the exchange know this; its ledger has just been added up unless something else is said."""
    now = house.clock()
    known = {"started_at": now, "checked_at": now, "checks": 3} | known
    house.watched.append(Watched(**known))


async def test_it_is_for_administrators_only(house: House) -> None:
    ada = await house.person(1)
    refused = await ada.get(PATH)
    assert refused.problem == (403, "forbidden")
    assert (await house.nobody.get(PATH)).problem == (401, "unauthorized")


async def test_a_look_is_no_act(house: House) -> None:
    boss = await house.person(ADMIN)
    await seen(boss)
    assert (await boss.get("/api/admin/log")).body["acts"] == []


async def test_what_is_well_is_said_to_be_well(house: House) -> None:
    boss = await house.person(ADMIN)
    house.feed.append(IN_SYNC)
    watch(house, late_ms=12.34, waiting={"inbox": 0, "reads": 2})
    async with quoting(house):

        async def is_quoted() -> bool:
            return bool((await seen(boss))["quotes"]["is_well"])

        await until(is_quoted)
        all_of_it, commands = await seen(boss), house.deps.sequencer.seq
    parts = {name: part for name, part in all_of_it.items() if isinstance(part, dict)}
    assert {name for name, part in parts.items() if not part["is_well"]} == set()
    assert len(parts) == 12
    assert all_of_it["markets"]["markets"][0] == {"symbol": "BTCUSDT", "status": "trading"}
    assert all_of_it["loop"]["late_ms"] == 12.3
    assert all_of_it["writer"]["queues"] == [{"name": "inbox", "waiting": 0}, {"name": "reads", "waiting": 2}]
    assert all_of_it["writer"]["commands"] == commands
    assert all_of_it["ledger"]["checks"] == 3
    assert (
        all_of_it["feed"]["markets"][0] | {"symbol": "BTCUSDT", "messages_per_s": 41.3}
        == (all_of_it["feed"]["markets"][0])
    )
    assert [each["symbol"] for each in all_of_it["quotes"]["markets"]] == ["BTCUSDT"]
    assert all_of_it["version"]


async def test_what_is_wrong_is_named_where_it_is(house: House) -> None:
    boss = await house.person(ADMIN)
    watch(house)
    house.feed.append(IN_SYNC)

    async def unwell() -> set[str]:
        return {name for name, part in (await seen(boss)).items() if isinstance(part, dict) and not part["is_well"]}

    assert await unwell() == {"quotes"}  # nobody quotes here
    assert (await boss.post("/api/admin/markets/ETHUSDT/cancel-only")).status == 204
    assert await unwell() == {"quotes", "markets"}
    assert (await boss.post("/api/admin/markets/ETHUSDT/resume")).status == 204
    house.reasons.append("the inbox is full")
    assert await unwell() == {"quotes", "readiness"}
    assert (await seen(boss))["readiness"]["reasons"] == ["the inbox is full"]
    house.reasons.clear()
    house.feed.append(msgspec.structs.replace(IN_SYNC, symbol=Symbol("ETHUSDT"), in_sync=False))
    assert await unwell() == {"quotes", "feed"}
    house.feed.pop()
    watch(house, late_ms=100.0)
    assert await unwell() == {"quotes", "loop"}
    watch(house, unbalanced={"USDT": -1})
    assert await unwell() == {"quotes", "ledger"}
    assert (await seen(boss))["ledger"]["unbalanced"] == [{"asset": "USDT", "amount": "-0.000001"}]
    watch(house, checked_at=Micros(house.clock() - 601_000_000))
    assert await unwell() == {"quotes", "ledger"}  # nobody has looked for long
    watch(house, checked_at=None, started_at=Micros(house.clock() - 601_000_000))
    assert await unwell() == {"quotes", "ledger"}
    watch(house, notices_waiting=1001)
    assert await unwell() == {"quotes", "bot"}
    house.deps.hub.metrics.clients, house.deps.hub.metrics.lagging = 100, 21
    watch(house)
    assert await unwell() == {"quotes", "sockets"}
    house.deps.hub.metrics.clients = house.deps.hub.metrics.lagging = 0


async def test_large_withdrawals_that_wait_and_a_stop_of_all_want_a_look(house: House) -> None:
    boss = await house.person(ADMIN)
    watch(house, leaving={WithdrawalState.APPROVED: 2, WithdrawalState.SENT: 0})
    told = (await seen(boss))["withdrawals"]
    assert told == {"is_well": True, "is_stopped": False, "states": {"approved": 2}}
    watch(house, leaving={WithdrawalState.WAITS_FOR_APPROVAL: 1})
    assert not (await seen(boss))["withdrawals"]["is_well"]
    watch(house, is_stopped=True)
    assert not (await seen(boss))["withdrawals"]["is_well"]
