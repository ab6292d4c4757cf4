"""How far a trade has come on the chain: told to its parties by the channel of their trades."""

import asyncio
from pathlib import Path

from data.store.settlement import SqlSettlement
from engine.core.types import TradeId
from engine.settlement.fills import Fill
from engine.settlement.types import SettlementState
from tests.webapp_api.stream.test_ws_orders import limit_order
from tests.webapp_api.stream.world import PATIENCE_S, Client, World, world

TRADES = "user:trades"


async def fills(there: World) -> list[Fill]:
    return await SqlSettlement(there.store, there.queries).owed(TradeId(0), 100)


async def trade(buyer: Client, seller: Client, times: int) -> None:
    for number in range(times):
        await seller.ask(op="order.place", id=number, params=limit_order("sell", "100.00", "0.1000"))
        await buyer.ask(op="order.place", id=number, params=limit_order("buy", "100.00", "0.1000"))


async def test_a_trade_is_told_again_to_its_parties_when_it_goes_on(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (_, one), (_, two), (_, three) = [await there.person(USDT=1000, BTC=10) for _ in range(3)]
        buyer, seller, eve = [await there.client(token) for token in (one, two, three)]
        for client in (buyer, seller, eve):
            await client.ask(op="subscribe", id=1, channels=[TRADES])
            await client.of(TRADES)
        await trade(buyer, seller, 2)
        told = [*(await buyer.of(TRADES))["data"], *(await buyer.of(TRADES))["data"]]
        there.hub.on_settlement(await fills(there), SettlementState.SENT, "a signature")
        again = await buyer.of(TRADES)
        assert [each["settlement"]["signature"] for each in again["data"]] == ["a signature", "a signature"]
        assert again["data"][0]["settlement"]["explorer"]
        assert again["data"] == [
            each | {"settlement": new["settlement"]} for each, new in zip(told, again["data"], strict=True)
        ]
        there.hub.on_settlement((await fills(there))[1:], SettlementState.OWED, None)
        (back,) = (await buyer.of(TRADES))["data"]
        assert back == told[1]
        updates = [await seller.of(TRADES) for _ in range(4)]
        heard = [(each["maker"], each["settlement"]["state"]) for update in updates for each in update["data"]]
        assert heard == [(True, state) for state in ("owed", "owed", "sent", "sent", "owed")]
        assert await eve.told_so_far() == []


async def test_what_goes_on_while_a_snapshot_is_read_is_told_after_it_without_a_gap(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        (_, one), (_, two) = [await there.person(USDT=1000, BTC=10) for _ in range(2)]
        buyer, seller = await there.client(one), await there.client(two)
        await trade(buyer, seller, 1)
        await seller.ask(op="order.place", id=1, params=limit_order("sell", "100.00", "0.1000"))
        there.told.clear()  # what is committed now is read, and told of later
        await buyer.say(op="order.place", id=1, params=limit_order("buy", "100.00", "0.1000"))
        async with asyncio.timeout(PATIENCE_S):
            while len(await fills(there)) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        listener = await there.client(one)
        await listener.say(op="subscribe", id=1, channels=[TRADES])
        assert not [
            each for each in await listener.rest(0.05) if "channel" in each
        ]  # it waits to be told what the snapshot contains
        there.hub.on_settlement((await fills(there))[:1], SettlementState.CONFIRMED, "a signature")
        there.told.set()
        await buyer.answer(1)
        there.hub.on_settlement(await fills(there), SettlementState.SETTLED, "a signature")
        messages = [message for message in await listener.told_so_far() if message.get("channel") == TRADES]
        assert [message["type"] for message in messages][:2] == ["snapshot", "update"]
        seqs = [message["seq"] for message in messages]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert [each["settlement"]["state"] for each in messages[1]["data"]] == ["confirmed"]
        last = {each["trade_id"]: each["settlement"]["state"] for message in messages for each in message["data"]}
        assert last == {1: "settled", 2: "settled"}
