"""7z archives."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import py7zr
import pytest

from ediscovery.extract.contract import Range
from tests.extract.archive.opening import decoded, opened

MEMBERS = {"dir/a.txt": b"first " * 500, "b.txt": b"second " * 900, "dir/b.txt": b"third"}


def made(members: dict[str, bytes], **settings: Any) -> bytes:
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", **settings) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "filters",
    [
        None,
        [{"id": py7zr.FILTER_LZMA}],
        [{"id": py7zr.FILTER_BZIP2}],
        [{"id": py7zr.FILTER_DEFLATE}],
        [{"id": py7zr.FILTER_ZSTD, "level": 3}],
        [{"id": py7zr.FILTER_COPY}],
    ],
)
def test_what_went_in_comes_out(filters: Any) -> None:
    data = made(MEMBERS | {"empty.txt": b""}, filters=filters)
    found = opened(data, "a.7z")
    assert dict(zip(((v.item.folder, v.item.file_name) for v in found.visits), found.data,
                    strict=True)) == {
        ("dir", "a.txt"): MEMBERS["dir/a.txt"],
        ("", "b.txt"): MEMBERS["b.txt"],
        ("dir", "b.txt"): MEMBERS["dir/b.txt"],
        ("", "empty.txt"): b"",
    }  # fmt: skip
    assert found.root.expected_children == found.root.actual_children == 4


@pytest.mark.parametrize("hidden", [False, True])
def test_passwords(hidden: bool) -> None:
    data = made(MEMBERS, password="Geheim", header_encryption=hidden)
    found = opened(data, "a.7z", passwords=("wrong", "Geheim"))
    assert found.data == list(MEMBERS.values())
    assert "encrypted_part" in found.root.flags
    shut = opened(data, "a.7z", passwords=("wrong",))
    assert (shut.root.state, shut.root.role) == ("encrypted", "document")
    assert shut.visits == []
    if not hidden:
        assert "b.txt" in shut.text, "the list of members is readable, so it is searchable"


def test_a_cut_archive() -> None:
    data = made(MEMBERS)
    found = opened(data[:-30], "a.7z")
    assert found.root.state == "truncated"


def test_a_broken_block_costs_only_its_members() -> None:
    data = bytearray(made(MEMBERS))
    data[40:60] = b"\xff" * 20
    found = opened(bytes(data), "a.7z")
    assert len(found.visits) == 3
    assert set(found.states) <= {"corrupt", "truncated"}
    assert found.root.actual_children == 3


def test_a_wrong_checksum_costs_only_its_member() -> None:
    data = bytearray(made(MEMBERS, filters=[{"id": py7zr.FILTER_COPY}]))
    data[data.index(b"second")] ^= 1
    found = opened(bytes(data), "a.7z")
    assert found.states == ["ok", "corrupt", "ok"]
    assert found.contents["b.txt"] == MEMBERS["dir/b.txt"], "the last of that name"


def test_ranges() -> None:
    found = opened(made(MEMBERS), "a.7z", only=Range(1, 3))
    assert found.data == [MEMBERS["b.txt"], MEMBERS["dir/b.txt"]]
    assert [v.item.position for v in found.visits] == ["a0a1", "a0a2"]


def test_the_budget_counts_while_unfolding() -> None:
    data = made({"zeros.bin": bytes(20 << 20)})
    found = opened(data, "a.7z", budget=1 << 20)
    assert found.root.state == "limit:expansion"


EXPECTED = {
    "test_read_format_7zip_lzma1_lzma2.7z": 8,
    "test_read_format_7zip_encryption_partially.7z": 2,
    "test_read_format_7zip_symbolic_name.7z": 2,
    "test_read_format_7zip_bcj_lzma2.7z": 1,
    "test_read_format_7zip_ppmd.7z": 1,
    "test_read_format_7zip_packinfo_digests.7z": 2,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_archives_of_others(corpora: Path, name: str) -> None:
    path = next((corpora / "libarchive").rglob(name + ".uu"))
    found = opened(decoded(path), name, passwords=("12345678",))
    assert len(found.visits) == EXPECTED[name] == found.root.expected_children
    assert "corrupt" not in found.states


def test_what_py7zr_can_not_read_is_said(corpora: Path) -> None:
    path = next((corpora / "libarchive").rglob("test_read_format_7zip_bcj2_lzma2_1.7z.uu"))
    found = opened(decoded(path), "a.7z")
    assert found.states == ["unsupported"]
    assert "BCJ2" in found.visits[0].item.message
