"""Whether the exchange and its clients say the same at the end, to the atom."""

import asyncio
import time
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any, Final

from benchmarks.mixed.client import Client
from benchmarks.mixed.operations import ORDERS
from benchmarks.mixed.people import Person

ENDED: Final = {"completed", "canceled", "failed"}
PAGE: Final = 500


async def differences(client: Client, people: list[Person], patience_s: float) -> list[str]:
    """Cancel all that rests, wait for withdrawals, and return what anybody finds other than they were told."""
    wrong: list[str] = []
    for person in people:
        await client.ask("cancel all", time.perf_counter(), "DELETE", ORDERS, token=person.token)
        await person.wait_for_trades()
    await _until_withdrawn(people, patience_s)
    for person in people:
        wrong += [f"{person.telegram_id}: {line}" for line in await _of(client, person)]
    return wrong


def withdrawals(people: list[Person]) -> Counter[str]:
    """Count all withdrawals by their state."""
    return Counter(each["state"] for person in people for each in person.withdrawals.values())


async def _until_withdrawn(people: list[Person], patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if set(withdrawals(people)) <= ENDED:
            return
        await asyncio.sleep(0.2)


async def _of(client: Client, person: Person) -> list[str]:
    now, wrong = time.perf_counter(), list(person.breaks)
    _, found = await client.ask("final balances", now, "GET", "/api/portfolio/balances", token=person.token)
    owned = {row["asset"]: Decimal(row["available"]) + Decimal(row["held"]) for row in found["balances"]}
    held = {row["asset"]: Decimal(row["held"]) for row in found["balances"] if Decimal(row["held"])}
    believed = person.believed()
    wrong += [
        f"believes to own {believed.get(asset, 0)} {asset}, and owns {owned.get(asset, 0)}"
        for asset in sorted(owned.keys() | believed.keys())
        if owned.get(asset, 0) != believed.get(asset, 0)
    ]
    waiting: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in person.withdrawals.values():
        if each["state"] not in ENDED:
            waiting[each["asset"]] += Decimal(each["amount"])
    if held != dict(waiting):
        wrong.append(f"has {held} held, though withdrawals under way are {dict(waiting)} and no order rests")
    wrong += [  # nobody here asks for what can't be paid out, and it was taken on
        f"withdrawal {each['id']} failed: {each['reason']}"
        for each in person.withdrawals.values()
        if each["state"] == "failed"
    ]
    if lost := person.acknowledged - {order["id"] for order in await _orders(client, person)}:
        wrong.append(f"{len(lost)} acknowledged orders are not there, such as {min(lost)}")
    return wrong


async def _orders(client: Client, person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        path = f"{ORDERS}?status=all&limit={PAGE}{cursor}"
        status, page = await client.ask("final orders", time.perf_counter(), "GET", path, token=person.token)
        if status != 200:
            raise SystemExit(f"the orders can't be read: {page}")
        found += page["orders"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"
