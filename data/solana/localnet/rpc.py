"""JSON-RPC 2.0: a body is one request or a batch, and each is answered by one method."""

import asyncio
from typing import Any, Final

import msgspec
import structlog
from solders.keypair import Keypair

from data.solana.localnet.account_methods import AccountMethods
from data.solana.localnet.block_methods import BlockMethods
from data.solana.localnet.chain import Chain
from data.solana.localnet.errors import InvalidRequestError, MethodNotFoundError, ParseError, RpcError
from data.solana.localnet.faults import Faults
from data.solana.localnet.params import Params
from data.solana.localnet.transaction_methods import TransactionMethods

MOST_IN_A_BATCH: Final = 100

log = structlog.get_logger()


class Request(msgspec.Struct, frozen=True):
    """One request, as far as it is well formed."""

    id: int | str | None
    method: str
    params: list[Any]


class Rpc:
    """Every method, and how a body becomes an answer."""

    def __init__(self, chain: Chain, authority: Keypair, faults: Faults) -> None:
        self._chain = chain
        self._methods = (
            AccountMethods(chain, authority, faults).table()
            | TransactionMethods(chain, authority, faults).table()
            | BlockMethods(chain, authority, faults).table()
        )

    async def answer(self, body: bytes) -> bytes:
        """Return the answer to a body, which may be a batch."""
        try:
            asked = decode(body)
        except RpcError as error:
            return msgspec.json.encode(failed(None, error))
        if not isinstance(asked, list):
            return msgspec.json.encode(await self._one(asked))
        answers = []
        for each in asked:
            answers.append(await self._one(each))
            await asyncio.sleep(0)  # others have their turn too
        return msgspec.json.encode(answers)

    async def _one(self, asked: Any) -> dict[str, Any]:
        try:
            request = read(asked)
        except RpcError as error:
            return failed(asked.get("id") if isinstance(asked, dict) else None, error)
        try:
            method = self._methods.get(request.method)
            if method is None:
                raise MethodNotFoundError
            async with self._chain.turn:
                self._chain.must_not_have_failed()
                return succeeded(request.id, method.answer(Params(request.params, method.most)))
        except RpcError as error:
            return failed(request.id, error)
        except Exception:
            log.exception("a request could not be answered", method=request.method)
            self._chain.must_not_have_failed()
            return failed(request.id, RpcError())


def decode(body: bytes) -> Any:
    """Return the JSON of a body. Raises ParseError or, for a batch that is empty or too long, InvalidRequestError."""
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ParseError from None
    if isinstance(asked, list) and not 0 < len(asked) <= MOST_IN_A_BATCH:
        raise InvalidRequestError(f"Invalid request: a batch has 1 to {MOST_IN_A_BATCH} requests")
    return asked


def read(asked: Any) -> Request:
    """Return a request. Raises InvalidRequestError where it is none."""
    if not isinstance(asked, dict) or asked.get("jsonrpc") != "2.0" or "id" not in asked:
        raise InvalidRequestError("Invalid request")
    params = asked.get("params")
    try:
        return msgspec.convert(
            {"id": asked["id"], "method": asked.get("method"), "params": [] if params is None else params}, Request
        )
    except msgspec.ValidationError:
        raise InvalidRequestError("Invalid request") from None


def succeeded(id: int | str | None, result: Any) -> dict[str, Any]:
    """Return the answer to a request."""
    return {"jsonrpc": "2.0", "result": result, "id": id}


def failed(id: Any, error: RpcError) -> dict[str, Any]:
    """Return the answer to a request that can't be answered."""
    shown = {"code": error.code, "message": error.message}
    if error.data is not None:
        shown["data"] = error.data
    return {"jsonrpc": "2.0", "error": shown, "id": id if isinstance(id, int | str) else None}
