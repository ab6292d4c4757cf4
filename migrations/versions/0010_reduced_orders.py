"""An order may be made smaller: how much less is wanted of it than was placed."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Add the column; nobody has reduced an order until now."""
    op.add_column("orders", Column("reduced", INT, nullable=False, server_default="0"))
