"""Productions that were received: their load files, records and files."""

from __future__ import annotations

from alembic import op

from ediscovery.store.migrations.columns import text, truth, whole

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "received_production",
        whole("collection_id", primary_key=True, autoincrement=False),
        truth("joined"),
        whole("unnamed"),
    )
    op.create_table(
        "received_load_file",
        whole("collection_id", primary_key=True, autoincrement=False),
        whole("ordinal", primary_key=True, autoincrement=False),
        text("format"),
        whole("announced"),
        whole("records"),
        text("found"),
        text("findings"),
    )
    op.create_table(
        "received_record",
        whole("collection_id", primary_key=True, autoincrement=False),
        whole("load_file", primary_key=True, autoincrement=False),
        whole("child", primary_key=True, autoincrement=False),
        text("position"),
        whole("line"),
        text("bates_begin"),
        text("bates_end"),
        text("page_ids"),
        text("parent", nullable=True),
        text("family"),
        text("custodians"),
        text("known"),
        text("hashes"),
        text("fields"),
        text("text"),
        text("state"),
        text("message"),
    )
    op.create_index("ix_received_record_position", "received_record", ["collection_id", "position"])
    op.create_table(
        "received_file",
        whole("collection_id", primary_key=True, autoincrement=False),
        whole("load_file", primary_key=True, autoincrement=False),
        whole("child", primary_key=True, autoincrement=False),
        whole("place", primary_key=True, autoincrement=False),
        text("use"),
        whole("ordinal"),
        truth("owned"),
    )
    op.create_index("ix_received_file_ordinal", "received_file", ["collection_id", "ordinal"])
