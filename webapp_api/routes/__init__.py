"""One file per resource. A handler decodes, calls and encodes; what it refuses, it raises."""
