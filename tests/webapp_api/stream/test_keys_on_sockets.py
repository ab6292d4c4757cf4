"""Programs on /api/ws: who signs gets what the key's scopes name, until the key is revoked or expires."""

import asyncio
import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from engine.accounts.api_keys import NewKey, WantedKey
from engine.accounts.types import Scope
from engine.accounts.wallet_types import Asker
from engine.core.types import Micros, UserId
from tests.webapp_api.house import FREELY
from tests.webapp_api.stream.test_ws_orders import limit_order
from tests.webapp_api.stream.world import Client, World, clock, world
from webapp_api.limits import Rate, RequestClass
from webapp_api.stream import connection

EVERYTHING = frozenset(Scope)
ORDERS = [
    ("order.place", limit_order()),
    ("order.cancel", {"id": 1}),
    ("order.batch", {"orders": [{"op": "place", **limit_order()}]}),
]


async def made(there: World, user: UserId, *scopes: Scope, **wanted: Any) -> NewKey:
    asker = Asker(user, (await there.accounts.sessions(user))[0].id, "127.0.0.1")
    return await there.api_keys.create(asker, WantedKey("bot", frozenset(scopes or EVERYTHING), **wanted))


def signed(key: NewKey, *, at_ms: int | None = None, window: int | str | None = None) -> dict[str, Any]:
    """Return a signed `auth` request."""
    fields: dict[str, Any] = {"api_key": key.key.id, "timestamp": clock() // 1000 if at_ms is None else at_ms}
    if window is not None:
        fields["recv_window"] = window
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    signature = hmac.new((key.secret or "").encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"op": "auth", "id": "auth", **fields, "signature": signature}


async def connected(there: World, key: NewKey) -> Client:
    client = await there.client()
    assert "result" in await client.ask(**signed(key))
    return client


def code(answer: dict[str, Any]) -> str:
    return str(answer["error"]["code"])


async def test_a_program_signs_in_and_trades(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, _ = await there.person(USDT=100_000)
        key = await made(there, ada)
        client = await there.client()
        for window in (None, 60_000, "2500.5"):
            answer = await client.ask(**signed(key, window=window))
            assert answer["result"] == {"account": ada, "expires_at": None}
        assert (await client.ask(op="order.place", id=1, params=limit_order()))["result"]["status"] == "new"
        await client.ask(op="subscribe", id=2, channels=["user:orders"])
        assert len((await client.of("user:orders"))["data"]) == 1


async def test_a_program_signs_in_with_ed25519(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, _ = await there.person()
        private = SigningKey.generate()
        key = await made(there, ada, public_key=private.verify_key.encode())
        client = await there.client()
        request = signed(key)
        text = f"api_key={request['api_key']}&timestamp={request['timestamp']}".encode()
        signature = base64.b64encode(private.sign(text).signature).decode()
        assert (await client.ask(**request | {"signature": signature}))["result"]["account"] == ada
        assert code(await client.ask(**request)) == "invalid_credentials"


async def test_what_is_not_signed_well_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, token = await there.person()
        key = await made(there, ada)
        client = await there.client()
        now = clock() // 1000
        good = signed(key)
        for request, refused in [
            (good | {"signature": good["signature"][::-1]}, "invalid_credentials"),
            (good | {"timestamp": good["timestamp"] + 1}, "invalid_credentials"),
            (good | {"recv_window": 5000}, "invalid_credentials"),
            (good | {"api_key": "A" * 64}, "invalid_credentials"),
            (signed(key, at_ms=now - 6000), "invalid_credentials"),
            (signed(key, at_ms=now + 5000), "invalid_credentials"),
            (signed(key, window=60_001), "malformed"),
            (signed(key, window="1.0001"), "malformed"),
            (good | {"token": token}, "invalid_request"),
            ({"op": "auth", "id": "auth"}, "invalid_request"),
            ({"op": "auth", "id": "auth", "api_key": key.key.id}, "invalid_request"),
            (good | {"timestamp": str(now)}, "invalid_request"),
            (good | {"timestamp": 1.5}, "invalid_request"),
            (good | {"recv_window": 1.5}, "invalid_request"),
            (good | {"apiKey": key.key.id}, "invalid_request"),
            (good | {"signature": ""}, "unauthorized"),
        ]:
            assert code(await client.ask(**request)) == refused, request
            assert code(await client.ask(op="order.place", id=1, params=limit_order())) == "unauthorized"


async def test_who_guesses_signatures_is_dropped(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, _ = await there.person()
        guess = signed(await made(there, ada)) | {"signature": "00" * 32}
        client = await there.client()
        for _ in range(connection.MAX_FAULTS + 1):
            await client.say(**guess)
        assert await client.closed() == (1008, "too_many_faults")


@pytest.mark.parametrize(("op", "params"), ORDERS)
async def test_orders_need_the_scope_trade(tmp_path: Path, op: str, params: dict[str, Any]) -> None:
    async with world(tmp_path) as there:
        ada, _ = await there.person(USDT=100_000)
        without = await connected(there, await made(there, ada, Scope.READ, Scope.WITHDRAW))
        refused = await without.ask(op=op, id=1, params=params)
        assert (code(refused), refused["error"]["details"]) == ("missing_scope", {"scope": "trade"})
        only = await connected(there, await made(there, ada, Scope.TRADE))
        answer = await only.ask(op=op, id=1, params=params)
        assert "result" in answer or code(answer) == "unknown_order"


@pytest.mark.parametrize("channel", ["user:orders", "user:trades", "user:balances"])
async def test_private_channels_need_the_scope_read(tmp_path: Path, channel: str) -> None:
    async with world(tmp_path) as there:
        ada, _ = await there.person(USDT=100_000)
        without = await connected(there, await made(there, ada, Scope.TRADE, Scope.WITHDRAW))
        refused = await without.ask(op="subscribe", id=1, channels=[channel])
        assert (code(refused), refused["error"]["details"]) == ("missing_scope", {"scope": "read"})
        assert code(await without.ask(op="subscribe", id=1, since={channel: 1})) == "missing_scope"
        assert "result" in await without.ask(op="subscribe", id=1, channels=["depth:BTCUSDT"])
        only = await connected(there, await made(there, ada, Scope.READ))
        assert "result" in await only.ask(op="subscribe", id=1, channels=[channel])


async def test_who_goes_on_with_a_key_that_may_not_read_hears_no_more(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, token = await there.person(USDT=100_000)
        client = await there.client(token)
        await client.ask(op="subscribe", id=1, channels=["user:orders"])
        await client.of("user:orders")
        assert "result" in await client.ask(**signed(await made(there, ada, Scope.TRADE)))
        await client.ask(op="order.place", id=2, params=limit_order())
        assert await client.silence()


async def test_a_key_spends_half_of_its_accounts_orders_and_leaves_its_owner_the_rest(tmp_path: Path) -> None:
    async with world(tmp_path, rates=FREELY | {RequestClass.ORDER: Rate(0.001, 6)}) as there:
        ada, token = await there.person(USDT=100_000)
        owner, key = await there.client(token), await made(there, ada)
        for client in (await connected(there, key), await connected(there, key)):  # one allowance for all its sockets
            answers = [await client.ask(op="order.place", id=1, params=limit_order()) for _ in range(3)]
        assert [code(answer) for answer in answers] == ["too_many_requests"] * 3
        for _ in range(3):
            assert "result" in await owner.ask(op="order.place", id=1, params=limit_order())
        assert code(await owner.ask(op="order.place", id=1, params=limit_order())) == "too_many_requests"


async def test_a_revoked_key_closes_its_sockets_and_no_others(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, token = await there.person(USDT=100_000)
        key, other = await made(there, ada), await made(there, ada)
        sockets = [await connected(there, key) for _ in range(3)]
        await sockets[0].ask(op="subscribe", id=1, channels=["user:orders"])
        stays = [await connected(there, other), await there.client(token), await there.client()]
        await there.api_keys.revoke(ada, key.key.id, "")
        assert [await client.closed() for client in sockets] == [(4001, "api_key_revoked")] * 3
        for client in stays:
            assert (await client.ask(op="ping", id=1))["op"] == "pong"
        assert code(await stays[2].ask(**signed(key))) == "invalid_credentials"


async def test_a_key_that_expires_ends_what_it_allowed_and_closes_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, _ = await there.person(USDT=100_000)
        until = Micros(clock() + 400_000)
        client = await there.client()
        key = await made(there, ada, expires_at=until)
        assert (await client.ask(**signed(key)))["result"]["expires_at"] == until // 1000
        await client.ask(op="subscribe", id=1, channels=["user:orders", "depth:BTCUSDT"])
        told = await client.heard(lambda message: message.get("op") == "auth")
        assert (told["id"], code(told)) == (None, "unauthorized")
        assert code(await client.ask(op="order.place", id=2, params=limit_order())) == "unauthorized"
        assert code(await client.ask(**signed(key))) == "expired"


async def test_a_key_is_good_from_its_addresses_only(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, _ = await there.person()
        client = await there.client()
        elsewhere = await made(there, ada, addresses=("192.0.2.0/24",))
        assert code(await client.ask(**signed(elsewhere))) == "address_not_allowed"
        here = await made(there, ada, addresses=("127.0.0.1",))
        assert "result" in await client.ask(**signed(here))


async def test_a_connection_is_a_use_of_its_key(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        ada, _ = await there.person()
        key = await made(there, ada)
        await connected(there, key)
        for _ in range(500):
            found = await there.api_keys.find(key.key.id)
            assert found is not None
            if found.last_used_address is not None:
                break
            await asyncio.sleep(0.01)
        assert found.last_used_address == "127.0.0.1"
