"""Everything of a matter: what the first catalogs held."""

from __future__ import annotations

from alembic import op
from sqlalchemy import UniqueConstraint

from ediscovery.store.migrations.columns import big, raw, real, text, truth, whole

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "matter",
        text("name", primary_key=True),
        text("title"),
        text("prefix"),
        text("zone"),
        text("created_at"),
        text("closed_at", nullable=True),
        whole("schema_version"),
    )
    op.create_table(
        "custodian",
        whole("id", primary_key=True),
        text("name", unique=True),
        text("created_at"),
    )
    op.create_table(
        "custodian_alias",
        text("alias", primary_key=True),
        whole("custodian_id"),
    )
    op.create_table(
        "collection",
        whole("id", primary_key=True),
        whole("custodian_id"),
        text("roots"),
        text("profile"),
        text("state"),
        text("who"),
        text("host"),
        text("tool_version"),
        text("started_at"),
        text("accepted_at", nullable=True),
        text("finished_at", nullable=True),
        whole("files", nullable=True),
        big("bytes", nullable=True),
        text("manifest_sha256", nullable=True),
        text("sandbox", nullable=True),
    )
    op.create_table(
        "source_file",
        whole("collection_id", primary_key=True),
        whole("ordinal", primary_key=True, autoincrement=False),
        raw("path"),
        text("shown"),
        big("size"),
        big("modified_ns", nullable=True),
        big("changed_ns", nullable=True),
        big("accessed_ns", nullable=True),
        text("sha256"),
        text("state"),
        text("message"),
        whole("attempts"),
    )
    op.create_table(
        "unit",
        whole("id", primary_key=True),
        whole("collection_id"),
        text("name"),
        text("kind"),
        text("spec"),
        text("state"),
        whole("items", nullable=True),
        big("bytes", nullable=True),
        real("seconds", nullable=True),
        real("cpu_seconds", nullable=True),
        whole("restarts", nullable=True),
        text("pack", nullable=True),
        text("pack_sha256", nullable=True),
        text("finished_at", nullable=True),
        UniqueConstraint("collection_id", "name"),
    )
    op.create_table(
        "item",
        whole("collection_id", primary_key=True),
        text("position", primary_key=True),
        text("parent", nullable=True),
        text("parent_document", nullable=True),
        text("family", nullable=True),
        text("role"),
        text("state"),
        text("stage"),
        text("message"),
        text("relation"),
        text("file_name"),
        text("ext"),
        text("path"),
        text("folder"),
        text("mime_type"),
        text("declared_type"),
        text("category"),
        text("record_type"),
        text("flags"),
        big("size"),
        text("md5"),
        text("sha1"),
        text("sha256"),
        text("dedupe_hash"),
        text("family_hash"),
        whole("expected_children", nullable=True),
        whole("actual_children", nullable=True),
        text("message_id"),
        text("mih"),
        text("subject"),
        text("from_"),
        text("to"),
        text("cc"),
        text("bcc"),
        text("sent_at"),
        text("received_at"),
        text("in_reply_to"),
        text("references"),
        text("conversation_index"),
        text("author"),
        text("last_author"),
        text("title"),
        text("created_at"),
        text("modified_at"),
        text("accessed_at"),
        text("printed_at"),
        whole("page_count", nullable=True),
        text("language"),
        real("ocr_confidence", nullable=True),
        whole("text_chars"),
        whole("body_start"),
        text("pack"),
        big("native_offset", nullable=True),
        big("native_length", nullable=True),
        whole("native_method", nullable=True),
        big("text_offset", nullable=True),
        big("text_length", nullable=True),
        big("text_size", nullable=True),
        whole("text_method", nullable=True),
        text("text_sha256"),
        text("metadata"),
    )
    op.create_table(
        "document",
        whole("number", primary_key=True, autoincrement=False),
        whole("collection_id"),
        text("position"),
        whole("parent_number", nullable=True),
        whole("family_number"),
        whole("group_number", nullable=True),
        truth("is_primary"),
        whole("version"),
        whole("indexed_version"),
        truth("analyzed"),
        truth("withdrawn"),
        UniqueConstraint("collection_id", "position"),
    )
    op.create_index("ix_document_family", "document", ["family_number"])
    op.create_index("ix_document_group", "document", ["group_number"])
    op.create_table(
        "resolution",
        whole("id", primary_key=True),
        whole("collection_id"),
        text("position"),
        text("action"),
        text("old_state"),
        text("new_state"),
        text("reason"),
        text("who"),
        text("at"),
    )
    op.create_table(
        "paragraph",
        raw("digest", primary_key=True),
        text("findings"),
    )
    op.create_table(
        "mention",
        whole("number"),
        text("kind"),
        text("label"),
        whole("start"),
        whole("end"),
        text("text"),
        real("confidence"),
    )
    op.create_index("ix_mention_number", "mention", ["number"])
    op.create_table(
        "audit",
        whole("sequence", primary_key=True, autoincrement=False),
        text("entry"),
        text("hash"),
    )
