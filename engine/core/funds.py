"""Deposits and withdrawals."""

import msgspec

from engine.core.commands import CancelWithdrawal, CompleteWithdrawal, Deposit, RequestWithdrawal
from engine.core.events import Deposited, Event, WithdrawalChanged
from engine.core.refusals import AlreadyCredited, InsufficientFunds, InvalidAmount, UnknownWithdrawal
from engine.core.state import State
from engine.core.types import MAX_ATOMS, VAULT, Kind, Micros, Reason, WithdrawalId, WithdrawalStatus


def deposit(state: State, command: Deposit) -> list[Event]:
    """Credit an arrival, once."""
    state.check_asset(command.asset)
    if command.reference in state.deposits:
        raise AlreadyCredited
    owed = -state.ledger.available(VAULT, command.asset)
    if not 0 < command.amount < MAX_ATOMS - owed or command.user == VAULT:
        raise InvalidAmount
    state.deposits.add(command.reference)
    state.ledger.pay(command.asset, VAULT, Kind.AVAILABLE, command.user, command.amount, Reason.DEPOSIT, 0, command.at)
    return [Deposited(command.user, command.asset, command.amount, command.reference, command.at)]


def request_withdrawal(state: State, command: RequestWithdrawal) -> list[Event]:
    """Hold what is to leave."""
    state.check_asset(command.asset)
    if not 0 < command.amount < MAX_ATOMS or command.user == VAULT:
        raise InvalidAmount
    available = state.spendable(command.user, command.asset)
    if command.amount > available:
        raise InsufficientFunds(asset=command.asset, needed_atoms=command.amount, available_atoms=available)
    withdrawal = WithdrawalChanged(
        state.next_withdrawal,
        command.user,
        command.asset,
        command.amount,
        command.address,
        WithdrawalStatus.REQUESTED,
        command.at,
        command.at,
    )
    state.next_withdrawal = WithdrawalId(withdrawal.id + 1)
    state.withdrawals[withdrawal.id] = withdrawal
    state.ledger.hold(command.user, command.asset, command.amount, withdrawal.id, command.at)
    return [withdrawal]


def complete_withdrawal(state: State, command: CompleteWithdrawal) -> list[Event]:
    """Pay what was held back to the vault: the chain owes us that much less."""
    withdrawal = state.withdrawals.get(command.withdrawal)
    if withdrawal is None:
        raise UnknownWithdrawal
    state.ledger.pay(
        withdrawal.asset,
        withdrawal.user,
        Kind.HELD,
        VAULT,
        withdrawal.amount,
        Reason.WITHDRAWAL,
        withdrawal.id,
        command.at,
    )
    return [_end(state, withdrawal, WithdrawalStatus.COMPLETED, command.at)]


def cancel_withdrawal(state: State, command: CancelWithdrawal) -> list[Event]:
    """Give back what was held. Somebody else's withdrawal is as unknown as one that never was."""
    withdrawal = state.withdrawals.get(command.withdrawal)
    if withdrawal is None or withdrawal.user != command.user:
        raise UnknownWithdrawal
    state.ledger.release(withdrawal.user, withdrawal.asset, withdrawal.amount, withdrawal.id, command.at)
    return [_end(state, withdrawal, WithdrawalStatus.CANCELED, command.at)]


def _end(state: State, withdrawal: WithdrawalChanged, status: WithdrawalStatus, at: Micros) -> WithdrawalChanged:
    del state.withdrawals[withdrawal.id]
    return msgspec.structs.replace(withdrawal, status=status, updated_at=at)
