"""Everything that the core refuses, each with a code and a sentence.

A refusal is raised before anything has changed. Edges map `code` to a status or a text, each in one table;
a test holds those tables complete by walking `Refused`'s subclasses.
"""

from typing import ClassVar


class Refused(Exception):  # noqa: N818  a refusal is an answer, not an error
    """The command was not carried out and nothing changed. The docstring of a subclass is its sentence."""

    code: ClassVar[str] = "refused"

    def __init__(self, message: str | None = None, **details: str | int) -> None:
        super().__init__(message or (self.__doc__ or "").strip())
        self.details = details


class UnknownSymbol(Refused):
    """There is no market of this name."""

    code = "unknown_symbol"


class UnknownAsset(Refused):
    """There is no asset of this name."""

    code = "unknown_asset"


class NotListable(Refused):
    """The units of what has been listed never change: orders and balances are counted in them."""

    code = "not_listable"


class MarketCancelOnly(Refused):
    """This market takes no new orders now. Your open orders keep their place, and can be canceled."""

    code = "market_cancel_only"


class MarketHalted(Refused):
    """This market is halted: orders are neither taken, changed nor canceled now. Your open orders keep their place."""

    code = "market_halted"


class InvalidQuantity(Refused):
    """The quantity must be above zero and within the market's limit."""

    code = "invalid_quantity"


class InvalidPrice(Refused):
    """The price must be above zero and within the market's limit."""

    code = "invalid_price"


class InvalidOrder(Refused):
    """These order parameters do not go together."""

    code = "invalid_order"


class InvalidAmount(Refused):
    """The amount must be above zero and within what the ledger can hold."""

    code = "invalid_amount"


class InsufficientFunds(Refused):
    """The available balance is smaller than this needs."""

    code = "insufficient_funds"


class WouldTake(Refused):
    """A limit_maker order only rests; at this price it would trade at once."""

    code = "would_take"


class TooManyFills(Refused):
    """This order would trade with more resting orders than one order may at once; place a smaller one."""

    code = "too_many_fills"


class UnknownOrder(Refused):
    """You have no open order with this id."""

    code = "unknown_order"


class OrderNotOpen(Refused):
    """This order is yours, but no longer open."""

    code = "order_not_open"


class ClientOrderIdReused(Refused):
    """This client order id already names an order with other content."""

    code = "client_order_id_reused"


class TooManyClientOrderIds(Refused):
    """No further client order id can be remembered within a day; place the order without one."""

    code = "too_many_client_order_ids"


class TooManyOpenOrders(Refused):
    """This account has as many open orders in this market as it may have."""

    code = "too_many_open_orders"


class InvalidQuote(Refused):
    """A quote's levels must be best first, each price once, and its bids below its asks."""

    code = "invalid_quote"


class AlreadyCredited(Refused):
    """This deposit was credited before."""

    code = "already_credited"


class ReferenceReused(Refused):
    """This idempotency key already names a request with other content."""

    code = "idempotency_key_reused"


class TooManyWithdrawals(Refused):
    """You have as many withdrawals under way as you may have; wait until one is done, or cancel one."""

    code = "too_many_withdrawals"


class UnknownWithdrawal(Refused):
    """You have no pending withdrawal with this id."""

    code = "unknown_withdrawal"
