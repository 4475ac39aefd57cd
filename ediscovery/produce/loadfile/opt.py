"""Opticon page files (OPT): ``PageID,Volume,Path,DocBreak,FolderBreak,BoxBreak,PageCount``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from ediscovery.produce.loadfile.files import whole_file
from ediscovery.produce.loadfile.pages import backslashed, checked, is_color, page_lines
from ediscovery.produce.loadfile.rows import Finding, PageRow, Report, Written

_COLUMNS = 7
_YES = frozenset({"Y", "YES", "1", "TRUE", "X"})


def write_opt(path: Path, pages: Iterable[PageRow]) -> Written:
    """Write ``pages`` as Opticon: Windows-1252, no byte order mark, CR LF, backslashes.

    The page count stands on a document's first page. Colour and rotation have no place here.

    Raises:
        UsageError: an id, a volume or a path holds a comma, or a character that Windows-1252
            lacks; Opticon can quote nothing.
    """
    done = Written()
    with whole_file(path) as file:
        for page in pages:
            done.rows += 1
            checked(page, done.rows, ',"', "Opticon")
            marks = ",".join(
                "Y" if on else "" for on in (page.first, page.folder_break, page.box_break)
            )
            count = page.pages if page.first and page.pages else ""
            row = f"{page.page_id},{page.volume},{backslashed(page.path)},{marks},{count}\r\n"
            file.write(row.encode("cp1252"))
    return done


def read_opt(path: Path, report: Report, encoding: str = "") -> Iterator[PageRow]:
    """The pages of the Opticon file ``path``, in its order.

    Page ids are taken as they stand: they need not be numbers in a row. ``color`` follows the
    file's ending. Findings go to ``report``: missing and surplus values, a path with commas
    (put together again), a page count that is none, a first page that is not marked.
    """
    record = 0
    for line, text in page_lines(path, report, encoding):
        record += 1

        tell = partial(_tell, report, line, record)

        cells = text.split(",")
        if any(cell.strip()[:1] == '"' for cell in cells):
            tell("quote", "Values are quoted; Opticon has no quotes, they were removed.")
            cells = [cell.strip().strip('"') for cell in cells]
        if len(cells) > _COLUMNS:
            tail = len(cells) - (_COLUMNS - 3)
            cells[2:tail] = [",".join(cells[2:tail])]
            tell("comma", f"The row has surplus commas; {cells[2]!r} is read as its path.")
        cells = [cell.strip() for cell in cells]
        if len(cells) < 3 or not cells[0] or not cells[2]:
            tell("ragged", "The row lacks a page id or a path; it was skipped.", True)
            continue
        if len(cells) < _COLUMNS:
            tell("ragged", f"The row has {len(cells)} of {_COLUMNS} values.")
            cells += [""] * (_COLUMNS - len(cells))
        page_id, volume, place, document, folder, box, count = cells
        first = document.upper() in _YES
        if record == 1 and not first:
            tell("no-first-page", "The first row is not marked as a document's first page.", True)
        pages = int(count) if count.isdecimal() and len(count) < 10 else 0
        if count and not pages:
            tell("page-count", f"{count!r} is no page count.", True)
        yield PageRow(
            page_id, volume, place, first, pages, is_color(place),
            folder_break=folder.upper() in _YES, box_break=box.upper() in _YES,
        )  # fmt: skip


def _tell(
    report: Report, line: int, record: int, kind: str, sentence: str, refused: bool = False
) -> None:
    report(Finding(line, record, kind, sentence, refused))
