"""Everything that a localnet can do wrong, at random, and settlement that stops at random moments."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from data.solana.localnet import faults as f
from engine.core.types import UserId
from tests.data.solana.settlement.settling import House

HELD_S = (0.02, 0.2)  # how long a fault that holds is let be
EXPIRE = 0.1
MOST_LOTS = 1_500  # so that many can only pay with what they have just been paid


async def trouble(house: House, chance: random.Random) -> None:
    """Inflict one fault after another until cancelled. Then all is healed."""
    net = house.world.net
    try:
        while True:
            await asyncio.sleep(chance.uniform(0.0, 0.03))
            if chance.random() < EXPIRE:  # what is sent meanwhile never lands, and is too old afterwards
                await net.inflict(f.DropSends(1_000))
                await asyncio.sleep(chance.uniform(*HELD_S))
                await net.inflict(f.Advance(160))
                await net.inflict(f.Heal())
                continue
            fault = _some_fault(house, chance)
            with suppress(ValueError):  # a fork of what is final
                await net.inflict(fault)
            if isinstance(fault, f.HoldFinality | f.Unavailable | f.RateLimited | f.Slow | f.Unhealthy):
                await asyncio.sleep(chance.uniform(*HELD_S))
                await net.inflict(f.Heal())
    finally:
        await net.inflict(f.Heal())


def _some_fault(house: House, chance: random.Random) -> f.Fault:
    times = chance.randint(1, 4)
    head = house.world.net.chain.blocks.at("confirmed")
    return chance.choice(
        (
            f.DropSends(times),
            f.DropSends(times),
            f.LoseReplies(times),
            f.LoseReplies(times),
            f.FailPreflight(times),
            f.FailPreflight(times, "BlockhashNotFound"),
            f.ExpireBlockhash(str(head.blockhash)),
            f.DropFork(chance.randint(1, 3)),
            f.DropFork(chance.randint(1, 3)),
            f.Advance(chance.choice((1, 10, 160))),
            f.HoldFinality(),
            f.Unavailable(times),
            f.RateLimited(times),
            f.Unhealthy(times),
            f.Slow(0.02, times),
            f.Down(chance.uniform(0.01, 0.1)),
            f.StallPubSub(),
            f.CutPubSub(),
        )
    )


async def settle_through_it(
    house: House, people: Sequence[UserId], trades: int, chance: random.Random, *, starts: int, kills: int
) -> None:
    """Trade and settle amid troubles, begun anew and killed so often at random moments, then once more in peace."""
    troubles = asyncio.create_task(trouble(house, chance))
    ends = [_cancelled] * (starts - kills) + [_killed] * kills
    chance.shuffle(ends)
    try:
        for end in ends:
            await end(house, people, trades // starts, chance)
    finally:
        troubles.cancel()
        await asyncio.wait([troubles])
    async with house.settling(tables=True) as running:
        await running.nothing_owed(20)


async def _cancelled(house: House, people: Sequence[UserId], trades: int, chance: random.Random) -> None:
    async with house.settling(tables=chance.random() < 0.5):
        await house.trades(people, trades, chance, most=MOST_LOTS)
        await asyncio.sleep(chance.choice((0.0, chance.uniform(0, 0.1), chance.uniform(0, 1.0))))


async def _killed(house: House, people: Sequence[UserId], trades: int, chance: random.Random) -> None:
    settler = "tests.data.solana.settlement.settler"
    arguments = [str(house.exchange.path), house.world.net.url, json.dumps(house.mints)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", settler, *arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline()  # else it could not even begin
        await house.trades(people, trades, chance, most=MOST_LOTS)
        await asyncio.sleep(chance.uniform(0, 1.0))
        assert process.returncode is None
    finally:
        process.kill()
        await process.wait()
