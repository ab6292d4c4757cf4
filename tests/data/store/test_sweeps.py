"""What sweeping reads of what is written down."""

from data.store.deposit_accounts import SqlDepositAccounts
from data.store.opening import Place
from data.store.settlement import SqlSettlement
from data.store.sweeps import SqlSweeps
from engine.core.commands import Deposit
from engine.core.types import AssetCode, Atoms, UserId
from engine.custody.accounts import DepositAccount
from engine.settlement.attempts import Attempt
from engine.settlement.ports import NewBatch
from engine.settlement.types import BatchKind, Move
from tests.data.store.books import Books, books

USDT = AssetCode("USDT")


class Kept:
    """An exchange's rows about deposits and sweeps."""

    def __init__(self, exchange: Books) -> None:
        self.exchange = exchange
        self.accounts = SqlDepositAccounts(exchange.store, exchange.queries)
        self.settlement = SqlSettlement(exchange.store, exchange.queries)

    async def deposited(self, user: UserId, atoms: int, reference: str) -> None:
        now = self.exchange.now()
        await self.exchange.do(Deposit(now, user, USDT, Atoms(atoms), reference))

    async def seen(self, user: UserId, name: str, seen: int, *landed: str) -> None:
        account = DepositAccount(name, f"owner of {name}", user, USDT, "mint", self.exchange.now(), seen=seen)
        await self.accounts.add([account])
        await self.accounts.keep(account, landed)

    async def swept(self, user: UserId, name: str, atoms: int, signature: str) -> int:
        now = self.exchange.now()
        move = Move(USDT, Atoms(atoms), name, "vault", signer=user)
        [batch] = await self.settlement.add([NewBatch(BatchKind.SWEEP, (move,))], now)
        await self.settlement.sign([Attempt(signature, batch.id, b"bytes", 1, now)], now)
        return batch.id

    async def unswept(self, name: str, *, has_play_money: bool = False) -> tuple[int, int, int, int, int]:
        store = SqlSweeps(self.exchange.queries, has_play_money=has_play_money)
        [found] = await store.unswept([name])
        return found.seen, found.credited, found.swept, found.passing, found.atoms


async def test_play_money_counts_on_a_localnet_only(place: Place) -> None:
    async with books(place) as exchange:
        kept, ada, bob = Kept(exchange), await exchange.person(), await exchange.person()
        await kept.deposited(ada, 50, "dev:one")
        await kept.deposited(ada, 8, "solana:signature:ada")
        await kept.deposited(bob, 999, "solana:signature:bob")
        await kept.seen(ada, "ada", 58)
        assert await kept.unswept("ada") == (58, 8, 0, 0, 8)
        assert await kept.unswept("ada", has_play_money=True) == (58, 58, 0, 0, 58)
        store = SqlSweeps(exchange.queries, has_play_money=True)
        assert [(each.user, each.amount, each.reference) for each in await store.play_money()] == [(ada, 50, "dev:one")]
        assert await store.unswept(["nobody"]) == []


async def test_a_sweep_counts_until_it_fails_and_passes_when_its_transaction_is_seen(place: Place) -> None:
    async with books(place) as exchange:
        kept, ada = Kept(exchange), await exchange.person()
        await kept.deposited(ada, 100, "solana:signature:ada")
        await kept.seen(ada, "ada", 100)
        await kept.swept(ada, "ada", 70, "sweep one")
        failing = await kept.swept(ada, "ada", 30, "sweep two")
        assert await kept.unswept("ada") == (100, 100, 100, 100, 0)
        await kept.seen(ada, "ada", 30, "sweep one", "somebody's")
        assert await kept.unswept("ada") == (30, 100, 100, 30, 0)
        await exchange.store.write(
            lambda connection: connection.execute(
                "UPDATE settlement_batches SET state = 'failed', reason = 'x' WHERE batch_id = ?", (failing,)
            )
        )
        assert await kept.unswept("ada") == (30, 100, 70, 0, 30)


async def test_what_is_moved_from_an_old_address_to_the_new_one_is_swept_there(place: Place) -> None:
    async with books(place) as exchange:
        kept, ada = Kept(exchange), await exchange.person()
        await kept.deposited(ada, 100, "solana:signature:old")
        await kept.seen(ada, "old", 100)
        await kept.swept(ada, "old", 60, "sweep one")
        await kept.seen(ada, "old", 40, "sweep one")
        await kept.seen(ada, "new", 0)
        assert await kept.unswept("new") == (0, 100, 60, 0, 0)
        await kept.seen(ada, "old", 0)
        await kept.seen(ada, "new", 40 + 3)  # moved with the old key, and dust
        assert await kept.unswept("new") == (43, 100, 60, 0, 40)
