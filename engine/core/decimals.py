"""Decimal strings to integers and back. Nothing is ever rounded: what does not fit is refused.

The wire carries plain decimal strings such as "61837.63": digits, at most one point, no sign, no exponent.
"""

import re
from collections.abc import Mapping

from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.types import MAX_ATOMS, Atoms, Lots, Ticks

_PLAIN = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)


class MalformedNumber(Refused):
    """A number is written as a plain decimal string, such as "0.25"."""

    code = "malformed_number"


class OffTick(Refused):
    """The price is not a whole number of the market's ticks."""

    code = "off_tick"


class OffLot(Refused):
    """The quantity is not a whole number of the market's lots."""

    code = "off_lot"


class TooPrecise(Refused):
    """The amount has more decimals than the asset."""

    code = "too_precise"


class TooLarge(Refused):
    """The number is larger than anything that can be traded."""

    code = "too_large"


_ZEROS = ["0", *("0." + "0" * decimals for decimals in range(1, 40))]


def parse(text: str, decimals: int) -> int | None:
    """Return `text` in units of 10**-decimals, or None where it has more decimals than that.

    Raises MalformedNumber or TooLarge.
    """
    whole, point, fraction = text.partition(".")
    digits, missing = whole + fraction, decimals - len(fraction)
    # Most numbers are short and fit; asking a pattern about them costs as much as reading them.
    if missing >= 0 and len(digits) + missing <= 18 and digits.isdigit() and digits.isascii():
        if not whole or (point and not fraction):
            raise MalformedNumber
        return int(digits + "0" * missing)
    if not _PLAIN.fullmatch(text):
        if re.fullmatch(r"[0-9]{21,}(?:\.[0-9]*)?", text, re.ASCII):
            raise TooLarge
        raise MalformedNumber
    if missing < 0:
        fraction, extra = fraction[:decimals], fraction[decimals:]
        if extra.strip("0"):
            return None
        missing = 0
    value = int(whole + fraction + "0" * missing)
    if value >= MAX_ATOMS:
        raise TooLarge
    return value


def show(value: int, decimals: int) -> str:
    """Return an integer in units of 10**-decimals as a decimal string with that many decimals: 150, 2 -> "1.50"."""
    if not value:
        return _ZEROS[decimals]
    digits = str(value)
    if 0 < decimals < len(digits) and value > 0:
        return f"{digits[:-decimals]}.{digits[-decimals:]}"
    if not decimals:
        return digits
    sign, digits = ("-", digits[1:]) if value < 0 else ("", digits)
    digits = digits.rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def show_plain(value: int, decimals: int) -> str:
    """Return the same without trailing zeros: 150, 2 -> "1.5"."""
    text = show(value, decimals)
    return text.rstrip("0").rstrip(".") if decimals else text


def show_details(refused: Refused, assets: Mapping[str, Asset]) -> dict[str, str | int]:
    """Return a refusal's details as people read them: amounts of its asset become decimal strings."""
    asset = assets.get(str(refused.details.get("asset")))
    if asset is None:
        return refused.details
    return {
        name.removesuffix("_atoms"): show(value, asset.decimals)
        if name.endswith("_atoms") and isinstance(value, int)
        else value
        for name, value in refused.details.items()
    }


def places(unit: int, decimals: int) -> int:
    """Return how many decimals multiples of `unit` atoms need: 10**4 atoms of 8 decimals -> 4."""
    while decimals and unit % 10 == 0:
        unit //= 10
        decimals -= 1
    return decimals


class MarketDecimals:
    """How one market's prices, quantities and amounts are written. Built once a market."""

    __slots__ = (
        "_base",
        "_lot",
        "_quote",
        "_shown_lot",
        "_shown_tick",
        "_tick",
        "market",
        "no_quantity",
        "price_places",
        "quantity_places",
    )

    def __init__(self, market: Market, base: Asset, quote: Asset) -> None:
        self.market = market
        self._base, self._quote = base.decimals, quote.decimals
        self._tick, self._lot = market.tick_atoms, market.lot_atoms
        self.price_places = places(market.tick_atoms, quote.decimals)
        self.quantity_places = places(market.lot_atoms, base.decimals)
        self.no_quantity = show(0, self.quantity_places)
        self._shown_tick = market.tick_atoms // 10 ** (quote.decimals - self.price_places)
        self._shown_lot = market.lot_atoms // 10 ** (base.decimals - self.quantity_places)

    def price(self, text: str) -> Ticks:
        """Read a price. Raises MalformedNumber, TooLarge or OffTick."""
        atoms = parse(text, self._quote)
        if atoms is None or atoms % self._tick:
            raise OffTick(tick=self.show_price(Ticks(1)))
        return Ticks(atoms // self._tick)

    def quantity(self, text: str) -> Lots:
        """Read a quantity. Raises MalformedNumber, TooLarge or OffLot."""
        atoms = parse(text, self._base)
        if atoms is None or atoms % self._lot:
            raise OffLot(lot=self.show_quantity(Lots(1)))
        return Lots(atoms // self._lot)

    def quote_amount(self, text: str) -> Atoms:
        """Read an amount of the quote asset. Raises MalformedNumber, TooLarge or TooPrecise."""
        atoms = parse(text, self._quote)
        if atoms is None:
            raise TooPrecise(decimals=self._quote)
        return Atoms(atoms)

    def show_price(self, price: Ticks) -> str:
        """Write a price: "61837.63"."""
        return show(price * self._shown_tick, self.price_places)

    def show_quantity(self, quantity: Lots) -> str:
        """Write a quantity: "0.0100"."""
        return show(quantity * self._shown_lot, self.quantity_places)

    def show_base(self, amount: Atoms) -> str:
        """Write an amount of the base asset."""
        return show(amount, self._base)

    def show_quote(self, amount: Atoms) -> str:
        """Write an amount of the quote asset."""
        return show(amount, self._quote)

    def average_price(self, notional: Atoms, filled: Lots) -> str | None:
        """Write notional / filled, cut (not rounded) to two decimals more than a price has; None without a fill."""
        if not filled:
            return None
        decimals = self.price_places + 2
        shift = decimals + self._base - self._quote
        value = notional * 10 ** max(shift, 0) // (filled * self._lot * 10 ** max(-shift, 0))
        return show(value, decimals)
