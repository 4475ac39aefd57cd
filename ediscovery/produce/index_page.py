"""A table of contents that any browser opens from the volume's folder: ``index.html``.

Plain HTML: no script, nothing fetched, everything from evidence escaped. It shows no field that the
load files do not show. Browsers don't show TIFF; with ``pdf`` every document also gets a PDF made
of its page files, and its text stands behind a link in any case.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from ediscovery.produce.fields import Fields, Produced
from ediscovery.produce.loadfile.files import whole_file
from ediscovery.produce.loadfile.paths import Outside, inside
from ediscovery.produce.loadfile.rows import PageRow
from ediscovery.produce.specification import IndexPage, Specification

FIRST, FOLDER = "index.html", "INDEX"
_STYLE = (
    "body{font:14px sans-serif;margin:1em}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #bbb;padding:.3em .5em;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}th{background:#eee;white-space:nowrap}"
    "td:nth-child(2){min-width:6em;overflow-wrap:normal}.in td:first-child{padding-left:2em}"
    ".mark{font-weight:bold}nav a,nav b{margin-right:.7em}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_CHILD = ' class="in"'
_UP = "\0"  # stands for the way up to the volume's folder; no text holds it
_HEADS = ("Bates numbers", "Date", "From", "To", "Subject or file", "Marks", "Open")


@dataclass(frozen=True, slots=True)
class _Row:
    """A document as the page shows it: anchor, whether it is an attachment, its line of HTML."""

    first: str
    last: str
    child: bool
    line: str


def write(
    folder: Path,
    specification: Specification,
    fields: Fields,
    name: str,
    documents: Iterable[tuple[Produced, Sequence[PageRow]]],
    kept: Sequence[str] = (),
) -> None:
    """Write the pages into the volume in ``folder``, called ``name``.

    ``documents`` in the order of the volume, each with its pages; ``kept`` are further files to
    link on the first page. A page ends with a family where it can; the same volume gives the same
    bytes.
    """
    setting: IndexPage = specification.index_page
    shown = {column.field: column.name for column in specification.fields}
    sheets = list(_sheets(_rows(folder, setting, fields, shown, documents), setting.documents))
    for number, rows in enumerate(sheets, 1):
        path = folder / _path(number)
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as file:
            file.write(_page(name, number, sheets, rows, kept).encode())


def _path(number: int) -> str:
    return FIRST if number == 1 else f"{FOLDER}/page-{number:04}.html"


def _sheets(rows: Iterable[_Row], most: int) -> Iterator[list[_Row]]:
    """Rows by page; a family is parted only where it alone is longer than two pages."""
    part: list[_Row] = []
    for row in rows:
        if len(part) >= most and (not row.child or len(part) >= 2 * most):
            yield part
            part = []
        part.append(row)
    yield part


def _rows(
    folder: Path,
    setting: IndexPage,
    fields: Fields,
    shown: dict[str, str],
    documents: Iterable[tuple[Produced, Sequence[PageRow]]],
) -> Iterator[_Row]:
    for made, pages in documents:
        values = fields.values(made)

        def told(*names: str, values: dict[str, str | tuple[str, ...]] = values) -> str:
            """The first of these fields that the load files have and that says something."""
            for name in names:
                value = values.get(shown.get(name, ""), "")
                text = value if isinstance(value, str) else "; ".join(value)
                if text:
                    return _text(text)
            return ""

        first, last = made.bates.first, made.bates.last
        numbers = f'<b id="{_text(first)}">{_text(first)}</b>'
        if last != first:
            numbers += f" &ndash; {_text(last)}"
        if made.family.parent:
            numbers += f"<br>attached to {_text(made.family.parent)}"
        marks = [
            *(["WITHHELD"] if made.withheld else []),
            *(["REDACTED"] if made.redaction_reasons else []),
            *([told("Confidentiality")] if told("Confidentiality") else []),
        ]
        cells = (
            numbers,
            f"{told('DateSent', 'DateMod', 'DateCreated')} {told('TimeSent')}".strip(),
            told("From", "Author"),
            told("To"),
            told("Subject", "Title", "FileName"),
            f'<span class="mark">{"; ".join(marks)}</span>' if marks else "",
            " ".join(_links(folder, setting, made, pages)),
        )
        line = "".join(f"<td>{cell}</td>" for cell in cells)
        yield _Row(first, last, bool(made.family.parent), line)


def _links(
    folder: Path, setting: IndexPage, made: Produced, pages: Sequence[PageRow]
) -> Iterator[str]:
    images = list(dict.fromkeys(page.path for page in pages))
    if setting.pdf and images and not images[0].endswith(".pdf"):
        yield _link(_rendition(folder, images), "PDF")
    for number, path in enumerate(images, 1):
        kind = path.rpartition(".")[2].upper()
        yield _link(path, kind if len(images) == 1 else f"{kind} {number}")
    if made.text_path:
        yield _link(made.text_path, "text")
    if made.native_path:
        yield _link(made.native_path, "native")


def _link(path: str, label: str) -> str:
    """A link from anywhere in the volume: each page puts the way up in its place."""
    return f'<a rel="noreferrer" href="{_UP}{quote(path.replace(chr(92), "/"))}">{label}</a>'


def _rendition(folder: Path, images: Sequence[str]) -> str:
    """One PDF of a document's page files as they are; its path in the volume."""
    from ediscovery.produce.render import pdf_file

    first = Path(images[0])
    path = f"{FOLDER}/PDF/{first.parent.name}/{first.stem}.pdf"
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as file:
        file.write(pdf_file.of_files(folder / image for image in images))
    return path


def _text(value: str) -> str:
    """Text from evidence for HTML: escaped, on one line, its direction kept to itself."""
    shown = "".join(c if c.isprintable() else " " for c in value)
    return f"<bdi>{html.escape(shown)}</bdi>" if not shown.isascii() else html.escape(shown)


def _page(
    name: str,
    number: int,
    sheets: Sequence[Sequence[_Row]],
    rows: Sequence[_Row],
    kept: Sequence[str],
) -> str:
    up = "" if number == 1 else "../"
    tiff = any('.tif"' in row.line for sheet in sheets for row in sheet)
    viewer = "TIFF opens in a picture viewer, not in a browser. " if tiff else ""
    out = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{_text(name)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_text(name)}</h1>",
        f"<p>{sum(map(len, sheets)):,} documents. {viewer}Natives are as they were found: open "
        "them with care.</p>",
    ]
    if kept and number == 1:
        out.append(f"<p>{' '.join(_link(one, _text(one)) for one in kept)}</p>")
    out.append(_navigation(number, sheets))
    out.append(f"<table><tr>{''.join(f'<th>{head}</th>' for head in _HEADS)}</tr>")
    out += [f"<tr{_CHILD if row.child else ''}>{row.line}</tr>" for row in rows]
    out.append("</table></body></html>")
    return "\n".join(out).replace(_UP, up) + "\n"


def _navigation(number: int, sheets: Sequence[Sequence[_Row]]) -> str:
    """Links to all other pages on the first one, from there on to its neighbours."""
    if len(sheets) == 1:
        return ""
    near = range(1, len(sheets) + 1) if number == 1 else (1, number - 1, number + 1)
    found = []
    for other in dict.fromkeys(one for one in near if one <= len(sheets)):
        rows = sheets[other - 1]
        label = f"{_text(rows[0].first)} &ndash; {_text(rows[-1].last)}"
        found.append(
            f"<b>{label}</b>" if other == number else f'<a href="{_UP}{_path(other)}">{label}</a>'
        )
    return f"<nav>{' '.join(found)}</nav>"


# -- the receiver's look ---------------------------------------------------------------------------

_TAGS = frozenset(
    {
        "html", "head", "meta", "title", "style", "body", "h1", "p", "nav", "a", "b", "bdi", "br",
        "span", "table", "tbody", "tr", "th", "td",
    }
)  # fmt: skip


def check(folder: Path, firsts: Sequence[str]) -> tuple[set[str], list[str]] | None:
    """What is wrong with the pages of the volume in ``folder`` whose documents are ``firsts``; and
    which files they account for. ``None`` when there are none.

    Nothing on them may act or lead out of the volume, and each link must lead to a file.
    """
    from selectolax.lexbor import LexborHTMLParser

    paths = [folder / FIRST, *sorted((folder / FOLDER).glob("page-*.html"))]
    if not paths[0].is_file():
        return None
    told: list[str] = []
    files: set[str] = set()
    wrong: list[str] = []
    for path in paths:
        name = str(path.relative_to(folder))
        files.add(name)
        tree = LexborHTMLParser(path.read_bytes())
        root = tree.root
        for node in root.traverse() if root is not None else ():
            if node.tag not in _TAGS:
                wrong.append(f"{name} has an element {node.tag!r}.")
            for key, value in node.attributes.items():
                if key == "href":
                    wrong += _led(folder, path, value or "", files)
                elif key not in ("class", "id", "rel", "lang", "charset", "name", "content",
                                 "http-equiv"):  # fmt: skip
                    wrong.append(f"{name} has an attribute {key!r}.")
            if node.tag == "b" and node.attributes.get("id"):
                told.append(node.attributes["id"] or "")
    if sorted(told) != sorted(firsts):
        other = sorted(set(told) ^ set(firsts))
        wrong.append(
            f"The pages list {len(told):,} documents and the data file {len(firsts):,}"
            + (f"; {other[0]} is in one of them only." if other else ".")
        )
    return files, wrong


def _led(folder: Path, page: Path, link: str, files: set[str]) -> Iterator[str]:
    """What is wrong with where ``link`` leads; the file goes to ``files``."""
    parts = urlsplit(link)
    up = "../" if page.parent != folder else ""
    path = unquote(parts.path)
    if parts.scheme or parts.netloc or parts.query or not path.startswith(up):
        yield f"{page.name} leads out of the volume: {link[:200]!r}."
        return
    try:
        found = inside(folder, path.removeprefix(up))
    except Outside as error:
        yield f"{page.name} has a link that {error}: {link[:200]!r}."
        return
    if not found.is_file():
        yield f"{page.name} leads to {path[:200]!r}, which is missing."
    files.add(str(found.relative_to(folder)))
