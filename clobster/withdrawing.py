"""Withdrawals joined to the exchange: the operator's rules, and what there is of them while the chain is there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from clobster.config import Settings
from clobster.liquidity import amounts_of
from clobster.markets import Listing
from data.store.queries import Queries
from data.store.store import Store
from data.store.withdrawals import SqlWithdrawals
from engine.core.market import Asset
from engine.core.types import AssetCode, Atoms, Micros
from engine.market_data.valuation import Valuation
from engine.ports import Clock
from engine.sequencer.sequencer import Sequencer
from engine.settlement.settlement import Settlement
from engine.settlement.vault import Vault
from engine.withdrawals.payouts import Payouts
from engine.withdrawals.ports import Outside, Targets
from engine.withdrawals.rules import HOUR, Rules
from engine.withdrawals.till import VaultTill
from engine.withdrawals.withdrawals import Withdrawals

DELAY_H: Final = 24  # outside development


class PayingOut:
    """What sends withdrawals while the chain is there. Without it they wait, and may be canceled."""

    def __init__(self, withdrawals: Withdrawals, payouts: Payouts, halted: Callable[[], bool]) -> None:
        """Take what says whether nothing may leave, as the books and the chain differ."""
        self._withdrawals = withdrawals
        self._payouts = payouts
        self._halted = halted

    @contextmanager
    def open(
        self,
        chain: Targets,
        vault: Vault,
        settlement: Settlement,
        mints: Mapping[AssetCode, str],
        is_deposit: Callable[[str], bool],
    ) -> Iterator[None]:
        """Pay out until left."""
        till = VaultTill(vault, mints, is_deposit=is_deposit, halted=self._halted)
        settlement.listeners.append(self._payouts.on_batch)
        self._withdrawals.outside = Outside(chain, till, settlement)
        self._withdrawals.something.set()
        try:
            yield
        finally:
            self._withdrawals.outside = None


def rules(settings: Settings, listing: Listing) -> Rules:
    """Return the operator's choices. Raises ConfigError where an asset or an amount is none."""
    decimals = {asset.code: asset.decimals for asset in listing.assets}
    delay_h = settings.withdrawal_delay_h
    if delay_h is None:
        delay_h = 0 if settings.env == "development" else DELAY_H
    day_value = settings.withdrawal_day_value * 10 ** decimals[AssetCode("USDT")]
    return Rules(
        fees=amounts_of("withdrawal_fees", settings.withdrawal_fees, listing),
        minimums=amounts_of("withdrawal_minimums", settings.withdrawal_minimums, listing),
        approval_above=amounts_of("withdrawal_approval_above", settings.withdrawal_approval_above, listing),
        day_limits=amounts_of("withdrawal_day_limits", settings.withdrawal_day_limits, listing),
        house_day_limits=amounts_of("withdrawal_house_day_limits", settings.withdrawal_house_day_limits, listing),
        day_value=Atoms(day_value) if day_value else None,
        delay=Micros(delay_h * HOUR),
        confirm_within=Micros(settings.withdrawal_confirm_s * 1_000_000),
        most_open=settings.withdrawal_most_open,
    )


def build(
    settings: Settings,
    listing: Listing,
    store: Store,
    queries: Queries,
    sequencer: Sequencer,
    assets: Mapping[str, Asset],
    valuation: Valuation,
    clock: Clock,
) -> Withdrawals:
    """Build what people do about withdrawals."""
    return Withdrawals(
        sequencer,
        SqlWithdrawals(store, queries),
        assets,
        rules(settings, listing),
        clock,
        value=valuation.at_most,
        is_off=settings.solana == "off",
    )
