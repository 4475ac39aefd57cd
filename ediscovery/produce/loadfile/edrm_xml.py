"""Writes EDRM XML 1.2, for Nuix above all. What is unconfirmed stands in ``docs/loadfiles.md``."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.files import whole_file
from ediscovery.produce.loadfile.pages import backslashed
from ediscovery.produce.loadfile.replace import Replacer
from ediscovery.produce.loadfile.roles import roles
from ediscovery.produce.loadfile.rows import Document, PageRow, Record, ReportReplaced, Written

if TYPE_CHECKING:
    from lxml.etree import _Element

_NO_NAME = re.compile(r"[^A-Za-z0-9]+")
_HELD = 1 << 20  # bytes of relationships in memory; beyond, on disk
_ROOT = {
    "MajorVersion": "1",
    "MinorVersion": "2",
    "Description": "EDRM XML Load File",
    "Locale": "US",
    "DataInterchangeType": "Update",
}


def write_edrm_xml(
    path: Path,
    documents: Iterable[Document],
    identifier: str,
    fields: Sequence[str],
    report: ReportReplaced,
    *,
    relationship: str = "Attachment",
) -> Written:
    """Write ``documents`` as EDRM XML 1.2, UTF-8.

    Native and text paths and the parent are taken from the columns with these roles (see
    ``roles.py``), images from the pages. Every field is text: dates and numbers are ready
    strings. Characters that XML forbids become U+FFFD and are told to ``report``.

    Args:
        path: Where to write.
        documents: Records, each with its pages.
        identifier: The field that holds the document's id.
        fields: The fields to write, in order.
        report: Is called for each value in which something was replaced.
        relationship: What ``Relationship/@Type`` says; readers differ.

    Raises:
        UsageError: a record has no identifier.
    """
    from lxml import etree

    done = Written()
    replacer = Replacer(done, report)
    keys = _keys(fields)
    role = roles(fields, {"begin": identifier})

    def clean(text: str, field: str) -> str:
        return replacer.allowed(text, _in_xml, "\ufffd", field)

    def document(record: Record, pages: tuple[PageRow, ...]) -> _Element:
        kind = "Message" if record.fields.get("RecordType") == "Email" else "File"
        name = clean(_text(record, identifier), identifier)
        made = etree.Element("Document", DocID=name, DocType=kind)
        if pairs := [(field, text) for field in fields if (text := _text(record, field))]:
            values = etree.SubElement(made, "FieldValues")
            for field, text in pairs:
                etree.SubElement(values, keys[field]).text = clean(text, field)
        held = etree.Element("Files")
        for kind, field in (("Native", "native"), ("Text", "text")):
            place = _text(record, role[field]) if field in role else ""
            if place:
                _file(held, kind, clean(place, role[field]))
        for page in pages:
            _file(held, "Image", clean(page.path, identifier))
        if len(held):
            made.append(held)
        return made

    with (
        whole_file(path) as file,
        tempfile.SpooledTemporaryFile(_HELD, "w+", encoding="utf-8", newline="\n") as families,
        etree.xmlfile(file, encoding="utf-8") as out,
    ):
        out.write_declaration(standalone=True)
        with out.element("Root", _ROOT):
            definitions = etree.Element("Fields")
            for field in fields:
                etree.SubElement(
                    definitions, "Field", Name=clean(field, field), DataType="Text", Key=keys[field]
                )
            out.write("\n", definitions, "\n", pretty_print=True)
            with out.element("Batch"):
                with out.element("Documents"):
                    out.write("\n")
                    for record, pages in documents:
                        done.rows += 1
                        if not _text(record, identifier).strip():
                            raise UsageError(f"Record {done.rows:,} has no {identifier!r}.")
                        made = document(record, pages)
                        out.write(made, "\n")
                        parent = _text(record, role["parent"]) if "parent" in role else ""
                        if parent:
                            pair = (clean(parent, role["parent"]), str(made.get("DocID")))
                            families.write("\t".join(" ".join(one.split()) for one in pair) + "\n")
                out.write("\n")
                with out.element("Relationships"):
                    families.seek(0)
                    for line in families:
                        parent, child = line.rstrip("\n").split("\t")
                        out.write(
                            "\n",
                            etree.Element(
                                "Relationship",
                                Type=relationship, ParentDocId=parent, ChildDocId=child,
                            ),
                        )  # fmt: skip
                out.write("\n")
    return done


def _keys(fields: Sequence[str]) -> dict[str, str]:
    """Field -> the name of its element: letters, digits and ``_``, unlike any other's."""
    keys: dict[str, str] = {}
    used: set[str] = set()
    for field in fields:
        base = _NO_NAME.sub("_", field).strip("_").upper() or "FIELD"
        base = base if base[0].isalpha() else f"F_{base}"
        key, again = base, 2
        while key in used:
            key, again = f"{base}_{again}", again + 1
        used.add(key)
        keys[field] = key
    return keys


def _file(held: _Element, kind: str, place: str) -> None:
    from lxml import etree

    folder, _, name = backslashed(place).rpartition("\\")
    made = etree.SubElement(held, "File", FileType=kind)
    etree.SubElement(made, "ExternalFile", FilePath=folder, FileName=name)


def _text(record: Record, field: str) -> str:
    value = record.fields.get(field, "")
    return ";".join(value) if isinstance(value, tuple) else value


def _in_xml(character: str) -> bool:
    """Whether XML 1.0 allows ``character``."""
    code = ord(character)
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or code >= 0x10000
    )
