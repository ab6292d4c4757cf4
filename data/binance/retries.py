"""What is done about a remote that fails: say why, wait, try again."""

import random
from typing import Final

MOST_CHARACTERS: Final = 200  # of a remote's words: an answer that is a page of HTML would be told whole


def pause_s(failures: int, first_s: float, last_s: float) -> float:
    """Return how long to wait after some failures in a row: doubling, and never two programs in step."""
    longest_s = min(last_s, first_s * 2.0 ** min(failures - 1, 10))
    return random.uniform(longest_s / 2, longest_s)  # noqa: S311  jitter, no secret


def reason(error: Exception) -> str:
    """Return what to write about it into the log."""
    if isinstance(error, ExceptionGroup):
        return "; ".join(reason(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {str(error)[:MOST_CHARACTERS]}"
