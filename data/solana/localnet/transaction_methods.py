"""The methods that send transactions, try them out and tell what became of them."""

from typing import Any, Final, get_args

import msgspec
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from data.solana.localnet import fees, params, shapes
from data.solana.localnet.answers import Answers, Method, with_context
from data.solana.localnet.blocks import KEPT, Block, Commitment
from data.solana.localnet.errors import (
    InvalidParamsError,
    NodeUnhealthyError,
    PreflightFailureError,
    RpcError,
    SignatureVerificationFailureError,
    UnsupportedTransactionVersionError,
    sentence,
)
from data.solana.localnet.faults import DropSends, FailPreflight, Unhealthy
from data.solana.localnet.history import MOST_IN_A_BLOCK, Executed
from data.solana.localnet.params import Options, Params, View
from data.solana.localnet.shapes import AccountEncoding, TransactionEncoding
from data.solana.localnet.vm import Outcome, Sent

MOST_STATUSES: Final = 256
MOST_SIGNATURES: Final = 1_000


class TransactionMethods(Answers):
    """Sending, simulating, statuses, history."""

    def table(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "getFeeForMessage": Method(self.fee_for_message, 2),
            "getSignatureStatuses": Method(self.signature_statuses, 2),
            "getSignaturesForAddress": Method(self.signatures_for_address, 2),
            "getTransaction": Method(self.transaction, 2),
            "getTransactionCount": Method(self.transaction_count, 1),
            "requestAirdrop": Method(self.airdrop, 3),
            "sendTransaction": Method(self.send, 2),
            "simulateTransaction": Method(self.simulate, 2),
        }

    def send(self, given: Params) -> Any:
        """Take a transaction in, and return its signature. Unless told otherwise, it is tried out first."""
        options = given.options(1)
        sent = params.sent(given.get(0), options)
        if not options.flag("skipPreflight"):
            self._preflight(sent, options)
        if self.faults.take(DropSends) is None:
            # Without preflight a node answers with the signature and the cluster loses what is no good.
            self.chain.execute(sent)
        return str(sent.signature)

    def _preflight(self, sent: Sent, options: Options) -> None:
        at = self.chain.blocks.at(options.choice("preflightCommitment", get_args(Commitment), "finalized"))
        if not sent.signed:
            raise SignatureVerificationFailureError
        if (behind := self.faults.take(Unhealthy)) is not None:
            raise NodeUnhealthyError(behind.slots_behind)
        if (failed := self.faults.take(FailPreflight)) is not None:
            raise PreflightFailureError(_failure(failed.err), _simulated(failed.err, None))
        if (refused := self.chain.refusal(sent, at)) is not None:
            raise PreflightFailureError(_failure(refused), _simulated(refused, None))
        outcome = self.chain.simulate(sent, at)
        if outcome.err is not None:
            raise PreflightFailureError(_failure(outcome.err), _simulated(outcome.err, outcome))

    def simulate(self, given: Params) -> Any:
        """Try a transaction out."""
        options = given.options(1)
        sent = params.sent(given.get(0), options)
        block = self.block(options)
        replacement = None
        if options.flag("replaceRecentBlockhash"):
            if options.flag("sigVerify"):
                raise InvalidParamsError("sigVerify may not be used with replaceRecentBlockhash")
            newest = self.chain.latest_blockhash(block)
            replacement = {
                "blockhash": str(newest.blockhash),
                "lastValidBlockHeight": newest.last_valid_height,
            }
        elif options.flag("sigVerify") and not sent.signed:
            raise SignatureVerificationFailureError
        wanted = options.object("accounts")
        refused = None if replacement else self.chain.refusal(sent, block)
        outcome = None if refused else self.chain.simulate(sent, block)
        err = refused if outcome is None else outcome.err
        shown = _simulated(err, outcome) | {"replacementBlockhash": replacement}
        if outcome is not None and options.flag("innerInstructions"):
            shown["innerInstructions"] = shapes.inner_instructions(outcome.details)
        if wanted is not None:
            shown["accounts"] = self._after(sent, outcome, block, Options(wanted))
        return with_context(block, shown)

    def _after(self, sent: Sent, outcome: Outcome | None, at: Block, wanted: Options) -> Any:
        addresses = wanted.list("addresses")
        if len(addresses) > len(self.chain.vm.keys(sent.message).all):
            raise InvalidParamsError("Too many accounts provided")
        keys = [params.pubkey(address) for address in addresses]
        after = dict(outcome.accounts) if outcome is not None and outcome.err is None else {}
        encoding: AccountEncoding = wanted.choice("encoding", ("base64", "base64+zstd", "jsonParsed"), "base64")
        view, find = View(encoding, None), self.chain.find(at)
        return [view.show(after[key], find) if key in after else None for key in keys]

    def airdrop(self, given: Params) -> Any:
        """Give lamports away, and return the signature of the transaction that does."""
        to, lamports = given.pubkey(0), given.integer(1, "lamports")
        sent = self.chain.airdrop(self.authority, to, lamports)
        if (err := self.chain.execute(sent)) is not None:
            raise RpcError(f"airdrop request failed: {sentence(err)}")
        return str(sent.signature)

    def fee_for_message(self, given: Params) -> Any:
        """Return what a message costs in lamports; null where its blockhash is not valid."""
        message = params.message(given.get(0))
        block = self.block(given.options(1))
        valid = self.chain.blocks.is_valid(message.recent_blockhash, block)
        return with_context(block, fees.fee(message) if valid else None)

    def transaction_count(self, given: Params) -> Any:
        """Return how many transactions there were."""
        later = self.chain.blocks.after(self.block(given.options(0)).slot)
        return self.chain.transactions - sum(block.transactions for block in later)

    def signature_statuses(self, given: Params) -> Any:
        """Return how far transactions have come; null for those that are not known."""
        signatures = [params.signature(each) for each in given.list(0, MOST_STATUSES)]
        everywhere = given.options(1).flag("searchTransactionHistory")
        return with_context(self.chain.blocks.head, [self._status(each, everywhere) for each in signatures])

    def _status(self, signature: Signature, everywhere: bool) -> dict[str, Any] | None:
        found = self.chain.history.find(signature)
        head = self.chain.blocks.head
        if found is None or (not everywhere and head.slot - found.slot > KEPT):
            return None
        commitment = self.chain.blocks.commitment(found.slot)
        err = msgspec.json.decode(found.err)
        return {
            "slot": found.slot,
            "confirmations": None if commitment == "finalized" else len(self.chain.blocks.after(found.slot)),
            "status": {"Ok": None} if err is None else {"Err": err},
            "err": err,
            "confirmationStatus": commitment,
        }

    def transaction(self, given: Params) -> Any:
        """Return a transaction with all that came of it; null where it is not known at this commitment."""
        options = given.options(1)
        block = self.block_of_history(options)
        encoding = options.choice("encoding", get_args(TransactionEncoding), "json")
        found = self.chain.history.find(given.signature(0))
        if found is None or found.slot > block.slot:
            return None
        of = self.chain.history.block(found.slot)
        assert of is not None
        newest = options.integer("maxSupportedTransactionVersion")
        return {"slot": found.slot, "blockTime": of.time} | shown_in_full(found, encoding, newest)

    def signatures_for_address(self, given: Params) -> Any:
        """Return the signatures of transactions that name an account, newest first."""
        address, options = given.pubkey(0), given.options(1)
        block = self.block_of_history(options)
        limit = options.integer("limit")
        if limit is not None and not 0 < limit <= MOST_SIGNATURES:
            raise InvalidParamsError(f"Invalid limit; max {MOST_SIGNATURES}")
        before, until = options.signature("before"), options.signature("until")
        below = (block.slot + 1) * MOST_IN_A_BLOCK
        if before is not None:
            if (first := self.chain.history.find(before)) is None:
                return []  # as a node that does not know it
            below = min(below, first.id)
        last = self.chain.history.find(until) if until is not None else None
        found = self.chain.history.mentioning(
            address, above=last.id if last else -1, below=below, limit=limit or MOST_SIGNATURES
        )
        return [self._listed(each) for each in found]

    def _listed(self, executed: Executed) -> dict[str, Any]:
        block = self.chain.history.block(executed.slot)
        assert block is not None
        return {
            "signature": str(executed.signature),
            "slot": executed.slot,
            "err": msgspec.Raw(executed.err),
            "memo": executed.memo,
            "blockTime": block.time,
            "confirmationStatus": self.chain.blocks.commitment(executed.slot),
        }


def shown_in_full(executed: Executed, encoding: TransactionEncoding, newest_version: int | None) -> dict[str, Any]:
    """Return a transaction with its meta. Raises UnsupportedTransactionVersionError where it is too new."""
    of = VersionedTransaction.from_bytes(executed.raw)
    version = shapes.version(of)
    if version == 0 and newest_version is None:
        raise UnsupportedTransactionVersionError(0)
    shown = {"transaction": shapes.transaction(of, encoding), "meta": msgspec.Raw(executed.meta)}
    return shown if newest_version is None else shown | {"version": version}


def _failure(err: Any) -> str:
    return f"Transaction simulation failed: {sentence(err)}"


def _simulated(err: Any, outcome: Outcome | None) -> dict[str, Any]:
    return {
        "err": err,
        "logs": outcome.details.logs() if outcome else [],
        "accounts": None,
        "unitsConsumed": outcome.details.compute_units_consumed() if outcome else 0,
        "returnData": shapes.return_data(outcome.details) if outcome else None,
        "innerInstructions": None,
        "replacementBlockhash": None,
    }
