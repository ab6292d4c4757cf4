"""The methods about slots, blocks and blockhashes, and about the node itself."""

from typing import Any, Final, get_args

from solders.transaction import VersionedTransaction

from data.solana.localnet import fees, params
from data.solana.localnet.answers import API_VERSION, Answers, Method, at_least_confirmed, with_context
from data.solana.localnet.blocks import WINDOW
from data.solana.localnet.errors import BlockNotAvailableError, InvalidParamsError, NodeUnhealthyError, SlotSkippedError
from data.solana.localnet.faults import Unhealthy
from data.solana.localnet.history import Executed
from data.solana.localnet.params import Options, Params
from data.solana.localnet.shapes import TransactionEncoding
from data.solana.localnet.transaction_methods import shown_in_full
from data.solana.localnet.vm import SLOTS_PER_EPOCH, Sent

MOST_BLOCKS: Final = 500_000
_MOST_FEE_ACCOUNTS: Final = 128
_FEATURE_SET: Final = 0
_DETAILS: Final = ("full", "signatures", "accounts", "none")


class BlockMethods(Answers):
    """Slots, blocks, blockhashes, the node."""

    def table(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "getBlock": Method(self.shown_block, 2),
            "getBlockHeight": Method(self.block_height),
            "getBlocks": Method(self.slots, 3),
            "getBlockTime": Method(self.block_time),
            "getEpochInfo": Method(self.epoch_info),
            "getFirstAvailableBlock": Method(self.first_block, 0),
            "getGenesisHash": Method(self.genesis_hash, 0),
            "getHealth": Method(self.health, 0),
            "getIdentity": Method(self.identity, 0),
            "getLatestBlockhash": Method(self.latest_blockhash),
            "getRecentPrioritizationFees": Method(self.prioritization_fees),
            "getSlot": Method(self.slot),
            "getVersion": Method(self.version, 0),
            "isBlockhashValid": Method(self.is_blockhash_valid, 2),
            "minimumLedgerSlot": Method(self.first_block, 0),
        }

    def health(self, _: Params) -> Any:
        """Return "ok", or say that the node is behind."""
        if (behind := self.faults.take(Unhealthy)) is not None:
            raise NodeUnhealthyError(behind.slots_behind)
        return "ok"

    def version(self, _: Params) -> Any:
        """Return the version of the RPC that this one is like."""
        return {"solana-core": API_VERSION, "feature-set": _FEATURE_SET}

    def genesis_hash(self, _: Params) -> Any:
        """Return the hash that names this chain."""
        return str(self.chain.genesis_hash)

    def identity(self, _: Params) -> Any:
        """Return the node's address."""
        return {"identity": str(self.authority.pubkey())}

    def slot(self, given: Params) -> Any:
        """Return the newest slot."""
        return self.block(given.options(0)).slot

    def block_height(self, given: Params) -> Any:
        """Return how many blocks there are below the newest one."""
        return self.block(given.options(0)).height

    def epoch_info(self, given: Params) -> Any:
        """Return where in its epoch the newest slot is."""
        block = self.block(given.options(0))
        later = self.chain.blocks.after(block.slot)
        return {
            "absoluteSlot": block.slot,
            "blockHeight": block.height,
            "epoch": block.slot // SLOTS_PER_EPOCH,
            "slotIndex": block.slot % SLOTS_PER_EPOCH,
            "slotsInEpoch": SLOTS_PER_EPOCH,
            "transactionCount": self.chain.transactions - sum(each.transactions for each in later),
        }

    def latest_blockhash(self, given: Params) -> Any:
        """Return the newest blockhash, and the last height of a block that may have a transaction with it."""
        block = self.block(given.options(0))
        newest = self.chain.latest_blockhash(block)
        value = {"blockhash": str(newest.blockhash), "lastValidBlockHeight": newest.last_valid_height}
        return with_context(block, value)

    def is_blockhash_valid(self, given: Params) -> Any:
        """Return whether a transaction with a blockhash may still get into a block."""
        block = self.block(given.options(1))
        return with_context(block, self.chain.blocks.is_valid(params.blockhash(given.get(0)), block))

    def prioritization_fees(self, given: Params) -> Any:
        """Return the lowest price a unit that got into each of the last blocks and wrote the accounts asked about."""
        asked = given.get(0)
        wanted = {params.pubkey(key) for key in given.list(0, _MOST_FEE_ACCOUNTS)} if asked is not None else set()
        shown = []
        for block in self.chain.blocks.newest(WINDOW)[:-1]:
            prices = self._prices(block.slot, wanted) if block.transactions else []
            shown.append({"slot": block.slot, "prioritizationFee": min(prices, default=0)})
        return shown

    def _prices(self, slot: int, wanted: set[Any]) -> list[int]:
        prices = []
        for executed in self.chain.history.transactions_in(slot):
            message = Sent(VersionedTransaction.from_bytes(executed.raw)).message
            if wanted <= set(self.chain.vm.keys(message).written):
                prices.append(fees.priority(message)[1])
        return prices

    # Blocks

    def first_block(self, _: Params) -> Any:
        """Return the oldest slot with a block."""
        return self.chain.history.first_block()

    def block_time(self, given: Params) -> Any:
        """Return when a block was made, in seconds."""
        slot = given.integer(0, "the slot")
        found = self.chain.history.block(slot)
        if found is None or slot > self.chain.blocks.at("confirmed").slot:
            raise self._not_there(slot)
        return found.time

    def slots(self, given: Params) -> Any:
        """Return the slots of a range that have a block."""
        first, last = given.integer(0, "the first slot"), given.get(1)
        options = given.options(1) if isinstance(last, dict) else given.options(2)
        newest = self.block_of_history(options).slot
        if isinstance(last, dict) or last is None:
            last = newest
        last = min(params.integer(last, "the last slot"), newest)
        if last - first > MOST_BLOCKS:
            raise InvalidParamsError(f"Slot range too large; max {MOST_BLOCKS}")
        return self.chain.history.slots(first, last)

    def shown_block(self, given: Params) -> Any:
        """Return a block with its transactions."""
        slot, options = given.integer(0, "the slot"), given.options(1)
        at_least_confirmed(options.commitment)
        block = self.chain.history.block(slot)
        if block is None or slot > self.chain.blocks.at(options.commitment).slot:
            raise self._not_there(slot)
        parent = self.chain.history.block(block.parent)
        shown = {
            "previousBlockhash": str(parent.blockhash if parent else block.blockhash),
            "blockhash": str(block.blockhash),
            "parentSlot": block.parent,
            "blockTime": block.time,
            "blockHeight": block.height,
        }
        if options.flag("rewards", default=True):
            shown["rewards"] = []
        return shown | _inside(self.chain.history.transactions_in(slot), options)

    def _not_there(self, slot: int) -> Exception:
        gone = self.chain.history.first_block() <= slot < self.chain.blocks.at("finalized").slot
        return SlotSkippedError(slot) if gone else BlockNotAvailableError(slot)


def _inside(executed: list[Executed], options: Options) -> dict[str, Any]:
    details = options.choice("transactionDetails", _DETAILS, "full")
    encoding = options.choice("encoding", get_args(TransactionEncoding), "json")
    newest = options.integer("maxSupportedTransactionVersion")
    if details == "none":
        return {}
    if details == "signatures":
        return {"signatures": [str(each.signature) for each in executed]}
    if details == "accounts":
        raise InvalidParamsError("localnet answers transactionDetails full, signatures or none")
    return {"transactions": [shown_in_full(each, encoding, newest) for each in executed]}
