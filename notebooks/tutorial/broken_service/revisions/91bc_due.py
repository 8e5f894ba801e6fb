"""a task can have a date

Revision ID: 91bc
Revises: 0003

"""

import sqlalchemy as sa
from alembic import op

revision: str = "91bc"
down_revision: str = "0003"


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column("task", sa.Column("due", sa.Date()))


def downgrade() -> None:
    """Downgrade schema."""
    with op.batch_alter_table("task") as batch_op:
        batch_op.drop_column("due")
