"""OpenDocument: text in its order, changes, notes, hidden parts, encryption, flat files."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tests.extract.office.packages import archive, visit, visits

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'
_NAMES += "".join(
    f' xmlns:{short}="{_URN}{name}:1.0"'
    for short, name in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"),
        ("draw", "drawing"), ("presentation", "presentation"), ("meta", "meta"),
        ("manifest", "manifest"), ("svg", "svg-compatible"), ("form", "form"),
    )
)  # fmt: skip
_TEXT = "application/vnd.oasis.opendocument.text"


def content(body: str, kind: str = "text", styles: str = "") -> str:
    return (
        f"<office:document-content{_NAMES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )


def odf(
    body: str, kind: str = "text", styles: str = "", parts: dict[str, bytes | str] | None = None
) -> bytes:
    mime = f"application/vnd.oasis.opendocument.{kind}"
    return archive({"mimetype": mime, "content.xml": content(body, kind, styles), **(parts or {})})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<text:p>one  \n two</text:p>", "one two\n"),
        ("<text:h>Head<text:s text:c='2'/>line<text:tab/>x<text:line-break/>y</text:h>",
         "Head  line\tx\ny\n"),
        ("<text:p>a <text:span>b</text:span> c</text:p>", "a b c\n"),
        ("<text:p>x<text:note><text:note-citation>1</text:note-citation><text:note-body>"
         "<text:p>below</text:p></text:note-body></text:note> y</text:p>", "x y\nbelow\n"),
        ("<text:p>x<office:annotation><dc:creator>Ina</dc:creator><dc:date>2024</dc:date>"
         "<text:p>why?</text:p></office:annotation></text:p>", "x\nIna 2024: why?\n"),
        ("<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
         "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>",
         "a\tb\n"),
        ("<text:p><draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box>"
         "<svg:title>Plan</svg:title></draw:frame></text:p>", "\nboxed\nPlan\n"),
        ("<text:p><text:a xlink:href='https://a.example/'>here</text:a></text:p>",
         "here\nhttps://a.example/\n"),
        ("<text:p><text:ruby><text:ruby-base>東京</text:ruby-base><text:ruby-text>とう"
         "</text:ruby-text></text:ruby></text:p>", "東京(とう)\n"),
    ],
)  # fmt: skip
def test_text(body: str, expected: str, tmp_path: Path) -> None:
    found = visit(odf(body), "a.odt", tmp_path)
    assert (found.item.state, found.text) == ("ok", expected)


def test_tracked_changes(tmp_path: Path) -> None:
    body = (
        "<text:tracked-changes><text:changed-region text:id='c1'><text:deletion>"
        "<office:change-info><dc:creator>Dee</dc:creator></office:change-info>"
        "<text:p>never</text:p></text:deletion></text:changed-region>"
        "<text:changed-region text:id='c2'><text:insertion/></text:changed-region>"
        "</text:tracked-changes><text:p>We <text:change text:change-id='c1'/>"
        "<text:change-start text:change-id='c2'/>always<text:change-end text:change-id='c2'/>"
        " pay</text:p>"
    )
    found = visit(odf(body), "a.odt", tmp_path)
    assert found.text == "We [-never-]always pay\n"
    assert "tracked_changes" in found.item.flags
    assert found.item.metadata["revision_authors"] == ["Dee"]


def test_hidden_text_forms_and_references(tmp_path: Path) -> None:
    styles = (
        "<style:style style:name='H'><style:text-properties text:display='none'/></style:style>"
    )
    body = (
        "<text:p>a<text:span text:style-name='H'>whisper</text:span></text:p>"
        "<text:section text:name='s'><text:section-source xlink:href='http://far.example/x.odt'/>"
        "</text:section><text:p><draw:frame><draw:image xlink:href='Pictures/1.png'/></draw:frame>"
        "</text:p><form:text form:current-value='typed in'/>"
    )
    pictures: dict[str, bytes | str] = {
        "Pictures/1.png": b"\x89PNG\r\n\x1a\n" + bytes(40),
        "Basic/Standard/Module1.xml": "<m/>",
        "Thumbnails/thumbnail.png": b"preview",
        "META-INF/documentsignatures.xml": "<s/>",
        "Versions/Version1": odf("<text:p>an earlier version</text:p>"),
    }
    found = visits(odf(body, styles=styles, parts=pictures), "a.odt", tmp_path)
    item = found[-1].item
    assert "whisper" in found[-1].text
    assert "typed in" in found[-1].text
    assert {
        "hidden_text", "external_reference", "macros", "signed", "prior_revisions", "form",
    } <= set(item.flags)  # fmt: skip
    assert item.metadata["external_references"] == ["http://far.example/x.odt"]
    assert [v.item.file_name for v in found] == ["1.png", "Version1", "a.odt"]
    assert "inline" in found[0].item.flags
    assert found[1].text == "an earlier version\n"


def test_spreadsheets(tmp_path: Path) -> None:
    styles = (
        "<style:style style:name='T'><style:table-properties table:display='false'/></style:style>"
    )
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    body = (
        f"<table:table table:name='Open'><table:table-row>{cell.format('x')}{cell.format('y')}"
        "<table:table-cell table:number-columns-repeated='1000000'/></table:table-row>"
        f"<table:table-row table:visibility='collapse'>{cell.format('covered up')}"
        "</table:table-row><table:table-row><table:table-cell table:formula='of:=SUM([.A1])'/>"
        "</table:table-row></table:table>"
        f"<table:table table:name='Shut' table:style-name='T'><table:table-row>"
        f"{cell.format('z')}</table:table-row></table:table>"
    )
    found = visit(odf(body, "spreadsheet", styles), "a.ods", tmp_path)
    assert found.text == "Open\nx\ty\ncovered up\n=SUM([.A1])\n\fShut\nz\n"
    assert {"hidden_rows", "hidden_sheets"} <= set(found.item.flags)
    assert found.item.metadata["hidden_sheets"] == ["Shut"]


def test_presentations(tmp_path: Path) -> None:
    styles = (
        "<style:style style:name='P'><style:drawing-page-properties presentation:visibility="
        "'hidden'/></style:style>"
    )
    page = (
        "<draw:page{}><draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
        "{}</draw:page>"
    )
    notes = "<presentation:notes><text:p>say this</text:p></presentation:notes>"
    body = page.format("", "one", notes) + page.format(" draw:style-name='P'", "two", "")
    master = (
        f"<office:document-styles{_NAMES}><office:master-styles><style:master-page>"
        "<draw:frame presentation:class='title'><draw:text-box><text:p>Click</text:p>"
        "</draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>Acme AG</text:p>"
        "</draw:text-box></draw:frame></style:master-page></office:master-styles>"
        "</office:document-styles>"
    )
    data = odf(body, "presentation", styles, {"styles.xml": master})
    found = visit(data, "a.odp", tmp_path)
    assert found.text == "one\nsay this\n\ftwo\nAcme AG\n"
    assert "hidden_slides" in found.item.flags
    assert found.item.page_count == 2


def test_properties(tmp_path: Path) -> None:
    meta = (
        f"<office:document-meta{_NAMES}><office:meta><dc:title>Lease</dc:title>"
        "<meta:initial-creator>Jane</meta:initial-creator><dc:creator>Dee</dc:creator>"
        "<meta:creation-date>2024-01-02T03:04:05.123</meta:creation-date>"
        "<meta:keyword>rent</meta:keyword><meta:keyword>term</meta:keyword>"
        "<meta:user-defined meta:name='Matter'>M-1</meta:user-defined>"
        "<meta:document-statistic meta:page-count='4'/></office:meta></office:document-meta>"
    )
    item = visit(odf("<text:p>x</text:p>", parts={"meta.xml": meta}), "a.odt", tmp_path).item
    assert (item.title, item.author, item.last_author) == ("Lease", "Jane", "Dee")
    assert (item.created_at, item.page_count) == ("2024-01-02T03:04:05Z", 4)
    assert item.metadata["keywords"] == "rent; term"
    assert item.metadata["custom_properties"] == {"Matter": "M-1"}


def test_flat_files(tmp_path: Path) -> None:
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
    flat = (
        f"<?xml version='1.0'?><office:document{_NAMES} office:mimetype='{_TEXT}'>"
        "<office:meta><dc:title>Flat</dc:title></office:meta><office:body><office:text>"
        f"<text:p>flat text</text:p><draw:image><office:binary-data>{picture}"
        "</office:binary-data></draw:image></office:text></office:body></office:document>"
    )
    found = visits(flat.encode(), "a.fodt", tmp_path)
    assert [v.item.mime_type for v in found] == ["image/png", _TEXT + "-flat-xml"]
    assert (found[-1].text, found[-1].item.title) == ("flat text\n", "Flat")


def _packed(plain: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(plain) + deflate.flush()


def _entry(name: str, size: int, method: str, vector: bytes, derivation: str, rest: str) -> str:
    b64 = lambda raw: base64.b64encode(raw).decode()  # noqa: E731
    return (
        f"<manifest:file-entry manifest:full-path='{name}' manifest:size='{size}'>"
        f"<manifest:encryption-data {rest}><manifest:algorithm "
        f"manifest:algorithm-name='{method}' manifest:initialisation-vector='{b64(vector)}'/>"
        f"<manifest:key-derivation {derivation} manifest:salt='{b64(b'S' * 16)}'/>"
        "<manifest:start-key-generation manifest:start-key-generation-name='{}'/>"
        "</manifest:encryption-data></manifest:file-entry>"
    )


def _sealed(method: str, password: str) -> bytes:
    """A package under one of the ways in which LibreOffice and OpenOffice encrypt."""
    plain = content("<text:p>sealed words</text:p>").encode()
    hashed = "sha1" if method == "blowfish" else "sha256"
    start = hashlib.new(hashed, password.encode()).digest()
    vector = b"V" * (8 if method == "blowfish" else 16)
    packed = _packed(plain)
    digest = base64.b64encode(hashlib.new(hashed, packed[:1024]).digest()).decode()
    rest = f"manifest:checksum-type='urn:x#{hashed}-1k' manifest:checksum='{digest}'"
    rounds = "manifest:key-derivation-name='PBKDF2' manifest:iteration-count='1024' "
    name, members = "content.xml", {}
    if method == "package":
        inner = archive({"mimetype": _TEXT, "content.xml": plain})
        key = Argon2id(salt=b"S" * 16, length=32, iterations=2, lanes=1, memory_cost=1024).derive(
            start
        )
        data = vector[:12] + AESGCM(key).encrypt(vector[:12], inner, None)
        rounds = (
            "manifest:key-derivation-name='urn:org:x:argon2id' manifest:argon2-iterations='2' "
            "manifest:argon2-memory='1024' manifest:argon2-lanes='1' manifest:key-size='32'"
        )
        name, rest = "encrypted-package", ""
    else:
        size = 16 if method == "blowfish" else 32
        rounds += f"manifest:key-size='{size}'"
        key = hashlib.pbkdf2_hmac("sha1", start, b"S" * 16, 1024, size)
        if method == "blowfish":
            sealer = Cipher(Blowfish(key), CFB(vector)).encryptor()
        else:
            sealer = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
            packed += bytes(-len(packed) % 16 - 1) + bytes([-len(packed) % 16 or 16])
            packed = packed + b"" if len(packed) % 16 == 0 else packed
        data = sealer.update(packed) + sealer.finalize()
    cipher = {"blowfish": "Blowfish CFB", "aes": "x#aes256-cbc", "package": "x#aes256-gcm"}[method]
    entry = _entry(name, len(plain), cipher, vector, rounds, rest).format("x#" + hashed)
    manifest = f"<manifest:manifest{_NAMES}>{entry}</manifest:manifest>"
    members = {"mimetype": _TEXT, name: data, "META-INF/manifest.xml": manifest}
    return archive(members)


@pytest.mark.parametrize("method", ["blowfish", "aes", "package"])
def test_encrypted_packages(method: str, tmp_path: Path) -> None:
    data = _sealed(method, "correct horse")
    found = visit(data, "a.odt", tmp_path, passwords=("wrong", "correct horse"))
    assert (found.item.state, found.text) == ("ok", "sealed words\n")
    assert "encrypted_part" in found.item.flags
    found = visit(data, "a.odt", tmp_path, passwords=("wrong",))
    assert (found.item.state, found.text) == ("encrypted", "")
    assert "1 of 1" in found.item.message
    assert "wrong" not in found.item.message


def test_a_real_encrypted_file(corpora: Path, tmp_path: Path) -> None:
    data = next((corpora / "tika").rglob("testODTEncrypted.odt")).read_bytes()
    found = visit(data, "a.odt", tmp_path, passwords=("no", "tika", "password", "1234", "test"))
    assert "This should be encrypted." in found.text
    assert visit(data, "a.odt", tmp_path).item.state == "encrypted"


def test_what_another_library_wrote(tmp_path: Path) -> None:
    from odf import text
    from odf.opendocument import OpenDocumentText

    document = OpenDocumentText()
    for words in ("first paragraph", "zweiter Absatz äöü", "第三段"):
        document.text.addElement(text.P(text=words))
    file = io.BytesIO()
    document.write(file)
    found = visit(file.getvalue(), "a.odt", tmp_path)
    assert found.item.state == "ok"
    assert found.text.split("\n")[:3] == ["first paragraph", "zweiter Absatz äöü", "第三段"]
