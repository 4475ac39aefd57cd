"""What the page files OPT and LFP share: how their lines are read and their names checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.files import Lines, damaged, mended
from ediscovery.produce.loadfile.rows import Finding, PageRow, Report
from ediscovery.produce.loadfile.sniff import encoding_of

_LIMIT = 64 << 10  # characters of one line; a path has 4,096 at most
MOST_PAGES = 100_000
_COLOR = (".jpg", ".jpeg", ".png", ".jp2")


def is_color(path: str) -> bool:
    """Whether the ending of ``path`` is that of a colour picture; a TIFF counts as black-white."""
    return path.lower().endswith(_COLOR)


def page_lines(path: Path, report: Report, encoding: str = "") -> Iterator[tuple[int, str]]:
    """Number and text of every line of a page file that is not empty.

    The encoding is that of a byte order mark (which is told: these formats have none), else
    ``encoding``, else UTF-8 where the file is, else Windows-1252.
    """
    coded = encoding_of(path, encoding)
    name = "cp1252" if coded.guessed and not coded.name.startswith("utf-16") else coded.name
    if coded.mark:
        report(
            Finding(1, 0, "bom", f"The file has a byte order mark ({name}); the format has none.")
        )
    lines = Lines(path, name, coded.mark, _LIMIT)
    for text, _ in lines:
        if text is None:
            sentence = f"The line is longer than {_LIMIT:,} characters; it was skipped."
            report(Finding(lines.number, 0, "too-long", sentence, True))
        elif text and text != "\x1a":
            if "\0" in text:
                report(Finding(lines.number, 0, "nul", "NUL characters were removed."))
                text = text.replace("\0", "")
            if damaged(text):
                sentence = f"Bytes that are not {name} were read as Windows-1252."
                report(Finding(lines.number, 0, "encoding", sentence))
                text = mended(text)
            yield lines.number, text


def checked(page: PageRow, number: int, forbidden: str, kind: str) -> None:
    """Raise :class:`UsageError` where ``page`` can't be written in the format ``kind``.

    Its id, volume and path may hold neither a character of ``forbidden`` nor a line break, and
    nothing that Windows-1252 lacks: receivers do not read Unicode there.
    """
    for what, text in (("id", page.page_id), ("volume", page.volume), ("path", page.path)):
        bad = next((c for c in text if c in forbidden or c in "\r\n\0"), "")
        if not bad:
            try:
                text.encode("cp1252")
            except UnicodeEncodeError as error:
                bad = text[error.start]
        if bad:
            raise UsageError(
                f"Page {number:,}: the {what} {text!r} holds {bad!r}, which {kind} can't carry.",
                "Name files, folders and volumes with plain letters, digits, - and _.",
            )
    if not page.page_id or not page.path:
        raise UsageError(f"Page {number:,} lacks an id or a path.")


def backslashed(path: str) -> str:
    """``path`` as Windows, where load files are read, writes it."""
    return path.replace("/", "\\")


def documents(pages: Iterable[PageRow]) -> Iterator[tuple[PageRow, ...]]:
    """``pages`` in groups, one a document. Pages before the first document are one group.

    Raises:
        UsageError: more than 100,000 pages stand in one document, so that ends of documents are
            hardly marked.
    """
    held: list[PageRow] = []
    for page in pages:
        if page.first and held:
            yield tuple(held)
            held = []
        held.append(page)
        if len(held) > MOST_PAGES:
            raise too_many(held[0].page_id)
    if held:
        yield tuple(held)


def too_many(document: str) -> UsageError:
    """The error for a document of more than :data:`MOST_PAGES` pages."""
    return UsageError(
        f"The document that begins with page {document!r} has more than {MOST_PAGES:,} pages.",
        "See whether the page file marks the first page of each document.",
    )
