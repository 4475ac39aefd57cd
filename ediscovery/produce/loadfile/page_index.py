"""Page rows by document, on disk: for joining a page file with a data file in flat memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from types import TracebackType

from ediscovery.produce.loadfile.pages import MOST_PAGES, too_many
from ediscovery.produce.loadfile.rows import PageRow

_COLUMNS = tuple(
    (f.name, {"bool": bool, "int": int}.get(str(f.type), str)) for f in fields(PageRow)
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_INSERT = f"INSERT INTO page VALUES ({', '.join('?' * (len(_COLUMNS) + 2))})"  # noqa: S608 - marks only


class PageIndex:
    """Pages put away by document. Use as a context manager.

    A document is called by the id of its first page. ``database`` is a private temporary SQLite
    database that spills to disk, with the table ``page``: ``place`` (order in the file, from 1),
    ``document``, and the fields of :class:`~.rows.PageRow`.
    """

    def __init__(self) -> None:
        self.database = sqlite3.connect("", isolation_level=None)
        self.database.execute(f"CREATE TABLE page (place INTEGER PRIMARY KEY, document, {_NAMES})")
        self.database.execute("BEGIN")

    def __enter__(self) -> PageIndex:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.database.close()

    def fill(self, pages: Iterable[PageRow]) -> int:
        """Put ``pages`` away, once; returns how many there are."""
        document, place = "", 0
        for place, page in enumerate(pages, 1):
            if page.first or place == 1:
                document = page.page_id
            values = [place, document, *(getattr(page, name) for name, _ in _COLUMNS)]
            self.database.execute(_INSERT, [stored(value) for value in values])
        self.database.execute("CREATE INDEX page_document ON page (document)")
        return place

    def of(self, document: str) -> tuple[PageRow, ...]:
        """The pages of ``document`` in the file's order.

        Raises:
            UsageError: there are more than 100,000, so that ends of documents are hardly marked.
        """
        found = self.database.execute(
            "SELECT * FROM page WHERE document = ? ORDER BY place", (stored(document),)
        ).fetchmany(MOST_PAGES + 1)
        if len(found) > MOST_PAGES:
            raise too_many(document)
        return tuple(
            PageRow(
                **{name: kind(value) for (name, kind), value in zip(_COLUMNS, row[2:], strict=True)}
            )
            for row in found
        )


def stored(value: object) -> object:
    """``value`` as SQLite takes it: it refuses half a surrogate pair."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
