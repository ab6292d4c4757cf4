"""The matching workload: 20,000 resting orders, then 500,000 operations, the same ones for the same seed.

A small reference book runs inside the generator, so every cancel names an order that really rests at that moment, and
every marketable order really trades through one to three price levels and fills completely. The reference's totals are
the oracle: a runner whose totals differ did not do the same work.

Draw per operation: 10 % marketable; the other 90 % split evenly between adds and cancels, except that a cancel drawn
while fewer orders rest than at the start becomes an add (fills remove orders too, so the book would empty).
"""

import bisect
import random
from collections import OrderedDict
from typing import Final, NamedTuple

ADD: Final = 0  # rests
CANCEL: Final = 1  # id names the resting order
TAKE: Final = 2  # a marketable limit order
BUY: Final = 0
SELL: Final = 1

MIDDLE: Final = 1_000_000
MEAN_TICKS: Final = 100  # how far from the middle orders rest, on average
MASK: Final = (1 << 61) - 1


class Operation(NamedTuple):
    """One operation. kind is ADD, CANCEL or TAKE, side BUY or SELL, price in ticks and quantity in lots."""

    kind: int
    side: int
    id: int
    price: int
    quantity: int


class Totals(NamedTuple):
    """What all trades come to; check depends on their order."""

    trades: int = 0
    volume: int = 0
    notional: int = 0
    check: int = 0

    def after(self, taker: int, maker: int, price: int, quantity: int) -> "Totals":
        """Return the totals after one more trade."""
        return Totals(
            self.trades + 1,
            self.volume + quantity,
            self.notional + price * quantity,
            fold(self.check, taker, maker, price, quantity),
        )


class Workload(NamedTuple):
    """Feed prefill untimed, time operations, compare with expected."""

    prefill: list[Operation]
    operations: list[Operation]
    expected: Totals


def fold(check: int, taker: int, maker: int, price: int, quantity: int) -> int:
    """Return the checksum after one more trade."""
    return (check * 31 + taker * 7 + maker * 5 + price * 3 + quantity) & MASK


def generate(operations: int = 500_000, resting: int = 20_000, seed: int = 42) -> Workload:
    """Make a workload of `operations` operations over a book of about `resting` orders."""
    return _Generator(resting, seed).workload(operations)


class _Side:
    """One side of the reference book, best price first."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []  # sign * price
        self.levels: dict[int, OrderedDict[int, int]] = {}

    def add(self, id: int, price: int, quantity: int) -> None:
        key = self.sign * price
        if key not in self.levels:
            self.levels[key] = OrderedDict()
            bisect.insort(self.keys, key)
        self.levels[key][id] = quantity

    def remove(self, id: int, key: int) -> None:
        level = self.levels[key]
        del level[id]
        if not level:
            del self.levels[key]
            del self.keys[bisect.bisect_left(self.keys, key)]


class _Generator:
    def __init__(self, resting: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.resting = resting
        self.sides = (_Side(-1), _Side(1))
        self.place: dict[int, tuple[int, int]] = {}  # id -> side, price
        self.live: list[int] = []  # ids in any order, to draw cancels from
        self.slot: dict[int, int] = {}  # id -> index in live
        self.last_id = 0
        self.totals = Totals()

    def workload(self, count: int) -> Workload:
        prefill = [self.add() for _ in range(self.resting)]
        operations: list[Operation] = []
        while len(operations) < count:
            draw = self.random.random()
            if draw < 0.10:
                taken = self.take()
                if taken is not None:
                    operations.append(taken)
            elif draw < 0.55 or len(self.live) < self.resting:
                operations.append(self.add())
            else:
                operations.append(self.cancel())
        return Workload(prefill, operations, self.totals)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add(self) -> Operation:
        side = self.random.getrandbits(1)
        distance = 1 + int(self.random.expovariate(1 / MEAN_TICKS))
        price = MIDDLE - distance if side == BUY else MIDDLE + distance
        quantity = self.random.randint(1, 100)
        id = self.next_id()
        self.sides[side].add(id, price, quantity)
        self.place[id] = side, price
        self.slot[id] = len(self.live)
        self.live.append(id)
        return Operation(ADD, side, id, price, quantity)

    def cancel(self) -> Operation:
        id = self.live[int(self.random.random() * len(self.live))]
        side, price = self.place[id]
        self.forget(id)
        return Operation(CANCEL, side, id, price, 0)

    def take(self) -> Operation | None:
        side = self.random.getrandbits(1)
        facing = self.sides[1 - side]
        depth = self.random.choice((1, 1, 1, 2, 2, 3))
        if len(facing.keys) < depth:
            return None
        *whole, last = facing.keys[:depth]
        quantity = sum(sum(facing.levels[key].values()) for key in whole)
        quantity += self.random.randint(1, next(iter(facing.levels[last].values())))
        operation = Operation(TAKE, side, self.next_id(), abs(last), quantity)
        self.fill(operation, facing)
        return operation

    def fill(self, taker: Operation, facing: _Side) -> None:
        left = taker.quantity
        while left:
            key = facing.keys[0]
            level = facing.levels[key]
            maker, rests = next(iter(level.items()))
            quantity = min(rests, left)
            left -= quantity
            self.totals = self.totals.after(taker.id, maker, abs(key), quantity)
            if quantity == rests:
                self.forget(maker)
            else:
                level[maker] = rests - quantity

    def forget(self, id: int) -> None:
        side, price = self.place.pop(id)
        self.sides[side].remove(id, self.sides[side].sign * price)
        index, last = self.slot.pop(id), self.live.pop()
        if last != id:
            self.live[index] = last
            self.slot[last] = index


if __name__ == "__main__":
    made = generate()
    print(f"{len(made.prefill):,} resting orders, {len(made.operations):,} operations, {made.expected}")
