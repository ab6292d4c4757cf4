"""What may be withdrawn, and what state a withdrawal is in: pure, so that every case can be shown."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from engine.core.decimals import TooPrecise, parse, show
from engine.core.market import Asset
from engine.core.refusals import InvalidAmount, TooManyWithdrawals
from engine.core.types import MAX_ATOMS, AssetCode, Atoms, Micros, WithdrawalStatus
from engine.settlement.types import BatchState
from engine.withdrawals.refusals import BelowMinimum, DayLimit
from engine.withdrawals.types import Ending, Terms, Withdrawal, WithdrawalState

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
APPROVALS: Final = 2
FAILURES: Final = 2  # of its transaction, after which a withdrawal has failed
FAILED: Final = frozenset({Ending.REJECTED, Ending.TARGET_REFUSED, Ending.NOT_SENT})

_OF_BATCH: Final[Mapping[BatchState, WithdrawalState]] = {
    BatchState.BATCHED: WithdrawalState.BATCHED,
    BatchState.SENT: WithdrawalState.SENT,
    BatchState.CONFIRMED: WithdrawalState.CONFIRMED,
    BatchState.SETTLED: WithdrawalState.CONFIRMED,  # final there; here in a moment
}


class Rules(Struct, frozen=True):
    """The operator's choices. Amounts are in atoms by asset; an asset that is not named has none of it.

    fees are flat and a part of the amount. Above approval_above within 24 hours two administrators have to agree.
    day_limits and day_value (in the valuation's currency) bound what leaves an account within 24 hours;
    house_day_limits what our keys pay to everybody together, and what is beyond them waits.
    """

    fees: Mapping[AssetCode, Atoms] = {}
    minimums: Mapping[AssetCode, Atoms] = {}
    approval_above: Mapping[AssetCode, Atoms] = {}
    day_limits: Mapping[AssetCode, Atoms] = {}
    day_value: Atoms | None = None
    house_day_limits: Mapping[AssetCode, Atoms] = {}
    delay: Micros = Micros(24 * HOUR)  # of a new address
    confirm_within: Micros = Micros(HOUR // 2)
    most_open: int = 5


def amount_of(text: str, asset: Asset, rules: Rules) -> Atoms:
    """Read what is to be withdrawn, with its fee.

    Raises MalformedNumber, TooLarge, TooPrecise, InvalidAmount or BelowMinimum.
    """
    atoms = parse(text, asset.decimals)
    if atoms is None:
        raise TooPrecise(decimals=asset.decimals)
    if not atoms:
        raise InvalidAmount
    minimum = least(asset.code, rules)
    if atoms < minimum:
        raise BelowMinimum(minimum=show(minimum, asset.decimals), asset=asset.code)
    return Atoms(atoms)


def least(asset: AssetCode, rules: Rules) -> Atoms:
    """Return the smallest amount that can be withdrawn: something of it has to arrive."""
    return Atoms(max(rules.minimums.get(asset, 1), rules.fees.get(asset, 0) + 1))


def check_limits(
    asset: AssetCode,
    amount: Atoms,
    under_way: int,
    leaving: Mapping[AssetCode, Atoms],
    rules: Rules,
    value: Callable[[AssetCode, Atoms], int | None],
) -> None:
    """Raise TooManyWithdrawals or DayLimit where one more is one too many.

    leaving is what is under way or has left within 24 hours, by asset. What has no price counts by its asset alone;
    where nothing bounds that either, `approvals_needed` does.
    """
    if under_way >= rules.most_open:
        raise TooManyWithdrawals(limit=rules.most_open)
    after = {**leaving, asset: Atoms(leaving.get(asset, 0) + amount)}
    limit = rules.day_limits.get(asset)
    if limit is not None and after[asset] > limit:
        left = max(0, limit - leaving.get(asset, 0))
        raise DayLimit(asset=asset, limit_atoms=limit, left_atoms=left)
    most = rules.house_day_limits.get(asset)
    if most is not None and amount > most:  # it would wait for ever, and others behind it
        raise DayLimit(asset=asset, limit_atoms=most, left_atoms=most)
    if rules.day_value is not None:
        worth = sum(value(code, atoms) or 0 for code, atoms in after.items())
        if worth > rules.day_value:
            raise DayLimit


def most(
    asset: AssetCode,
    leaving: Mapping[AssetCode, Atoms],
    rules: Rules,
    value: Callable[[AssetCode, Atoms], int | None],
) -> Atoms | None:
    """Return the largest amount that `check_limits` lets leave now, 0 where none is; None where nothing bounds it.

    It is looked for by asking, so that the two can't differ: what is worth more is refused, too.
    """

    def is_too_much(amount: int) -> bool:
        try:
            check_limits(asset, Atoms(amount), 0, leaving, rules, value)
        except DayLimit:
            return True
        return False

    if not is_too_much(MAX_ATOMS - 1):
        return None
    return Atoms(bisect_left(range(1, MAX_ATOMS), True, key=is_too_much))


def terms(
    asset: AssetCode,
    under_way: int,
    leaving: Mapping[AssetCode, Atoms],
    rules: Rules,
    value: Callable[[AssetCode, Atoms], int | None],
) -> Terms:
    """Return what is to be known before a withdrawal is asked for. leaving is as `check_limits` takes it."""
    day_limit = rules.day_limits.get(asset)
    return Terms(
        asset=asset,
        fee=rules.fees.get(asset, Atoms(0)),
        least=least(asset, rules),
        most=most(asset, leaving, rules, value),
        day_limit=day_limit,
        day_left=None if day_limit is None else Atoms(max(0, day_limit - leaving.get(asset, 0))),
        under_way=under_way,
        most_under_way=rules.most_open,
    )


def approvals_needed(
    asset: AssetCode, amount: Atoms, rules: Rules, value: Callable[[AssetCode, Atoms], int | None]
) -> int:
    """Return how many administrators have to agree: to much, and to what day_value can't bound as it has no price."""
    above = rules.approval_above.get(asset)
    is_much = above is not None and amount > above
    is_unbounded = rules.day_value is not None and asset not in rules.day_limits and value(asset, amount) is None
    return APPROVALS if is_much or is_unbounded else 0


def confirm_by(withdrawal: Withdrawal, rules: Rules) -> Micros:
    """Return until when a withdrawal has to be confirmed."""
    return Micros(withdrawal.asked.created_at + rules.confirm_within)


def waits_until(withdrawal: Withdrawal, rules: Rules) -> Micros:
    """Return until when a confirmed withdrawal waits because its address is new.

    What changes who gets into the account begins the wait anew.
    """
    assert withdrawal.confirmed_at is not None
    if withdrawal.knows_address:
        return withdrawal.confirmed_at
    return Micros(max(withdrawal.confirmed_at, withdrawal.secured_at or 0) + rules.delay)


def state(withdrawal: Withdrawal, rules: Rules, now: Micros) -> WithdrawalState:
    """Return where a withdrawal is."""
    status = withdrawal.asked.status
    if status is WithdrawalStatus.COMPLETED:
        return WithdrawalState.COMPLETED
    if status is WithdrawalStatus.CANCELED:
        return WithdrawalState.FAILED if withdrawal.ending in FAILED else WithdrawalState.CANCELED
    if withdrawal.batch_state is not None:
        return _OF_BATCH[withdrawal.batch_state]
    if withdrawal.confirmed_at is None:
        return WithdrawalState.WAITS_FOR_CONFIRMATION
    if now < waits_until(withdrawal, rules):
        return WithdrawalState.WAITS_FOR_DELAY
    if withdrawal.approvals < withdrawal.approvals_needed:
        return WithdrawalState.WAITS_FOR_APPROVAL
    return WithdrawalState.APPROVED
