"""One folder of hostile files of every kind: each has its state, none disturbs another.

The cases are those of the other modules, read together by the real pipeline in its sandbox, beside
honest files; and some that no other module has, because their danger is that something runs.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.retry import retry
from ediscovery.engine.verify import verify
from ediscovery.model.profile import MIB
from ediscovery.store import lookup, reports
from ediscovery.store.packs import Place
from ediscovery.store.tables import documents
from ediscovery.store.workspace import Matter
from tests.engine.matters import QUICK, archive, by_path, ingest, mail, new, tarball
from tests.extract.office.packages import package
from tests.extract.pdf_making import line, one_page, pages
from tests.hostile.quines import gzip_quine
from tests.hostile.test_archive import overlapping, zipped
from tests.hostile.test_collect import Between
from tests.hostile.test_image import gif, png
from tests.hostile.test_limits import locked, nested
from tests.hostile.test_office import LAUGHS, docx_of, odt_of, xlsx_of

HONEST = b"an honest file with words"
# Two blocks with one MD5 (Wang and others, 2004).
_COLLIDING = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89"
    "55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b"
    "d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)


def other_of_pair() -> bytes:
    """What has the MD5 of ``_COLLIDING``: seven bits differ."""
    data = bytearray(_COLLIDING)
    for at in (19, 45, 59, 83, 109, 123):
        data[at] ^= 0x80
    return bytes(data)


def bomb() -> bytes:
    level = zipped({"zeros.txt": bytes(8 * MIB)})
    for n in range(3):
        level = zipped({f"{n}-{copy}.zip": level for copy in range(8)})
    return level


class Touch:
    """Unpickled, it makes the file that its name says."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


def database(place: Path) -> bytes:
    connection = sqlite3.connect(place)
    connection.execute("CREATE TABLE t (words TEXT)")
    connection.execute("INSERT INTO t VALUES ('words of a database')")
    connection.commit()
    connection.close()
    return place.read_bytes()


def files(place: Path) -> dict[str, bytes]:
    """Name and bytes of each; ``place`` holds what must neither be read nor be made."""
    secret, mark = place / "secret.txt", place / "mark"
    secret.write_text("canary-of-a-secret")
    outside = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'
    run = f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n"
    shell = f"touch {mark}"
    deep = b"".join(b"Content-Type: message/rfc822\r\n\r\n" for _ in range(10_000))
    lnk = bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(56) + shell.encode()
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>&e;</text></svg>'
    return {
        "01-bomb.zip": bomb(),
        "02-overlap.zip": overlapping(),
        "03-quine.gz": gzip_quine(),
        "04-deep.zip": nested(60),
        "05-slip.zip": archive({"../../slip.txt": b"slip", "/tmp/slip-of-a-test.txt": b"slip"}),
        "05-slip.tar": tarball({"../../slip.txt": b"slip", "C:\\slip.txt": b"slip"}),
        "09-laughs.docx": docx_of(f"{LAUGHS}<r>&j;</r>"),
        "09-laughs.svg": f"{LAUGHS}<svg xmlns='http://www.w3.org/2000/svg'>&j;</svg>".encode(),
        "09-laughs.xml": f"{LAUGHS}<r>&j;</r>".encode(),
        "10-entity.svg": (outside + svg).encode(),
        "10-entity.xml": f"{outside}<x>&e;</x>".encode(),
        "10-entity.rss": f'{outside}<rss version="2.0"><channel>&e;</channel></rss>'.encode(),
        "10-entity.gpx": f'{outside}<gpx version="1.1"><name>&e;</name></gpx>'.encode(),
        "10-entity.xlsx": xlsx_of(f"{outside}<sst><si><t>&e;</t></si></sst>"),
        "10-entity.odt": odt_of(f"{outside}<x>&e;</x>"),
        "10-entity.epub": archive(
            {
                "mimetype": b"application/epub+zip",
                "META-INF/container.xml": f"{outside}<container>&e;</container>".encode(),
                "a.xhtml": f"{outside}<html><body>&e;</body></html>".encode(),
            }
        ),
        "13-launch.pdf": one_page(line("words"), catalog=b"/OpenAction<</S/Launch/F(cmd.exe)>>"),
        "14-absurd.pdf": pages("words").replace(b"[0 0 600 800]", b"[0 0 99999 99999]"),
        "15-nested.pdf": one_page(line("words"), catalog=b"/X " + b"[" * 100_000),
        "19-picture.gif": b"GIF89a\x01\0\x01\0\0\0\0;" + zipped({"a.txt": b"hidden"}),
        "19-invoice.pdf.exe": b"MZ" + bytes(100),
        "19-mail.jpg": mail(19, "words of a mail"),
        "20-deep.eml": mail(20, "top")[:-9] + deep,
        "21-parts.eml": mail(21, "x", {f"{n}.txt": b"%d" % n for n in range(20)}),
        "23-header.eml": mail(23, "words").replace(b"MIME", b"X: " + b"x" * MIB + b"\r\nMIME"),
        "25-\u202egpj.exe": HONEST,
        "26--rf\n.txt": HONEST + b" 26",
        "34-macros.docm": package({"word/document.xml": "<x/>", "word/vbaProject.bin": b"vba"}),
        "34-link.lnk": lnk,
        "34-disc.iso": bytes(32769) + b"CD001\x01" + bytes(2048),
        "34-notes.one": bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(2000),
        "35-locked.zip": locked(),
        "39-empty.txt": b"",
        "39-nul.bin": bytes(1000),
        "41-huge.png": png(65_000, 65_000),
        "41-frames.gif": gif(100_000),
        "41-huge.jp2": bytes.fromhex(
            "0000000c6a5020200d0a870a00000014667479706a703220000000006a703220"
        )
        + struct.pack(">I4sI4sIIHBBBB", 30, b"jp2h", 22, b"ihdr", 90_000, 90_000, 3, 7, 7, 0, 0),
        "41-huge.webp": b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff"
        + bytes(8),
        "42-winmail.dat": struct.pack("<IHBHHI", 0x223E9F78, 1, 1, 0x9006, 8, 0xFFFFFFFF),
        "44-noise.doc": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(22) + b"\xff" * 482 + bytes(512),
        "45-charset.eml": mail(45, "x").replace(b"utf-8", b"utf-7"),
        "47-date.eml": mail(47, "x").replace(b"04 May 2001", b"30 Feb 0000"),
        "49-one.bin": _COLLIDING,
        "49-two.bin": other_of_pair(),
        "50-a.eml": mail(50, "a").replace(b"MIME", b"References: <51@acme.example>\r\nMIME"),
        "50-b.eml": mail(51, "b").replace(b"MIME", b"References: <50@acme.example>\r\nMIME"),
        "56-token.txt": b"a" * (5 * MIB),
        "58-columns.csv": b"1," * 1_000_000 + b"\n",
        "59-run.py": run.encode(),
        "59-run.sh": shell.encode(),
        "59-array.npy": b"\x93NUMPY\x01\0" + pickle.dumps(Touch(mark)),
        "59-object.pickle": pickle.dumps(Touch(mark)),
        "59-base.sqlite": database(place / "made.sqlite"),
        "63-\x1b[2J.txt": HONEST + b" 63",
        "honest.txt": HONEST,
        "honest.eml": mail(1, "an honest mail", {"note.txt": b"its note"}),
        "zz-honest.gz": gzip.compress(HONEST + b" zz", mtime=0),
    }


LIMITS = replace(QUICK.limits, expansion_bytes=64 * MIB, expansion_ratio=1, parts=9)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("together")
    (made / "e").mkdir()
    for name, data in files(made).items():
        (made / "e" / name).write_bytes(data)
    os.mkfifo(made / "e" / "07-pipe")
    os.symlink("/etc/passwd", made / "e" / "06-link")
    os.symlink(".", made / "e" / "08-loop")
    return made


@pytest.fixture(scope="module")
def matter(place: Path) -> Matter:
    made = new(place / "w")
    ingest(made, place / "e", profile=replace(QUICK, limits=LIMITS))
    return made


@pytest.fixture(scope="module")
def found(matter: Matter) -> dict[str, Any]:
    """Items by path below the folder."""
    return {path.removeprefix("e/"): row for path, row in by_path(matter).items()}


# What is not in this table is read: ``ok``.
STATES = {
    "01-bomb.zip": "limit:expansion",
    "02-overlap.zip": "limit:overlap",
    "06-link": "special",
    "07-pipe": "special",
    "08-loop": "special",
    "09-laughs.docx": "limit:expansion",
    "10-entity.epub": "corrupt",
    "10-entity.odt": "corrupt",
    "10-entity.xlsx": "corrupt",
    "14-absurd.pdf": "warnings",
    "15-nested.pdf": "corrupt",
    "19-invoice.pdf.exe": "unsupported",
    "19-picture.gif": "corrupt",
    "21-parts.eml": "limit:parts",
    "23-header.eml": "limit:header",
    "34-disc.iso": "unsupported",
    "34-link.lnk": "unsupported",
    "34-notes.one": "corrupt",
    "35-locked.zip": "encrypted",
    "39-empty.txt": "empty",
    "39-nul.bin": "unsupported",
    "41-frames.gif": "limit:pages",
    "41-huge.jp2": "limit:pixels",
    "41-huge.png": "limit:pixels",
    "41-huge.webp": "corrupt",
    "42-winmail.dat": "truncated",
    "44-noise.doc": "corrupt",
    "49-one.bin": "unsupported",
    "49-two.bin": "unsupported",
    "59-array.npy": "unsupported",
    "59-base.sqlite": "unsupported",
    "59-object.pickle": "unsupported",
}


def test_each_file_has_its_state_and_the_run_goes_on(found: dict[str, Any], place: Path) -> None:
    names = {p.name for p in (place / "e").iterdir()}
    shown = {path: row for path, row in found.items() if "!/" not in path}
    assert len(shown) == len(names) and set(STATES) <= set(shown)
    assert {path: row.state for path, row in shown.items()} == {
        path: STATES.get(path, "ok") for path in shown
    }
    assert all(row.message for path, row in shown.items() if path in STATES)
    inside = {row.state for path, row in found.items() if path.startswith(("03", "04"))}
    assert {"cycle", "limit:depth"} <= inside


def test_nothing_is_lost(matter: Matter) -> None:
    with matter.reader.connect() as connection:
        sums = reports.reconciliation(connection)
    assert sums["difference"] == 0
    assert sums["seen"] == sums["documents"] + sums["containers"] + sums["failed"]
    proof = verify(matter, Silent())
    assert proof["holds"], proof


def test_every_byte_is_kept(found: dict[str, Any], matter: Matter, place: Path) -> None:
    for path, row in found.items():
        if "!/" in path or row.state == "special":
            continue
        data = (place / "e" / path).read_bytes()
        assert (row.size, row.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        if row.role == "document" and data:
            at = Place(row.native_offset, row.native_length, row.native_method)
            assert matter.packs.read(row.pack, at) == data


def test_nothing_ran_and_nothing_outside_was_read_or_written(matter: Matter, place: Path) -> None:
    assert not (place / "mark").exists()
    assert not Path("/tmp/slip-of-a-test.txt").exists()
    assert {p.name for p in place.iterdir()} == {"e", "w", "made.sqlite", "secret.txt"}
    canary = (place / "secret.txt").read_text()
    for row in by_path(matter).values():
        assert canary not in lookup.text_of(matter, row), row.path
        assert "root:x:" not in lookup.text_of(matter, row), row.path


def test_honest_files_are_what_they_are_alone(
    found: dict[str, Any], place: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "e"
    alone.mkdir()
    for file in (place / "e").iterdir():
        if "honest" in file.name:
            (alone / file.name).write_bytes(file.read_bytes())
    matter = new(tmp_path / "w")
    ingest(matter, alone, profile=replace(QUICK, limits=LIMITS))
    for path, row in by_path(matter).items():
        beside = found[path.removeprefix("e/")]
        for name in ("state", "sha256", "text_sha256", "dedupe_hash", "family_hash", "subject"):
            assert getattr(row, name) == getattr(beside, name), (path, name)


def test_case_49_files_of_one_md5_stay_two(found: dict[str, Any], matter: Matter) -> None:
    one, two = found["49-one.bin"], found["49-two.bin"]
    assert one.md5 == two.md5
    assert one.sha256 != two.sha256 and one.dedupe_hash != two.dedupe_hash
    with matter.reader.connect() as connection:
        groups = {row.position: row.group_number for row in connection.execute(documents.select())}
    assert groups[one.position] is None and groups[two.position] is None


def test_case_53_a_source_that_is_unplugged_comes_back_by_a_retry(tmp_path: Path) -> None:
    """Gone between custody and reading: each file says so, and a retry reads them all."""
    folder = tmp_path / "e"
    folder.mkdir()
    for n in range(5):
        (folder / f"{n}.txt").write_bytes(HONEST + b"%d" % n)
    matter = new(tmp_path / "w")
    pool: SerialPool = Between(lambda: folder.rename(tmp_path / "unplugged"))
    ingest(matter, folder, pool=pool)
    found = by_path(matter)
    assert {row.state for row in found.values()} == {"unreadable"} and len(found) == 5
    assert verify(matter, Silent())["holds"]
    (tmp_path / "unplugged").rename(folder)
    pool.close()
    pool = SerialPool()
    with matter.locked():
        done = retry(matter, "unreadable", None, pool, Silent())
    pool.close()
    assert (done.items, done.resolved, done.new_documents) == (5, 5, 5)
    assert {row.state for row in by_path(matter).values()} == {"ok"}
    assert verify(matter, Silent())["holds"]
