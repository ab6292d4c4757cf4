"""Committed batches by hand, for what listens to them."""

from collections.abc import Sequence

from engine.core.events import BalanceChanged, LevelChanged, OrderChanged, Traded
from engine.core.types import Atoms, Lots, Micros, OrderId, Side, Symbol, Ticks, TradeId, UserId, WithdrawalId
from engine.sequencer.batch import Batch


def batch(
    *,
    seq: int = 1,
    levels: Sequence[LevelChanged] = (),
    trades: Sequence[Traded] = (),
    orders: Sequence[OrderChanged] = (),
    balances: Sequence[BalanceChanged] = (),
) -> Batch:
    """Return a batch of one command that did just this."""
    return Batch(
        epoch=1,
        first_seq=seq,
        last_seq=seq,
        at=Micros(0),
        commands=b"",
        digest=b"",
        next_order=OrderId(1),
        next_trade=TradeId(1),
        next_withdrawal=WithdrawalId(1),
        events=[],
        assets=[],
        markets=[],
        orders=list(orders),
        trades=list(trades),
        postings=[],
        balances=list(balances),
        levels=list(levels),
        deposits=[],
        withdrawals=[],
    )


def level(side: str, price: int, quantity: int, symbol: str = "BTCUSDT") -> LevelChanged:
    return LevelChanged(Symbol(symbol), Side(side), Ticks(price), Lots(quantity))


def trade(
    number: int, price: int, quantity: int, *, at: int, symbol: str = "BTCUSDT", taker_side: str = "buy"
) -> Traded:
    """Return a trade between the people 1000 (maker, order 1) and 1001 (taker, order 2)."""
    return Traded(
        id=TradeId(number),
        symbol=Symbol(symbol),
        at=Micros(at),
        price=Ticks(price),
        quantity=Lots(quantity),
        notional=Atoms(price * quantity),
        taker_side=Side(taker_side),
        maker_order=OrderId(1),
        maker=UserId(1000),
        maker_fee=Atoms(0),
        taker_order=OrderId(2),
        taker=UserId(1001),
        taker_fee=Atoms(0),
        reference=0,
    )
