"""OpenDocument text and spreadsheets (ODF 1.2): notes, annotations, changes, hidden rows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from samples.archives import zips
from samples.office import xlsx
from samples.office.package import Properties
from samples.things import Hidden, Thing

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = (
    "".join(
        f' xmlns:{short}="{_URN}{name}:1.0"'
        for short, name in (
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("style", "style"),
            ("meta", "meta"),
        )
    )
    + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
_MIME = "application/vnd.oasis.opendocument."


def text(
    name: str,
    properties: Properties,
    paragraphs: Sequence[str],
    footnote: str = "",
    annotation: str = "",
    deleted: str = "",
) -> Thing:
    """An ODT of ``paragraphs``; footnote, annotation and deletion sit at the end of the last."""
    body, hidden = "", []
    if deleted:
        hidden.append(Hidden(deleted, "tracked deletion"))
        body += (
            '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion>'
            f"<office:change-info><dc:creator>{escape(properties.last_author)}</dc:creator>"
            f"<dc:date>{_time(properties)}</dc:date></office:change-info>"
            f"<text:p>{escape(deleted)}</text:p></text:deletion></text:changed-region>"
            "</text:tracked-changes>"
        )
    body += "".join(f"<text:p>{escape(p)}</text:p>" for p in paragraphs[:-1])
    tail = escape(paragraphs[-1])
    if deleted:
        tail += '<text:change text:change-id="c1"/>'
    if footnote:
        tail += (
            '<text:note text:id="n1" text:note-class="footnote"><text:note-citation>1'
            f"</text:note-citation><text:note-body><text:p>{escape(footnote)}</text:p>"
            "</text:note-body></text:note>"
        )
    if annotation:
        hidden.append(Hidden(annotation, "comment"))
        tail += (
            f"<office:annotation><dc:creator>{escape(properties.author)}</dc:creator>"
            f"<dc:date>{_time(properties)}</dc:date><text:p>{escape(annotation)}</text:p>"
            "</office:annotation>"
        )
    body += f"<text:p>{tail}</text:p>"
    words = [*paragraphs, footnote, annotation, deleted]
    return Thing(
        name,
        _write("text", f"<office:text>{body}</office:text>", properties),
        "word",
        _MIME + "text",
        "\n".join(w for w in words if w),
        hidden=tuple(hidden),
        when=properties.modified,
    )


def sheets(name: str, properties: Properties, tables: Sequence[xlsx.Sheet]) -> Thing:
    """An ODS of the same sheets that :mod:`samples.office.xlsx` takes."""
    styles = (
        '<office:automatic-styles><style:style style:name="gone" style:family="table">'
        '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
    )
    body = ""
    for sheet in tables:
        style = ' table:style-name="gone"' if sheet.hidden else ""
        body += f'<table:table table:name="{escape(sheet.name)}"{style}>'
        comments = dict(sheet.comments)
        for r, row in enumerate(sheet.rows):
            mark = ' table:visibility="collapse"' if r in sheet.hidden_rows else ""
            cells = "".join(_cell(cell, comments.get((r, c), "")) for c, cell in enumerate(row))
            body += f"<table:table-row{mark}>{cells}</table:table-row>"
        body += "</table:table>"
    content = f"<office:spreadsheet>{body}</office:spreadsheet>"
    return Thing(
        name,
        _write("spreadsheet", content, properties, styles),
        "sheet",
        _MIME + "spreadsheet",
        xlsx.text(tables),
        hidden=xlsx.hidden(tables),
        when=properties.modified,
    )


def _cell(cell: xlsx.Cell, comment: str) -> str:
    note = f"<office:annotation><text:p>{escape(comment)}</text:p></office:annotation>"
    note = note if comment else ""
    if cell == "":
        return "<table:table-cell/>"
    shown = xlsx.shown(cell)
    words = f"{note}<text:p>{escape(shown)}</text:p></table:table-cell>"
    if isinstance(cell, str):
        return f'<table:table-cell office:value-type="string">{words}'
    formula = ""
    if isinstance(cell, xlsx.Formula):
        formula = f' table:formula="of:={escape(cell.expression)}"'
    return f'<table:table-cell{formula} office:value-type="float" office:value="{shown}">{words}'


def _write(kind: str, body: str, properties: Properties, styles: str = "") -> bytes:
    mime = _MIME + kind
    content = (
        f'{_HEAD}<office:document-content{_NAMES} office:version="1.2">{styles}<office:body>{body}'
        "</office:body></office:document-content>"
    )
    meta = (
        f'{_HEAD}<office:document-meta{_NAMES} office:version="1.2"><office:meta>'
        f"<dc:title>{escape(properties.title)}</dc:title>"
        f"<meta:initial-creator>{escape(properties.author)}</meta:initial-creator>"
        f"<dc:creator>{escape(properties.last_author)}</dc:creator>"
        f"<meta:creation-date>{properties.created:%Y-%m-%dT%H:%M:%S}</meta:creation-date>"
        f"<dc:date>{_time(properties)}</dc:date></office:meta></office:document-meta>"
    )
    manifest = f'{_HEAD}<manifest:manifest xmlns:manifest="{_URN}manifest:1.0"'
    manifest += ' manifest:version="1.2">'
    for path, media in (("/", mime), ("content.xml", "text/xml"), ("meta.xml", "text/xml")):
        manifest += f'<manifest:file-entry manifest:full-path="{path}"'
        manifest += f' manifest:media-type="{media}"/>'
    members = [
        ("mimetype", mime.encode()),
        ("content.xml", content.encode()),
        ("meta.xml", meta.encode()),
        ("META-INF/manifest.xml", (manifest + "</manifest:manifest>").encode()),
    ]
    return zips.write(members, properties.modified, stored=frozenset({"mimetype"}))


def _time(properties: Properties) -> str:
    return f"{properties.modified:%Y-%m-%dT%H:%M:%S}"
