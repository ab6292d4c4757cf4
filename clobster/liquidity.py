"""The market maker's settings, from the words of the configuration."""

from collections.abc import Iterator

from clobster.config import PREFIX, ConfigError, Settings
from clobster.markets import Listing
from engine.core.decimals import parse
from engine.core.refusals import Refused
from engine.core.types import AssetCode, Atoms, Micros
from engine.liquidity.hedging import HedgeSettings
from engine.liquidity.inventory import Limits
from engine.liquidity.quoting import LadderSettings
from engine.liquidity.settings import MakerSettings, StopSettings


def maker_settings(settings: Settings, listing: Listing) -> MakerSettings:
    """Return how to quote. Raises ConfigError where an asset or an amount is none."""
    return MakerSettings(
        ladder=LadderSettings(
            levels=settings.maker_levels,
            markup_ppm=settings.maker_markup_ppm,
            least_edge_ppm=settings.maker_least_edge_ppm,
            fee_ppm=settings.maker_fee_ppm,
            size_ppm=settings.maker_size_ppm,
            level_value=settings.maker_level_value,
            side_value=settings.maker_side_value,
        ),
        stops=StopSettings(
            stale_us=Micros(settings.maker_stale_ms * 1_000),
            hold_off_us=Micros(settings.maker_hold_off_ms * 1_000),
            band_ppm=settings.maker_band_ppm,
            band_window_us=Micros(settings.maker_band_window_ms * 1_000),
            widest_ppm=settings.maker_widest_ppm,
            loss=settings.maker_day_loss,
        ),
        lean_ppm=settings.maker_lean_ppm,
        inventory=_limits(settings.maker_inventory, listing),
        level_size=amounts_of("maker_level_size", settings.maker_level_size, listing),
        side_size=amounts_of("maker_side_size", settings.maker_side_size, listing),
    )


def hedge_settings(settings: Settings, listing: Listing) -> HedgeSettings:
    """Return how to hedge. Raises ConfigError where an asset or an amount is none, or nothing says what to hedge."""
    thresholds = amounts_of("hedge_thresholds", settings.hedge_thresholds, listing)
    for code in thresholds.keys() - _limits(settings.maker_inventory, listing).keys():
        raise ConfigError(f"{PREFIX}HEDGE_THRESHOLDS: {code} has no target in {PREFIX}MAKER_INVENTORY")
    if settings.hedge != "off" and not thresholds:
        raise ConfigError(f"{PREFIX}HEDGE_THRESHOLDS: hedging is {settings.hedge}, and nothing is named to be hedged")
    return HedgeSettings(
        mode=settings.hedge,
        thresholds=thresholds,
        order_value=settings.hedge_order_value,
        minute_value=settings.hedge_minute_value,
        slippage_ppm=settings.hedge_slippage_ppm,
        fee_ppm=settings.hedge_fee_ppm,
    )


def amounts_of(name: str, text: str, listing: Listing) -> dict[AssetCode, Atoms]:
    """Read "BTC=1.5,ETH=20"."""
    return {code: amount for code, (amount,) in _by_asset(name, text, listing)}


def _limits(text: str, listing: Listing) -> dict[AssetCode, Limits]:
    """Read "BTC=100:200:300": the least, the target and the most."""
    try:
        return {code: Limits(*amounts) for code, amounts in _by_asset("maker_inventory", text, listing)}
    except ValueError as error:
        raise ConfigError(f"{PREFIX}MAKER_INVENTORY: {error}") from None


def _by_asset(name: str, text: str, listing: Listing) -> Iterator[tuple[AssetCode, list[Atoms]]]:
    decimals = {asset.code: asset.decimals for asset in listing.assets}
    for word in filter(None, text.split(",")):
        code, _, amounts = word.partition("=")
        if code not in decimals:
            raise ConfigError(f"{PREFIX}{name.upper()}: there is no asset {code}")
        atoms = []
        for amount in amounts.split(":"):
            try:
                value = parse(amount, decimals[AssetCode(code)])
            except Refused:
                value = None
            if value is None:
                raise ConfigError(f"{PREFIX}{name.upper()}: {amount} is no amount of {code}")
            atoms.append(Atoms(value))
        yield AssetCode(code), atoms
