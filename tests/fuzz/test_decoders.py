"""Each decoder, some thousand times with what is nearly good. `make fuzz` goes on for as long as one likes."""

import json
import os
import random
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from aiogram.types import Update
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError
from spl.token.constants import TOKEN_PROGRAM_ID

from bot import wish
from bot.refusals import AmbiguousNumber, NotUnderstood
from data.binance import messages
from data.binance.klines import KlineReader, MalformedKlines
from data.solana.chain import RpcChain
from engine.core.decimals import MalformedNumber, TooLarge, parse
from engine.core.refusals import Refused
from engine.core.types import BUY, Micros, UserId
from engine.ports import ChainUnavailable
from tests.fuzz.mutate import bytes_like, json_like, value_like
from tests.support.wallet import Wallet
from tests.webapp_api.house import BTC, BTCUSDT, LIMIT, MARKETS, USDT
from tests.webapp_api.launch import BOT_TOKEN, launch_data
from webapp_api import admin_wire, batch_wire, keys_wire, orders, wallet_wire, wire, withdrawal_wire
from webapp_api.auth.proofs import signature_bytes
from webapp_api.auth.solana import verify_signature
from webapp_api.auth.telegram import LaunchDataRefused, verify_init_data
from webapp_api.stream import protocol

SECONDS = float(os.environ.get("CLOBSTER_TEST_FUZZ_S", "0"))
SEED = int(os.environ.get("CLOBSTER_TEST_FUZZ_SEED", "7"))
ROUNDS, RPC_ROUNDS = 2_000, 200
ADDRESS = "11111111111111111111111111111111"
NOW_S = 1_700_000_000

Play = Callable[[random.Random], None]

BODIES: tuple[tuple[msgspec.json.Decoder[Any], Any], ...] = (
    (wire.PLACE_ORDER, LIMIT | {"time_in_force": "gtc", "client_order_id": "mine"}),
    (wire.AMEND_ORDER, {"quantity": "0.0100"}),
    (wire.SIGN_IN_BY_TELEGRAM, {"init_data": "query_id=1"}),
    (wire.REFRESH, {"refresh_token": "a-token"}),
    (wire.FUND, {"telegram_id": 1, "asset": "USDT", "amount": "1"}),
    (batch_wire.BATCH, {"orders": [LIMIT | {"op": "place"}, {"op": "cancel", "id": 7}]}),
    (keys_wire.CREATE_API_KEY, {"name": "bot", "scopes": ["read"], "addresses": ["10.0.0.0/8"]}),
    (wallet_wire.PROOF, {"address": Wallet().address, "message": "text", "signature": "1" * 88}),
    (withdrawal_wire.WITHDRAW, {"asset": "USDT", "amount": "1", "address": Wallet().address}),
    (admin_wire.STOP_QUOTING, {"reason": "because"}),
)
FRAMES: tuple[Any, ...] = (
    {"op": "auth", "id": 1, "token": "a.b.c"},
    {"op": "subscribe", "id": "x", "channels": ["book:BTCUSDT"], "since": {"book:BTCUSDT": 5}},
    {"op": "ping"},
    {"op": "order.place", "id": 2, "params": LIMIT},
    {"op": "order.batch", "id": 3, "params": {"orders": [LIMIT | {"op": "place"}]}},
)
LEVELS = [["50000.00", "1.5"], ["49999.99", "0"]]
BINANCE: tuple[tuple[type[Any], Any], ...] = (
    (messages.Snapshot, {"lastUpdateId": 5, "bids": LEVELS, "asks": LEVELS}),
    (messages.Diff, {"e": "depthUpdate", "U": 5, "u": 6, "b": LEVELS, "a": LEVELS}),
    (messages.BestPrices, {"u": 6, "b": "50000.00", "a": "50000.01"}),
    (messages.Trade, {"t": 7, "p": "50000.00", "q": "0.1"}),
)
KLINE = [NOW_S * 1000, "1.0", "2.0", "0.5", "1.5", "10.0", NOW_S * 1000 + 59_999, "15.0", 3, "5.0", "7.0", "0"]
UPDATE = {
    "update_id": 1,
    "message": {
        "message_id": 2,
        "date": NOW_S,
        "chat": {"id": 3, "type": "private"},
        "from": {"id": 3, "is_bot": False, "first_name": "Ada"},
        "text": "/buy 0.5 btc",
        "entities": [{"type": "bot_command", "offset": 0, "length": 4}],
    },
}


def json_bodies(chance: random.Random) -> None:
    decoder, sample = chance.choice(BODIES)
    try:
        body = wire.decode(json_like(sample, chance), decoder)
        if isinstance(body, wire.PlaceOrder):
            command = orders.to_command(body, UserId(1), Micros(NOW_S), MARKETS)
            assert all(isinstance(part, int) for part in (command.quantity, command.price))
    except Refused:
        pass


def frames(chance: random.Random) -> None:
    raw = json_like(chance.choice(FRAMES), chance)
    with suppress(protocol.BadRequest):
        protocol.op(protocol.request(raw))


def launch(chance: random.Random) -> None:
    good = launch_data(1, NOW_S)
    raw = bytes_like(good.encode(), chance).decode("utf-8", "surrogateescape")
    try:
        user = verify_init_data(raw, BOT_TOKEN, now_s=NOW_S, max_age_s=60)
    except LaunchDataRefused:
        return
    assert user == verify_init_data(good, BOT_TOKEN, now_s=NOW_S, max_age_s=60), "another person was let in"


def wallets(chance: random.Random) -> None:
    wallet = Wallet()
    text = f"clobster.test wants you to sign in with your Solana account:\n{wallet.address}\n\nNonce: 12345678"
    message, signature = text.encode(), wallet.sign(text.encode())
    parts: list[Any] = [wallet.address, message, signature]
    at = chance.randrange(3)
    whole = parts[at]
    changed = bytes_like(whole.encode() if at == 0 else whole, chance)
    parts[at] = changed.decode("latin-1") if at == 0 else changed
    assert verify_signature(*parts) is (parts[at] == whole)
    signature_bytes(bytes_like(wallet.base58(text).encode(), chance).decode("latin-1"))


def binance(chance: random.Random) -> None:
    kind, sample = chance.choice(BINANCE)
    try:
        made = json.loads(json_like(sample, chance))
    except ValueError:
        return  # python-binance's part
    with suppress(messages.MalformedMessage):
        messages.read(made, kind)


def klines(chance: random.Random) -> None:
    answer = value_like([KLINE, KLINE], chance)
    with suppress(MalformedKlines):
        KlineReader(BTCUSDT, BTC, USDT).read(answer, 1, Micros(NOW_S * 10**6), Micros((NOW_S + 600) * 10**6))


def updates(chance: random.Random) -> None:
    with suppress(ValidationError):
        Update.model_validate_json(json_like(UPDATE, chance))
    text = bytes_like(chance.choice((b"0.5 btc", b"100 usdt of eth", b"all sol @ 190")), chance).decode("latin-1")
    try:
        wanted = wish.read(BUY, text)
    except (NotUnderstood, AmbiguousNumber):
        return
    assert wanted.amount is None or wanted.amount.replace(".", "", 1).isdecimal()


def decimals(chance: random.Random) -> None:
    text = bytes_like(chance.choice((b"50000.00", b"0.00000001", b"1")), chance).decode("latin-1")
    try:
        atoms = parse(text, 8)
    except (MalformedNumber, TooLarge):
        return
    assert atoms is None or (atoms >= 0 and text.isascii())


@pytest.mark.parametrize("play", [json_bodies, frames, launch, wallets, binance, klines, updates, decimals])
def test_what_is_nearly_good_is_refused_as_it_is_said_or_read_whole(play: Play) -> None:
    until, number = time.monotonic() + SECONDS, 0
    while number < ROUNDS or time.monotonic() < until:
        chance = random.Random(f"{SEED}:{number}")
        try:
            play(chance)
        except Exception as error:
            error.add_note(f"{play.__name__}, round {number}: CLOBSTER_TEST_FUZZ_SEED={SEED}")
            raise
        number += 1


ACCOUNT = {"lamports": 1, "owner": str(TOKEN_PROGRAM_ID), "executable": False, "rentEpoch": 0, "space": 165}
RPC_ANSWERS: dict[str, Any] = {
    "getMultipleAccounts": [
        ACCOUNT | {"data": [b64encode(bytes(165)).decode(), "base64"]},
        ACCOUNT | {"data": [b64encode(b"\1" * 82).decode(), "base64"], "space": 82},
    ],
    "getSignaturesForAddress": [
        {"signature": "1" * 64, "slot": 5, "err": None, "memo": None, "blockTime": 1, "confirmationStatus": "finalized"}
    ],
}


async def test_an_rpc_that_answers_nearly_well_is_read_or_is_unavailable() -> None:
    chance = random.Random(f"{SEED}:rpc")
    play: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        asked = await request.json()
        result = RPC_ANSWERS[asked["method"]]
        if asked["method"] == "getMultipleAccounts":
            accounts = [dict(chance.choice(result)) for _ in asked["params"][0]]
            accounts[0]["data"] = [b64encode(chance.randbytes(chance.choice((82, 165, 0, 7)))).decode(), "base64"]
            result = {"context": {"slot": 1}, "value": accounts}
        play.append(result)
        body = json_like({"jsonrpc": "2.0", "id": asked["id"], "result": result}, chance)
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server:
        chain = RpcChain(str(server.make_url("/")), f"ws://127.0.0.1:{server.port}")
        asks = (
            lambda: chain.held([ADDRESS]),
            lambda: chain.decimals([ADDRESS, ADDRESS]),
            lambda: chain.look([ADDRESS]),
            lambda: chain.listed(ADDRESS, before=None, until=None, limit=5),
        )
        until, number = time.monotonic() + SECONDS, 0
        try:
            while number < RPC_ROUNDS or time.monotonic() < until:
                try:
                    await asks[number % len(asks)]()
                except ChainUnavailable:
                    pass
                except Exception as error:
                    error.add_note(f"round {number}: {play[-1]}; CLOBSTER_TEST_FUZZ_SEED={SEED}")
                    raise
                number += 1
        finally:
            await chain.close()
