"""Withdrawals arrive on a real localnet: once, whatever goes wrong on the way."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token.constants import ACCOUNT_LEN, TOKEN_PROGRAM_ID
from spl.token.instructions import close_account, create_idempotent_associated_token_account
from spl.token.models import CloseAccountParams

from engine.core.refusals import Refused
from engine.core.types import UserId
from engine.settlement.types import BatchState
from engine.withdrawals.refusals import AlreadySigned
from engine.withdrawals.types import BY_TELEGRAM, Ending, Waiting, Withdrawal, WithdrawalState
from engine.withdrawals.withdrawals import Wanted
from tests.data.solana.deposits.bank import account
from tests.data.solana.settlement.trouble import trouble
from tests.data.solana.withdrawals.paying import UNIT, USDT, Payer, payer_on, somebody, until

WITHDRAWALS = 12
STARTS = 12


@pytest.fixture
async def payer(tmp_path: Path) -> AsyncIterator[Payer]:
    async with payer_on(tmp_path) as opened:
        yield opened


async def test_a_withdrawal_arrives_less_its_fee_and_its_token_account_is_made(payer: Payer) -> None:
    [ada] = await payer.house.people(1, USDT=100)
    address = somebody()
    async with payer.paying() as running:
        made = await payer.ask(running.book, ada, 60, address)
        await payer.over(running)
        assert await payer.state(running, made) is WithdrawalState.COMPLETED
        states = [batch.state for batch in running.batches]
        assert states[0] is BatchState.BATCHED
        assert states[-1] is BatchState.SETTLED
        assert (await running.book.find(ada, made.asked.id)).signature
    assert await payer.has(address) == 58 * UNIT
    assert payer.ledger(ada) == 40 * UNIT
    await payer.agree(ada)


async def test_under_faults_and_restarts_every_withdrawal_arrives_exactly_once(payer: Payer) -> None:
    chance = random.Random(5)
    people = await payer.house.people(3, USDT=1000)
    expected: dict[str, tuple[UserId, Withdrawal, int]] = {}
    book = payer.book()
    async with payer.paying() as running:  # in peace: what an address is must be asked
        book.outside = running.book.outside
        for turn in range(WITHDRAWALS):
            user, units, address = people[turn % 3], chance.randint(3, 90), somebody()
            expected[address] = user, await payer.ask(book, user, units, address), units
    troubles = asyncio.create_task(trouble(payer.house, chance))
    try:
        for _ in range(STARTS):
            async with payer.paying():
                await asyncio.sleep(chance.choice((0.0, chance.uniform(0, 0.1), chance.uniform(0, 0.5))))
    finally:
        troubles.cancel()
        await asyncio.wait([troubles])
    async with payer.paying() as running:
        await payer.over(running, 120)
        for address, (user, made, units) in expected.items():
            found = await running.book.find(user, made.asked.id)
            assert running.book.state(found) is WithdrawalState.COMPLETED, found
            assert await payer.has(address) == (units - 2) * UNIT
    await payer.agree(*people)


async def test_a_canceled_withdrawal_never_arrives_and_a_sent_one_does(payer: Payer) -> None:
    chance = random.Random(3)
    [ada] = await payer.house.people(1, USDT=1000)
    outcomes = set()
    async with payer.paying() as running:
        for _ in range(10):
            address = somebody()
            made = await payer.ask(running.book, ada, 10, address)
            await asyncio.sleep(chance.choice((0.0, 0.01, 0.03, 0.1)))
            try:
                await running.book.cancel(ada, made.asked.id)
                canceled = True
            except AlreadySigned:
                canceled = False
            outcomes.add(canceled)
            await payer.over(running)
            assert await payer.has(address) == (0 if canceled else 8 * UNIT)
    assert outcomes == {True, False}
    await payer.agree(ada)


async def test_a_withdrawal_waits_until_its_money_is_in_the_vault(payer: Payer) -> None:
    ada = await payer.exchange.person(USDT=100)  # in the ledger only, as a deposit that is not swept
    address = somebody()
    async with payer.paying() as running:
        made = await payer.ask(running.book, ada, 60, address)

        async def waits() -> bool:
            return running.book.waiting.get(made.asked.id) is Waiting.SETTLEMENT

        await until(waits)
        assert await payer.state(running, made) is WithdrawalState.APPROVED
    await payer.house.deposit({(ada, USDT): 100})
    async with payer.paying() as running:
        await payer.over(running)
    assert await payer.has(address) == 58 * UNIT
    await payer.agree(ada)


async def test_what_the_chain_says_of_real_addresses(payer: Payer) -> None:
    [ada] = await payer.house.people(1, USDT=100)
    mint = Pubkey.from_string(payer.mint)
    rich = payer.house.desk.rich.pubkey()
    refused = {
        payer.mint: "own_address",
        payer.house.desk.keys.vault.address: "own_address",
        payer.vault_address(ada): "own_address",
        payer.house.mints[next(code for code in payer.house.mints if code != USDT)][0]: "not_a_wallet",
        str(TOKEN_PROGRAM_ID): "not_a_wallet",
        str(account(payer.house.world.net.authority.pubkey(), mint))[:-4]: "invalid_address",
        str(Pubkey.find_program_address([b"x"], TOKEN_PROGRAM_ID)[0]): "not_a_wallet",
        str(await payer.house.world.place(ACCOUNT_LEN, TOKEN_PROGRAM_ID)): "not_a_wallet",  # nobody has begun it
    }
    async with payer.paying() as running:
        for address, code in refused.items():
            with pytest.raises(Refused) as said:
                await payer.ask(running.book, ada, 10, address)
            assert said.value.code == code, address
        assert payer.exchange.exchange.state.ledger.balance(ada, USDT).held == 0
        before = await payer.has(str(rich))
        made = await payer.ask(running.book, ada, 10, str(account(rich, mint)))  # a token account itself
        await payer.over(running)
        assert await payer.state(running, made) is WithdrawalState.COMPLETED
    assert await payer.has(str(rich)) == before + 8 * UNIT


async def test_a_token_account_that_was_closed_meanwhile_fails_and_the_money_comes_back(payer: Payer) -> None:
    [ada] = await payer.house.people(1, USDT=100)
    desk, holder, mint = payer.house.desk, Keypair(), Pubkey.from_string(payer.mint)
    target, rich = account(holder.pubkey(), mint), desk.rich
    await payer.house.world.client.request_airdrop(holder.pubkey(), 10**9)
    await desk.confirmed(rich, create_idempotent_associated_token_account(rich.pubkey(), holder.pubkey(), mint))
    await desk.finality()
    async with payer.paying() as running:
        made = await running.book.request(Wanted(ada, USDT, "10", str(target), "closed"))
        closing = CloseAccountParams(
            program_id=TOKEN_PROGRAM_ID, account=target, dest=rich.pubkey(), owner=holder.pubkey()
        )
        await desk.confirmed(holder, close_account(closing))
        await desk.finality()
        await running.book.confirm(ada, made.asked.id, BY_TELEGRAM)
        await payer.over(running)
        found = await running.book.find(ada, made.asked.id)
    assert (running.book.state(found), found.ending) == (WithdrawalState.FAILED, Ending.TARGET_REFUSED)
    assert payer.exchange.exchange.state.ledger.available(ada, USDT) == 100 * UNIT
    await payer.agree(ada)
