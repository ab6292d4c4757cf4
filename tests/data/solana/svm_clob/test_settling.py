"""Fills of a real exchange settle by the program, once each, whatever the chain does and whenever we stop."""

import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.account import Account
from solders.pubkey import Pubkey
from solders.token.state import TokenAccount
from typing_extensions import override

from data.solana.localnet.faults import Advance
from data.solana.program import Program
from data.solana.svm_clob import addresses, instructions
from data.solana.svm_clob.layouts import decode_user_account
from data.solana.svm_clob.logs import trades_settled
from data.solana.svm_clob.place import Minted, Place
from data.solana.svm_clob.program import SvmClob
from data.store import facts
from engine.core.types import AssetCode, Atoms, UserId
from engine.settlement.fills import Fill
from engine.settlement.types import BatchState, SettlementBatch
from engine.settlement.vault import Vault
from tests.data.solana.deposits.bank import bank
from tests.data.solana.settlement.settling import KEYS, House, Written
from tests.data.solana.settlement.trouble import settle_through_it
from tests.data.solana.svm_clob.forgetful import forgetful
from tests.data.solana.svm_clob.house import PROGRAM
from tests.data.store.books import BTCUSDT


class ClobBooks(Written):
    """What is written down, to be settled by the program."""

    def __init__(self, books: Written, most: Atoms) -> None:
        super().__init__(books.path, books.store, books.queries, books.mints, books.now)
        self.most = most

    def place(self, vault_account: Callable[[UserId, AssetCode], str]) -> Place:
        return Place(
            program=PROGRAM,
            authority=Pubkey.from_string(KEYS.vault.address),
            markets={BTCUSDT.symbol: BTCUSDT},
            assets={code: Minted(Pubkey.from_string(mint), decimals) for code, (mint, decimals) in self.mints.items()},
            most=dict.fromkeys(self.mints, self.most),
            owner=lambda user: Pubkey.from_string(KEYS.deposits(user).address),
            vault_account=lambda user, asset: Pubkey.from_string(vault_account(user, asset)),
        )

    @override
    def program(self, client: AsyncClient, vault: Vault) -> Program:
        return SvmClob(client, self.place(vault.address), KEYS, super().program(client, vault))


class ClobHouse(House):
    """The exchange, its people and a chain with the program and our order book on it."""

    most = Atoms(10**15)

    @property
    @override
    def books(self) -> ClobBooks:
        return ClobBooks(super().books, self.most)

    @property
    def place(self) -> Place:
        return self.books.place(lambda user, asset: KEYS.vault.address)  # of no use where this is

    async def open(self, elf: bytes) -> None:
        await self.world.net.add_program(PROGRAM, elf)
        mints = (self.place.assets[code].mint for code in (BTCUSDT.base, BTCUSDT.quote))
        made = instructions.initialize_orderbook(
            PROGRAM, self.place.authority, *mints, tick_size=1, min_order_size=BTCUSDT.lot_atoms
        )
        await self.desk.confirmed(KEYS.vault._key, made)

    def pause(self, flag: int) -> None:
        """Let the order book be paused, for which the program has no instruction."""
        vm, book = self.world.net.chain.vm, self.place.book(BTCUSDT.symbol)
        account = vm.account(book)
        assert account is not None
        vm.put(book, Account(account.lamports, account.data[:129] + bytes([flag]) + account.data[130:], PROGRAM))


@pytest.fixture
async def house(tmp_path: Path, elf: bytes) -> AsyncIterator[ClobHouse]:
    async with bank(tmp_path) as desk:
        house = ClobHouse(desk)
        await house.open(elf)
        yield house


async def executed(house: ClobHouse) -> dict[int, Counter[str]]:
    """Return by trade what all final transactions have told of it."""
    client, book, before = house.world.client, house.place.book(BTCUSDT.symbol), None
    found: dict[int, Counter[str]] = {}
    while page := (await client.get_signatures_for_address(book, before=before, commitment=Finalized)).value:
        for listed in page:
            if listed.err is None:
                answer = await client.get_transaction(listed.signature, "base64", Finalized, 0)
                for event in trades_settled(answer.value.transaction.meta.log_messages, PROGRAM):
                    of_trade = found.setdefault(event.taker_order_id, Counter())
                    of_trade[f"part {event.maker_order_id}"] += 1
                    of_trade["base"] += event.quantity
                    of_trade["quote"] += event.price * event.quantity
        before = page[-1].signature
    return found


async def once_each(house: ClobHouse, number: int) -> None:
    """Hold what the chain tells of trades against the trades: each part once, together the fill, and nothing else."""
    found = await executed(house)
    fills = settled_fills(house)
    assert len(fills) >= number
    assert set(found) == {fill.id for fill in fills}
    for fill in fills:
        parts = {f"part {trade.maker_order_id}": 1 for trade in house.place.trades(fill)}
        assert found[fill.id] == parts | {"base": fill.base_atoms, "quote": fill.trade.notional}


def given_up(house: ClobHouse) -> int:
    """Return how many signings of batches under way are thought to have come to nothing."""
    connection = sqlite3.connect(f"file:{house.exchange.path}?mode=ro", uri=True)
    try:
        asking = "SELECT count(*) FROM settlement_attempts JOIN settlement_batches USING (batch_id)"
        return int(connection.execute(f"{asking} WHERE state <> 'settled' AND outcome IS NOT NULL").fetchone()[0])
    finally:
        connection.close()


def settled_fills(house: ClobHouse) -> list[Fill]:
    connection = sqlite3.connect(f"file:{house.exchange.path}?mode=ro", uri=True)
    try:
        trades = [facts.trade_of(row) for row in connection.execute(f"SELECT {facts.TRADE} FROM trades")]
    finally:
        connection.close()
    lot = BTCUSDT.lot_atoms
    return [Fill(trade, BTCUSDT.base, BTCUSDT.quote, Atoms(trade.quantity * lot)) for trade in trades]


async def nothing_inside(house: ClobHouse, people: list[UserId]) -> bool:
    """Tell whether no token of ours is in the program, and nobody has a balance there."""
    vm = house.world.net.chain.vm
    vaults = [vm.account(addresses.vault(PROGRAM, each.mint)) for each in house.place.assets.values()]
    accounts = [vm.account(addresses.user_account(PROGRAM, house.place.owner(user))) for user in people]
    users = [decode_user_account(account.data) for account in accounts if account is not None]
    inside = [TokenAccount.from_bytes(account.data).amount for account in vaults if account is not None]
    return len(users) > 1 and not any(inside) and not any(user.base or user.quote for user in users)


async def test_500_fills_are_executed_once_each_whatever_the_chain_does_and_whenever_we_stop(house: ClobHouse) -> None:
    people = await house.people(12, USDT=100_000, BTC=10)
    await settle_through_it(house, people, 500, random.Random(11), starts=10, kills=0)
    await house.agree()
    await once_each(house, 500)
    assert await nothing_inside(house, people)


async def test_what_a_node_has_forgotten_is_found_on_the_chain_and_not_executed_again(house: ClobHouse) -> None:
    """The statuses say that nothing has landed, long after it could: then only the order book's history knows."""
    people = await house.people(2, USDT=100_000, BTC=10)
    async with forgetful(house.world.net.url) as (node, url), house.settling(url=url) as running:
        await house.trades(people, 1, random.Random(3))
        await running.nothing_owed()
        node.forgets, before = True, set(node.sends)
        await house.trades(people, 20, random.Random(4))
        backlog = running.settlement.backlog
        await running.until(lambda: running.settlement.backlog.under_way >= 20)
        await running.until(lambda: len(set(node.sends) - before) == running.settlement.backlog.batches)
        sent = set(node.sends)
        await house.world.net.inflict(Advance(160))
        await running.until(lambda: running.settlement.backlog.expired >= len(sent - before))
        await running.until(lambda: given_up(house) == 0)
        assert running.settlement.backlog.settled == backlog.settled
        node.forgets = False
        await running.nothing_owed()
        assert set(node.sends) == sent
    await house.agree()
    await once_each(house, 20)


async def test_a_kill_after_a_signing_was_given_up_does_not_have_it_executed_again(house: ClobHouse) -> None:
    people = await house.people(2, USDT=100_000, BTC=10)
    async with forgetful(house.world.net.url) as (node, url), house.settling(url=url) as running:
        await house.trades(people, 1, random.Random(3))
        await running.nothing_owed()  # what both need in the program is there
        before, told = len(await executed(house)), list[SettlementBatch]()
        node.forgets = True
        running.settlement.listeners.append(told.append)
        await house.trades(people, 1, random.Random(4))
        await running.until(lambda: bool(told) and told[-1].state is BatchState.SENT)
        while len(await executed(house)) == before:
            await house.desk.finality(6)

    def give_up(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE settlement_attempts SET outcome = 'expired', raw = NULL WHERE outcome IS NULL")

    await house.exchange.store.write(give_up)  # what a node that has forgotten had us write last
    async with house.settling() as running:
        await running.nothing_owed()
    await house.agree()
    await once_each(house, 2)


async def test_a_fill_of_more_than_may_be_inside_waits_for_an_operator_and_holds_up_nobody(house: ClobHouse) -> None:
    people = await house.people(4, USDT=100_000, BTC=10)
    house.most = Atoms(120 * 10**6)
    await house.trades(people, 40, random.Random(5))
    fills = {fill.id: fill for fill in settled_fills(house)}
    large = {number for number, fill in fills.items() if fill.trade.notional > house.most}
    assert 0 < len(large) < len(fills)
    async with house.settling() as running:
        await running.nothing_owed()
        failed = {each.fill.id: each.reason for each in await running.settlement.failed(1_000)}
        assert set(failed) == large
        assert all("CLOBSTER_SVM_CLOB_MOST allows 120000000" in reason for reason in failed.values())
    house.most = Atoms(10**15)
    async with house.settling() as running:
        assert await running.settlement.retry() == len(large)
        await running.nothing_owed()
    await house.agree()
    await once_each(house, 40)


async def test_fills_wait_while_the_order_book_is_paused_and_none_is_given_up(house: ClobHouse) -> None:
    people = await house.people(3, USDT=100_000, BTC=10)
    house.pause(1)
    await house.trades(people, 10, random.Random(6))
    async with house.settling() as running:
        await running.until(lambda: running.settlement.backlog.under_way >= 10)
        await house.desk.finality(20)
        assert (running.settlement.backlog.settled, running.settlement.backlog.failed) == (0, 0)
        house.pause(0)
        await running.nothing_owed()
    await house.agree()
    await once_each(house, 10)
