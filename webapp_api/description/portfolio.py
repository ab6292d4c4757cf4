"""`/api/portfolio`."""

from typing import Final

from webapp_api import lists, portfolio_wire
from webapp_api.description.operation import ASSET, CURSOR, DEPOSITED, END, LIMIT, NO_ADDRESS, START, Operation

TAG: Final = "portfolio"

OPERATIONS: Final = (
    Operation(
        name="portfolio",
        method="GET",
        path="/api/portfolio",
        summary="All balances and what they are worth",
        reply=portfolio_wire.PortfolioView,
    ),
    Operation(
        name="balances",
        method="GET",
        path="/api/portfolio/balances",
        summary="What is available and held, by asset",
        reply=lists.Balances,
    ),
    Operation(
        name="ledger",
        method="GET",
        path="/api/portfolio/ledger",
        summary="Every movement of one's money, newest first",
        parameters=(ASSET, START, END, LIMIT, CURSOR),
        reply=lists.LedgerEntries,
        errors=("unknown_asset", "invalid_parameter"),
    ),
    Operation(
        name="deposits",
        method="GET",
        path="/api/portfolio/deposits",
        summary="What arrived, newest first",
        parameters=(LIMIT,),
        reply=lists.Deposits,
        errors=("invalid_parameter",),
    ),
    Operation(
        name="arriving_deposits",
        method="GET",
        path="/api/portfolio/deposits/arriving",
        summary="What is on its way and not final yet, newest first",
        parameters=(DEPOSITED,),
        reply=lists.ArrivingDeposits,
        errors=NO_ADDRESS,
    ),
    Operation(
        name="deposit_address",
        method="GET",
        path="/api/portfolio/deposit-address",
        summary="Where to send an asset on Solana",
        parameters=(DEPOSITED,),
        reply=portfolio_wire.DepositAddress,
        errors=NO_ADDRESS,
    ),
)
