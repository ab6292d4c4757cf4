"""Assets and markets are listed by commands, so that a replay charges the fees of that day."""

import msgspec
import pytest

from engine.core.commands import Command, Deposit, ListAsset, ListMarket
from engine.core.events import AssetListed, MarketListed
from engine.core.exchange import Exchange
from engine.core.refusals import NotListable, UnknownAsset, UnknownSymbol
from engine.core.types import AssetCode, Atoms, Lots, Micros, Side, Ticks, UserId
from tests.support.scenario import APL, MARKET, USD, limit

AT = Micros(1)


def listed() -> Exchange:
    """Return an exchange with one market and somebody who has plenty."""
    exchange = Exchange()
    commands: list[Command] = [ListAsset(AT, USD), ListAsset(AT, APL), ListMarket(AT, MARKET)]
    commands += [Deposit(AT, UserId(1000), asset.code, Atoms(10**6), asset.code) for asset in (USD, APL)]
    for command in commands:
        exchange.apply(command)
    return exchange


def test_what_is_not_listed_is_unknown() -> None:
    exchange = Exchange()
    with pytest.raises(UnknownAsset):
        exchange.apply(Deposit(AT, UserId(1000), AssetCode("USD"), Atoms(1), "a"))
    with pytest.raises(UnknownSymbol):
        exchange.apply(limit(UserId(1000), Side.BUY, Lots(1), Ticks(1)))
    with pytest.raises(UnknownAsset):
        exchange.apply(ListMarket(AT, MARKET))


def test_listing_again_does_nothing() -> None:
    exchange = Exchange()
    assert exchange.apply(ListAsset(AT, USD)) == [AssetListed(USD)]
    assert exchange.apply(ListAsset(AT, USD)) == []
    exchange.apply(ListAsset(AT, APL))
    assert exchange.apply(ListMarket(AT, MARKET)) == [MarketListed(MARKET)]
    assert exchange.apply(ListMarket(AT, MARKET)) == []


def test_units_never_change() -> None:
    exchange = listed()
    with pytest.raises(NotListable):
        exchange.apply(ListAsset(AT, msgspec.structs.replace(USD, decimals=2)))
    for change in ({"tick_atoms": 10}, {"lot_atoms": 10}, {"unit_atoms": 10}, {"base": USD.code}):
        with pytest.raises(NotListable):
            exchange.apply(ListMarket(AT, msgspec.structs.replace(MARKET, **change)))


def test_limits_and_fees_may_change_and_orders_stay() -> None:
    exchange = listed()
    exchange.apply(limit(UserId(1000), Side.BUY, Lots(5), Ticks(100)))
    changed = msgspec.structs.replace(MARKET, maker_fee_ppm=0, taker_fee_ppm=0)
    assert exchange.apply(ListMarket(AT, changed)) == [MarketListed(changed)]
    exchange.apply(Deposit(AT, UserId(1001), APL.code, Atoms(5), "b"))
    exchange.apply(limit(UserId(1001), Side.SELL, Lots(5), Ticks(100)))
    assert exchange.state.ledger.available(UserId(1001), USD.code) == 500
