"""A real exchange that pays out on a real localnet, begun and ended as often as a test likes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from data.solana.chain import RpcChain
from data.store.withdrawals import SqlWithdrawals
from engine.core.types import FEES, AssetCode, Atoms, Micros, UserId
from engine.settlement.types import SettlementBatch
from engine.withdrawals.payouts import Payouts
from engine.withdrawals.ports import Outside
from engine.withdrawals.rules import Rules
from engine.withdrawals.till import VaultTill
from engine.withdrawals.types import BY_TELEGRAM, Withdrawal, WithdrawalState
from engine.withdrawals.withdrawals import Wanted, Withdrawals
from tests.data.solana.deposits.bank import account
from tests.data.solana.settlement.settling import House, house_on

USDT = AssetCode("USDT")
UNIT = 10**6
RULES = Rules(fees={USDT: Atoms(2 * UNIT)}, delay=Micros(0), most_open=1000)


class Running:
    """Withdrawals while they are paid out."""

    def __init__(self, book: Withdrawals, vault: Any, settlement: Any) -> None:
        self.book = book
        self.vault = vault
        self.settlement = settlement
        self.batches: list[SettlementBatch] = []


class Payer:
    """The exchange, and what people have of their withdrawals."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.exchange = house.exchange
        self._names = count()

    @property
    def mint(self) -> str:
        return self.house.mints[USDT][0]

    def book(self) -> Withdrawals:
        """Return what people do about withdrawals, as a process has it that has just begun."""
        exchange = self.exchange
        store = SqlWithdrawals(exchange.store, exchange.queries)
        book = Withdrawals(exchange.sequencer, store, exchange.exchange.state.assets, RULES, exchange.now)
        book.asks = Quiet()
        return book

    @asynccontextmanager
    async def paying(self) -> AsyncIterator[Running]:
        """Pay out until left, on what is written down; then everything in memory is gone."""
        book, net = self.book(), self.house.world.net
        chain = RpcChain(net.url, net.ws_url)
        try:
            async with self.house.settling() as settling:
                vault, mints = settling.vault, {USDT: self.mint}
                till = VaultTill(vault, mints, is_deposit=lambda _: False, halted=lambda: False)
                book.outside = Outside(chain, till, settling.settlement)
                payouts = Payouts(book, self.exchange.sequencer, self.exchange.now, round_s=0.05)
                running = Running(book, vault, settling.settlement)
                settling.settlement.listeners += [payouts.on_batch, running.batches.append]
                task = asyncio.create_task(payouts.run())
                try:
                    yield running
                finally:
                    task.cancel()
                    await asyncio.wait([task])
        finally:
            await chain.close()

    async def ask(self, book: Withdrawals, user: UserId, units: int, to: str) -> Withdrawal:
        """Ask for some and confirm it."""
        wanted = Wanted(user, USDT, str(units), to, f"name-{next(self._names)}")
        made = await book.request(wanted)
        return await book.confirm(user, made.asked.id, BY_TELEGRAM)

    async def over(self, running: Running, patience_s: float = 60.0) -> None:
        """Wait until nothing is under way."""

        async def look() -> bool:
            return not await running.book.store.under_way()

        await until(look, patience_s)

    async def state(self, running: Running, made: Withdrawal) -> WithdrawalState:
        return running.book.state(await running.book.find(made.asked.user, made.asked.id))

    async def has(self, owner: str) -> int:
        """Return what somebody has on the chain, as it is final."""
        where = account(Pubkey.from_string(owner), Pubkey.from_string(self.mint))
        return (await self.house.chain([str(where)]))[0]

    async def vault_has(self, user: UserId) -> int:
        return (await self.house.chain([self.vault_address(user)]))[0]

    def vault_address(self, user: UserId) -> str:
        return self.house.address(user, USDT)

    def ledger(self, user: UserId) -> int:
        balance = self.exchange.exchange.state.ledger.balance(user, USDT)
        return balance.available + balance.held

    async def agree(self, *users: UserId) -> None:
        """Assert that what the ledger says of these and of the house's fees lies in their vault accounts."""
        for user in (*users, FEES):
            assert self.ledger(user) == await self.vault_has(user), user


class Quiet:
    """`Asks` that says nothing."""

    def ask_to_confirm(self, user: UserId, withdrawal: Withdrawal) -> None:
        pass

    def tell(self, user: UserId, withdrawal: Withdrawal) -> None:
        pass


async def until(look: Callable[[], Awaitable[bool]], patience_s: float = 20.0) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(patience_s):
        while True:
            if await look():
                return
            await asyncio.sleep(0.02)


def somebody() -> str:
    return str(Keypair().pubkey())


@asynccontextmanager
async def payer_on(folder: Path) -> AsyncIterator[Payer]:
    async with house_on(folder) as house:
        yield Payer(house)
