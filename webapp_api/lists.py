"""The JSON of lists, as structs. What has more than one page names the cursor of the next; null is the last page."""

from msgspec import Struct

from webapp_api import portfolio_wire, wire


class Orders(Struct):
    """A page of an account's orders with their fills, newest first."""

    orders: list[wire.Order]
    next_cursor: int | None


class CanceledOrders(Struct):
    """The orders that were canceled."""

    orders: list[wire.Order]


class OwnTrades(Struct):
    """A page of an account's trades, newest first."""

    trades: list[wire.OwnTrade]
    next_cursor: int | None


class LedgerEntries(Struct):
    """A page of the movements of an account's money, newest first."""

    entries: list[portfolio_wire.LedgerEntry]
    next_cursor: int | None


class Deposits(Struct):
    """An account's latest deposits, newest first."""

    deposits: list[portfolio_wire.Deposit]


class ArrivingDeposits(Struct):
    """What is on its way to an account, newest first."""

    deposits: list[portfolio_wire.ArrivingDeposit]


class Balances(Struct):
    """What an account has, by asset."""

    balances: list[portfolio_wire.Balance]


class Sessions(Struct):
    """An account's live sessions, newest first."""

    sessions: list[wire.Session]


class Activities(Struct):
    """What happened to an account, newest first."""

    activity: list[wire.Activity]


class Markets(Struct):
    """The markets and their rules."""

    markets: list[wire.Market]


class PublicTrades(Struct):
    """A page of a market's trades, newest first."""

    trades: list[wire.PublicTrade]
    next_cursor: int | None
