"""What administrators see and do of comparing the books with the chain: what differs, and the end of a stop."""

from collections.abc import Mapping

from engine.core.decimals import show
from engine.core.market import Asset
from engine.core.types import AssetCode
from engine.ports import Clock
from engine.reconciliation.fees import FeePayer
from engine.reconciliation.reconciler import Looked
from engine.reconciliation.stop import Stop
from engine.reconciliation.types import Difference, OnChain
from engine.settlement.refusals import SettlementOff
from webapp_api import admin_wire


class Reconciling:
    """`is_on` says whether the books are compared with a chain at all."""

    def __init__(
        self, stop: Stop, fees: FeePayer, looked: Looked, assets: Mapping[str, Asset], clock: Clock, *, is_on: bool
    ) -> None:
        self.is_on = is_on
        self.stop = stop
        self.fees = fees
        self.looked = looked
        self._assets = assets
        self._clock = clock

    @property
    def age_s(self) -> float | None:
        """How long ago books and chain were compared last, None where they were not since the start."""
        return None if self.looked.at is None else max(0, self._clock() - self.looked.at) / 1e6

    def health(self) -> dict[str, bool | int | float | None] | None:
        """Return what is told beside whether the exchange is ready, None where nothing is compared."""
        if not self.is_on:
            return None
        age_s = self.age_s
        return {
            "withdrawals_stopped": self.stop.is_on,
            "differences": len(self.stop.differences),
            "age_s": None if age_s is None else round(age_s, 1),
            "fee_payer_is_low": self.fees.is_low,
        }

    def view(self) -> admin_wire.Reconciliation:
        """Return all there is to see. Raises SettlementOff."""
        self._check()
        looked = self.looked
        return admin_wire.Reconciliation(
            withdrawals_stopped=self.stop.is_on,
            differences=[self.difference(each) for each in self.stop.differences],
            compared_at=None if looked.at is None else looked.at // 1000,
            slot=looked.slot or None,
            round_s=None if looked.round_s is None else int(looked.round_s),
            surplus=[self._found(each, each.surplus) for each in looked.surplus.values()],
            frozen=[self._found(each, each.found) for each in looked.frozen.values()],
            fee_payer_lamports=self.fees.lamports,
            fee_payer_is_low=self.fees.is_low,
        )

    async def clear(self) -> None:
        """Let withdrawals go on. Raises SettlementOff."""
        self._check()
        await self.stop.clear()

    def difference(self, difference: Difference) -> admin_wire.Difference:
        """Return a difference with its amounts as decimals."""
        return admin_wire.Difference(
            account_id=difference.user,
            asset=difference.asset,
            identity=difference.identity.value,
            expected=self._show(difference.expected, difference.asset),
            found=self._show(difference.found, difference.asset),
            slot=difference.slot,
            note=difference.note,
        )

    def _found(self, found: OnChain, atoms: int) -> admin_wire.VaultAmount:
        account = found.account
        return admin_wire.VaultAmount(
            account.user, account.asset, account.token_account, self._show(atoms, account.asset)
        )

    def _show(self, atoms: int, asset: AssetCode) -> str:
        return show(atoms, self._assets[asset].decimals)

    def _check(self) -> None:
        if not self.is_on:
            raise SettlementOff
