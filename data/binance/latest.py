"""A mailbox that keeps only the newest book of each symbol, so that a slow reader never makes a queue."""

import asyncio

from engine.core.types import Symbol
from engine.ports import ExternalBook


class Latest:
    """Books in, the newest of each symbol out; bounded by the number of symbols."""

    def __init__(self) -> None:
        self._books: dict[Symbol, ExternalBook] = {}
        self._news = asyncio.Event()
        self._closed = False

    def put(self, book: ExternalBook) -> None:
        """Replace what was not yet taken of this symbol."""
        self._books[book.symbol] = book
        self._news.set()

    async def take(self) -> ExternalBook | None:
        """Wait for a book of some symbol, the longest waiting first; None once closed."""
        while not self._books and not self._closed:
            self._news.clear()
            await self._news.wait()
        if self._closed:
            return None
        return self._books.pop(next(iter(self._books)))

    def close(self) -> None:
        """Let `take` return None from now on."""
        self._closed = True
        self._news.set()
