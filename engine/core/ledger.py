"""Double entry: who has what, and every movement between two accounts.

An account is (owner, asset, kind). A posting debits one account and credits another by the same amount, so an asset's
accounts always sum to zero; the vault's is negative by what the chain owes us. Nobody else's may go below zero.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from engine.core.events import BalanceChanged, Posting
from engine.core.types import AVAILABLE, HELD, VAULT, AssetCode, Atoms, Kind, Micros, Reason, UserId

HOLD: Final = Reason.HOLD
RELEASE: Final = Reason.RELEASE


class Balance:
    """What one owner has in one asset."""

    __slots__ = ("asset", "available", "held", "owner")

    def __init__(self, owner: UserId, asset: AssetCode) -> None:
        self.owner = owner
        self.asset = asset
        self.available = 0
        self.held = 0

    def changed(self) -> BalanceChanged:
        """Return the balance as an event."""
        return BalanceChanged(self.owner, self.asset, Atoms(self.available), Atoms(self.held))


class Ledger:
    """All balances, and the postings made since the last drain."""

    __slots__ = ("_balances", "_postings", "_touched")

    def __init__(self) -> None:
        self._balances: dict[AssetCode, dict[UserId, Balance]] = {}
        self._postings: list[Posting] = []
        self._touched: dict[Balance, None] = {}

    def add_asset(self, asset: AssetCode) -> None:
        """Let an asset be owned."""
        self._balances[asset] = {}

    def __iter__(self) -> Iterator[Balance]:
        for owners in self._balances.values():
            yield from owners.values()

    def balance(self, owner: UserId, asset: AssetCode) -> Balance:
        """Return an owner's balance, which is all zeros for an owner that never had any."""
        owners = self._balances[asset]
        found = owners.get(owner)
        if found is None:
            found = owners[owner] = Balance(owner, asset)
        return found

    def available(self, owner: UserId, asset: AssetCode) -> Atoms:
        """Return what an owner may spend."""
        found = self._balances[asset].get(owner)
        return Atoms(0) if found is None else Atoms(found.available)

    def restore(self, balances: Iterable[BalanceChanged]) -> None:
        """Set balances as they were kept."""
        for kept in balances:
            balance = self.balance(kept.owner, kept.asset)
            balance.available, balance.held = kept.available, kept.held

    def hold(self, owner: UserId, asset: AssetCode, amount: Atoms, cause: int, at: Micros) -> None:
        """Set money aside for an order or a withdrawal. The caller has checked that it is available."""
        balance = self.balance(owner, asset)
        balance.available -= amount
        assert balance.available >= 0
        balance.held += amount
        self._touched[balance] = None
        self._postings.append(Posting(asset, owner, AVAILABLE, owner, HELD, amount, HOLD, cause, at))

    def release(self, owner: UserId, asset: AssetCode, amount: Atoms, cause: int, at: Micros) -> None:
        """Give held money back to its owner."""
        balance = self.balance(owner, asset)
        balance.held -= amount
        assert balance.held >= 0
        balance.available += amount
        self._touched[balance] = None
        self._postings.append(Posting(asset, owner, HELD, owner, AVAILABLE, amount, RELEASE, cause, at))

    def pay(
        self,
        asset: AssetCode,
        payer: UserId,
        kind: Kind,
        payee: UserId,
        amount: Atoms,
        reason: Reason,
        cause: int,
        at: Micros,
    ) -> None:
        """Move money from a payer's available or held account to what a payee has available."""
        if not amount:
            return
        owners = self._balances[asset]
        source = owners.get(payer) or self.balance(payer, asset)
        target = owners.get(payee) or self.balance(payee, asset)
        if kind is HELD:
            source.held -= amount
            assert source.held >= 0
        else:
            source.available -= amount
            assert source.available >= 0 or payer == VAULT
        target.available += amount
        self._touched[source] = None
        self._touched[target] = None
        self._postings.append(Posting(asset, payer, kind, payee, AVAILABLE, amount, reason, cause, at))

    def drain(self) -> tuple[list[Posting], list[BalanceChanged]]:
        """Return the postings since the last drain, in order, and the balances that they changed, as they are now."""
        postings, self._postings = self._postings, []
        balances = [balance.changed() for balance in self._touched]
        self._touched.clear()
        return postings, balances
