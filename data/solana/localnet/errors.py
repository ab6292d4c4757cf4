"""The errors of the RPC: the codes, the sentences and the data that a cluster's node gives.

Source: Agave, `rpc-client-api/src/custom_error.rs`; JSON-RPC 2.0 for the rest.
"""

from typing import Any


class RpcError(Exception):
    """What is answered instead of a result."""

    code = -32603

    def __init__(self, message: str = "Internal error", data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class ParseError(RpcError):
    """The body is no JSON."""

    code = -32700

    def __init__(self) -> None:
        super().__init__("Parse error")


class InvalidRequestError(RpcError):
    """The body is no request."""

    code = -32600


class MethodNotFoundError(RpcError):
    """There is no such method."""

    code = -32601

    def __init__(self) -> None:
        super().__init__("Method not found")


class InvalidParamsError(RpcError):
    """A parameter is not what the method takes."""

    code = -32602


class PreflightFailureError(RpcError):
    """The transaction would fail; `data` is what its simulation showed."""

    code = -32002


class SignatureVerificationFailureError(RpcError):
    """A signature does not hold."""

    code = -32003

    def __init__(self) -> None:
        super().__init__("Transaction signature verification failure")


class BlockNotAvailableError(RpcError):
    """The slot has not come to the commitment that was asked for."""

    code = -32004

    def __init__(self, slot: int) -> None:
        super().__init__(f"Block not available for slot {slot}")


class NodeUnhealthyError(RpcError):
    """The node is behind, as it was told to be."""

    code = -32005

    def __init__(self, slots_behind: int) -> None:
        super().__init__(f"Node is behind by {slots_behind} slots", {"numSlotsBehind": slots_behind})


class SlotSkippedError(RpcError):
    """The slot has no block."""

    code = -32007

    def __init__(self, slot: int) -> None:
        super().__init__(f"Slot {slot} was skipped, or missing due to ledger jump to recent snapshot")


class ScanError(RpcError):
    """Too many accounts would be answered."""

    code = -32012


class UnsupportedTransactionVersionError(RpcError):
    """A transaction is of a version that the request does not allow."""

    code = -32015

    def __init__(self, version: int) -> None:
        super().__init__(
            f"Transaction version ({version}) is not supported by the requesting client. Please try the request again"
            f' with the following configuration parameter: "maxSupportedTransactionVersion": {version}'
        )


class MinContextSlotNotReachedError(RpcError):
    """The node has not come as far as the request wants it."""

    code = -32016

    def __init__(self, slot: int) -> None:
        super().__init__("Minimum context slot has not been reached", {"contextSlot": slot})


class TooManyRequestsError(RpcError):
    """The node wants to be asked less often."""

    code = 429

    def __init__(self) -> None:
        super().__init__("Too many requests for a specific RPC call")


def sentence(err: Any) -> str:
    """Return a transaction's error in the words of a cluster's node, where they are known."""
    if isinstance(err, str):
        return _TRANSACTION.get(err, err)
    if "InstructionError" in err:
        index, reason = err["InstructionError"]
        custom = reason.get("Custom") if isinstance(reason, dict) else None
        words = f"custom program error: {custom:#x}" if custom is not None else _INSTRUCTION.get(reason, str(reason))
        return f"Error processing Instruction {index}: {words}"
    if "InsufficientFundsForRent" in err:
        index = err["InsufficientFundsForRent"]["account_index"]
        return f"Transaction results in an account ({index}) with insufficient funds for rent"
    return str(err)


_TRANSACTION = {
    "AccountInUse": "Account in use",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "AddressLookupTableNotFound": "Transaction loads an address table account that doesn't exist",
    "AlreadyProcessed": "This transaction has already been processed",
    "BlockhashNotFound": "Blockhash not found",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "InvalidAccountForFee": "This account may not be used to pay transaction fees",
    "InvalidAddressLookupTableIndex": "Transaction address table lookup uses an invalid index",
    "ProgramAccountNotFound": "Attempt to load a program that does not exist",
    "SignatureFailure": "Transaction did not pass signature verification",
}
_INSTRUCTION = {
    "InsufficientFunds": "insufficient funds for instruction",
    "InvalidAccountData": "invalid account data for instruction",
    "InvalidArgument": "invalid program argument",
    "InvalidInstructionData": "invalid instruction data",
    "MissingRequiredSignature": "missing required signature for instruction",
    "ComputationalBudgetExceeded": "Computational budget exceeded",
}
