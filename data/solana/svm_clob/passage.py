"""What fills take through the program in one transaction, and what is left in it: nothing.

A balance in the program can be taken by anybody, and mixes whatever is deposited. So market by market, what is traded
goes in, is traded, and comes out again, all in the same transaction: no money of ours is there before or after it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from engine.core.types import AssetCode, Symbol
from engine.settlement.fills import Fill, Purse
from engine.settlement.netting import net_of


class Passage(Struct, frozen=True):
    """Fills of one market, in their order, and by purse the atoms that are deposited before and withdrawn after them.

    For fees the program knows no way: they are paid between token accounts, at the end of the transaction.
    """

    symbol: Symbol
    fills: tuple[Fill, ...]
    deposits: dict[Purse, int]
    withdrawals: dict[Purse, int]
    fees: dict[Purse, int]


def passages(fills: Iterable[Fill]) -> list[Passage]:
    """Return what fills take through the program, by market."""
    by_market: dict[Symbol, list[Fill]] = {}
    for fill in fills:
        by_market.setdefault(fill.trade.symbol, []).append(fill)
    return [_passage(symbol, tuple(some)) for symbol, some in by_market.items()]


def _passage(symbol: Symbol, fills: tuple[Fill, ...]) -> Passage:
    deposits, inside, fees = Counter[Purse](), Counter[Purse](), Counter[Purse]()
    for fill in fills:
        for purse, atoms in fill.debits():
            missing = max(0, atoms - inside[purse])
            deposits[purse] += missing
            inside[purse] += missing - atoms
        inside[fill.buyer, fill.base] += fill.base_atoms
        inside[fill.seller, fill.quote] += fill.trade.notional
        buyer_fee, seller_fee = fill.fees
        fees[fill.buyer, fill.base] += buyer_fee
        fees[fill.seller, fill.quote] += seller_fee
    return Passage(symbol, fills, +deposits, +inside, +fees)


def needs(all_of_it: Sequence[Passage]) -> dict[Purse, int]:
    """Return what must lie in the vault's accounts before, so that every step can be paid."""
    now, least = Counter[Purse](), Counter[Purse]()

    def pay(bill: dict[Purse, int]) -> None:
        for purse, atoms in bill.items():
            now[purse] -= atoms
            least[purse] = max(least[purse], -now[purse])

    for each in all_of_it:
        pay(each.deposits)
        now.update(each.withdrawals)
    for each in all_of_it:
        pay(each.fees)
    return dict(+least)


def is_paid_by_net(fills: Sequence[Fill], all_of_it: Sequence[Passage]) -> bool:
    """Tell whether no purse pays more on the way than it does altogether: whoever plans looks at no more than that."""
    return needs(all_of_it) == {purse: -atoms for purse, atoms in net_of(fills).items() if atoms < 0}


def held(all_of_it: Sequence[Passage]) -> dict[AssetCode, int]:
    """Return how much of each asset is in the program while the transaction runs, at most."""
    found = Counter[AssetCode]()
    for each in all_of_it:
        for (_, asset), atoms in each.deposits.items():
            found[asset] += atoms
    return dict(found)
