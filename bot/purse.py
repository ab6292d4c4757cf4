"""What money comes in by and goes out by: deposit addresses, linked wallets, and how much of anything is allowed."""

import io
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import segno
from msgspec import Struct

from bot.linking import Site
from bot.refusals import NotDepositable
from engine.accounts.wallet_links import WalletLinks
from engine.accounts.wallets import Wallets
from engine.core.refusals import UnknownAsset
from engine.core.types import AssetCode, UserId
from engine.custody.accounts import Depositable, DepositAccount
from engine.custody.refusals import DepositsOff

GiveAddress = Callable[[UserId, AssetCode], Awaitable[tuple[DepositAccount, Depositable]]]

SCALE: Final = 12  # pixels of a square of a QR picture
BORDER: Final = 4  # squares around it, as the standard wants


class Allowance(Struct, frozen=True):
    """How often an account may ask for something: so many a second in the long run, so many at once."""

    what: str
    per_s: str
    burst: int


class Purse(Struct, frozen=True):
    """What the bot knows of deposits, wallets and allowances. give_address is None where no deposits are taken.

    site is where wallets sign, network is what Solana's cluster is called, assets are the codes that one may ask for.
    """

    give_address: GiveAddress | None
    wallets: Wallets
    wallet_links: WalletLinks
    site: Site
    network: str
    assets: tuple[AssetCode, ...]
    allowances: tuple[Allowance, ...]

    async def address(self, user: UserId, name: str) -> tuple[DepositAccount, Depositable]:
        """Return where somebody deposits an asset. Raises NotDepositable and what deposits refuse."""
        if self.give_address is None:
            raise DepositsOff
        code = AssetCode(name.upper())
        try:
            if code not in self.assets:
                raise UnknownAsset
            return await self.give_address(user, code)
        except UnknownAsset:
            raise NotDepositable(assets=_listed(self.assets)) from None


def qr(text: str) -> bytes:
    """Return a PNG that a phone's camera reads."""
    file = io.BytesIO()
    segno.make(text, error="m", micro=False).save(file, kind="png", scale=SCALE, border=BORDER)
    return file.getvalue()


def _listed(codes: Iterable[AssetCode]) -> str:
    return ", ".join(sorted(codes))
