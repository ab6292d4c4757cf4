"""Nobody gets in where they don't belong: every route has a rule, and a route that has none is not served."""

import pytest
from aiohttp import web

from tests.webapp_api.house import ADMIN, House
from tests.webapp_api.test_description import served
from webapp_api.app import access_of
from webapp_api.auth.access import RULES, Who, rule_of


async def test_every_route_has_a_rule_and_every_rule_a_route(house: House) -> None:
    assert served(house) == set(RULES)


async def test_an_exchange_with_a_route_that_nobody_thought_of_does_not_start(house: House) -> None:
    app = web.Application()
    app.router.add_get("/api/money", house.deps.hub.handle)
    with pytest.raises(KeyError):
        access_of(house.deps).protect(app)


async def test_only_pages_and_market_data_and_the_way_in_are_for_anybody(house: House) -> None:
    public = {route for route in served(house) if rule_of(*route.split()).who is Who.ANYBODY}
    assert {route for route in public if not route.startswith("GET ")} == {
        "POST /api/auth/telegram",
        "POST /api/auth/solana/challenge",
        "POST /api/auth/solana",
        "POST /api/wallet-links/challenge",  # needs the code
        "POST /api/wallet-links/sign",
        "POST /api/auth/refresh",
        "POST /api/telegram/updates",  # needs Telegram's secret
        "POST /api/dev/demo",
        "POST /api/dev/fund",
    }
    private = ("/api/account", "/api/trading", "/api/portfolio", "/api/auth/sessions")
    assert not [route for route in public if route.split()[1].startswith(private)]


async def test_what_is_not_there_is_not_there_for_anybody(house: House) -> None:
    ada = await house.person(1)
    for person in (house.nobody, ada):
        assert (await person.get("/api/nothing")).problem == (404, "not_found")
        assert (await person.ask("PUT", "/api/trading/orders")).problem == (405, "method_not_allowed")


async def test_head_is_admitted_as_get_is(house: House) -> None:
    async with house.session.head("/api/portfolio") as answer:
        assert answer.status == 401
    async with house.session.head("/api/markets") as answer:
        assert answer.status == 200


async def test_activity_is_told_to_its_owner_newest_first(house: House) -> None:
    ada, bob = await house.person(1), await house.person(2)
    await house.person(1)
    told = (await ada.get("/api/account/activity")).body["activity"]
    assert [(each["kind"], each["detail"], each["address"]) for each in told] == [
        ("signed_in", "telegram", "127.0.0.1"),
        ("signed_in", "telegram", "127.0.0.1"),
    ]
    assert told[0]["id"] > told[1]["id"]
    assert len((await bob.get("/api/account/activity")).body["activity"]) == 1


async def test_admin_routes_are_for_those_whom_the_settings_name(house: House) -> None:
    ada, boss = await house.person(1), await house.person(ADMIN)
    named = [route.replace("{id}", str(ada.id)) for route in RULES if "/api/admin/" in route]
    routes = [route.replace("{symbol}", "all").split() for route in named]
    for method, path in routes:
        assert (await house.nobody.ask(method, path)).problem == (401, "unauthorized")
        assert (await ada.ask(method, path)).problem == (403, "forbidden")
    for method, path in routes:
        answer = await boss.ask(method, path, {"reason": "a test"} if path.endswith("/stop") else None)
        nobody_does_here = any(f"/{part}" in path for part in ("quoting", "settlement", "reconciliation", "solvency"))
        assert answer.status < 300 or nobody_does_here or answer.problem == (404, "unknown_withdrawal")


async def test_an_administrators_acts_are_logged_before_they_are_carried_out(house: House) -> None:
    ada, boss = await house.person(1), await house.person(ADMIN)
    assert (await ada.get("/api/admin/accounts/1")).status == 403  # a try of somebody else is no act
    assert (await boss.post("/api/admin/accounts/4242/sign-out")).problem == (404, "unknown_account")
    assert (await boss.post(f"/api/admin/accounts/{ada.id}/sign-out")).status == 204
    assert (await ada.get("/api/account")).problem == (401, "unauthorized")
    seen = (await boss.get(f"/api/admin/accounts/{ada.id}")).body
    assert (seen["account"]["telegram_id"], seen["sessions"]) == (1, [])

    first = (await boss.get("/api/admin/log?limit=2")).body
    rest = (await boss.get(f"/api/admin/log?limit=2&cursor={first['next_cursor']}")).body
    acts = [(act["admin_id"], act["act"], act["target"], act["address"]) for act in first["acts"] + rest["acts"]]
    assert acts == [
        (boss.id, "GET", f"/api/admin/accounts/{ada.id}", "127.0.0.1"),
        (boss.id, "POST", f"/api/admin/accounts/{ada.id}/sign-out", "127.0.0.1"),
        (boss.id, "POST", "/api/admin/accounts/4242/sign-out", "127.0.0.1"),
    ]
    assert rest["next_cursor"] is None


async def test_an_account_that_does_not_exist_is_unknown(house: House) -> None:
    boss = await house.person(ADMIN)
    for name in ("0", "1", "99999", "9" * 30, "abc"):  # 1 is the vault: the house's accounts are nobody
        assert (await boss.get(f"/api/admin/accounts/{name}")).problem == (404, "unknown_account")
