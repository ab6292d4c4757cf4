"""Every answer that a test gets is held against the description, so that what the tests know, it says."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from tests.e2e.fuzz import strict
from webapp_api.openapi import document

ANYWHERE = {"method_not_allowed", "internal", "expectation_failed"}  # what any path may answer is not said of each


def hold(method: str, path: str, status: int, headers: Mapping[str, str], body: Any) -> None:
    """Fail where an answer is not one that the description allows."""
    operation = next((each for pattern, each in _operations(method) if pattern.fullmatch(path)), None)
    if operation is None or (status >= 400 and body["error"]["code"] in ANYWHERE) or status == 304:
        return
    said = f"{method} {path} -> {status} {body}"
    assert str(status) in operation["responses"], said
    content_type = headers.get("Content-Type", "").partition(";")[0]
    answer = operation["responses"][str(status)]
    assert [name for name in answer.get("headers", ()) if name not in headers] == [], said
    content = answer.get("content")
    if content is None:
        assert body == "", said
        return
    assert content_type in content, said
    errors = _validator(operation["operationId"], status, content_type).iter_errors(body)
    assert [f"{error.instance_path}: {error.message}" for error in errors] == [], said


@cache
def _described() -> dict[str, Any]:
    return strict(document())


@cache
def _operations(method: str) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [
        (re.compile(re.sub(r"{\w+}", "[^/]+", path)), methods[method.lower()])
        for path, methods in _described()["paths"].items()
        if method.lower() in methods
    ]


@cache
def _validator(name: str, status: int, content_type: str) -> jsonschema_rs.Draft202012Validator:
    (operation,) = (
        each for methods in _described()["paths"].values() for each in methods.values() if each["operationId"] == name
    )
    schema = operation["responses"][str(status)]["content"][content_type]["schema"]
    return jsonschema_rs.Draft202012Validator({**schema, "components": _described()["components"]})
