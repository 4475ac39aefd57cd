"""The files of a received volume, as custody knows them: the only ones a load file can name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from sqlite3 import Connection
from typing import NamedTuple

from ediscovery.produce.loadfile.page_index import stored
from ediscovery.produce.loadfile.paths import names_of


class Named(NamedTuple):
    """A file of the manifest: its ordinal, its path below its root, its size and custody state."""

    ordinal: int
    shown: str
    size: int
    state: str


class Manifest:
    """Finds files by the paths that load files give, in a table of ``database``.

    Nothing is looked up on disk: a path leads to a regular file that was taken into custody, or
    nowhere, so that no link and no ``..`` can lead out of the volume.
    """

    def __init__(self, database: Connection, files: Iterable[Named]) -> None:
        self._database = database
        database.execute(
            "CREATE TABLE file (ordinal INTEGER PRIMARY KEY, shown, folded, stem, size, state)"
        )
        database.executemany(
            "INSERT INTO file VALUES (?,?,?,?,?,?)",
            (
                (f.ordinal, stored(f.shown), stored(f.shown.casefold()), _text_stem(f.shown),
                 f.size, f.state)
                for f in files
            ),
        )  # fmt: skip
        database.execute("CREATE INDEX file_shown ON file (shown)")
        database.execute("CREATE INDEX file_folded ON file (folded)")
        database.execute("CREATE INDEX file_stem ON file (stem) WHERE stem != ''")

    def __iter__(self) -> Iterator[Named]:
        yield from map(Named._make, self._database.execute(f"{_SELECT} ORDER BY shown"))

    def find(self, load_file: str, path: str) -> Named | None:
        """The file that the load file at ``load_file`` calls ``path``; ``None``: there is none.

        Slashes of either kind, whatever the case. Paths are relative to the volume (the folder
        above ``DATA``), to the load file's folder or that above it; a leading name of that folder
        is left out.

        Raises:
            Outside: the path is absolute, climbs, or is none.
        """
        names = names_of(path)
        for base in _bases(load_file):
            found = self._at(posixpath.join(base, *names))
            if found is None and len(names) > 1:
                own = posixpath.basename(base)
                if own and names[0].casefold() == own.casefold():
                    found = self._at(posixpath.join(base, *names[1:]))
            if found is not None:
                return found
        return None

    def text_of(self, page_id: str) -> Named | None:
        """The one text file that is called as a page or a document is."""
        rows = self._database.execute(
            f"{_SELECT} WHERE stem != '' AND stem = ? LIMIT 2", (stored(page_id.casefold()),)
        ).fetchall()
        return Named(*rows[0]) if len(rows) == 1 else None

    def _at(self, shown: str) -> Named | None:
        for column, value in (("shown", shown), ("folded", shown.casefold())):
            row = self._database.execute(
                f"{_SELECT} WHERE {column} = ? ORDER BY shown LIMIT 1", (stored(value),)
            ).fetchone()
            if row is not None:
                return Named(*row)
        return None


_SELECT = "SELECT ordinal, shown, size, state FROM file"


def _text_stem(shown: str) -> str:
    stem, ext = posixpath.splitext(posixpath.basename(shown))
    return str(stored(stem.casefold())) if ext.casefold() == ".txt" else ""


def _bases(load_file: str) -> list[str]:
    folder = posixpath.dirname(load_file)
    above = posixpath.dirname(folder)
    return [above, folder] if posixpath.basename(folder).casefold() == "data" else [folder, above]


def looks_like_path(value: str) -> bool:
    """Whether a value that names no file was meant to."""
    if len(value) > 1000 or "\n" in value:
        return False
    parted = "\\" in value or "/" in value
    ext = posixpath.splitext(value.replace("\\", "/"))[1]
    if 1 < len(ext) <= 6 and " " not in ext:
        return parted or " " not in value
    return parted and " " not in value
