"""A running exchange proves that it has what it owes: to a stranger by the chain, to each person by a proof."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.test_money_through_the_house import Person, _until, _until_agreed
from tests.support.onchain import url
from tests.support.server import Server, call

BOSS = 77
PROOF = "/api/portfolio/solvency-proof"


def on_chain(server: Server, authority: str, mint: str) -> int:
    """Ask the chain what a stranger would."""
    params = [authority, {"mint": mint}, {"encoding": "jsonParsed", "commitment": "finalized"}]
    asked = {"jsonrpc": "2.0", "id": 1, "method": "getTokenAccountsByOwner", "params": params}
    found = call("POST", url(server), asked).body["result"]["value"]
    return sum(int(each["account"]["data"]["parsed"]["info"]["tokenAmount"]["amount"]) for each in found)


def verified(folder: Path, proof: Any, published: Any) -> tuple[int, str]:
    """Run `clobster verify-solvency`; return its exit code and what it has said."""
    files = []
    for name, content in (("proof.json", proof), ("solvency.json", published)):
        (folder / name).write_text(json.dumps(content))
        files.append(str(folder / name))
    done = subprocess.run(
        [sys.executable, "-m", "clobster", "verify-solvency", *files], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_what_it_owes_lies_on_the_chain_and_everybody_can_check_that_they_are_counted(tmp_path: Path) -> None:
    server = Server(
        tmp_path / "var",
        CLOBSTER_SOLANA="localnet",
        CLOBSTER_FEED="recorded",
        CLOBSTER_ADMIN_TELEGRAM_IDS=str(BOSS),
    ).start()
    try:
        _until(server, lambda: call("GET", f"{server.url}/api/solvency").status == 200)  # the one at the start
        person = Person(server, 42)
        server.fund(42, USDT="1000")
        person.buys("250")
        _until(server, person.settled_trades)
        _until_agreed(server)
        boss = server.sign_in(BOSS)
        taken = call("POST", f"{server.url}/api/admin/solvency/snapshots", token=boss)
        assert taken.status == 201, taken.body
        published = taken.body
        assert {each["asset"] for each in published["assets"]} == {"BTC", "ETH", "SOL", "USDT"}
        for each in published["assets"]:
            assert each["on_chain"] == each["vault"]["amount"] == each["liabilities"]
            assert int(each["liabilities_atoms"]) == on_chain(server, published["authority"], each["mint"])

        token = server.sign_in(42)
        proof = call("GET", f"{server.url}{PROOF}", token=token).body
        assert [each["asset"] for each in proof["proofs"]] == ["BTC", "USDT"]
        code, said = verified(tmp_path, proof, published)
        assert (code, said.count("is counted with")) == (0, 2), said

        server.kill()
        server.start()
        token = server.sign_in(42)
        asked = f"{server.url}{PROOF}?snapshot_id={published['snapshot_id']}"
        assert call("GET", asked, token=token).body == proof
    finally:
        server.kill()

    forged = json.loads(json.dumps(proof))
    forged["proofs"][0]["atoms"] = "1"
    code, said = verified(tmp_path, forged, published)
    assert (code, "forged" in said) == (2, True), said
    code, said = verified(tmp_path, proof | {"snapshot_id": 99}, published)
    assert (code, "snapshot 99" in said) == (2, True), said
