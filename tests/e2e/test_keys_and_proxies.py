"""Settings of sign-in as an operator changes them: keys that rotate over restarts, and a proxy in front."""

import base64
import urllib.request
from pathlib import Path

import jwt

from tests.support.server import Server, call

FIRST, SECOND = (base64.b64encode(byte * 32).decode() for byte in (b"1", b"2"))


def served(data_dir: Path, token: str, **settings: str) -> tuple[int, str]:
    """Start an exchange; return how it answers the token, and a new one of its own."""
    server = Server(data_dir, **settings).start()
    try:
        status = call("GET", f"{server.url}/api/account", token=token).status if token else 0
        return status, server.sign_in(1)
    finally:
        server.stop()


def test_keys_rotate_over_restarts_with_an_overlap(tmp_path: Path) -> None:
    eddsa = {"CLOBSTER_JWT_ALGORITHM": "EdDSA"}
    _, token = served(tmp_path / "var", "", **eddsa, CLOBSTER_JWT_SECRET=FIRST)
    assert jwt.get_unverified_header(token)["alg"] == "EdDSA"
    rotated = {**eddsa, "CLOBSTER_JWT_SECRET": SECOND}
    status, newer = served(tmp_path / "var", token, **rotated, CLOBSTER_JWT_SECRET_PREVIOUS=FIRST)
    assert status == 200
    assert served(tmp_path / "var", token, **rotated)[0] == 401
    assert served(tmp_path / "var", newer, **rotated)[0] == 200


def test_development_makes_a_key_of_either_algorithm_and_limits_what_it_is_told_to(tmp_path: Path) -> None:
    settings = {"CLOBSTER_TRUSTED_PROXIES": "127.0.0.0/8", "CLOBSTER_LIMIT_READ": "0.001/1"}
    server = Server(tmp_path / "var", CLOBSTER_JWT_ALGORITHM="EdDSA", **settings).start()
    try:
        token = server.sign_in(1)
        assert jwt.get_unverified_header(token)["alg"] == "EdDSA"
        assert [call("GET", f"{server.url}/api/account", token=token).status for _ in range(2)] == [200, 429]
        statuses = []
        for client in ("203.0.113.1", "203.0.113.2"):
            asked = urllib.request.Request(f"{server.url}/api/markets", headers={"X-Forwarded-For": client})
            with urllib.request.urlopen(asked) as answer:
                statuses.append((answer.status, answer.headers["RateLimit-Remaining"]))
        assert statuses == [(200, "4"), (200, "4")]
    finally:
        server.stop()
