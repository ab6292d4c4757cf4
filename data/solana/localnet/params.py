"""The parameters of a request: read with care, refused as a cluster's node refuses them."""

import base64
import binascii
from typing import Any, Final, Literal, TypeVar, cast, get_args

from msgspec import Struct
from solders.account import Account
from solders.hash import Hash, ParseHashError
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from data.solana.localnet import base58, shapes
from data.solana.localnet.blocks import Commitment
from data.solana.localnet.errors import InvalidParamsError
from data.solana.localnet.shapes import AccountEncoding, Slice
from data.solana.localnet.tokens import Find
from data.solana.localnet.vm import Sent

L = TypeVar("L", bound=str)

PACKET_BYTES: Final = 1232
MOST_INTEGER: Final = 2**64 - 1
_MOST_BASE58: Final = 1683  # letters of a full packet
_MOST_BASE64: Final = 1644
_TYPE: Final = "solana_transaction::versioned::VersionedTransaction"


class Options:
    """The object with settings at a request's end. What is not in it, or null, has its default."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    @property
    def commitment(self) -> Commitment:
        """Return the commitment, finalized where none is given."""
        return self.choice("commitment", get_args(Commitment), "finalized")

    def choice(self, name: str, allowed: tuple[L, ...], default: L) -> L:
        """Return one of the allowed words."""
        value = self._given.get(name)
        if value is None:
            return default
        if value not in allowed:
            raise InvalidParamsError(f"Invalid params: {name} must be one of {', '.join(allowed)}")
        return cast(L, value)

    def integer(self, name: str) -> int | None:
        """Return a whole number from 0 to 2**64 - 1, or None."""
        value = self._given.get(name)
        return None if value is None else integer(value, name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return whether something is wanted."""
        value = self._given.get(name)
        if not (value is None or isinstance(value, bool)):
            raise InvalidParamsError(f"Invalid params: {name} must be true or false")
        return default if value is None else value

    def signature(self, name: str) -> Signature | None:
        """Return a signature, or None."""
        value = self._given.get(name)
        return None if value is None else signature(value)

    def text(self, name: str) -> str | None:
        """Return a string, or None."""
        value = self._given.get(name)
        if not (value is None or isinstance(value, str)):
            raise InvalidParamsError(f"Invalid params: {name} must be a string")
        return value

    def object(self, name: str) -> dict[str, Any] | None:
        """Return an object, or None."""
        value = self._given.get(name)
        if not (value is None or isinstance(value, dict)):
            raise InvalidParamsError(f"Invalid params: {name} must be an object")
        return value

    def list(self, name: str) -> list[Any]:
        """Return a list, empty where none is given."""
        value = self._given.get(name)
        if not (value is None or isinstance(value, list)):
            raise InvalidParamsError(f"Invalid params: {name} must be a list")
        return value or []


class View(Struct, frozen=True):
    """How somebody wants accounts."""

    encoding: AccountEncoding
    part: Slice | None  # None for all of it

    @classmethod
    def of(cls, options: Options) -> "View":
        """Return what a request's settings say."""
        # Whoever wants base64 has to say so: a cluster answers in the base58 of old.
        encoding: AccountEncoding = options.choice("encoding", get_args(AccountEncoding), "binary")
        if (given := options.object("dataSlice")) is None:
            return cls(encoding, None)
        part = Slice(integer(given.get("offset"), "offset"), integer(given.get("length"), "length"))
        return cls(encoding, part)

    def show(self, account: Account, find: Find) -> dict[str, Any]:
        """Return an account."""
        return shapes.account(account, self.encoding, self.part, find)


class Params:
    """The list of a request's parameters, at most `most` of them."""

    def __init__(self, values: list[Any], most: int) -> None:
        if len(values) > most:
            raise InvalidParamsError(f"Invalid params: at most {most} are taken")
        self._values = values

    def get(self, index: int) -> Any:
        """Return a parameter; None where it is not given."""
        return self._values[index] if index < len(self._values) else None

    def options(self, index: int) -> Options:
        """Return the settings; a bare word is an encoding, as in old clients."""
        given = self.get(index)
        if isinstance(given, str):
            given = {"encoding": given}
        if not (given is None or isinstance(given, dict)):
            raise InvalidParamsError("Invalid params: the settings must be an object")
        return Options(given or {})

    def pubkey(self, index: int) -> Pubkey:
        """Return an address."""
        return pubkey(self.get(index))

    def signature(self, index: int) -> Signature:
        """Return a signature."""
        return signature(self.get(index))

    def integer(self, index: int, name: str) -> int:
        """Return a whole number."""
        return integer(self.get(index), name)

    def list(self, index: int, most: int) -> list[Any]:
        """Return a list of at most `most` things."""
        values = self.get(index)
        if not isinstance(values, list):
            raise InvalidParamsError("Invalid params: a list is missing")
        if len(values) > most:
            raise InvalidParamsError(f"Too many inputs provided; max {most}")
        return values


def integer(value: object, name: str) -> int:
    """Return a whole number from 0 to 2**64 - 1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_INTEGER:
        raise InvalidParamsError(f"Invalid params: {name} must be a whole number from 0 to 2**64 - 1")
    return value


def pubkey(value: object) -> Pubkey:
    """Return an address from its base58."""
    try:
        return Pubkey.from_string(_text(value, 44))
    except ValueError:
        raise InvalidParamsError("Invalid param: Invalid") from None


def signature(value: object) -> Signature:
    """Return a signature from its base58."""
    try:
        return Signature.from_string(_text(value, 88))
    except ValueError:
        raise InvalidParamsError("Invalid param: Invalid") from None


def blockhash(value: object) -> Hash:
    """Return a blockhash from its base58."""
    try:
        return Hash.from_string(_text(value, 44))
    except (ParseHashError, ValueError):
        raise InvalidParamsError("Invalid param: Invalid") from None


def _text(value: object, most: int) -> str:
    if not isinstance(value, str):
        raise InvalidParamsError("Invalid params: a string is missing")
    if len(value) > most:
        raise InvalidParamsError("Invalid param: WrongSize")
    return value


def sent(value: object, options: Options, default: Literal["base58", "base64"] = "base58") -> Sent:
    """Return a transaction that somebody sends. Raises InvalidParamsError where it is not well formed."""
    encoding: Literal["base58", "base64"] = options.choice("encoding", ("base58", "base64"), default)
    data = _decoded(value, encoding)
    try:
        transaction = VersionedTransaction.from_bytes(data)
    except ValueError:
        raise InvalidParamsError(f"failed to deserialize {_TYPE}") from None
    if bytes(transaction) != data or not isinstance(transaction.message, Message | MessageV0):
        raise InvalidParamsError(f"failed to deserialize {_TYPE}")
    try:
        transaction.sanitize()
    except Exception as error:
        raise InvalidParamsError(f"invalid transaction: {error}") from None
    return Sent(transaction)


def message(value: object) -> Message | MessageV0:
    """Return a message from its base64. Raises InvalidParamsError where it is not well formed."""
    data = _decoded(value, "base64")
    try:
        if data[:1] >= b"\x80":
            return MessageV0.from_bytes(data[1:]) if data[0] == 0x80 else _not_a_message()
        return Message.from_bytes(data)
    except ValueError:
        return _not_a_message()


def _not_a_message() -> Message:
    raise InvalidParamsError("failed to deserialize solana_message::versions::VersionedMessage")


def _decoded(value: object, encoding: Literal["base58", "base64"]) -> bytes:
    if not isinstance(value, str):
        raise InvalidParamsError("Invalid params: a string is missing")
    most = _MOST_BASE58 if encoding == "base58" else _MOST_BASE64
    if len(value) > most:
        raise InvalidParamsError(
            f"{encoding} encoded {_TYPE} too large: {len(value)} bytes (max: encoded/raw {most}/{PACKET_BYTES})"
        )
    try:
        data = base58.decode(value) if encoding == "base58" else base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidParamsError(f"invalid {encoding} encoding: {error}") from None
    if len(data) > PACKET_BYTES:
        raise InvalidParamsError(f"decoded {_TYPE} too large: {len(data)} bytes (max: {PACKET_BYTES} bytes)")
    return data
