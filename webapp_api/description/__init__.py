"""What the HTTP API says of itself: one table of operations per resource, from which OpenAPI is made."""
