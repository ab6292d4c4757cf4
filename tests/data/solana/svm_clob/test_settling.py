"""Fills of a real exchange settle by the program, once each, whatever the chain does and whenever we stop."""

import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.pubkey import Pubkey
from solders.token.state import TokenAccount

from data.solana.program import Program
from data.solana.svm_clob import addresses, instructions
from data.solana.svm_clob.layouts import decode_user_account
from data.solana.svm_clob.logs import trades_settled
from data.solana.svm_clob.place import Minted, Place
from data.solana.svm_clob.program import SvmClob
from data.solana.token_program import TokenProgram
from engine.core.types import Atoms, UserId
from engine.settlement.vault import Vault
from tests.data.solana.deposits.bank import Bank, bank
from tests.data.solana.settlement.settling import House
from tests.data.solana.settlement.trouble import settle_through_it
from tests.data.solana.svm_clob.house import PROGRAM
from tests.data.store.books import BTCUSDT


class ClobHouse(House):
    """The exchange, its people and a chain with the program and our order book on it."""

    def __init__(self, desk: Bank) -> None:
        super().__init__(desk)
        self.place = self.place_of(lambda user, asset: Pubkey.default())

    def place_of(self, vault_account) -> Place:  # type: ignore[no-untyped-def]
        keys = self.desk.keys
        return Place(
            program=PROGRAM,
            authority=Pubkey.from_string(keys.vault.address),
            markets={BTCUSDT.symbol: BTCUSDT},
            assets={code: Minted(Pubkey.from_string(mint), decimals) for code, (mint, decimals) in self.mints.items()},
            most=dict.fromkeys(self.mints, Atoms(10**15)),
            owner=lambda user: Pubkey.from_string(keys.deposits(user).address),
            vault_account=vault_account,
        )

    async def program(self, client: AsyncClient, vault: Vault) -> Program:
        place = self.place_of(lambda user, asset: Pubkey.from_string(vault.address(user, asset)))
        tokens = TokenProgram(self.desk.keys, self.mints, vault.tables)
        return SvmClob(client, place, self.desk.keys, tokens)

    async def open(self, elf: bytes) -> None:
        await self.world.net.add_program(PROGRAM, elf)
        mints = (self.place.assets[code].mint for code in (BTCUSDT.base, BTCUSDT.quote))
        made = instructions.initialize_orderbook(
            PROGRAM, self.place.authority, *mints, tick_size=1, min_order_size=BTCUSDT.lot_atoms
        )
        await self.desk.confirmed(self.desk.keys.vault._key, made)


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
                    seen = found.setdefault(event.taker_order_id, Counter())
                    seen[f"part {event.maker_order_id}"] += 1
                    seen["base"] += event.quantity
                    seen["quote"] += event.price * event.quantity
        before = page[-1].signature
    return found


async def nothing_inside(house: ClobHouse, people: list[UserId]) -> bool:
    vm = house.world.net.chain.vm
    vaults = [vm.account(addresses.vault(PROGRAM, each.mint)) for each in house.place.assets.values()]
    accounts = [vm.account(addresses.user_account(PROGRAM, house.place.owner(user))) for user in people]
    users = [decode_user_account(account.data) for account in accounts if account is not None]
    inside = [TokenAccount.from_bytes(account.data).amount for account in vaults if account is not None]
    return bool(users) and not any(inside) and not any(user.base or user.quote for user in users)


async def test_500_fills_are_executed_once_each_whatever_the_chain_does_and_whenever_we_stop(house: ClobHouse) -> None:
    chance = random.Random(11)
    people = await house.people(12, USDT=100_000, BTC=10)
    t = time.time()
    await settle_through_it(house, people, 500, 10, chance)
    print("took", time.time() - t)
    await house.agree()
    found = await executed(house)
    trades = await house.exchange.queries.trades("BTCUSDT", limit=1000)
    print(len(found), len(trades))
    assert await nothing_inside(house, people)
