"""What the market maker knows about one market, and what it concludes. Pure: time, balances and books are passed in.

`now` is in microseconds of a clock that never goes back.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from engine.core.types import AssetCode, Micros
from engine.liquidity.external import Insane, Mid, Pair, Touch, atoms, read_touch
from engine.liquidity.inventory import NO_LIMITS, is_far_outside, lean_ppm
from engine.liquidity.profit import Profit
from engine.liquidity.quoting import NOTHING, Inventory, Ladder, ladder
from engine.liquidity.settings import MICROS, MakerSettings
from engine.liquidity.stops import Band, StopReason, Stops
from engine.ports import ExternalBook

DAY_US: Final = 86_400 * MICROS
PATIENCE: Final = 10 * MICROS  # for a feed to come up at the start


class Desk:
    """One market: the newest book, what is wrong, what was earned and what was asked for last."""

    def __init__(self, pair: Pair, settings: MakerSettings, profit: Profit, now: Micros) -> None:
        base = pair.market.base
        self.pair = pair
        self.profit = profit
        self.stops = Stops(settings.stops.hold_off_us)
        self.book: ExternalBook | None = None
        self.touch: Touch | None = None  # of the newest book with which nothing was wrong
        self.asked: Ladder = NOTHING  # last
        self.is_certain = True  # that it was granted, so that it is what rests unless something traded
        self.filled = False  # something traded since
        self._settings = settings
        self._ladder = replace(
            settings.ladder,
            level_size=settings.level_size.get(base, settings.ladder.level_size),
            side_size=settings.side_size.get(base, settings.ladder.side_size),
        )
        self._band = Band(settings.stops.band_window_us, settings.stops.band_ppm)
        self._heard = Micros(now + PATIENCE)
        self._fault: tuple[StopReason, str] | None = None  # what is wrong with the newest book
        self._loses = False
        self._traded_on: ExternalBook | None = None
        self._computed_from: ExternalBook | None = None
        self._calm_until = Micros(0)  # only a moved touch is a reason to ask again before this
        self._barred_until = Micros(0)  # after a refusal nothing is quoted before this

    @property
    def mid(self) -> Mid | None:
        """The other venue's middle, as far as it is known."""
        return self.touch.mid if self.touch else None

    @property
    def may_rest(self) -> bool:
        """Whether quotes of ours may be on the book."""
        return not (self.is_certain and self.asked == NOTHING)

    def hear(self, book: ExternalBook, now: Micros) -> None:
        """Take the feed's newest book. One that is no newer than the last is no news: a frozen feed goes stale."""
        if book.in_sync and self.book and self.book.in_sync and book.update_id <= self.book.update_id:
            return
        self.book, self._heard, self._fault = book, now, None
        if not book.in_sync:
            self._fault = StopReason.OUT_OF_SYNC, "the feed has lost its book"
            return
        try:
            touch = read_touch(book, self.pair, self._settings.stops.widest_ppm)
        except Insane as insane:
            self._fault = StopReason.INSANE, str(insane)
            return
        if self._band.is_jump(now, touch.mid):
            self._fault = StopReason.JUMP, f"{book.bids[0][0]} to {book.asks[0][0]} is outside the band"
        else:
            self.touch = touch

    def wrongs(self, now: Micros, wall: Micros, owned: Mapping[AssetCode, int]) -> dict[StopReason, str]:
        """Return what is wrong now; wall is the time of day, owned what the house has of the market's assets."""
        wrong: dict[StopReason, str] = {}
        if self._fault:
            reason, detail = self._fault
            wrong[reason] = detail
        if now - self._heard > self._settings.stops.stale_us:
            wrong[StopReason.STALE] = f"nothing new for {(now - self._heard) // 1000} ms"
        for asset, amount in owned.items():
            if is_far_outside(amount, self._settings.inventory.get(asset, NO_LIMITS)):
                wrong[StopReason.INVENTORY] = f"{amount} atoms of {asset} are owned"
        if self._has_lost_too_much(wall):
            wrong[StopReason.LOSS] = f"more than {self._settings.stops.loss} {self.pair.quote.code} today"
        return wrong

    def _has_lost_too_much(self, wall: Micros) -> bool:
        """Tell whether more than the limit was lost at some moment of today, since it was last forgiven."""
        mid, limit = self.mid, atoms(self._settings.stops.loss, self.pair.quote)
        if mid is None:
            return False
        if wall // DAY_US > self.profit.day:
            self._loses = False
            self.profit.begin_day(wall // DAY_US, self.pair, mid)
        self._loses = self._loses or self.profit.lost(self.pair, mid) > limit
        return self._loses

    def forgive(self) -> None:
        """Let today's loss count from now, and believe the next price."""
        self._loses = False
        self._band.forget()
        if self.touch:
            self.profit.begin_day(self.profit.day, self.pair, self.touch.mid)

    def want(self, now: Micros, inventory: Inventory, owned: int) -> Ladder | None:
        """Return the ladder to ask for now, or None where what rests may stay.

        Call it while nothing is wrong. owned is what the house has of the base asset, here and elsewhere. Raises Insane
        where a deeper level makes no sense, which is then known as wrong.
        """
        assert self.book is not None
        if now < self._barred_until:
            return None if self.is_certain else NOTHING
        rests = self.is_certain and self.asked != NOTHING
        calm = rests and now < self._calm_until
        if rests and self.book is self._traded_on:  # what has traded is not offered again at a price that is no newer
            return None
        if calm and self.book is self._computed_from:
            return None
        limits = self._settings.inventory.get(self.pair.market.base, NO_LIMITS)
        lean = lean_ppm(owned, limits, self._settings.lean_ppm)
        try:
            wanted = ladder(self.book, self.pair, self._ladder, inventory, lean)
        except Insane as insane:
            self._fault = StopReason.INSANE, str(insane)
            raise
        self._computed_from = self.book
        if wanted == NOTHING:
            return NOTHING if self.may_rest else None
        if self.is_certain and wanted == self.asked and not self.filled:
            return None
        if calm and wanted.touch == self.asked.touch:
            return None
        return wanted

    def asks(self, wanted: Ladder) -> None:
        """Note that a ladder is asked for."""
        self.asked, self.is_certain, self.filled = wanted, False, False

    def traded(self) -> None:
        """Note that something of what rested has traded."""
        self.filled, self._traded_on = True, self.book

    def granted(self, now: Micros) -> None:
        """Note that it rests. All markets' calm ends at the same moments, so that their ladders share commits."""
        refresh = self._settings.refresh_us
        self.is_certain = True
        self._calm_until = Micros((now // refresh + 1) * refresh)

    def refused(self, now: Micros) -> None:
        """Note that it was refused: what rests is what rested before."""
        self._barred_until = Micros(now + self._settings.refresh_us)
