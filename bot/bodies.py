"""What a notice says, kept as text keys and not as text: its reader's language is looked up when it is sent."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from bot.texts import Say
from engine.accounts.notifications import Kind


class Body(Struct, frozen=True, omit_defaults=True):
    """What is told: a text by its key, or, without one, the order that the topic names, as it is then.

    A parameter that begins with "@" is the key of a text itself. times says how often it has changed since it rang;
    card says that it is told in the card that asked for it, and what comes of it later is told elsewhere.
    """

    kind: Kind
    key: str = ""
    params: Mapping[str, str] = {}
    times: int = 1
    card: bool = False

    def text(self, say: Say) -> str:
        """Return it in a language."""
        params = {
            name: say.texts.get(each[1:], each[1:]) if each.startswith("@") else each
            for name, each in self.params.items()
        }
        told = say.texts[self.key].format(**params)
        return told if self.times < 2 else f"{told}\n{say('alarm.times', times=self.times)}"


_DECODER: Final = msgspec.json.Decoder(Body)


def encode(body: Body) -> str:
    """Return a body as it is kept."""
    return msgspec.json.encode(body).decode()


def decode(text: str) -> Body:
    """Read what `encode` wrote. Raises msgspec.ValidationError."""
    return _DECODER.decode(text)
