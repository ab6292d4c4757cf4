"""`ListAsset` and `ListMarket`."""

from engine.core.commands import ListAsset, ListMarket
from engine.core.events import AssetListed, Event, MarketListed
from engine.core.market import Market
from engine.core.refusals import NotListable
from engine.core.state import State


def list_asset(state: State, command: ListAsset) -> list[Event]:
    """Let an asset be owned; nothing happens where it is listed already."""
    asset = command.asset
    known = state.assets.get(asset.code)
    if known == asset:
        return []
    if known is not None:
        raise NotListable(f"{asset.code} has {known.decimals} decimals for ever, not {asset.decimals}.")
    state.add_asset(asset)
    return [AssetListed(asset)]


def list_market(state: State, command: ListMarket) -> list[Event]:
    """List a market or change its limits, fees and state; nothing happens where it has these terms already."""
    market = command.market
    state.check_asset(market.base)
    state.check_asset(market.quote)
    known = state.venues.get(market.symbol)
    if known is None:
        state.add_market(market)
    elif known.market == market:
        return []
    elif _units(known.market) != _units(market):
        raise NotListable(f"{market.symbol} keeps its pair, tick and lot for ever.")
    else:
        known.market = market
    return [MarketListed(market)]


def _units(market: Market) -> tuple[str, str, int, int, int]:
    return market.base, market.quote, market.tick_atoms, market.lot_atoms, market.unit_atoms
