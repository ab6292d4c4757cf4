"""`/api/openapi.json` and `/api/docs`: this description itself."""

from typing import Any, Final

from webapp_api.description.operation import Operation, Text

TAG: Final = "description"

OPERATIONS: Final = (
    Operation(
        name="openapi",
        method="GET",
        path="/api/openapi.json",
        summary="This description, OpenAPI 3.1",
        reply=dict[str, Any],
    ),
    Operation(
        name="docs",
        method="GET",
        path="/api/docs",
        summary="A page to read and to try this description",
        reply=Text("text/html", "Swagger UI"),
    ),
)
