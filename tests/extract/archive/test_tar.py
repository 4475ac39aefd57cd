"""TAR: all kinds of members, links, damage."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.contract import Range
from tests.extract.archive.opening import decoded, opened


def made(members: list[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 988971754
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="/\\\0:."), min_size=1)
            .map(lambda name: f"dir/{name}.txt"),
            st.binary(max_size=2000),
        ),
        max_size=6,
    ),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_what_went_in_comes_out(members: list[tuple[str, bytes]], form: int) -> None:
    found = opened(made(members, form), "a.tar")
    if not members:
        return
    top = [data for v, data in zip(found.visits, found.data, strict=True) if v.item.parent == "a0"]
    assert top == [data for _, data in members], "duplicates of one name are all kept"
    assert found.root.expected_children == found.root.actual_children == len(members)


def test_times_folders_and_long_names() -> None:
    name = "folder/" + "n" * 180 + ".txt"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        found = opened(made([(name, b"text")], form), "a.tar")
        assert found.names == ["n" * 180 + ".txt"]
        assert found.visits[0].item.folder == "folder"
        assert found.visits[0].item.modified_at == "2001-05-04T10:22:34Z"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "character device"),
        (tarfile.BLKTYPE, "block device"),
        (tarfile.FIFOTYPE, "pipe"),
    ],
)
def test_links_devices_and_pipes_are_items_without_bytes(kind: bytes, word: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("x")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    found = opened(buffer.getvalue(), "a.tar")
    assert (found.states, found.data) == (["special"], [None])
    assert word in found.visits[0].item.message


def test_a_broken_header_costs_only_its_own_member() -> None:
    data = bytearray(made([("a.txt", b"a" * 600), ("b.txt", b"b" * 600), ("c.txt", b"c" * 600)]))
    at = data.index(b"b.txt")
    data[at : at + 300] = b"\xff" * 300
    found = opened(bytes(data), "a.tar")
    assert found.names == ["a.txt", "c.txt"]
    assert found.root.state == "corrupt"
    assert "header" in found.root.message


def test_a_tar_cut_inside_a_member() -> None:
    data = made([("a.txt", b"a" * 600), ("b.txt", b"b" * 6000)])
    found = opened(data[: 512 + 1024 + 512 + 2000], "a.tar")
    assert found.states == ["ok", "truncated"]
    assert found.contents["b.txt"] == b"b" * 2000


def test_tars_one_after_the_other_are_read_to_the_end() -> None:
    found = opened(made([("a.txt", b"1")]) + made([("b.txt", b"2")]), "a.tar")
    assert found.names == ["a.txt", "b.txt"]


def test_names_in_an_old_charset_are_guessed() -> None:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, encoding="koi8-r"
    ) as archive:
        for name in ("привет", "ПРИВЕТ"):
            archive.addfile(tarfile.TarInfo(name))
    found = opened(buffer.getvalue(), "a.tar")
    assert found.names == ["привет", "ПРИВЕТ"]


def test_a_sparse_member_is_charged_in_full() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("holes.bin")
        info.pax_headers = {
            "GNU.sparse.map": "0,3", "GNU.sparse.size": str(1 << 40),
            "GNU.sparse.numblocks": "1", "GNU.sparse.name": "holes.bin",
        }  # fmt: skip
        info.size = 3
        archive.addfile(info, io.BytesIO(b"end"))
    found = opened(buffer.getvalue(), "a.tar", budget=1 << 24)
    assert found.root.state == "limit:expansion"


def test_ranges() -> None:
    data = made([(f"{n}.txt", b"%d" % n) for n in range(9)])
    found = opened(data, "a.tar", only=Range(3, 6))
    assert found.data == [b"3", b"4", b"5"]
    assert [v.item.position for v in found.visits] == ["a0a3", "a0a4", "a0a5"]


def test_tars_of_others(corpora: Path) -> None:
    seen = 0
    for path in sorted((corpora / "libarchive").rglob("*.tar.uu")):
        found = opened(decoded(path), path.stem)
        if found.root.mime_type == "application/x-tar":
            seen += 1
            assert found.root.state == "ok", (path.name, found.root.message)
            assert found.root.expected_children == found.root.actual_children, path.name
    assert seen > 25
