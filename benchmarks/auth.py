"""What it costs to know who asks: on a warm cache, at the first sight of a token, and for each way of signing in.

Beside bare PyJWT and bare PyNaCl in the same run. Warm is the middleware's whole part of a request: its rule, the
client's address, two buckets, the remembered token, and the headers that say what remains. Microseconds of processor
time, medians of rounds that alternate.

JSON keys: warm_us, warm_proxied_us (an X-Forwarded-For of a trusted proxy, with an IPv6 client), verify_hs256_us,
verify_eddsa_us, admit_us (HS256 and the look-up of its session), launch_hmac_us, launch_ed25519_us, wallet_us,
order_limit_us (an order on a WebSocket), bare_jwt_hs256_us, bare_jwt_eddsa_us, bare_nacl_us, and target_us of warm.
"""

import argparse
import asyncio
import base64
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import jwt
import uvloop
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from aiohttp.web_urldispatcher import UrlMappingMatchInfo
from nacl.signing import SigningKey, VerifyKey
from solders.pubkey import Pubkey

from clobster import launch_data
from data.store.migrate import sqlite_url, upgrade
from tests.webapp_api.house import House, open_house
from webapp_api.addresses import FORWARDED_FOR
from webapp_api.auth.access import Access
from webapp_api.auth.telegram import verify_init_data, verify_init_data_signature
from webapp_api.auth.token_keys import KeyRing, TokenKey
from webapp_api.auth.tokens import AccessTokens, Guard
from webapp_api.limits import Rate, RequestClass
from webapp_api.routes import portfolio

TARGET_US = 40
ROUNDS = 9
PATH = "/api/portfolio/balances"
BOT_ID, BOT_TOKEN = 7_000_000_001, "7000000001:a-token-of-the-benchmark"
AUDIENCE, ISSUER = "clobster-api", "clobster"
NEVER_FULL = {each: Rate(1e9, 10**9) for each in RequestClass}
WALLET_TEXT = b"clobster.example wants you to sign in with your Solana account:\n" + b"x" * 300

Timed = Callable[[int], Awaitable[float]]


def plainly(work: Callable[[], object]) -> Timed:
    """Return what times so many calls, in seconds of processor time."""

    async def timed(count: int) -> float:
        began = time.process_time()
        for _ in range(count):
            work()
        return time.process_time() - began

    return timed


def awaited(work: Callable[[], Awaitable[object]]) -> Timed:
    """Return what times so many awaited calls; the threads that they wait for count too."""

    async def timed(count: int) -> float:
        began = time.process_time()
        for _ in range(count):
            await work()
        return time.process_time() - began

    return timed


def warm(house: House, token: str, peer: str, headers: dict[str, str]) -> Timed:
    """Return what times the middleware and its signal, less an empty handler that is awaited directly."""
    app = web.Application()
    app.add_routes(portfolio.routes)
    access = Access(house.deps.guard, house.deps.limits, house.deps.addresses)
    access.protect(app)
    admit, tell = access.middleware(), app.on_response_prepare[0]
    route = next(each for each in app.router.routes() if each.method == "GET" and _path(each) == PATH)
    response = web.Response()

    async def handler(_: web.Request) -> web.StreamResponse:
        return response

    async def timed(count: int) -> float:
        requests = []
        for _ in range(count):
            request = make_mocked_request("GET", PATH, headers={"Authorization": f"Bearer {token}", **headers})
            request._transport_peername = (peer, 50_000)
            request._match_info = UrlMappingMatchInfo({}, route)
            requests.append(request)
        began = time.process_time()
        for request in requests:
            await admit(request, handler)
            await tell(request, response)
        middle = time.process_time()
        for request in requests:
            await handler(request)
        return middle - began - (time.process_time() - middle)

    return timed


def _path(route: web.AbstractRoute) -> str:
    return route.resource.canonical if route.resource else ""


def signed_by_telegram(key: SigningKey, now_s: int) -> str:
    """Return launch data as Telegram signs it for third parties."""
    fields = {"auth_date": str(now_s), "query_id": "AAF03wc0AgAAAHTfBzTtHPDB", "user": '{"id":42,"first_name":"Ada"}'}
    checked = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    signature = key.sign(f"{BOT_ID}:WebAppData\n{checked}".encode()).signature
    fields["signature"] = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    return "&".join(f"{name}={value}" for name, value in fields.items())


async def measured(house: House) -> dict[str, Timed]:
    """Return everything that is to be timed."""
    deps, now_s = house.deps, int(time.time())
    ada = await house.person(1)
    assert ada.token
    assert ada.id
    await deps.guard.admit(ada.token)
    found: dict[str, Timed] = {
        "warm": warm(house, ada.token, "203.0.113.7", {}),
        "warm_proxied": warm(house, ada.token, "10.0.0.1", {FORWARDED_FOR: "2001:db8::7"}),
    }
    seed = base64.b64encode(bytes(range(32))).decode()
    for name, key in (("hs256", TokenKey.of("s" * 48)), ("eddsa", TokenKey.of(seed, "EdDSA"))):
        tokens = AccessTokens(KeyRing(key), deps.clock)
        token = tokens.issue(ada.id, "s" * 22)
        found[f"verify_{name}"] = plainly(lambda tokens=tokens, token=token: tokens.verify(token))
        found[f"bare_jwt_{name}"] = plainly(
            lambda key=key, token=token: jwt.decode(
                token, key.checks, algorithms=[key.algorithm], audience=AUDIENCE, issuer=ISSUER
            )
        )
    found["admit"] = awaited(lambda: Guard(deps.tokens, deps.accounts, deps.clock).admit(ada.token))

    raw = launch_data.sign(BOT_TOKEN, user_id=42, first_name="Ada", now_s=now_s)
    found["launch_hmac"] = plainly(lambda: verify_init_data(raw, BOT_TOKEN, now_s=now_s, max_age_s=60))
    telegram = SigningKey.generate()
    signed, public = signed_by_telegram(telegram, now_s), bytes(telegram.verify_key)
    found["launch_ed25519"] = plainly(
        lambda: verify_init_data_signature(signed, BOT_ID, public_key=public, now_s=now_s, max_age_s=60)
    )
    wallet = SigningKey.generate()
    address, signature = str(Pubkey(bytes(wallet.verify_key))), wallet.sign(WALLET_TEXT).signature
    found["wallet"] = plainly(lambda: VerifyKey(bytes(Pubkey.from_string(address))).verify(WALLET_TEXT, signature))
    found["bare_nacl"] = plainly(lambda: wallet.verify_key.verify(WALLET_TEXT, signature))
    found["order_limit"] = plainly(lambda: deps.limits.spend_order(ada.id, deps.clock(), 1))
    return found


async def measure(count: int) -> dict[str, float]:
    """Time everything in turn, ROUNDS times over."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        await asyncio.to_thread(upgrade, sqlite_url(template))
        async with open_house(template, Path(folder), rates=NEVER_FULL, trusted_proxies="10.0.0.0/8") as house:
            what = await measured(house)
            taken: dict[str, list[float]] = {name: [] for name in what}
            for _ in range(ROUNDS):
                for name, timed in what.items():
                    taken[name].append(await timed(count) / count * 1e6)
    return {f"{name}_us": round(statistics.median(each), 2) for name, each in taken.items()}


def main() -> None:
    """Measure, print a table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=1_000, help="of each, a round")
    us = uvloop.run(measure((options := parser.parse_args()).count))
    print(f"microseconds of processor time, median of {ROUNDS} rounds")
    met = "met" if us["warm_us"] <= TARGET_US else "MISSED"
    print(
        f"  a request on a warm cache, all that the middleware does {us['warm_us']:>8.2f}   at most {TARGET_US}: {met}"
    )
    print(f"  the same, an IPv6 client behind a trusted proxy         {us['warm_proxied_us']:>8.2f}")
    print(f"  what an order on a WebSocket pays for its limit         {us['order_limit_us']:>8.2f}")
    for name, title in (("hs256", "HS256"), ("eddsa", "EdDSA")):
        print(
            f"  a token seen for the first time, {title}                  {us[f'verify_{name}_us']:>8.2f}"
            f"   bare PyJWT {us[f'bare_jwt_{name}_us']:.2f}"
        )
    print(f"  and its session looked up (HS256)                       {us['admit_us']:>8.2f}")
    print(f"  launch data, by the bot's token (HMAC)                  {us['launch_hmac_us']:>8.2f}")
    print(
        f"  launch data, by Telegram's key (Ed25519)                {us['launch_ed25519_us']:>8.2f}"
        f"   bare PyNaCl {us['bare_nacl_us']:.2f}"
    )
    print(f"  a wallet's signature                                    {us['wallet_us']:>8.2f}")
    if options.json:
        print(json.dumps({**us, "target_us": TARGET_US}))


if __name__ == "__main__":
    main()
