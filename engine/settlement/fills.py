"""A trade as it is owed on chain: who pays how much of what, fees included."""

from msgspec import Struct

from engine.core.events import Traded
from engine.core.types import BUY, FEES, AssetCode, Atoms, TradeId, UserId

Purse = tuple[UserId, AssetCode]  # an account's settled money in one asset


class Fill(Struct, frozen=True):
    """A trade in the assets of its market; base_atoms is its quantity."""

    trade: Traded
    base: AssetCode
    quote: AssetCode
    base_atoms: Atoms

    @property
    def id(self) -> TradeId:
        """The trade's id."""
        return self.trade.id

    @property
    def buyer(self) -> UserId:
        """Who pays the quote asset."""
        return self.trade.taker if self.trade.taker_side is BUY else self.trade.maker

    @property
    def seller(self) -> UserId:
        """Who pays the base asset."""
        return self.trade.maker if self.trade.taker_side is BUY else self.trade.taker

    @property
    def fees(self) -> tuple[Atoms, Atoms]:
        """What the buyer pays of the base asset, and the seller of the quote asset."""
        trade = self.trade
        is_bought = trade.taker_side is BUY
        return (trade.taker_fee, trade.maker_fee) if is_bought else (trade.maker_fee, trade.taker_fee)

    def debits(self) -> tuple[tuple[Purse, int], tuple[Purse, int]]:
        """Return what each side pays. Fees are paid out of what is received, so nothing else is ever debited."""
        return ((self.buyer, self.quote), self.trade.notional), ((self.seller, self.base), self.base_atoms)

    def changes(self) -> tuple[tuple[Purse, int], ...]:
        """Return by how much each purse changes; the same purse stands there once at most, and all sum to zero."""
        trade = self.trade
        buyer_fee, seller_fee = self.fees
        buyer, seller = self.buyer, self.seller
        return (
            ((buyer, self.quote), -trade.notional),
            ((seller, self.quote), trade.notional - seller_fee),
            ((FEES, self.quote), seller_fee),
            ((seller, self.base), -self.base_atoms),
            ((buyer, self.base), self.base_atoms - buyer_fee),
            ((FEES, self.base), buyer_fee),
        )
