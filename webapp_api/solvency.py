"""Proofs of solvency as they are shown."""

from collections.abc import Mapping

from engine.core.decimals import show
from engine.core.market import Asset
from engine.core.types import AssetCode, UserId
from engine.solvency.reading import ToldProof
from engine.solvency.snapshots import Solvency
from engine.solvency.types import AssetSnapshot, Holding, Snapshot
from webapp_api import solvency_wire
from webapp_api.explorer import Explorer


class SolvencyViews:
    """What anybody, and what an account sees of it."""

    def __init__(self, solvency: Solvency, assets: Mapping[str, Asset], explorer: Explorer) -> None:
        self._solvency = solvency
        self._assets = assets
        self._explorer = explorer

    def snapshot(self, number: int | None) -> solvency_wire.SolvencySnapshot:
        """Return a snapshot, the newest where none is named. Raises NoSnapshot, UnknownSnapshot."""
        return self._shown(self._solvency.find(number))

    async def take(self) -> solvency_wire.SolvencySnapshot:
        """Take a snapshot now. Raises SolvencyUnavailable, Busy."""
        return self._shown(await self._solvency.take())

    async def proof(self, user: UserId, number: int | None) -> solvency_wire.SolvencyProof:
        """Return an account's proof. Raises NoSnapshot, UnknownSnapshot, Busy."""
        snapshot = self._solvency.find(number)
        proofs = [ToldProof.of(leaf, path) for leaf, path in await self._solvency.prove(snapshot, user)]
        return solvency_wire.SolvencyProof(snapshot.id, snapshot.taken_at // 1000, user, proofs)

    async def deposit_accounts(self, asset: AssetCode, after: str, limit: int) -> solvency_wire.DepositAccounts:
        """Return a page of the token accounts into which people deposit. Raises Busy."""
        found = await self._solvency.store.deposit_accounts(asset, after, limit + 1)
        page = found[:limit]
        return solvency_wire.DepositAccounts(page, page[-1] if len(found) > limit else None)

    def _shown(self, snapshot: Snapshot) -> solvency_wire.SolvencySnapshot:
        return solvency_wire.SolvencySnapshot(
            snapshot_id=snapshot.id,
            taken_at=snapshot.taken_at // 1000,
            seq=snapshot.seq,
            authority=snapshot.authority,
            explorer=self._explorer.tokens(snapshot.authority),
            assets=[self._asset(each) for each in snapshot.assets],
            kept=[solvency_wire.KeptSnapshot(each.id, each.taken_at // 1000) for each in self._solvency.kept],
        )

    def _asset(self, each: AssetSnapshot) -> solvency_wire.SolventAsset:
        decimals = self._assets[each.asset].decimals

        def held(holding: Holding) -> solvency_wire.TokenAccounts:
            amount = show(holding.atoms, decimals)
            return solvency_wire.TokenAccounts(amount, holding.accounts, holding.slot, holding.last_slot)

        return solvency_wire.SolventAsset(
            asset=each.asset,
            decimals=decimals,
            mint=each.mint,
            root=None if each.root is None else each.root.hash.hex(),
            liabilities=show(each.liabilities, decimals),
            liabilities_atoms=str(each.liabilities),
            house_liabilities=show(each.house, decimals),
            withdrawals_under_way=show(each.withdrawals, decimals),
            leaves=each.leaves,
            on_chain=show(each.vault.atoms + each.deposits.atoms, decimals),
            vault=held(each.vault),
            deposit_accounts=held(each.deposits),
        )
