"""A text frame as a server sends it: unmasked, in one piece, uncompressed. Source: RFC 6455, section 5.2."""

from typing import Final

_TEXT: Final = 0x81  # final fragment, opcode 1
_SHORT: Final = tuple(bytes((_TEXT, size)) for size in range(126))
_MEDIUM: Final = bytes((_TEXT, 126))
_LONG: Final = bytes((_TEXT, 127))


def text_frame(payload: bytes) -> bytes:
    """Return the frame that carries this UTF-8 text."""
    size = len(payload)
    if size < 126:
        return _SHORT[size] + payload
    if size < 65_536:
        return _MEDIUM + size.to_bytes(2, "big") + payload
    return _LONG + size.to_bytes(8, "big") + payload
