"""Deposits and withdrawals."""

import msgspec

from engine.core.commands import CancelWithdrawal, CompleteWithdrawal, Deposit, RequestWithdrawal
from engine.core.events import AlreadyRequested, Deposited, Event, WithdrawalChanged
from engine.core.refusals import (
    AlreadyCredited,
    InsufficientFunds,
    InvalidAmount,
    ReferenceReused,
    UnknownWithdrawal,
)
from engine.core.state import State
from engine.core.types import FEES, MAX_ATOMS, VAULT, Atoms, Kind, Micros, Reason, WithdrawalId, WithdrawalStatus


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
    if command.reference:
        before = state.requests.find(command.user, command.reference, command.at)
        if before is not None:
            if (before.asset, before.amount, before.address) != (command.asset, command.amount, command.address):
                raise ReferenceReused
            return [AlreadyRequested(before.id)]
    if not 0 <= command.fee < command.amount < MAX_ATOMS or command.user == VAULT:
        raise InvalidAmount
    available = state.spendable(command.user, command.asset)
    if command.amount > available:
        raise InsufficientFunds(asset=command.asset, needed_atoms=command.amount, available_atoms=available)
    if command.reference:
        state.requests.check_room(command.at)
    withdrawal = WithdrawalChanged(
        state.next_withdrawal,
        command.user,
        command.asset,
        command.amount,
        command.address,
        WithdrawalStatus.REQUESTED,
        command.at,
        command.at,
        command.fee,
        command.reference,
    )
    if command.reference:
        state.requests.add(withdrawal)
    state.next_withdrawal = WithdrawalId(withdrawal.id + 1)
    state.withdrawals[withdrawal.id] = withdrawal
    state.ledger.hold(command.user, command.asset, command.amount, withdrawal.id, command.at)
    return [withdrawal]


def complete_withdrawal(state: State, command: CompleteWithdrawal) -> list[Event]:
    """Pay what was held: the fee to the house, the rest back to the vault, as the chain owes us that much less."""
    withdrawal = state.withdrawals.get(command.withdrawal)
    if withdrawal is None:
        raise UnknownWithdrawal
    for payee, amount in ((VAULT, Atoms(withdrawal.amount - withdrawal.fee)), (FEES, withdrawal.fee)):
        state.ledger.pay(
            withdrawal.asset,
            withdrawal.user,
            Kind.HELD,
            payee,
            amount,
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
