"""An operator turns settling by svm_clob on, on a chain that has the program."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from clobster import markets
from clobster.config import ConfigError, Settings, load
from clobster.settling import SettlementOnSolana
from clobster.svm_clob import open_books
from data.solana.svm_clob import addresses, instructions
from data.solana.svm_clob.starting import Unusable
from tests.data.solana.deposits.bank import MASTER, Bank, bank, until
from tests.data.solana.localnet.world import SOL
from tests.data.solana.settlement.settling import House
from tests.data.store.books import BTCUSDT
from tests.simulators.svm_clob import build
from webapp_api.settling import Settling

PROGRAM = Pubkey.from_string(addresses.DEVNET)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Bank]:
    async with bank(tmp_path / "bank") as desk:
        await desk.world.net.add_program(PROGRAM, build(tmp_path))
        yield desk


def settings_of(desk: Bank, **more: str) -> Settings:
    return load(
        {
            "CLOBSTER_SOLANA": "rpc",
            "CLOBSTER_SOLANA_RPC_URL": desk.world.net.url,
            "CLOBSTER_SOLANA_MINTS": ",".join(f"{code}={each.mint}" for code, each in desk.assets.items()),
            "CLOBSTER_SOLANA_MASTER_KEY": MASTER,
            "CLOBSTER_SOLANA_REQUESTS_S": "10000",
            "CLOBSTER_SETTLEMENT_PROGRAM": "svm-clob",
            "CLOBSTER_SETTLEMENT_COLLECT_MS": "100",
            "CLOBSTER_SVM_CLOB_MOST": "USDT=100000,BTC=10",
        }
        | more
    )


async def opened(settings: Settings) -> list[str]:
    said: list[str] = []
    await asyncio.to_thread(open_books, settings, markets.load(), said.append)
    return said


async def test_order_books_are_made_once_and_trades_settle_there(desk: Bank) -> None:
    settings = settings_of(desk)
    made, ours = await opened(settings)
    book = addresses.order_book(PROGRAM, *(Pubkey.from_string(desk.assets[code].mint) for code in ("BTC", "USDT")))  # type: ignore[index]
    assert made.startswith(f"BTCUSDT: {book} was made by ")
    assert ours == f"BTCUSDT: {book} is ours and as it must be"
    assert await opened(settings) == [ours]
    house = House(desk)
    people = await house.people(3, USDT=10_000, BTC=1)
    await house.trades(people, 10, random.Random(2))
    shown = Settling(is_on=True)
    exchange = desk.exchange
    on_solana = SettlementOnSolana(settings, markets.load(), exchange.store, exchange.queries, exchange.now, shown)
    async with (
        AsyncClient(desk.world.net.url) as client,
        on_solana.open(client, desk.keys, desk.assets) as (_, settlement),
    ):

        async def look() -> bool:
            return settlement.backlog.settled >= 10

        await until(look)
    await house.agree()
    assert len((await desk.world.client.get_signatures_for_address(book)).value) > 3


async def test_nothing_settles_by_an_order_book_that_is_somebody_else_s(desk: Bank) -> None:
    squatter, settings, exchange = Keypair(), settings_of(desk), desk.exchange
    await desk.world.client.request_airdrop(squatter.pubkey(), SOL)
    await desk.finality()
    pair = (Pubkey.from_string(desk.assets[code].mint) for code in (BTCUSDT.base, BTCUSDT.quote))
    stolen = instructions.initialize_orderbook(PROGRAM, squatter.pubkey(), *pair, tick_size=1, min_order_size=1)
    await desk.confirmed(squatter, stolen)
    await desk.finality()
    with pytest.raises(ConfigError, match=f"is somebody else's: its authority is {squatter.pubkey()}"):
        await opened(settings)
    on_solana = SettlementOnSolana(
        settings, markets.load(), exchange.store, exchange.queries, exchange.now, Settling(is_on=True)
    )
    async with AsyncClient(desk.world.net.url) as client:
        with pytest.raises(Unusable, match="somebody else's"):
            await on_solana.open(client, desk.keys, desk.assets).__aenter__()


async def test_order_books_are_only_made_where_they_are_to_be_used(desk: Bank) -> None:
    with pytest.raises(ConfigError, match="CLOBSTER_SETTLEMENT_PROGRAM must be svm-clob"):
        await opened(settings_of(desk, CLOBSTER_SETTLEMENT_PROGRAM="spl-token"))
    nowhere = str(Pubkey.new_unique())
    with pytest.raises(ConfigError, match="not all order books are there"):
        await opened(settings_of(desk, CLOBSTER_SVM_CLOB_PROGRAM=nowhere))


def test_what_may_be_inside_is_said_in_assets_that_there_are() -> None:
    settings = load({"CLOBSTER_SVM_CLOB_MOST": "DOGE=1"})
    with pytest.raises(ConfigError, match="CLOBSTER_SVM_CLOB_MOST: there is no asset DOGE"):
        SettlementOnSolana(settings, markets.load(), None, None, lambda: 0, Settling(is_on=True))  # type: ignore[arg-type]
