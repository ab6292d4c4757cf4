"""The chain: blocks that follow one another, transactions that get into them, and accounts as of any commitment.

It has a cluster's rules, not LiteSVM's: a blockhash is valid for 150 blocks, a signature lands once, a block is
processed, then confirmed, then finalized, and until that it may be dropped with all that was in it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from solders.account import Account
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from spl.memo.constants import MEMO_PROGRAM_ID

from data.solana.localnet import shapes, tokens
from data.solana.localnet.blocks import KEPT, Block, Blocks, Lags
from data.solana.localnet.history import MOST_IN_A_BLOCK, Executed, History
from data.solana.localnet.vm import Keys, Outcome, Sent, Vm

TREASURY_LAMPORTS: Final = 500_000_000 * 10**9
MOST_HELD: Final = 10_000  # blocks that may wait for their finality
_EARLIER: Final = 150  # slot hashes that programs see

Find = tokens.Find
Told = Callable[["Step"], None]


class Step(Struct, frozen=True):
    """What one turn of the clock did: a block was closed, the next begun, and others came further, oldest first."""

    closed: Block
    head: Block
    confirmed: list[Block]
    finalized: list[Block]


class Chain:
    """One chain on its history. `authority` is paid the first lamports and gives them away."""

    def __init__(self, history: History, vm: Vm, blocks: Blocks, genesis_hash: Hash, transactions: int) -> None:
        self.history = history
        self.vm = vm
        self.blocks = blocks
        self.genesis_hash = genesis_hash
        self.transactions = transactions
        self.finality_held = False
        self.listeners: list[Told] = []
        self.failed: Exception | None = None
        self.turn = asyncio.Lock()  # held by whoever writes or reads: a commit is not to be disturbed
        self._confirmed = blocks.at("confirmed").slot

    @classmethod
    def open(cls, path: Path, authority: Pubkey, lags: Lags) -> "Chain":
        """Open the chain that is kept in a file, or begin one. Raises InUse or TooOld (see `history`)."""
        history, vm = History.open(path), Vm()
        if history.chain() is None:
            _begin(history, vm.first_slot, authority)
        chain = history.chain()
        assert chain is not None
        genesis_hash, root, transactions = chain
        for program, elf in history.programs():
            vm.add_program(program, elf)
        for key, account in history.accounts():
            vm.put(key, account)
        opened = cls(history, vm, Blocks(history.newest_blocks(root, KEPT), root, lags), genesis_hash, transactions)
        opened._step()
        return opened

    def close(self) -> None:
        """Keep what there is, in the block that is being filled too. After a failure keep what was kept before it."""
        self.history.close(keep=self.failed is None)

    def must_not_have_failed(self) -> None:
        """Raise the error that left memory and the database apart, where there was one."""
        if self.failed is not None:
            raise self.failed

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be where any error leaves memory and the database apart: from then on nothing is done or answered."""
        self.must_not_have_failed()
        try:
            yield
        except Exception as error:
            self.failed = error
            raise

    # Time

    async def advance(self, count: int = 1) -> None:
        """Close the block that is being filled and begin the next, `count` times; tell the listeners when durable.

        `turn` must be held.
        """
        assert self.turn.locked()
        with self._writing():
            steps = [self._step() for _ in range(count)]
            await self.history.commit()
        for step in steps:
            for tell in self.listeners:
                tell(step)
        for step in steps:
            for block in step.finalized:
                block.before.clear()

    def _step(self) -> Step:
        closed = self.blocks.head
        self._append(closed.slot + 1, closed)
        if self.finality_held and self.blocks.head.height - self.blocks.at("finalized").height <= MOST_HELD:
            root = self.blocks.root
        else:
            root = self.blocks.next_root()
        finalized = [block for block in self.blocks.after(self.blocks.root) if block.slot <= root]
        if finalized:
            self.blocks.root = root
            self.history.finalize(root)
        newest = self.blocks.at("confirmed").slot
        confirmed = [block for block in self.blocks.after(self._confirmed) if block.slot <= newest]
        self._confirmed = newest
        return Step(closed, self.blocks.head, confirmed, finalized)

    async def drop_fork(self, count: int) -> None:
        """Drop the newest blocks, the one that is being filled among them: their slots count as skipped.

        Raises ValueError where that many are not there, or one is final.
        """
        newest = self.blocks.after(self.blocks.root)
        if not 0 < count <= len(newest):
            raise ValueError(f"{len(newest)} blocks are not final: only these can be dropped")
        slot = self.blocks.head.slot + 1
        with self._writing():
            for block in self.blocks.drop(count):
                for key, account in block.before.items():
                    self.vm.put(key, account)
                    self.history.put(key, account)
                self.transactions -= block.transactions
            self.history.drop_blocks(self.blocks.head.slot)
            self._append(slot, self.blocks.head)
            await self.history.commit()

    def latest_blockhash(self, at: Block) -> Block:
        """Return the newest block up to `at` whose hash is accepted."""
        known = (block for block in reversed(self.blocks.newest(KEPT)) if block.slot <= at.slot and not block.expired)
        return next(known, self.blocks.head)

    async def expire(self, blockhash: Hash) -> None:
        """Let a blockhash be accepted no more. Raises ValueError for one that is not remembered."""
        block = self.blocks.find(blockhash)
        if block is None:
            raise ValueError(f"no block that is remembered has the hash {blockhash}")
        with self._writing():
            block.expired = True
            self.history.expire(block)
        await self.advance()  # so that there is one that is accepted

    def _append(self, slot: int, parent: Block) -> None:
        slot = max(slot, self.vm.first_slot)
        now = max(parent.time, int(time.time()))
        block = Block(slot, parent.slot, parent.height + 1, Hash.from_bytes(secrets.token_bytes(32)), now)
        self.blocks.append(block)
        self.history.add_block(block)
        self.vm.begin(slot, now, self.blocks.slot_hashes(_EARLIER))

    # Accounts

    def account(self, key: Pubkey, at: Block) -> Account | None:
        """Return an account as it was when a block was closed (or is, in the one that is being filled)."""
        for block in self.blocks.after(at.slot):
            if key in block.before:
                return block.before[key]
        return self.vm.account(key)

    def find(self, at: Block) -> Find:
        """Return the function that finds accounts as of a block."""
        return lambda key: self.account(key, at)

    def owned_by(self, program: Pubkey, at: Block) -> dict[Pubkey, Account]:
        """Return every account that a program owned as of a block."""
        owned = dict(self.vm.owned_by(program))
        for key in {key for block in self.blocks.after(at.slot) for key in block.before}:
            account = self.account(key, at)
            if account is not None and account.owner == program:
                owned[key] = account
            else:
                owned.pop(key, None)
        return owned

    # Transactions

    def refusal(self, sent: Sent, at: Block) -> str | None:
        """Return why a transaction can't be in a block on `at`, before anything is run: its age, or it is there."""
        if not self.blocks.is_valid(sent.message.recent_blockhash, at):
            return "BlockhashNotFound"
        there = self.history.find(sent.signature)
        return "AlreadyProcessed" if there is not None and there.slot <= at.slot else None

    def simulate(self, sent: Sent, at: Block) -> Outcome:
        """Run a transaction as of a block, and change nothing."""
        with self._as_of(at, self.vm.keys(sent.message)):
            return self.vm.simulate(sent)

    def execute(self, sent: Sent) -> Any:
        """Put a transaction into the block that is being filled; return its error, or None.

        One that fails is in the block too; one that is refused (unsigned, expired, there already, no payer) is not.
        """
        block = self.blocks.head
        if not sent.signed:
            return "SignatureFailure"
        if (refused := self.refusal(sent, block)) is not None:
            return refused
        if block.transactions == MOST_IN_A_BLOCK:
            return "WouldExceedMaxBlockCostLimit"
        keys = self.vm.keys(sent.message)
        before = {key: self.vm.account(key) for key in keys.all}
        lamports, held = _lamports(keys, before), tokens.balances(keys.all, self.vm.account)
        outcome = self.vm.execute(sent)
        if outcome.committed:
            balances = {"preBalances": lamports, "preTokenBalances": held}
            with self._writing():
                self._record(block, sent, keys, before, shapes.meta(outcome, keys) | balances)
        return outcome.err

    def _record(
        self, block: Block, sent: Sent, keys: Keys, before: dict[Pubkey, Account | None], meta: dict[str, Any]
    ) -> None:
        after = before | {key: self.vm.account(key) for key in keys.written}
        for key in keys.written:
            if after[key] != before[key]:
                self._changed(block, key, before[key], after[key])
        meta["postBalances"] = _lamports(keys, after)
        meta["postTokenBalances"] = tokens.balances(keys.all, self.vm.account)
        executed = Executed(
            block.slot * MOST_IN_A_BLOCK + block.transactions,
            sent.signature,
            bytes(sent.transaction),
            msgspec.json.encode(meta),
            msgspec.json.encode(meta["err"]),
            shapes.memo(sent.message, keys.all),
        )
        self.history.record(executed, keys.all)
        block.transactions += 1
        self.transactions += 1

    def airdrop(self, authority: Keypair, to: Pubkey, lamports: int) -> Sent:
        """Give lamports away, by a transaction like any other. The caller executes it."""
        note = Instruction(MEMO_PROGRAM_ID, f"airdrop {self.transactions}".encode(), [])  # two alike are two
        gift = transfer(TransferParams(from_pubkey=authority.pubkey(), to_pubkey=to, lamports=lamports))
        message = MessageV0.try_compile(authority.pubkey(), [gift, note], [], self.blocks.head.blockhash)
        return Sent(VersionedTransaction(message, [authority]))

    def add_program(self, program: Pubkey, elf: bytes) -> None:
        """Deploy a program, for every commitment at once. Raises ValueError where it is none."""
        self.vm.add_program(program, elf)
        with self._writing():
            self.history.add_program(program, elf)

    def _changed(self, block: Block, key: Pubkey, before: Account | None, after: Account | None) -> None:
        if key not in block.before:
            block.before[key] = before
            self.history.remember(block.slot, key, before)
        self.history.put(key, after)

    @contextmanager
    def _as_of(self, at: Block, keys: Keys) -> Iterator[None]:
        later = self.blocks.after(at.slot)
        changed = {key for key in keys.all if any(key in block.before for block in later)}
        newest = {key: self.vm.account(key) for key in changed}
        for key in changed:
            self.vm.put(key, self.account(key, at))
        try:
            yield
        finally:
            for key, account in newest.items():
                self.vm.put(key, account)


def _begin(history: History, slot: int, authority: Pubkey) -> None:
    genesis_hash = Hash.from_bytes(secrets.token_bytes(32))
    history.begin(genesis_hash, slot)
    history.add_block(Block(slot, slot, 0, genesis_hash, 0))  # 1970: nothing was before
    history.put(authority, Account(TREASURY_LAMPORTS, b"", Pubkey.default()))


def _lamports(keys: Keys, accounts: dict[Pubkey, Account | None]) -> list[int]:
    return [account.lamports if (account := accounts[key]) else 0 for key in keys.all]
