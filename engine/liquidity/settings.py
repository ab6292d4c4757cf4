"""How the market maker behaves."""

from collections.abc import Mapping

from msgspec import Struct, field

from engine.core.types import AssetCode, Atoms, Micros
from engine.liquidity.inventory import Limits
from engine.liquidity.quoting import LadderSettings

MICROS = 1_000_000


class StopSettings(Struct, frozen=True):
    """When a market is not quoted; see `stops`."""

    stale_us: Micros = Micros(MICROS)  # since something new was heard
    hold_off_us: Micros = Micros(MICROS)  # that what was wrong must have been gone
    band_ppm: int = 20_000  # how far the price may be from the median of the last band_window_us
    band_window_us: Micros = Micros(10 * MICROS)
    widest_ppm: int = 50_000  # that the ask may be above the bid
    loss: int = 10_000  # most that a market may lose in a day (UTC), in whole units of its quote asset


class MakerSettings(Struct, frozen=True):
    """Everything at once. What is named by asset leaves other assets without limits."""

    ladder: LadderSettings = LadderSettings()
    stops: StopSettings = StopSettings()
    refresh_us: Micros = Micros(MICROS)  # between ladders of the same best prices
    lean_ppm: int = 0  # how far prices move where an asset is at its hard limit, to bring it back
    inventory: Mapping[AssetCode, Limits] = field(default_factory=dict)
    level_size: Mapping[AssetCode, Atoms] = field(default_factory=dict)  # most of a base asset in a level
    side_size: Mapping[AssetCode, Atoms] = field(default_factory=dict)  # and in all levels of a side
