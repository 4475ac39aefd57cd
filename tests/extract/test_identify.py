"""Types by content: a table of beginnings, mail against text, wrappers, and whole corpora."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.extract import signatures, types
from ediscovery.extract.contract import Content
from ediscovery.extract.identify import category, extension, identify, is_tar, lies
from ediscovery.extract.registry import EXTRACTORS

OOXML = "application/vnd.openxmlformats-officedocument."


def kind(data: bytes, name: str = "", declared: str = "") -> str:
    return identify(Content(data), name, declared).mime_type


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


MAIL = b"From: Ada <ada@example.com>\r\nTo: ben@example.com\r\nSubject: plan\r\n\r\nText.\r\n"


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (MAIL, "", "message/rfc822"),
        (b"\xef\xbb\xbf" + MAIL, "", "message/rfc822"),
        (b"\r\n\r\n" + MAIL, "a.eml", "message/rfc822"),
        (b"Received: from a by b; x\nX-Odd: 1\n\nText", "", "message/rfc822"),
        (b"X-Odd: 1\nMessage-ID: <1@example.com>\n\nText", "", "message/rfc822"),
        (b"Content-Type: multipart/mixed;\n boundary=x\n\n--x", "", "message/rfc822"),
        (b"Subject: only this\n\nText", "a.eml", "message/rfc822"),
        (b"From ada@example.com Mon Jan  1 10:00:00 2001\n" + MAIL, "", "message/rfc822"),
        (
            b"From ada@example.com Mon Jan  1 10:00:00 2001\n" + MAIL
            + b"\nFrom ben@example.com Mon Jan  1 10:00:00 2001\n" + MAIL,
            "",
            "application/mbox",
        ),
        (b"From ada@example.com Mon Jan  1 10:00:00 2001\n" + MAIL, "a.mbox", "application/mbox"),
        (b"123\n" + MAIL + b"<?xml", "a.emlx", "message/x-emlx"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(90), "A.class", "application/java-vm"),
        (b"\xca\xfe\xba\xbe\0\0\0\x02" + bytes(90), "", "application/x-mach-o"),
        # text that only looks like it
        (b"From: the desk of Ada\nTo: all\n\nNotes", "a.txt", "text/plain"),
        (b"From: Ada\nSent: Monday\nTo: Ben\nSubject: plan\n\nText", "a.txt", "text/plain"),
        (b"From: a@b.example\nSent: May 3\nTo: c@d.example\nSubject: x\n\nT", "", "text/plain"),
        (b"from here: it goes\nto there: it ends\n", "a.py", "text/plain"),
        (b"User-agent: *\nDisallow: /\n", "robots.txt", "text/plain"),
        (b"HTTP/1.1 200 OK\nContent-Type: text/html\nDate: x\n\n", "", "text/plain"),
        (b"Date: x\nServer: y\nContent-Type: text/html\nMIME-Version: 1.0\n\n", "", "text/plain"),
        (b"From here to eternity\nA novel: part one\n", "a.txt", "text/plain"),
        (b"title: x\ndate: 2001\nfrom: y\n", "a.yaml", "text/plain"),
    ],
)  # fmt: skip
def test_mail_and_what_looks_like_it(data: bytes, name: str, expected: str) -> None:
    assert kind(data, name) == expected


def test_parts_of_bounces_are_no_mails() -> None:
    header = b"Received: x\nMessage-ID: <1@example.com>\nFrom: a@example.com\n"
    assert kind(header, "", "text/rfc822-headers") == "text/plain"
    assert kind(b"Subject: x\n\n", "", "message/rfc822") == "message/rfc822"


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"%PDF-1.4\n", "", "application/pdf"),
        (b"\n\njunk\0%PDF-1.4\n", "a.pdf", "application/pdf"),
        (b"!BDN\0\0\0\0SM", "", "application/vnd.ms-outlook-pst"),
        (b"\x78\x9f\x3e\x22\x01\x00", "winmail.dat", "application/ms-tnef"),
        (b"{\\rtf1\\ansi text}", "a.doc", "application/rtf"),
        (b"\x89PNG\r\n\x1a\n", "", "image/png"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "", "image/bmp"),
        (b"BMW is a company\nand this a text", "", "text/plain"),
        (b"MZ is what some words begin with", "", "text/plain"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "", "image/heif"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "", "application/x-7z-compressed"),
        (b"Rar!\x1a\x07\x01\x00", "", "application/vnd.rar"),
        (gzip.compress(b"", mtime=0), "", "application/gzip"),
        (b"BZh91AY&SY", "", "application/x-bzip2"),
        (b"BZh is no archive", "", "text/plain"),
        (b"\xfd7zXZ\x00", "", "application/x-xz"),
        (b"\x28\xb5\x2f\xfd\x04", "", "application/zstd"),
        (b"\x50\x2a\x4d\x18\0\0\0\0", "", "application/zstd"),
        (b"SQLite format 3\0", "", "application/vnd.sqlite3"),
        (b"\xcf\xad\x12\xfe", "a.dbx", "application/x-outlook-express-dbx"),
        (bytes.fromhex("3082010006092a864886f70d010703a0820100"), "", "application/pkcs7-mime"),
        (bytes.fromhex("308006092a864886f70d010702a080"), "", "application/pkcs7-mime"),
        (
            bytes.fromhex("3082010006092a864886f70d010702a08200f0020101310f300d06096086")
            + bytes.fromhex("480165030402010500300b06092a864886f70d010701"),
            "smime.p7s",
            "application/pkcs7-signature",
        ),
        (b"-----BEGIN PKCS7-----\nMII", "", "application/pkcs7-mime"),
        (b"-----BEGIN PGP MESSAGE-----\n", "", "application/pgp-encrypted"),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\n", "", "text/plain"),
        (b"\x85\x01\x0c\x03", "a.pgp", "application/pgp-encrypted"),
        (b"BEGIN:VCALENDAR\nVERSION:2.0\n", "", "text/calendar"),
        (b"\xef\xbb\xbfbegin:vcard\n", "", "text/vcard"),
        (b"", "a.txt", "application/x-empty"),
    ],
)  # fmt: skip
def test_beginnings(data: bytes, name: str, expected: str) -> None:
    assert kind(data, name) == expected


@pytest.mark.parametrize(
    ("data", "name", "declared", "expected"),
    [
        (b"plain words", "", "", "text/plain"),
        ("Grüße aus Köln".encode("cp1252"), "", "", "text/plain"),
        ("text".encode("utf-16"), "", "", "text/plain"),
        ("words without a mark, long enough".encode("utf-16-le"), "", "", "text/plain"),
        ("words without a mark, long enough".encode("utf-16-be"), "", "", "text/plain"),
        ("<html><p>x".encode("utf-16"), "", "", "text/html"),
        (b"a,b\n1,2\n", "a.csv", "", "text/csv"),
        (b"a,b\n1,2\n", "a.txt", "", "text/plain"),
        (b"a\tb\n", "", "text/tab-separated-values", "text/tab-separated-values"),
        (b"<!DOCTYPE html>\n<html>", "", "", "text/html"),
        (b"<!-- saved -->\n <HTML>", "a.txt", "", "text/html"),
        (b"<p>a fragment</p>", "", "text/html", "text/html"),
        (b"<p>a fragment</p>", "", "", "text/html"),
        (b"<p>a fragment</p>", "a.txt", "", "text/plain"),
        (b"<b>not a page", "a.py", "", "text/plain"),
        (b"before <br> the tag", "a.htm", "", "text/html"),
        (b'<?xml version="1.0"?><html xmlns="x">', "", "", "text/html"),
        (b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg>', "", "", "image/svg+xml"),
        (b'<svg xmlns="x">', "a.svg", "", "image/svg+xml"),
        (b'<?xml version="1.0"?><a/>', "", "", "application/xml"),
        (b"<?mso-application progid='Word.Document'?><w:wordDocument>", "a.xml", "",
         "application/vnd.ms-wordml"),
        (b"\x9f\0\x17\x91\x03" * 5, "", "", "application/octet-stream"),
    ],
)  # fmt: skip
def test_texts(data: bytes, name: str, declared: str, expected: str) -> None:
    assert kind(data, name, declared) == expected


def _content_types(part: str) -> tuple[str, bytes]:
    return "[Content_Types].xml", f'<Types><Override ContentType="{part}"/></Types>'.encode()


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (zipped(("a.txt", b"x")), "a.docx", "application/zip"),
        (
            zipped(_content_types(OOXML + "wordprocessingml.document.main+xml")),
            "a.zip",
            OOXML + "wordprocessingml.document",
        ),
        (
            zipped(_content_types("application/vnd.ms-excel.sheet.macroEnabled.main+xml")),
            "",
            "application/vnd.ms-excel.sheet.macroenabled.12",
        ),
        (
            zipped(("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"")),
            "",
            "application/vnd.oasis.opendocument.text",
        ),
        (zipped(("mimetype", b"application/epub+zip")), "", "application/epub+zip"),
        (zipped(("META-INF/MANIFEST.MF", b"")), "a.jar", "application/java-archive"),
        (zipped(("Index/Document.iwa", b"")), "a.pages", "application/vnd.apple.pages"),
        (b"PK\5\6" + bytes(18), "", "application/zip"),
    ],
)
def test_zip_based_types(data: bytes, name: str, expected: str) -> None:
    assert kind(data, name) == expected


def test_a_package_whose_directory_is_lost_is_still_its_type() -> None:
    data = zipped(_content_types(OOXML + "wordprocessingml.document.main+xml"), ("word/x", b"x"))
    cut = data[: data.index(b"PK\1\2")]
    assert kind(cut, "a.docx") == OOXML + "wordprocessingml.document"
    assert kind(cut, "a.zip") == "application/zip"


def test_tar_with_and_without_magic() -> None:
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT):
        header = tarfile.TarInfo("a").tobuf(form)
        assert kind(header + bytes(512)) == "application/x-tar"
    old = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT))
    old[257:512] = bytes(255)
    old[148:156] = b" " * 8
    old[148:156] = b"%06o\0 " % sum(old)
    assert kind(bytes(old)) == "application/x-tar"
    old[0] ^= 1
    assert not is_tar(bytes(old))


@pytest.mark.parametrize(
    ("data", "name", "lie"),
    [
        (b"{\\rtf1}", "a.doc", True),
        (b"<html>", "a.xls", True),
        (b"<html>", "a.html", False),
        (b"%PDF-1.4", "a.doc", True),
        (b"words", "a.pdf", True),
        (b"words", "a.log", False),
        (b"words", "a.unknown", False),
        (b"words", "README", False),
        (MAIL, "a.txt", True),
        (b"\x89PNG\r\n\x1a\n", "a.jpg", True),
        (b'<?xml version="1.0"?><svg/>', "a.xml", False),
        (b"\0\1\2\3", "a.docx", True),
        (b"", "a.docx", False),
    ],
)
def test_mismatch(data: bytes, name: str, lie: bool) -> None:
    found = identify(Content(data), name)
    assert found.mismatch is lie
    assert found.claimed == types.EXTENSIONS.get(extension(name), "")


def test_a_second_type_behind_a_picture_is_seen() -> None:
    found = identify(Content(b"GIF89a" + bytes(20) + zipped(("a.txt", b"x"))), "a.gif")
    assert (found.mime_type, found.also, found.mismatch) == ("image/gif", "application/zip", True)


@given(st.binary(max_size=600), st.sampled_from(["", "a.eml", "a.docx", "a.html", "a.pgp"]))
def test_any_bytes_have_one_type(data: bytes, name: str) -> None:
    found = identify(Content(data), name)
    assert "/" in found.mime_type
    assert found.category
    assert found == identify(Content(data), name)


@given(st.sampled_from(signatures.BEGINNINGS), st.binary(max_size=600))
def test_any_bytes_behind_a_known_beginning_have_one_type(
    row: tuple[bytes, str], data: bytes
) -> None:
    for name in ("", "a.doc", "a.docx", "a.txt"):
        assert "/" in identify(Content(row[0] + data), name).mime_type


def test_every_registered_type_can_be_identified() -> None:
    """A type that the registry names and nothing produces would be dead."""
    known = {mime_type for _, mime_type in signatures.BEGINNINGS + signatures.TEXT_BEGINNINGS}
    known |= {mime_type for _, mime_type in signatures.OLE_ENTRIES + signatures.ZIP_MEMBERS}
    known |= set(signatures.OOXML_PARTS.values()) | set(types.EXTENSIONS.values())
    known |= set(signatures.XML_ROOTS.values()) | set(types.FAMILY) | set(types.CATEGORIES)
    known |= {"image/webp", "application/x-mapi-message"}
    unknown = {t for t in EXTRACTORS if t not in known and "opendocument" not in t}
    assert not unknown


def test_categories_and_families_agree() -> None:
    assert category("message/rfc822") == "mail"
    assert category(OOXML + "spreadsheetml.template") == "spreadsheet"
    assert category("image/x-strange") == "image"
    assert category("chemical/x") == "other"
    assert not lies("text/plain", "text/csv")


# -- the corpora -----------------------------------------------------------------------------------


def _types_below(folder: Path, pattern: str) -> dict[Path, str]:
    return {
        path: kind(path.read_bytes()[:65536], path.name)
        for path in sorted(folder.rglob(pattern))
        if path.is_file()
    }


def test_all_mail_of_the_corpora_is_mail(corpora: Path) -> None:
    mails = _types_below(corpora / "spamassassin", "0*.txt")
    assert len(mails) == 3250
    assert {p.name for p, t in mails.items() if t != "message/rfc822"} == set()
    mails = _types_below(corpora / "freeeed", "*.eml")
    assert len(mails) == 1073
    assert {p.name for p, t in mails.items() if t != "message/rfc822"} == set()


def test_no_text_of_the_corpora_is_taken_for_mail(corpora: Path) -> None:
    for folder in ("freeeed", "docling", "udhr", "emailcoref", "ner-datasets", "relativity-import"):
        for pattern in ("*.txt", "*.md", "*.html", "*.py", "*.csv", "*.conll"):
            found = _types_below(corpora / folder, pattern)
            wrong = {
                p.name for p, t in found.items() if t in ("message/rfc822", "application/mbox")
            }
            assert wrong == set(), folder


# Files of Tika's whose extension is not their content, as their own names say.
KNOWN_LIES = {
    "testWORDML_tableInsideParagraph.doc", "testWordPerfect_42.doc", "testODTnotaZipFile.odt",
    "testOneNote-fuzz1.one", "testMessageNews.txt",
    "testRFC822_simple_inline_body.txt", "testGRAPHVIZd.dot", "testGRAPHVIZdc.dot",
    "testGRAPHVIZg.dot",
}  # fmt: skip


def test_types_of_tikas_files_agree_with_their_extensions(corpora: Path) -> None:
    lying = {
        path.name
        for path in sorted((corpora / "tika").rglob("*"))
        if path.is_file()
        and path.name not in KNOWN_LIES
        and identify(Content(path.read_bytes()), path.name).mismatch
    }
    assert lying == set()


def test_the_document_names_every_family() -> None:
    told = (Path(__file__).parents[2] / "docs" / "identification.md").read_text()
    for family in set(types.FAMILY.values()):
        assert f"| {family}" in told or f", {family}" in told or family == "word", family


def test_comments_before_a_root_cost_nothing() -> None:
    # Each comment once doubled the ways in which the beginning could be read.
    data = b"<!--a--> " * 400 + b"<nocblock><p>"
    assert identify(Content(data), "a.xml").mime_type == "application/xml"
    assert identify(Content(data), "a").mime_type == "text/plain"
