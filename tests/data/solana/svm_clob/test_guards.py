"""Settling begins only on order books that are ours and as they must be, and some fills are never sent."""

from typing import Any

import pytest
from msgspec.structs import replace
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction_status import InstructionErrorCustom, InstructionErrorFieldless

from clobster.markets import load
from data.solana.localnet.faults import Unavailable
from data.solana.svm_clob import addresses
from data.solana.svm_clob.program import SvmClob
from data.solana.svm_clob.starting import Unusable, missing_accounts
from data.solana.svm_clob.trades import scaled
from data.solana.svm_clob.transactions import MOST_BYTES, size
from engine.core.types import FEES, MARKET_MAKER, AssetCode, Atoms, Side
from engine.ports import ChainUnavailable
from engine.settlement.attempts import FaultKind
from engine.settlement.fills import Fill
from engine.settlement.types import BatchKind, BatchState, SettlementBatch
from tests.data.solana.localnet.world import SOL
from tests.data.solana.svm_clob.house import (
    ADA,
    BOB,
    CYD,
    MARKETS,
    PROGRAM,
    SOLUSDT,
    House,
    fill_of,
)
from tests.data.store.books import BTCUSDT, ETHUSDT

USDT = AssetCode("USDT")
BATCH = SettlementBatch(1, BatchKind.FILLS, BatchState.BATCHED, ())


def changed(house: House, **terms: Any) -> SvmClob:
    return house.program_on(replace(house.place, **terms))


async def test_where_all_is_ours_it_may_begin(house: House) -> None:
    await house.program.check()
    assert await missing_accounts(house.world.client, house.place, [MARKET_MAKER, ADA, FEES]) == {}


async def test_an_order_book_that_is_not_as_it_must_be_is_refused(house: House) -> None:
    book = house.place.book(BTCUSDT.symbol)
    account = house.world.net.chain.vm.account(book)
    assert account is not None
    for at, data, sentence in (
        (8, bytes(house.owner(ADA)), f"its authority is {house.owner(ADA)}, ours is {house.vault.pubkey()}"),
        (40, bytes(house.mint("SOL")), "is of other mints"),
        (72, bytes(house.mint("SOL")), "is of other mints"),
        (128, b"\0", "is not initialized"),
        (129, b"\1", "is paused"),
        (129, b"\2", "can't be read"),
        (0, b"\0", "can't be read"),
        (160, b"\1", "another version of the program"),
    ):
        house.rewrite(book, at, data)
        with pytest.raises(Unusable, match="the order book of BTCUSDT in svm_clob") as refused:
            await house.program.check()
        assert sentence in str(refused.value)
        house.rewrite(book, 0, account.data)
    await house.program.check()


async def test_an_order_book_that_is_not_there_or_somebody_else_s_account_is_refused(house: House) -> None:
    nobody_s = {SOLUSDT.symbol: replace(SOLUSDT, base=USDT, quote=AssetCode("SOL"))}
    with pytest.raises(Unusable, match="is not there: it has to be initialized first"):
        await changed(house, markets=nobody_s).check()
    with pytest.raises(Unusable, match="11111111111111111111111111111112 is no program there"):
        await changed(house, program=Pubkey.from_string("11111111111111111111111111111112")).check()
    book = house.place.book(BTCUSDT.symbol)
    chain = house.world.net.chain.vm
    chain.put(book, chain.account(house.mint("BTC")))
    with pytest.raises(Unusable, match="is not the program's"):
        await house.program.check()


async def test_whoever_was_quicker_to_make_our_order_book_stops_us(house: House) -> None:
    squatter, markets = Keypair(), {SOLUSDT.symbol: replace(SOLUSDT, base=AssetCode("BTC"), quote=AssetCode("SOL"))}
    await house.world.client.request_airdrop(squatter.pubkey(), SOL)
    await house.world.net.advance(2)
    await house.land(house.initialize(markets[SOLUSDT.symbol], squatter), payer=squatter)
    await house.world.net.advance(5)
    with pytest.raises(Unusable, match=f"is somebody else's: its authority is {squatter.pubkey()}"):
        await changed(house, markets=markets).check()


async def test_an_operator_has_to_say_how_much_may_be_inside(house: House) -> None:
    with pytest.raises(Unusable, match="CLOBSTER_SVM_CLOB_MOST must say how much SOL"):
        await changed(house, most={USDT: Atoms(1), AssetCode("BTC"): Atoms(1)}).check()


async def test_a_user_account_that_is_not_as_it_was_made_is_refused(house: House) -> None:
    where = addresses.user_account(PROGRAM, house.owner(ADA))
    house.rewrite(where, 8, bytes(house.owner(BOB)))
    with pytest.raises(ChainUnavailable, match=f"{where} is not as it was made"):
        await house.program.prepare(BATCH, [fill_of(1)])


async def test_no_answer_is_no_reason_to_refuse(house: House) -> None:
    await house.world.net.inflict(Unavailable())
    for asking in (
        house.program.check(),
        house.program.prepare(BATCH, [fill_of(1)]),
        house.program.landed(BATCH, [fill_of(1)]),
    ):
        with pytest.raises(ChainUnavailable):
            await asking


@pytest.mark.parametrize(
    ("fill", "why"),
    [
        (fill_of(1, maker=ADA, taker=ADA), "with itself"),
        (fill_of(1, ETHUSDT), "ETHUSDT has no order book"),
        (fill_of(1, price=10**9, quantity=10**9), "CLOBSTER_SVM_CLOB_MOST allows 1000000000000000"),
        (fill_of(1, quantity=10**11 + 1), "CLOBSTER_SVM_CLOB_MOST allows 1000000000000000"),
    ],
    ids=["a self-trade", "no order book", "too much quote", "too much base"],
)
async def test_what_can_never_settle_there_is_refused(house: House, fill: Fill, why: str) -> None:
    refused = await house.program.prepare(BATCH, [fill])
    assert refused is not None
    assert why in refused
    assert house.fits(fill), "else nobody would take it, to be told"
    assert not house.fits(fill_of(2), fill)
    assert await house.program.prepare(BATCH, [fill_of(1)]) is None


async def test_what_is_inside_at_once_never_passes_what_an_operator_allows(house: House) -> None:
    quote = fill_of(1, price=10**6).trade.notional
    program = changed(house, most=house.place.most | {USDT: Atoms(2 * quote)})
    three = [fill_of(number, price=10**6, taker=taker) for number, taker in enumerate((ADA, BOB, CYD), 1)]
    await house.table()
    assert house.fits(*three)
    assert program.fits((), three[:2])
    assert not program.fits((), three)


async def test_a_fill_alone_always_fits_and_a_lookup_table_carries_more(house: House) -> None:
    alone = fill_of(2**62, maker=ADA, taker=BOB)  # two trades and two fees
    made = house.instructions(alone)
    transaction = await house.world.signed(house.vault, *made)
    assert size(house.vault.pubkey(), made, []) == len(bytes(transaction)) <= MOST_BYTES
    assert house.fits(alone)
    assert not house.fits(fill_of(1), fill_of(2, taker=BOB))
    await house.table()
    for price, most in ((6_400_001, 2), (6_400_000, 3)):  # two trades each, and one
        many = [fill_of(number, taker=taker, price=price) for number, taker in enumerate((ADA, BOB, CYD, ADA, BOB), 1)]
        assert [house.fits(*many[:n]) for n in (most, most + 1)] == [True, False]


async def test_who_would_pay_more_on_the_way_than_altogether_waits_for_another_transaction(house: House) -> None:
    await house.table()
    back_and_forth = [fill_of(1), fill_of(2, side=Side.SELL)]
    assert not house.fits(*back_and_forth)
    assert all(house.fits(fill) for fill in back_and_forth)


def test_every_market_of_the_exchange_is_exact_there() -> None:
    """No market has to be refused, whatever its tick and lot: see `data.solana.svm_clob.trades`."""
    for market in [*load().markets, *MARKETS.values()]:
        for price in (1, 2, 99_999, 6_400_001, market.max_price):
            for quantity in (1, 3, 10_001):
                fill = fill_of(1, market, price=price, quantity=quantity)
                moved = scaled(fill.base_atoms, fill.trade.notional)
                assert (sum(n for _, n in moved), sum(p * n for p, n in moved)) == (
                    fill.base_atoms,
                    fill.trade.notional,
                )


async def test_what_an_error_means_is_told_by_its_number(house: House) -> None:
    for program in (PROGRAM, None):
        for number, kind in (
            (1, FaultKind.FUNDS),  # a deposit of more than there is
            (2003, FaultKind.PASSING),
            (6004, FaultKind.PASSING),
            (6005, FaultKind.REFUSED),
            (9999, FaultKind.REFUSED),
        ):
            assert house.program.kind_of(program, InstructionErrorCustom(number)) is kind
    exceeded = InstructionErrorFieldless.ComputationalBudgetExceeded
    assert house.program.kind_of(PROGRAM, exceeded) is FaultKind.PASSING
    borrowed = InstructionErrorFieldless.AccountBorrowFailed
    assert house.program.kind_of(PROGRAM, borrowed) is FaultKind.REFUSED
