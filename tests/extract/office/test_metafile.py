"""Windows metafiles: the words that their drawing orders write."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.extract.office.packages import visit, visits


def emf(*records: bytes) -> bytes:
    head = struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44)
    return head + b"".join(records) + struct.pack("<II", 14, 20) + bytes(12)


def order(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, 8 + len(body)) + body


def text_order(kind: int, text: bytes, count: int) -> bytes:
    return order(kind, bytes(28) + struct.pack("<iiII", 0, 0, count, 76) + bytes(24) + text)


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        (text_order(84, "größer".encode("utf-16-le"), 6), "größer"),
        (text_order(83, b"narrow", 6), "narrow"),
        (order(108, struct.pack("<iiIIIff", 0, 0, 5, 0x300, 0, 1, 1) + b"small"), "small"),
        (
            order(108, struct.pack("<iiIIIff", 0, 0, 4, 0x100, 0, 1, 1)
                  + "wide".encode("utf-16-le")),
            "wide",
        ),
        (
            order(70, struct.pack("<I4s", 44, b"EMF+") + struct.pack("<HHII", 0x401C, 0, 40, 28)
                  + struct.pack("<III", 0, 0, 4) + bytes(16) + "plus".encode("utf-16-le")),
            "plus",
        ),
        (order(99, b"no text"), ""),
    ],
)  # fmt: skip
def test_emf(record: bytes, shown: str, tmp_path: Path) -> None:
    found = visit(emf(order(33, b""), record), "a.emf", tmp_path)
    assert found.item.mime_type == "image/emf"
    assert (found.item.state, found.text) == ("ok", shown + "\n" if shown else "")


def wmf(*records: bytes) -> bytes:
    head = b"\xd7\xcd\xc6\x9a" + bytes(18) + struct.pack("<HHHIHIH", 1, 9, 0x300, 0, 9, 0, 0)
    return head + b"".join(records) + struct.pack("<IH", 3, 0)


def step(kind: int, body: bytes) -> bytes:
    body += bytes(len(body) % 2)
    return struct.pack("<IH", 3 + len(body) // 2, kind) + body


def font(charset: int) -> bytes:
    return step(0x02FB, bytes(13) + bytes([charset]) + bytes(5))


def select(number: int) -> bytes:
    return step(0x012D, struct.pack("<H", number))


def out(words: bytes) -> bytes:
    return step(0x0A32, struct.pack("<HHHH", 0, 0, len(words), 0) + words)


def test_wmf_in_the_charset_of_the_font_selected(tmp_path: Path) -> None:
    data = wmf(
        font(204),
        step(0x02FA, bytes(10)),
        font(161),
        select(0),
        out("Договор".encode("cp1251")),
        select(2),
        step(0x0521, struct.pack("<H", 4) + "λόγο".encode("cp1253")),
        step(0x01F0, struct.pack("<H", 0)),
        font(238),
        select(0),
        out("řád".encode("cp1250")),
    )
    found = visit(data, "a.wmf", tmp_path)
    assert found.item.mime_type == "image/wmf"
    assert found.text == "Договор\nλόγο\nřád\n"


def test_a_pdf_beside_the_drawing_is_a_child(tmp_path: Path) -> None:
    pdf = b"%PDF-1.4\nnothing\n%%EOF"
    found = visits(
        emf(order(70, struct.pack("<I4s", 99, b"GDIC") + bytes(20) + pdf)), "a.emf", tmp_path
    )
    assert [v.item.file_name for v in found] == ["drawing1.pdf", "a.emf"]
    assert found[0].content is not None
    assert found[0].content.read() == pdf


@pytest.mark.parametrize("cut", range(40, 200, 7))
def test_cut_off_anywhere(cut: int, tmp_path: Path) -> None:
    data = emf(text_order(84, "words".encode("utf-16-le"), 5), order(70, b"\x10\0\0\0EMF+abcdefgh"))
    assert visit(data[:cut], "a.emf", tmp_path).item.state in ("ok", "truncated", "unsupported")
