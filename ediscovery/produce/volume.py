"""Completes the draft of a volume: load files from what lies in it, and the manifest."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ediscovery.extract.types import XLSX
from ediscovery.model.errors import TryAgain
from ediscovery.produce import index_page
from ediscovery.produce.fields import Fields, Produced
from ediscovery.produce.layout import TEXT_ENDING, Place
from ediscovery.produce.loadfile.dat_write import write_dat
from ediscovery.produce.loadfile.dii import write_dii
from ediscovery.produce.loadfile.edrm_xml import write_edrm_xml
from ediscovery.produce.loadfile.files import whole_file
from ediscovery.produce.loadfile.lfp import write_lfp
from ediscovery.produce.loadfile.opt import write_opt
from ediscovery.produce.loadfile.rows import (
    CONCORDANCE,
    CSV,
    Dialect,
    PageRow,
    Record,
    Replaced,
    Written,
)
from ediscovery.produce.rows import Files, Rows
from ediscovery.produce.specification import LoadFile, Specification
from ediscovery.store.workspace import Matter

MANIFEST = "MANIFEST.csv"
IMAGE_ENDINGS = ("tif", "jpg", "pdf")
_PIECE = 1 << 20


class Volume:
    """One volume in the making: ``folder`` is its draft, ``name`` what it will be called.

    ``relatives`` are the rows of the production that it adds to, where it adds to one.
    """

    def __init__(
        self,
        matter: Matter,
        specification: Specification,
        folder: Path,
        name: str,
        places: Sequence[Place],
        relatives: Sequence[Any] = (),
    ) -> None:
        self._matter, self._specification = matter, specification
        self._folder, self._name, self._places = folder, name, places
        self._relatives = relatives
        self._fields = Fields(specification, matter.zone.key, title_of(matter))
        self.replaced: list[Replaced] = []

    def write_load_files(self, lines: Sequence[Any]) -> dict[str, Written]:
        """Write every load file of the specification; what was written, by name.

        ``lines`` are the production's rows as they are now.
        """
        data = self._folder / self._specification.folders.data
        data.mkdir(parents=True, exist_ok=True)
        found = self._files()
        done = {}
        for file in self._specification.load_files:
            path = data / f"{self._name}.{ENDINGS[file.format]}"
            documents = self._documents(lines, found)
            done[path.name] = self._write(path, file, documents)
        return done

    def write_index(self, lines: Sequence[Any]) -> None:
        """Write ``index.html``, if the specification wants it, with links to all that is there."""
        if not self._specification.index_page.write:
            return
        kept = sorted(path.name for path in self._folder.iterdir() if path.is_file())
        index_page.write(
            self._folder,
            self._specification,
            self._fields,
            self._name,
            self._pages(self._documents(lines, self._files())),
            [name for name in kept if name not in (MANIFEST, index_page.FIRST)],
        )

    def _documents(
        self, lines: Sequence[Any], found: dict[int, Files]
    ) -> Iterator[tuple[Any, Produced]]:
        rows = Rows(self._matter, self._specification, self._name)
        return rows.produced(lines, found, self._relatives)

    def _write(
        self, path: Path, file: LoadFile, documents: Iterator[tuple[Any, Produced]]
    ) -> Written:
        names, report = self._fields.names, self.replaced.append
        if file.format in ("opt", "lfp"):
            writer = write_opt if file.format == "opt" else write_lfp
            return writer(path, (page for _, pages in self._pages(documents) for page in pages))
        if file.format in ("dat", "csv"):
            records = (Record(dict(self._fields.values(made))) for _, made in documents)
            return write_dat(path, records, names, report, dialect_of(file))
        rows = (
            (Record(dict(self._fields.values(made))), pages)
            for made, pages in self._pages(documents)
        )
        if file.format == "dii":
            return write_dii(path, rows, names[0], names[1:], report)
        return write_edrm_xml(path, rows, names[0], names, report)

    def _pages(
        self, documents: Iterable[tuple[Any, Produced]]
    ) -> Iterator[tuple[Produced, tuple[PageRow, ...]]]:
        """Each document with its pages; those of a PDF stand in one file."""
        places = {place.row.number: place for place in self._places}
        for line, made in documents:
            if not made.pages:
                yield made, ()
                continue
            place = places[line.number]
            child = bool(made.family.parent)
            files = self._images(place)
            together = len(files) == 1 and len(place.page_ids) > 1
            rows = []
            for at, page_id in enumerate(place.page_ids):
                name = files[0 if together else at]
                rows.append(
                    PageRow(
                        page_id, self._name, name, first=not at,
                        pages=made.pages if not at else 0, color=name.endswith(".jpg"),
                        child=child and not at, offset=at + 1 if together else 0,
                    )
                )  # fmt: skip
            yield made, tuple(rows)

    def _images(self, place: Place) -> list[str]:
        """The image files of a document, relative to the volume, in the order of its pages."""
        found = []
        for stem in place.images:
            for kind in IMAGE_ENDINGS:
                if (self._folder / f"{stem}.{kind}").is_file():
                    found.append(f"{stem}.{kind}")
        return found

    def _files(self) -> dict[int, Files]:
        """By number what lies in the draft of each document, with backslashes."""
        found = {}
        for place in self._places:
            images = len(place.page_ids) if self._images(place) else 0
            native = self._folder / place.native
            natives = sorted(native.parent.glob(f"{native.name}.*"))
            text = self._folder / f"{place.text}.txt"
            found[place.row.number] = Files(
                images,
                self._path(natives[0]) if natives else "",
                self._path(text) if text.is_file() else "",
                _made(natives[0]) if natives and place.row.redacted else None,
            )
        return found

    def _path(self, path: Path) -> str:
        return str(path.relative_to(self._folder)).replace("/", "\\")

    def write_manifest(self, lines: Sequence[Any]) -> str:
        """Hash every file of the draft, hold them against ``lines``, write the manifest.

        Returns the manifest's SHA-256. Raises :class:`TryAgain` when a file is not what was
        written, with the documents concerned in ``args[0]``.
        """
        digests = dict(digests_of(self._folder))
        by_ordinal = {line.ordinal: line for line in lines}
        stems = {name.rpartition(".")[0]: digest for name, (_, digest) in digests.items()}
        bad = []
        for place in self._places:
            line = by_ordinal[place.row.ordinal]
            whole = hashlib.sha256()
            for name in self._images(place):
                whole.update((self._folder / name).read_bytes())
            if line.image_sha256 and whole.hexdigest() != line.image_sha256:
                bad.append(line.bates_begin)
            if line.native_sha256 and stems.get(place.native) != line.native_sha256:
                bad.append(line.bates_begin)
            whole = hashlib.sha256()
            for stem in place.texts:
                if f"{stem}.{TEXT_ENDING}" in digests:
                    whole.update((self._folder / f"{stem}.{TEXT_ENDING}").read_bytes())
            if line.text_sha256 and whole.hexdigest() != line.text_sha256:
                bad.append(line.bates_begin)
        if bad:
            raise TryAgain(
                f"Files of {bad[0]} are not what was written.",
                "Delete the draft folder and run the same command again.",
            )
        return write_manifest(self._folder, digests)


def write_manifest(folder: Path, digests: dict[str, tuple[int, str]]) -> str:
    """Write ``MANIFEST.csv`` of files by path (size, SHA-256); returns its own SHA-256."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("SHA256", "Size", "Path"))
    for name, (size, digest) in sorted(digests.items()):
        writer.writerow((digest, size, name.replace("/", "\\")))
    data = text.getvalue().encode()
    with whole_file(folder / MANIFEST) as file:
        file.write(data)
    return hashlib.sha256(data).hexdigest()


def digests_of(folder: Path) -> Iterator[tuple[str, tuple[int, str]]]:
    """Path below ``folder``, size and SHA-256 of each file but the manifest; no link followed."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path == folder / MANIFEST:
            continue
        digest, size = hashlib.sha256(), 0
        with open(path, "rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        yield str(path.relative_to(folder)), (size, digest.hexdigest())


def title_of(matter: Matter) -> str:
    """The matter's title."""
    from sqlalchemy import select

    from ediscovery.store.tables import matter as table

    with matter.reader.connect() as connection:
        title: str = connection.execute(select(table.c.title)).scalar_one()
    return title


ENDINGS = {
    "dat": "dat", "csv": "csv", "opt": "opt", "lfp": "lfp", "dii": "dii", "edrm-xml": "xml",
}  # fmt: skip


def _made(path: Path) -> dict[str, Any]:
    """What is known of a native that is not the original, by column of the table ``item``."""
    data = path.read_bytes()
    return {
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "sha1": hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "ext": path.suffix[1:],
        "mime_type": XLSX,
    }


def dialect_of(file: LoadFile) -> Dialect:
    """The dialect of a load file: that of its format, changed as the specification says."""
    base = CSV if file.format == "csv" else CONCORDANCE
    if file.encoding not in (None, "utf-8"):
        base = replace(base, bom=file.encoding == "utf-16-le")
    given = {key: value for key, value in asdict(file).items() if key != "format"}
    return replace(base, **{key: value for key, value in given.items() if value is not None})
