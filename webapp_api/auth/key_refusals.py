"""Why a program with an API key is not let in. Only who can sign with a key is told more than `invalid_credentials`."""

from engine.core.refusals import Refused


class InvalidKey(Refused):
    """The API key, the signature or the timestamp is not good. See docs/api.md for what is signed."""

    code = "invalid_credentials"


class ExpiredKey(Refused):
    """This API key has expired."""

    code = "expired"


class AddressNotAllowed(Refused):
    """This API key may not be used from this address."""

    code = "address_not_allowed"


class MissingScope(Refused):
    """This API key does not have the scope that this needs."""

    code = "missing_scope"


class NeedsASession(Refused):
    """This is for somebody who has signed in; no API key may do it."""

    code = "needs_a_session"
