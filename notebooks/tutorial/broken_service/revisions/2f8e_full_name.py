"""the name of a person is its full_name

Revision ID: 2f8e
Revises: 0003

"""

import sqlalchemy as sa
from alembic import op

revision: str = "2f8e"
down_revision: str = "0003"


def upgrade() -> None:
    """Upgrade schema."""
    new = sa.Column("full_name", sa.String(length=100), nullable=False, server_default="")
    with op.batch_alter_table("person") as batch_op:
        batch_op.add_column(new)
        batch_op.drop_column("name")


def downgrade() -> None:
    """Downgrade schema."""
    old = sa.Column("name", sa.String(length=100), nullable=False, server_default="")
    with op.batch_alter_table("person") as batch_op:
        batch_op.add_column(old)
        batch_op.drop_column("full_name")
