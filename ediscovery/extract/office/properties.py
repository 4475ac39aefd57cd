"""Document properties of OOXML packages: core, extended and custom (ECMA-376-2 11, ECMA-376-1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ediscovery.extract.dates import utc
from ediscovery.extract.office.markup import attribute, local
from ediscovery.extract.office.parts import Parts

# Property -> field of Item; what is not listed here goes to metadata under the name beside it.
CORE = {
    "title": "title",
    "creator": "author",
    "lastModifiedBy": "last_author",
    "created": "created_at",
    "modified": "modified_at",
    "lastPrinted": "printed_at",
    "subject": "document_subject",
    "description": "description",
    "keywords": "keywords",
    "category": "document_category",
    "contentStatus": "status",
    "contentType": "content_type",
    "identifier": "identifier",
    "language": "document_language",
    "revision": "revision",
    "version": "version",
}
EXTENDED = {
    "Company": "company",
    "Manager": "manager",
    "Template": "template",
    "Application": "application",
    "AppVersion": "application_version",
    "Pages": "pages",
    "Slides": "slides",
    "HiddenSlides": "hidden_slides",
    "Notes": "notes",
    "Words": "words",
    "Characters": "characters",
    "Paragraphs": "paragraphs",
    "Lines": "lines",
    "TotalTime": "editing_minutes",
    "HyperlinkBase": "hyperlink_base",
    "DocSecurity": "document_security",
    "PresentationFormat": "presentation_format",
}
_DATES = frozenset({"created_at", "modified_at", "printed_at"})
_NUMBERS = frozenset(
    {"pages", "slides", "hidden_slides", "notes", "words", "characters", "paragraphs", "lines"}
    | {"editing_minutes", "document_security"}
)
_LIMIT = 1000  # properties of one document
_CHARS = 10_000  # of one property


def read(parts: Parts) -> tuple[dict[str, Any], set[str]]:
    """Fields for an :class:`~ediscovery.extract.contract.Extraction`, and flags."""
    fields: dict[str, Any] = {}
    flags: set[str] = set()
    for name in parts.names:
        folder, _, base = name.lower().replace("\\", "/").lstrip("/").rpartition("/")
        if base.endswith(".psmdcp") or (folder == "docprops" and base.startswith("core")):
            _collect(parts.xml(name), CORE, fields, flags)
        elif folder == "docprops" and base.startswith("app"):
            _collect(parts.xml(name), EXTENDED, fields, flags)
        elif folder == "docprops" and base.startswith("custom"):
            custom = _custom(parts.xml(name))
            if custom:
                fields["custom_properties"] = custom
    return fields, flags


def add(fields: dict[str, Any], flags: set[str], name: str, value: str) -> None:
    """Set field ``name`` from the text of a property: dates to UTC with the raw text beside it."""
    value = value.strip()[:_CHARS]
    if not value:
        return
    if name in _DATES:
        fields[f"{name}_raw"] = value
        fields[name] = iso(value)
        if not fields[name]:
            flags.add("date_invalid")
    elif name in _NUMBERS:
        if value.isascii() and value.isdigit() and len(value) < 16:
            fields[name] = int(value)
    else:
        fields[name] = value


def iso(value: str) -> str:
    """A W3CDTF date as UTC text, ``""`` when it is none; without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return ""
    return utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _collect(root: Any, names: dict[str, str], fields: dict[str, Any], flags: set[str]) -> None:
    if root is None:
        return
    for element in root[:_LIMIT]:
        name = names.get(local(element.tag))
        if name and name not in fields:
            add(fields, flags, name, "".join(element.itertext()))


def _custom(root: Any) -> dict[str, str]:
    result: dict[str, str] = {}
    if root is None:
        return result
    for element in root[:_LIMIT]:
        name = attribute(element, "name")
        value = "\n".join(t.strip() for t in element.itertext() if t.strip())[:_CHARS]
        if name and value:
            result[name[:200]] = value
    return result
