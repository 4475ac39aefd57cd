"""Productions, what went out and was called back, Bates counters, privilege screens."""

from __future__ import annotations

from alembic import op

from ediscovery.store.migrations.columns import big, text, truth, whole

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "production",
        whole("id", primary_key=True),
        text("volume", unique=True),
        text("kind"),
        text("base"),
        text("grounds"),
        text("state"),
        text("query"),
        text("specification"),
        text("specification_sha256"),
        whole("protocol_version", nullable=True),
        text("selection_sha256"),
        text("who"),
        text("at"),
        text("written_at", nullable=True),
        text("folder"),
        text("manifest_sha256", nullable=True),
        text("seal"),
        text("seal_sha256", nullable=True),
        text("sealed_at", nullable=True),
    )
    op.create_table(
        "produced",
        whole("production_id", primary_key=True, autoincrement=False),
        whole("ordinal", primary_key=True, autoincrement=False),
        whole("number"),
        text("kind"),
        text("reason"),
        text("message"),
        truth("redacted"),
        text("confidentiality"),
        text("bates_begin", nullable=True),
        text("bates_end", nullable=True),
        text("suffix"),
        whole("pages"),
        text("image_sha256"),
        text("native_sha256"),
        text("text_sha256"),
        truth("written"),
    )
    op.create_index("ix_produced_number", "produced", ["number"])
    op.create_index("ix_produced_bates", "produced", ["bates_begin"])
    op.create_table(
        "clawback",
        whole("production_id", primary_key=True, autoincrement=False),
        whole("number", primary_key=True, autoincrement=False),
        text("basis"),
        text("date"),
        text("authority"),
        text("due", nullable=True),
        text("who"),
        text("at"),
    )
    op.create_index("ix_clawback_number", "clawback", ["number"])
    op.create_table(
        "destruction",
        whole("id", primary_key=True),
        whole("production_id"),
        text("name"),
        text("date"),
        text("note"),
        text("who"),
        text("at"),
    )
    op.create_table(
        "bates_counter",
        text("prefix", primary_key=True),
        big("next"),
    )
    op.create_table(
        "privilege_screen",
        whole("version", primary_key=True, autoincrement=False),
        text("data"),
        text("who"),
        text("at"),
    )
