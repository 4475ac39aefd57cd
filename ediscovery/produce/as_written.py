"""Holds the files of a volume against what the ledger keeps of them.

A manifest says only that files are as it lists them; whoever alters a file may write it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, or_, select

from ediscovery.produce import ledger
from ediscovery.produce.layout import TEXT_ENDING, Place, places
from ediscovery.produce.specification import from_dict
from ediscovery.produce.volume import IMAGE_ENDINGS, MANIFEST
from ediscovery.store.lookup import joined
from ediscovery.store.pack_store import PIECE
from ediscovery.store.tables import clawbacks, coded, documents, items, produced

Digests = Mapping[str, tuple[int, str]]
"""Size and SHA-256 of the files of a volume, by path."""


def manifest_differs(folder: Path, production: Any) -> bool:
    """Whether the manifest in ``folder`` is another than the one that was written."""
    with open(folder / MANIFEST, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest != str(production.manifest_sha256)


class AsWritten:
    """The files of each document of a volume: ``lines`` are its rows of the ledger, ``linked`` the
    native and the text that its data file names, by first number."""

    def __init__(
        self,
        folder: Path,
        production: Any,
        lines: Sequence[Any],
        digests: Digests,
        linked: Mapping[str, tuple[str, str]],
    ) -> None:
        self._folder, self._digests, self._linked = folder, digests, linked
        self._places = list(places(lines, from_dict(production.specification)))
        self._by_stem: dict[str, list[str]] = {}
        for name in digests:
            self._by_stem.setdefault(name.rpartition(".")[0], []).append(name)

    def __len__(self) -> int:
        return len(self._places)

    def problems(self) -> Iterator[str]:
        """What is not as it was written, a sentence for each kind of file of a document."""
        for place in self._places:
            row = place.row
            if self._whole(self._images(place)) != row.image_sha256:
                yield f"The images of {row.bates_begin} are not what was written."
            if self._of(self._natives(place)) != {row.native_sha256} - {""}:
                yield f"The native of {row.bates_begin} is not what was written."
            if self._whole(self._texts(place)) != row.text_sha256:
                yield f"The text of {row.bates_begin} is not what was written."

    def recorded(self) -> set[str]:
        """The natives and texts that are in the volume because they went out with it, by path."""
        found: set[str] = set()
        for place in self._places:
            natives, texts = self._natives(place), self._texts(place)
            found.update(name for name in natives if self._of([name]) == {place.row.native_sha256})
            if self._whole(texts) == place.row.text_sha256:
                found.update(texts)
        return found

    def _of(self, names: Sequence[str]) -> set[str]:
        return {self._digests[name][1] if name in self._digests else "missing" for name in names}

    def _images(self, place: Place) -> list[str]:
        return [
            f"{stem}.{kind}"
            for stem in place.images
            for kind in IMAGE_ENDINGS
            if f"{stem}.{kind}" in self._digests
        ]

    def _whole(self, names: Sequence[str]) -> str:
        """The SHA-256 of files one behind the other, as the ledger keeps it; ``""`` for none."""
        if len(names) <= 1:
            return self._of(names).pop() if names else ""
        if not all(name in self._digests for name in names):
            return "missing"
        whole = hashlib.sha256()
        for name in names:
            with open(self._folder / name, "rb") as file:
                while piece := file.read(PIECE):
                    whole.update(piece)
        return whole.hexdigest()

    def _natives(self, place: Place) -> list[str]:
        linked, _ = self._link(place)
        own = self._by_stem.get(place.native, [])
        return [*own, *([linked] if linked and linked not in own else [])]

    def _texts(self, place: Place) -> list[str]:
        _, linked = self._link(place)
        own = [name for stem in place.texts if (name := f"{stem}.{TEXT_ENDING}") in self._digests]
        return [*own, *([linked] if linked and linked not in own else [])]

    def _link(self, place: Place) -> tuple[str, str]:
        native, text = self._linked.get(place.row.bates_begin, ("", ""))
        return native.replace("\\", "/"), text.replace("\\", "/")


def staying(connection: Connection) -> Iterator[tuple[int, str]]:
    """Number and SHA-256 of the native of every document of the matter that is coded privileged,
    was withheld from a production, or called back."""
    rows = connection.execute(
        select(documents.c.number, items.c.sha256)
        .select_from(joined())
        .where(
            items.c.size > 0,
            or_(
                documents.c.number.in_(
                    select(coded.c.number).where(
                        coded.c.field == "privilege", coded.c.value == "privileged"
                    )
                ),
                documents.c.number.in_(
                    select(produced.c.number).where(
                        produced.c.reason.in_(("withheld", ledger.CLAWED_BACK))
                    )
                ),
                documents.c.number.in_(select(clawbacks.c.number)),
            ),
        )
        .order_by(documents.c.number)
    )
    yield from ((row.number, row.sha256) for row in rows)
