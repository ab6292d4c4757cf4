"""The tree beside a slow, obvious one; each leaf's way to the root, and what is no way there."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.types import AssetCode, Atoms, UserId
from engine.solvency.proof import MOST, Forged, Root, Step, verify
from engine.solvency.tree import Owed, SumTree, salt_of
from tests.engine.solvency import models

USDT = AssetCode("USDT")
SECRET = bytes(range(32))

balances = st.dictionaries(st.integers(2, 2**62), st.integers(0, 2**40), max_size=70)


def owed(to: dict[int, int]) -> Owed:
    found = Owed()
    for account, atoms in sorted(to.items()):
        found.add(UserId(account), Atoms(atoms))
    return found


def tree_of(to: dict[int, int], secret: bytes = SECRET) -> SumTree:
    return SumTree(USDT, secret, owed(to))


@settings(deadline=None)
@given(balances)
def test_the_tree_is_that_of_the_model(to: dict[int, int]) -> None:
    tree = tree_of(to)
    expected = [
        models.leaf("USDT", account, atoms, salt_of(SECRET, USDT, UserId(account)))
        for account, atoms in to.items()
        if atoms
    ]
    if not expected:
        assert tree.root is None
        return
    assert tree.root == Root(*models.root(expected))
    assert tree.root.atoms == sum(to.values())


@settings(deadline=None)
@given(balances, st.data())
def test_everybody_who_is_owed_finds_a_way_to_the_root_and_no_other_leaf_goes_it(
    to: dict[int, int], data: st.DataObject
) -> None:
    tree = tree_of(to)
    for account, atoms in to.items():
        leaf = tree.leaf(UserId(account))
        assert (leaf is None) is (atoms == 0)
        if leaf is None:
            continue
        assert tree.root is not None
        path = tree.path(leaf)
        verify(leaf, path, tree.root)
        with pytest.raises(Forged):
            verify(msgspec.structs.replace(leaf, atoms=Atoms(atoms + data.draw(st.integers(1, 9)))), path, tree.root)
        if path:
            with pytest.raises(Forged):
                verify(leaf, path[:-1], tree.root)
            at = data.draw(st.integers(0, len(path) - 1))
            swapped = msgspec.structs.replace(path[at], is_left=not path[at].is_left)
            with pytest.raises(Forged):
                verify(leaf, [*path[:at], swapped, *path[at + 1 :]], tree.root)


def test_who_is_owed_nothing_has_no_leaf() -> None:
    tree = tree_of({1000: 5, 1001: 0})
    assert len(tree) == 1
    assert tree.leaf(UserId(1001)) is None
    assert tree.leaf(UserId(7)) is None


def test_another_secret_puts_people_in_another_order_behind_other_hashes() -> None:
    to = dict.fromkeys(range(1000, 1050), 10)
    one, other = tree_of(to), tree_of(to, bytes(32))
    assert one.root != other.root
    sides = [
        [[step.is_left for step in tree.path(leaf)] for account in to if (leaf := tree.leaf(UserId(account)))]
        for tree in (one, other)
    ]
    assert sides[0] != sides[1]


def test_salts_tell_nothing_of_each_other() -> None:
    salts = {
        salt_of(secret, AssetCode(asset), UserId(account))
        for secret in (SECRET, bytes(32))
        for asset in ("USDT", "BTC")
        for account in (1, 11, 111)
    }
    assert len(salts) == 12


def test_a_long_list_is_built_breath_by_breath() -> None:
    breaths = 0

    def breathe() -> None:
        nonlocal breaths
        breaths += 1

    many = owed({account: account for account in range(1000, 6000)})
    tree = SumTree(USDT, SECRET, many, breathe)
    assert breaths >= 2 * 5000 // 256
    leaf = tree.leaf(UserId(5999))
    assert leaf is not None
    assert tree.root is not None
    verify(leaf, tree.path(leaf), tree.root)


def test_two_people_can_t_be_shown_the_larger_of_them_as_the_total() -> None:
    """What a tree would allow that hashes a total only: 7 is said to be the sum of 7 and of 5."""
    tree = tree_of({1000: 7, 1001: 5})
    first, second = tree.leaf(UserId(1000)), tree.leaf(UserId(1001))
    assert first is not None
    assert second is not None
    [step] = tree.path(first)
    assert tree.root is not None
    claimed = Root(tree.root.hash, 7)
    with pytest.raises(Forged):
        verify(first, [Step(step.is_left, step.hash, 0)], claimed)
    with pytest.raises(Forged, match="negative"):
        verify(first, [Step(step.is_left, step.hash, -7)], claimed)


def test_sums_that_are_too_large_are_refused() -> None:
    tree = tree_of({1000: 7})
    leaf = tree.leaf(UserId(1000))
    assert leaf is not None
    with pytest.raises(Forged, match="too large"):
        verify(leaf, [Step(True, bytes(32), MOST - 7)], Root(bytes(32), MOST))
    with pytest.raises(Forged, match="too large"):
        tree_of({1000: 2**62, 1001: 2**62})
