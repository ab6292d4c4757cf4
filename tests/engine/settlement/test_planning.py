"""Which fills go into which batch, against the ledger and against a slow, obvious way to choose them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.types import AssetCode, TradeId, UserId
from engine.settlement.fills import Fill, Purse
from engine.settlement.funds import changes_of
from engine.settlement.netting import moves_of, net_of
from engine.settlement.planning import Planned, Planner, plan
from engine.settlement.types import Move
from tests.engine.settlement.played import Played

NO_LIMIT = 10**6
PLAYED = st.builds(Played, st.integers(0, 2**32), st.integers(1, 120), st.integers(2, 12))


def address(purse: Purse) -> str:
    return f"{purse[0]}:{purse[1]}"


def by_purse(moves: Iterable[Move]) -> dict[Purse, int]:
    """Return by how much moves change each purse."""
    changes = changes_of(moves)
    return {
        (UserId(int(place.split(":")[0])), AssetCode(place.split(":")[1])): atoms for place, atoms in changes.items()
    }


def planner(
    funds: dict[Purse, int],
    *,
    fits: Callable[[Sequence[Move], Sequence[Fill]], bool] = lambda _, __: True,
    most: int = NO_LIMIT,
    apart: Callable[[TradeId], int] = lambda _: 0,
) -> Planner:
    return Planner(lambda purse: funds.get(purse, 0), fits, address, most=most, apart=apart)


def obvious(owed: Iterable[Fill], funds: dict[Purse, int]) -> list[Fill]:
    """Choose what one batch without a limit holds: try each fill, and add all up anew."""
    taken: list[Fill] = []
    waited_for: set[Purse] = set()
    for fill in owed:
        purses = {purse for purse, _ in fill.debits()}
        net = net_of([*taken, fill])
        if purses & waited_for or any(-net.get(purse, 0) > funds.get(purse, 0) for purse in purses):
            waited_for |= purses
        else:
            taken.append(fill)
    return taken


@settings(max_examples=60)
@given(PLAYED)
def test_moves_are_what_the_ledger_posted_and_few(played: Played) -> None:
    for fills in (played.fills, played.fills[::2], played.fills[:1]):
        net = net_of(fills)
        assert net == played.posted({fill.id for fill in fills})
        moves = moves_of(net, address)
        assert by_purse(moves) == net
        assert all(move.atoms > 0 and move.source != move.target for move in moves)
        purses = Counter(asset for _, asset in net)
        for asset, count in Counter(move.asset for move in moves).items():
            assert count < purses[asset]
        sources, targets = {move.source for move in moves}, {move.target for move in moves}
        assert not sources & targets  # so no move waits for another


@settings(max_examples=60)
@given(PLAYED, st.integers(0, 100))
def test_without_a_limit_it_chooses_what_is_obvious(played: Played, percent: int) -> None:
    funds = {purse: atoms * percent // 100 for purse, atoms in played.before.items()}
    chosen = plan(played.fills, planner(funds))
    assert [fill for batch in chosen for fill in batch.fills] == obvious(played.fills, funds)
    assert len(chosen) <= 1


@settings(max_examples=60)
@given(PLAYED, st.integers(1, 9), st.integers(1, 4), st.integers(1, 3))
def test_every_fill_is_in_one_batch_and_nobody_pays_more_than_there_is(
    played: Played, largest: int, most: int, groups: int
) -> None:
    """Plan and settle in turn, until nothing is owed: then the chain has what the ledger has."""
    funds = dict(played.before)
    owed = {fill.id: fill for fill in played.fills}
    while owed:
        made = plan(
            owed.values(),
            planner(funds, fits=lambda _, fills: len(fills) <= largest, most=most, apart=lambda trade: trade % groups),
        )
        assert 0 < len(made) <= most
        assert all(len(batch.fills) <= largest for batch in made)
        assert all(len({fill.id % groups for fill in batch.fills}) == 1 for batch in made)
        _pay(made, funds, played)
        for batch in made:
            for fill in batch.fills:
                del owed[fill.id]  # a fill that is in two of them is not there any more
    assert {purse: atoms for purse, atoms in funds.items() if atoms} == {
        purse: atoms for purse, atoms in played.after.items() if atoms
    }


def _pay(made: Sequence[Planned], funds: dict[Purse, int], played: Played) -> None:
    """Take what all batches take, and only then give what they bring: they may land in any order."""
    brought: defaultdict[Purse, int] = defaultdict(int)
    for batch in made:
        net = by_purse(batch.moves)
        assert net == played.posted({fill.id for fill in batch.fills})
        assert [fill.id for fill in batch.fills] == sorted(fill.id for fill in batch.fills)
        for purse, atoms in net.items():
            if atoms < 0:
                funds[purse] = funds.get(purse, 0) + atoms
                assert funds[purse] >= 0, "more was taken than there was"
            else:
                brought[purse] += atoms
    for purse, atoms in brought.items():
        funds[purse] = funds.get(purse, 0) + atoms


def test_what_waits_holds_up_those_behind_it_and_nobody_else() -> None:
    played = Played(seed=3, orders=150, people=4)
    first = played.fills[0]
    (purse, atoms), (other, _) = first.debits()
    funds = dict.fromkeys((each for fill in played.fills for each, _ in fill.changes()), 10**15)
    funds[purse] = atoms - 1
    taken = {fill.id for batch in plan(played.fills, planner(funds)) for fill in batch.fills}
    behind = {purse, other}
    for fill in played.fills:
        purses = {each for each, _ in fill.debits()}
        if purses & behind:
            behind |= purses
            assert fill.id not in taken
        else:
            assert fill.id in taken
    assert taken
    assert first.id not in taken


def test_a_fill_whose_accounts_are_not_there_waits() -> None:
    played = Played(seed=3, orders=150, people=4)
    missing = {purse for purse, _ in played.fills[0].changes()}
    funds = dict.fromkeys((each for fill in played.fills for each, _ in fill.changes()), 10**15)
    made = plan(
        played.fills,
        Planner(
            lambda purse: funds.get(purse, 0),
            lambda _, __: True,
            lambda purse: None if purse in missing else address(purse),
            most=NO_LIMIT,
        ),
    )
    used = {purse for batch in made for fill in batch.fills for purse, atoms in fill.changes() if atoms}
    assert not used & missing
