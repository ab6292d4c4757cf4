"""What may be spent, from the first batch that takes to the last that is final."""

from msgspec.structs import replace

from engine.core.types import AssetCode, Atoms
from engine.settlement.funds import Funds
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch

VAULT = {"ada", "bob", "cleo"}


def batch(number: int, *moves: tuple[str, int, str], state: BatchState = BatchState.BATCHED) -> SettlementBatch:
    made = tuple(Move(AssetCode("USDT"), Atoms(atoms), source, target) for source, atoms, target in moves)
    return SettlementBatch(number, BatchKind.FILLS, state, made)


def funds(**settled: int) -> Funds:
    made = Funds(VAULT.__contains__)
    made.begin({name: Atoms(atoms) for name, atoms in settled.items()})
    return made


def shown(of: Funds, name: str) -> tuple[int, int, int]:
    return of.settled(name), of.spendable(name), of.withdrawable(name)


def test_what_a_batch_takes_is_gone_at_once_and_what_it_brings_may_be_spent_once_confirmed() -> None:
    money, first = funds(ada=100, bob=10), batch(1, ("ada", 30, "bob"))
    money.follow(first)
    assert shown(money, "ada") == (100, 70, 70)
    assert shown(money, "bob") == (10, 10, 10)
    money.follow(replace(first, state=BatchState.SENT))
    assert shown(money, "bob") == (10, 10, 10)
    money.follow(replace(first, state=BatchState.CONFIRMED))
    assert shown(money, "bob") == (10, 40, 10)
    money.follow(batch(2, ("bob", 35, "cleo")))
    assert shown(money, "bob") == (10, 5, -25)
    money.follow(replace(first, state=BatchState.SENT))  # a fork
    assert shown(money, "bob") == (10, -25, -25)
    money.follow(replace(first, state=BatchState.SETTLED))
    assert shown(money, "ada") == (70, 70, 70)
    assert shown(money, "bob") == (40, 5, 5)


def test_a_batch_that_failed_gives_back_what_it_took() -> None:
    money, first = funds(ada=100), batch(1, ("ada", 30, "bob"))
    money.follow(first)
    money.follow(replace(first, state=BatchState.FAILED))
    assert shown(money, "ada") == (100, 100, 100)
    assert shown(money, "bob") == (0, 0, 0)


def test_what_others_have_is_not_counted() -> None:
    money, out, sweep = funds(ada=100), batch(1, ("ada", 30, "outside")), batch(2, ("deposits", 50, "ada"))
    for each in (out, sweep):
        money.follow(replace(each, state=BatchState.CONFIRMED))
    assert shown(money, "ada") == (100, 120, 70)
    for each in (out, sweep):
        money.follow(replace(each, state=BatchState.SETTLED))
    assert shown(money, "ada") == (120, 120, 120)
    assert shown(money, "outside") == shown(money, "deposits") == (0, 0, 0)


def test_too_little_is_waited_for_only_where_more_comes() -> None:
    money = funds(ada=100)
    poor = batch(2, ("bob", 30, "cleo"), ("cleo", 1, "bob"))
    money.follow(poor)
    assert not money.is_coming({"bob"}, besides=2)  # what it brings itself helps nobody
    money.follow(batch(1, ("ada", 30, "bob")))
    assert money.is_coming({"bob"}, besides=2)
    assert not money.is_coming({"ada"}, besides=2)
    money.follow(batch(1, ("ada", 30, "bob"), state=BatchState.SETTLED))
    assert not money.is_coming({"bob"}, besides=2)
