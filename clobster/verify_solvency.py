"""`clobster verify-solvency`: checks an account's proof against what is published, without asking anybody."""

from pathlib import Path
from typing import TypeVar

import msgspec

from clobster.config import ConfigError
from engine.solvency.proof import Forged
from webapp_api.solvency_wire import SolvencyProof, SolvencySnapshot

T = TypeVar("T")


def check(proof: Path, published: Path) -> list[str]:
    """Return what the proof shows, a line an asset. Raises ConfigError where it shows nothing, or is none."""
    mine, everybody = _read(proof, SolvencyProof), _read(published, SolvencySnapshot)
    if mine.snapshot_id != everybody.snapshot_id:
        raise ConfigError(f"the proof is of snapshot {mine.snapshot_id}, not of {everybody.snapshot_id}")
    assets = {each.asset: each for each in everybody.assets}
    lines = []
    for each in mine.proofs:
        asset = assets.get(each.asset)
        try:
            if asset is None or asset.root is None:
                raise Forged("nothing is published of this asset")
            if each.account_id != mine.account_id:
                raise Forged("the leaf is somebody else's")
            each.verify(asset.root, asset.liabilities_atoms)
        except Forged as why:
            raise ConfigError(f"the proof of {each.asset} is forged: {why}") from None
        lines.append(f"account {each.account_id} is counted with {each.atoms} atoms of {each.asset}; root {asset.root}")
    return lines or [f"account {mine.account_id} had nothing in snapshot {mine.snapshot_id}: nothing is proven"]


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{path} is no answer of the API: {error}") from None
