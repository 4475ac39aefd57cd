"""Small mixed collections made from a seed, matters that read them, and dumps to compare."""

from __future__ import annotations

import io
import os
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from ediscovery.engine import pipeline
from ediscovery.engine.pipeline import Ingested
from ediscovery.engine.pool import Pool, SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.model.profile import Profile
from ediscovery.search.tantivy_index import TantivyIndex
from ediscovery.store.tables import documents, items, mentions, paragraphs, source_files
from ediscovery.store.workspace import Matter, Workspace

# No models: what is tested here is the engine.
QUICK = Profile(name="quick", language=False, entities=False, personal_data=False)
_WORDS = ("breach", "contract", "delivery", "invoice", "lawyer", "memo", "payment", "settle")
# Where the bytes lie differs with the units; what they are does not.
_PLACES = frozenset(
    {
        "pack", "native_offset", "native_length", "native_method", "text_offset", "text_length",
        "text_method",
    }
)  # fmt: skip


def mail(n: int, body: str, attachments: dict[str, bytes] | None = None) -> bytes:
    """A plain message, multipart when it has attachments."""
    head = (
        f"From: Jane Roe <jane@acme.example>\r\nTo: rick{n % 7}@bolt.example\r\n"
        f"Subject: Delivery {n}\r\nDate: Fri, 04 May 2001 11:{n % 60:02}:33 +0200\r\n"
        f"Message-ID: <{n}@acme.example>\r\nMIME-Version: 1.0\r\n"
    )
    if not attachments:
        return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()
    parts = [f"--=b{n}\r\nContent-Type: text/plain\r\n\r\n{body}\r\n".encode()]
    for name, data in attachments.items():
        parts.append(
            f'--=b{n}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
            "Content-Transfer-Encoding: 8bit\r\nContent-Type: text/plain\r\n\r\n".encode()
            + data
            + b"\r\n"
        )
    start = f'{head}Content-Type: multipart/mixed; boundary="=b{n}"\r\n\r\n'.encode()
    return start + b"".join(parts) + f"--=b{n}--\r\n".encode()


def archive(members: dict[str, bytes]) -> bytes:
    """A ZIP of ``members``, the same bytes each time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(zipfile.ZipInfo(name, (2001, 5, 4, 11, 22, 34)), data)
    return file.getvalue()


def tarball(members: dict[str, bytes]) -> bytes:
    """A TAR of ``members``."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return file.getvalue()


def make(folder: Path, count: int, seed: int = 1) -> Path:
    """``count`` files below ``folder``: text, mails with attachments, archives, copies, damage."""
    rng = random.Random(seed)
    made: list[bytes] = []
    for n in range(count):
        text = " ".join(rng.choices(_WORDS, k=rng.randint(3, 120)))
        kind = rng.choices(
            ("txt", "html", "eml", "mime", "zip", "tar", "copy", "empty", "broken"),
            (30, 8, 25, 12, 6, 3, 10, 3, 3),
        )[0]
        if kind == "txt":
            data = text.encode()
        elif kind == "html":
            data = f"<html><body><p>{text}</p><b>{n}</b></body></html>".encode()
        elif kind == "eml":
            data = mail(n, text)
        elif kind == "mime":
            data = mail(n, text, {f"a{n}.txt": text.encode(), "same.txt": b"the same everywhere"})
        elif kind == "zip":
            inner = archive({"deep.txt": f"deep {n}".encode(), "m.eml": mail(n, text)})
            data = archive({"one.txt": text.encode(), "folder/inner.zip": inner, "nil": b""})
        elif kind == "tar":
            data = tarball({"t/one.txt": text.encode(), "t/two.txt": b"two"})
        elif kind == "copy":
            data = rng.choice(made) if made else b"first"
        elif kind == "empty":
            data = b""
        else:
            data = archive({"lost.txt": text.encode() * 50})[:-40]
        made.append(data)
        ext = {"mime": "eml", "copy": "bin", "empty": "txt", "broken": "zip"}.get(kind, kind)
        place = folder / f"d{n % 5}" / f"{n:04}.{ext}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        os.utime(place, (10**9 + n, 10**9 + n))
    return folder


def new(place: Path, name: str = "acme") -> Matter:
    """A new matter in a workspace at ``place``."""
    return Workspace(place).create(name)


def ingest(
    matter: Matter,
    *roots: Path,
    custodian: str = "Jane Roe",
    profile: Profile = QUICK,
    pool: Pool | None = None,
    join: Callable[[Matter, int], None] | None = None,
) -> Ingested:
    """Ingest in this process, or on ``pool``; with ``join`` a received production."""
    own = SerialPool() if pool is None else None
    with matter.locked():
        try:
            return pipeline.ingest(
                matter, list(roots), custodian, profile, pool or own or SerialPool(), Silent(), join
            )
        finally:
            if own is not None:
                own.close()


class Indexed(NamedTuple):
    """One document as the index holds it."""

    number: int
    version: int
    words: dict[str, list[Any]]


def dump(matter: Matter) -> dict[str, list[Any]]:
    """Manifest, items, documents with their groups, tags and index, but for where bytes lie."""
    kept = [c for c in items.c if c.name not in _PLACES]
    with matter.reader.connect() as connection:
        return {
            "source_file": connection.execute(
                select(source_files).order_by(
                    source_files.c.collection_id, source_files.c.ordinal
                )
            ).all(),
            "item": connection.execute(
                select(*kept).order_by(items.c.collection_id, items.c.position)
            ).all(),
            "document": connection.execute(
                select(documents).order_by(documents.c.number)
            ).all(),
            "mention": connection.execute(select(mentions).order_by(*mentions.c)).all(),
            "paragraph": connection.execute(
                select(paragraphs).order_by(paragraphs.c.digest)
            ).all(),
            "index": indexed(matter),
        }  # fmt: skip


def indexed(matter: Matter) -> list[Indexed]:
    """Every document of the index with the words that it is found by."""
    if not matter.index_folder.exists():
        return []
    with TantivyIndex(matter.index_folder) as index:
        return [
            Indexed(n, version, index.snapshot().stored(n) or {}) for n, version in index.versions()
        ]


def rows(matter: Matter) -> list[Any]:
    """The items' rows in reading order."""
    with matter.reader.connect() as connection:
        return list(
            connection.execute(select(items).order_by(items.c.collection_id, items.c.position))
        )


def by_path(matter: Matter) -> dict[str, Any]:
    """The items' rows by path."""
    return {row.path: row for row in rows(matter)}
