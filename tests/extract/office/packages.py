"""Office packages put together from a few lines of XML, and how tests read them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ediscovery.extract.contract import Budget, Child, Content, Context
from ediscovery.extract.walk import Visit, walk
from ediscovery.model.profile import Profile

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_NAMES = (
    f'xmlns:w="{W}" xmlns:r="{R}" xmlns:a="{A}" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)
_TYPES = "application/vnd.openxmlformats-officedocument."
_MAIN = {
    "word/document.xml": "wordprocessingml.document.main+xml",
    "xl/workbook.xml": "spreadsheetml.sheet.main+xml",
    "ppt/presentation.xml": "presentationml.presentation.main+xml",
}
Relations = Mapping[str, list[tuple[str, str, str]]]


def archive(parts: Mapping[str, bytes | str], stored: bool = False) -> bytes:
    """A ZIP of ``parts``, in their order."""
    file = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(file, "w", method) as zipped:
        for name, data in parts.items():
            zipped.writestr(zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6)), data, method)
    return file.getvalue()


def package(
    parts: Mapping[str, bytes | str],
    relations: Relations | None = None,
    types: Mapping[str, str] | None = None,
) -> bytes:
    """An OOXML package whose first part is the main one.

    ``relations``: source part -> (id, kind or whole type, target), an external target being a URL.
    ``types``: part -> content type after the common beginning.
    """
    main = next(iter(parts))
    declared = {main: _MAIN.get(main, ""), **(types or {})}
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{_TYPES}{kind}"/>'
        for name, kind in declared.items()
    )
    every: dict[str, bytes | str] = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Default Extension="png" ContentType="image/png"/>{overrides}</Types>'
        )
    }
    rows = {"": [("rId1", "officeDocument", main)], **(relations or {})}
    for source, links in rows.items():
        folder, _, base = source.rpartition("/")
        every[f"{folder}/_rels/{base}.rels".lstrip("/")] = _relations(links)
    return archive({**every, **parts})


def _relations(links: list[tuple[str, str, str]]) -> str:
    body = ""
    for name, kind, target in links:
        full = kind if "/" in kind else f"{R}/{kind}"
        mode = ' TargetMode="External"' if "://" in target or target.startswith("mailto:") else ""
        target = target if mode else f"/{target}"
        body += f'<Relationship Id="{name}" Type="{full}" Target="{target}"{mode}/>'
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{body}</Relationships>"
    )


def word(
    body: str,
    parts: Mapping[str, bytes | str] | None = None,
    relations: list[tuple[str, str, str]] | None = None,
    types: Mapping[str, str] | None = None,
    more: Relations | None = None,
) -> bytes:
    """A DOCX with ``body`` in ``w:body``; ``relations`` are those of the document part."""
    main = f"<w:document {_NAMES}><w:body>{body}</w:body></w:document>"
    every = {"word/document.xml": main, **(parts or {})}
    return package(every, {"word/document.xml": relations or [], **(more or {})}, types)


def story(kind: str, body: str) -> str:
    """A part of a DOCX beside the main one: ``kind`` is its root element."""
    return f"<w:{kind} {_NAMES}>{body}</w:{kind}>"


def par(text: str) -> str:
    """A paragraph of one run."""
    return f'<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def book(
    sheets: Mapping[str, str],
    parts: Mapping[str, bytes | str] | None = None,
    relations: list[tuple[str, str, str]] | None = None,
    more: Relations | None = None,
    extra: str = "",
    states: Mapping[str, str] | None = None,
) -> bytes:
    """An XLSX: sheet name -> what stands in its ``worksheet``; ``extra`` ends the workbook."""
    listed = links = ""
    every: dict[str, bytes | str] = {}
    rows = list(relations or [])
    for number, (name, inner) in enumerate(sheets.items(), 1):
        state = (states or {}).get(name, "visible")
        listed += f'<sheet name="{name}" sheetId="{number}" state="{state}" r:id="s{number}"/>'
        rows.append((f"s{number}", "worksheet", f"xl/worksheets/sheet{number}.xml"))
        every[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{S}" xmlns:r="{R}">{inner}</worksheet>'
        )
    main = f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>{listed}</sheets>{extra}{links}</workbook>'
    return package(
        {"xl/workbook.xml": main, **every, **(parts or {})},
        {"xl/workbook.xml": rows, **(more or {})},
    )


def deck(
    slides: list[str],
    parts: Mapping[str, bytes | str] | None = None,
    more: Relations | None = None,
    attributes: Mapping[int, str] | None = None,
) -> bytes:
    """A PPTX: the shapes of each slide; ``attributes`` of a slide's root by its number."""
    listed = ""
    rows = []
    every: dict[str, bytes | str] = {}
    for number, shapes in enumerate(slides, 1):
        listed += f'<p:sldId id="{255 + number}" r:id="s{number}"/>'
        rows.append((f"s{number}", "slide", f"ppt/slides/slide{number}.xml"))
        every[f"ppt/slides/slide{number}.xml"] = tree(
            "sld", shapes, (attributes or {}).get(number, "")
        )
    main = (
        f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>{listed}</p:sldIdLst>'
        "</p:presentation>"
    )
    return package(
        {"ppt/presentation.xml": main, **every, **(parts or {})},
        {"ppt/presentation.xml": rows, **(more or {})},
    )


def tree(root: str, shapes: str, attributes: str = "") -> str:
    """A slide, layout, master or notes part with ``shapes``."""
    return (
        f'<p:{root} xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{R}" {attributes}><p:cSld><p:spTree>'
        f"{shapes}</p:spTree></p:cSld></p:{root}>"
    )


def shape(text: str, placeholder: str = "", alternative: str = "") -> str:
    """A text shape, in a placeholder of that type or in none."""
    holder = f'<p:ph type="{placeholder}"/>' if placeholder else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="n" descr="{alternative}"/><p:cNvSpPr/>'
        f"<p:nvPr>{holder}</p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p>"
        "</p:txBody></p:sp>"
    )


def visits(
    data: bytes,
    name: str,
    scratch: Path,
    passwords: tuple[str, ...] = (),
    profile: Profile | None = None,
    budget: int = 1 << 31,
    **limits: Any,
) -> list[Visit]:
    """``data`` and everything inside it as the walk gives them, the document itself last."""
    profile = profile or Profile()
    profile = replace(profile, limits=replace(profile.limits, **limits))
    context = Context(profile, scratch, Budget(budget), passwords=passwords)
    return list(walk(Child(name, Content(data), "file"), "a0", name, context))


def visit(data: bytes, name: str, scratch: Path, **settings: Any) -> Visit:
    """The document alone."""
    return visits(data, name, scratch, **settings)[-1]
