import pytest

from data.store.audit import MAX_FINDINGS, AuditReads
from data.store.connection import Connection
from data.store.opening import Place, open_store
from engine.core.commands import PlaceOrder, RequestWithdrawal
from engine.core.events import OrderChanged
from engine.core.types import AssetCode, Atoms, Lots, OrderType, SelfTradePrevention, Side, Ticks
from tests.data.store.books import BTCUSDT, books
from tests.support.database import change, ensure_database


@pytest.fixture
async def sound(place: Place) -> Place:
    """Return sound books in which everything has happened that the checks count."""
    async with books(place) as day:
        ada, bob = await day.person(USDT=10_000), await day.person(BTC=1, USDT=1_000)
        await day.place(ada, "buy", 10, 1_000)
        await day.place(bob, "sell", 5, 1_000)
        await day.place(bob, "sell", 5, 2_000)
        await day.quote(1_500, 1_600)
        await day.place(ada, "buy", 1)
        await day.place(bob, "buy", 10, 1_550)
        command = PlaceOrder(
            day.now(),
            bob,
            BTCUSDT.symbol,
            Side.SELL,
            OrderType.LIMIT,
            Lots(4),
            price=Ticks(1_520),
            self_trade_prevention=SelfTradePrevention.DECREMENT,
        )
        shrunk = (await day.do(command))[0]
        assert isinstance(shrunk, OrderChanged)
        assert shrunk.prevented == 4
        await day.do(RequestWithdrawal(day.now(), bob, AssetCode("BTC"), Atoms(5), "there"))
    return place


def findings(place: Place) -> list[str]:
    with AuditReads(place) as reads:
        return reads.findings()


def test_sound_books_have_no_findings(sound: Place) -> None:
    assert findings(sound) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("UPDATE balances SET available = available + 1 WHERE owner = 1000 AND asset = 'USDT'", "together are 1 atoms"),
        (
            "UPDATE balances SET available = available - 1 WHERE owner = 1000 AND asset = 'USDT'",
            "together are -1 atoms",
        ),
        (
            "UPDATE balances SET available = available + CASE owner WHEN 1000 THEN 1 ELSE -1 END"
            " WHERE owner IN (1000, 1001) AND asset = 'USDT'",
            "owner 1001 USDT available: the balance and its postings differ by -1 atoms",
        ),
        (
            "UPDATE balances SET available = available + 1, held = held - 1 WHERE owner = 1000 AND asset = 'USDT'",
            "owner 1000 USDT: held and what open orders and withdrawals need differ by -1 atoms",
        ),
        ("UPDATE withdrawals SET status = 'canceled'", "owner 1001 BTC: held and what"),
        ("UPDATE orders SET status = 'canceled' WHERE id = 1", "owner 1000 USDT: held and what"),
        (
            "UPDATE orders SET filled = filled + 1 WHERE id = 1",
            "order 1 has filled 6 for 5000, its trades say 5 for 5000",
        ),
        (
            "UPDATE orders SET filled = 1, notional = 1, status = 'partially_filled' WHERE id = 3",
            "its trades say 0 for 0",
        ),
        ("UPDATE trades SET notional = notional + 1 WHERE id = 2", "trade 2 costs"),
        ("DELETE FROM settlement_outbox WHERE trade_id = 1", "trade 1 has no row in the settlement outbox"),
        ("UPDATE candles SET volume = volume + 1 WHERE minutes = 60", "BTCUSDT: the candle of 60 minutes at 16999"),
        ("UPDATE candles SET low = low - 1 WHERE minutes = 1", "the candle of 1 minutes"),
        ("DELETE FROM candles WHERE minutes = 1440", "the candle of 1440 minutes"),
        ("UPDATE deposits SET amount = amount + 1 WHERE user_id = 1001", "deposits of BTC differ"),
        ("DELETE FROM commands WHERE first_seq = 7", "do not follow on 6"),
        ("UPDATE sequencer SET seq = seq + 1", "the sequencer is at"),
        ("UPDATE sequencer SET next_order = next_order + 1", "the sequencer is at"),
        ("UPDATE postings SET credit_owner = 4321 WHERE reason = 'fee'", "points to nothing in users"),
        ("UPDATE postings SET asset = 'DOGE' WHERE reason = 'fee'", "points to nothing in assets"),
        ("UPDATE trades SET maker_order_id = 99 WHERE id = 1", "points to nothing in orders"),
        ("UPDATE orders SET symbol = 'DOGEUSDT' WHERE id = 1", "points to nothing in markets"),
        ("INSERT INTO settlement_outbox (trade_id) VALUES (99)", "points to nothing in trades"),
        ("DELETE FROM postings WHERE reason = 'fee'", "the balance and its postings differ"),
    ],
)
def test_each_fault_is_found(sound: Place, fault: str, said: str) -> None:
    assert change(sound, fault) >= 1
    found = findings(sound)
    assert any(said in sentence for sentence in found), found


def test_findings_are_bounded(sound: Place) -> None:
    for number in range(5_000, 5_050):
        user = f"INSERT INTO users (id, kind, first_name, created_at) VALUES ({number}, 'person', '', 0)"
        change(sound, user, f"INSERT INTO balances VALUES ({number}, 'BTC', 5, 0)")
    assert len([said for said in findings(sound) if "postings differ" in said]) == MAX_FINDINGS


async def test_books_in_use_can_be_read_as_of_one_moment(place: Place) -> None:
    async with books(place) as day:
        ada = await day.person(USDT=10_000)
        await day.place(ada, "buy", 10, 1_000)
        with AuditReads(day.database) as reads:
            before = reads.snapshot()
            await day.place(ada, "buy", 10, 1_000)
            assert reads.snapshot() == before
            assert [row.last_seq for row in reads.log()][-1] == before.seq
            assert reads.findings() == []


async def test_turnover_beyond_63_bits_is_still_proved(place: Place) -> None:
    ensure_database(place)
    store = await open_store(place)
    try:
        await store.take_lead()
        await store.write(_turn_over)
    finally:
        await store.close()
    with AuditReads(place) as reads:
        assert not [finding for finding in reads.findings() if "postings" in finding or "balances" in finding]


def _turn_over(connection: Connection) -> None:
    """Hold and release more than a balance many times over."""
    large = 4 * 10**18
    connection.execute("INSERT INTO assets VALUES ('USDT', 6)")
    connection.execute("INSERT INTO users (id, kind, first_name, created_at) VALUES (1000, 'person', 'Ada', 0)")
    posting = (
        "INSERT INTO postings (asset, debit_owner, debit_kind, credit_owner, credit_kind, amount, reason, cause, at)"
        " VALUES ('USDT', ?, ?, ?, ?, ?, ?, 1, 0)"
    )
    connection.execute(posting, (1, 0, 1000, 0, large, "trade"))
    for _ in range(4):
        connection.execute(posting, (1000, 0, 1000, 1, large, "hold"))
        connection.execute(posting, (1000, 1, 1000, 0, large, "release"))
    connection.executemany("INSERT INTO balances VALUES (?, 'USDT', ?, 0)", [(1, -large), (1000, large)])
