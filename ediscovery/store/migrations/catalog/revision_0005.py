"""Productions that fill several volumes, and know their drafts."""

from __future__ import annotations

from alembic import op

from ediscovery.store.migrations.columns import text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("production", text("first_volume", server_default=""))
    op.add_column("production", text("token", server_default=""))
    op.execute("UPDATE production SET first_volume = base")
