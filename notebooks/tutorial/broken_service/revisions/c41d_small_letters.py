"""write the e-mails in small letters

Revision ID: c41d
Revises: 2f8e

"""

from alembic import op

revision: str = "c41d"
down_revision: str = "2f8e"


def upgrade() -> None:
    """Upgrade schema."""
    op.execute("UPDATE person SET email = lower(email)")


def downgrade() -> None:
    """Downgrade schema: nobody knows which letters were large."""
