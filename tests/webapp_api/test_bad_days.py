"""A slow disk and a clock that jumps, seen by people: nothing that was answered is lost, and time never runs back."""

import asyncio

import pytest

from engine.sequencer.batch import Batch
from tests.webapp_api.house import Answer, House, Person

SLOW_S = 0.2
AT_ONCE = 60
HOUR_S, DAY_S = 3_600, 86_400


async def test_on_a_slow_disk_orders_share_commits_and_nobody_is_answered_before_theirs(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await house.person(1, USDT=100_000)
    commit, durable = house.store.commit, 0

    async def slow(batch: Batch) -> None:
        nonlocal durable
        await asyncio.sleep(SLOW_S)
        await commit(batch)
        durable = batch.last_seq

    async def place(number: int) -> int:
        answer = await ada.place(client_order_id=f"slow-{number}")
        assert answer.status == 201
        kept.append((house.deps.sequencer.seq, durable))
        return int(answer.body["id"])

    monkeypatch.setattr(house.store, "commit", slow)
    kept: list[tuple[int, int]] = []
    before = house.deps.sequencer.commits
    placed = await asyncio.gather(*(place(number) for number in range(AT_ONCE)))
    assert len(set(placed)) == AT_ONCE
    assert all(told <= disk for told, disk in kept), "answered before it was durable"
    assert house.deps.sequencer.commits - before < AT_ONCE / 4, "each waited for a commit of its own"
    assert {order["id"] for order in await open_orders(ada)} == set(placed)


async def test_a_clock_that_is_put_back_turns_nothing_around(house: House) -> None:
    ada, bob = await house.person(1, USDT=10_000), await house.person(2, BTC=1)
    before = (await ada.place(client_order_id="before")).body
    house.clock.ahead_s = -HOUR_S
    ada, bob = (Patient(house.session, each.tokens) for each in (ada, bob))
    after = (await ada.place(client_order_id="after")).body
    assert after["created_at"] >= before["created_at"]
    assert (await ada.place(client_order_id="before")).body["id"] == before["id"], "a retry is still a retry"
    sold = (await bob.post("/api/trading/orders", SELL)).body
    assert [fill["price"] for fill in sold["fills"]] == ["50000.00", "50000.00"]
    trades = (await house.nobody.get("/api/markets/BTCUSDT/trades")).body["trades"]
    assert [trade["created_at"] for trade in trades] == sorted((trade["created_at"] for trade in trades), reverse=True)
    house.nobody = Patient(house.session)
    eve = Patient(house.session, (await house.person(3)).tokens)
    assert (await eve.get("/api/account")).status == 200, "who signs in after it is let in"


async def test_a_clock_that_jumps_ahead_ends_tokens_and_keeps_orders_and_money(house: House) -> None:
    ada = await house.person(1, USDT=10_000)
    order = (await ada.place(client_order_id="mine")).body
    money = await ada.balances()
    house.clock.ahead_s = 2 * DAY_S
    assert (await ada.get("/api/account")).problem == (401, "unauthorized"), "and a client asks for new ones"
    again = await signed_in_again(house, ada)
    assert await again.balances() == money
    assert (await again.place(client_order_id="mine")).body["id"] == order["id"], "an open order keeps its name"
    house.clock.ahead_s = 0  # and it is put right again
    again = await signed_in_again(house, again)
    assert (await again.delete(f"/api/trading/orders/{order['id']}")).body["status"] == "canceled"
    assert (await again.balances())["USDT"] == ("10000.000000", "0.000000")


SELL = {"symbol": "BTCUSDT", "side": "sell", "type": "limit", "price": "50000.00", "quantity": "0.0200"}


class Patient(Person):
    """Somebody who asks again when a bucket says so: after the clock was put back buckets fill at their usual rate."""

    async def ask(self, method: str, path: str, body: object = None, **options: object) -> Answer:
        while (answer := await super().ask(method, path, body, **options)).status == 429:
            assert answer.headers["Retry-After"] == "1"
        return answer


async def signed_in_again(house: House, person: Person) -> Patient:
    """Return them with new tokens, as a client asks for them after a 401."""
    body = {"refresh_token": person.tokens["refresh_token"]}
    tokens = await Patient(house.session).post("/api/auth/refresh", body)
    assert tokens.status == 200, tokens.body
    return Patient(house.session, person.tokens | tokens.body)


async def open_orders(person: Person) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await person.get("/api/trading/orders?limit=200")).body["orders"]
    return found
