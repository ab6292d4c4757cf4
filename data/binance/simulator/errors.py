"""Refusals in Binance's words."""

from aiohttp import web


class Refusal(Exception):  # noqa: N818
    """What a request is refused with."""

    def __init__(self, code: int, message: str, status: int = 400, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retry_after_s = retry_after_s

    def answer(self) -> web.Response:
        """Return it as it is sent."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return web.json_response({"code": self.code, "msg": str(self)}, status=self.status, headers=headers)


def of_status(status: int, retry_after_s: int | None = 1) -> Refusal:
    """Return the refusal that goes with 418, 429, 403 or a status of five hundred and more."""
    match status:
        case 418 | 429:
            return Refusal(-1003, "Too much request weight used; please use WebSocket streams.", status, retry_after_s)
        case 504:
            message = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
            return Refusal(-1007, message, status)
        case _:
            return Refusal(-1001, "Internal error; unable to process your request. Please try again.", status)


def invalid_symbol() -> Refusal:
    """Return what an unknown symbol is refused with."""
    return Refusal(-1121, "Invalid symbol.")
