"""What transactions of batches look like: their size, their fee, who signs; and nodes that answer nonsense."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from solana.rpc.async_api import AsyncClient
from solders.compute_budget import set_compute_unit_price
from solders.hash import Hash
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction

from data.solana.localnet import fees
from data.solana.sending import RpcSender
from data.solana.token_program import MOST_BYTES, MOST_LOCKS, MOST_STEPS, TokenProgram
from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.ports import ChainUnavailable
from engine.settlement.attempts import Attempt, Fault, FaultKind, Level
from engine.settlement.ports import Unsigned
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch
from engine.settlement.vault import LookupTable
from tests.data.solana.settlement.settling import FEE_CAP, KEYS, USDT, House, house_on
from tests.data.solana.test_chain import KEY, NONSENSE, SIGNATURE

MINTS = {AssetCode(code): (str(Pubkey.new_unique()), 6) for code in ("USDT", "BTC", "ETH")}
PLACES = [str(Pubkey.new_unique()) for _ in range(120)]
SPARE = 60  # bytes for the longest memo, and a program that is not called


def batch(moves: Sequence[Move], number: int = 1) -> SettlementBatch:
    return SettlementBatch(number, BatchKind.SWEEP, BatchState.BATCHED, tuple(moves))


def table(addresses: Sequence[str]) -> LookupTable:
    return LookupTable(str(Pubkey.new_unique()), tuple(addresses), 1)


def move(asset: str, source: str, target: str, signer: int | None, opens: int | None) -> Move:
    owner = None if opens is None else PLACES[opens]
    if owner is not None:
        mint = Pubkey.from_string(MINTS[AssetCode(asset)][0])
        target = str(get_associated_token_address(Pubkey.from_string(owner), mint))
    user = None if signer is None else UserId(1000 + signer)
    return Move(AssetCode(asset), Atoms(1), source, target, user, owner)


RARELY = (st.none(), st.none(), st.none())
MOVES = st.lists(
    st.builds(
        move,
        st.sampled_from(sorted(MINTS)),
        st.sampled_from(PLACES),
        st.sampled_from(PLACES),
        st.one_of(*RARELY, st.integers(0, 3)),
        st.one_of(*RARELY, st.integers(0, 119)),
    ),
    max_size=70,
)


@settings(max_examples=100, deadline=None)
@given(MOVES, st.integers(0, 120), st.integers(1, 3))
def test_what_fits_is_just_what_a_transaction_holds(moves: list[Move], listed: int, tables: int) -> None:
    names = [mint for mint, _ in MINTS.values()] + PLACES
    known = [table(names[:listed][number::tables]) for number in range(tables) if names[:listed][number::tables]]
    program = TokenProgram(KEYS, MINTS, lambda: known)
    sender = RpcSender(AsyncClient(), program, KEYS.vault, fee_cap=1)
    of = batch(moves, 2**62)
    message = sender._message(program.instructions(of, ()), 1_400_000, 2**40, Hash.default())
    signatures = [Signature.default()] * message.header.num_required_signatures
    size = len(bytes(VersionedTransaction.populate(message, signatures)))
    loaded = sum(len(each.writable_indexes) + len(each.readonly_indexes) for each in message.address_table_lookups)
    locks, steps = len(message.account_keys) + loaded, len(message.instructions)
    if program.fits(moves, ()):
        assert size <= MOST_BYTES
        assert locks <= MOST_LOCKS
        assert steps <= MOST_STEPS
    else:
        openings = sum(move.opens_for is not None for move in moves)
        assert size > MOST_BYTES - SPARE or locks >= MOST_LOCKS - 1 or steps + 5 * openings > MOST_STEPS
    assert {str(key) for key in message.account_keys[: len(signatures)]} == {
        KEYS.vault.address,
        *(signer.address for signer in program.signers(of)),
    }


def test_a_lookup_table_makes_room_for_twice_as_many() -> None:
    pairs = [Move(USDT, Atoms(1), PLACES[2 * number], PLACES[2 * number + 1]) for number in range(60)]

    def most(known: list[LookupTable]) -> int:
        program = TokenProgram(KEYS, MINTS, lambda: known)
        return max(count for count in range(60) if program.fits(pairs[:count], ()))

    assert most([]) == 11
    assert most([table([*PLACES, MINTS[USDT][0]])]) == 29


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_on(tmp_path) as opened:
        yield opened


async def test_the_fee_is_what_others_pay_and_no_more_than_may_be(house: House) -> None:
    ada, bob = await house.people(2, USDT=100)
    vault = house.books.vault(house.world.client)
    place, target = vault.address(ada, USDT), vault.address(bob, USDT)
    of = batch([Move(USDT, Atoms(1), place, target)])
    payer, price = house.world.net.authority, 50_000
    minted = [house._minting(each, USDT, 1) for each in (place, target)]
    program = TokenProgram(KEYS, house.mints, list)

    async def signed(*, fee_cap: int = FEE_CAP, earlier: int = 0) -> tuple[int, int]:
        """Return the price of a unit and the limit that a signing has."""
        sender = RpcSender(house.world.client, program, KEYS.vault, fee_cap=fee_cap)
        (made,) = await sender.sign([Unsigned(of, (), earlier)], Micros(1))
        assert isinstance(made, Attempt)
        assert made.raw is not None
        message = VersionedTransaction.from_bytes(made.raw).message
        assert isinstance(message, MessageV0)
        limit = int.from_bytes(bytes(message.instructions[0].data)[1:5], "little")
        return fees.priority(message)[1], limit

    assert (await signed())[0] == 0
    for _ in range(60):
        await house.world.send(await house.world.signed(payer, set_compute_unit_price(price), *minted))
        await house.world.net.advance()
    paid, limit = await signed()
    assert paid == price
    assert 1_000 < limit < 20_000
    again, more = await signed(earlier=2)
    assert (again, more) == (4 * price, 4 * limit)
    assert (await signed(fee_cap=1))[0] == 10**6 // limit


async def test_faults_say_whose_they_are(house: House) -> None:
    ada, bob = await house.people(2, USDT=100)
    vault = house.books.vault(house.world.client)
    place, target, nowhere = vault.address(ada, USDT), vault.address(bob, USDT), str(Pubkey.new_unique())
    program = TokenProgram(KEYS, house.mints, list)
    sender = RpcSender(house.world.client, program, KEYS.vault, fee_cap=FEE_CAP)
    cases = {
        FaultKind.FUNDS: Move(USDT, Atoms(100 * 10**6 + 1), place, target),
        FaultKind.REFUSED: Move(USDT, Atoms(1), place, nowhere),
    }
    found = await sender.sign([Unsigned(batch([move]), (), 0) for move in cases.values()], Micros(1))
    assert [each.kind for each in found if isinstance(each, Fault)] == list(cases)
    large = [Move(USDT, Atoms(1), place, each) for each in PLACES[:40]]
    (too_large,) = await sender.sign([Unsigned(batch(large), (), 0)], Micros(1))
    assert isinstance(too_large, Fault)
    assert (too_large.kind, "too large" in too_large.text) == (FaultKind.REFUSED, True)

    (made,) = await sender.sign([Unsigned(batch([Move(USDT, Atoms(1), place, target)]), (), 0)], Micros(1))
    assert isinstance(made, Attempt)
    assert made.raw is not None
    assert (await sender.statuses([made.signature], search=True)).found == [None]
    assert await sender.send(made.raw) is None
    await house.desk.finality(6)
    assert await sender.send(made.raw) is None  # it is there already
    status = (await sender.statuses([made.signature, SIGNATURE], search=True)).found
    assert status[1] is None
    assert status[0] is not None
    assert (status[0].level, status[0].fault) == (Level.FINALIZED, None)


ASKS: dict[str, Callable[[RpcSender], Awaitable[object]]] = {
    "sign": lambda sender: sender.sign([Unsigned(batch([]), (), 0)], Micros(1)),
    "send": lambda sender: sender.send(b"raw"),
    "statuses": lambda sender: sender.statuses([SIGNATURE], search=True),
    "finalized": lambda sender: sender.finalized(),
}


@asynccontextmanager
async def answering(status: int, body: bytes) -> AsyncIterator[RpcSender]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post(f"/{KEY}", answer)
    async with TestServer(app) as server, AsyncClient(str(server.make_url(f"/{KEY}"))) as client:
        yield RpcSender(client, TokenProgram(KEYS, MINTS, list), KEYS.vault, fee_cap=1)


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
async def test_nonsense_is_no_answer(ask: Callable[[RpcSender], Awaitable[object]]) -> None:
    for answer in NONSENSE.values():
        async with answering(*answer) as sender:
            with pytest.raises(ChainUnavailable) as unavailable:
                await ask(sender)
        assert KEY not in str(unavailable.value)
