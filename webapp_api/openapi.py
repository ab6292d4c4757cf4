"""The description of this API as OpenAPI 3.1, made from the tables of operations and the structs of the wire."""

from collections import defaultdict
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import msgspec

from webapp_api.auth.access import Who
from webapp_api.auth.signing import KEY_HEADER
from webapp_api.description import (
    accounts,
    administration,
    api_keys,
    description,
    markets,
    portfolio,
    solvency,
    trading,
    udf,
    wallets,
    withdrawals,
)
from webapp_api.description.operation import BODY_LIMIT, LIMITED, Operation, Parameter, Text
from webapp_api.errors import STATUS
from webapp_api.wire import Error

TABLES: Final = (
    *(
        markets,
        udf,
        trading,
        portfolio,
        withdrawals,
        solvency,
        accounts,
        wallets,
        api_keys,
        administration,
        description,
    ),
)
OPERATIONS: Final[tuple[Operation, ...]] = tuple(each for table in TABLES for each in table.OPERATIONS)

_STATUS: Final = {**STATUS, "not_found": 404, "payload_too_large": 413}
_TOKEN: Final = "access_token"  # noqa: S105  the schemes' names
_KEY: Final = "api_key"
_SCHEMES: Final = {
    _TOKEN: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    _KEY: {
        "type": "apiKey",
        "in": "header",
        "name": KEY_HEADER,
        "description": "For programs. The query also has `timestamp`, `recvWindow` where it is not 5000, and "
        "`signature`: over the query without it and the body, as docs/api.md says. An operation that a key may call "
        "names the scope that it needs.",
    },
}
_ABOUT: Final = (
    "Prices, quantities and amounts are decimal strings, times integer milliseconds. Whatever is refused answers with "
    "a status and an `Error`, whose code is for programs and stays. The WebSocket at `/api/ws` is described in "
    "docs/api.md."
)
_HEADERS: Final = {
    401: {"WWW-Authenticate": "How to sign in."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}

_LIMITS: Final = {
    "RateLimit-Limit": "How many such requests the account, or else the address, may ask at once.",
    "RateLimit-Remaining": "How many of them are left now.",
    "RateLimit-Reset": "In how many seconds all of them will be there again.",
}


@cache
def document() -> dict[str, Any]:
    """Return the whole description, as it is answered in JSON. It is made once; whoever gets it only reads it."""
    types = _types()
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schema_of = dict(zip(types, schemas, strict=True))
    paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for table in TABLES:
        for operation in table.OPERATIONS:
            paths[operation.path][operation.method.lower()] = _operation(operation, table.TAG, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Clobster", "version": version("clobster"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": table.TAG, "description": (table.__doc__ or "").strip()} for table in TABLES],
        "paths": _today(paths),
        "components": {
            "schemas": _today(components),
            "securitySchemes": _SCHEMES,
        },
    }


def _types() -> list[Any]:
    types: list[Any] = []
    for operation in OPERATIONS:
        types += [operation.refusal, Error]
        types += [parameter.type for parameter in operation.parameters]
        types += [each for each in (operation.body, operation.reply) if each is not None and not isinstance(each, Text)]
    return list(dict.fromkeys(types))


def _operation(operation: Operation, tag: str, schema_of: dict[Any, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"operationId": operation.name, "tags": [tag], "summary": operation.summary}
    scope = operation.rule.scope
    if operation.rule.who is not Who.ANYBODY:
        said["security"] = [{_TOKEN: []}]
    elif operation.rule.by_name:
        said["security"] = [{}, {_TOKEN: []}]
    if scope is not None:
        said["security"].append({_KEY: [scope.value]})
        said["description"] = f"An API key needs the scope `{scope.value}`."
    if operation.parameters:
        said["parameters"] = [_parameter(each, operation.path, schema_of) for each in operation.parameters]
    if operation.body is not None:
        content = {"application/json": {"schema": schema_of[operation.body]}}
        said["requestBody"] = {"required": operation.body_required, "description": BODY_LIMIT, "content": content}
    said["responses"] = {
        str(int(operation.status)): _reply(operation, schema_of),
        **_refusals(operation, schema_of),
    }
    if operation.limited:
        for answer in said["responses"].values():
            answer["headers"] = answer.get("headers", {}) | _headers(_LIMITS)
    return said


def _parameter(parameter: Parameter, path: str, schema_of: dict[Any, Any]) -> dict[str, Any]:
    in_path = f"{{{parameter.name}}}" in path
    schema = schema_of[parameter.type]
    return {
        "name": parameter.name,
        "in": "path" if in_path else "header" if parameter.in_header else "query",
        "required": in_path or parameter.required,
        "description": parameter.description,
        "schema": schema if parameter.default is None else {**schema, "default": parameter.default},
    }


def _reply(operation: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    reply = operation.reply
    if reply is None:
        return {"description": "Done."}
    if isinstance(reply, Text):
        return {"description": reply.description, "content": {reply.content_type: {"schema": {"type": "string"}}}}
    content = {"application/json": {"schema": schema_of[reply]}}
    if operation.csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {"description": operation.summary, "content": content}


def _refusals(operation: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    """Return the answers that refuse, by status, each with the codes that it may carry."""
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in operation.codes:
        by_status[_STATUS[code]].append(code)
    answers: dict[str, Any] = {}
    for status, each in sorted(by_status.items()):
        # Who is limited has not reached the route, so they are not told in its words.
        refusal = schema_of[Error if each == [LIMITED] else operation.refusal]
        one_of = {"properties": {"error": {"properties": {"code": {"enum": each}}}}}
        schema = {"allOf": [refusal, one_of]}
        answer: dict[str, Any] = {"description": ", ".join(each), "content": {"application/json": {"schema": schema}}}
        if status in _HEADERS:
            answer["headers"] = _headers(_HEADERS[status])
        answers[str(status)] = answer
    return answers


def _headers(described: dict[str, str]) -> dict[str, Any]:
    return {
        name: {"description": what, "required": True, "schema": {"type": "string"}} for name, what in described.items()
    }


def _today(schema: Any) -> Any:
    r"""Return schemas as OpenAPI 3.1 writes them.

    Patterns are ECMA's, where Python's \A and \Z are ^ and $. A tuple whose items are all alike is shown as an array of
    that many, which says the same and which every reader understands.
    """
    if isinstance(schema, list):
        return [_today(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    first, *others = schema.get("prefixItems", [None])
    if first is not None and all(each == first for each in others):
        schema = {key: each for key, each in schema.items() if key != "prefixItems"} | {"items": first}
    if isinstance(schema.get("pattern"), str):
        schema = {**schema, "pattern": schema["pattern"].replace(r"\A", "^").replace(r"\Z", "$")}
    return {key: _today(each) for key, each in schema.items()}
