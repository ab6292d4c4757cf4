"""`/api/account/api-keys`."""

from http import HTTPStatus
from typing import Annotated, Final

from msgspec import Meta

from webapp_api import keys_wire
from webapp_api.description.operation import Operation, Parameter

TAG: Final = "api keys"

API_KEY: Final = Parameter("api_key", Annotated[str, Meta(min_length=1)], "The key.")

OPERATIONS: Final = (
    Operation(
        name="create_api_key",
        method="POST",
        path="/api/account/api-keys",
        summary="Make an API key; its secret is told this once",
        body=keys_wire.CreateApiKey,
        status=HTTPStatus.CREATED,
        reply=keys_wire.NewApiKey,
        errors=("invalid_api_key", "too_many_api_keys"),
    ),
    Operation(
        name="api_keys",
        method="GET",
        path="/api/account/api-keys",
        summary="The account's API keys, newest first, without their secrets",
        reply=keys_wire.ApiKeys,
    ),
    Operation(
        name="revoke_api_key",
        method="DELETE",
        path="/api/account/api-keys/{api_key}",
        summary="End an API key at once, on open WebSockets too",
        parameters=(API_KEY,),
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("unknown_api_key", "not_found"),
    ),
)
