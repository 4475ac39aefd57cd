"""Single compressed streams."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.extract.archive.opening import decoded, opened

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}
TEXT = b"".join(b"line %d of a long report\n" % n for n in range(40_000))


@given(st.binary(min_size=1, max_size=5000), st.sampled_from(sorted(PACKERS)), st.booleans())
@settings(max_examples=50, deadline=None)
def test_what_went_in_comes_out(data: bytes, kind: str, on_disk: bool) -> None:
    found = opened(PACKERS[kind](data), f"report.txt.{kind}", on_disk=on_disk)
    assert found.root.role == "container"
    assert found.visits[-1].item.file_name == "report.txt"
    assert found.data[-1] == data
    assert found.root.expected_children == found.root.actual_children == 1


@pytest.mark.parametrize("kind", sorted(PACKERS))
def test_a_cut_stream_keeps_its_readable_part(kind: str) -> None:
    packed = PACKERS[kind](TEXT * 8)
    found = opened(packed[: len(packed) * 2 // 3], f"a.txt.{kind}")
    assert found.states == ["truncated"]
    held = found.data[0]
    assert held
    assert (TEXT * 8).startswith(held)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_streams_that_follow_one_another_are_one(kind: str) -> None:
    pack = PACKERS[kind]
    found = opened(pack(b"first ") + pack(b"second ") + pack(b"third"), f"a.txt.{kind}")
    assert found.data == [b"first second third"]
    assert found.root.state == "ok"


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_bytes_behind_the_stream_are_reported(kind: str) -> None:
    found = opened(PACKERS[kind](b"text") + b"garbage behind it", f"a.txt.{kind}")
    assert found.data == [b"text"]
    assert found.root.state == "warnings"
    assert "17 bytes" in found.root.message


def test_name_and_time_from_the_gzip_header() -> None:
    buffer = io.BytesIO()
    with gzip.GzipFile("Ünter lagen.txt", "wb", fileobj=buffer, mtime=988971754) as file:
        file.write(b"text")
    found = opened(buffer.getvalue(), "other.gz")
    assert found.names == ["Ünter lagen.txt"]
    assert found.visits[0].item.modified_at == "2001-05-04T10:22:34Z"


@pytest.mark.parametrize(("name", "kind"), [("a.tgz", "gz"), ("a.tbz2", "bz2"), ("a.txz", "xz")])
def test_a_packed_tar_is_two_containers(name: str, kind: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("in.txt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"text"))
    found = opened(PACKERS[kind](buffer.getvalue()), name)
    assert found.names == ["in.txt", "a.tar"]
    assert [v.item.role for v in found.visits] == ["document", "container"]
    assert found.visits[0].item.family == found.visits[0].item.position


def test_a_huge_dictionary_is_refused() -> None:
    packed = bytearray(lzma.compress(TEXT, lzma.FORMAT_ALONE))
    packed[1:5] = (0xF000_0000).to_bytes(4, "little")
    found = opened(bytes(packed), "a.txt.lzma")
    assert found.states == ["limit:memory"]


def test_streams_of_others(corpora: Path) -> None:
    for path in sorted((corpora / "libarchive").rglob("test_extract.tar.*.uu")):
        if path.stem.endswith((".gz", ".bz2", ".xz", ".zst", ".lzma")):
            found = opened(decoded(path), path.stem)
            assert found.names == ["file1", "file2", "test_extract.tar"], path.name
