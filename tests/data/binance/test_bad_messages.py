"""Messages that are no use: counted, logged once a minute and kind, and never the end of anything."""

import structlog

from data.binance.simulator.malformed import malformed
from tests.data.binance.following import BOTH, BTC, checked, watching
from tests.simulators.binance import BinanceSimulator


async def test_no_message_ends_a_connection_or_a_book() -> None:
    with structlog.testing.capture_logs() as logs:
        async with BinanceSimulator(BOTH, speed=10.0).serving() as binance, watching(binance) as watched:
            await watched.in_sync(5)
            kinds = malformed(BTC)
            for _ in range(3):
                for text in kinds.values():
                    await binance.sockets.say(text)
            await watched.until(lambda: watched.health().malformed >= 3 * len(kinds))
            await watched.in_sync(10, since=len(watched.books))
            assert all(book.in_sync for book in watched.books)
            assert checked(binance, watched.books) == len(watched.books)
            assert binance.connections == 1
            assert watched.health().malformed == 3 * len(kinds)
    said = [line["event"] for line in logs if line["log_level"] == "warning" and "snapshot" not in line["event"]]
    assert len(said) == len(set(said))
    assert "binance: wrong symbol" in said
