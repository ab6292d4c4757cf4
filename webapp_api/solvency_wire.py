"""The JSON of a proof of solvency, as structs. Atoms are whole numbers of an asset's smallest unit, as strings."""

from typing import Annotated

from msgspec import Meta, Struct

from engine.solvency.reading import ToldProof
from webapp_api.wire import Decimal, Millis

AtomsText = Annotated[str, Meta(pattern="^[0-9]{1,19}$")]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="32 bytes in hexadecimal")]


class TokenAccounts(Struct):
    """What token accounts hold together, finalized, and at which slots they were read; null where none were."""

    amount: Decimal
    accounts: int
    slot: int | None
    last_slot: int | None


class SolventAsset(Struct):
    """What is owed of an asset beside what lies on the chain: on_chain is the vault and the deposit accounts together.

    house_liabilities, of the fees and the market maker, and withdrawals_under_way are parts of liabilities. root is
    null where nothing is owed, mint where the asset is on no chain.
    """

    asset: str
    decimals: int
    mint: str | None
    root: Hash | None
    liabilities: Decimal
    liabilities_atoms: AtomsText
    house_liabilities: Decimal
    withdrawals_under_way: Decimal
    leaves: int
    on_chain: Decimal
    vault: TokenAccounts
    deposit_accounts: TokenAccounts


class KeptSnapshot(Struct):
    """A snapshot of which proofs can still be had."""

    snapshot_id: int
    taken_at: Millis


class SolvencySnapshot(Struct):
    """What was owed after `seq` commands, beside what lay on the chain shortly after.

    authority owns the vault's token accounts, each at create_with_seed(authority, "<account>:<asset>", SPL Token);
    explorer shows them as they are now. kept lists all snapshots of which proofs can be had, newest first.
    """

    snapshot_id: int
    taken_at: Millis
    seq: int
    authority: str
    explorer: str | None
    assets: list[SolventAsset]
    kept: list[KeptSnapshot]


class SolvencyProof(Struct):
    """That an account is counted in a snapshot: its leaf in the tree of each asset that it had, and the path there."""

    snapshot_id: int
    taken_at: Millis
    account_id: int
    proofs: list[ToldProof]


class DepositAccounts(Struct):
    """Token accounts into which people deposit an asset, in the order of their addresses.

    next_after is the `after` of the next page, null on the last one.
    """

    token_accounts: list[str]
    next_after: str | None
