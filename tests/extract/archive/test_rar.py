"""RAR archives of libarchive's tests, with and without a program that unpacks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ediscovery.extract.archive import rar
from tests.extract.archive.opening import Opened, decoded, opened

NEEDS_TOOL = pytest.mark.skipif(
    not rar.tools(), reason="left out: no program that unpacks RAR is installed"
)


def read(corpora: Path, name: str, passwords: tuple[str, ...] = ()) -> Opened:
    path = next((corpora / "libarchive").rglob(name + ".uu"))
    return opened(decoded(path), name, passwords)


def test_stored_members_need_no_program(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rar, "tools", tuple)
    found = read(corpora, "test_read_format_rar5_stored_manyfiles.rar")
    assert found.names == ["make_uue.tcl", "cebula.txt", "test.bin"]
    assert [v.item.size for v in found.visits] == [405, 814, 1200]
    assert found.root.expected_children == 3


def test_without_a_program_the_state_names_one(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rar, "tools", tuple)
    found = read(corpora, "test_read_format_rar5_compressed.rar")
    assert found.root.state == "unsupported"
    assert "bsdtar" in found.root.message
    assert found.text == "test.bin"


@NEEDS_TOOL
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("test_read_format_rar5_solid.rar", [1200, 4096, 4096, 4096, 4096, 4096, 4096]),
        ("test_read_format_rar5_multiple_files.rar", [4096] * 4),
        ("test_read_format_rar_binary_data.rar", [1048576, 32618]),
        ("test_read_format_rar5_sfx.exe", [3]),
    ],
)
def test_compressed_members(corpora: Path, name: str, sizes: list[int]) -> None:
    found = read(corpora, name)
    top = [v.item for v in found.visits if v.item.parent == "a0"]
    assert [item.size for item in top][: len(sizes)] == sizes
    assert found.root.expected_children == found.root.actual_children == len(sizes)


@NEEDS_TOOL
def test_links_names_and_times(corpora: Path) -> None:
    found = read(corpora, "test_read_format_rar.rar")
    assert found.states == ["ok", "special", "ok"]
    assert found.item("testlink").metadata["link_target"] == "test.txt"
    assert found.item("test.txt").modified_at == "2011-06-26T14:53:46Z"
    unicode = read(corpora, "test_read_format_rar_unicode.rar")
    assert "漢字長いファイル名long-filename-in-漢字.txt" in unicode.names


def test_volumes_are_named_as_such(corpora: Path) -> None:
    first = read(corpora, "test_rar_multivolume_single_file.part1.rar")
    assert first.states == ["truncated"]
    assert "another volume" in first.visits[0].item.message
    second = read(corpora, "test_rar_multivolume_single_file.part2.rar")
    assert second.root.state == "unsupported"
    assert "split archive" in second.root.message


def test_encrypted_archives(corpora: Path) -> None:
    hidden = read(corpora, "test_read_format_rar_encryption_header.rar", ("wrong",))
    assert (hidden.root.state, hidden.root.role) == ("encrypted", "document")


@NEEDS_TOOL
def test_members_without_a_password_are_read_beside_encrypted_ones(corpora: Path) -> None:
    partly = read(corpora, "test_read_format_rar_encryption_partially.rar", ("wrong",))
    assert partly.states == ["encrypted", "ok"]
    assert "encrypted_part" in partly.root.flags


# They unfold to tens of megabytes, which takes longer than they teach.
LARGE = ("lzss", "large_splitted", "multivolume.part0001")


def test_every_archive_ends_in_a_state(corpora: Path) -> None:
    for path in sorted((corpora / "libarchive").rglob("*rar*.uu")):
        if path.stat().st_size < 100_000 and not any(part in path.name for part in LARGE):
            found = opened(decoded(path), path.stem)
            assert found.root.state, path.name
            for visit in found.visits:
                assert visit.item.state in ("ok", "empty") or visit.item.message, path.name
