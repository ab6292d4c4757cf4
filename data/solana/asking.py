"""How an RPC is asked: whatever goes wrong is ChainUnavailable, and says nothing of where the RPC is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx2
from solana.rpc.core import RPCException

from engine.ports import ChainUnavailable

T = TypeVar("T")


async def asked(work: Callable[[], Awaitable[T]]) -> T:
    """Return an answer. Raises ChainUnavailable, whatever has come between: the network, a refusal, nonsense."""
    try:
        return await work()
    except (ChainUnavailable, asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # solders panics at some answers, and a panic is no Exception
        raise ChainUnavailable(_why(error.__cause__ or error)) from None


async def value(work: Callable[[], Awaitable[Any]]) -> Any:
    """Return the value of an answer, alike."""

    async def ask() -> Any:
        return (await work()).value  # an error that solders does not know comes as a number

    return await asked(ask)


def _why(error: BaseException) -> str:
    """Return what went wrong, without the URL: that may have a key in it."""
    if isinstance(error, httpx2.HTTPStatusError):
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, RPCException):
        return str(error)[:200]
    return type(error).__name__
