"""Objects and pictures of an RTF file as children ([MS-OLEDS] 2.2 for objects)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ediscovery.extract.contract import Child, Content, Context
from ediscovery.extract.office.embedded import OLE_MAGIC, from_ole, unwrap_native
from ediscovery.extract.office.rtf import Document, read
from ediscovery.extract.office.rtf_groups import Span, hex_data
from ediscovery.model.states import State

_LINKED, _EMBEDDED = 1, 2
_DESCRIPTION = re.compile(rb"\{\\sn (?:wzDescription|pibName)\}\{\\sv\s+([^{}]{1,1000})\}")


def children(data: bytes, document: Document, context: Context) -> Iterator[Child]:
    """A child for each object of ``document``, then one for each picture."""
    for number, span in enumerate(document.objects):
        if number in context.skip:
            yield Child(f"object-{number + 1}", None, "embedded", state=State.CRASHED)
            continue
        yield _object(b"".join(hex_data(data, span)), span, f"object-{number + 1}", context)
    first = len(document.objects)
    for number, span in enumerate(document.pictures):
        source = _source(data, span)
        name = source.replace("\\", "/").rpartition("/")[2][-100:]
        if "." not in name[-6:]:
            name = f"image-{number + 1}{span.kind}"
        if first + number in context.skip:
            yield Child(name, None, "embedded", state=State.CRASHED)
            continue
        content = b"".join(hex_data(data, span))
        context.charge(len(content))
        fields = {"description": source} if source else {}
        yield Child(name, Content(content), "embedded", fields=fields, flags=("inline",))


def _source(data: bytes, span: Span) -> str:
    """The description of a picture: most often the path it was inserted from."""
    match = _DESCRIPTION.search(data, span.start, min(span.end, span.start + 16384))
    return " ".join(read(b"{\\rtf1 %b}" % match.group(1)).text.split()) if match else ""


def _object(raw: bytes, span: Span, name: str, context: Context) -> Child:
    """An object: its wrapper taken off where it has one, its bytes as they are where not."""
    context.charge(len(raw))
    fields: dict[str, Any] = {"object_class": span.kind} if span.kind else {}
    if not raw:
        message = "The object has no data."
        return Child(name, None, "embedded", state=State.EMPTY, message=message, fields=fields)
    if raw.startswith(OLE_MAGIC):
        return from_ole(name, Content(raw), fields)
    header = _header(raw)
    if header is None:
        return Child(name, Content(raw), "embedded", fields=fields)
    kind, class_name, topic, at = header
    fields["object_class"] = class_name
    if kind == _LINKED:
        fields["linked_to"] = topic
        to = f", to {topic[:200]}" if topic else ""
        return Child(
            topic.replace("\\", "/").rpartition("/")[2] or name,
            None,
            "embedded",
            state=State.UNREADABLE,
            message=f"It is only linked{to}; its bytes are not in the document.",
            fields=fields,
            flags=("external_reference",),
        )
    size = int.from_bytes(raw[at : at + 4], "little")
    native = raw[at + 4 : at + 4 + size]
    if len(native) < size:
        fields["damage"] = f"{size - len(native)} of {size} bytes of the object are missing."
    if native.startswith(OLE_MAGIC):
        return from_ole(name, Content(native), fields)
    if class_name.lower() == "package":
        found = unwrap_native(raw[at : at + 4 + size])
        if found is not None:
            fields["source_path"] = found.source_path
            return Child(found.name or name, Content(found.data), "embedded", fields=fields)
    return Child(name, Content(native or raw), "embedded", fields=fields)


def _header(raw: bytes) -> tuple[int, str, str, int] | None:
    """Format, class, topic (a linked file) and where the data starts; ``None``: no OLE1 header."""
    kind = int.from_bytes(raw[4:8], "little")
    if kind not in (_LINKED, _EMBEDDED):
        return None
    at = 8
    texts = []
    for _ in range(3):
        length = int.from_bytes(raw[at : at + 4], "little")
        if length > 4096:
            return None
        texts.append(raw[at + 4 : at + 4 + length].rstrip(b"\0").decode("cp1252", "replace"))
        at += 4 + length
    return kind, texts[0], texts[1], at
