"""OpenDocument: text, spreadsheets, presentations, drawings, formulas, charts, packaged and flat.

Standards: OASIS ODF 1.0 to 1.4; OpenOffice.org 1.x files, whose elements go by the same names in
other namespaces, are read alike. Deleted text is marked as ``[-so-]``; what styles hide is
included and flagged. An object of another ODF type inside (a chart, a formula, a sheet) is part of
the text; pictures and foreign files are children.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.office import embedded, markup, odf_encryption, properties
from ediscovery.extract.office.lines import Full, Lines
from ediscovery.extract.office.odf_text import Story
from ediscovery.extract.office.parts import Parts
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_META = {
    "title": "title",
    "subject": "document_subject",
    "description": "description",
    "initial-creator": "author",
    "creator": "last_author",
    "creation-date": "created_at",
    "date": "modified_at",
    "print-date": "printed_at",
    "printed-by": "printed_by",
    "language": "document_language",
    "generator": "application",
    "editing-cycles": "revision",
    "editing-duration": "editing_duration",
}
_STATISTICS = {
    "page-count": "pages",
    "word-count": "words",
    "character-count": "characters",
    "paragraph-count": "paragraphs",
    "table-count": "tables",
    "image-count": "images",
    "object-count": "objects",
    "cell-count": "cells",
}
# Parts that hold no evidence of their own: layout caches, settings, previews, fonts.
_FURNITURE = (
    "meta-inf/", "configurations", "thumbnails/", "objectreplacements/", "fonts/", "basic/",
    "scripts/", "dialogs/",
)  # fmt: skip
_NO_CHILD = frozenset({"mimetype", "layout-cache", "manifest.rdf", "encrypted-package"})


def extract(content: Content, context: Context) -> Extraction:
    """Text, properties and embedded files of an ODF document; see the contract of extractors.

    Raises :class:`EvidenceError` (``corrupt``, ``encrypted``, ``limit:...``) when the package or
    its content can't be read.
    """
    if not content.head.startswith(b"PK"):
        return _flat(content, context)
    parts = Parts(content, context)
    decrypted = odf_encryption.decrypted(parts, context)
    if decrypted is not None:
        if isinstance(decrypted, Content):
            result = extract(decrypted, context)
            result.flags.add("encrypted_part")
            return result
        parts = decrypted
    result = Extraction()
    if decrypted is not None:
        result.flags.add("encrypted_part")
    _properties(parts, result)
    root = parts.xml("content.xml")
    if root is None:
        raise EvidenceError(State.CORRUPT, "It has no readable content.xml.")
    lines = Lines(context)
    try:
        styles = parts.xml("styles.xml") if "styles.xml" in parts else None
        story = Story(lines, result)
        story.learn(root, styles)
        story.read(root)
        if styles is not None:
            story.read_masters(styles)
        for name in parts.names:
            if name.count("/") == 1 and name.endswith("/content.xml"):
                inner = Story(lines, result)
                part = parts.xml(name)
                inner.learn(part, None)
                inner.read(part)
    except Full:
        pass
    result.text = lines.text()
    _package_flags(parts, result)
    wanted = [name for name in parts.names if _is_child(name)]
    if wanted:
        result.expected_children = len(wanted)
        result.children = _children(parts, wanted, context.skip)
    if parts.state != State.OK:
        result.state, result.message = parts.state, " ".join(parts.warnings)
    else:
        result.warnings.extend(parts.warnings)
    return result


def _properties(parts: Parts, result: Extraction) -> None:
    try:
        root = parts.xml("meta.xml") if "meta.xml" in parts else None
    except EvidenceError as error:
        parts.warn(error.message)
        return
    if root is not None:
        read_meta(root, result)


def read_meta(root: Any, result: Extraction) -> None:
    """Fields from ``office:meta``."""
    keywords: list[str] = []
    custom: dict[str, str] = {}
    for element in root.iter():
        name = markup.local(element.tag)
        text = "".join(element.itertext()).strip() if len(element) == 0 else ""
        if name in _META:
            properties.add(result.fields, result.flags, _META[name], text)
        elif name == "keyword" and text and len(keywords) < 1000:
            keywords.append(text)
        elif name == "user-defined" and text and len(custom) < 1000:
            custom[markup.attribute(element, "name")[:200]] = text[:10_000]
        elif name == "template":
            properties.add(
                result.fields, result.flags, "template", markup.attribute(element, "title")
            )
        elif name == "document-statistic":
            for key, field in _STATISTICS.items():
                properties.add(result.fields, result.flags, field, markup.attribute(element, key))
    if keywords:
        result.fields["keywords"] = "; ".join(keywords)[:10_000]
    if custom:
        result.fields["custom_properties"] = custom
    if isinstance(result.fields.get("pages"), int):
        result.fields["page_count"] = result.fields["pages"]
    if "last_author" in result.fields and "author" not in result.fields:
        result.fields["author"] = result.fields["last_author"]


def _package_flags(parts: Parts, result: Extraction) -> None:
    for name in parts.names:
        key = name.lower()
        if key.startswith(("basic/", "scripts/")) and not key.endswith(("-lc.xml", "/")):
            result.flags.add("macros")
        elif key.startswith("versions/"):
            result.flags.add("prior_revisions")
        elif key.endswith("documentsignatures.xml"):
            result.flags.add("signed")


def _is_child(name: str) -> bool:
    key = name.replace("\\", "/").lstrip("/").lower()
    if key in _NO_CHILD or key.startswith(_FURNITURE) or key.endswith((".xml", ".rdf")):
        return False
    # Objects repeat the furniture of the whole below their own folder.
    return not key.partition("/")[2].startswith(_FURNITURE)


def _children(parts: Parts, wanted: list[str], skip: frozenset[int]) -> Iterator[Child]:
    for ordinal, name in enumerate(wanted):
        base = name.replace("\\", "/").rpartition("/")[2]
        if ordinal in skip:
            yield Child(base, None, "embedded", state=State.CRASHED)
            continue
        try:
            content = parts.content(name)
        except EvidenceError as error:
            yield Child(base, None, "embedded", state=error.state, message=error.message)
            continue
        picture = "pictures/" in name.lower()
        yield embedded.from_part(base, content, "image/*" if picture else "")


def _flat(content: Content, context: Context) -> Extraction:
    limit = context.profile.limits.text_bytes
    if content.size > limit:
        raise EvidenceError(f"{State.LIMIT}:part", f"It is larger than {limit} bytes.")
    root, problem = markup.parse(content.read(), "It")
    if markup.local(root.tag) != "document":
        raise EvidenceError(State.CORRUPT, "It is neither a packaged nor a flat ODF document.")
    result = Extraction(
        warnings=[f"Broken XML, read as far as possible: {problem}"] * bool(problem)
    )
    for meta in root.iterfind("{*}meta"):
        read_meta(meta, result)
    lines = Lines(context)
    binaries = []
    for element in root.iter("{*}binary-data"):
        binaries.append(element.text or "")
        element.text = None
    try:
        story = Story(lines, result)
        story.learn(root, root)
        story.read(root)
        story.read_masters(root)
    except Full:
        pass
    result.text = lines.text()
    if next(root.iter("{*}module"), None) is not None:
        result.flags.add("macros")
    if binaries:
        result.expected_children = len(binaries)
        result.children = _decoded(binaries, context)
    return result


def _decoded(binaries: list[str], context: Context) -> Iterator[Child]:
    for ordinal, text in enumerate(binaries):
        name = f"object{ordinal + 1}"
        if ordinal in context.skip:
            yield Child(name, None, "embedded", state=State.CRASHED)
            continue
        try:
            data = base64.b64decode(text)
        except (binascii.Error, ValueError) as error:
            yield Child(name, None, "embedded", state=State.CORRUPT, message=str(error))
            continue
        yield embedded.from_part(name, Content(data), "")
