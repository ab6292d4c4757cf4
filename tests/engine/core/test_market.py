"""A market is valid only where every trade is a whole number of atoms, and every record reads back as it was kept."""

import inspect

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import commands, decimals, events, refusals
from engine.core.commands import Command
from engine.core.events import Event
from engine.core.fees import fee
from engine.core.market import PPM, Asset, Market
from engine.core.types import MAX_ATOMS, AssetCode, Atoms, Lots, Ticks

BTC, USDT, SOL = (Asset(AssetCode(code), decimals) for code, decimals in (("BTC", 8), ("USDT", 6), ("SOL", 9)))


def test_a_unit_is_what_one_lot_costs_at_one_tick() -> None:
    bitcoin = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10_000, lot_atoms=10_000)  # 0.01 USDT, 0.0001 BTC
    solana = Market.of("SOLUSDT", SOL, USDT, tick_atoms=10_000, lot_atoms=1_000_000)  # 0.01 USDT, 0.001 SOL
    assert bitcoin.unit_atoms == 1
    assert solana.unit_atoms == 10
    assert solana.notional(Ticks(14_250), Lots(3_000)) == 427_500_000  # 3 SOL at 142.50 USDT


@pytest.mark.parametrize(
    "wrong",
    [
        {"tick_atoms": 1_000},  # 0.001 USDT x 0.0001 BTC is a tenth of an atom
        {"tick_atoms": 15_000},  # one and a half
        {"lot_atoms": 1},
        {"tick_atoms": 0},
        {"tick_atoms": -10_000},
        {"max_quantity": MAX_ATOMS},
        {"maker_fee_ppm": -1},
        {"taker_fee_ppm": PPM},
    ],
)
def test_a_market_that_is_not_exact_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="BTCUSDT"):
        Market.of("BTCUSDT", BTC, USDT, **({"tick_atoms": 10_000, "lot_atoms": 10_000} | wrong))


@given(st.integers(0, MAX_ATOMS), st.integers(0, PPM - 1))
def test_a_fee_is_rounded_up_by_less_than_one_atom_and_never_more_than_all(received: int, rate: int) -> None:
    paid = fee(Atoms(received), rate)
    assert 0 <= paid * PPM - received * rate < PPM
    assert paid <= received


def test_every_kind_of_record_has_a_tag_of_its_own() -> None:
    for union in (Command, Event):
        tags = [kind.__struct_config__.tag for kind in union.__args__]
        assert len(set(tags)) == len(tags)
        assert None not in tags


def _values(kind: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    return st.builds(msgspec.convert, _fields(kind), st.just(kind))


def _fields(kind: type[msgspec.Struct]) -> st.SearchStrategy[list[object]]:
    return st.tuples(st.just(kind.__struct_config__.tag), *(_field(f.type) for f in msgspec.structs.fields(kind))).map(
        list
    )


def _field(kind: object) -> st.SearchStrategy[object]:
    base = getattr(kind, "__supertype__", kind)
    if base is int:
        return st.integers(-(2**63), 2**63 - 1)
    if base is str:
        return st.text(max_size=5)
    if base in {Asset, Market}:
        return st.fixed_dictionaries({f.name: _field(f.type) for f in msgspec.structs.fields(base)})
    if inspect.isclass(base):  # an enum
        return st.sampled_from([member.value for member in base])
    return st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)).map(list), max_size=3)  # levels


@settings(max_examples=20)
@given(st.data())
@pytest.mark.parametrize("kind", [*Command.__args__, *Event.__args__])
def test_every_record_reads_back_as_it_was_kept(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    union = Command if kind in Command.__args__ else Event
    record = data.draw(_values(kind))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=union) == record


def test_every_refusal_has_a_code_of_its_own_and_a_sentence() -> None:
    kinds = [
        kind
        for module in (refusals, decimals)
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, refusals.Refused) and kind.__module__ == module.__name__
    ]
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert str(kind()).endswith("."), kind


def test_commands_and_events_are_all_in_their_unions() -> None:
    for module, union, helpers in (
        (commands, Command, set()),
        (events, Event, {"Posting", "BalanceChanged", "LevelChanged"}),
    ):
        kinds = {
            name
            for name, kind in vars(module).items()
            if inspect.isclass(kind) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
        }
        assert kinds - helpers == {kind.__name__ for kind in union.__args__}
