"""Colours of pictures, as red, green and blue."""

import enum
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

Colour = tuple[int, int, int]


class Theme(enum.Enum):
    """How a picture looks."""

    DARK = "dark"
    LIGHT = "light"


class Colours(Struct, frozen=True):
    """What is drawn in which colour. The soft ones are for volume, below."""

    ground: Colour
    grid: Colour
    text: Colour
    muted: Colour
    rise: Colour
    fall: Colour
    soft_rise: Colour
    soft_fall: Colour
    buy: Colour
    sell: Colour
    on_tag: Colour


COLOURS: Final[Mapping[Theme, Colours]] = {
    Theme.DARK: Colours(
        ground=(19, 23, 34),
        grid=(38, 44, 60),
        text=(230, 233, 240),
        muted=(150, 158, 175),
        rise=(38, 166, 134),
        fall=(235, 83, 80),
        soft_rise=(28, 82, 76),
        soft_fall=(104, 52, 58),
        buy=(86, 180, 255),
        sell=(255, 179, 71),
        on_tag=(255, 255, 255),
    ),
    Theme.LIGHT: Colours(
        ground=(255, 255, 255),
        grid=(230, 233, 240),
        text=(22, 26, 37),
        muted=(98, 106, 124),
        rise=(10, 140, 105),
        fall=(214, 48, 49),
        soft_rise=(168, 219, 205),
        soft_fall=(245, 183, 181),
        buy=(0, 99, 190),
        sell=(184, 92, 0),
        on_tag=(255, 255, 255),
    ),
}
