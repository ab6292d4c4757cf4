"""What only the WebSocket refuses."""

from engine.core.refusals import Refused


class UnknownChannel(Refused):
    """There is no channel of this name."""

    code = "unknown_channel"


class TooManyInFlight(Refused):
    """This connection has as many unanswered requests as it may have."""

    code = "too_many_in_flight"


class TooManyRequests(Refused):
    """This connection has sent too many messages in the last second; wait for the next one."""

    code = "too_many_requests"


class TooManySubscriptions(Refused):
    """This connection may not follow so many channels."""

    code = "too_many_subscriptions"


class TooManySockets(Refused):
    """This address has as many WebSockets open as it may; close one first."""

    code = "too_many_sockets"


class ForbiddenOrigin(Refused):
    """Pages of other sites may not open this WebSocket."""

    code = "forbidden_origin"


class Internal(Refused):
    """Something went wrong on our side."""

    code = "internal"
