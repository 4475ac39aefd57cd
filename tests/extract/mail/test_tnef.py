"""TNEF: real files of others, and streams made byte by byte."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from ediscovery.model.states import State
from tests.extract.mail.reading import root, visits

EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, name: int, data: bytes, length: int | None = None) -> bytes:
    head = struct.pack("<BHHI", level, name, 0, len(data) if length is None else length)
    return head + data + struct.pack("<H", sum(data) & 0xFFFF)


def stream(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def variable(number: int, kind: int, data: bytes) -> bytes:
    padding = b"\0" * (-len(data) % 4)
    return struct.pack("<HHII", kind, number, 1, len(data)) + data + padding


def text(number: int, value: str) -> bytes:
    return variable(number, 0x1F, value.encode("utf-16-le") + b"\0\0")


def properties(*each: bytes) -> bytes:
    return struct.pack("<I", len(each)) + b"".join(each)


def message(subject: str, body: str, *more: bytes) -> bytes:
    props = properties(text(0x0037, subject), text(0x1000, body), text(0x001A, "IPM.Note"))
    return stream(attribute(1, 0x9003, props), *more)


def attached(name: str, data: bytes) -> bytes:
    props = properties(text(0x3707, name))
    return (
        attribute(2, 0x9002, b"\0" * 14) + attribute(2, 0x800F, data) + attribute(2, 0x9005, props)
    )


def embedded(name: str, inner: bytes) -> bytes:
    props = properties(
        text(0x3001, name),
        struct.pack("<HHI", 0x03, 0x3705, 5),
        variable(0x3701, 0x0D, EMBEDDED + inner),
    )
    return attribute(2, 0x9002, b"\0" * 14) + attribute(2, 0x9005, props)


def test_body_and_attachments() -> None:
    # five bytes: a length that needs padding, which must not become part of the file
    data = message("Übersicht", "body words", attached("a.bin", b"12345"), attached("b.txt", b"b"))
    found = visits(data, "winmail.dat")
    item = found[-1].item
    assert item.mime_type == "application/ms-tnef" and item.category == "mail"
    assert item.subject == "Übersicht" and "body words" in found[-1].text
    assert item.expected_children == item.actual_children == 2
    assert [v.item.file_name for v in found[:-1]] == ["a.bin", "b.txt"]
    assert found[0].content is not None and found[0].content.read() == b"12345"


def test_attachments_in_properties_have_no_padding() -> None:
    props = properties(text(0x3707, "c.bin"), variable(0x3701, 0x102, b"12345"))
    data = message("s", "b", attribute(2, 0x9002, b"\0" * 14) + attribute(2, 0x9005, props))
    found = visits(data, "winmail.dat")
    assert found[0].content is not None and found[0].content.read() == b"12345"


def test_embedded_messages_are_messages() -> None:
    inner = message("inside", "inner words", attached("deep.txt", b"deep"))
    found = visits(message("outside", "outer words", embedded("inside", inner)), "winmail.dat")
    assert [v.item.file_name for v in found] == ["deep.txt", "inside.tnef", "winmail.dat"]
    assert found[1].item.subject == "inside" and "inner words" in found[1].text
    assert found[1].content is not None and found[1].content.read() == inner


@pytest.mark.parametrize("length", [5000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_lengths_beyond_the_end(length: int) -> None:
    data = message("kept", "body") + attribute(2, 0x9002, b"") + attribute(2, 0x800F, b"xy", length)
    found = visits(data, "winmail.dat")
    assert found[-1].item.state == State.TRUNCATED
    assert str(length) in found[-1].item.message
    assert found[-1].item.subject == "kept"
    assert found[0].content is not None and found[0].content.read().startswith(b"xy")


def test_counts_beyond_the_end_cost_nothing() -> None:
    for props in (
        struct.pack("<I", 0xFFFFFFFF) + text(0x0037, "kept"),
        struct.pack("<I", 2) + text(0x0037, "kept") + struct.pack("<HHI", 0x101F, 0x8000, 1 << 31),
        properties(text(0x0037, "kept")) + b"",
        struct.pack("<I", 2) + text(0x0037, "kept") + struct.pack("<HHII", 0x1E, 0x10, 1 << 31, 9),
    ):
        item = root(stream(attribute(1, 0x9003, props)), "winmail.dat").item
        assert item.subject == "kept"
    rows = struct.pack("<I", 0xFFFFFFFF) + properties(text(0x3001, "Bob"))
    item = root(stream(attribute(1, 0x9004, rows)), "winmail.dat").item
    assert item.state == State.WARNINGS and "recipients" in item.message


def test_nested_a_thousand_deep() -> None:
    data = message("deepest", "words")
    for number in range(1000):
        data = message(f"level {number}", "words", embedded("inner", data))
    found = visits(data, "winmail.dat", limits={"depth": 20})
    assert len(found) == 21
    assert found[0].item.state == "limit:depth"


def test_not_tnef_at_all() -> None:
    from ediscovery.extract.contract import Content
    from ediscovery.extract.mail import tnef
    from ediscovery.model.errors import EvidenceError
    from tests.extract.mail.reading import context

    for data in (b"", b"xx", b"plain text that is no TNEF"):
        with pytest.raises(EvidenceError):
            tnef.extract(Content(data), context())


def test_files_by_others(corpora: Path) -> None:
    folder = corpora / "poi/test-data/hmef"
    found = visits((folder / "quick-winmail.dat").read_bytes(), "winmail.dat")
    assert "Five files from Hell!" in found[-1].text
    wanted = {path.name: path.read_bytes() for path in (folder / "quick-contents").iterdir()}
    for visit in found[:-1]:
        assert visit.content is not None
        assert visit.content.read() == wanted[visit.item.file_name]
    assert len(found) == 6
    item = root((folder / "bug52400-winmail-simple.dat").read_bytes(), "winmail.dat").item
    assert item.subject == "Testing TNEF Message" and item.sent_at == "2013-10-31T22:12:13Z"
    assert root((folder / "oom.tnef").read_bytes(), "winmail.dat").item.state == State.WARNINGS
