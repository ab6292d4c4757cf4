"""The JSON of API keys, as structs."""

from typing import Annotated, Final

import msgspec
from msgspec import Struct

from engine.accounts.api_keys import MAX_ADDRESSES, MAX_NAME
from engine.accounts.types import KeyKind, Scope
from webapp_api.wire import Millis

_LAST: Final = 253_402_300_800_000  # ms: the end of the year 9999


class CreateApiKey(Struct, forbid_unknown_fields=True):
    """`POST /api/account/api-keys`. public_key is for ed25519 only: base64 of 32 bytes, or PEM."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=len(Scope))]
    kind: KeyKind = KeyKind.HMAC_SHA256
    public_key: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    addresses: Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=MAX_ADDRESSES)] = []
    expires_at: (
        Annotated[
            int,
            msgspec.Meta(gt=0, lt=_LAST, extra_json_schema={"format": "int64", "description": "ms since 1970, UTC"}),
        ]
        | None
    ) = None


class ApiKey(Struct):
    """An API key as told to its owner. addresses is empty where it may be used from anywhere."""

    api_key: str
    name: str
    kind: KeyKind
    scopes: list[Scope]
    addresses: list[str]
    created_at: Millis
    expires_at: Millis | None
    last_used_at: Millis | None
    last_used_address: str | None


class NewApiKey(ApiKey):
    """A key that was just made. secret is told this once; null for ed25519."""

    secret: str | None


class ApiKeys(Struct):
    """An account's API keys, newest first."""

    api_keys: list[ApiKey]


CREATE_API_KEY: Final = msgspec.json.Decoder(CreateApiKey)
