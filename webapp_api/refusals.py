"""What this edge refuses by itself, before the engine is asked."""

from engine.core.refusals import Refused


class MalformedBody(Refused):
    """The body is not valid JSON."""

    code = "malformed"


class InvalidRequest(Refused):
    """A field is missing, unknown, or not of its type."""

    code = "invalid_request"


class InvalidParameter(Refused):
    """A parameter of the query is not one of its allowed values."""

    code = "invalid_parameter"


class NoIdempotencyKey(Refused):
    """Send the header Idempotency-Key: 1 to 64 letters, digits or ._:/- that name this very request for good."""

    code = "idempotency_key_needed"


class NotSupported(Refused):
    """The exchange does not offer this yet."""

    code = "not_supported"


class Unauthorized(Refused):
    """Sign in: this needs `Authorization: Bearer` with a good access token."""

    code = "unauthorized"


class LimitReached(Refused):
    """This is asked more often than it may be; ask again after retry_after seconds."""

    code = "too_many_requests"


class UnknownSession(Refused):
    """You have no live session with this id."""

    code = "unknown_session"


class UnknownAccount(Refused):
    """There is no account with this id."""

    code = "unknown_account"
