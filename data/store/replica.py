"""History answered by a hot standby of the primary, where it is there and has all that was committed.

Before each read the primary is asked how far its log is on the disk, which all that was answered is behind. What the
replica has not replayed in a moment is read at the primary, and so is everything while the replica is away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final, TypeVar

import asyncpg
import structlog
from typing_extensions import override

from data.store.asking import CONNECT_S, Looking, connect
from data.store.connection import Reading
from data.store.queries import Queries

T = TypeVar("T")

SIZE: Final = 4  # connections; what finds none idle is read at the primary
BOUND_S: Final = 0.2  # that a read waits for the replica to have what was committed
CATCH_UP_S: Final = 10.0  # that a start waits for it
ANSWER_S: Final = 2.0  # that an answer may take, of a server that may have fallen silent
LOOK_S: Final = 1.0  # between looks at it

_SAME: Final = """
    SELECT (SELECT system_identifier FROM pg_control_system()) || ' '
        || (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_REVISION: Final = "SELECT version_num FROM alembic_version"
_FLUSHED: Final = "SELECT CAST(pg_current_wal_flush_lsn() AS TEXT)"
_REPLAYED: Final = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= CAST(CAST($1 AS TEXT) AS pg_lsn)"
_AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)  # and no answer


log = structlog.get_logger()


class NotReplica(Exception):  # noqa: N818
    """What is there is not a hot standby of the primary, or not one of this program's schema."""


class NotThere(Exception):  # noqa: N818
    """The replica can't answer now."""


class Replica:
    """Connections to a hot standby. away says why it is not read from, None where it is."""

    def __init__(self, place: str, url: str, *, bound_s: float = BOUND_S, look_s: float = LOOK_S) -> None:
        self.away: str | None = "it was not reached yet"
        self.bound_s = bound_s
        self._place = place
        self._url = url
        self._look_s = look_s
        self._primary: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()  # a connection does one thing at a time
        self._open: set[Looking] = set()
        self._idle: list[Looking] = []
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Reach the replica and keep reaching for it. Raises NotReplica; one that is away may come later."""
        try:
            await self._reach()
            with suppress(NotThere):  # one that is behind may lack a migration that was just made
                await self._catch_up(self._idle[-1], CATCH_UP_S)
            primary, replica = await self._revision(self._ask), await self._revision(self._idle[-1].connection.fetchval)
            if primary != replica:
                raise NotReplica(f"has schema {replica or 'none'}, the primary {primary}: let it catch up")
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise NotReplica(f"lets nobody in: {error}") from None
        except (*_AWAY, NotThere) as error:
            self._is_away(error)
        else:
            self.away = None
        self._keeper = asyncio.create_task(self._keep(), name="replica")

    async def close(self) -> None:
        """Close all connections."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        self.away = "it is closed"
        for looking in [*self._open]:
            self._give_up(looking)
        if self._primary is not None:
            self._primary.terminate()

    async def read(self, work: Callable[[Reading], Awaitable[T]]) -> T:
        """Run `work` in one transaction that sees all that was committed before. Raises NotThere."""
        if self.away is not None or not self._idle:
            raise NotThere(self.away or "all its connections are in use")
        return await self._read(work)

    async def _read(self, work: Callable[[Reading], Awaitable[T]]) -> T:
        looking = self._idle.pop()
        try:
            async with asyncio.timeout(2 * self.bound_s):
                await self._catch_up(looking, self.bound_s)
            async with asyncio.timeout(ANSWER_S):
                # What fails is not rolled back, but given up: that would wait for a server that has fallen silent.
                await looking.execute_fetchall("BEGIN")
                found = await work(looking)
                await looking.rollback()
        except NotThere as behind:
            self._idle.append(looking)
            self._is_away(behind)
            raise
        except _AWAY as error:  # TimeoutError is an OSError
            self._give_up(looking)
            self._is_away(error)
            raise NotThere(self.away) from None
        except BaseException:  # whoever asked is gone; what was asked may still be under way
            self._give_up(looking)
            raise
        self._idle.append(looking)
        return found

    async def _catch_up(self, looking: Looking, bound_s: float) -> None:
        """Wait until the replica has all that is committed now. Outside a transaction, which sees no later moment."""
        flushed = await self._ask(_FLUSHED)
        until = asyncio.get_running_loop().time() + bound_s
        while not await looking.connection.fetchval(_REPLAYED, flushed):
            if asyncio.get_running_loop().time() > until:
                raise NotThere("it is behind")
            await asyncio.sleep(0.002)

    async def _ask(self, statement: str) -> object:
        async with self._turn:
            if self._primary is None or self._primary.is_closed():
                raise NotThere("the primary does not say how far it is")
            return await self._primary.fetchval(statement)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            try:
                await self._reach()
                if self._idle:
                    await self._read(_nothing)
            except NotThere:
                pass  # told already
            except (*_AWAY, NotReplica) as error:
                self._is_away(error)
            except Exception as error:  # of any kind: nobody else looks for the replica again
                log.exception("the replica can't be looked after")
                self._is_away(error)
            else:
                if self.away is not None:
                    log.info("history is read at the replica again")
                self.away = None

    async def _reach(self) -> None:
        """Open what connections there are too few of. Raises NotReplica where they lead elsewhere."""
        async with asyncio.timeout(CONNECT_S):
            async with self._turn:
                if self._primary is None or self._primary.is_closed():
                    self._primary = await connect(self._place)
            while len(self._open) < SIZE:
                looking = await Looking.open(self._url, comes_back=False)
                self._open.add(looking)
                try:
                    if await looking.connection.fetchval(_SAME) != await self._ask(_SAME):
                        raise NotReplica("is not a replica of the database that CLOBSTER_DATABASE_URL names")
                    if not await looking.connection.fetchval("SELECT pg_is_in_recovery()"):
                        raise NotReplica("is not a hot standby: name one, or nothing")
                except BaseException:
                    self._give_up(looking)
                    raise
                self._idle.append(looking)

    async def _revision(self, fetch: Callable[[str], Awaitable[object]]) -> object:
        try:
            return await fetch(_REVISION)
        except asyncpg.UndefinedTableError:
            return None

    def _give_up(self, looking: Looking) -> None:
        looking.connection.terminate()
        self._open.discard(looking)
        if looking in self._idle:
            self._idle.remove(looking)

    def _is_away(self, error: Exception) -> None:
        reason = " ".join(str(error).split()) or "it does not answer"
        if self.away is None or self._keeper is None:
            log.warning("history is read at the primary: the replica can't answer", reason=reason)
        self.away = reason


class History(Queries):
    """What is asked of history: at the replica, or else at the primary, which `primary` reads."""

    def __init__(self, primary: Queries, replica: Replica) -> None:
        self._primary_queries = primary
        self.replica = replica
        self.read_by = {"replica": 0, "primary": 0}

    @override
    def health(self) -> Mapping[str, object]:
        """Return what operators are told: whether the replica is read from, and why not."""
        return {"there": self.replica.away is None, "reason": self.replica.away}

    @override
    async def read(self, work: Callable[[Reading], Awaitable[T]]) -> T:
        """Run `work` on a connection, in one transaction. Raises Busy like `Readers.read`."""
        try:
            found = await self.replica.read(work)
        except NotThere:
            self.read_by["primary"] += 1
            return await self._primary_queries.read(work)
        self.read_by["replica"] += 1
        return found


async def _nothing(_: Reading) -> None:
    """Read nothing."""
