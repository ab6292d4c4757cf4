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
ORDERS: list[dict[str, Any]] = [  # good ones, so that there is something to be answered
    {"side": "buy", "type": "limit", "price": "20000.00", "quantity": "0.0100", "client_order_id": "rests"},
    {"side": "buy", "type": "limit", "price": "20000.00", "quantity": "0.0100", "client_order_id": "rests"},
    {"side": "sell", "type": "limit_maker", "price": "300000", "quantity": "0.5", "self_trade_prevention": "decrement"},
    {"side": "buy", "type": "market", "quote_quantity": "250.5"},
    {"side": "sell", "type": "market", "quantity": "0.02", "time_in_force": "ioc"},
    {"side": "buy", "type": "limit", "price": "20000", "quantity": "1", "time_in_force": "fok"},
    {"side": "buy", "type": "limit", "price": "300000", "quantity": "0.001", "time_in_force": "ioc"},
]
ORDER_IDS = 40  # ids worth asking for
ADA, BOB = 42, 43
SIGN_OUTS = ("sign_out", "sign_out_everywhere")  # they end the session that asks, so each has a run of its own
BATCH = "batch"  # answers 200 even where an item is refused, so what is bad in one is not to be refused as a whole
LIMIT_S = 1800


def strict(described: dict[str, Any]) -> dict[str, Any]:
    """Return the description without leave for fields that it does not name.

    A client must bear new fields, so the description itself allows them; that an answer has one is a finding here.
    """
    described = copy.deepcopy(described)
    for schema in described["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return described


def worth_asking(described: dict[str, Any]) -> dict[str, Any]:
    """Return the description with symbols, ids and bodies of which something comes."""
    described = copy.deepcopy(described)
    for schema in described["components"]["schemas"].values():
        if "symbol" in schema.get("properties", {}):
            schema["properties"]["symbol"]["enum"] = SYMBOLS
    for path, methods in described["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "symbol":
                    parameter["schema"]["enum"] = SYMBOLS
                if parameter["name"] == "id" and "orders" in path:
                    parameter["schema"]["maximum"] = ORDER_IDS
    orders = [{"symbol": "BTCUSDT", **order} for order in ORDERS]
    _good(described, "/api/trading/orders", orders)
    _good(described, "/api/trading/orders/batch", [{"orders": [{"op": "place", **order} for order in orders]}])
    return described


def _good(described: dict[str, Any], path: str, bodies: list[dict[str, Any]]) -> None:
    examples = {str(number): {"value": body} for number, body in enumerate(bodies)}
    described["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"] = examples


def fuzz(server: Server, folder: Path, *, examples: int) -> list[str]:
    """Ask everything that is described, `examples` requests an operation; return what runs with findings printed."""
    described = folder / "openapi.json"
    described.write_text(json.dumps(worth_asking(strict(call("GET", f"{server.url}/api/openapi.json").body))))
    for person in (ADA, BOB):
        server.fund(person, USDT="1000000", BTC="10", ETH="100")
    # An order within the schema may still be off the market's tick or beyond one's funds.
    unchecked = ["--exclude-checks", "positive_data_acceptance"]
    runs = [
        (server.sign_in(ADA), [*unchecked, *(f"--exclude-operation-id={name}" for name in (*SIGN_OUTS, BATCH))]),
        (
            server.sign_in(ADA),
            [*unchecked, "--exclude-checks", "negative_data_rejection", "--include-operation-id", BATCH],
        ),
        *((server.sign_in(BOB), [*unchecked, f"--include-operation-id={name}"]) for name in SIGN_OUTS),
    ]
    said = [_run(server, folder, described, token, options, examples) for token, options in runs]
    return [each for each in said if each]


def _run(server: Server, folder: Path, described: Path, token: str, options: list[str], examples: int) -> str:
    """Run schemathesis and return nothing, or all that it printed where it found something."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(described), "--url", server.url, *options]
    command += ["--header", f"Authorization: Bearer {token}", "--max-examples", str(examples)]
    command += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-shrink", "--seed", "42"]
    command += ["--generation-with-security-parameters", "false"]  # an API key beside the token is refused
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
