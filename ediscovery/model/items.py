"""One item seen in a collection: the record that travels from a worker to the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from ediscovery.model.states import Role, State


@dataclass(slots=True)
class Item:
    """Every file and every embedded item seen becomes exactly one of these.

    Field names are the catalog's column names. Times are UTC in ISO 8601
    (``2001-05-04T11:22:33Z``) with the original string kept in ``metadata``; sizes are bytes.
    ``position``: see :mod:`ediscovery.model.positions`. ``parent`` is the position of the item that
    holds this one, ``family`` the position of the top-level document it belongs to (``None`` for
    containers that stand above every document).
    """

    position: str
    parent: str | None = None
    parent_document: str | None = None  # nearest document above it, containers between left out
    family: str | None = None
    role: str = Role.DOCUMENT
    state: str = State.OK
    stage: str = ""
    message: str = ""
    # what it is
    relation: str = "file"  # file | member | message | attachment | inline | embedded
    file_name: str = ""
    ext: str = ""  # lower case, without the dot, from the name
    path: str = ""  # source path, then "!/"-parted container path; safe text, raw bytes in manifest
    folder: str = ""  # folder path inside a mail store or archive (IntFilePath)
    mime_type: str = ""  # by content
    declared_type: str = ""  # by MIME part, container or extension
    category: str = ""  # mail, document, spreadsheet, presentation, pdf, image, ...
    record_type: str = ""  # Email | Attachment | eDoc | Chat
    flags: list[str] = field(default_factory=list)
    # bytes
    size: int = 0
    md5: str = ""
    sha1: str = ""
    sha256: str = ""
    dedupe_hash: str = ""
    family_hash: str = ""
    # containers
    expected_children: int | None = None
    actual_children: int | None = None
    # mail
    message_id: str = ""
    mih: str = ""
    subject: str = ""
    from_: str = ""
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    sent_at: str = ""
    received_at: str = ""
    in_reply_to: str = ""
    references: list[str] = field(default_factory=list)
    conversation_index: str = ""  # hex
    # documents
    author: str = ""
    last_author: str = ""
    title: str = ""
    created_at: str = ""
    modified_at: str = ""
    accessed_at: str = ""
    printed_at: str = ""
    page_count: int | None = None
    language: str = ""
    ocr_confidence: float | None = None  # 0..100; None when the text is not by OCR
    # text: where it lies is filled in by the pack writer
    text_chars: int = 0
    body_start: int = 0  # offset in the text where a mail's body begins, after its header block
    pack: str = ""
    native_offset: int | None = None
    native_length: int | None = None  # bytes as stored
    native_method: int | None = None  # ZIP method: 0 stored, 8 deflate
    text_offset: int | None = None
    text_length: int | None = None
    text_size: int | None = None  # bytes of UTF-8 as read back
    text_method: int | None = None
    text_sha256: str = ""
    # every other field kept, named as in schemas/ or by the format
    metadata: dict[str, Any] = field(default_factory=dict)

    def row(self) -> list[Any]:
        """The values in the order of :data:`COLUMNS`: the compact form sent between processes."""
        return list(_values(self))


COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(Item))
_values = attrgetter(*COLUMNS)
