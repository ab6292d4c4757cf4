"""What a program on chain that settles fills must be able to tell whoever plans, signs and follows its transactions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from engine.core.types import TradeId, UserId
from engine.settlement.fills import Fill


class Preparation(Struct, frozen=True):
    """What must be done on chain once before an account's fills settle. `user` names who signs, beside the vault."""

    user: UserId
    instructions: tuple[Instruction, ...]


class Landed(Struct, frozen=True):
    """The transaction by which a fill is on the chain, and whether that is final."""

    signature: str
    is_final: bool


class Unusable(Exception):  # noqa: N818
    """A program can't settle our fills on this chain. The message says why, for the operator."""


class FillProgram(Protocol):
    """A way to settle fills in transactions that the vault's authority alone signs, each all or nothing.

    What such a transaction does to the vault's token accounts is `engine.settlement.netting.net_of` its fills, and no
    account pays more on the way than it does altogether.
    """

    async def check(self) -> None:
        """Return where all is as it must be to begin. Raises Unusable or ChainUnavailable."""

    def refusal(self, fill: Fill) -> str | None:
        """Return why a fill can never settle this way, None where it can."""

    def fits(self, fills: Sequence[Fill], tables: Sequence[AddressLookupTableAccount]) -> bool:
        """Tell whether one transaction can carry fills, none of them refused, in this order. One alone always fits."""

    def instructions(self, fills: Sequence[Fill]) -> list[Instruction]:
        """Return what settles fills that fit."""

    def addresses(self, users: Collection[UserId]) -> list[Pubkey]:
        """Return what is named again and again: in a lookup table it takes a byte instead of 32."""

    async def unprepared(self, users: Collection[UserId]) -> list[Preparation]:
        """Return what is to be done for accounts before their fills settle. Raises Unusable or ChainUnavailable."""

    async def landed(self, fills: Sequence[Fill], *, slot: int) -> Mapping[TradeId, Landed]:
        """Return which fills are on the chain, by what it shows and not by what we remember to have sent.

        Ask it before fills are signed anew, as of a slot that is final: one that is there must not be. Raises
        ChainUnavailable where the whole truth is not to be had, Unusable where the chain shows what must never be.
        """
