"""What fills come to per account and asset, and the few transfers that do it. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from engine.core.types import AssetCode, Atoms, UserId
from engine.settlement.fills import Fill, Purse
from engine.settlement.types import Move

Net = Mapping[Purse, int]
AddressOf = Callable[[Purse], str]


def net_of(fills: Iterable[Fill]) -> dict[Purse, int]:
    """Return by how much fills change each account's purse in each asset, where they change it."""
    net: defaultdict[Purse, int] = defaultdict(int)
    for fill in fills:
        for purse, atoms in fill.changes():
            net[purse] += atoms
    return {purse: atoms for purse, atoms in net.items() if atoms}


def moves_of(net: Net, address_of: AddressOf) -> tuple[Move, ...]:
    """Return transfers that change the purses by just this: fewer than there are purses, in each asset.

    Whoever pays as much as another receives pays it to that one; then the one who pays most pays whoever receives most.
    """
    payers: defaultdict[AssetCode, list[tuple[int, UserId]]] = defaultdict(list)
    receivers: defaultdict[AssetCode, list[tuple[int, UserId]]] = defaultdict(list)
    for (user, asset), atoms in net.items():
        if atoms:
            (receivers if atoms > 0 else payers)[asset].append((abs(atoms), user))
    moves: list[Move] = []
    for asset in sorted(payers):
        for atoms, payer, receiver in _matched(sorted(payers[asset]), sorted(receivers[asset])):
            source, target = address_of((payer, asset)), address_of((receiver, asset))
            moves.append(Move(asset, Atoms(atoms), source, target))
    return tuple(moves)


def _matched(
    payers: list[tuple[int, UserId]], receivers: list[tuple[int, UserId]]
) -> Iterable[tuple[int, UserId, UserId]]:
    """Yield transfers between payers and receivers of the same sum, each in rising order. Takes the lists apart."""
    assert sum(atoms for atoms, _ in payers) == sum(atoms for atoms, _ in receivers)
    waiting: defaultdict[int, list[UserId]] = defaultdict(list)
    for atoms, receiver in receivers:
        waiting[atoms].append(receiver)
    unpaired: list[tuple[int, UserId]] = []
    for atoms, payer in payers:
        if waiting.get(atoms):
            yield atoms, payer, waiting[atoms].pop()
        else:
            unpaired.append((atoms, payer))
    payers, receivers = unpaired, [(atoms, each) for atoms in sorted(waiting) for each in waiting[atoms]]
    while payers:
        owes, payer = payers.pop()
        wants, receiver = receivers.pop()
        atoms = min(owes, wants)
        yield atoms, payer, receiver
        if owes > atoms:
            payers.append((owes - atoms, payer))
        elif wants > atoms:
            receivers.append((wants - atoms, receiver))
