"""The JSON of `GET /api/admin/overview`: how every part of the exchange is doing, at one moment."""

from msgspec import Struct

from engine.core.types import MarketState
from webapp_api import admin_wire
from webapp_api.wire import Millis, SignedDecimal


class Readiness(Struct):
    """Whether requests can be served, else why not, as `/readyz` tells."""

    is_well: bool
    reasons: list[str]


class Loop(Struct):
    """How late the loop was at worst in the last ten seconds, in milliseconds."""

    is_well: bool
    late_ms: float


class Queue(Struct):
    """How much waits somewhere."""

    name: str
    waiting: int


class Writer(Struct):
    """The one that applies and commits: commands since genesis, commits since the start and what one takes."""

    is_well: bool
    commands: int
    commits: int
    commit_ms: float
    queues: list[Queue]


class Unbalanced(Struct):
    """An asset whose balances are not 0 together, and what they are."""

    asset: str
    amount: SignedDecimal


class LedgerChecks(Struct):
    """The ledger, added up once a minute: how often since the start, and when last."""

    is_well: bool
    checks: int
    checked_at: Millis | None
    unbalanced: list[Unbalanced]


class FollowedMarket(Struct):
    """A market of the feed. Ages are in seconds, null where there was nothing yet; counts are since the start."""

    symbol: str
    in_sync: bool
    message_age_s: float | None
    book_age_s: float | None
    messages_per_s: float
    resyncs: int
    stale: int
    reconnects: int


class Feed(Struct):
    """What Binance's books come by."""

    is_well: bool
    markets: list[FollowedMarket]


class MarketStatus(Struct):
    """Whether a market takes orders."""

    symbol: str
    status: MarketState


class Markets(Struct):
    """All markets; well while all of them trade."""

    is_well: bool
    markets: list[MarketStatus]


class Quotes(Struct):
    """The market maker; no markets where it does not run."""

    is_well: bool
    markets: list[admin_wire.QuotedMarket]


class Leaving(Struct):
    """Withdrawals as of the last round of what pays out: how many in each state, and whether an operator stopped it."""

    is_well: bool
    is_stopped: bool
    states: dict[str, int]


class Settled(Struct):
    """What is owed on the chain. is_on says whether trades settle at all; all else is null while the chain is away."""

    is_well: bool
    is_on: bool
    owed: int | None
    under_way: int | None
    failed: int | None
    oldest_owed_s: int | None


class Books(Struct):
    """The books beside the chain; null where there is none. age_s is since they were compared."""

    is_well: bool
    age_s: float | None
    fee_floor_lamports: int
    comparison: admin_wire.Reconciliation | None


class Sockets(Struct):
    """The WebSocket. conflations are updates left out for who reads too slowly; dropped is by reason."""

    is_well: bool
    clients: int
    lagging: int
    conflations: int
    dropped: dict[str, int]


class Bot(Struct):
    """The Telegram bot. notices_waiting is null where none runs, which may be wanted so."""

    is_well: bool
    notices_waiting: int | None


class Overview(Struct):
    """Every part of the exchange at the time `at`; is_well says of each whether somebody should look at it."""

    at: Millis
    started_at: Millis
    version: str
    readiness: Readiness
    loop: Loop
    writer: Writer
    ledger: LedgerChecks
    feed: Feed
    markets: Markets
    quotes: Quotes
    withdrawals: Leaving
    settlement: Settled
    books: Books
    sockets: Sockets
    bot: Bot
