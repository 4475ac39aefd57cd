"""Hostile archives: bombs, quines, slips, links. Each ends in a state, soon and small."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import py7zr
import pytest

from tests.extract.archive.opening import opened
from tests.hostile.quines import gzip_quine

MIB = 1 << 20


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_case_1_a_nested_bomb_stops_at_the_budget() -> None:
    level = zipped({"zeros.txt": bytes(8 * MIB)})
    for number in range(3):
        level = zipped({f"{number}-{copy}.zip": level for copy in range(8)})
    found = opened(level, "42.zip", budget=40 * MIB)
    assert found.root.role == "container"
    assert found.root.expected_children == 8, "the directory is recorded all the same"
    states = {*found.states, str(found.root.state)}
    assert "limit:expansion" in states
    assert sum(v.item.size for v in found.visits) < 60 * MIB


def overlapping(count: int = 250) -> bytes:
    """All entries of the directory point at one kernel of DEFLATE data (Fifield, 2019)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = packer.compress(bytes(4 * MIB)) + packer.flush()
    crc = zlib.crc32(bytes(4 * MIB))
    fields = (20, 0, 8, 0, 0, crc, len(kernel), 4 * MIB)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", *fields, 5, 0) + b"a.txt" + kernel
    central = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *fields, 5, 0, 0, 0, 0, 0, 0) + b"%04d." % n
        for n in range(count)
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(central), len(local), 0)
    return local + central + end


def test_case_2_overlapping_members_are_refused_before_reading() -> None:
    began = time.process_time()
    found = opened(overlapping(), "zbsm.zip")
    assert found.root.state == "limit:overlap"
    assert found.root.role == "document"
    assert found.visits == []
    assert time.process_time() - began < 1, "a promise: refused within a second"


def test_case_2_members_quoted_inside_others_are_refused() -> None:
    """Each local header lies inside the stored bytes of the member before."""
    inner = zipped({"b.txt": b"inner"})
    body = inner[: inner.index(b"PK\1\2")]
    fields = (20, 0, 0, 0, 0, zlib.crc32(body), len(body), len(body))
    local = struct.pack("<4s5H3L2H", b"PK\3\4", *fields, 5, 0) + b"a.txt" + body
    central = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *fields, 5, 0, 0, 0, 0, 0, 0) + b"a.txt"
    at = inner.index(b"PK\1\2")
    second = bytearray(inner[at : inner.index(b"PK\5\6")])
    struct.pack_into("<L", second, 42, 35)
    both = central + bytes(second)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(both), len(local), 0)
    assert opened(local + both + end, "a.zip").root.state == "limit:overlap"


def test_a_lower_ratio_of_the_profile_holds() -> None:
    found = opened(
        zipped({"a.txt": b"a" * 4 * MIB, "b.txt": b"fine"}), "a.zip", limits={"layer_ratio": 10}
    )
    assert found.states == ["limit:ratio", "ok"]
    assert "10 times" in found.item("a.txt").message


def test_a_size_that_lies_does_not_reserve_memory() -> None:
    data = bytearray(zipped({"a.txt": b"small"}))
    for signature, size in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<L", data, data.index(signature) + size, 0xFFFF_FFF0)
    found = opened(bytes(data), "a.zip")
    assert found.states == ["truncated"]
    assert found.contents["a.txt"] == b"small"


def test_case_3_a_quine_is_a_cycle() -> None:
    data = gzip_quine()
    assert gzip.decompress(data) == data
    found = opened(data, "quine.gz")
    assert found.states == ["cycle"]
    assert found.root.role == "container"


def test_case_3_quines_of_others_are_cycles_too(corpora: Path) -> None:
    for name in ("quine.gz", "droste.zip"):
        data = next((corpora / "tika").rglob(name)).read_bytes()
        found = opened(data, name)
        assert "cycle" in found.states and found.root.role == "container"


def test_case_4_a_slow_quine_ends_at_the_depth() -> None:
    level = b"the last one"
    for number in range(30):
        level = zipped({f"{number}.zip": level, "note.txt": b"%d" % number})
    found = opened(level, "slow.zip", limits={"depth": 12})
    assert "limit:depth" in found.states
    assert found.states.count("ok") >= 11, "what lies above the limit is read"


@pytest.mark.parametrize(
    "path",
    [
        "../../escape.txt",
        "/tmp/escape.txt",
        "C:\\Windows\\escape.txt",
        "\\\\server\\share\\escape.txt",
        "C:escape.txt",
        "a/../../../escape.txt",
        "..\\..\\escape.txt",
    ],
)
def test_case_5_no_path_of_evidence_is_ever_written(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    big = b"x" * (33 << 20)  # large enough to be spooled
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(path)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"text"))
    zipped_up = io.BytesIO()
    with zipfile.ZipFile(zipped_up, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(path), big, zipfile.ZIP_DEFLATED)
    for data, name in ((buffer.getvalue(), "a.tar"), (zipped_up.getvalue(), "a.zip")):
        found = opened(data, name)
        item = found.visits[0].item
        assert item.file_name == "escape.txt"
        assert item.metadata["path_raw"] == path
        assert ".." not in item.folder.split("/")
    assert set(tmp_path.rglob("*")) == before
    assert not Path("/tmp/escape.txt").exists()


def test_case_6_links_in_a_tar_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("must not be read")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, target in (
            ("a", tarfile.SYMTYPE, str(secret)),
            ("b", tarfile.SYMTYPE, "a"),
            ("c", tarfile.LNKTYPE, str(secret)),
            ("d", tarfile.LNKTYPE, "../../secret.txt"),
            ("dir", tarfile.SYMTYPE, "/etc"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
        info = tarfile.TarInfo("dir/passwd")  # written through the link by a careless reader
        info.size = 5
        archive.addfile(info, io.BytesIO(b"haha\n"))
    found = opened(buffer.getvalue(), "a.tar")
    assert found.states == ["special"] * 5 + ["ok"]
    assert found.item("a").metadata["link_target"] == str(secret)
    assert b"must not be read" not in b"".join(d or b"" for d in found.data)
    assert found.contents["passwd"] == b"haha\n"


def test_case_7_devices_in_a_tar_are_not_opened() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("fifo", tarfile.FIFOTYPE), ("sda", tarfile.BLKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.devmajor, info.devminor = kind, 8, 0
            archive.addfile(info)
    found = opened(buffer.getvalue(), "a.tar")
    assert found.states == ["special", "special"]


def test_case_19_a_picture_with_a_zip_behind_it_keeps_both_types() -> None:
    gif = b"GIF89a\x01\0\x01\0\0\0\0;"
    found = opened(gif + zipped({"a.txt": b"hidden"}), "a.gif")
    assert found.root.mime_type == "image/gif"
    assert found.root.metadata["also_type"] == "application/zip"
    assert "mismatch" in found.root.flags


@pytest.mark.parametrize("count", [10_000])
def test_case_35_ten_thousand_wrong_passwords_take_no_longer_than_allowed(count: int) -> None:
    import pyzipper

    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"right")
        archive.writestr("a.txt", b"text")
    wrong = tuple(f"wrong{n}" for n in range(count))
    began = time.monotonic()
    found = opened(buffer.getvalue(), "a.zip", wrong, limits={"password_seconds": 1.0})
    assert time.monotonic() - began < 20
    assert found.root.state == "encrypted"
    assert "time" in found.root.message
    assert "wrong" not in found.root.message.replace("wrongly", "")


def test_a_7z_that_unfolds_without_end_stops_at_the_budget() -> None:
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        for number in range(4):
            archive.writestr(bytes(16 * MIB), f"{number}.bin")
    found = opened(buffer.getvalue(), "a.7z", budget=20 * MIB)
    assert found.root.state == "limit:expansion"
    assert len(found.visits) == 1
    assert found.root.expected_children == 4


def test_a_gzip_bomb_stops_at_the_budget() -> None:
    found = opened(gzip.compress(bytes(64 * MIB)), "a.gz", budget=10 * MIB)
    assert found.root.state == "limit:expansion"


def test_a_tar_with_an_endless_description_is_refused() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    found = opened(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024), "a.tar")
    assert found.root.state == "limit:header"


def test_names_that_are_hostile_to_terminals_stay_text() -> None:
    name = "a\x1b[31m\u202etxt.exe\nrm -rf.txt"
    found = opened(zipped({name: b"x"}), "a.zip")
    assert found.visits[0].item.file_name == name


def test_every_cut_and_every_flipped_byte_ends_in_a_state() -> None:
    """A small fuzz over the structures: nothing escapes, nothing hangs."""
    makers = {
        "a.zip": zipped({"a.txt": b"text " * 40, "d/b.txt": b"more"}),
        "a.tar.gz": gzip.compress(b"text " * 40, mtime=0),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a.txt"))
    makers["a.tar"] = buffer.getvalue()[:2048]
    seven = io.BytesIO()
    with py7zr.SevenZipFile(seven, "w") as archive:
        archive.writestr(b"text " * 40, "a.txt")
    makers["a.7z"] = seven.getvalue()
    for name, data in makers.items():
        for at in range(0, len(data), max(1, len(data) // 60)):
            for hurt in (data[:at], data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :]):
                found = opened(hurt, name, limits={"wall_seconds": 5})
                assert found.root.state
