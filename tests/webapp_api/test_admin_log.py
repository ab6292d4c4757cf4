"""The log of what administrators did: by name, in pages, narrowed to one kind of act."""

from typing import Any

from engine.core.types import UserId
from tests.webapp_api.house import ADMIN, House, Person
from webapp_api import acts
from webapp_api.auth.access import RULES, Who

LOG = "/api/admin/log"


async def logged(boss: Person, query: str = "") -> list[tuple[Any, ...]]:
    """Return the acts of a page as (name, to what)."""
    answer = await boss.get(f"{LOG}{query}")
    assert answer.status == 200, answer.body
    return [(act["action"], act["on"]) for act in answer.body["acts"]]


async def keep(house: House, boss: Person, act: str, target: str, times: int = 1) -> None:
    """Let an act be in the log."""
    assert boss.id is not None
    rows = [(1, boss.id, act, target, "telegram")] * times
    statement = "INSERT INTO admin_log (at, admin_id, act, target, address) VALUES (?, ?, ?, ?, ?)"
    await house.store.write(lambda connection: connection.executemany(statement, rows))


def test_every_act_that_is_logged_has_a_name() -> None:
    logs = {route for route, rule in RULES.items() if rule.who is Who.ADMIN}
    named = [
        f"{form.act} {form.target}" for forms in acts.ACTIONS.values() for form in forms if form.target.startswith("/")
    ]
    assert sorted(named) == sorted(route.replace("{id}", "{}").replace("{symbol}", "{}") for route in logs)


async def test_what_was_done_on_the_page_and_by_chat_is_named_alike(house: House) -> None:
    boss = await house.person(ADMIN)
    await boss.post("/api/admin/quoting/BTCUSDT/stop", {"reason": "a test"})  # refused, as nobody quotes here
    await house.deps.administration.log(UserId(boss.id or 0), "pause", "all", "telegram")
    assert (await boss.post("/api/admin/withdrawals/stop", {"reason": "a test"})).status == 204
    assert (await boss.post("/api/admin/withdrawals/resume")).status == 204
    await boss.post("/api/admin/withdrawals/7/reject")
    await boss.get(f"/api/admin/accounts/{boss.id}")
    await keep(house, boss, "dance", "the floor")
    assert await logged(boss) == [
        (None, ""),
        ("look_at_account", str(boss.id)),
        ("reject_withdrawal", "7"),
        ("resume_withdrawals", ""),
        ("stop_withdrawals", ""),
        ("pause_quoting", "all"),
        ("pause_quoting", "BTCUSDT"),
    ]
    assert await logged(boss, "?action=pause_quoting") == [("pause_quoting", "all"), ("pause_quoting", "BTCUSDT")]
    assert await logged(boss, "?action=stop_withdrawals") == [("stop_withdrawals", "")]
    assert await logged(boss, "?action=clear_reconciliation") == []
    assert (await boss.get(f"{LOG}?action=dance")).problem == (400, "invalid_parameter")


async def test_a_page_goes_on_where_the_one_before_ended(house: House) -> None:
    boss = await house.person(ADMIN)
    await keep(house, boss, "pause", "BTCUSDT")
    await keep(house, boss, "resume", "BTCUSDT", 3)
    await keep(house, boss, "pause", "ETHUSDT")
    await keep(house, boss, "pause", "SOLUSDT")
    first = (await boss.get(f"{LOG}?action=pause_quoting&limit=2")).body
    assert [act["on"] for act in first["acts"]] == ["SOLUSDT", "ETHUSDT"]
    rest = (await boss.get(f"{LOG}?action=pause_quoting&limit=2&cursor={first['next_cursor']}")).body
    assert ([act["on"] for act in rest["acts"]], rest["next_cursor"]) == (["BTCUSDT"], None)
    assert (await boss.get(f"{LOG}?cursor=0")).body == {"acts": [], "next_cursor": None}


async def test_a_look_for_what_is_rare_passes_over_so_many_at_a_time(house: House) -> None:
    boss = await house.person(ADMIN)
    await keep(house, boss, "pause", "BTCUSDT")
    await keep(house, boss, "resume", "BTCUSDT", 10_000)
    first = (await boss.get(f"{LOG}?action=pause_quoting")).body
    assert first == {"acts": [], "next_cursor": 2}
    rest = (await boss.get(f"{LOG}?action=pause_quoting&cursor=2")).body
    assert ([act["on"] for act in rest["acts"]], rest["next_cursor"]) == (["BTCUSDT"], None)
