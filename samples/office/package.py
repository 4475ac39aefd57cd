"""What all three Office Open XML formats share: parts, relationships, properties (ECMA-376-2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from samples.archives import zips

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument."
_CORE_TYPE = "application/vnd.openxmlformats-package.core-properties+xml"


@dataclass(frozen=True, slots=True)
class Properties:
    """Who made a document and when, and its title."""

    title: str
    author: str
    last_author: str
    created: datetime
    modified: datetime


@dataclass
class Package:
    """A package under construction. Part names have no leading slash."""

    properties: Properties
    parts: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    relations: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, name: str, xml: str, kind: str) -> None:
        """An XML part; ``kind`` is its content type after the common beginning."""
        self.parts[name] = (HEAD + xml).encode()
        self.types[name] = _TYPES + kind

    def raw(self, name: str, data: bytes, mime: str) -> None:
        """A part that is not XML."""
        self.parts[name] = data
        self.types[name] = mime

    def relate(self, source: str, target: str, kind: str) -> str:
        """Relates part ``source`` (empty: the package) to ``target``; gives the relation's id.

        ``target`` is relative to the folder of ``source``; ``kind`` the last word of its type.
        """
        rows = self.relations.setdefault(source, [])
        rows.append((target, kind))
        return f"rId{len(rows)}"

    def write(self) -> bytes:
        """The finished package."""
        self._core()
        types = f'<Types xmlns="{_PACKAGE}/content-types">'
        types += '<Default Extension="rels" ContentType='
        types += '"application/vnd.openxmlformats-package.relationships+xml"/>'
        types += '<Default Extension="xml" ContentType="application/xml"/>'
        types += '<Default Extension="vml" ContentType='
        types += '"application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
        for name, kind in self.types.items():
            types += f'<Override PartName="/{name}" ContentType="{kind}"/>'
        members = [("[Content_Types].xml", (HEAD + types + "</Types>").encode())]
        for source, rows in self.relations.items():
            folder, _, last = source.rpartition("/")
            name = f"{folder}/_rels/{last}.rels" if source else "_rels/.rels"
            xml = f'<Relationships xmlns="{_PACKAGE}/relationships">'
            for n, (target, kind) in enumerate(rows, 1):
                base = f"{_PACKAGE}/relationships/metadata" if kind == "core-properties" else R
                xml += f'<Relationship Id="rId{n}" Type="{base}/{kind}" Target="{target}"/>'
            members.append((name.lstrip("/"), (HEAD + xml + "</Relationships>").encode()))
        members += self.parts.items()
        return zips.write(members, self.properties.modified)

    def _core(self) -> None:
        p = self.properties
        xml = (
            f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<dc:title>{escape(p.title)}</dc:title><dc:creator>{escape(p.author)}</dc:creator>"
            f"<cp:lastModifiedBy>{escape(p.last_author)}</cp:lastModifiedBy>"
            f'<dcterms:created xsi:type="dcterms:W3CDTF">{_time(p.created)}</dcterms:created>'
            f'<dcterms:modified xsi:type="dcterms:W3CDTF">{_time(p.modified)}</dcterms:modified>'
            "</cp:coreProperties>"
        )
        self.parts["docProps/core.xml"] = (HEAD + xml).encode()
        self.types["docProps/core.xml"] = _CORE_TYPE
        self.relate("", "docProps/core.xml", "core-properties")


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
