"""Which fills are on the chain: the proof against executing one twice, as a trade of the program has no sequence.

The transactions that name an order book are read, newest first, back to before the oldest of the fills was made.
Anybody can name it, or execute what looks like a trade of ours on an order book of their own. So an event alone proves
nothing: it counts by the instruction that has made it, on our order book and signed by our authority, without which
that instruction can't succeed there.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from msgspec import Struct
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionConfirmationStatus

from data.solana.asking import value
from data.solana.svm_clob.instructions import EXECUTE_TRADE
from data.solana.svm_clob.layouts import Misread, Trade, TradeSettled, decode_trade
from data.solana.svm_clob.logs import LogTruncated, trades_settled
from data.solana.svm_clob.place import Place
from engine.core.types import Symbol, TradeId
from engine.ports import ChainUnavailable
from engine.settlement.fills import Fill

PAGE: Final = 1_000  # signatures
MOST_PAGES: Final = 1_000
MOST_READ: Final = 100_000  # transactions that are remembered
CLOCKS_APART_S: Final = 3_600  # at most: the chain's clock and ours
NEWEST_VERSION: Final = 0  # of transactions


class Contradicted(ChainUnavailable):
    """The chain shows what must never be. Somebody has to look; what is in doubt is not signed again."""


class Landed(Struct, frozen=True):
    """The transaction by which a fill is on the chain, and whether that is final."""

    signature: str
    is_final: bool


class Read:
    """Trades of final transactions on the order books, as far as they were read: none is asked for twice."""

    def __init__(self) -> None:
        self._trades: dict[tuple[Symbol, Signature], list[Trade]] = {}

    def get(self, symbol: Symbol, signature: Signature) -> list[Trade] | None:
        """Return the trades of a transaction, None where it was not read."""
        return self._trades.get((symbol, signature))

    def keep(self, symbol: Symbol, signature: Signature, trades: list[Trade]) -> None:
        """Remember a transaction; the one that was read first is forgotten when there are too many."""
        if len(self._trades) >= MOST_READ:
            del self._trades[next(iter(self._trades))]
        self._trades[symbol, signature] = trades


async def landed(
    client: AsyncClient, place: Place, fills: Sequence[Fill], slot: int, read: Read, *, page: int = PAGE
) -> dict[TradeId, Landed]:
    """Return which of the fills are there, by a node that has seen `slot`. Raises ChainUnavailable.

    What is only confirmed counts too, as something to wait for.
    """
    by_market: dict[Symbol, list[Fill]] = {}
    for fill in fills:
        by_market.setdefault(fill.trade.symbol, []).append(fill)
    found: dict[TradeId, Landed] = {}
    for symbol, some in by_market.items():
        wanted = {_identity(trade): fill for fill in some for trade in place.trades(fill)}
        since_s = min(fill.trade.at for fill in some) // 1_000_000 - CLOCKS_APART_S
        async for listed in _listed(client, place.book(symbol), since_s, slot, page):
            is_final = bool(listed.confirmation_status == TransactionConfirmationStatus.Finalized)
            if (trades := read.get(symbol, listed.signature)) is None:
                trades = await _executed(client, place, symbol, listed.signature)
                if is_final:
                    read.keep(symbol, listed.signature, trades)
            there = {wanted[identity] for identity in map(_identity, trades) if identity in wanted}
            for fill in there:
                _must_be_it(place, fill, trades, listed.signature)
                if fill.id in found:
                    raise Contradicted(f"{listed.signature} has trade {fill.id}, as {found[fill.id].signature} has")
                found[fill.id] = Landed(str(listed.signature), is_final)
    return found


async def _listed(client: AsyncClient, book: Pubkey, since_s: int, slot: int, page: int) -> AsyncIterator[Any]:
    """Yield the transactions that name an order book and have not failed, newest first."""
    before: Signature | None = None
    last: Any = None
    for _ in range(MOST_PAGES):
        found = await value(
            lambda before=before: client.get_signatures_for_address(  # type: ignore[misc]
                book, before=before, limit=page, commitment=Confirmed, min_context_slot=slot
            )
        )
        fresh = found
        if last is not None:  # the pages overlap, as a node that does not know `before` answers with none
            if not found or found[0].signature != last.signature:
                raise ChainUnavailable("a page of transactions does not continue the one before")
            fresh = found[1:]
        for each in fresh:
            if each.block_time is not None and each.block_time < since_s:
                return
            if each.err is None:
                yield each
        if len(found) < page:
            return
        before, last = found[-2].signature, found[-1]
    raise ChainUnavailable("an order book has more transactions than can be looked through")


async def _executed(client: AsyncClient, place: Place, symbol: Symbol, signature: Signature) -> list[Trade]:
    answer = await value(
        lambda: client.get_transaction(signature, "base64", Confirmed, max_supported_transaction_version=NEWEST_VERSION)
    )
    if answer is None:  # a fork has taken it away, or this node knows less than the one before
        raise ChainUnavailable(f"{signature} was listed, and is not there")
    sent, meta = answer.transaction.transaction, answer.transaction.meta
    if meta is None or not isinstance(sent, VersionedTransaction):
        raise ChainUnavailable("a transaction came without what it did")
    if meta.err is not None:
        return []
    loaded = meta.loaded_addresses
    keys = [*sent.message.account_keys, *(loaded.writable if loaded else ()), *(loaded.readonly if loaded else ())]
    try:
        trades = executed(sent, keys, place.program, place.book(symbol), place.authority)
        if trades:
            _compare(trades, meta.log_messages or [], place.program)
    except Misread as wrong:
        raise Contradicted(f"{signature} can't be read: {wrong}") from None
    return trades


def executed(
    sent: VersionedTransaction, keys: Sequence[Pubkey], program: Pubkey, book: Pubkey, authority: Pubkey
) -> list[Trade]:
    """Return the trades of a transaction that has not failed, on an order book by its authority. Raises Misread."""
    trades = []
    for each in sent.message.instructions:
        data, named = bytes(each.data), [keys[index] for index in each.accounts]
        if keys[each.program_id_index] != program or not data.startswith(EXECUTE_TRADE):
            continue
        if len(named) >= 4 and named[0] == book and named[3] == authority:
            trades.append(decode_trade(data.removeprefix(EXECUTE_TRADE)))
    return trades


def _must_be_it(place: Place, fill: Fill, trades: Sequence[Trade], signature: Signature) -> None:
    ours = place.trades(fill)
    ids = {_identity(trade) for trade in ours}
    if [trade for trade in trades if _identity(trade) in ids] != ours:
        raise Contradicted(f"{signature} has trade {fill.id} on other terms than ours")


def _compare(trades: Sequence[Trade], log: Sequence[str], program: Pubkey) -> None:
    """Raise Misread where a transaction does not tell of the trades that it was told to make."""
    try:
        events = trades_settled(log, program)
    except LogTruncated:
        return  # it has not failed, so all of its instructions were carried out
    told = [(_identity(event), event.price, event.quantity, event.taker, event.maker) for event in events]
    for trade in trades:
        if (_identity(trade), trade.price, trade.quantity, trade.taker, trade.maker) not in told:
            raise Misread(f"it does not tell of trade {trade.taker_order_id}")


def _identity(trade: Trade | TradeSettled) -> tuple[int, int]:
    return trade.taker_order_id, trade.maker_order_id
