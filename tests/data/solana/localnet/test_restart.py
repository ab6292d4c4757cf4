"""A localnet that is opened again goes on where it was; nothing that was confirmed is lost, whenever it dies."""

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from solana.exceptions import SolanaRpcException
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction_status import TransactionErrorFieldless
from spl.memo.constants import MEMO_PROGRAM_ID

from data.solana.localnet.faults import DropFork, ExpireBlockhash
from data.solana.localnet.history import InUse, TooOld
from data.solana.localnet.localnet import Localnet
from tests.data.solana.localnet.world import PROCESSED, SOL, UNCHECKED, World, memo, paying, world_on

ROUNDS = 6


async def told(world: World, people: list[Pubkey], signatures: list[Signature]) -> object:
    """Return all that can be asked about people and signatures, at every commitment that does not move."""
    answers: list[object] = [await world.balance(each, Finalized) for each in people]
    answers += [(await world.client.get_account_info(each, Finalized)).value for each in people]
    for each in people:
        listed = (await world.client.get_signatures_for_address(each, commitment=Finalized)).value
        answers.append([(one.signature, one.slot, one.err, one.memo) for one in listed])
    for signature in signatures:
        found = await world.client.get_transaction(signature, max_supported_transaction_version=0)
        answers.append(found.to_json())
        answers.append((await world.status(signature, search=True)).slot)
    return answers


async def test_accounts_history_slots_and_blockhashes_go_on(tmp_path: Path) -> None:
    async with world_on(tmp_path / "localnet") as world:
        ada, bob = await world.person(10 * SOL), Keypair().pubkey()
        old = await world.blockhash()
        sent = []
        for number in range(40):
            sent.append(await world.send(await world.pay(ada, bob, SOL // 100 + number), PROCESSED))
            await world.net.advance()
        last = await world.send(await world.signed(ada, memo(ada.pubkey(), "last")), PROCESSED)
        before = await told(world, [ada.pubkey(), bob], sent)
        slot = (await world.client.get_slot(Processed)).value
        genesis = (await world.client.get_genesis_hash()).value
        finals = [await world.balance(bob, each) for each in (Confirmed, Finalized)]
    async with world_on(tmp_path / "localnet") as world:
        assert (await world.client.get_genesis_hash()).value == genesis
        assert (await world.client.get_slot(Processed)).value == slot + 1
        assert (await world.status(last)).err is None, "a clean stop loses nothing at all"
        assert await world.balance(bob, Finalized) >= finals[1]
        assert await world.balance(bob, Finalized) < finals[0], "what was not final is not final yet"
        await world.send(await world.pay(ada, bob, SOL // 50, old))
        await world.net.advance(150)
        refusal = await world.refused(await world.pay(ada, bob, SOL // 50, old))
        assert refusal.data.err == TransactionErrorFieldless.BlockhashNotFound
    async with world_on(tmp_path / "localnet") as world:
        after = await told(world, [ada.pubkey(), bob], sent)
        assert isinstance(before, list)
        assert isinstance(after, list)
        assert after[-80:] == before[-80:], "each transaction is told as it was"


async def test_each_finalized_balance_is_exact_across_a_restart(tmp_path: Path) -> None:
    balances = []
    async with world_on(tmp_path / "localnet") as world:
        ada, bob = await world.person(10 * SOL), Keypair().pubkey()
        for number in range(20):
            await world.send(await world.pay(ada, bob, SOL // 100 + number), PROCESSED)
            balances.append(await world.balance(bob))
            await world.net.advance()
    async with world_on(tmp_path / "localnet") as world:
        seen = []
        while (await world.balance(bob, Finalized)) != balances[-1]:
            seen.append(await world.balance(bob, Finalized))
            await world.net.advance()
        assert [each for each in dict.fromkeys(seen) if each] == balances[:-1]


async def test_a_duplicate_is_known_after_a_restart(tmp_path: Path) -> None:
    async with world_on(tmp_path / "localnet") as world:
        ada, bob = await world.person(), Keypair().pubkey()
        payment = await world.pay(ada, bob, SOL // 4)
        await world.send(payment)
    async with world_on(tmp_path / "localnet") as world:
        assert (await world.refused(payment, PROCESSED)).data.err == TransactionErrorFieldless.AlreadyProcessed
        assert await world.balance(bob) == SOL // 4


async def test_a_fork_may_be_dropped_after_a_restart(tmp_path: Path) -> None:
    async with world_on(tmp_path / "localnet") as world:
        ada, bob = await world.person(), Keypair().pubkey()
        payment = await world.pay(ada, bob, SOL // 4)
        await world.send(payment)
        await world.net.advance(2)
    async with world_on(tmp_path / "localnet") as world:
        assert await world.balance(bob) == SOL // 4
        await world.net.inflict(DropFork(4))
        assert await world.balance(bob) == 0
        assert await world.status(payment.signatures[0], search=True) is None
    async with world_on(tmp_path / "localnet") as world:
        assert (await world.balance(bob), await world.balance(ada.pubkey())) == (0, SOL)
        await world.net.advance()
        await world.send(payment)


async def test_an_expired_blockhash_stays_expired(tmp_path: Path) -> None:
    async with world_on(tmp_path / "localnet") as world:
        ada = await world.person()
        payment = await world.pay(ada, Keypair().pubkey(), SOL // 4)
        await world.net.inflict(ExpireBlockhash(str(payment.message.recent_blockhash)))
    async with world_on(tmp_path / "localnet") as world:
        assert (await world.refused(payment)).data.err == TransactionErrorFieldless.BlockhashNotFound


async def test_a_program_is_loaded_runs_and_stays(tmp_path: Path) -> None:
    program = Pubkey.new_unique()
    async with world_on(tmp_path / "localnet") as world:
        ada = await world.person()
        elf = (await world.client.get_account_info(MEMO_PROGRAM_ID)).value
        assert elf is not None
        with pytest.raises(ValueError, match="not a program"):
            await world.net.add_program(program, b"nonsense" * 100)
        await world.net.add_program(program, elf.data)
        await world.land(ada, Instruction(program, b"hello", []))
    async with world_on(tmp_path / "localnet") as world:
        signature = await world.land(ada, Instruction(program, b"again", []))
        found = (await world.client.get_transaction(signature, max_supported_transaction_version=0)).value
        assert f"Program {program} success" in found.transaction.meta.log_messages


async def test_the_key_is_its_owners_only_and_stays(tmp_path: Path) -> None:
    directory = tmp_path / "localnet"
    async with world_on(directory) as world:
        authority = world.net.authority.pubkey()
    key = directory / "authority.json"
    assert key.stat().st_mode & 0o777 == 0o600
    async with world_on(directory) as world:
        assert world.net.authority.pubkey() == authority
    key.chmod(0o640)
    with pytest.raises(ValueError, match="0600"):
        async with world_on(directory):
            pass
    key.chmod(0o600)
    key.write_text("[1, 2, 3]")
    with pytest.raises(ValueError, match="no key"):
        async with world_on(directory):
            pass


async def test_two_at_once_on_one_directory_are_refused(tmp_path: Path) -> None:
    async with world_on(tmp_path / "localnet") as world:
        with pytest.raises(InUse):
            async with Localnet.open(tmp_path / "localnet", slot_s=None):
                pass
        assert await world.client.is_connected()


async def test_a_directory_of_another_version_is_left_alone(tmp_path: Path) -> None:
    async with world_on(tmp_path / "localnet"):
        pass
    with sqlite3.connect(tmp_path / "localnet" / "chain.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(TooOld):
        async with world_on(tmp_path / "localnet"):
            pass


async def test_a_port_that_is_taken_is_an_error_and_the_directory_is_free_again(tmp_path: Path) -> None:
    async with world_on(tmp_path / "one") as world:
        port = int(world.net.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="address already in use"):
            async with Localnet.open(tmp_path / "two", port=port, slot_s=None):
                pass
    async with world_on(tmp_path / "two"):
        pass


async def test_nothing_confirmed_is_lost_by_any_of_six_kills(tmp_path: Path) -> None:
    chance = random.Random(5)
    directory = tmp_path / "localnet"
    confirmed: set[str] = set()
    paid = 0
    async with world_on(directory) as world:
        authority = world.net.authority.pubkey()
        begun = await world.balance(authority)
    for number in range(ROUNDS):
        lines = await asyncio.to_thread(_pay_until_killed, directory, number, chance.uniform(0.05, 0.5))
        new = {line["signature"] for line in lines}
        async with world_on(directory) as world:
            await world.net.advance(40)
            for signature in sorted(confirmed | new):
                status = await world.status(Signature.from_string(signature), search=True)
                assert status is not None, "it was confirmed and is gone"
                assert status.err is None
            confirmed |= new
            assert await world.balance(authority, Processed) == await world.balance(authority, Finalized)
            landed = world.net.chain.transactions
            payer_left = begun - await world.balance(authority)
            assert payer_left == landed * (SOL // 100 + 5_000), "each landed whole, or not at all"
            paid = landed
    assert len(confirmed) > ROUNDS
    assert paid >= len(confirmed)


async def test_a_full_disk_ends_it_and_what_was_confirmed_is_there_afterwards(tmp_path: Path) -> None:
    directory = tmp_path / "localnet"
    people = [Keypair().pubkey() for _ in range(300)]
    async with world_on(directory) as world:
        ada = await world.person(10 * SOL)
        kept = await world.land(ada, paying(ada, people[0], SOL // 100))
        pages = world.net.chain.history.execute("PRAGMA page_count").fetchone()[0]
        world.net.chain.history.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(SolanaRpcException):
            await _pay_each(world, ada, people[1:])
        with pytest.raises(SolanaRpcException):
            await world.client.get_slot()
        with pytest.raises(sqlite3.Error, match="full"):
            await world.net.advance()
    async with world_on(directory) as world:
        assert (await world.status(kept, search=True)).err is None
        there = [await world.balance(person) for person in people]
        assert there == [SOL // 100] + [0] * 299
        assert await world.balance(ada.pubkey()) == 10 * SOL - SOL // 100 - 5_000
        await world.land(ada, paying(ada, people[1], SOL // 100))


async def test_a_clock_that_fails_ends_whoever_holds_the_localnet_open(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as failed:
        await _fill_the_disk(tmp_path / "localnet")
    assert failed.group_contains(sqlite3.OperationalError, match="full")


async def _pay_each(world: World, payer: Keypair, people: list[Pubkey]) -> None:
    blockhash = await world.blockhash()
    for person in people:
        await world.send(await world.pay(payer, person, SOL // 100, blockhash), UNCHECKED)


async def _fill_the_disk(directory: Path) -> None:
    async with world_on(directory, slot_s=0.01) as world:
        pages = world.net.chain.history.execute("PRAGMA page_count").fetchone()[0]
        world.net.chain.history.execute(f"PRAGMA max_page_count = {pages}")
        await asyncio.sleep(30)


def _pay_until_killed(directory: Path, seed: int, seconds: float) -> list[dict[str, str]]:
    payer = subprocess.Popen(
        [sys.executable, "-m", "tests.data.solana.localnet.payer", str(directory), str(seed)], stdout=subprocess.PIPE
    )
    assert payer.stdout is not None
    first = payer.stdout.readline()
    time.sleep(seconds)
    payer.kill()
    rest = payer.communicate(timeout=20)[0]
    complete = (first + rest).rpartition(b"\n")[0]
    return [json.loads(line) for line in complete.splitlines() if line]
