"""What the bot refuses by itself, before the engine is asked."""

from engine.core.refusals import Refused


class NotUnderstood(Refused):
    """This is not an order that the bot understands."""

    code = "not_understood"


class AmbiguousNumber(Refused):
    """The comma may stand for thousands or for decimals."""

    code = "ambiguous_number"


class AllOfWhat(Refused):
    """Buying "all" of something says nothing of what to spend."""

    code = "all_of_what"


class ThinBook(Refused):
    """Less is offered now than is asked for."""

    code = "thin_book"


class NothingOffered(Refused):
    """Nobody offers anything on the other side now."""

    code = "nothing_offered"


class LessThanALot(Refused):
    """The amount comes to less than the smallest quantity that trades."""

    code = "less_than_a_lot"


class NothingToSell(Refused):
    """The account has none of this."""

    code = "nothing_to_sell"


class AlertNotUnderstood(Refused):
    """This is not an alert that the bot understands."""

    code = "alert_not_understood"


class AlreadyThere(Refused):
    """The price is there already."""

    code = "already_there"


class NoPriceNow(Refused):
    """There is no price now from which a move could be counted."""

    code = "no_price_now"


class TooManyAlerts(Refused):
    """The account has as many price alerts as it may have."""

    code = "too_many_alerts"


class UnknownAlert(Refused):
    """The account has no such alert."""

    code = "unknown_alert"


class UnknownInterval(Refused):
    """There are no candles of this interval."""

    code = "unknown_interval"


class UnknownButton(Refused):
    """There is no such button here."""

    code = "unknown_button"


class NotDepositable(Refused):
    """This asset can't be deposited."""

    code = "not_depositable"
