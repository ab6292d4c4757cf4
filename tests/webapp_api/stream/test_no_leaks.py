"""Many accounts that sign in, come back, change places and listen at random: each hears of itself alone."""

import random
from pathlib import Path

import pytest

from engine.core.decimals import show
from engine.core.types import UserId
from engine.sequencer.batch import Batch
from tests.webapp_api.stream.test_private_channels import PRIVATE, play
from tests.webapp_api.stream.world import ASSETS, Client, World, world

ACCOUNTS = 20
CLIENTS = 30

Had = tuple[UserId, str, str, str]
"""An account once had this of an asset: available and held."""


class Listener:
    """One connection, which account it speaks for, and what it was told while it did."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.account: int | None = None
        self.seqs: dict[str, int] = {}

    async def act(self, rng: random.Random, tokens: list[str]) -> None:
        chance = rng.random()
        channels = rng.sample(PRIVATE, rng.randrange(1, 4))
        if chance < 0.3:
            account = rng.randrange(ACCOUNTS)
            await self.client.say(op="auth", id="auth", token=tokens[account])
            await self.client.told_so_far()  # what came before was of the account before, and is checked already
            self.account = account
        elif chance < 0.6:
            await self.client.say(op="subscribe", id="subscribe", channels=channels)
        elif chance < 0.8:  # also with the seqs that it had as another
            since = {name: self.seqs.get(name, 1) for name in channels}
            await self.client.say(op="subscribe", id="since", since=since)
        else:
            await self.client.say(op="unsubscribe", id="unsubscribe", channels=channels)


async def check(there: World, listener: Listener, users: list[UserId], had: set[Had]) -> int:
    """See that all it was told is of its account; return how much that was."""
    told = 0
    for message in await listener.client.told_so_far():
        channel = message.get("channel")
        if channel is None:
            continue
        assert listener.account is not None
        user = users[listener.account]
        listener.seqs[channel] = message["seq"]
        told += len(message["data"])
        for each in message["data"]:
            if channel == "user:orders":
                assert await there.queries.order(user, each["id"]) is not None
            elif channel == "user:trades":
                assert await there.queries.order(user, each["order_id"]) is not None
            else:
                assert (user, each["asset"], each["available"], each["held"]) in had
    return told


@pytest.mark.parametrize("seed", [1, 2])
async def test_nobody_is_ever_told_of_another_account(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    had: set[Had] = set()

    def remember(batch: Batch) -> None:
        for balance in batch.balances:
            decimals = ASSETS[balance.asset].decimals
            had.add((balance.owner, balance.asset, show(balance.available, decimals), show(balance.held, decimals)))

    async with world(tmp_path) as there:
        there.sequencer.listeners.append(remember)
        people = [await there.person(USDT=100_000, BTC=1000) for _ in range(ACCOUNTS)]
        users, tokens = [user for user, _ in people], [token for _, token in people]
        listeners = [Listener(await there.client()) for _ in range(CLIENTS)]
        told = 0
        for round_ in range(8):
            for listener in listeners:
                told += await check(there, listener, users, had)
                await listener.act(rng, tokens)
            await play(there, users, 60, seed=1000 * seed + round_)
        for listener in listeners:
            told += await check(there, listener, users, had)
        assert told > 500
