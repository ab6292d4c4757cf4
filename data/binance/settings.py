"""How patient a feed is, and how much it may ask of Binance."""

from msgspec import Struct


class FeedSettings(Struct, frozen=True):
    """Times in seconds.

    stale: a book that has not moved for so long is not to be trusted, until it moves again. disagreement: how long two
    streams may contradict each other before the book is put together again. frozen: a book that does not move although
    something says that the market has; silence: a connection without a message; doubted: a book that has to agree with
    a second opinion and does not. These three end the connection.
    """

    stale_s: float = 1.0
    disagreement_s: float = 0.5
    frozen_s: float = 3.0
    silence_s: float = 5.0
    doubted_s: float = 10.0
    life_s: float = 23 * 3600.0  # of a connection; Binance ends it after 24 hours
    min_life_s: float = 10.0  # a server that keeps announcing its end is not left more often than this
    join_s: float = 30.0  # for the next connection to have caught up with the last
    first_retry_s: float = 0.5
    last_retry_s: float = 60.0
    snapshot_levels: int = 5_000  # the most there is, as Binance advises; 250 of 6,000 that may be asked in a minute
    snapshots_a_minute: int = 15
    connects_in_five_minutes: int = 60  # of Binance's 300
