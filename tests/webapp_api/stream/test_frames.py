"""Frames against another implementation's reading of RFC 6455."""

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from webapp_api.stream.frames import text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])
def test_a_frame_is_read_as_it_was_written(size: int) -> None:
    payload = b"x" * size
    stream = StreamReader()
    stream.feed_data(text_frame(payload))
    stream.feed_eof()
    parsing = Frame.parse(stream.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    frame = done.value.value
    assert (frame.opcode, frame.fin, frame.data) == (Opcode.TEXT, True, payload)
