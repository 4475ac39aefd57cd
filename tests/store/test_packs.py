"""A pack is a plain ZIP, and each member is one range read."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.model.errors import VerificationFailed
from ediscovery.store.packs import PackWriter, Place, finish, native_name
from ediscovery.store.packs_folder import FolderPacks

members = st.lists(st.binary(max_size=3000) | st.text(max_size=2000).map(str.encode), max_size=30)


def write(path: Path, datas: list[bytes], cut: int = 0) -> list[Place]:
    """Write a pack, by two writers when ``cut`` is given, as after a restarted parser."""
    places, directory, count = [], b"", 0
    with open(path, "w+b") as file:
        for part in (datas[:cut], datas[cut:]):
            writer = PackWriter(file)
            for data in part:
                places.append(writer.add(native_name(hashlib.sha256(data).hexdigest()), data))
            entries, number, _ = writer.take()
            directory, count = directory + entries, count + number
        finish(file, directory, count)
    return places


@settings(deadline=None)
@given(members, st.integers(0, 30))
def test_reads_back_by_range_and_as_zip(tmp_path_factory, datas: list[bytes], cut: int) -> None:
    folder = tmp_path_factory.mktemp("packs")
    places = write(folder / "a.zip", datas, cut)
    packs = FolderPacks(folder)
    assert [packs.read("a.zip", place) for place in places] == datas
    packs.close()
    with zipfile.ZipFile(folder / "a.zip") as archive:
        assert archive.testzip() is None
        for data in datas:
            assert archive.read(native_name(hashlib.sha256(data).hexdigest())) == data


def test_large_members_are_stored_as_they_are(tmp_path: Path) -> None:
    pieces = [b"abc" * 1000, b"defg" * 500]
    with open(tmp_path / "a.zip", "w+b") as file:
        writer = PackWriter(file)
        place = writer.add_chunks("native/x", iter(pieces), 5000)
        writer.add("text/y.txt", b"after")
        finish(file, *writer.take()[:2])
    raw = (tmp_path / "a.zip").read_bytes()
    assert raw[place.offset : place.offset + place.length] == b"".join(pieces)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["native/x", "text/y.txt"]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.zip", [b"x" * 500, b"y", b"x" * 500])
    write(tmp_path / "b.zip", [b"x" * 500, b"y", b"x" * 500])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert len(archive.namelist()) == 2


def test_damage_is_named(tmp_path: Path) -> None:
    (place,) = write(tmp_path / "a.zip", [b"abc " * 500])
    packs = FolderPacks(tmp_path)
    with pytest.raises(VerificationFailed, match=r"missing|can't be read"):
        packs.read("b.zip", place)
    with pytest.raises(VerificationFailed, match="ends early"):
        packs.read("a.zip", Place(place.offset, 10**6, place.method))
    with pytest.raises(VerificationFailed, match="damaged"):
        packs.read("a.zip", Place(place.offset + 3, place.length - 3, place.method))
