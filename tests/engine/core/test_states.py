"""Market states: who may do what with orders, while money and what rests stay as they are."""

import msgspec
import pytest

from engine.core.commands import Command, ListMarket
from engine.core.events import MarketListed
from engine.core.types import MarketState, Micros
from engine.sequencer.journal import chain, encode
from tests.support.scenario import MARKET, play

DECODER = msgspec.msgpack.Decoder(list[Command])


def test_cancel_only_takes_no_new_orders_and_lets_go_of_the_old() -> None:
    play("""ann buy 5@100
            ann buy 5@99
            market cancel_only
            bob sell 5@100
            -> refused market_cancel_only
            bob sell 5
            -> refused market_cancel_only
            ann amend 1 3
            -> reduced 1 2
            == 3@100 5@99 |
            ann cancel 1
            -> order 1 canceled 3
            ann cancel all
            -> order 2 canceled 5""")


def test_nothing_is_done_with_orders_in_a_halted_market_and_they_keep_their_place() -> None:
    play("""ann buy 5@100
            bob buy 5@100
            market halted
            cid sell 5@100
            -> refused market_halted
            ann amend 1 3
            -> refused market_halted
            ann cancel 1
            -> refused market_halted
            ann cancel all
            -> refused market_halted
            cid cancel all
            bob cancel 1
            -> refused unknown_order
            == 10@100 |
            market trading
            cid sell 5@100
            -> trade 1 3 5@100
            -> order 1 filled
            -> order 3 filled""")


@pytest.mark.parametrize("state", ["cancel_only", "halted"])
def test_money_comes_and_goes_in_any_state(state: str) -> None:
    play(f"""market {state}
             ann deposit 500 USD more
             -> deposited 500 USD
             ann withdraw 500 USD
             -> withdrawal 1 requested
             paid 1
             -> withdrawal 1 completed""")


@pytest.mark.parametrize("state", ["cancel_only", "halted"])
def test_a_retry_is_answered_with_the_order_that_was_placed_before(state: str) -> None:
    play(f"""ann buy 5@100 id:mine
             market {state}
             ann buy 5@100 id:mine
             -> already placed 1
             ann buy 6@100 id:mine
             -> refused client_order_id_reused
             ann buy 5@100 id:other
             -> refused market_{state}""")


@pytest.mark.parametrize("state", ["cancel_only", "halted"])
def test_a_ladder_can_be_withdrawn_and_not_changed(state: str) -> None:
    play(f"""quote 5@99 | 5@101
             market {state}
             quote 4@99 | 5@101
             -> refused market_{state}
             quote |
             == |
             quote 5@99 |
             -> refused market_{state}
             market trading
             quote 5@99 |
             == 5@99 |""")


def test_a_log_from_before_there_were_states_reads_and_digests_as_it_did() -> None:
    terms = {name: getattr(MARKET, name) for name in MARKET.__struct_fields__ if name != "state"}
    kept = msgspec.msgpack.encode([["list_market", 1, terms]])
    assert DECODER.decode(kept) == [ListMarket(Micros(1), MARKET)]
    assert encode([ListMarket(Micros(1), MARKET)]) == kept
    told = msgspec.msgpack.encode(([["market_listed", terms]], []))
    assert msgspec.msgpack.encode(([MarketListed(MARKET)], [])) == told
    halted = msgspec.structs.replace(MARKET, state=MarketState.HALTED)
    assert DECODER.decode(encode([ListMarket(Micros(1), halted)])) == [ListMarket(Micros(1), halted)]
    assert chain(b"", [MarketListed(halted)], []) != chain(b"", [MarketListed(MARKET)], [])
