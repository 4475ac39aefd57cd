"""OLE2 files: text, properties, objects, pictures, passwords; what is cut out is a file again."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import olefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.office import compound_writer, embedded
from samples.office import doc, ole2, xls, xlsx
from samples.office.package import Properties
from tests.extract.office.packages import par, visit, visits, word

MADE = Properties(
    "Lease",
    "Jane Roe",
    "Dieter K",
    datetime(2024, 1, 2, tzinfo=UTC),
    datetime(2024, 2, 3, tzinfo=UTC),
)


def test_word(tmp_path: Path) -> None:
    made = doc.thing("a.doc", MADE, ["first paragraph", "second paragraph"])
    found = visit(made.data, "a.doc", tmp_path)
    item = found.item
    assert (item.state, found.text) == ("ok", "first paragraph\nsecond paragraph\n")
    assert (item.title, item.author, item.last_author) == ("Lease", "Jane Roe", "Dieter K")
    assert item.created_at == "2024-01-02T00:00:00Z"


def test_excel(tmp_path: Path) -> None:
    sheets = [
        xlsx.Sheet("Open", [["party", 12.5], ["Acme", 7]]),
        xlsx.Sheet("Shut", [["secret"]], hidden=True),
    ]
    found = visit(xls.thing("a.xls", MADE, sheets).data, "a.xls", tmp_path)
    assert found.item.state == "ok"
    assert found.text == "Open\nparty\t12.5\nAcme\t7\n\fShut\nsecret\n"
    assert "hidden_sheets" in found.item.flags
    assert found.item.metadata["hidden_sheets"] == ["Shut"]


@pytest.mark.parametrize("name", ["doc", "xls", "ppt"])
def test_old_binaries_open_with_the_bank(name: str, corpora: Path, tmp_path: Path) -> None:
    folder = corpora / "msoffcrypto" / "tests"
    data = (folder / "inputs" / f"rc4cryptoapi_password.{name}").read_bytes()
    plain = (folder / "outputs" / f"rc4cryptoapi_password_plain.{name}").read_bytes()
    shut = visit(data, "a." + name, tmp_path, passwords=("Secret-1", "Secret-2"))
    assert (shut.item.state, shut.text) == ("encrypted", "")
    assert "Secret" not in shut.item.message
    opened = visit(data, "a." + name, tmp_path, passwords=("wrong", "Password1234_"))
    assert opened.item.state == "ok"
    assert opened.text == visit(plain, "a." + name, tmp_path).text
    assert "encrypted_part" in opened.item.flags
    assert opened.item.sha256 == visit(data, "a." + name, tmp_path).item.sha256


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("example_password.docx", "Password1234_"),
        ("ecma376standard_password.docx", "Password1234_"),
        ("example_password.xlsx", "Password1234_"),
        ("xor_password_123456789012345.xls", "123456789012345"),
    ],
)
def test_packages_open_with_the_bank(
    name: str, password: str, corpora: Path, tmp_path: Path
) -> None:
    data = (corpora / "msoffcrypto" / "tests" / "inputs" / name).read_bytes()
    found = visit(data, name, tmp_path, passwords=("wrong", password))
    assert found.item.state == "ok"
    assert found.text.strip()
    assert visit(data, name, tmp_path, passwords=("wrong",)).item.state == "encrypted"


def test_time_for_passwords_is_limited(corpora: Path, tmp_path: Path) -> None:
    data = (corpora / "msoffcrypto/tests/inputs/example_password.docx").read_bytes()
    many = tuple(f"guess {n}" for n in range(10_000))
    found = visit(data, "a.docx", tmp_path, passwords=many, password_seconds=0.5)
    assert found.item.state == "encrypted"
    tried = int(found.item.message.split(";")[1].split()[0])
    assert 0 < tried < 5000


@pytest.mark.parametrize(
    ("streams", "name", "text"),
    [
        ({"Package": word(par("packaged"))}, "_12345.docx", "packaged\n"),
        ({"CONTENTS": b"%PDF-1.4\n%%EOF"}, "_12345.pdf", ""),
    ],
)
def test_objects_in_words_pool(
    streams: dict[str, bytes], name: str, text: str, tmp_path: Path
) -> None:
    data = _with(doc.thing("a.doc", MADE, ["outer"]).data, {"ObjectPool": {"_12345": streams}})
    found = visits(data, "a.doc", tmp_path)
    assert [v.item.file_name for v in found] == [name, "a.doc"]
    assert found[0].text == text
    assert found[-1].item.expected_children == found[-1].item.actual_children == 1


def test_a_document_in_the_pool_is_cut_out_and_read(tmp_path: Path) -> None:
    inner = doc.thing("i.doc", MADE, ["inner words"]).data
    data = _with(doc.thing("a.doc", MADE, ["outer"]).data, {"ObjectPool": {"_7": _tree(inner)}})
    found = visits(data, "a.doc", tmp_path)
    assert [(v.item.file_name, v.text) for v in found] == [
        ("_7.doc", "inner words\n"), ("a.doc", "outer\n"),
    ]  # fmt: skip
    again = visits(data, "a.doc", tmp_path)
    assert again[0].item.sha256 == found[0].item.sha256


def test_macros_and_signatures_are_flagged(tmp_path: Path) -> None:
    data = _with(doc.thing("a.doc", MADE, ["x"]).data, {"Macros": {"VBA": {"dir": b"x"}}})
    assert "macros" in visit(data, "a.doc", tmp_path).item.flags


def test_pictures_of_each_kind(tmp_path: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(40)
    emf = struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44) + struct.pack("<II", 14, 20)
    packed = zlib.compress(emf)
    blips = _blip(0x6E0, 0x1E, bytes(range(16)) + b"\xff" + png)
    blips += _blip(0x6E0, 0x1E, bytes(range(16)) + b"\xff" + png)  # once more: the same picture
    head = struct.pack("<I16s8sIBB", len(emf), b"", b"", len(packed), 0, 0xFE)
    blips += _blip(0x3D4, 0x1A, bytes(range(1, 17)) + head + packed)
    dib = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + bytes(4)
    blips += _blip(0x7A8, 0x1F, bytes(range(2, 18)) + b"\xff" + dib)
    data = _with(doc.thing("a.doc", MADE, ["x"]).data, {"Data": bytes(70) + blips})
    found = visits(data, "a.doc", tmp_path)
    names = [(v.item.file_name, v.item.mime_type) for v in found[:-1]]
    assert names == [
        ("image1.png", "image/png"), ("image2.emf", "image/emf"), ("image3.bmp", "image/bmp"),
    ]  # fmt: skip
    assert all("inline" in v.item.flags for v in found[:-1])
    assert found[1].content is not None
    assert found[1].content.read() == emf


def _blip(instance: int, kind: int, body: bytes) -> bytes:
    return struct.pack("<HBBI", instance << 4, kind, 0xF0, len(body)) + body


def _tree(data: bytes) -> dict[str, bytes]:
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        return {entry[0]: ole.openstream(entry).read() for entry in ole.listdir()}


def _with(data: bytes, more: dict[str, ole2.Storage | bytes]) -> bytes:
    return ole2.write({**_tree(data), **more})


_STORAGE = st.recursive(
    st.binary(max_size=5000),
    lambda inner: st.dictionaries(
        st.text("abcDEF_1", min_size=1, max_size=12), inner, min_size=1, max_size=4
    ),
    max_leaves=6,
).filter(lambda made: isinstance(made, dict))


@settings(deadline=None, max_examples=40)
@given(_STORAGE)
def test_a_storage_cut_out_holds_what_it_held(storage: dict[str, object]) -> None:
    upper = [name.upper() for name in storage]
    if len(set(upper)) < len(upper):
        return  # names that differ in case only are the same name in a compound file
    try:
        whole = ole2.write({"Top": storage})  # type: ignore[dict-item]
        with olefile.OleFileIO(io.BytesIO(whole)) as ole:
            before = _contents(ole, ["Top"])
            copy = compound_writer.copy(ole, ["Top"])
    except OSError:
        return
    with olefile.OleFileIO(io.BytesIO(copy)) as ole:
        assert not ole.parsing_issues
        assert _contents(ole, []) == before


def _contents(ole: olefile.OleFileIO, below: list[str]) -> dict[str, bytes | None]:
    depth = len(below)
    return {
        "/".join(entry[depth:]): ole.openstream(entry).read() if ole.get_type(entry) == 2 else None
        for entry in ole.listdir(streams=True, storages=True)
        if entry[:depth] == below and len(entry) > depth
    }


def test_a_large_storage_needs_more_than_the_header_lists() -> None:
    big = bytes(range(256)) * 32_000  # 8 MB: more FAT sectors than a header holds
    root = compound_writer._Entry("Root Entry", True, children=[1])
    data = compound_writer.write([root, compound_writer._Entry("big", False, big)])
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        assert ole.openstream("big").read() == big
        assert not ole.parsing_issues


def test_the_packagers_wrapper() -> None:
    body = b"\x02\0label.txt\0C:\\a\\label.txt\0\0\0\3\0" + struct.pack("<I", 4) + b"C:t\0"
    body += struct.pack("<I", 5) + b"hello"
    raw = struct.pack("<I", len(body)) + body
    assert embedded.unwrap_native(raw) == embedded.Native("label.txt", "C:\\a\\label.txt", b"hello")
    names = ["C:\\t\0", "名前.txt\0", "C:\\名前.txt\0"]
    wide = b"".join(struct.pack("<I", len(n)) + n.encode("utf-16-le") for n in names)
    found = embedded.unwrap_native(raw + wide)
    assert found is not None
    assert (found.name, found.source_path, found.data) == ("名前.txt", "C:\\名前.txt", b"hello")
    for cut in range(len(raw)):
        embedded.unwrap_native(raw[:cut])  # never raises
