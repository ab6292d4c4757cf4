"""The table of assets and markets, read from `markets.toml`."""

import tomllib
from importlib.resources import files
from typing import Any

from msgspec import Struct

from engine.core.decimals import parse
from engine.core.market import Asset, Market
from engine.core.types import AssetCode, Atoms


class Listing(Struct, frozen=True):
    """All that is traded, and the market maker's first funds, in atoms."""

    assets: tuple[Asset, ...]
    markets: tuple[Market, ...]
    market_maker: dict[AssetCode, Atoms]


def load() -> Listing:
    """Return the packaged listing. Raises ValueError where it is not exact."""
    table: dict[str, Any] = tomllib.loads(files("clobster").joinpath("markets.toml").read_text())
    assets = {code: Asset(AssetCode(code), row["decimals"]) for code, row in table["assets"].items()}

    def atoms(code: str, text: str) -> Atoms:
        value = parse(text, assets[code].decimals)
        if value is None:
            raise ValueError(f"{text} {code} has more decimals than {code}")
        return Atoms(value)

    markets = tuple(
        Market.of(
            symbol,
            assets[row["base"]],
            assets[row["quote"]],
            tick_atoms=atoms(row["quote"], row["tick"]),
            lot_atoms=atoms(row["base"], row["lot"]),
            maker_fee_ppm=row["maker_fee_ppm"],
            taker_fee_ppm=row["taker_fee_ppm"],
        )
        for symbol, row in table["markets"].items()
    )
    funds = {AssetCode(code): atoms(code, text) for code, text in table["market_maker"].items()}
    return Listing(tuple(assets.values()), markets, funds)
