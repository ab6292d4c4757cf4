"""How the RPC shows accounts and transactions in JSON."""

import base64
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from solders.account import Account
from solders.instruction import CompiledInstruction
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

from data.solana.localnet import base58, tokens
from data.solana.localnet.vm import Keys, Outcome

AccountEncoding = Literal["binary", "base58", "base64", "base64+zstd", "jsonParsed"]  # binary is base58 of old
TransactionEncoding = Literal["json", "base58", "base64"]

_BASE58_BYTES: Final = 128  # the most that accounts are shown in base58
_TOO_LONG: Final = "error: data too large for bs58 encoding"
_RENT_EPOCH: Final = 2**64 - 1  # rent is collected from nobody any more
_MEMO_PROGRAMS: Final = {
    Pubkey.from_string("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"),
    Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
}
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_BLOCK: Final = 1 << 17


class Slice(Struct, frozen=True):
    """The part of an account's data that somebody wants."""

    offset: int
    length: int


def is_too_long(of: Account, encoding: AccountEncoding, part: Slice | None) -> bool:
    """Tell whether an account can't be shown in base58."""
    return encoding in ("binary", "base58") and len(_part(of, part)) > _BASE58_BYTES


def account(of: Account, encoding: AccountEncoding, part: Slice | None, find: tokens.Find) -> dict[str, Any]:
    """Return an account. Where it is too long for base58 its data says so, as on a cluster."""
    return {
        "lamports": of.lamports,
        "owner": str(of.owner),
        "executable": of.executable,
        "rentEpoch": _RENT_EPOCH,
        "space": len(of.data),
        "data": _data(of, encoding, part, find),
    }


def _data(of: Account, encoding: AccountEncoding, part: Slice | None, find: tokens.Find) -> Any:
    if encoding == "jsonParsed":
        if (parsed := tokens.parsed(of, find)) is not None:
            return parsed
        encoding = "base64"  # as a cluster does with what it can't parse
    data = _part(of, part)
    if encoding in ("binary", "base58"):
        text = _TOO_LONG if len(data) > _BASE58_BYTES else base58.encode(data)
        return text if encoding == "binary" else [text, encoding]
    if encoding == "base64+zstd":
        data = _zstd(data)
    return [base64.b64encode(data).decode(), encoding]


def _part(of: Account, part: Slice | None) -> bytes:
    return of.data if part is None else of.data[part.offset : part.offset + part.length]


def _zstd(data: bytes) -> bytes:
    """Return data as a Zstandard frame of raw blocks: no smaller, and any reader takes it."""
    frame = _ZSTD_MAGIC + b"\xa0" + len(data).to_bytes(4, "little")  # one segment, its size in four bytes
    for at in range(0, len(data) or 1, _ZSTD_BLOCK):
        block = data[at : at + _ZSTD_BLOCK]
        last = at + _ZSTD_BLOCK >= len(data)
        frame += (len(block) << 3 | last).to_bytes(3, "little") + block
    return frame


def transaction(of: VersionedTransaction, encoding: TransactionEncoding) -> Any:
    """Return a transaction."""
    if encoding == "base64":
        return [base64.b64encode(bytes(of)).decode(), encoding]
    if encoding == "base58":
        return [base58.encode(bytes(of)), encoding]
    message = of.message
    shown: dict[str, Any] = {
        "header": {
            "numRequiredSignatures": message.header.num_required_signatures,
            "numReadonlySignedAccounts": message.header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": message.header.num_readonly_unsigned_accounts,
        },
        "accountKeys": [str(key) for key in message.account_keys],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [_instruction(each, None) for each in message.instructions],
    }
    if isinstance(message, MessageV0):
        shown["addressTableLookups"] = [
            {
                "accountKey": str(lookup.account_key),
                "writableIndexes": list(lookup.writable_indexes),
                "readonlyIndexes": list(lookup.readonly_indexes),
            }
            for lookup in message.address_table_lookups
        ]
    return {"signatures": [str(signature) for signature in of.signatures], "message": shown}


def version(of: VersionedTransaction) -> int | Literal["legacy"]:
    """Return a transaction's version."""
    return 0 if isinstance(of.message, MessageV0) else "legacy"


def _instruction(of: CompiledInstruction, stack_height: int | None) -> dict[str, Any]:
    return {
        "programIdIndex": of.program_id_index,
        "accounts": list(of.accounts),
        "data": base58.encode(of.data),
        "stackHeight": stack_height,
    }


def meta(outcome: Outcome, keys: Keys) -> dict[str, Any]:
    """Return what came of a transaction, all but the balances."""
    details = outcome.details
    shown = {
        "err": outcome.err,
        "status": {"Ok": None} if outcome.err is None else {"Err": outcome.err},
        "fee": details.fee(),
        "innerInstructions": inner_instructions(details),
        "logMessages": details.logs(),
        "rewards": [],
        "loadedAddresses": {
            "writable": [str(key) for key in keys.loaded_writable],
            "readonly": [str(key) for key in keys.loaded_readonly],
        },
        "computeUnitsConsumed": details.compute_units_consumed(),
    }
    if (answer := return_data(details)) is not None:
        shown["returnData"] = answer
    return shown


def inner_instructions(details: TransactionMetadata) -> list[dict[str, Any]]:
    """Return what the instructions of a transaction called."""
    return [
        {"index": index, "instructions": [_instruction(each.instruction(), each.stack_height()) for each in called]}
        for index, called in enumerate(details.inner_instructions())
        if called
    ]


def return_data(details: TransactionMetadata) -> dict[str, Any] | None:
    """Return what the last program of a transaction answered."""
    answer = details.return_data()
    if not answer.data:
        return None
    return {"programId": str(answer.program_id), "data": [base64.b64encode(answer.data).decode(), "base64"]}


def memo(message: Message | MessageV0, keys: Sequence[Pubkey]) -> str | None:
    """Return the memos of a message, each with its length before it."""
    memos = [
        bytes(each.data).decode(errors="replace")
        for each in message.instructions
        if keys[each.program_id_index] in _MEMO_PROGRAMS
    ]
    return "; ".join(f"[{len(each.encode())}] {each}" for each in memos) or None
