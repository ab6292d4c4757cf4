"""A fill as trades of the program: the same base and quote, to the atom, and named so that each is known again.

The program moves `quantity` base atoms and price x quantity quote atoms. Most prices are no whole number of quote atoms
for a base atom (a satoshi at 64,000.01 USDT costs 640.0001). Such a fill is two trades in one transaction, at the
whole price above and at the one below, whose quantities are such that both sums come out:

    base = b, quote = q, p = q // b, r = q % b     ->     r at p + 1 and b - r at p:     r (p + 1) + (b - r) p = q

Where p is 0 the second trade moves base alone. Nothing is rounded, and there is no fill that this does not fit.
"""

from collections.abc import Callable
from hashlib import sha256

from solders.pubkey import Pubkey

from data.solana.svm_clob.layouts import Trade
from engine.core.types import Atoms, UserId
from engine.settlement.fills import Fill

Owner = Callable[[UserId], Pubkey]


def scaled(base: Atoms, quote: Atoms) -> list[tuple[int, int]]:
    """Return (price, quantity) of one or two trades that move exactly so much. Both must be above zero."""
    assert base > 0 < quote
    price, dearer = divmod(quote, base)
    return [(price + 1, dearer), (price, base - dearer)] if dearer else [(price, base)]


def trades_of(fill: Fill, owner: Owner) -> list[Trade]:
    """Return a fill's trades, always the same ones.

    The event carries no number of ours but two order ids, and the same two orders may fill each other more than once.
    So the taker's order id is our trade's id, and the maker's is a fingerprint.
    """
    trade = fill.trade
    at_s, who = trade.at // 1_000_000, (owner(trade.taker), owner(trade.maker))
    return [
        Trade(trade.id, fingerprint(fill, part), *who, price, quantity, trade.taker_side, at_s)
        for part, (price, quantity) in enumerate(scaled(fill.base_atoms, trade.notional))
    ]


def fingerprint(fill: Fill, part: int) -> int:
    """Return 64 bits of a digest of a fill: books that begin anew count trades from 1 again, but at another time.

    It must never be made differently: what is on its way would not be known again.
    """
    trade = fill.trade
    terms = (trade.symbol, trade.id, trade.at, trade.price, trade.quantity, trade.taker_side.value)
    text = " ".join(map(str, (*terms, trade.maker_order, trade.taker_order, part)))
    return int.from_bytes(sha256(text.encode()).digest()[:8])
