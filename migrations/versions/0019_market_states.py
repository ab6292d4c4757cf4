"""Markets have a state: trading, cancel_only or halted."""

from alembic import op
from sqlalchemy import CheckConstraint, Column, Text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every market trades until now."""
    known = "state = 'trading' OR state = 'cancel_only' OR state = 'halted'"
    state = CheckConstraint(known, name="state")
    op.add_column("markets", Column("state", Text(), state, nullable=False, server_default="trading"))
