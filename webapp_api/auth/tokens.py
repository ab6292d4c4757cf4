"""Access tokens: short-lived, signed, checked without the database once seen."""

from collections import defaultdict
from typing import Final

import jwt
import msgspec

from engine.accounts.accounts import Accounts
from engine.core.types import UserId
from engine.ports import Clock
from webapp_api.auth.token_keys import KeyRing
from webapp_api.refusals import Unauthorized

LIFE_S: Final = 15 * 60
MAX_LENGTH: Final = 512  # characters of a token; ours have about 330
MAX_KNOWN: Final = 16_384  # verified tokens remembered

_ISSUER: Final = "clobster"
_AUDIENCE: Final = "clobster-api"
_MICROS: Final = 1_000_000


class Claims(msgspec.Struct, frozen=True):
    """Who a good token speaks for. expires_at is in seconds since 1970."""

    user: UserId
    session: str
    expires_at: int


class _Payload(msgspec.Struct, frozen=True):
    sub: str
    sid: str
    exp: int


class AccessTokens:
    """Makes and checks access tokens. A token's `kid` picks a key, and that has its one algorithm, whatever it says."""

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def issue(self, user: UserId, session: str) -> str:
        """Return a token that speaks for this session during LIFE_S seconds."""
        now_s = self._clock() // _MICROS
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(user),
            "sid": session,
            "iat": now_s,
            "exp": now_s + LIFE_S,
        }
        key = self._keys.current
        return jwt.encode(payload, key.signs, key.algorithm, headers={"kid": key.id})

    def verify(self, token: str) -> Claims:
        """Return what the token says. Raises Unauthorized; whether the session was ended is not asked here."""
        if len(token) > MAX_LENGTH or not token.isascii():
            raise Unauthorized
        try:
            key = self._keys.find(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                raise Unauthorized
            # Expiry is ours to check: one clock for everything.
            payload = msgspec.convert(
                jwt.decode(
                    token,
                    key.checks,
                    algorithms=[key.algorithm],
                    issuer=_ISSUER,
                    audience=_AUDIENCE,
                    options={
                        "require": ["iss", "aud", "sub", "sid", "iat", "exp"],
                        "verify_exp": False,
                        "verify_iat": False,
                    },
                ),
                _Payload,
            )
            claims = Claims(UserId(int(payload.sub)), payload.sid, payload.exp)
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, RecursionError):
            raise Unauthorized from None
        if claims.expires_at <= self._clock() // _MICROS:
            raise Unauthorized
        return claims


class Guard:
    """Lets in who has a good token of a live session.

    A token that was good is remembered until it expires or its session is ended, so that the way of an order costs
    a look-up instead of a signature.
    """

    def __init__(self, tokens: AccessTokens, accounts: Accounts, clock: Clock, *, max_known: int = MAX_KNOWN) -> None:
        self._tokens = tokens
        self._accounts = accounts
        self._clock = clock
        self._max_known = max_known
        self._known: dict[str, Claims] = {}
        self._of_session: defaultdict[str, list[str]] = defaultdict(list)  # tokens by session, all of them known
        accounts.ended.append(self._forget)

    def known(self, token: str) -> Claims | None:
        """Return what a remembered token says, or None where `admit` has to be asked."""
        claims = self._known.get(token)
        if claims is not None and claims.expires_at * _MICROS <= self._clock():
            self._drop(token)
            return None
        return claims

    async def admit(self, token: str) -> Claims:
        """Return what the token says. Raises Unauthorized."""
        claims = self.known(token)
        if claims is not None:
            return claims
        claims = self._tokens.verify(token)
        while True:
            endings = self._accounts.endings
            if not await self._accounts.is_alive(claims.user, claims.session):
                raise Unauthorized
            if endings == self._accounts.endings:  # else: it may have ended while we asked
                break
        if len(self._known) >= self._max_known:
            self._drop(next(iter(self._known)))
        if token not in self._known:  # somebody may have asked for the same one meanwhile
            self._of_session[claims.session].append(token)
        self._known[token] = claims
        return claims

    def _drop(self, token: str) -> None:
        session = self._known.pop(token).session
        others = self._of_session[session]
        others.remove(token)
        if not others:
            del self._of_session[session]

    def _forget(self, session: str) -> None:
        for token in self._of_session.pop(session, ()):
            del self._known[token]
