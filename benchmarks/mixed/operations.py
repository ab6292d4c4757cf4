"""What people do, and how often: the mix of the load test."""

import random
import time
import uuid
from decimal import Decimal
from typing import Any, Final

from solders.keypair import Keypair

from benchmarks.mixed.arrivals import Operation
from benchmarks.mixed.client import Client
from benchmarks.mixed.people import Markets, Person
from benchmarks.mixed.watchers import Prices

ORDERS: Final = "/api/trading/orders"
WITHDRAWALS: Final = "/api/portfolio/withdrawals"
MOST_OPEN: Final = 40  # orders of a person that rest; beyond it the next one is a cancellation
RESTING: Final = {"new", "partially_filled"}
# The value of an order in USDT. Small beside what people own, so that hardly any is refused for want of money.
VALUE: Final = 200


class Mix:
    """Operations of a population with their shares. Deposits are only asked where there is a development secret."""

    def __init__(
        self,
        client: Client,
        people: list[Person],
        markets: Markets,
        prices: Prices,
        dev_secret: str,
        chance: random.Random,
    ) -> None:
        self._client = client
        self._people = people
        self._with_wallet = [person for person in people if person.wallet is not None]
        self._prices = prices
        self._markets = markets
        self._dev_secret = dev_secret
        self._chance = chance

    def shares(self) -> dict[Operation, float]:
        """Return what is done with its share: four of ten are reads, and makers cancel nearly all that they place."""
        return {
            self.read_market: 0.28,
            self.read_own: 0.12,
            self.make: 0.25,
            self.cancel: 0.20,
            self.take: 0.12,
            self.log_in: 0.015,
            self.deposit: 0.005 if self._dev_secret else 0.0,
            self.withdraw: 0.01,
        }

    async def read_market(self, due: float) -> None:
        """Read what everybody may."""
        market = f"/api/markets/{self._symbol()}"
        paths = {
            "depth": f"{market}/depth?limit=50",
            "trades": f"{market}/trades?limit=50",
            "ticker": f"{market}/ticker",
            "candles": f"{market}/candles?interval=1m&limit=300",
        }
        name = self._chance.choice(list(paths))
        await self._client.ask(f"read {name}", due, "GET", paths[name])

    async def read_own(self, due: float) -> None:
        """Read what is one's own."""
        name, path = self._chance.choice(
            [
                ("portfolio", "/api/portfolio"),
                ("own orders", f"{ORDERS}?status=open"),
                ("own trades", "/api/trading/trades?limit=50"),
                ("ledger", "/api/portfolio/ledger?limit=50"),
            ]
        )
        await self._client.ask(f"read {name}", due, "GET", path, token=self._person().token)

    async def make(self, due: float) -> None:
        """Place an order that rests: up to a hundredth away from the best price."""
        person = self._person()
        if len(person.open_orders) >= MOST_OPEN:
            await self._cancel(person, due)
            return
        symbol, side = self._symbol(), self._chance.choice(["buy", "sell"])
        away = Decimal(self._chance.randint(5, 1_000)) / 100_000
        price = self._best(symbol, side) * (1 - away if side == "buy" else 1 + away)
        body = self._order(symbol, side, price) | {"type": "limit", "time_in_force": "gtc"}
        await self._place("place", person, body, due)

    async def take(self, due: float) -> None:
        """Buy or sell at once what is there, a thousandth beyond the best price at most."""
        symbol, side = self._symbol(), self._chance.choice(["buy", "sell"])
        other = "sell" if side == "buy" else "buy"
        price = self._best(symbol, other) * (Decimal("1.001") if side == "buy" else Decimal("0.999"))
        body = self._order(symbol, side, price) | {"type": "limit", "time_in_force": "ioc"}
        await self._place("take", self._person(), body, due)

    async def cancel(self, due: float) -> None:
        """Cancel an order of somebody who has one."""
        for person in self._chance.sample(self._people, min(8, len(self._people))):
            if person.open_orders:
                await self._cancel(person, due)
                return

    async def log_in(self, due: float) -> None:
        """Sign in on another device, and out again."""
        person = self._person()
        body = {"init_data": person.launch_data()}
        status, found = await self._client.ask("sign in", due, "POST", "/api/auth/telegram", body)
        if status == 200:
            now = time.perf_counter()
            await self._client.ask("sign out", now, "POST", "/api/auth/logout", token=found["access_token"])

    async def deposit(self, due: float) -> None:
        """Ask for play money: a real deposit where the exchange has a localnet."""
        await self.fund(self._person(), self._chance.choice(["USDT", "BTC", "ETH", "SOL"]), due)

    async def fund(self, person: Person, asset: str, due: float, amount: str | None = None) -> None:
        """Deposit for a person."""
        amount = amount or {"USDT": "500", "BTC": "0.01", "ETH": "0.2", "SOL": "4"}[asset]
        body = {"telegram_id": person.telegram_id, "asset": asset, "amount": amount}
        status, _ = await self._client.ask("deposit", due, "POST", "/api/dev/fund", body, self._dev_secret)
        if status == 201:
            person.deposited[asset] += Decimal(amount)
        else:
            person.breaks.append(f"a deposit was answered with {status}: nobody knows whether it arrived")

    async def withdraw(self, due: float) -> None:
        """Withdraw to a new wallet. Two of three confirm it by their own wallet, one cancels it."""
        if not self._with_wallet:
            return
        person = self._chance.choice(self._with_wallet)
        assert person.wallet is not None
        body = {"asset": "USDT", "amount": str(self._chance.randint(5, 20)), "address": str(Keypair().pubkey())}
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        status, found = await self._client.ask("withdraw", due, "POST", WITHDRAWALS, body, person.token, headers)
        if status != 201:
            return
        path = f"{WITHDRAWALS}/{found['id']}"
        if self._chance.random() < 1 / 3:
            await self._client.ask("cancel a withdrawal", time.perf_counter(), "DELETE", path, token=person.token)
            return
        began = time.perf_counter()
        asked = {"address": person.wallet.address}
        status, found = await self._client.ask(
            "confirm a withdrawal", began, "POST", f"{path}/challenge", asked, person.token
        )
        if status == 200:
            began, proof = time.perf_counter(), person.wallet.proof(found["message"])
            await self._client.ask("confirm a withdrawal", began, "POST", f"{path}/confirm", proof, person.token)

    async def _place(self, operation: str, person: Person, body: dict[str, Any], due: float) -> None:
        status, order = await self._client.ask(operation, due, "POST", ORDERS, body, person.token)
        if status == 201:
            person.acknowledged.add(order["id"])
            if order["status"] in RESTING:
                person.open_orders[order["id"]] = body["symbol"]

    async def _cancel(self, person: Person, due: float) -> None:
        number = self._chance.choice(list(person.open_orders))
        del person.open_orders[number]
        await self._client.ask("cancel", due, "DELETE", f"{ORDERS}/{number}", token=person.token)

    def _order(self, symbol: str, side: str, price: Decimal) -> dict[str, Any]:
        tick, step = (Decimal(self._markets[symbol][name]) for name in ("tick_size", "lot_size"))
        lots = max(1, int(VALUE * self._chance.uniform(0.1, 1) / float(price * step)))
        return {
            "symbol": symbol,
            "side": side,
            "quantity": str(step * lots),
            "price": str(price // tick * tick),
            "client_order_id": uuid.uuid4().hex,
        }

    def _best(self, symbol: str, side: str) -> Decimal:
        best = self._prices.best(symbol, side)
        assert best is not None  # the load begins when there is one, and the last one is kept
        return best

    def _symbol(self) -> str:
        return self._chance.choice(list(self._markets))

    def _person(self) -> Person:
        return self._chance.choice(self._people)
