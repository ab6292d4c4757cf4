"""A chain and a vault told by hand, at the engine's own ports, and what people do to withdraw, in words."""

import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from data.solana.chain import RpcChain
from engine.core.types import AssetCode, Atoms, UserId, WithdrawalId
from engine.ports import ChainUnavailable
from engine.settlement.settlement import NotSpendable
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch
from engine.withdrawals.payouts import Payouts
from engine.withdrawals.ports import Looked, Outside, TokenAccount
from engine.withdrawals.targets import TOKEN
from engine.withdrawals.types import Withdrawal
from tests.support.wallet import Wallet
from tests.webapp_api.house import Answer, House, Person
from tests.webapp_api.wallets import link

WITHDRAWALS = "/api/portfolio/withdrawals"
MINT = str(Pubkey.from_bytes(b"m" * 32))
OURS = str(Keypair.from_seed(b"o" * 32).pubkey())
SOMEWHERE = str(Keypair.from_seed(b"s" * 32).pubkey())
ELSEWHERE = str(Keypair.from_seed(b"e" * 32).pubkey())


class ChainByHand:
    """`Targets`, `Till` and `Settling` of which a test says what they answer. Batches are real rows."""

    def __init__(self, house: House) -> None:
        self.listeners: list[Callable[[SettlementBatch], None]] = []
        self.at: dict[str, Looked] = {}
        self.is_gone = False
        self.mute: str | None = None  # an address of which nothing is said
        self.is_halted = False
        self.funds = Atoms(10**15)
        self.asked = 0
        self.moves: dict[WithdrawalId, list[tuple[Move, ...]]] = {}
        self._house = house
        self._rpc = RpcChain("http://127.0.0.1:1", "ws://127.0.0.1:1")

    # Targets

    def is_address(self, text: str) -> bool:
        return self._rpc.is_address(text)

    def is_on_curve(self, address: str) -> bool:
        return self._rpc.is_on_curve(address)

    def token_account(self, owner: str, mint: str) -> str:
        return self._rpc.token_account(owner, mint)

    async def look(self, addresses: Sequence[str]) -> list[Looked | None]:
        self.asked += 1
        if self.is_gone or self.mute in addresses:
            raise ChainUnavailable("nobody answers")
        return [self.at.get(each) for each in addresses]

    # Till

    def mint(self, asset: AssetCode) -> str | None:
        return MINT if asset == "USDT" else None

    def is_ours(self, address: str) -> bool:
        return address == OURS

    async def ensure(self, user: UserId, asset: AssetCode) -> str:
        return f"vault:{user}:{asset}"

    def halted(self) -> bool:
        return self.is_halted

    # Settling

    async def add(self, kind: BatchKind, moves: Sequence[Move], withdrawal: WithdrawalId | None = None) -> int:
        assert kind is BatchKind.WITHDRAWAL
        assert withdrawal is not None
        if sum(move.atoms for move in moves) > self.funds:
            raise NotSpendable
        self.moves.setdefault(withdrawal, []).append(tuple(moves))
        now = self._house.clock()
        row = (kind.value, "batched", msgspec.json.encode(moves).decode(), withdrawal, now, now)
        statement = (
            "INSERT INTO settlement_batches (kind, state, moves, withdrawal_id, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING batch_id"
        )
        [number] = await self._house.store.write(lambda connection: connection.execute(statement, row).fetchone())
        return int(number)

    def withdrawable(self, user: UserId, asset: AssetCode) -> Atoms:
        return self.funds

    async def take_back(self, batch_id: int) -> bool:
        statement = (
            "UPDATE settlement_batches SET state = 'failed', reason = 'taken back'"
            " WHERE batch_id = ? AND state = 'batched'"
        )
        return await self._house.store.write(lambda db: db.execute(statement, (batch_id,)).rowcount == 1)

    async def go_on(self, withdrawal: int, state: BatchState, signature: str | None = "sig") -> None:
        """Let the batch of a withdrawal come further."""
        statement = (
            "UPDATE settlement_batches SET state = ?, signature = ?, reason = ?"
            " WHERE withdrawal_id = ? AND state <> 'failed'"
        )
        reason = "it can't" if state is BatchState.FAILED else None
        values = (state.value, signature, reason, withdrawal)
        await self._house.store.write(lambda db: db.execute(statement, values))
        for listener in self.listeners:
            listener(SettlementBatch(1, BatchKind.WITHDRAWAL, state, (), WithdrawalId(withdrawal)))


class Asked:
    """`Asks` that keeps what it was to say."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.told: list[int] = []

    def ask_to_confirm(self, user: UserId, withdrawal: Withdrawal) -> None:
        self.asked.append(withdrawal.asked.id)

    def tell(self, user: UserId, withdrawal: Withdrawal) -> None:
        self.told.append(withdrawal.asked.id)


class Desk:
    """An exchange that pays out: its chain, and rounds by hand."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.chain = ChainByHand(house)
        self.bot = Asked()
        book = house.deps.withdrawals
        book.outside = Outside(self.chain, self.chain, self.chain)
        book.asks = self.bot
        self.payouts = Payouts(book, house.deps.sequencer, house.clock)
        self._names = itertools.count()

    async def ada(self, telegram_id: int = 1, usdt: int = 1000, wallet: int = 1) -> tuple[Person, Wallet]:
        """Return somebody with money and a linked wallet."""
        person, key = await self.house.person(telegram_id, USDT=usdt), Wallet(wallet)
        assert (await link(person, key)).status == 200
        return person, key

    async def later(self, telegram_id: int, hours: float) -> Person:
        """Let time pass, and sign somebody in again."""
        self.house.clock.ahead_s += int(hours * 3600)
        return await self.house.person(telegram_id)

    async def ask(self, person: Person, key: str | None = None, **change: Any) -> Answer:
        """Ask for 100 USDT."""
        body = {"asset": "USDT", "amount": "100", "address": SOMEWHERE} | change
        headers = {"Idempotency-Key": key or f"name-{next(self._names)}"}
        return await person.post(WITHDRAWALS, body, headers=headers)

    async def confirm(self, person: Person, number: int, wallet: Wallet) -> Answer:
        path = f"{WITHDRAWALS}/{number}"
        text = await person.post(f"{path}/challenge", {"address": wallet.address})
        if text.status != 200:
            return text
        return await person.post(f"{path}/confirm", wallet.proof(text.body["message"]))

    async def confirmed(self, person: Person, wallet: Wallet, **change: Any) -> int:
        """Return a withdrawal that its owner has confirmed."""
        asked = await self.ask(person, **change)
        assert asked.status == 201, asked.body
        done = await self.confirm(person, asked.body["id"], wallet)
        assert done.status == 200, done.body
        return int(asked.body["id"])

    async def seen(self, person: Person, number: int) -> Mapping[str, Any]:
        answer = await person.get(f"{WITHDRAWALS}/{number}")
        assert answer.status == 200, answer.body
        found: Mapping[str, Any] = answer.body
        return found

    async def state(self, person: Person, number: int) -> str:
        return str((await self.seen(person, number))["state"])


def token_account(owner: str, *, mint: str = MINT, takes: bool = True) -> Looked:
    """Return what the chain says of an SPL Token account."""
    return Looked(TOKEN, TokenAccount(mint, owner, takes))


def associated(owner: str) -> str:
    return str(get_associated_token_address(Pubkey.from_string(owner), Pubkey.from_string(MINT)))


@asynccontextmanager
async def desk_in(house: House) -> AsyncIterator[Desk]:
    yield Desk(house)
