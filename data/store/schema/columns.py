"""What tables are made of: columns that are never null by accident, and checks that cost little."""

import enum
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TextClause,
)
from sqlalchemy import text as sql

BUCKET_BITS: Final = 12  # a page of an index that a batch changes more, and a walk is four times shorter than with 10
BUCKET: Final = sql(f"(id >> {BUCKET_BITS})")

INT: Final = BigInteger().with_variant(Integer(), "sqlite")  # SQLite's INTEGER has 64 bits too, and makes a fast key

metadata = MetaData(
    naming_convention={
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def integer(name: str, refers_to: str | None = None, *, null: bool = False, key: bool = False) -> Column[int]:
    """Return a column of integers, not null unless it says so; refers_to is a foreign key."""
    keys = [ForeignKey(refers_to)] if refers_to else []
    return Column(name, INT, *keys, nullable=null, primary_key=key, autoincrement=False if key else "auto")


def text(name: str, refers_to: str | None = None, *, null: bool = False, key: bool = False) -> Column[str]:
    """Return a column of text, alike."""
    keys = [ForeignKey(refers_to)] if refers_to else []
    return Column(name, Text, *keys, nullable=null, primary_key=key)


def bytes_(name: str, *, null: bool = False) -> Column[bytes]:
    """Return a column of bytes."""
    return Column(name, LargeBinary, nullable=null)


def check(name: str, condition: str) -> CheckConstraint:
    """Return a condition that every row meets."""
    return CheckConstraint(condition, name=name)


def one_of(column: str, values: type[enum.Enum]) -> CheckConstraint:
    """Return the condition that a column holds one of an enum's values."""
    # Not IN (...): SQLite builds a table of the list for every row, which costs more than all the rest of the row.
    return check(column, " OR ".join(f"{column} = '{value.value}'" for value in values))


def index(name: str, *columns: str | TextClause, where: str) -> Index:
    """Return an index of the rows that meet a condition."""
    return Index(name, *columns, sqlite_where=sql(where), postgresql_where=sql(where))
