"""The double of the program: what it does, what it refuses with which number, and the flaws that it shares."""

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction_status import InstructionErrorCustom, InstructionErrorFieldless

from data.solana.svm_clob import addresses
from data.solana.svm_clob import instructions as told
from data.solana.svm_clob.layouts import OrderBook, Trade, UserAccount, decode_order_book
from data.solana.svm_clob.logs import trades_settled
from engine.core.types import AssetCode, Side, UserId
from tests.data.solana.localnet.world import SOL
from tests.data.solana.svm_clob.house import ADA, BOB, MUCH, PROGRAM, SOLUSDT, House
from tests.data.store.books import BTCUSDT
from tests.simulators.svm_clob.linker import NotLinkable, link

BTC, USDT = AssetCode("BTC"), AssetCode("USDT")


class Market:
    """BTCUSDT there, asked for by hand."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.book = house.place.book(BTCUSDT.symbol)

    def put(self, user: UserId, asset: AssetCode, atoms: int) -> Instruction:
        house = self.house
        source, signer = house.vault_account(user, asset), house.vault.pubkey()
        return told.deposit(
            PROGRAM, self.book, house.owner(user), house.mint(asset), source=source, signer=signer, atoms=atoms
        )

    def take(
        self, user: UserId, asset: AssetCode, atoms: int, signer: Pubkey | None = None, to: Pubkey | None = None
    ) -> Instruction:
        house = self.house
        return told.withdraw(
            PROGRAM,
            self.book,
            house.owner(user),
            house.mint(asset),
            target=to or house.vault_account(user, asset),
            signer=signer or house.vault.pubkey(),
            atoms=atoms,
        )

    def trade(
        self, *, price: int = 3, quantity: int = 10, side: Side = Side.BUY, taker: UserId = ADA, maker: UserId = BOB
    ) -> Trade:
        return Trade(1, 2, self.house.owner(taker), self.house.owner(maker), price, quantity, side, 5)

    def execute(self, trade: Trade, authority: Pubkey | None = None, book: Pubkey | None = None) -> Instruction:
        return told.execute_trade(PROGRAM, book or self.book, authority or self.house.vault.pubkey(), trade)


@pytest.fixture
async def market(house: House) -> Market:
    """Ada has 100 atoms of quote there, Bob 50 of base."""
    market = Market(house)
    await house.land(market.put(ADA, USDT, 100), market.put(BOB, BTC, 50))
    return market


async def balances(market: Market) -> list[int]:
    ada, bob = [await market.house.user_account(user) for user in (ADA, BOB)]
    return [ada.base, ada.quote, bob.base, bob.quote]


async def test_an_order_book_and_a_user_account_are_as_they_were_asked_for(house: House) -> None:
    account = house.world.net.chain.vm.account(house.place.book(BTCUSDT.symbol))
    assert account is not None
    assert account.owner == PROGRAM
    mints = house.mint("BTC"), house.mint("USDT")
    assert decode_order_book(account.data) == OrderBook(house.vault.pubkey(), *mints, 1, 10_000, 0, True, False)
    assert await house.user_account(ADA) == UserAccount(house.owner(ADA), 0, 0, 0, True)


async def test_neither_can_be_made_twice(house: House) -> None:
    assert await house.error(house.initialize(BTCUSDT)) == InstructionErrorCustom(0)
    ada = house.owner_key(ADA)
    await house.world.client.request_airdrop(ada.pubkey(), SOL)
    await house.world.net.advance(2)
    again = told.initialize_user_account(PROGRAM, ada.pubkey())
    assert await house.error(again, payer=ada) == InstructionErrorCustom(0)


async def test_a_trade_moves_quantity_and_price_times_quantity_and_tells_of_it(market: Market) -> None:
    house, buys = market.house, market.trade(price=3, quantity=10)
    signature = await house.land(market.execute(buys))
    assert await balances(market) == [10, 70, 40, 30]
    await house.land(market.execute(market.trade(price=2, quantity=4, side=Side.SELL)))
    assert await balances(market) == [6, 78, 44, 22]
    found = (await house.world.client.get_transaction(signature, max_supported_transaction_version=0)).value
    (event,) = trades_settled(found.transaction.meta.log_messages, PROGRAM)
    assert (event.taker_order_id, event.maker_order_id, event.price, event.quantity) == (1, 2, 3, 10)
    assert (event.taker, event.maker, event.timestamp) == (buys.taker, buys.maker, found.block_time)
    assert [(await house.user_account(user)).total_volume for user in (ADA, BOB)] == [14, 14]


async def test_tokens_go_in_and_come_out(market: Market) -> None:
    house, vault = market.house, addresses.vault(PROGRAM, market.house.mint("USDT"))
    assert (house.atoms(vault), house.atoms(house.vault_account(ADA, USDT))) == (100, MUCH - 100)
    await house.land(market.take(ADA, USDT, 60))
    assert (house.atoms(vault), house.atoms(house.vault_account(ADA, USDT))) == (40, MUCH - 40)
    assert await balances(market) == [0, 40, 50, 0]


async def test_refusals_have_the_program_s_numbers(market: Market) -> None:
    house, stranger = market.house, Keypair()
    other = Instruction(PROGRAM, b"whatever", market.execute(market.trade()).accounts)
    short = Instruction(PROGRAM, bytes(market.execute(market.trade()).data)[:-1], other.accounts)
    trade = market.execute(market.trade())
    swapped = Instruction(PROGRAM, bytes(trade.data), [trade.accounts[i] for i in (0, 2, 1, 3)])
    foreign = told.deposit(
        PROGRAM,
        house.place.book(SOLUSDT.symbol),
        house.owner(ADA),
        house.mint("BTC"),
        source=house.vault_account(ADA, BTC),
        signer=house.vault.pubkey(),
        atoms=1,
    )
    for number, instruction in (
        (101, other),
        (102, short),
        (3005, Instruction(PROGRAM, bytes(trade.data), trade.accounts[:3])),
        (3002, Instruction(PROGRAM, bytes(trade.data), [trade.accounts[1], *trade.accounts[1:]])),
        (3007, Instruction(PROGRAM, bytes(trade.data), [trade.accounts[3], *trade.accounts[1:]])),
        (3010, Instruction(PROGRAM, bytes(trade.data), [*trade.accounts[:3], unsigned(stranger.pubkey())])),
        (6005, market.execute(market.trade(price=11))),
        (6005, market.execute(market.trade(price=1, quantity=51))),
        (6005, market.execute(market.trade(price=2**63, quantity=2))),
        (6006, swapped),
        (6007, foreign),
        (6005, market.take(ADA, USDT, 101)),
        (6005, market.take(ADA, BTC, 1)),
    ):
        assert await house.error(instruction) == InstructionErrorCustom(number), number
    await house.world.client.request_airdrop(stranger.pubkey(), SOL)
    await house.world.net.advance(2)
    theirs = market.execute(market.trade(), authority=stranger.pubkey())
    assert await house.error(theirs, payer=stranger) == InstructionErrorCustom(2003)
    assert await balances(market) == [0, 100, 50, 0]


async def test_nobody_can_trade_with_himself(market: Market) -> None:
    alone = market.execute(market.trade(maker=ADA))
    assert await market.house.error(alone) == InstructionErrorFieldless.AccountBorrowFailed


async def test_a_paused_order_book_trades_nothing(market: Market) -> None:
    market.house.rewrite(market.book, 129, b"\1")
    assert await market.house.error(market.execute(market.trade())) == InstructionErrorCustom(6004)


async def test_flaw_whoever_signs_may_withdraw_from_anybody(market: Market) -> None:
    house, thief = market.house, Keypair()
    await house.world.client.request_airdrop(thief.pubkey(), SOL)
    loot = await house.world.give(house.mint("USDT"), thief.pubkey(), 1)
    await house.land(market.take(ADA, USDT, 100, signer=thief.pubkey(), to=loot), payer=thief)
    assert house.atoms(loot) == 101


async def test_flaw_a_trade_may_be_executed_again(market: Market) -> None:
    trade = market.execute(market.trade(price=3, quantity=10))
    await market.house.land(trade)
    await market.house.land(trade)
    assert await balances(market) == [20, 40, 30, 60]


async def test_flaw_a_stranger_s_order_book_trades_everybody_s_balances_of_whatever_mint(market: Market) -> None:
    house, thief = market.house, Keypair()
    await house.world.client.request_airdrop(thief.pubkey(), SOL)
    await house.world.net.advance(2)
    pair = house.mint("SOL"), house.mint("BTC")
    made = told.initialize_orderbook(PROGRAM, thief.pubkey(), *pair, tick_size=1, min_order_size=1)
    await house.land(made, payer=thief)
    book = addresses.order_book(PROGRAM, *pair)
    steal = market.execute(market.trade(price=0, quantity=50), authority=thief.pubkey(), book=book)
    await house.land(steal, payer=thief)
    assert await balances(market) == [50, 100, 0, 0]


def unsigned(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def test_what_is_no_object_file_is_not_linked(elf: bytes) -> None:
    for wrong in (b"", b"\x7fELF" + bytes(60), elf):  # a program is no object file either
        with pytest.raises(NotLinkable):
            link(wrong)
