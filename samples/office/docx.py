"""Word documents with what hides in them: changes, comments, notes, headers, embedded files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from samples.office.package import Package, Properties, R
from samples.things import Hidden, Thing

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_KIND = "wordprocessingml."


@dataclass(frozen=True, slots=True)
class Inserted:
    """A tracked insertion, still shown."""

    text: str
    author: str = "Jane Roe"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A tracked deletion, no longer shown."""

    text: str
    author: str = "Dieter Kessler"


@dataclass(frozen=True, slots=True)
class Note:
    """A comment in the margin on the words ``on``."""

    on: str
    comment: str
    author: str = "Jane Roe"


@dataclass(frozen=True, slots=True)
class Foot:
    """A footnote."""

    text: str


@dataclass(frozen=True, slots=True)
class Invisible:
    """Words formatted as hidden."""

    text: str


Run = str | Inserted | Deleted | Note | Foot | Invisible


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells."""

    rows: tuple[tuple[str, ...], ...]


Block = str | tuple[Run, ...] | Table


def thing(
    name: str,
    properties: Properties,
    blocks: Sequence[Block],
    header: str = "",
    footer: str = "",
    embedded: Sequence[Thing] = (),
) -> Thing:
    """A DOCX of ``blocks``: paragraphs (the first is the title) and tables, in order."""
    writer = _Writer(Package(properties))
    body = ""
    for n, block in enumerate(blocks):
        if isinstance(block, Table):
            body += writer.table(block)
        else:
            body += writer.paragraph((block,) if isinstance(block, str) else block, n == 0)
    for n, inner in enumerate(embedded, 1):
        body += writer.embed(inner, n)
    data = writer.finish(body, header, footer)
    texts = [*writer.shown, header, footer]
    return Thing(
        name,
        data,
        "word",
        _MIME,
        "\n".join(t for t in texts if t),
        children=tuple(inner.related("embedded") for inner in embedded),
        hidden=tuple(writer.hidden),
        when=properties.modified,
    )


class _Writer:
    def __init__(self, package: Package) -> None:
        self.package = package
        self.shown: list[str] = []
        self.hidden: list[Hidden] = []
        self.comments: list[Note] = []
        self.notes: list[str] = []
        self.date = f"{package.properties.modified:%Y-%m-%dT%H:%M:%SZ}"
        self.changes = 100

    def paragraph(self, runs: tuple[Run, ...], title: bool = False) -> str:
        style = '<w:pPr><w:pStyle w:val="Title"/></w:pPr>' if title else ""
        self.shown.append("".join(_plain(run) for run in runs))
        return f"<w:p>{style}{''.join(self.run(run) for run in runs)}</w:p>"

    def run(self, run: Run) -> str:
        match run:
            case str():
                return _text(run)
            case Inserted(text, author):
                return f"<w:ins {self._by(author)}>{_text(text)}</w:ins>"
            case Deleted(text, author):
                self.hidden.append(Hidden(text, "tracked deletion"))
                gone = f'<w:delText xml:space="preserve">{escape(text)}</w:delText>'
                return f"<w:del {self._by(author)}><w:r>{gone}</w:r></w:del>"
            case Invisible(text):
                self.hidden.append(Hidden(text, "hidden text"))
                return _text(text, "<w:rPr><w:vanish/></w:rPr>")
            case Note(on, comment, _):
                number = len(self.comments)
                self.comments.append(run)
                self.hidden.append(Hidden(comment, "comment"))
                return (
                    f'<w:commentRangeStart w:id="{number}"/>{_text(on)}'
                    f'<w:commentRangeEnd w:id="{number}"/>'
                    f'<w:r><w:commentReference w:id="{number}"/></w:r>'
                )
            case Foot(text):
                self.notes.append(text)
                return f'<w:r><w:footnoteReference w:id="{len(self.notes) + 1}"/></w:r>'

    def table(self, table: Table) -> str:
        out = '<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid>'
        out += '<w:gridCol w:w="2400"/>' * len(table.rows[0]) + "</w:tblGrid>"
        for row in table.rows:
            self.shown.append("\t".join(row))
            cells = "".join(f"<w:tc><w:p>{_text(cell)}</w:p></w:tc>" for cell in row)
            out += f"<w:tr>{cells}</w:tr>"
        return out + "</w:tbl>"

    def embed(self, inner: Thing, number: int) -> str:
        target = f"embeddings/{inner.name}"
        self.package.raw(f"word/{target}", inner.data, inner.mime)
        relation = self.package.relate("word/document.xml", target, "package")
        return (
            f'<w:p><w:r><w:object><v:shape xmlns:v="urn:schemas-microsoft-com:vml" id="o{number}"'
            ' style="width:76pt;height:49pt"/><o:OLEObject'
            ' xmlns:o="urn:schemas-microsoft-com:office:office" Type="Embed"'
            f' ProgID="Excel.Sheet.12" ShapeID="o{number}" DrawAspect="Icon"'
            f' ObjectID="_{117000 + number}" r:id="{relation}"/></w:object></w:r></w:p>'
        )

    def finish(self, body: str, header: str, footer: str) -> bytes:
        package, main = self.package, "word/document.xml"
        section = ""
        for kind, text in (("header", header), ("footer", footer)):
            if text:
                tag = "hdr" if kind == "header" else "ftr"
                xml = f'<w:{tag} xmlns:w="{_W}"><w:p>{_text(text)}</w:p></w:{tag}>'
                package.add(f"word/{kind}1.xml", xml, f"{_KIND}{kind}+xml")
                relation = package.relate(main, f"{kind}1.xml", kind)
                section += f'<w:{kind}Reference w:type="default" r:id="{relation}"/>'
        self._comments()
        self._notes()
        styles = (
            f'<w:styles xmlns:w="{_W}"><w:style w:type="paragraph" w:default="1"'
            ' w:styleId="Normal"><w:name w:val="Normal"/></w:style><w:style w:type="paragraph"'
            ' w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:rPr><w:b/>'
            '<w:sz w:val="36"/></w:rPr></w:style></w:styles>'
        )
        package.add("word/styles.xml", styles, f"{_KIND}styles+xml")
        package.relate(main, "styles.xml", "styles")
        document = (
            f'<w:document xmlns:w="{_W}" xmlns:r="{R}"><w:body>{body}<w:sectPr>{section}'
            '<w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>'
        )
        package.add(main, document, f"{_KIND}document.main+xml")
        package.relate("", main, "officeDocument")
        return package.write()

    def _comments(self) -> None:
        if not self.comments:
            return
        xml = f'<w:comments xmlns:w="{_W}">'
        for n, note in enumerate(self.comments):
            initials = "".join(word[0] for word in note.author.split())
            xml += (
                f'<w:comment w:id="{n}" w:author="{note.author}" w:date="{self.date}"'
                f' w:initials="{initials}"><w:p>{_text(note.comment)}</w:p></w:comment>'
            )
            self.shown.append(note.comment)
        self.package.add("word/comments.xml", xml + "</w:comments>", f"{_KIND}comments+xml")
        self.package.relate("word/document.xml", "comments.xml", "comments")

    def _notes(self) -> None:
        if not self.notes:
            return
        xml = f'<w:footnotes xmlns:w="{_W}">'
        for n, kind in enumerate(("separator", "continuationSeparator")):
            xml += f'<w:footnote w:type="{kind}" w:id="{n}"><w:p><w:r><w:{kind}/></w:r></w:p>'
            xml += "</w:footnote>"
        for n, text in enumerate(self.notes, 2):
            xml += f'<w:footnote w:id="{n}"><w:p>{_text(text)}</w:p></w:footnote>'
            self.shown.append(text)
        self.package.add("word/footnotes.xml", xml + "</w:footnotes>", f"{_KIND}footnotes+xml")
        self.package.relate("word/document.xml", "footnotes.xml", "footnotes")

    def _by(self, author: str) -> str:
        self.changes += 1
        return f'w:id="{self.changes}" w:author="{author}" w:date="{self.date}"'


def _text(text: str, style: str = "") -> str:
    return f'<w:r>{style}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _plain(run: Run) -> str:
    match run:
        case str():
            return run
        case Note(on, _, _):
            return on
        case Foot(_):
            return ""
        case _:
            return run.text
