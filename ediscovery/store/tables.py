"""The tables of a matter's catalog and of the workspace's directory."""

from __future__ import annotations

from typing import cast

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy import Integer as SmallInteger
from sqlalchemy import Text as PlainText
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = 1


class Text(PlainText):
    """Text in the order of its bytes, as SQLite has it; so the order is the same everywhere."""


@compiles(Text, "postgresql")
def _text(_type: Text, _compiler: object, **_options: object) -> str:
    return 'TEXT COLLATE "C"'


# SQLite has whole numbers of 64 bits; its row ids must be called so.
Integer = BigInteger().with_variant(SmallInteger, "sqlite")


class Json(TypeDecorator[object]):
    """Plain data kept as JSON text; the bulk path hands over text that is already written."""

    impl = PlainText
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: object, dialect: Dialect) -> object:
        return None if value is None else orjson.loads(cast(str, value))


directory = MetaData()

matters = Table(
    "matter",
    directory,
    Column("name", Text, primary_key=True),
    Column("folder", Text, nullable=False, unique=True),  # below the workspace
    Column("created_at", Text, nullable=False),
    Column("closed_at", Text),
)

catalog = MetaData()

matter = Table(
    "matter",
    catalog,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("prefix", Text, nullable=False),  # of control numbers
    Column("zone", Text, nullable=False),  # for display; everything stored is UTC
    Column("created_at", Text, nullable=False),
    Column("closed_at", Text),
    Column("schema_version", Integer, nullable=False),
)

custodians = Table(
    "custodian",
    catalog,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", Text, nullable=False),
)

aliases = Table(
    "custodian_alias",
    catalog,
    Column("alias", Text, primary_key=True),
    Column("custodian_id", Integer, nullable=False),
)

# One delivery of data; never changed after acceptance.
collections = Table(
    "collection",
    catalog,
    Column("id", Integer, primary_key=True),
    Column("custodian_id", Integer, nullable=False),
    Column("roots", Json, nullable=False),  # absolute source paths, text
    Column("profile", Json, nullable=False),
    Column("state", Text, nullable=False),  # collecting | processing | done
    Column("who", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("tool_version", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("accepted_at", Text),
    Column("finished_at", Text),
    Column("files", Integer),
    Column("bytes", BigInteger),
    Column("manifest_sha256", Text),
    Column("sandbox", Text),  # what isolated the parsers, for the custody record
)

source_files = Table(
    "source_file",
    catalog,
    Column("collection_id", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("path", LargeBinary, nullable=False),  # raw bytes, absolute
    Column("shown", Text, nullable=False),  # relative to its root, as text
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", BigInteger),
    Column("changed_ns", BigInteger),
    Column("accessed_ns", BigInteger),
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),  # times it was read for its hash
)

units = Table(
    "unit",
    catalog,
    Column("id", Integer, primary_key=True),
    Column("collection_id", Integer, nullable=False),
    Column("name", Text, nullable=False),  # deterministic; also the pack's name
    Column("kind", Text, nullable=False),  # files | range | retry
    Column("spec", Json, nullable=False),
    Column("state", Text, nullable=False),  # pending | done
    Column("items", Integer),
    Column("bytes", BigInteger),
    Column("seconds", Float),
    Column("cpu_seconds", Float),
    Column("restarts", Integer),
    Column("pack", Text),
    Column("pack_sha256", Text),
    Column("finished_at", Text),
    UniqueConstraint("collection_id", "name"),
)

# Everything seen. Columns after ``collection_id`` are those of model.items.Item, in its order.
items = Table(
    "item",
    catalog,
    Column("collection_id", Integer, primary_key=True),
    Column("position", Text, primary_key=True),
    Column("parent", Text),
    Column("parent_document", Text),
    Column("family", Text),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("ext", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("declared_type", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("flags", Json, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("md5", Text, nullable=False),
    Column("sha1", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("dedupe_hash", Text, nullable=False),
    Column("family_hash", Text, nullable=False),
    Column("expected_children", Integer),
    Column("actual_children", Integer),
    Column("message_id", Text, nullable=False),
    Column("mih", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("from_", Text, nullable=False),
    Column("to", Json, nullable=False),
    Column("cc", Json, nullable=False),
    Column("bcc", Json, nullable=False),
    Column("sent_at", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("in_reply_to", Text, nullable=False),
    Column("references", Json, nullable=False),
    Column("conversation_index", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("last_author", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("modified_at", Text, nullable=False),
    Column("accessed_at", Text, nullable=False),
    Column("printed_at", Text, nullable=False),
    Column("page_count", Integer),
    Column("language", Text, nullable=False),
    Column("ocr_confidence", Float),
    Column("text_chars", Integer, nullable=False),
    Column("body_start", Integer, nullable=False),
    Column("pack", Text, nullable=False),
    Column("native_offset", BigInteger),
    Column("native_length", BigInteger),
    Column("native_method", Integer),
    Column("text_offset", BigInteger),
    Column("text_length", BigInteger),
    Column("text_size", BigInteger),
    Column("text_method", Integer),
    Column("text_sha256", Text, nullable=False),
    Column("metadata", Json, nullable=False),
)

# The reviewable items, numbered once. ``number`` is the control number without its prefix.
documents = Table(
    "document",
    catalog,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("collection_id", Integer, nullable=False),
    Column("position", Text, nullable=False),
    Column("parent_number", Integer),
    Column("family_number", Integer, nullable=False),
    Column("group_number", Integer),  # number of the group's primary; NULL: no duplicates known
    Column("is_primary", Boolean, nullable=False),
    Column("version", Integer, nullable=False),  # grows with every change the index must see
    Column("indexed_version", Integer, nullable=False),  # 0: not indexed
    Column("analyzed", Boolean, nullable=False),  # entities and personal data are done
    Column("withdrawn", Boolean, nullable=False),  # a retry found a container or a culled item
    UniqueConstraint("collection_id", "position"),
    Index("ix_document_group", "group_number"),
    Index("ix_document_family", "family_number"),
)

# What was decided about an exception, oldest first; nothing is overwritten.
resolutions = Table(
    "resolution",
    catalog,
    Column("id", Integer, primary_key=True),
    Column("collection_id", Integer, nullable=False),
    Column("position", Text, nullable=False),
    Column("action", Text, nullable=False),  # ignored | retried
    Column("old_state", Text, nullable=False),
    Column("new_state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# Findings of each distinct paragraph of the matter, computed once.
paragraphs = Table(
    "paragraph",
    catalog,
    Column("digest", LargeBinary, primary_key=True),
    Column("findings", Json, nullable=False),  # [kind, label, start, end, confidence]
)

# Entities and personal data of each document, offsets in characters of its text.
mentions = Table(
    "mention",
    catalog,
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),  # entity | personal
    Column("label", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("confidence", Float, nullable=False),  # 0 to 1; 1 for entities
    Index("ix_mention_number", "number"),
)

# The chained audit log; the file beside the catalog mirrors it line by line.
audit = Table(
    "audit",
    catalog,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("entry", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
