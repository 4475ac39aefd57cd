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
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

SCHEMA_VERSION = 1  # of catalogs from before revisions were counted, see store/schema.py

# Evidence announces any number it likes. In SQLite a key must be called INTEGER to be quick.
Whole = BigInteger().with_variant(Integer(), "sqlite")


class ByteText(TypeDecorator[str]):
    """Text that sorts by its bytes, as positions and paths must; SQLite knows nothing else."""

    impl = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
    cache_ok = True

    def coerce_compared_value(self, op: object, value: object) -> TypeEngine[str]:
        """A value names no order: that of the column holds, and BETWEEN takes no other."""
        return Text()


class Json(TypeDecorator[object]):
    """Plain data kept as JSON text; the bulk path hands over text that is already written."""

    impl = ByteText.impl
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: object, dialect: Dialect) -> object:
        return None if value is None else orjson.loads(cast(str, value))


directory = MetaData()

matters = Table(
    "matter",
    directory,
    Column("name", ByteText, primary_key=True),
    Column("folder", ByteText, nullable=False, unique=True),  # below the workspace
    Column("created_at", ByteText, nullable=False),
    Column("closed_at", ByteText),
)

catalog = MetaData()

matter = Table(
    "matter",
    catalog,
    Column("name", ByteText, primary_key=True),
    Column("title", ByteText, nullable=False),
    Column("prefix", ByteText, nullable=False),  # of control numbers
    Column("zone", ByteText, nullable=False),  # for display; everything stored is UTC
    Column("created_at", ByteText, nullable=False),
    Column("closed_at", ByteText),
    Column("schema_version", Whole, nullable=False),
)

custodians = Table(
    "custodian",
    catalog,
    Column("id", Whole, primary_key=True),
    Column("name", ByteText, nullable=False, unique=True),
    Column("created_at", ByteText, nullable=False),
)

aliases = Table(
    "custodian_alias",
    catalog,
    Column("alias", ByteText, primary_key=True),
    Column("custodian_id", Whole, nullable=False),
)

# One delivery of data; never changed after acceptance.
collections = Table(
    "collection",
    catalog,
    Column("id", Whole, primary_key=True),
    Column("custodian_id", Whole, nullable=False),
    Column("roots", Json, nullable=False),  # absolute source paths, text
    Column("profile", Json, nullable=False),
    Column("state", ByteText, nullable=False),  # collecting | processing | done
    Column("who", ByteText, nullable=False),
    Column("host", ByteText, nullable=False),
    Column("tool_version", ByteText, nullable=False),
    Column("started_at", ByteText, nullable=False),
    Column("accepted_at", ByteText),
    Column("finished_at", ByteText),
    Column("files", Whole),
    Column("bytes", BigInteger),
    Column("manifest_sha256", ByteText),
    Column("sandbox", ByteText),  # what isolated the parsers, for the custody record
)

source_files = Table(
    "source_file",
    catalog,
    Column("collection_id", Whole, primary_key=True),
    Column("ordinal", Whole, primary_key=True, autoincrement=False),
    Column("path", LargeBinary, nullable=False),  # raw bytes, absolute
    Column("shown", ByteText, nullable=False),  # relative to its root, as text
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", BigInteger),
    Column("changed_ns", BigInteger),
    Column("accessed_ns", BigInteger),
    Column("sha256", ByteText, nullable=False),
    Column("state", ByteText, nullable=False),
    Column("message", ByteText, nullable=False),
    Column("attempts", Whole, nullable=False),  # times it was read for its hash
)

units = Table(
    "unit",
    catalog,
    Column("id", Whole, primary_key=True),
    Column("collection_id", Whole, nullable=False),
    Column("name", ByteText, nullable=False),  # deterministic; also the pack's name
    Column("kind", ByteText, nullable=False),  # files | range | retry
    Column("spec", Json, nullable=False),
    Column("state", ByteText, nullable=False),  # pending | done
    Column("items", Whole),
    Column("bytes", BigInteger),
    Column("seconds", Float),
    Column("cpu_seconds", Float),
    Column("restarts", Whole),
    Column("pack", ByteText),
    Column("pack_sha256", ByteText),
    Column("finished_at", ByteText),
    UniqueConstraint("collection_id", "name"),
)

# Everything seen. Columns after ``collection_id`` are those of model.items.Item, in its order.
items = Table(
    "item",
    catalog,
    Column("collection_id", Whole, primary_key=True),
    Column("position", ByteText, primary_key=True),
    Column("parent", ByteText),
    Column("parent_document", ByteText),
    Column("family", ByteText),
    Column("role", ByteText, nullable=False),
    Column("state", ByteText, nullable=False),
    Column("stage", ByteText, nullable=False),
    Column("message", ByteText, nullable=False),
    Column("relation", ByteText, nullable=False),
    Column("file_name", ByteText, nullable=False),
    Column("ext", ByteText, nullable=False),
    Column("path", ByteText, nullable=False),
    Column("folder", ByteText, nullable=False),
    Column("mime_type", ByteText, nullable=False),
    Column("declared_type", ByteText, nullable=False),
    Column("category", ByteText, nullable=False),
    Column("record_type", ByteText, nullable=False),
    Column("flags", Json, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("md5", ByteText, nullable=False),
    Column("sha1", ByteText, nullable=False),
    Column("sha256", ByteText, nullable=False),
    Column("dedupe_hash", ByteText, nullable=False),
    Column("family_hash", ByteText, nullable=False),
    Column("expected_children", Whole),
    Column("actual_children", Whole),
    Column("message_id", ByteText, nullable=False),
    Column("mih", ByteText, nullable=False),
    Column("subject", ByteText, nullable=False),
    Column("from_", ByteText, nullable=False),
    Column("to", Json, nullable=False),
    Column("cc", Json, nullable=False),
    Column("bcc", Json, nullable=False),
    Column("sent_at", ByteText, nullable=False),
    Column("received_at", ByteText, nullable=False),
    Column("in_reply_to", ByteText, nullable=False),
    Column("references", Json, nullable=False),
    Column("conversation_index", ByteText, nullable=False),
    Column("author", ByteText, nullable=False),
    Column("last_author", ByteText, nullable=False),
    Column("title", ByteText, nullable=False),
    Column("created_at", ByteText, nullable=False),
    Column("modified_at", ByteText, nullable=False),
    Column("accessed_at", ByteText, nullable=False),
    Column("printed_at", ByteText, nullable=False),
    Column("page_count", Whole),
    Column("language", ByteText, nullable=False),
    Column("ocr_confidence", Float),
    Column("text_chars", Whole, nullable=False),
    Column("body_start", Whole, nullable=False),
    Column("pack", ByteText, nullable=False),
    Column("native_offset", BigInteger),
    Column("native_length", BigInteger),
    Column("native_method", Whole),
    Column("text_offset", BigInteger),
    Column("text_length", BigInteger),
    Column("text_size", BigInteger),
    Column("text_method", Whole),
    Column("text_sha256", ByteText, nullable=False),
    Column("metadata", Json, nullable=False),
)

# The reviewable items, numbered once. ``number`` is the control number without its prefix.
documents = Table(
    "document",
    catalog,
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("collection_id", Whole, nullable=False),
    Column("position", ByteText, nullable=False),
    Column("parent_number", Whole),
    Column("family_number", Whole, nullable=False),
    Column("group_number", Whole),  # number of the group's primary; NULL: no duplicates known
    Column("is_primary", Boolean, nullable=False),
    Column("version", Whole, nullable=False),  # grows with every change the index must see
    Column("indexed_version", Whole, nullable=False),  # 0: not indexed
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
    Column("id", Whole, primary_key=True),
    Column("collection_id", Whole, nullable=False),
    Column("position", ByteText, nullable=False),
    Column("action", ByteText, nullable=False),  # ignored | retried
    Column("old_state", ByteText, nullable=False),
    Column("new_state", ByteText, nullable=False),
    Column("reason", ByteText, nullable=False),
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
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
    Column("number", Whole, nullable=False),
    Column("kind", ByteText, nullable=False),  # entity | personal
    Column("label", ByteText, nullable=False),
    Column("start", Whole, nullable=False),
    Column("end", Whole, nullable=False),
    Column("text", ByteText, nullable=False),
    Column("confidence", Float, nullable=False),  # 0 to 1; 1 for entities
    Index("ix_mention_number", "number"),
)

# One act of coding: what was asked of which documents, by whom and why. Never changed.
coding_acts = Table(
    "coding_act",
    catalog,
    Column("id", Whole, primary_key=True),
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
    Column("reason", ByteText, nullable=False),
    Column("query", ByteText, nullable=False),  # that chose the documents; "": named one by one
    Column("asked", Json, nullable=False),  # [set | unset, field, value] each
    Column("undoes", Whole),  # the act that this one takes back
)

# What each act changed. A field of several values has a row a value: from nothing, or to nothing.
codings = Table(
    "coding",
    catalog,
    Column("id", Whole, primary_key=True),
    Column("act_id", Whole, nullable=False),
    Column("number", Whole, nullable=False),
    Column("field", ByteText, nullable=False),
    Column("old_value", ByteText),
    Column("new_value", ByteText),
    Index("ix_coding_act", "act_id", "number"),
    Index("ix_coding_number", "number"),
)

# How documents are coded now: what all of ``coding`` adds up to.
coded = Table(
    "coded",
    catalog,
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("field", ByteText, primary_key=True),
    Column("value", ByteText, primary_key=True),
)

# Decisions to redact, and those that take one back. Neither is ever changed.
redactions = Table(
    "redaction",
    catalog,
    Column("id", Whole, primary_key=True),
    Column("number", Whole, nullable=False),
    Column("kind", ByteText, nullable=False),  # box | page | term | regex | cells
    Column("page", Whole),  # from 1, of a box or a whole page
    Column("box", Json),  # [x0, y0, x1, y1] in points from the upper left of the page as shown
    Column("term", ByteText),  # words of a query, a regular expression, or cells as Sheet1!B2:C9
    Column("reason_code", ByteText, nullable=False),
    Column("note", ByteText, nullable=False),
    Column("query", ByteText, nullable=False),  # that chose the document; "": named itself
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
    Index("ix_redaction_number", "number"),
)

redaction_removals = Table(
    "redaction_removal",
    catalog,
    Column("redaction_id", Whole, primary_key=True, autoincrement=False),
    Column("reason", ByteText, nullable=False),
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
)

# What the parties agreed, as it stood at each time; the newest version holds.
protocols = Table(
    "protocol",
    catalog,
    Column("version", Whole, primary_key=True, autoincrement=False),
    Column("data", Json, nullable=False),  # fits schemas/esi_protocol.json
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
)

# Whose communications need a decision on privilege, by version as protocols.
privilege_screens = Table(
    "privilege_screen",
    catalog,
    Column("version", Whole, primary_key=True, autoincrement=False),
    Column("data", Json, nullable=False),  # fits schemas/privilege_screen.json
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
)

# A production, or what was added to one: its volume, what it was made by, how far it is. Never
# deleted: its numbers are used.
productions = Table(
    "production",
    catalog,
    Column("id", Whole, primary_key=True),
    Column("volume", ByteText, nullable=False, unique=True),
    Column("kind", ByteText, nullable=False),  # production | clawback | replacement | overlay
    Column("base", ByteText, nullable=False),  # the volume that it adds to; a production's own
    # The first of the volumes that one run fills; of what adds to one of them, that one's.
    Column("first_volume", ByteText, nullable=False, server_default=""),
    Column("token", ByteText, nullable=False, server_default=""),  # by which its draft is known
    Column("grounds", ByteText, nullable=False),  # why it was added
    Column("state", ByteText, nullable=False),  # numbered | written
    Column("query", ByteText, nullable=False),
    Column("specification", Json, nullable=False),
    Column("specification_sha256", ByteText, nullable=False),
    Column("protocol_version", Whole),
    Column("selection_sha256", ByteText, nullable=False),  # documents, their form and coding
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
    Column("written_at", ByteText),
    Column("folder", ByteText, nullable=False),  # where the volume was written
    Column("manifest_sha256", ByteText),
    Column("seal", ByteText, nullable=False),  # path of the sealed archive
    Column("seal_sha256", ByteText),
    Column("sealed_at", ByteText),
)

# What of a production went out as what. What is withheld whole has neither pages nor numbers.
produced = Table(
    "produced",
    catalog,
    Column("production_id", Whole, primary_key=True, autoincrement=False),
    Column("ordinal", Whole, primary_key=True, autoincrement=False),  # from 1
    Column("number", Whole, nullable=False),
    Column("kind", ByteText, nullable=False),  # image | native | slip-sheet | withheld
    Column("reason", ByteText, nullable=False),  # why a slip sheet: withheld | native | a state
    Column("message", ByteText, nullable=False),
    Column("redacted", Boolean, nullable=False),
    Column("confidentiality", ByteText, nullable=False),
    Column("bates_begin", ByteText),
    Column("bates_end", ByteText),
    Column("suffix", ByteText, nullable=False),  # of its files: pages put in the place of others
    Column("pages", Whole, nullable=False),
    Column("image_sha256", ByteText, nullable=False),  # of its page files, one behind the other
    Column("native_sha256", ByteText, nullable=False),
    Column("text_sha256", ByteText, nullable=False),
    Column("written", Boolean, nullable=False),  # its files are in the volume's draft
    Index("ix_produced_number", "number"),
    Index("ix_produced_bates", "bates_begin"),
)

# Documents that were called back, each with the volume that says so. Neither this nor who confirmed
# that the copies were destroyed is ever changed.
clawbacks = Table(
    "clawback",
    catalog,
    Column("production_id", Whole, primary_key=True, autoincrement=False),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("basis", ByteText, nullable=False),
    Column("date", ByteText, nullable=False),  # of the notice, ISO 8601
    Column("authority", ByteText, nullable=False),  # the order or rule that the notice cites
    Column("due", ByteText),  # day by which the copies are to be gone
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
    Index("ix_clawback_number", "number"),
)

destructions = Table(
    "destruction",
    catalog,
    Column("id", Whole, primary_key=True),
    Column("production_id", Whole, nullable=False),
    Column("name", ByteText, nullable=False),  # who confirmed it
    Column("date", ByteText, nullable=False),
    Column("note", ByteText, nullable=False),
    Column("who", ByteText, nullable=False),
    Column("at", ByteText, nullable=False),
)

# The next Bates number of each prefix; it only grows.
bates_counters = Table(
    "bates_counter",
    catalog,
    Column("prefix", ByteText, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

# A collection that came as a production. Its row is there from the beginning; ``joined`` once the
# load files are read and the three tables below are filled, all or nothing.
received_productions = Table(
    "received_production",
    catalog,
    Column("collection_id", Whole, primary_key=True, autoincrement=False),
    Column("joined", Boolean, nullable=False),
    Column("unnamed", Whole, nullable=False),  # files that no load file names
)

# Load files of received productions: each is the container of its records.
received_load_files = Table(
    "received_load_file",
    catalog,
    Column("collection_id", Whole, primary_key=True, autoincrement=False),
    Column("ordinal", Whole, primary_key=True, autoincrement=False),  # of the source file
    Column("format", ByteText, nullable=False),  # dat | opt | lfp
    Column("announced", Whole, nullable=False),  # records, the refused ones included
    Column("records", Whole, nullable=False),
    Column("found", Json, nullable=False),  # how many findings of each kind
    Column("findings", Json, nullable=False),  # the first of them: line, record, kind, sentence
)

# The documents that load files name. ``position`` is that of the item which a record becomes.
received_records = Table(
    "received_record",
    catalog,
    Column("collection_id", Whole, primary_key=True, autoincrement=False),
    Column("load_file", Whole, primary_key=True, autoincrement=False),
    Column("child", Whole, primary_key=True, autoincrement=False),  # from 0, in the file's order
    Column("position", ByteText, nullable=False),
    Column("line", Whole, nullable=False),
    Column("bates_begin", ByteText, nullable=False),
    Column("bates_end", ByteText, nullable=False),
    Column("page_ids", Json, nullable=False),  # as the page file calls the pages
    Column("parent", ByteText),  # positions of the records above it
    Column("family", ByteText, nullable=False),
    Column("custodians", Json, nullable=False),  # as sent: its own first
    Column("known", Json, nullable=False),  # what the sent fields say, by column of ``item``
    Column("hashes", Json, nullable=False),  # of the native, as sent, by column of ``item``
    Column("fields", Json, nullable=False),  # everything as it was sent
    Column("text", ByteText, nullable=False),  # that stood in the load file itself
    Column("state", ByteText, nullable=False),
    Column("message", ByteText, nullable=False),
    Index("ix_received_record_position", "collection_id", "position"),
)

# What each file of a volume is to a record. The record that names it first owns it.
received_files = Table(
    "received_file",
    catalog,
    Column("collection_id", Whole, primary_key=True, autoincrement=False),
    Column("load_file", Whole, primary_key=True, autoincrement=False),
    Column("child", Whole, primary_key=True, autoincrement=False),
    Column("place", Whole, primary_key=True, autoincrement=False),  # native, text, pages in order
    Column("use", ByteText, nullable=False),  # native | text | page
    Column("ordinal", Whole, nullable=False),  # of the source file
    Column("owned", Boolean, nullable=False),
    Index("ix_received_file_ordinal", "collection_id", "ordinal"),
)

# The chained audit log; the file beside the catalog mirrors it line by line.
audit = Table(
    "audit",
    catalog,
    Column("sequence", Whole, primary_key=True, autoincrement=False),
    Column("entry", ByteText, nullable=False),
    Column("hash", ByteText, nullable=False),
)
