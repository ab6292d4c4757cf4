"""Proofs, good and forged, that a script made which shares no code with us: told to each of our three verifiers."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.solvency.reading import ToldProof

ROOT = Path(__file__).parents[3]
VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/solvency.json").read_text())
GOOD: list[tuple[Any, Any]] = [(proof, tree) for tree in VECTORS["trees"] for proof in tree["proofs"]]
FORGED: list[dict[str, Any]] = VECTORS["forged"]

Check = Callable[[Any, Any], None]


def ours(proof: Any, published: Any) -> None:
    told = msgspec.convert(proof, ToldProof)
    told.verify(published["root"], published["liabilities_atoms"])


def of_the_document() -> Check:
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/proof-of-solvency.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {"__name__": "read"}
    exec(code, names)
    check: Check = names["check"]
    return check


@pytest.fixture(params=["ours", "the document's"])
def check(request: pytest.FixtureRequest) -> Check:
    return ours if request.param == "ours" else of_the_document()


def test_there_are_enough() -> None:
    assert len(GOOD) == 17
    assert len(FORGED) == 25


def test_good_proofs_are_believed(check: Check) -> None:
    for proof, published in GOOD:
        check(proof, published)


@pytest.mark.parametrize("forged", FORGED, ids=[each["why"] for each in FORGED])
def test_forged_proofs_are_not(check: Check, forged: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError)):
        check(forged["proof"], forged["published"])


def test_the_script_still_makes_them() -> None:
    made = subprocess.run([sys.executable, ROOT / "tests/vectors/make_solvency.py"], capture_output=True, check=True)
    assert json.loads(made.stdout) == VECTORS
