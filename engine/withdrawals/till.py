"""Vault accounts, as far as withdrawals are paid out of them: `engine.withdrawals.ports.Till`."""

from collections.abc import Callable, Mapping

from engine.core.types import AssetCode, UserId
from engine.ports import ChainUnavailable
from engine.settlement.vault import Vault


class VaultTill:
    """A vault's accounts. is_deposit tells the keys and token accounts to which people deposit."""

    def __init__(
        self,
        vault: Vault,
        mints: Mapping[AssetCode, str],
        *,
        is_deposit: Callable[[str], bool],
        halted: Callable[[], bool],
    ) -> None:
        self.halted = halted
        self._vault = vault
        self._mints = mints
        self._is_deposit = is_deposit

    def mint(self, asset: AssetCode) -> str | None:
        """Return an asset's mint on this chain, None where it is not paid out here."""
        return self._mints.get(asset)

    def is_ours(self, address: str) -> bool:
        """Say whether an address is a key, a mint or a token account of the exchange's own."""
        return (
            address == self._vault.authority
            or self._vault.of_address(address) is not None
            or address in self._mints.values()
            or self._is_deposit(address)
        )

    async def ensure(self, user: UserId, asset: AssetCode) -> str:
        """Return an account's vault account for an asset, made where there is none. Raises ChainUnavailable."""
        await self._vault.ensure([(user, asset)])
        account = self._vault.find(user, asset)
        if account is None:
            raise ChainUnavailable(f"{asset} has no mint here")
        return account.token_account
