"""A transaction is tried out, lands once, and is told about from then on."""

import asyncio
import base64

from solana.rpc.commitment import Confirmed
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.keypair import Keypair
from solders.rpc.errors import SendTransactionPreflightFailureMessage
from solders.transaction import Transaction, VersionedTransaction
from solders.transaction_status import (
    InstructionErrorCustom,
    TransactionConfirmationStatus,
    TransactionErrorFieldless,
    TransactionErrorInstructionError,
    TransactionErrorInsufficientFundsForRent,
)

from tests.data.solana.localnet.world import FEE, PROCESSED, SOL, UNCHECKED, World, memo, paying


async def test_a_payment_lands_and_costs_its_fee(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    signature = await world.send(await world.pay(ada, bob, SOL // 2))
    assert (await world.balance(ada.pubkey()), await world.balance(bob)) == (SOL - SOL // 2 - FEE, SOL // 2)
    status = await world.status(signature)
    assert (status.err, status.confirmation_status) == (None, TransactionConfirmationStatus.Processed)


async def test_a_legacy_transaction_lands_too(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    legacy = Transaction.new_signed_with_payer(
        [paying(ada, bob, SOL // 2)], ada.pubkey(), [ada], await world.blockhash()
    )
    signature = await world.send(VersionedTransaction.from_legacy(legacy))
    await world.net.advance()
    found = (await world.client.get_transaction(signature)).value  # without any version
    assert found.transaction.meta.fee == FEE
    assert await world.balance(bob) == SOL // 2


async def test_the_same_bytes_again_are_already_processed_and_cost_nothing(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    payment = await world.pay(ada, bob, SOL // 4)
    await world.send(payment)
    refusal = await world.refused(payment, PROCESSED)
    assert refusal.message == "Transaction simulation failed: This transaction has already been processed"
    assert refusal.data.err == TransactionErrorFieldless.AlreadyProcessed
    assert await world.send(payment, UNCHECKED) == payment.signatures[0]
    await world.net.advance(100)  # more than LiteSVM remembers
    for number in range(40):
        await world.send(await world.signed(ada, memo(ada.pubkey(), str(number))))
    assert (await world.refused(payment)).data.err == TransactionErrorFieldless.AlreadyProcessed
    assert await world.balance(bob) == SOL // 4


async def test_a_thousand_payments_at_once_land_once_each(world: World) -> None:
    ada = await world.person(1_000 * SOL)
    blockhash = await world.blockhash()
    people = [Keypair().pubkey() for _ in range(1_000)]
    payments = [await world.pay(ada, person, SOL // 100 + number, blockhash) for number, person in enumerate(people)]
    gate = asyncio.Semaphore(50)

    async def send_twice(payment: VersionedTransaction) -> None:
        async with gate:
            await world.send(payment, UNCHECKED)
            await world.send(payment, UNCHECKED)

    await asyncio.gather(*(send_twice(payment) for payment in payments))
    await world.net.advance()
    statuses = []
    for first in range(0, 1_000, 250):
        part = [payment.signatures[0] for payment in payments[first : first + 250]]
        statuses += (await world.client.get_signature_statuses(part)).value
    assert all(status is not None and status.err is None for status in statuses)
    got = []
    for first in range(0, 1_000, 100):
        got += (await world.client.get_multiple_accounts(people[first : first + 100])).value
    assert [account.lamports for account in got if account] == [SOL // 100 + number for number in range(1_000)]
    paid = sum(SOL // 100 + number for number in range(1_000))
    assert await world.balance(ada.pubkey()) == 1_000 * SOL - paid - 1_000 * FEE


async def test_preflight_refuses_what_would_fail_with_its_logs_and_it_costs_nothing(world: World) -> None:
    ada = await world.person()
    refusal = await world.refused(await world.pay(ada, Keypair().pubkey(), 2 * SOL))
    assert isinstance(refusal, SendTransactionPreflightFailureMessage)
    assert refusal.message == (
        "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1"
    )
    assert refusal.data.err == TransactionErrorInstructionError(0, InstructionErrorCustom(1))
    assert any("insufficient lamports" in line for line in refusal.data.logs)
    assert await world.balance(ada.pubkey()) == SOL


async def test_without_preflight_it_lands_as_failed_and_costs_its_fee(world: World) -> None:
    ada = await world.person()
    signature = await world.send(await world.pay(ada, Keypair().pubkey(), 2 * SOL), UNCHECKED)
    await world.net.advance()
    error = TransactionErrorInstructionError(0, InstructionErrorCustom(1))
    assert (await world.status(signature)).err == error
    found = (await world.client.get_transaction(signature, max_supported_transaction_version=0)).value
    assert found.transaction.meta.err == error
    assert await world.balance(ada.pubkey()) == SOL - FEE


async def test_an_account_may_not_be_left_below_its_rent(world: World) -> None:
    ada = await world.person()
    refusal = await world.refused(await world.pay(ada, Keypair().pubkey(), 1_000))
    assert refusal.data.err == TransactionErrorInsufficientFundsForRent(1)
    assert "insufficient funds for rent" in refusal.message


async def test_who_has_nothing_pays_nothing(world: World) -> None:
    poor = Keypair()
    payment = await world.pay(poor, Keypair().pubkey(), SOL)
    assert (await world.refused(payment)).data.err == TransactionErrorFieldless.AccountNotFound
    await world.send(payment, UNCHECKED)
    assert await world.status(payment.signatures[0], search=True) is None


async def test_a_signature_that_does_not_hold_is_refused_and_never_lands(world: World) -> None:
    ada = await world.person()
    signed = bytearray(bytes(await world.pay(ada, Keypair().pubkey(), SOL // 2)))
    signed[5] ^= 1
    forged = VersionedTransaction.from_bytes(bytes(signed))
    answer = await world.ask("sendTransaction", *_base64(forged))
    assert answer["error"] == {"code": -32003, "message": "Transaction signature verification failure"}
    await world.send(forged, UNCHECKED)
    assert await world.status(forged.signatures[0], search=True) is None
    assert await world.balance(ada.pubkey()) == SOL


async def test_what_was_not_seen_at_the_commitment_of_preflight_can_not_be_spent_there(world: World) -> None:
    ada, bob = await world.person(), Keypair()
    await world.send(await world.pay(ada, bob.pubkey(), SOL // 2))
    onward = await world.pay(bob, ada.pubkey(), SOL // 4)
    assert (await world.refused(onward)).data.err == TransactionErrorFieldless.AccountNotFound
    assert await world.balance(bob.pubkey()) == SOL // 2, "trying out as of an older block changed the newest"
    await world.send(onward, PROCESSED)
    assert await world.balance(bob.pubkey()) == SOL // 4 - FEE


async def test_a_simulation_tells_units_logs_and_accounts_and_changes_nothing(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    payment = await world.pay(ada, bob, SOL // 2)
    found = (await world.client.simulate_transaction(payment, True, accounts_addresses=[bob])).value
    assert (found.err, found.units_consumed, len(found.logs)) == (None, 150, 2)
    assert found.accounts[0].lamports == SOL // 2
    assert await world.balance(bob) == 0
    stale = await world.pay(ada, bob, SOL // 2, blockhash=(await world.pay(ada, bob, 1)).message.hash())
    assert (await world.client.simulate_transaction(stale)).value.err == TransactionErrorFieldless.BlockhashNotFound
    again = (await world.client.simulate_transaction(stale, replace_recent_blockhash=True)).value
    assert again.err is None
    answer = await world.ask(
        "simulateTransaction",
        _base64(stale)[0],
        {"encoding": "base64", "sigVerify": True, "replaceRecentBlockhash": True},
    )
    assert answer["error"]["message"] == "sigVerify may not be used with replaceRecentBlockhash"


async def test_a_message_is_priced_as_it_is_charged(world: World) -> None:
    ada = await world.person()
    for instructions in (
        [memo(ada.pubkey(), "plain")],
        [set_compute_unit_price(777_777), memo(ada.pubkey(), "priced")],
        [set_compute_unit_price(10_000), set_compute_unit_limit(30_001), memo(ada.pubkey(), "priced and limited")],
    ):
        before = await world.balance(ada.pubkey())
        transaction = await world.signed(ada, *instructions)
        fee = (await world.client.get_fee_for_message(transaction.message)).value
        await world.send(transaction)
        assert before - await world.balance(ada.pubkey()) == fee
    await world.net.advance(152)
    assert (await world.client.get_fee_for_message(transaction.message)).value is None, "its blockhash is too old"


async def test_recent_prices_are_those_paid_for_the_accounts_asked_about(world: World) -> None:
    ada, bob = await world.person(), await world.person()
    await world.land(ada, set_compute_unit_price(5_000), memo(ada.pubkey(), "hurry"))
    fees = (await world.client.get_recent_prioritization_fees([ada.pubkey()])).value
    assert len(fees) <= 150
    assert [fee.prioritization_fee for fee in fees if fee.prioritization_fee] == [5_000]
    others = (await world.client.get_recent_prioritization_fees([bob.pubkey()])).value
    assert all(fee.prioritization_fee == 0 for fee in others)


async def test_an_airdrop_is_a_transaction_like_any_other(world: World) -> None:
    bob = Keypair().pubkey()
    first = (await world.client.request_airdrop(bob, SOL)).value
    second = (await world.client.request_airdrop(bob, SOL)).value
    assert first != second
    assert await world.balance(bob) == 2 * SOL
    await world.net.advance()
    assert (await world.client.get_transaction(first, max_supported_transaction_version=0)).value is not None
    assert (await world.client.get_transaction_count(Confirmed)).value == 2
    assert (await world.ask("requestAirdrop", str(bob), 10**18))["error"]["code"] == -32603


def _base64(transaction: VersionedTransaction) -> tuple[str, dict[str, str]]:
    return base64.b64encode(bytes(transaction)).decode(), {"encoding": "base64"}
