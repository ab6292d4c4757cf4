"""An operator changes the encryption key as docs/security.md says, and programs go on."""

import base64
import hashlib
import hmac
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.server import Server, call

OLD, NEW = (base64.b64encode(bytes([letter]) * 32).decode() for letter in b"AB")


def gets_in(server: Server, key: str, secret: str) -> bool:
    query = f"timestamp={time.time_ns() // 1_000_000}"
    signature = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    url = f"{server.url}/api/account?{query}&signature={signature}"
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers={"X-MBX-APIKEY": key}), timeout=20).close()
    except urllib.error.HTTPError as refused:
        refused.close()
        return False
    return True


def test_the_encryption_key_is_changed_and_programs_go_on(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_ENCRYPTION_KEY=OLD).start()
    try:
        body = {"name": "bot", "scopes": ["read"]}
        made = call("POST", f"{server.url}/api/account/api-keys", body, server.sign_in(42)).body
        key, secret = made["api_key"], made["secret"]
        assert gets_in(server, key, secret)
        for settings, may in [
            ({"CLOBSTER_ENCRYPTION_KEY": NEW, "CLOBSTER_ENCRYPTION_KEY_PREVIOUS": OLD}, True),
            ({"CLOBSTER_ENCRYPTION_KEY": NEW}, True),
            ({"CLOBSTER_ENCRYPTION_KEY": OLD}, False),
        ]:
            assert server.stop() == 0
            server.settings = {"CLOBSTER_FEED": "off"} | settings
            server.start()
            assert gets_in(server, key, secret) is may
        assert server.stop() == 0
        assert secret not in server.log
        assert OLD not in server.log
    finally:
        server.kill()
