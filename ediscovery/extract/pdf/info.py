"""What a PDF says about itself: its information dictionary, XMP, bookmarks and XFA forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from ediscovery.extract.dates import utc
from ediscovery.extract.pdf.objects import Ref, parse, resolved, text

_DATE = re.compile(
    r"\s*(?:D:)?\s*(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*"
    r"(?:(Z)|([+-])(\d\d)'?:?(\d\d)?'?)?"
)
_ISO = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?)?(?:\.\d+)?(?:(Z)|([+-])(\d\d):(\d\d))?"
)
_FIELDS = {"title": "title", "author": "author"}
_KEPT = {
    "subject": "document_subject", "keywords": "keywords", "creator": "application",
    "producer": "producer",
}  # fmt: skip
_STANDARD = frozenset(
    {"Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate"}
    | {"Trapped"}
)
_MOST = 50  # further entries of the information dictionary
_XMP_BYTES = 4 << 20
_XFA_BYTES = 32 << 20
_DUBLIN, _XMP = "{http://purl.org/dc/elements/1.1/}", "{http://ns.adobe.com/xap/1.0/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def date(raw: str) -> str:
    """A PDF date (``D:20010504112233+02'00'``) or ISO date as UTC text; ``""`` when it is none.

    Without a zone it is taken as UTC, as ISO 32000 leaves the relation unknown.
    """
    match = _DATE.match(raw) if "-" not in raw[:8] else _ISO.match(raw)
    if match is None:
        return ""
    parts = [int(part) if part else None for part in match.groups()[:6]]
    year, month, day, hour, minute, second = (
        value if value is not None else default
        for value, default in zip(parts, (0, 1, 1, 0, 0, 0), strict=True)
    )
    sign, hours, minutes = match.group(8), match.group(9), match.group(10)
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59))
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
            zone = timezone(offset if sign == "+" else -offset)
            return utc(moment.replace(tzinfo=zone))
    except ValueError:
        return ""
    return utc(moment)


def fields(document: Any) -> dict[str, Any]:
    """Columns and metadata from the information dictionary, XMP filling what it leaves out."""
    found: dict[str, Any] = {"page_count": document.page_count}
    info = document.metadata or {}
    xmp = _xmp(document)
    for name, column in (_FIELDS | _KEPT).items():
        value = _clean(info.get(name)) or xmp.get(column, "")
        if value:
            found[column] = value
    for name, column in (("creationDate", "created_at"), ("modDate", "modified_at")):
        raw = info.get(name) or xmp.get(column, "")
        if raw:
            found[f"{column}_raw"] = raw
            moment = date(raw)
            if moment:
                found[column] = moment
    found["pdf_version"] = str(info.get("format") or "").removeprefix("PDF ")
    found.update(_custom(document))
    return found


def _clean(value: str | None) -> str:
    return " ".join((value or "").replace("\0", " ").split())


def _custom(document: Any) -> dict[str, Any]:
    """Entries that the producer added to the information dictionary."""
    kind, where = document.xref_get_key(-1, "Info")
    if kind != "xref":
        return {}
    entries = resolved(document, Ref(int(where.split()[0])))
    if not isinstance(entries, dict):
        return {}
    added = [(k, _shown(document, v)) for k, v in entries.items() if k not in _STANDARD]
    return {f"info_{key}": value[:1000] for key, value in added[:_MOST] if value}


def _shown(document: Any, value: Any) -> str:
    """An entry as text, whether it stands there itself, elsewhere, or is a list of such."""
    value = resolved(document, value)
    if isinstance(value, list):
        parts = (text(resolved(document, part)) for part in value[:_MOST])
        return "; ".join(part for part in parts if part)
    return "" if isinstance(value, dict) else text(value)


def _parser() -> Any:
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )


def _xmp(document: Any) -> dict[str, str]:
    raw = document.get_xml_metadata()
    return xmp_fields(raw.encode("utf-8", "replace")) if raw else {}


def xmp_fields(packet: bytes) -> dict[str, str]:
    """Title, author, subject, program and raw dates of an XMP packet; what is broken is left out.

    Entities are not resolved and nothing is fetched.
    """
    from lxml import etree

    if len(packet) > _XMP_BYTES:
        return {}
    try:
        root = etree.fromstring(packet, _parser())
    except (etree.XMLSyntaxError, ValueError):
        return {}
    if root is None:
        return {}
    found: dict[str, str] = {}
    for tag, column in (
        (_DUBLIN + "title", "title"),
        (_DUBLIN + "creator", "author"),
        (_DUBLIN + "description", "document_subject"),
        (_XMP + "CreatorTool", "application"),
        (_XMP + "CreateDate", "created_at"),
        (_XMP + "ModifyDate", "modified_at"),
    ):
        values = [" ".join("".join(node.itertext()).split()) for node in root.iter(tag)]
        values += [node.get(tag, "") for node in root.iter(_RDF + "Description") if node.get(tag)]
        value = "; ".join(v for v in values if v)
        if value:
            found[column] = value[:2000]
    return found


def bookmarks(document: Any) -> list[str]:
    """The titles of the outline, in order."""
    try:
        return [" ".join(str(entry[1]).split()) for entry in document.get_toc(simple=True)]
    except Exception:  # a broken outline: MuPDF's own error classes
        return []


def xfa(document: Any) -> list[str]:
    """The texts of an XFA form: its template's captions and the data filled in."""
    from lxml import etree

    lines: list[str] = []
    for packet in _xfa_packets(document):
        try:
            root = etree.fromstring(packet, _parser())
        except (etree.XMLSyntaxError, ValueError):
            continue
        if root is not None:
            lines.extend(_xfa_lines(root))
    return lines


def _xfa_packets(document: Any) -> Iterator[bytes]:
    catalog = document.pdf_catalog()
    if not catalog:
        return
    form = _key(document, catalog, "AcroForm")
    if not isinstance(form, dict):
        return
    found = form.get("XFA")
    if isinstance(found, Ref) and document.xref_is_stream(found.number):
        streams = [found]
    else:
        found = resolved(document, found)
        streams = [x for x in found if isinstance(x, Ref)] if isinstance(found, list) else []
    packets, size = [], 0
    for stream in streams:
        raw = document.xref_stream(stream.number) or b""
        size += len(raw)
        if size > _XFA_BYTES:
            break
        packets.append(raw)
    # Packets are the pieces of one document; alone only those in the middle are well-formed.
    yield from packets if len(packets) < 3 else packets[1:-1]


def _key(document: Any, number: int, name: str) -> Any:
    kind, value = document.xref_get_key(number, name)
    if kind == "xref":
        return resolved(document, Ref(int(value.split()[0])))
    return parse(value) if kind in ("dict", "array") else None


def _xfa_lines(root: Any) -> Iterator[str]:
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        local = node.tag.rpartition("}")[2]
        leaf = not any(isinstance(child.tag, str) for child in node)
        in_template = "xfa-template" in node.tag
        if local in ("script", "pattern", "picture", "event"):
            continue
        if local in ("text", "p") or (leaf and (not in_template or local == "exData")):
            said = " ".join("".join(node.itertext()).split())
        else:
            said = "" if in_template else " ".join((node.text or "").split())
        if said:
            named = not in_template and leaf and local != "p"
            yield f"{local}: {said}" if named else said
