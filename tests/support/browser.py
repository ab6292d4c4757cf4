"""A real browser for tests: the Chromium that is installed, driven by Playwright. A `conftest` takes the fixture up."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PHONE = {"width": 390, "height": 844}


def installed() -> str | None:
    """Return the path of the Chromium that is installed, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Open a browser; where none is installed, the test says so."""
    async with opened() as found:
        yield found


@asynccontextmanager
async def opened() -> AsyncIterator[Browser]:
    """Open a browser until left; where none is installed, the test says so."""
    path = installed()
    if path is None:
        pytest.skip("there is no Chromium here")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield found
        await found.close()
