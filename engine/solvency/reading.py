"""Proofs as they are told: hashes in hexadecimal, atoms as decimal strings, as programs without large numbers need."""

import re
from collections.abc import Sequence
from typing import Final, Literal, Self

from msgspec import Struct

from engine.core.types import AssetCode, Atoms, UserId
from engine.solvency.proof import Forged, Leaf, Root, Step, verify

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ATOMS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


class ToldStep(Struct):
    """The other child on the way up, the side on which it stands, and its sum."""

    side: Literal["left", "right"]
    hash: str
    atoms: str


class ToldProof(Struct):
    """An account's leaf in the tree of an asset, and the way from there to the root."""

    asset: str
    account_id: int
    atoms: str
    salt: str
    path: list[ToldStep]

    @classmethod
    def of(cls, leaf: Leaf, path: Sequence[Step]) -> Self:
        """Tell a proof."""
        steps = [ToldStep("left" if step.is_left else "right", step.hash.hex(), str(step.atoms)) for step in path]
        return cls(leaf.asset, leaf.account, str(leaf.atoms), leaf.salt.hex(), steps)

    def verify(self, root: str, liabilities_atoms: str) -> None:
        """Return where this leads to what is published. Raises Forged."""
        leaf = Leaf(AssetCode(self.asset), UserId(self.account_id), Atoms(_sum(self.atoms)), _bytes(self.salt))
        steps = [Step(step.side == "left", _bytes(step.hash), _sum(step.atoms)) for step in self.path]
        verify(leaf, steps, Root(_bytes(root), _sum(liabilities_atoms)))


def _bytes(text: str) -> bytes:
    if not _HASH.fullmatch(text):
        raise Forged("a hash or a salt is not 32 bytes in hexadecimal")
    return bytes.fromhex(text)


def _sum(text: str) -> int:
    if not _ATOMS.fullmatch(text):
        raise Forged("a sum is negative or too large")
    return int(text)
