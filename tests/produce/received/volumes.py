"""Volumes as other parties send them, whole and broken, and matters that receive them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ediscovery.engine import verify as proofs
from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Silent
from ediscovery.model.profile import Profile
from ediscovery.produce.loadfile.dat_write import write_dat
from ediscovery.produce.loadfile.rows import Record
from ediscovery.produce.received.join import join
from ediscovery.search.backends import index_of
from ediscovery.search.grammar import parse
from ediscovery.store import lookup, received
from ediscovery.store.workspace import Matter
from tests.engine import matters

PARTY = "Bolt Inc"


def tiff(shade: int = 0, pages: int = 1) -> bytes:
    """A small Group IV TIFF; ``shade`` makes it another one."""
    from PIL import Image, ImageDraw

    made = []
    for page in range(pages):
        image = Image.new("1", (200, 100), 1)
        ImageDraw.Draw(image).rectangle((10, 10, 20 + 3 * shade, 30 + page), fill=0)
        made.append(image)
    file = io.BytesIO()
    made[0].save(
        file, "TIFF", compression="group4", dpi=(300, 300), save_all=True, append_images=made[1:]
    )
    return file.getvalue()


def jpeg() -> bytes:
    """A small JPEG in colour."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (120, 80), (200, 40, 40)).save(file, "JPEG", dpi=(300, 300))
    return file.getvalue()


def volume(
    place: Path,
    files: Mapping[str, bytes],
    rows: Sequence[Mapping[str, str]] = (),
    opt: Iterable[str] = (),
    name: str = "VOL001",
) -> Path:
    """A volume at ``place``: its files, a DAT of ``rows`` and an OPT of the lines ``opt``."""
    folder = place / name
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "DATA").mkdir(parents=True, exist_ok=True)
    if rows:
        names = list(dict.fromkeys(key for row in rows for key in row))
        records = [Record({key: row.get(key, "") for key in names}) for row in rows]
        write_dat(folder / "DATA" / f"{name}.dat", records, names, print)
    lines = list(opt)
    if lines:
        (folder / "DATA" / f"{name}.opt").write_bytes("".join(f"{x}\r\n" for x in lines).encode())
    for n, path in enumerate(sorted(folder.rglob("*"))):  # else reading sets times of access
        os.utime(path, (10**9 + n, 10**9 + n))
    return folder


class Received:
    """A matter that received volumes, and what is to be asked about it."""

    def __init__(
        self,
        place: Path,
        *volumes: Path,
        profile: Profile = matters.QUICK,
        pool: Pool | None = None,
        matter: Matter | None = None,
    ) -> None:
        self.matter: Matter = matter or matters.new(place / "home")
        self.collections = [self.take(one, profile=profile, pool=pool) for one in volumes]

    def take(
        self, folder: Path, profile: Profile = matters.QUICK, pool: Pool | None = None
    ) -> int | None:
        """Ingest ``folder`` as a received production."""
        return matters.ingest(
            self.matter, folder, custodian=PARTY, profile=profile, pool=pool, join=join
        ).collection

    def find(self, query: str) -> list[int]:
        """Control numbers of the documents that ``query`` finds."""
        with index_of(self.matter).open() as index:
            return [int(n) for n in index.matching(parse(query).tree)]

    def shown(self, number: int) -> dict[str, Any]:
        """Every field of a document."""
        return lookup.document(self.matter, number)

    def one(self, query: str) -> dict[str, Any]:
        """The document that ``query`` finds, and no other."""
        (number,) = self.find(query)
        return lookup.document(self.matter, number)

    def text(self, query: str) -> str:
        """The text of the one document that ``query`` finds."""
        (number,) = self.find(query)
        return lookup.text(self.matter, number)

    def native(self, query: str) -> bytes:
        """The native of the one document that ``query`` finds."""
        (number,) = self.find(query)
        return lookup.native(self.matter, number)[1]

    @property
    def told(self) -> dict[str, Any]:
        """How the first volume was joined."""
        assert self.collections[0] is not None
        return received.summary(self.matter, self.collections[0])

    @property
    def findings(self) -> dict[str, int]:
        """Findings of all load files, by kind."""
        sums: dict[str, int] = {}
        for load in self.told["load_files"]:
            for kind, count in load["findings"].items():
                sums[kind] = sums.get(kind, 0) + count
        return sums

    def failing(self) -> list[str]:
        """What ``verify`` finds wrong with the matter."""
        checks = proofs.verify(self.matter, Silent())["checks"]
        return [problem for check in checks for problem in check["problems"]]
