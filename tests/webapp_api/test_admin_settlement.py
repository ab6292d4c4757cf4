"""Administrators see what is owed on the chain and what can't settle, and have it tried again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from data.store.settlement import SqlSettlement
from engine.core.types import AssetCode, Micros, UserId
from engine.ports import ChainUnavailable
from engine.settlement.attempts import Attempt, Fault, Finalized, Statuses
from engine.settlement.fills import Fill, Purse
from engine.settlement.pace import Pace
from engine.settlement.ports import Unsigned
from engine.settlement.settlement import Settlement
from engine.settlement.types import Move, VaultAccount
from tests.webapp_api.house import ADMIN, House
from tests.webapp_api.test_admin_quoting import until
from webapp_api.settling import Settling


class NoChain:
    """A chain that does not answer."""

    def fits(self, moves: Sequence[Move], fills: Sequence[Fill]) -> bool:
        return bool(moves) and bool(fills)

    async def sign(self, batches: Sequence[Unsigned], at: Micros) -> list[Attempt | Fault]:
        raise ChainUnavailable

    async def send(self, raw: bytes) -> Fault | None:
        raise ChainUnavailable

    async def finalized(self) -> Finalized:
        raise ChainUnavailable

    async def statuses(self, signatures: Sequence[str], *, search: bool) -> Statuses:
        raise ChainUnavailable


class NoVault:
    """A vault without accounts."""

    async def ensure(self, purses: Sequence[Purse]) -> None:
        raise ChainUnavailable

    def find(self, user: UserId, asset: AssetCode) -> VaultAccount | None:
        return None

    def of_address(self, token_account: str) -> VaultAccount | None:
        return None


@asynccontextmanager
async def settling(house: House) -> AsyncIterator[Settling]:
    """Let what is owed be settled by a chain that does not answer."""
    store = SqlSettlement(house.store, house.deps.queries)
    settlement = Settlement(NoChain(), NoVault(), store, house.clock, pace=Pace(look_s=0.005))
    await settlement.load()
    shown = house.deps.settling
    shown.is_on = True
    shown.watch(settlement)
    running = asyncio.create_task(settlement.run())
    try:
        yield shown
    finally:
        running.cancel()
        await asyncio.wait([running])
        shown.watch(None)


async def test_what_is_owed_and_what_has_failed_is_shown_and_tried_again(house: House) -> None:
    boss, ada, bob = await house.person(ADMIN), await house.person(1, USDT=100_000), await house.person(2, BTC=1)
    for _ in range(3):
        await bob.place(side="sell", price="50000.00", quantity="0.0100")
        assert (await ada.place(side="buy", price="50000.00", quantity="0.0100")).body["status"] == "filled"
    await house.store.write(
        lambda connection: connection.execute("UPDATE settlement_outbox SET failed = 'frozen' WHERE trade_id <> 2")
    )
    async with settling(house) as shown:
        await _owed(shown, 1)
        seen = (await boss.get("/api/admin/settlement")).body
        assert (seen["owed"], seen["under_way"], seen["transactions_under_way"], seen["failed"]) == (1, 0, 0, 2)
        assert [(each["trade_id"], each["symbol"], each["reason"]) for each in seen["failed_fills"]] == [
            (1, "BTCUSDT", "frozen"),
            (3, "BTCUSDT", "frozen"),
        ]
        told = (await house.nobody.get("/readyz")).body["settlement"]
        assert (told["owed"], told["failed"]) == (1, 2)
        own = (await ada.get("/api/trading/trades")).body["trades"]
        assert [each["settlement"]["state"] for each in own] == ["failed", "owed", "failed"]

        assert (await boss.post("/api/admin/settlement/retry", {"trades": [3, 2, 99]})).body == {"retried": 1}
        await _owed(shown, 2)
        assert (await boss.post("/api/admin/settlement/retry", {})).body == {"retried": 1}
        assert (await boss.post("/api/admin/settlement/retry", {})).body == {"retried": 0}
        await _owed(shown, 3)
        for body in ({"trades": []}, {"trades": [0]}, {"trades": ["1"]}, {"others": [1]}, []):
            assert (await boss.post("/api/admin/settlement/retry", body)).problem == (400, "invalid_request")
    acts = (await boss.get("/api/admin/log")).body["acts"]
    assert acts[-1]["target"] == "/api/admin/settlement/retry"


async def test_where_nothing_settles_it_is_said(house: House) -> None:
    boss = await house.person(ADMIN)
    for ask in (boss.get("/api/admin/settlement"), boss.post("/api/admin/settlement/retry", {})):
        assert (await ask).problem == (409, "settlement_off")
    house.deps.settling.is_on = True
    for ask in (boss.get("/api/admin/settlement"), boss.post("/api/admin/settlement/retry", {})):
        assert (await ask).problem == (503, "busy")


async def _owed(shown: Settling, count: int) -> None:
    async def are() -> bool:
        return shown.backlog is not None and shown.backlog.owed == count

    await until(are)
