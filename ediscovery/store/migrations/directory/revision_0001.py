"""The list of matters."""

from __future__ import annotations

from alembic import op

from ediscovery.store.migrations.columns import text

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "matter",
        text("name", primary_key=True),
        text("folder", unique=True),
        text("created_at"),
        text("closed_at", nullable=True),
    )
