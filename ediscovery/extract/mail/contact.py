"""vCards, versions 2.1 to 4.0: contacts as text, with their key fields; pictures are children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.mail.contentlines import Line, read
from ediscovery.extract.text import declared_charset

_LABELS = {
    "FN": "Name",
    "N": "Full name",
    "NICKNAME": "Nickname",
    "ORG": "Organisation",
    "TITLE": "Job title",
    "ROLE": "Role",
    "TEL": "Telephone",
    "EMAIL": "E-mail",
    "ADR": "Address",
    "LABEL": "Address",
    "URL": "URL",
    "BDAY": "Birthday",
    "ANNIVERSARY": "Anniversary",
    "NOTE": "Note",
    "CATEGORIES": "Categories",
    "IMPP": "Instant messaging",
    "MEMBER": "Member",
    "RELATED": "Related",
}
_TECHNICAL = frozenset({"BEGIN", "END", "VERSION", "PRODID", "REV", "UID", "CLASS"})
_STRUCTURED = frozenset({"N", "ADR", "ORG"})
_LISTS = {"EMAIL": "contact_addresses", "TEL": "telephones", "ORG": "organisations"}
_PICTURES = {"JPEG": "jpg", "JPG": "jpg", "PNG": "png", "GIF": "gif", "BMP": "bmp"}


def extract(content: Content, context: Context) -> Extraction:
    """Reads one or more contacts; the first one's name is the document's title."""
    lines, bad = read(
        content.read()[: context.profile.limits.text_bytes],
        declared_charset(context.declared_type),
    )
    text: list[str] = []
    fields: dict[str, Any] = {"contacts": 0}
    attached: list[Line] = []
    for line in lines:
        if line.name == "BEGIN":
            fields["contacts"] += 1
            text.append("")
            continue
        if line.data is not None:
            attached.append(line)
            continue
        value = ", ".join(filter(None, line.parts)) if line.name in _STRUCTURED else line.value
        value = value.strip()
        if line.name in _TECHNICAL or not value:
            continue
        if line.name == "FN":
            fields.setdefault("title", " ".join(value.split()))
        elif line.name in _LISTS:
            fields.setdefault(_LISTS[line.name], []).append(value)
        text.append(f"{_label(line)}: {value}")
    result = Extraction(text="\n".join(text).strip("\n") + "\n", fields=fields)
    if bad:
        result.warnings.append(f"{bad} of its lines are no properties and were left out.")
    if attached:
        result.expected_children = len(attached)
        result.children = _children(attached)
    return result


def _label(line: Line) -> str:
    name = line.name
    label = _LABELS.get(name)
    if label is None:
        label = name if not name.startswith("X-") else name[2:].replace("-", " ").title()
    kinds = line.params.get("TYPE", "").lower().replace(",", ", ")
    return f"{label} ({kinds})" if kinds and name in ("TEL", "EMAIL", "ADR", "LABEL") else label


def _children(attached: list[Line]) -> Iterator[Child]:
    for number, line in enumerate(attached, 1):
        kind = line.params.get("TYPE", line.params.get("MEDIATYPE", "")).upper().rpartition("/")[2]
        ending = _PICTURES.get(kind.partition(",")[0], "bin")
        name = f"{line.name.lower()}-{number}.{ending}"
        yield Child(name, Content(line.data or b""), "embedded")
