"""Which files of a folder are load files that name documents, and what their columns are for."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.check import PAGE_FILES, read_pages
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.roles import role_of, roles
from ediscovery.produce.loadfile.rows import Finding
from ediscovery.produce.received.manifest import looks_like_path
from ediscovery.produce.received.sent import bare_name

# Tables of these endings are load files only where volumes keep those; a DAT is one anywhere.
_TABLES = (".csv", ".txt", ".tsv")
_FOLDERS = frozenset({"data", "load", "loadfile", "loadfiles", "dat"})
_FORMATS = (".dat", *_TABLES, *PAGE_FILES)
_MORE_ROLES = {
    "image": "pdflink pdfpath imagelink imagepath imagefilepath",
    "group": "groupidentifier groupid familyid familyidentifier",
    "range": "attachrange famlyrng familyrange attachmentrange",
}
_ROWS = 50


def order(shown: str) -> tuple[int, str]:
    """Load files sort so that what the first one tells needs not be told by the next."""
    ext = posixpath.splitext(shown)[1].casefold()
    return (_FORMATS.index(ext) if ext in _FORMATS else len(_FORMATS), shown)


def form_of(path: Path, shown: str) -> str:
    """``opt``, ``lfp`` or ``dat`` (any table) for a load file that names documents, else ``""``.

    ``shown`` is its path below what was collected. A table is known by a column with first Bates
    numbers or identifiers; without a header, by values that are paths.
    """
    ext = posixpath.splitext(shown)[1].casefold()
    folders = posixpath.dirname(shown).split("/")
    if ext not in _FORMATS:
        return ""
    if ext in _TABLES and len(folders) > 1 and bare_name(folders[-1]) not in _FOLDERS:
        return ""
    try:
        if ext in PAGE_FILES:
            return ext[1:] if next(read_pages(path, _unheard), None) is not None else ""
        return "dat" if "begin" in columns_of(path) else ""
    except (UsageError, OSError):
        return ""


def columns_of(path: Path) -> dict[str, str]:
    """Role -> column of the table ``path``: those of ``roles.py``, ``image``, ``group``, ``range``.

    Raises:
        UsageError: its header has more columns than any table.
    """
    file = DatFile(path, _unheard)
    if file.headed:
        found = roles(file.names)
        for role, names in _MORE_ROLES.items():
            for name in file.names:
                if bare_name(name) in names.split() and role not in found:
                    found[role] = name
        return found
    found = {}
    for record in islice(file, _ROWS):
        for name, value in record.fields.items():
            if isinstance(value, str) and _is_path(value):
                text = value.rstrip().casefold().endswith(".txt")
                found.setdefault("text" if text else "native", name)
    if found:
        found["begin"] = file.names[0]
    return found


def identifiers(names: Iterable[str]) -> list[str]:
    """Columns by which page files may call a document."""
    return [name for name in names if role_of(name) == "begin"]


def near(roots: Iterable[Path]) -> Iterator[Path]:
    """Load files at the top of ``roots`` or in their folder ``DATA``: a volume shows them there."""
    for root in roots:
        for folder in (root, *(root / name for name in ("DATA", "Data", "data"))):
            try:
                # Neither a link nor a pipe is opened.
                names = sorted(
                    entry.name
                    for entry in os.scandir(folder)
                    if entry.is_file(follow_symlinks=False)
                )
            except OSError:
                continue
            for name in names if not folder.is_symlink() else ():
                shown = f"{root.name}/{name}" if folder == root else f"{root.name}/DATA/{name}"
                if name.casefold().endswith((".dat", *PAGE_FILES)) and form_of(
                    folder / name, shown
                ):
                    yield folder / name


def _is_path(value: str) -> bool:
    return ("\\" in value or "/" in value) and "@" not in value and looks_like_path(value)


def _unheard(_: Finding) -> None:
    """What is found while a file is only looked at is told when it is read."""
