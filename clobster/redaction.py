"""What must never stand in a log, whoever wrote the line: taken out of the whole line, right before it is written.

Nothing of ours logs a secret. This is for what libraries put into exceptions: a URL with its key, a header, a body.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from clobster.config import Settings

HIDDEN: Final = "********"
SHORTEST: Final = 8  # what is shorter would be found everywhere, and is none
_SHAPES: Final = (
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*",  # a JWT
    r"(?<![0-9])[0-9]{6,16}:[\w-]{30,}",  # a bot's token
    r"(?<=Bearer )[^\s\"'\\]+",
    r"(?<=hash=)[0-9a-f]{64}",  # launch data without it opens nothing
    r"(?<=signature=)[\w%+/=-]{40,}",  # of launch data, or of a request to Binance; our logs say transaction
)


class Redaction:
    """Takes out known secrets, and what is shaped like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)
        self._pattern = re.compile("|".join([*map(re.escape, known), *_SHAPES]))

    def __call__(self, line: str) -> str:
        """Return the line without them."""
        return self._pattern.sub(HIDDEN, line)


def secrets_of(settings: Settings) -> list[str]:
    """Return the settings that are secrets, and the keys that providers put into URLs."""
    found = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
    for url in (settings.solana_rpc_url, settings.solana_ws_url):
        if url is not None:
            parts = urlsplit(url)
            found += [parts.path.strip("/"), parts.query, parts.password or ""]
    return found
