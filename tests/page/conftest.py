"""One server for a module, with people who trade; one browser, in which each test opens phones of its own."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from pytest_asyncio import is_async_test

from tests.support.browser import opened
from tests.support.server import Server, call

HERE: Final = Path(__file__).parent
BOSS: Final = 77
PATIENCE_S: Final = 60  # until the localnet makes blocks

expect.set_options(timeout=60_000)  # which only a page that is wrong takes, however busy the machine is


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let all tests of this folder run where their browser does, which is opened once."""
    for item in items:
        if item.path.parent == HERE and is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class Exchange(Server):
    """A server and somebody on the other side of every trade."""

    bob = ""

    def open(self) -> "Exchange":
        self.start()
        self.fund(2, USDT="1000000", BTC="100")
        self.bob = self.sign_in(2, "Bob")
        return self

    def order(self, side: str, quantity: str, price: str) -> dict[str, Any]:
        """Let Bob place an order in BTCUSDT."""
        body = {"symbol": "BTCUSDT", "side": side, "type": "limit", "price": price, "quantity": quantity}
        answer = call("POST", f"{self.url}/api/trading/orders", body, self.bob)
        assert answer.status == 201, answer.body
        return dict(answer.body)

    def clear(self) -> None:
        """Take back all that Bob offers."""
        assert call("DELETE", f"{self.url}/api/trading/orders", token=self.bob).status == 200

    def orders_of(self, telegram_id: int) -> list[dict[str, Any]]:
        token = self.sign_in(telegram_id)
        return list(call("GET", f"{self.url}/api/trading/orders?status=all", token=token).body["orders"])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Open one browser for all tests; each has phones of its own."""
    async with opened() as found:
        yield found


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    folder = Path(tmp_path_factory.mktemp("exchange")) / "var"
    served = Exchange(folder, CLOBSTER_ADMIN_TELEGRAM_IDS=str(BOSS)).open()
    yield served
    served.kill()


@pytest.fixture(scope="module")
def on_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """Yield an exchange with a localnet on which deposits arrive."""
    served = Exchange(
        Path(tmp_path_factory.mktemp("on_chain")) / "var",
        CLOBSTER_SOLANA="localnet",
        CLOBSTER_ADMIN_TELEGRAM_IDS=str(BOSS),
        CLOBSTER_WITHDRAWAL_FEES="BTC=0.0001",
        CLOBSTER_WITHDRAWAL_DAY_LIMITS="BTC=0.5",
    )
    served.start()
    token, until = served.sign_in(2), time.monotonic() + PATIENCE_S
    while call("GET", f"{served.url}/api/portfolio/deposit-address?asset=USDT", token=token).status != 200:
        assert time.monotonic() < until, served.log[-4000:]
        time.sleep(0.1)
    served.fund(2, USDT="10")
    yield served
    served.kill()


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "exchange" in request.fixturenames:
        request.getfixturevalue("exchange").clear()
