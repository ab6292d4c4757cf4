"""Who trades with whom. A plan touches nothing, so that an order is refused whole or done whole."""

import enum
from typing import Final

from engine.core.book import BookSide, Order
from engine.core.types import Atoms, Lots, SelfTradePrevention, Ticks, UserId


class Step(enum.Enum):
    """What happens to a resting order."""

    TRADE = 0
    EXPIRE = 1  # self-trade prevention takes it off
    DECREMENT = 2  # self-trade prevention takes as much of it as of the taker


TRADE: Final = Step.TRADE


class Plan:
    """What an incoming order would do now. Steps are in the order in which they happen."""

    __slots__ = ("filled", "left", "notional", "out_of_book", "prevented", "steps", "stopped")

    def __init__(self) -> None:
        self.steps: list[tuple[Order, Lots, Step]] = []
        self.filled = 0  # lots
        self.prevented = 0  # lots
        self.notional = 0  # quote atoms
        self.left = Lots(0)  # of what was wanted; for an order by quote amount only whether anything is left
        self.stopped = False  # by self-trade prevention
        self.out_of_book = False  # nothing more rests within the limit


def plan(
    facing: BookSide,
    limit: Ticks,
    quantity: Lots,
    unit_atoms: Atoms,
    user: UserId,
    prevention: SelfTradePrevention,
) -> Plan:
    """Plan to trade up to `quantity` lots at `limit` or better."""
    result = Plan()
    left = quantity
    for level in facing.walk(limit):
        left = _take_level(result, level.head, level.price * unit_atoms, left, user, prevention)
        if not left or result.stopped:
            break
    else:
        result.out_of_book = True
    result.left = left
    return result


def plan_by_quote(
    facing: BookSide,
    limit: Ticks,
    budget: Atoms,
    unit_atoms: Atoms,
    user: UserId,
    prevention: SelfTradePrevention,
) -> Plan:
    """Plan to trade as many whole lots as up to `budget` quote atoms pay for at `limit` or better."""
    result = Plan()
    spent = 0
    for level in facing.walk(limit):
        lot_atoms = level.price * unit_atoms
        wanted = Lots((budget - spent) // lot_atoms)
        left = _take_level(result, level.head, lot_atoms, wanted, user, prevention)
        spent += (wanted - left) * lot_atoms
        if not left or result.stopped:
            traded = result.filled or result.prevented
            result.left = left if traded else Lots(1)  # less than a lot may be all there is to spend at a later price
            break
    else:
        result.out_of_book = True
        result.left = Lots(1)
    return result


def _take_level(
    result: Plan, head: Order | None, lot_atoms: int, wanted: Lots, user: UserId, prevention: SelfTradePrevention
) -> Lots:
    """Plan to take up to `wanted` lots of one level; return how many are still wanted."""
    steps = result.steps
    left = wanted
    filled = prevented = 0
    order = head
    while order is not None and left:
        lots = order.remaining if order.remaining < left else left
        if order.user != user:
            steps.append((order, lots, TRADE))
            filled += lots
        elif prevention is SelfTradePrevention.DECREMENT:
            steps.append((order, lots, Step.DECREMENT))
            prevented += lots
        else:
            if prevention is not SelfTradePrevention.EXPIRE_TAKER:
                steps.append((order, order.remaining, Step.EXPIRE))
            if prevention is not SelfTradePrevention.EXPIRE_MAKER:
                result.stopped = True
                break
        left = Lots(wanted - filled - prevented)
        order = order.after
    result.filled += filled
    result.prevented += prevented
    result.notional += filled * lot_atoms
    return left
