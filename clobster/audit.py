"""`clobster audit`: play every command again and prove that the tables tell the same, to the atom."""

from pathlib import Path

from msgspec import Struct

from clobster.config import ConfigError
from data.store.audit import AuditReads
from data.store.opening import Place
from engine.core.checks import findings
from engine.core.exchange import Exchange
from engine.sequencer.journal import Diverged, replay


class Report(Struct, frozen=True):
    """What the audit found, a sentence a line."""

    clean: bool
    lines: list[str]


def audit(database: Place) -> Report:
    """Audit the books in a database, which may be in use. Raises ConfigError where there is no such file."""
    if isinstance(database, Path) and not database.is_file():
        raise ConfigError(f"there are no books at {database}")
    with AuditReads(database) as reads:
        kept = reads.snapshot()
        wrong = reads.findings()
        from_tables = Exchange()
        from_tables.restore(kept)
        wrong += findings(from_tables.state)
        from_log = Exchange()
        try:
            seq, digest = replay(from_log, reads.log())
        except Diverged as diverged:
            wrong.append(str(diverged))
        else:
            if (seq, digest) != (kept.seq, kept.digest):
                wrong.append(f"the log ends at {seq}, the tables at {kept.seq}")
            if from_log.state_hash() != from_tables.state_hash():
                wrong.append("the tables are not what the log makes of them")
    said = f"{kept.seq} commands, {len(kept.open_orders)} open orders, {len(kept.balances)} balances"
    if wrong:
        return Report(False, [*wrong, f"NOT CLEAN: {len(wrong)} findings ({said})"])
    return Report(True, [f"state {from_tables.state_hash()}", f"clean: {said}"])
