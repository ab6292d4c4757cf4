"""Parked fills, beside a model that keeps them all."""

import random

from engine.core.types import TradeId
from engine.settlement.fills import Fill
from engine.settlement.parked import Parked
from tests.engine.settlement.played import Played


def test_what_is_known_of_parked_fills_is_what_a_list_of_them_tells() -> None:
    fills = Played(3, 1_500, 12).fills
    assert len(fills) > 300
    for seed in range(3):
        chance, parked, model = random.Random(seed), Parked(), dict[TradeId, Fill]()
        free, rounds = list(fills), 0
        for _ in range(250):
            _hold(parked, model, chance.sample(fills, 8))
            if chance.random() < 0.4 and free:
                chance.shuffle(free)
                some = [free.pop() for _ in range(min(len(free), chance.randint(1, 30)))]
                parked.park(some)
                model |= {fill.id: fill for fill in some}
            elif parked.in_round:
                upto = TradeId(parked.again + chance.randint(1, 200))
                again = [fill for number, fill in model.items() if parked.again < number <= upto]
                parked.unpark(again, upto)
                for fill in again:
                    del model[fill.id]
                free += again
                if upto >= fills[-1].id:
                    parked.end_round()
                    rounds += 1
            elif model:
                parked.begin_round()
                assert parked.again < min(model)
        assert rounds > 5
        while model:
            if not parked.in_round:
                parked.begin_round()
            again = [fill for number, fill in model.items() if number > parked.again]
            parked.unpark(again, fills[-1].id)
            parked.end_round()
            for fill in again:
                del model[fill.id]
        assert len(parked) == 0
        _hold(parked, model, fills)


def _hold(parked: Parked, model: dict[TradeId, Fill], others: list[Fill]) -> None:
    assert len(parked) == len(model)
    oldest = min((fill.trade.at for fill in model.values()), default=None)
    assert oldest is None or (parked.oldest_at is not None and parked.oldest_at <= oldest)
    for fill in others:
        for purse, _ in fill.debits():
            owed = [atoms for each in model.values() for other, atoms in each.debits() if other == purse]
            assert parked.debits(purse) == sum(owed)
        purses = {purse for purse, _ in fill.debits()}
        older = [each for number, each in model.items() if number < fill.id]
        if any(purse in purses for each in older for purse, _ in each.debits()):
            assert parked.is_before(fill)
