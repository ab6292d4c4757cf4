"""Work with a remote that never ends: whatever fails is tried again, less and less often."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from engine.ports import ChainUnavailable
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 10.0


async def keep_trying(
    name: str, work: Callable[[], Awaitable[None]], *, longest_wait_s: float = LONGEST_WAIT_S
) -> None:
    """Do it until cancelled. After it went well for a while, the next wait is short again."""
    loop = asyncio.get_running_loop()
    wait_s = first_wait_s = min(FIRST_WAIT_S, longest_wait_s)
    while True:
        began_s = loop.time()
        try:
            await work()
        except* (ChainUnavailable, Busy) as errors:
            log.info("waiting for the chain", what=name, why=str(_first(errors)))
        except* Exception:  # ours: trading goes on, and so does this when it works again
            log.exception("failed, and tried again", what=name)
        if loop.time() - began_s > longest_wait_s:
            wait_s = first_wait_s
        await asyncio.sleep(random.uniform(wait_s / 2, wait_s))  # noqa: S311  jitter, no secret
        wait_s = min(longest_wait_s, wait_s * 2)


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
