"""Launch data as Telegram makes it, for tests to sign in with."""

import hashlib
import hmac
import json
from urllib.parse import quote

BOT_TOKEN = "7000000001:a-token-for-tests"


def launch_fields(user_id: int, at_s: int) -> dict[str, str]:
    return {
        "query_id": "AAF03wc0AgAAAHTfBzTtHPDB",
        "user": json.dumps({"id": user_id, "first_name": "Ada", "username": f"ada{user_id}", "language_code": "en"}),
        "auth_date": str(at_s),
        "signature": "c2lnbmVkIGJ5IFRlbGVncmFt",
    }


def sign(fields: dict[str, str], bot_token: str = BOT_TOKEN) -> str:
    """Return the fields as launch data, signed."""
    check = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    key = hmac.digest(b"WebAppData", bot_token.encode(), hashlib.sha256)
    signature = hmac.new(key, check.encode(), hashlib.sha256).hexdigest()
    return "&".join(f"{name}={quote(value)}" for name, value in {**fields, "hash": signature}.items())


def launch_data(user_id: int, at_s: int, bot_token: str = BOT_TOKEN) -> str:
    return sign(launch_fields(user_id, at_s), bot_token)
