"""Withdrawals in the core: held, paid, given back, and never twice."""

import msgspec
import pytest

from engine.core.commands import CancelWithdrawal, Command, Deposit, RequestWithdrawal
from engine.core.events import AlreadyRequested, WithdrawalChanged
from engine.core.exchange import Exchange
from engine.core.names import LIFE
from engine.core.refusals import TooManyWithdrawals
from engine.core.snapshot import GENESIS_DIGEST
from engine.core.types import Atoms, Micros, UserId, WithdrawalId
from tests.support.scenario import USD, play_poor

BEGIN = """ann deposit 1000 USD a
           -> deposited 1000 USD
           bob deposit 100 APL b
           -> deposited 100 APL
"""


def test_a_withdrawal_is_held_until_it_has_left() -> None:
    play_poor(f"""{BEGIN}
        ann withdraw 600 USD
        -> withdrawal 1 requested
        ann == 400+600 USD 0+0 APL
        ann buy 41@10
        -> refused insufficient_funds
        paid 1
        -> withdrawal 1 completed
        ann == 400+0 USD 0+0 APL
        vault == -400+0 USD -100+0 APL
        paid 1
        -> refused unknown_withdrawal""")


def test_a_withdrawal_that_is_called_off_comes_back() -> None:
    play_poor(f"""{BEGIN}
        ann withdraw 600 USD
        -> withdrawal 1 requested
        bob keep 1
        -> refused unknown_withdrawal
        ann keep 1
        -> withdrawal 1 canceled
        ann == 1000+0 USD 0+0 APL
        ann keep 1
        -> refused unknown_withdrawal
        paid 1
        -> refused unknown_withdrawal""")


def test_one_balance_cannot_be_withdrawn_twice() -> None:
    play_poor(f"""{BEGIN}
        ann withdraw 1001 USD
        -> refused insufficient_funds
        ann withdraw 0 USD
        -> refused invalid_amount
        ann buy 50@10
        ann withdraw 501 USD
        -> refused insufficient_funds
        ann withdraw 500 USD
        -> withdrawal 1 requested
        ann withdraw 1 USD
        -> refused insufficient_funds""")


def test_of_a_withdrawal_the_fee_goes_to_the_house_when_it_is_done() -> None:
    play_poor(f"""{BEGIN}
        ann withdraw 600 USD fee:600
        -> refused invalid_amount
        ann withdraw 600 USD fee:7
        -> withdrawal 1 requested
        ann == 400+600 USD 0+0 APL
        fees == 0+0 USD 0+0 APL
        paid 1
        -> withdrawal 1 completed
        ann == 400+0 USD 0+0 APL
        fees == 7+0 USD 0+0 APL
        vault == -407+0 USD -100+0 APL""")


def test_a_request_that_comes_again_is_answered_with_the_first() -> None:
    again = "ann withdraw 600 USD id:x"
    play_poor(f"""{BEGIN}
        {again}
        -> withdrawal 1 requested
        {again}
        -> already requested 1
        ann withdraw 600 USD fee:3 id:x
        -> already requested 1
        ann withdraw 599 USD id:x
        -> refused idempotency_key_reused
        ann withdraw 600 USD id:x to:elsewhere
        -> refused idempotency_key_reused
        ann keep 1
        -> withdrawal 1 canceled
        {again}
        -> already requested 1
        bob withdraw 600 USD id:x
        -> refused insufficient_funds""")


def test_a_reference_is_remembered_for_a_day_also_over_a_restart() -> None:
    exchange = Exchange([USD])
    exchange.apply(Deposit(Micros(1), UserId(1000), USD.code, Atoms(100), "a"))
    asked = RequestWithdrawal(Micros(2), UserId(1000), USD.code, Atoms(10), "there", Atoms(0), "x")
    exchange.apply(asked)
    exchange.apply(CancelWithdrawal(Micros(3), UserId(1000), WithdrawalId(1)))
    restored = Exchange()
    restored.restore(exchange.snapshot(seq=0, epoch=0, digest=GENESIS_DIGEST))
    for each in (exchange, restored):
        last = msgspec.structs.replace(asked, at=Micros(2 + LIFE))
        assert each.apply(last) == [AlreadyRequested(WithdrawalId(1))]
        each.state.requests.most = 1
        other = msgspec.structs.replace(asked, at=Micros(2 + LIFE), reference="y")
        with pytest.raises(TooManyWithdrawals):
            each.apply(other)
        (later,) = each.apply(msgspec.structs.replace(other, at=Micros(3 + LIFE)))  # now there is room again
        assert isinstance(later, WithdrawalChanged)


def test_a_withdrawal_of_an_old_log_is_read_as_one_without_fee_or_reference() -> None:
    old = ["withdraw", 1, 1000, "USD", 5, "there"]
    (command,) = msgspec.msgpack.decode(msgspec.msgpack.encode([old]), type=list[Command])
    assert command == RequestWithdrawal(Micros(1), UserId(1000), USD.code, Atoms(5), "there", Atoms(0), "")
