"""Signed mini-app launch data for development, exactly as Telegram would make it for our own bot."""

import hashlib
import hmac
from urllib.parse import urlencode

import msgspec


def sign(bot_token: str, *, user_id: int, first_name: str, now_s: int) -> str:
    """Return launch data (`initData`) for a person, signed with the bot's token at `now_s` (seconds).

    Source: Telegram, "Validating data received via the Mini App".
    """
    user = {"id": user_id, "first_name": first_name, "language_code": "en", "allows_write_to_pm": True}
    fields = {
        "auth_date": str(now_s),
        "query_id": f"dev{user_id}",
        "user": msgspec.json.encode(user).decode(),
    }
    secret = hmac.new(b"WebAppData", bot_token.encode(), hashlib.sha256).digest()
    checked = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    fields["hash"] = hmac.new(secret, checked.encode(), hashlib.sha256).hexdigest()
    return urlencode(fields)
