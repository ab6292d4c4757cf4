"""The JSON of an account's money, as structs."""

from typing import Literal

from msgspec import Struct

from webapp_api.wire import Decimal, Millis, SignedDecimal


class Balance(Struct, gc=False):
    """What an account has of an asset."""

    asset: str
    available: Decimal
    held: Decimal
    total: Decimal


class Holding(Struct, gc=False):
    """A balance and what it is worth now in the portfolio's currency; null where it has no price."""

    asset: str
    available: Decimal
    held: Decimal
    total: Decimal
    value: Decimal | None


class PortfolioView(Struct):
    """Everything that an account has. total_value sums what has a price."""

    balances: list[Holding]
    total_value: Decimal
    currency: str


class LedgerEntry(Struct, gc=False):
    """A movement of an account's money: how much more or less is available and held then.

    cause is the order, the trade or the withdrawal that moved it.
    """

    id: int
    asset: str
    reason: str
    available: SignedDecimal
    held: SignedDecimal
    cause: int | None
    created_at: Millis


class Deposit(Struct, gc=False):
    """Money that arrived. What came by the chain has a signature, and a page that shows it."""

    asset: str
    amount: Decimal
    reference: str
    created_at: Millis
    signature: str | None
    explorer: str | None


class ArrivingDeposit(Struct):
    """Money on its way: on the chain, and credited with as many confirmations as are needed."""

    asset: str
    amount: Decimal
    signature: str
    explorer: str | None
    confirmations: int
    confirmations_needed: int


class DepositAddress(Struct):
    """Where to send an asset on Solana: to the owner's address, as wallets do, or to the token account itself.

    Only tokens of this mint are credited, and only if at least the minimum comes at once; when they are as final as the
    commitment says.
    """

    asset: str
    address: str
    token_account: str
    mint: str
    minimum: Decimal
    commitment: Literal["finalized"] = "finalized"
