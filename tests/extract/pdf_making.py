"""PDFs written object by object, so that each holds just what a test is about."""

from __future__ import annotations

from typing import Any


def raw(
    objects: dict[int, bytes], root: int = 1, trailer: bytes = b"", header: bytes = b"%PDF-1.7\n"
) -> bytes:
    """A PDF of ``objects`` (number -> source between ``obj`` and ``endobj``) with a right table."""
    out = bytearray(header)
    offsets: dict[int, int] = {}
    for number, source in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, source)
    table = len(out)
    size = max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        if number in offsets:
            out += b"%010d 00000 n \n" % offsets[number]
        else:
            out += b"0000000000 65535 f \n"
    out += b"trailer\n<</Size %d/Root %d 0 R%s>>\n" % (size, root, trailer)
    out += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object's source."""
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(data), entries, data)


def one_page(
    content: bytes, page: bytes = b"", catalog: bytes = b"", more: dict[int, bytes] | None = None
) -> bytes:
    """A PDF with one page that draws ``content`` with font /F1; own objects start at 10."""
    return raw(
        {
            1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
            2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]"
            b"/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R%s>>" % page,
            4: stream(content),
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
            **(more or {}),
        }
    )


def line(text: str, x: int = 72, y: int = 700, setting: str = "") -> bytes:
    """Operators that write one line in 12 points."""
    return f"BT {setting} /F1 12 Tf {x} {y} Td ({text}) Tj ET\n".encode("latin-1")


def pages(*texts: str) -> bytes:
    """A PDF with one page for each of ``texts``."""
    objects: dict[int, bytes] = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    }
    kids = []
    for number, text in enumerate(texts):
        page, content = 10 + 2 * number, 11 + 2 * number
        kids.append(b"%d 0 R" % page)
        objects[page] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]"
            b"/Resources<</Font<</F1 5 0 R>>>>/Contents %d 0 R>>" % content
        )
        objects[content] = stream(line(text))
    objects[2] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    return raw(dict(sorted(objects.items())))


def encrypted(data: bytes, user: str = "", owner: str = "owner") -> bytes:
    """``data`` enciphered with AES-256."""
    pymupdf: Any = __import__("pymupdf")
    document = pymupdf.open(stream=data, filetype="pdf")
    result: bytes = document.tobytes(
        encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=user, owner_pw=owner
    )
    return result
