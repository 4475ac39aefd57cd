"""Coding, redactions and the parties' protocol."""

from __future__ import annotations

from alembic import op

from ediscovery.store.migrations.columns import text, whole

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "coding_act",
        whole("id", primary_key=True),
        text("who"),
        text("at"),
        text("reason"),
        text("query"),
        text("asked"),
        whole("undoes", nullable=True),
    )
    op.create_table(
        "coding",
        whole("id", primary_key=True),
        whole("act_id"),
        whole("number"),
        text("field"),
        text("old_value", nullable=True),
        text("new_value", nullable=True),
    )
    op.create_index("ix_coding_act", "coding", ["act_id", "number"])
    op.create_index("ix_coding_number", "coding", ["number"])
    op.create_table(
        "coded",
        whole("number", primary_key=True, autoincrement=False),
        text("field", primary_key=True),
        text("value", primary_key=True),
    )
    op.create_table(
        "redaction",
        whole("id", primary_key=True),
        whole("number"),
        text("kind"),
        whole("page", nullable=True),
        text("box", nullable=True),
        text("term", nullable=True),
        text("reason_code"),
        text("note"),
        text("query"),
        text("who"),
        text("at"),
    )
    op.create_index("ix_redaction_number", "redaction", ["number"])
    op.create_table(
        "redaction_removal",
        whole("redaction_id", primary_key=True, autoincrement=False),
        text("reason"),
        text("who"),
        text("at"),
    )
    op.create_table(
        "protocol",
        whole("version", primary_key=True, autoincrement=False),
        text("data"),
        text("who"),
        text("at"),
    )
