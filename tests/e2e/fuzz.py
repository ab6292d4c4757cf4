"""The API against its own description: `python -m tests.e2e.fuzz [EXAMPLES]` on a fresh exchange of its own.

schemathesis makes requests from /api/openapi.json, good ones and bad ones, as a signed-in person with funds, and holds
every answer against what is described: no 5xx, no status, header, content type or field that is not.
"""

import copy
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.server import Server, call

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"]  # the last is no market
ADA, BOB = 42, 43
SIGN_OUT = "sign_out"  # ends the session that asks, so it has a run of its own
LIMIT_S = 1800


def tightened(described: dict[str, Any]) -> dict[str, Any]:
    """Return the description as strict as it can be: no undescribed field in an answer, and symbols worth asking for.

    A client must bear new fields, so the description itself allows them; that an answer has one is a finding here.
    """
    strict = copy.deepcopy(described)
    for schema in strict["components"]["schemas"].values():
        properties = schema.get("properties", {})
        if properties:
            schema["additionalProperties"] = False
        if "symbol" in properties:
            properties["symbol"]["enum"] = SYMBOLS
    for methods in strict["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "symbol":
                    parameter["schema"]["enum"] = SYMBOLS
    return strict


def fuzz(server: Server, folder: Path, *, examples: int) -> list[str]:
    """Ask everything that is described, `examples` requests an operation; return what runs with findings printed."""
    described = folder / "openapi.json"
    described.write_text(json.dumps(tightened(call("GET", f"{server.url}/api/openapi.json").body)))
    for person in (ADA, BOB):
        server.fund(person, USDT="1000000", BTC="10", ETH="100")
    runs = [
        (server.sign_in(ADA), ["--exclude-operation-id", SIGN_OUT]),
        (server.sign_in(BOB), ["--include-operation-id", SIGN_OUT]),
    ]
    said = [_run(server, folder, described, token, operations, examples) for token, operations in runs]
    return [each for each in said if each]


def _run(server: Server, folder: Path, described: Path, token: str, operations: list[str], examples: int) -> str:
    """Run schemathesis and return nothing, or all that it printed where it found something."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(described), "--url", server.url, *operations]
    command += ["--header", f"Authorization: Bearer {token}", "--max-examples", str(examples)]
    # An order within the schema may still be off the market's tick or beyond one's funds.
    command += ["--exclude-checks", "positive_data_acceptance"]
    command += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-shrink", "--seed", "42"]
    command += ["--generation-database", "none", "--warnings", "off", "--no-color", "--request-timeout", "20"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def main() -> None:
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "var", CLOBSTER_FEED="recorded").start()
        try:
            began = time.monotonic()
            found = fuzz(server, Path(folder), examples=examples)
            print(*found, f"{time.monotonic() - began:.0f} s", sep="\n")  # noqa: T201
        finally:
            server.stop()
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
