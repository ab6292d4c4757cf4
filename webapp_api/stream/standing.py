"""For whom a connection speaks: somebody with an access token, or a program with an API key."""

from typing import Final

from msgspec import Struct

from engine.accounts.types import Scope
from engine.core.types import Micros, UserId
from webapp_api.auth import signing
from webapp_api.auth.key_guard import KeyGuard
from webapp_api.auth.tokens import Guard
from webapp_api.refusals import InvalidRequest, Unauthorized
from webapp_api.stream.protocol import Auth

EVERYTHING: Final = frozenset(Scope)  # what a session may do

_SECOND: Final = 1_000_000  # Micros


class Standing(Struct, frozen=True):
    """An account, what may be done for it and until when (None: without end). Either session or key is not empty."""

    user: UserId
    scopes: frozenset[Scope]
    until: Micros | None
    session: str = ""
    key: str = ""


async def standing(request: Auth, guard: Guard, keys: KeyGuard, address: str) -> Standing:
    """Return for whom a connection from a network address speaks from now on.

    Raises InvalidRequest, Unauthorized where the token is not good, and what `KeyGuard.admit` raises.
    """
    token, key_id, timestamp, signature = request.token, request.api_key, request.timestamp, request.signature
    window = None if request.recv_window is None else str(request.recv_window)
    if token is not None:
        if not (key_id is None and timestamp is None and signature is None and window is None):
            raise InvalidRequest("Send a token or an API key, not both.")
        try:
            claims = guard.known(token) or await guard.admit(token)
        except Unauthorized:
            raise Unauthorized("This token is not good, or no longer.") from None
        return Standing(claims.user, EVERYTHING, Micros(claims.expires_at * _SECOND), session=claims.session)
    if key_id is None or timestamp is None or signature is None:
        raise InvalidRequest("Send a token; or api_key, timestamp and signature.")
    params = {"api_key": key_id, "timestamp": str(timestamp)} | ({} if window is None else {"recv_window": window})
    key = await keys.admit(key_id, signing.of_params(params, signature, str(timestamp), window), address)
    return Standing(key.user_id, key.scopes, key.expires_at, key=key.id)
