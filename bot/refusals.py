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


class UnknownInterval(Refused):
    """There are no candles of this interval."""

    code = "unknown_interval"


class NotDepositable(Refused):
    """This asset can't be deposited."""

    code = "not_depositable"
