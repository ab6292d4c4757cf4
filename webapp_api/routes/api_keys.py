"""`/api/account/api-keys`: keys by which programs speak for an account, made and revoked by its owner."""

from typing import Any

from aiohttp import web

from engine.accounts.api_keys import InvalidApiKey, WantedKey
from engine.accounts.types import ApiKey, KeyKind, Scope
from engine.core.types import Micros
from webapp_api import keys_wire, wire
from webapp_api.asked import asker, by, device
from webapp_api.auth.signing import public_key
from webapp_api.deps import DEPS
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.post("/api/account/api-keys")
async def create(request: web.Request) -> web.Response:
    """Make a key. Its secret is told here and never again."""
    body = wire.decode(await request.read(), keys_wire.CREATE_API_KEY)
    made = await request.app[DEPS].api_keys.create(by(request), _wanted(body))
    return json_reply(keys_wire.NewApiKey(**_fields(made.key), secret=made.secret), 201)


@routes.get("/api/account/api-keys")
async def api_keys(request: web.Request) -> web.Response:
    """List the account's keys, newest first."""
    found = await request.app[DEPS].api_keys.of_account(asker(request))
    return json_reply(keys_wire.ApiKeys([keys_wire.ApiKey(**_fields(key)) for key in found]))


@routes.delete("/api/account/api-keys/{api_key}")
async def revoke(request: web.Request) -> web.Response:
    """End a key at once."""
    key_id = request.match_info["api_key"]
    await request.app[DEPS].api_keys.revoke(asker(request), key_id, device(request).address)
    return web.Response(status=204)


def _wanted(body: keys_wire.CreateApiKey) -> WantedKey:
    if (body.kind is KeyKind.ED25519) != (body.public_key is not None):
        raise InvalidApiKey("A public key belongs to the kind ed25519, and only to that.", field="public_key")
    return WantedKey(
        name=body.name,
        scopes=frozenset(body.scopes),
        public_key=None if body.public_key is None else public_key(body.public_key),
        addresses=tuple(body.addresses),
        expires_at=None if body.expires_at is None else Micros(body.expires_at * 1000),
    )


def _fields(key: ApiKey) -> dict[str, Any]:
    return {
        "api_key": key.id,
        "name": key.name,
        "kind": key.kind,
        "scopes": [scope for scope in Scope if scope in key.scopes],
        "addresses": list(key.addresses),
        "created_at": key.created_at // 1000,
        "expires_at": None if key.expires_at is None else key.expires_at // 1000,
        "last_used_at": None if key.last_used_at is None else key.last_used_at // 1000,
        "last_used_address": key.last_used_address,
    }
