"""What all tests have in common: nothing that one leaves behind costs the next one anything."""

import gc
from collections.abc import Iterator

import pytest
from aiohttp import web_app


def pytest_collection_finish() -> None:
    """Let no collection of garbage look through the modules and tests again, which stay to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _applications_end() -> Iterator[None]:
    """Take the last 1,024 handlers from aiohttp, which remembers them with their applications, and so all exchanges."""
    yield
    web_app._cached_build_middleware.cache_clear()
