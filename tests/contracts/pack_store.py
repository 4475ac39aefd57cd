"""What every store of packs must do. Each has a test class that inherits this."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ediscovery.model.errors import VerificationFailed
from ediscovery.store.pack_store import PIECE, Member, PackStore
from ediscovery.store.packs import PackWriter, Place, finish, native_name

datas = st.lists(st.binary(max_size=3000) | st.text(max_size=2000).map(str.encode), max_size=20)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(path: Path, contents: list[bytes], *, compress: bool = True) -> list[Member]:
    """A finished pack at ``path`` with these members, each as it may be asked for."""
    with open(path, "w+b") as file:
        writer = PackWriter(file)
        places = [
            writer.add(native_name(sha256(data)), data, compress=compress) for data in contents
        ]
        finish(file, *writer.take()[:2])
    return [
        Member(path.name, place, sha256(data)) for place, data in zip(places, contents, strict=True)
    ]


class PackStoreContract:
    """``make`` gives a context manager of a new, empty store; ``spoil`` changes what it holds.

    ``spoil(store, pack, change)`` puts ``change(bytes of the pack)`` in the place of a pack, and
    removes it when that is ``None``.
    """

    make: Callable[..., AbstractContextManager[PackStore]]
    spoil: Callable[[PackStore, str, Callable[[bytes], bytes | None]], None]

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """Where drafts are written."""
        (tmp_path / "drafts").mkdir()
        return tmp_path / "drafts"

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(datas, st.booleans())
    def test_members_come_back_and_a_pack_is_the_same_bytes(
        self, tmp_path: Path, contents: list[bytes], compress: bool
    ) -> None:
        draft = tmp_path / "a.zip"
        members = write(draft, contents, compress=compress)
        whole = draft.read_bytes()
        with self.make() as store:
            accepted = store.accept(draft, "a.zip")
            assert accepted == ("a.zip", sha256(whole), len(whole))
            assert not draft.exists()
            for member, data in zip(members, contents, strict=True):
                assert store.read(*member) == data
                assert b"".join(store.pieces(member.pack, member.place)) == data
            assert store.read_many(members) == contents
            assert store.read_many(members[::-1] + members) == contents[::-1] + contents
            assert store.listing() == {"a.zip": len(whole)}
            assert store.digest("a.zip") == sha256(whole)
            assert b"".join(store.pieces("a.zip", Place(0, len(whole), 0))) == whole

    def test_an_empty_store(self) -> None:
        with self.make() as store:
            assert store.listing() == {}
            assert store.read_many([]) == []
            with pytest.raises(VerificationFailed, match=r"missing|can't be read"):
                store.read("a.zip", Place(0, 10, 0))
            with pytest.raises(VerificationFailed, match="missing"):
                store.digest("a.zip")
            store.prepare()
            assert store.listing() == {}

    def test_nothing_is_overwritten(self, place: Path) -> None:
        with self.make() as store:
            kept = {}
            for content in (b"one" * 90, b"one" * 90, b"two" * 90, b"two" * 90, b"one" * 90):
                (member,) = write(place / "a.zip", [content])
                accepted = store.accept(place / "a.zip", "a.zip")
                assert not (place / "a.zip").exists()
                assert store.read(accepted.pack, member.place, member.sha256) == content
                assert store.digest(accepted.pack) == accepted.sha256
                kept[accepted.pack] = content
            assert list(kept.values()) == [b"one" * 90, b"two" * 90]
            assert store.listing().keys() == kept.keys()
            first, second = kept
            assert first == "a.zip" and second.startswith("a-") and second.endswith(".zip")

    def test_what_is_half_there_is_not_taken_for_the_pack(self, place: Path) -> None:
        """As a store leaves it whose writer was killed: under the name, and then under the next."""
        contents = [os.urandom(1000)]
        with self.make() as store:
            for _ in range(3):
                write(place / "a.zip", contents)
                accepted = store.accept(place / "a.zip", "a.zip")
                assert store.digest(accepted.pack) == accepted.sha256
                self.spoil(store, accepted.pack, lambda whole: whole[:-1])
            assert len(store.listing()) == 3

    def test_large_packs_and_members(self, place: Path) -> None:
        """More than one part of an upload and more than one piece of a download."""
        rng = os.urandom(1 << 20)
        size = 5 * PIECE + 12345
        data = (rng * (size // len(rng) + 1))[:size]
        with self.make() as store:
            with open(place / "a.zip", "w+b") as file:
                writer = PackWriter(file)
                first = writer.add("native/first", b"first" * 100)
                large = writer.add_chunks("native/large", iter([data[:1000], data[1000:]]), size)
                last = writer.add("native/last", b"last" * 100)
                finish(file, *writer.take()[:2])
            whole = sha256((place / "a.zip").read_bytes())
            assert store.accept(place / "a.zip", "a.zip").sha256 == whole
            assert store.digest("a.zip") == whole
            assert sha256(b"".join(store.pieces("a.zip", large))) == sha256(data)
            wanted = [Member("a.zip", at) for at in (last, large, first)]
            assert store.read_many(wanted) == [b"last" * 100, data, b"first" * 100]

    def test_many_packs(self, place: Path) -> None:
        expected, wanted = [], []
        with self.make() as store:
            for number in range(5):
                contents = [f"{number} {n} ".encode() * 50 for n in range(4)]
                wanted += write(place / f"{number}.zip", contents)
                expected += contents
                store.accept(place / f"{number}.zip", f"{number}.zip")
            assert sorted(store.listing()) == [f"{number}.zip" for number in range(5)]
            mixed = list(range(0, 20, 3)) + list(range(19, 0, -2))
            assert store.read_many([wanted[n] for n in mixed]) == [expected[n] for n in mixed]
            store.close()
            assert store.read(*wanted[7]) == expected[7]

    def test_a_parser_gets_a_file(self, place: Path, tmp_path: Path) -> None:
        contents = [b"small", b"text " * 1000, os.urandom(5000)]
        keep = tmp_path / "keep"
        keep.mkdir()
        with self.make() as store:
            members = write(place / "a.zip", contents)
            store.accept(place / "a.zip", "a.zip")
            for member, data in zip(members, contents, strict=True):
                for _ in range(2):
                    path, at = store.local(member, keep)
                    with open(path, "rb") as file:
                        file.seek(at.offset)
                        stored = file.read(at.length)
                    if at.method:
                        assert path.parent == store.folder
                        stored = store.read(member.pack, at)
                    assert stored == data

    def test_any_tool_reads_a_pack(self, place: Path) -> None:
        contents = [b"abc " * 500, b"", b"x"]
        with self.make() as store:
            write(place / "a.zip", contents)
            size = store.accept(place / "a.zip", "a.zip").size
            whole = b"".join(store.pieces("a.zip", Place(0, size, 0)))
        (place / "b.zip").write_bytes(whole)
        with zipfile.ZipFile(place / "b.zip") as archive:
            assert archive.testzip() is None
            assert [archive.read(native_name(sha256(data))) for data in contents] == contents

    def test_damage_is_named(self, place: Path) -> None:
        with self.make() as store:
            (member,) = write(place / "a.zip", [b"abc " * 500])
            store.accept(place / "a.zip", "a.zip")
            offset, length, method = member.place
            with pytest.raises(VerificationFailed, match=r"missing|can't be read"):
                store.read("b.zip", member.place)
            with pytest.raises(VerificationFailed, match="ends early"):
                store.read("a.zip", Place(offset, 10**6, method))
            with pytest.raises(VerificationFailed, match="ends early"):
                store.read("a.zip", Place(10**6, 10, method))
            with pytest.raises(VerificationFailed, match="ends early"):
                list(store.pieces("a.zip", Place(offset, 10**6, 0)))
            with pytest.raises(VerificationFailed, match="damaged"):
                store.read("a.zip", Place(offset + 3, length - 3, method))
            with pytest.raises(VerificationFailed, match="damaged"):
                store.read_many([member, Member("a.zip", Place(offset + 3, length - 3, method))])
            size = store.listing()["a.zip"]
            self.spoil(store, "a.zip", lambda whole: whole[:-1])
            assert store.listing() == {"a.zip": size - 1}
            self.spoil(store, "a.zip", lambda whole: None)
            assert store.listing() == {}
