"""svm_clob as a program that settles fills."""

from collections.abc import Collection, Sequence

from solana.rpc.async_api import AsyncClient
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from data.solana.programs import Landed, Preparation
from data.solana.svm_clob import landed, starting, transactions
from data.solana.svm_clob.place import Place
from engine.core.types import TradeId, UserId
from engine.settlement.fills import Fill


class SvmClob:
    """`data.solana.programs.FillProgram` by svm_clob."""

    def __init__(self, client: AsyncClient, place: Place) -> None:
        self._client = client
        self._place = place

    async def check(self) -> None:
        """Return where all is as it must be to begin. Raises Unusable or ChainUnavailable."""
        await starting.check(self._client, self._place)

    def refusal(self, fill: Fill) -> str | None:
        """Return why a fill can never settle this way, None where it can."""
        return self._place.refusal(fill)

    def fits(self, fills: Sequence[Fill], tables: Sequence[AddressLookupTableAccount]) -> bool:
        """Tell whether one transaction can carry fills in this order."""
        return transactions.fits(self._place, fills, tables)

    def instructions(self, fills: Sequence[Fill]) -> list[Instruction]:
        """Return what settles fills that fit."""
        return transactions.settling(self._place, fills)

    def addresses(self, users: Collection[UserId]) -> list[Pubkey]:
        """Return what lookup tables should have."""
        return transactions.named(self._place, users)

    async def unprepared(self, users: Collection[UserId]) -> list[Preparation]:
        """Return what is to be done for accounts before their fills settle."""
        return await starting.unprepared(self._client, self._place, users)

    async def landed(self, fills: Sequence[Fill], *, slot: int) -> dict[TradeId, Landed]:
        """Return which fills are on the chain."""
        return await landed.landed(self._client, self._place, fills, slot)
