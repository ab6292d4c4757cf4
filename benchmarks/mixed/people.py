"""People who trade, and what each of them believes to own: what the exchange told them, added up to the atom."""

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import aiohttp
import msgspec

from benchmarks.mixed.client import Client
from clobster import launch_data
from tests.support.wallet import Wallet

REFRESH_S: Final = 300.0  # an access token is good for 900
PRIVATE: Final = ["user:trades", "user:withdrawals"]

Markets = Mapping[str, Mapping[str, str]]  # by symbol, as `GET /api/markets` has them


class Person:
    """Somebody by Telegram or, where a wallet is given, by that wallet too, which confirms withdrawals."""

    def __init__(
        self, client: Client, markets: Markets, telegram_id: int, bot_token: str, wallet: Wallet | None
    ) -> None:
        self.telegram_id = telegram_id
        self.wallet = wallet
        self.token = ""
        self.open_orders: dict[int, str] = {}  # id -> symbol, of those that rested when they were answered
        self.acknowledged: set[int] = set()
        self.deposited: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.trades: dict[tuple[int, bool], dict[str, Any]] = {}  # as the stream told them, by (id, maker)
        self.withdrawals: dict[int, dict[str, Any]] = {}
        self.breaks: list[str] = []  # of the private stream: with one, there is nothing to believe
        self._client = client
        self._markets = markets
        self._bot_token = bot_token
        self._refresh_token = ""
        self._seq: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    def launch_data(self) -> str:
        """Return launch data that Telegram could have signed just now."""
        return launch_data.sign(self._bot_token, user_id=self.telegram_id, first_name="Load", now_s=int(time.time()))

    async def arrive(self) -> None:
        """Sign in, link the wallet, and listen."""
        status, found = await self._ask("sign in", "POST", "/api/auth/telegram", {"init_data": self.launch_data()})
        if status != 200:
            raise SystemExit(f"nobody can sign in at {self._client.url}: {found}")
        self.token, self._refresh_token = found["access_token"], found["refresh_token"]
        if self.wallet is not None:
            asked = {"address": self.wallet.address}
            _, found = await self._ask("link a wallet", "POST", "/api/auth/solana/challenge", asked)
            await self._ask("link a wallet", "POST", "/api/account/wallets", self.wallet.proof(found["message"]))
        socket = self._socket = await self._client.socket()
        await socket.send_json({"op": "auth", "token": self.token})
        await socket.send_json({"op": "subscribe", "channels": PRIVATE})
        self._tasks = [asyncio.create_task(self._listen(socket)), asyncio.create_task(self._refresh(socket))]

    async def leave(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def wait_for_trades(self, patience_s: float = 5) -> None:
        """Wait until nothing more has been told for a moment."""
        until, known = time.monotonic() + patience_s, -1
        while len(self.trades) != known and time.monotonic() < until:
            known = len(self.trades)
            await asyncio.sleep(0.3)

    def believed(self) -> dict[str, Decimal]:
        """Return what is owned by asset: deposits, trades and completed withdrawals, added up."""
        owned = self.deposited.copy()

        for trade in self.trades.values():
            market = self._markets[trade["symbol"]]
            sign = 1 if trade["side"] == "buy" else -1
            owned[market["base"]] += sign * Decimal(trade["quantity"])
            owned[market["quote"]] += -sign * Decimal(trade["quote_quantity"])
            owned[trade["fee_asset"]] += -Decimal(trade["fee"])
        for withdrawal in self.withdrawals.values():
            if withdrawal["state"] == "completed":
                owned[withdrawal["asset"]] += -Decimal(withdrawal["amount"])
        return {asset: amount for asset, amount in owned.items() if amount}

    async def _ask(self, operation: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
        return await self._client.ask(operation, time.perf_counter(), method, path, body, self.token)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._hear(msgspec.json.decode(message.data))
        self.breaks.append(f"the private stream ended with {socket.close_code}")

    def _hear(self, said: dict[str, Any]) -> None:
        channel = said.get("channel")
        if channel is None:
            if "error" in said:
                self.breaks.append(f"{said['op']}: {said['error']['code']}")
            return
        if said["type"] == "update" and said["seq"] != self._seq[channel] + 1:
            self.breaks.append(f"{channel} went from {self._seq[channel]} to {said['seq']}")
        self._seq[channel] = said["seq"]
        rows = said["data"] if isinstance(said["data"], list) else [said["data"]]
        if channel == "user:trades":
            self.trades |= {(row["trade_id"], row["maker"]): row for row in rows if "quantity" in row}
        elif channel == "user:withdrawals":
            self.withdrawals |= {row["id"]: row for row in rows}

    async def _refresh(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(REFRESH_S * random.uniform(0.5, 1))
                body = {"refresh_token": self._refresh_token}
                status, found = await self._ask("refresh", "POST", "/api/auth/refresh", body)
                if status == 200:
                    self.token, self._refresh_token = found["access_token"], found["refresh_token"]
                    await socket.send_json({"op": "auth", "token": self.token})
