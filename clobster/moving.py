"""`clobster copy-database`: the books go from a SQLite file to PostgreSQL, and both prove the same state."""

import re
from collections.abc import Callable
from pathlib import Path

from clobster import data_dir
from clobster.audit import audit
from clobster.books import opening
from clobster.config import ConfigError, Settings
from data.store.copying import Differs, NotEmpty, copy
from data.store.migrate import check, is_postgres, sqlite_url, upgrade


def move(settings: Settings, source: str, target: str, say: Callable[[str], object]) -> bool:
    """Copy, compare and audit; return whether all is equal and clean. Raises ConfigError where that can't be begun."""
    file = Path(re.sub(r"^sqlite:///", "", source))
    if is_postgres(source) or not is_postgres(target):
        raise ConfigError("copy-database goes from a SQLite file to postgresql://USER@HOST/NAME")
    with data_dir.locked(settings.data_dir), opening(target):
        check(sqlite_url(file))
        upgrade(target)
        try:
            copied = copy(file, target)
        except (NotEmpty, Differs) as refused:
            raise ConfigError(f"{refused.__doc__ if isinstance(refused, NotEmpty) else refused}") from None
        for each in copied:
            say(f"{each.table}: {each.rows} rows, {each.digest[:16]} in both")
        before, after = audit(file), audit(target)
    for line in after.lines:
        say(line)
    if not before.clean:
        say("the books that were copied were not clean: see `clobster audit` of the file")
    return after == before and after.clean
