"""A hedge is sent under a name that no other database, and no older copy of this one, has given."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; hedges until now were on paper and need no name."""
    op.add_column("hedges", Column("name", Text(), nullable=False, server_default=""))
