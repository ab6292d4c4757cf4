"""From a scene to a PNG, by Pillow. Some twenty milliseconds, which belong into a thread."""

import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from bot.chart.axes import price_text
from bot.chart.layout import BOTTOM, HEIGHT, LEFT, TAG, TOP, VOLUME_BOTTOM, VOLUME_TOP, WIDTH, Layout, Mark, lay_out
from bot.chart.scene import Scene
from bot.chart.themes import COLOURS, Colour, Colours, Theme
from engine.core.types import BUY

TITLE: Final = 46  # heights of letters, in pixels: a phone shows the picture at a third of its width
TEXT: Final = 32
TITLE_BASE: Final = 62  # on which the title's letters stand
COMPRESSION: Final = 3  # zlib's level: more takes longer than it saves on the way to Telegram
BESIDE: Final = 14  # left of and right of a price on its axis
TRIANGLE: Final = 11  # half of a fill's width
DASH: Final = 14
WICK: Final = 1  # pixels on both sides of the middle


class Painter:
    """Draws one picture at a time: its fonts are not made for two threads."""

    def __init__(self) -> None:
        self._title = _font(TITLE)
        self._text = _font(TEXT)

    def png(self, scene: Scene, theme: Theme) -> tuple[bytes, int]:
        """Return a picture, and how many open orders are too far away to be in it."""
        highest = max((bar.high for bar in scene.bars), default=0)
        widest = price_text(highest, 1, scene.decimals, scene.places)
        laid = lay_out(scene, int(self._text.getlength(widest)) + 2 * BESIDE)
        image = Image.new("RGB", (WIDTH, HEIGHT), COLOURS[theme].ground)
        canvas = _Canvas(ImageDraw.Draw(image), COLOURS[theme], self._title, self._text, laid)
        canvas.head(scene)
        if scene.bars:
            canvas.grid()
            canvas.candles()
            canvas.levels()
            canvas.last_price()
            canvas.marks()
        else:
            canvas.empty(scene.empty)
        file = io.BytesIO()
        image.save(file, "PNG", compress_level=COMPRESSION)
        return file.getvalue(), laid.outside


class _Canvas:
    """A picture that is being drawn, from the ground upwards."""

    def __init__(
        self,
        draw: ImageDraw.ImageDraw,
        colours: Colours,
        title: ImageFont.FreeTypeFont,
        text: ImageFont.FreeTypeFont,
        laid: Layout,
    ) -> None:
        self._draw = draw
        self._colours = colours
        self._title = title
        self._text = text
        self._laid = laid

    def head(self, scene: Scene) -> None:
        self._draw.text((LEFT, TITLE_BASE), scene.title, self._colours.text, self._title, anchor="ls")
        beside = LEFT + self._title.getlength(f"{scene.title}  ")
        self._draw.text((beside, TITLE_BASE), scene.interval.value, self._colours.muted, self._title, anchor="ls")
        if scene.volume:
            self._draw.text((LEFT, VOLUME_TOP - 8), scene.volume, self._colours.muted, self._text, anchor="lb")

    def empty(self, text: str) -> None:
        self._draw.text((WIDTH // 2, HEIGHT // 2), text, self._colours.muted, self._title, anchor="mm")

    def grid(self) -> None:
        colours, right = self._colours, self._laid.right
        for y, text in self._laid.prices:
            self._draw.line((0, y, right, y), colours.grid)
            self._draw.text((right + BESIDE, y), text, colours.muted, self._text, anchor="lm")
        for x, text in self._laid.times:
            for top, bottom in ((TOP - 8, BOTTOM), (VOLUME_TOP, VOLUME_BOTTOM)):  # what volume is called stands between
                self._draw.line((x, top, x, bottom), colours.grid)
            half = int(self._text.getlength(text)) // 2
            beneath = min(max(x, LEFT + half), right - half)
            self._draw.text((beneath, HEIGHT - 8), text, colours.muted, self._text, anchor="ms")
        self._draw.line((0, VOLUME_BOTTOM + 1, right, VOLUME_BOTTOM + 1), colours.grid)
        self._draw.text((right + BESIDE, HEIGHT - 8), "UTC", colours.muted, self._text, anchor="ls")

    def candles(self) -> None:
        colours, draw = self._colours, self._draw
        for each in self._laid.candles:
            colour, soft = (colours.rise, colours.soft_rise) if each.rises else (colours.fall, colours.soft_fall)
            if each.volume_top is not None:
                draw.rectangle((each.left, each.volume_top, each.right, VOLUME_BOTTOM), soft)
            draw.rectangle((each.x - WICK, each.high, each.x + WICK, each.low), colour)
            draw.rectangle((each.left, each.top, each.right, each.bottom), colour)

    def last_price(self) -> None:
        if self._laid.last is None:
            return
        y, text, rose = self._laid.last
        colour = self._colours.rise if rose else self._colours.fall
        self._dashes(y, colour, DASH // 3)
        self._tag(y, text, colour, self._colours.on_tag)

    def levels(self) -> None:
        for each in self._laid.levels:
            colour = self._colours.buy if each.side is BUY else self._colours.sell
            self._dashes(each.y, colour, DASH)
            if each.text is not None:
                self._tag(each.y, each.text, self._colours.ground, colour, colour)

    def marks(self) -> None:
        for mark in self._laid.marks:
            self._mark(mark)

    def _mark(self, mark: Mark) -> None:
        """Point at a fill's price: from below where it was bought, from above where it was sold."""
        down = 1 if mark.side is BUY else -1
        corners = [
            (mark.x, mark.y),
            (mark.x - TRIANGLE, mark.y + down * 2 * TRIANGLE),
            (mark.x + TRIANGLE, mark.y + down * 2 * TRIANGLE),
        ]
        colour = self._colours.buy if mark.side is BUY else self._colours.sell
        self._draw.polygon(corners, colour, self._colours.ground, width=2)

    def _dashes(self, y: int, colour: Colour, length: int) -> None:
        for x in range(0, self._laid.right, 2 * length):
            self._draw.line((x, y, min(x + length, self._laid.right) - 1, y), colour, width=2)

    def _tag(self, y: int, text: str, ground: Colour, ink: Colour, edge: Colour | None = None) -> None:
        box = (self._laid.right, y - TAG // 2, WIDTH - 1, y + TAG // 2)
        self._draw.rectangle(box, ground, edge, width=2)
        self._draw.text((self._laid.right + BESIDE, y), text, ink, self._text, anchor="lm")


def _font(height: int) -> ImageFont.FreeTypeFont:
    """Return the font that comes with Pillow. It draws Latin letters; titles and numbers need no more."""
    font = ImageFont.load_default(height)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels come with FreeType"
    return font
