"""ZIP: every method, names, dates, passwords, damage, ranges."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import pyzipper
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.archive.directory import read_directory, scan
from ediscovery.extract.archive.zip import split
from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.model.profile import Profile
from tests.extract.archive.opening import decoded, opened

TEXT = b"All work and no play makes a dull day. " * 50


def made(
    members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2001, 5, 4, 11, 22, 34)), data, method)
        archive.comment = comment
    return buffer.getvalue()


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="/\\\0:"), min_size=1, max_size=12)
        .map(lambda name: f"d/{name}.txt"),
        st.binary(max_size=2000),
        max_size=6,
    ),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.booleans(),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_what_went_in_comes_out(members: dict[str, bytes], method: int, on_disk: bool) -> None:
    found = opened(made(members, method), "a.zip", on_disk=on_disk)
    assert found.root.expected_children == found.root.actual_children == len(members)
    expected = {name.removeprefix("d/"): data for name, data in members.items()}
    assert [v.item.folder for v in found.visits if v.item.parent == "a0"] == ["d"] * len(members)
    top = {
        v.item.file_name: held
        for v, held in zip(found.visits, found.data, strict=True)
        if v.item.parent == "a0"
    }
    assert list(top.values()) == list(expected.values())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_of_the_standard_library(method: int) -> None:
    found = opened(made({"a.txt": TEXT, "empty.txt": b""}, method), "a.zip")
    assert found.contents == {"a.txt": TEXT, "empty.txt": b""}
    assert found.states == ["ok", "empty"]


def test_dates_comment_and_folders() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.mkdir("folder")
        info = zipfile.ZipInfo("folder/a.txt", (2001, 5, 4, 11, 22, 34))
        info.comment = b"about it"
        # an Info-ZIP time stamp: UTC, an hour before what the DOS field shows
        info.extra = struct.pack("<HHBl", 0x5455, 5, 1, 988971754)
        archive.writestr(info, TEXT)
        archive.comment = b"about all"
    found = opened(buffer.getvalue(), "a.zip")
    assert found.names == ["a.txt"], "folders are no items"
    item = found.item("a.txt")
    assert item.modified_at == "2001-05-04T10:22:34Z"
    assert item.metadata["modified_at_raw"].startswith("2001-05-04 11:22:34")
    assert item.metadata["comment"] == "about it"
    assert found.root.metadata["comment"] == "about all"
    assert found.root.role == "container"


def test_duplicates_of_one_name_are_all_kept() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("a.txt", b"first")
        archive.writestr("a.txt", b"second")
    found = opened(buffer.getvalue(), "a.zip")
    assert found.data == [b"first", b"second"]


def test_names_in_old_code_pages_are_guessed_and_said_so() -> None:
    data = made({"XXXXXX.txt": TEXT, "YYYYYY.txt": TEXT})
    data = data.replace(b"XXXXXX", "ПРИВЕТ".encode("cp866")).replace(
        b"YYYYYY", "привет".encode("cp866")
    )
    found = opened(data, "a.zip")
    assert found.names == ["ПРИВЕТ.txt", "привет.txt"]
    assert "charset_guessed" in found.item("привет.txt").flags
    assert found.item("привет.txt").metadata["name_charset"] == "cp866"


@pytest.mark.parametrize("encryption", [None, pyzipper.WZ_AES])
def test_passwords(encryption: int | None, tmp_path: Path) -> None:
    data = aes_zip() if encryption else zipcrypto_zip(tmp_path)
    found = opened(data, "a.zip", passwords=("wrong", "Geheim"))
    assert found.contents == {"a.txt": TEXT, "b.txt": b"short"}
    assert "encrypted_part" in found.root.flags

    shut = opened(data, "a.zip", passwords=("wrong",))
    assert (shut.root.state, shut.root.role, shut.visits) == ("encrypted", "document", [])
    assert shut.root.expected_children == 2
    assert shut.text == "a.txt\nb.txt", "the names can still be found"
    assert "Geheim" not in shut.root.message

    empty = opened(data, "a.zip")
    assert "no passwords" in empty.root.message


def test_an_encrypted_member_among_open_ones_is_one_item_with_a_state() -> None:
    buffer = io.BytesIO(made({"open.txt": TEXT}))
    with pyzipper.AESZipFile(buffer, "a", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"Geheim")
        archive.writestr("shut.txt", TEXT)
    found = opened(buffer.getvalue(), "a.zip", passwords=("wrong",))
    assert found.states == ["ok", "encrypted"]
    assert found.root.role == "container"
    assert found.root.actual_children == found.root.expected_children == 2


def aes_zip() -> bytes:
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(
        buffer, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(b"Geheim")
        archive.writestr("a.txt", TEXT)
        archive.writestr("b.txt", b"short")
    return buffer.getvalue()


def zipcrypto_zip(tmp_path: Path, password: bytes = b"Geheim") -> bytes:
    """ZipCrypto, enciphered here: no library at hand writes it any more."""
    return encipher(made({"a.txt": TEXT, "b.txt": b"short"}), password)


def encipher(data: bytes, password: bytes) -> bytes:
    directory = read_directory(data)
    assert directory is not None
    out, central, count = bytearray(), bytearray(), 0
    for member in directory.members:
        start = member.offset + 30 + len(member.name)
        stored = data[start : start + member.stored]
        keys = [0x12345678, 0x23456789, 0x34567890]

        def update(byte: int, keys: list[int] = keys) -> None:
            keys[0] = zlib.crc32(bytes((byte,)), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
            keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
            keys[2] = zlib.crc32(bytes((keys[1] >> 24,)), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

        for byte in password:
            update(byte)
        shut = bytearray()
        for byte in bytes(11) + bytes((member.crc >> 24,)) + stored:
            mix = keys[2] | 2
            shut.append(byte ^ ((mix * (mix ^ 1)) >> 8 & 255))
            update(byte)
        fields = (20, 1, member.method, member.time & 0xFFFF, member.time >> 16, member.crc)
        sizes = (len(shut), member.size, len(member.name), 0)
        offset = len(out)
        out += struct.pack("<4s5H3L2H", b"PK\3\4", *fields, *sizes) + member.name + shut
        central += struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *fields, *sizes, 0, 0, 0, 0, offset)
        central += member.name
        count += 1
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(central), len(out), 0)
    return bytes(out + central + end)


def test_a_zip_without_its_directory_is_read_from_local_headers() -> None:
    data = made({"a.txt": TEXT, "b.txt": b"second"})
    cut = data[: data.index(b"PK\1\2")]
    found = opened(cut, "a.zip")
    assert found.contents == {"a.txt": TEXT, "b.txt": b"second"}
    assert found.root.state == "warnings"
    assert "central directory" in found.root.message


def test_a_directory_that_breaks_off_is_completed_from_local_headers() -> None:
    data = bytearray(made({"a.txt": b"first", "b.txt": b"second", "c.txt": b"third"}))
    data[data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)] = 0
    found = opened(bytes(data), "a.zip")
    assert found.contents == {"a.txt": b"first", "b.txt": b"second", "c.txt": b"third"}
    assert found.root.state == "warnings"
    assert found.root.expected_children == found.root.actual_children == 3


def test_a_streamed_zip_without_directory_uses_its_descriptors() -> None:
    class Stream(io.BytesIO):
        def tell(self) -> int:
            raise OSError

    buffer = Stream()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", TEXT)
        archive.writestr("b.txt", b"second")
    data = buffer.getvalue()
    assert scan(data).members[0].flags & 8
    found = opened(data[: data.index(b"PK\1\2")], "a.zip")
    assert found.contents == {"a.txt": TEXT, "b.txt": b"second"}


def test_a_zip_cut_inside_a_member_keeps_what_was_there() -> None:
    data = made({"a.txt": b"whole", "b.txt": TEXT}, zipfile.ZIP_STORED)
    found = opened(data[: data.index(b"PK\1\2") - 700], "a.zip")
    assert found.states == ["ok", "truncated"]
    held = found.contents["b.txt"]
    assert held
    assert TEXT.startswith(held)


def test_a_broken_member_costs_only_itself() -> None:
    data = bytearray(made({"a.txt": TEXT, "b.txt": TEXT, "c.txt": b"third"}))
    at = data.index(b"b.txt") + 5
    data[at : at + 8] = b"\xff" * 8
    found = opened(bytes(data), "a.zip")
    assert found.states == ["ok", "corrupt", "ok"]
    assert found.item("b.txt").message
    assert found.root.actual_children == 3


def test_a_wrong_checksum_is_noticed() -> None:
    data = bytearray(made({"a.txt": TEXT}, zipfile.ZIP_STORED))
    data[data.index(b"dull")] ^= 1
    found = opened(bytes(data), "a.zip")
    assert found.states == ["corrupt"]
    assert "checksum" in found.item("a.txt").message
    assert found.contents["a.txt"] is not None, "what can be read is kept"


def test_symbolic_links_are_not_followed() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    found = opened(buffer.getvalue(), "a.zip")
    assert (found.states, found.data) == (["special"], [None])
    assert found.item("link").metadata["link_target"] == "/etc/passwd"


def test_bytes_before_the_archive_are_no_obstacle() -> None:
    found = opened(b"MZ\0\0 a program\0" * 9 + made({"a.txt": TEXT}), "setup.exe")
    assert found.root.mime_type == "application/zip"
    assert "mismatch" in found.root.flags
    assert found.contents == {"a.txt": TEXT}


def test_zstandard_members() -> None:
    packed = zstandard.compress(TEXT)
    data = made({"a.txt": packed}, zipfile.ZIP_STORED)
    directory = read_directory(data)
    assert directory is not None
    fixed = bytearray(data)
    for signature, method, crc, size in ((b"PK\3\4", 8, 14, 22), (b"PK\1\2", 10, 16, 24)):
        at = fixed.index(signature)
        struct.pack_into("<H", fixed, at + method, 93)
        struct.pack_into("<L", fixed, at + crc, zlib.crc32(TEXT))
        struct.pack_into("<L", fixed, at + size, len(TEXT))
    assert opened(bytes(fixed), "a.zip").contents == {"a.txt": TEXT}


def test_ranges_cover_all_members_and_give_the_same_children() -> None:
    data = made({f"{n:03}.txt": bytes([65 + n % 26]) * 3000 for n in range(50)})
    context = Context(Profile(unit_items=20), Path(), Budget(1 << 20))
    expected, ranges = split(Content(data), context, 25_000)
    assert expected == 50
    assert [r.start for r in ranges] == [0, *[r.stop for r in ranges[:-1]]]
    assert ranges[-1].stop == 50
    assert len(ranges) > 4
    whole = opened(data, "a.zip")
    parts = [opened(data, "a.zip", only=r) for r in ranges]
    assert [v.item.position for p in parts for v in p.visits] == [
        v.item.position for v in whole.visits
    ]
    assert [d for p in parts for d in p.data] == whole.data


def test_a_volume_of_a_split_zip_is_named_as_such() -> None:
    data = bytearray(made({"a.txt": TEXT}))
    end = data.rindex(b"PK\5\6")
    struct.pack_into("<HH", data, end + 4, 1, 1)
    found = opened(bytes(data), "a.zip")
    assert found.root.state == "unsupported"
    assert "split archive" in found.root.message


def test_only_a_member_beyond_the_limit_is_left_out() -> None:
    data = made({f"{n}.txt": b"x%d" % n for n in range(8)})
    found = opened(data, "a.zip", limits={"members": 5})
    assert len(found.visits) == 5
    assert found.root.state == "limit:members"
    assert found.root.expected_children == 8


LIBARCHIVE = {
    "test_read_format_zip_7z_lzma.zip": 2,
    "test_read_format_zip_ppmd8_multi.zipx": 3,
    "test_read_format_zip_xz_multi.zipx": 3,
    "test_read_format_zip_bzip2_multi.zipx": 3,
    "test_read_format_zip_lzma_multi.zipx": 3,
    "test_read_format_zip_winzip_aes256_large.zip": 4,
    "test_read_format_zip_traditional_encryption_data.zip": 2,
    "test_read_format_zip_filename_cp932.zip": 2,
    "test_read_format_zip_zip64a.zip": 1,
    "test_read_format_zip_padded1.zip": 2,
}


@pytest.mark.parametrize("name", LIBARCHIVE)
def test_archives_of_others(corpora: Path, name: str) -> None:
    path = next((corpora / "libarchive").rglob(name + ".uu"))
    found = opened(decoded(path), name, passwords=("12345678", "password"))
    top = [v for v in found.visits if v.item.parent == "a0"]
    assert len(top) == LIBARCHIVE[name] == found.root.expected_children
    assert {str(v.item.state) for v in top} <= {"ok", "special"}


def test_every_broken_archive_of_others_ends_in_a_state(corpora: Path) -> None:
    for path in sorted((corpora / "libarchive").rglob("*zip*.uu")):
        if path.name.endswith((".zip.uu", ".zipx.uu")):
            found = opened(decoded(path), path.stem)
            assert found.root.state, path.name
            assert found.root.message or found.root.state in ("ok", "empty"), path.name
