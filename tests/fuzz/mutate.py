"""What is like a good sample and is none: bytes and JSON changed by lot. The same seed gives the same play."""

import json
import random
from typing import Any

HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e308, 2**53, 2**63, -(2**63) - 1, 10**400, "", "0", "-1", "NaN", "Infinity", "1e5", "0x10",
    "\u0660", "\ud800", "\0", "'; DROP TABLE orders; --", "../../etc/passwd", "A" * 5_000, "9" * 400, [], {}, [[]],
    {"": ""},    "\U0001f4a9", "\u202e", "null", "__proto__", "BTCUSDT", "1.0", "+1", " 1", "1 ", ".5", "5.",
)  # fmt: skip
SPICE = (
    b"\0",
    b"\xff",
    b"\xc3\x28",
    b'"',
    b"{",
    b"[" * 200,
    b"}",
    b"\\u",
    b"%",
    b"&",
    b"=",
    b"\r\n",
    b"9" * 50,
    b"e999",
)


def bytes_like(sample: bytes, chance: random.Random) -> bytes:
    """Return the sample with a few of its bytes changed, cut, doubled or strewn with what is special somewhere."""
    made = bytearray(sample)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(5):
            case 0:
                made[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del made[at : at + chance.randint(1, 8)]
            case 2:
                made[at:at] = chance.choice(SPICE)
            case 3:
                made[at:at] = made[chance.randrange(len(made) + 1) :][: chance.randint(1, 40)]
            case _:
                del made[at:]
    return bytes(made)


def value_like(sample: Any, chance: random.Random) -> Any:
    """Return JSON's value with something in it replaced, left out, doubled or added."""
    if isinstance(sample, dict) and sample and chance.random() < 0.8:
        made = dict(sample)
        name = chance.choice(list(made))
        match chance.randrange(4):
            case 0:
                del made[name]
            case 1:
                made[chance.choice(["x", "__class__", name + "s", name.upper()])] = chance.choice(HOSTILE)
            case _:
                made[name] = value_like(made[name], chance)
        return made
    if isinstance(sample, list) and sample and chance.random() < 0.8:
        items = list(sample)
        at = chance.randrange(len(items))
        if chance.random() < 0.3:
            items[at:at] = [items[at]] * chance.randint(1, 300)
        else:
            items[at] = value_like(items[at], chance)
        return items
    return chance.choice(HOSTILE)


def json_like(sample: Any, chance: random.Random) -> bytes:
    """Return what is nearly the sample's JSON: its value changed, or its bytes, or both."""
    value = value_like(sample, chance) if chance.random() < 0.7 else sample
    text = json.dumps(value).encode()
    return bytes_like(text, chance) if chance.random() < 0.5 else text
