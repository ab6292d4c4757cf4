"""The bot's HTTP session with Telegram."""

from typing import Final

from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from typing_extensions import override

TELEGRAM: Final = "https://api.telegram.org"
REQUEST_S: Final = 15.0


class Session(AiohttpSession):
    """aiogram's, without the quarter of a second that it sleeps at its end: aiohttp itself waits for what closes."""

    def __init__(self, api_url: str | None) -> None:
        server = TelegramAPIServer.from_base((api_url or TELEGRAM).rstrip("/"))
        super().__init__(api=server, timeout=REQUEST_S)

    @override
    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
