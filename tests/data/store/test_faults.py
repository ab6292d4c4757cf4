"""A full or read-only disk: the commit fails whole, the writer ends, and what was answered is all there."""

from pathlib import Path

import pytest

from data.store.audit import AuditReads
from engine.core.exchange import Exchange
from engine.sequencer.journal import replay
from tests.data.store.books import books

FULL = "PRAGMA max_page_count = 1"  # which SQLite takes as: no more pages than there are
READ_ONLY = "PRAGMA query_only = ON"


@pytest.mark.parametrize(("fault", "said"), [(FULL, "full"), (READ_ONLY, "readonly")])
async def test_what_was_answered_outlives_a_disk_that_takes_no_more(tmp_path: Path, fault: str, said: str) -> None:
    answered: dict[str, int] = {}
    path = tmp_path / "exchange.db"
    with pytest.raises(Exception, match=said):  # noqa: PT012  it is not known which order meets the end
        async with books(path) as day:
            ada = await day.person(USDT=1_000_000)
            for number in range(900):
                if number == 20:
                    await day.store.write(lambda connection: connection.execute(fault).fetchall())
                order = await day.place(ada, "buy", 1, 1_000_000, client_order_id=f"order-{number}")
                answered[f"order-{number}"] = order.id
    assert len(answered) >= 20
    async with books(path) as day:
        kept = (await day.queries.orders(ada, limit=1_000)).items
        assert {order.client_order_id: order.id for order in kept} == answered
        await day.place(ada, "buy", 1, 1_000_000, client_order_id=f"order-{len(answered)}")
    with AuditReads(path) as reads:
        assert reads.findings() == []
        again = Exchange()
        replay(again, reads.log())
        assert len(again.state.orders) == len(answered) + 1
