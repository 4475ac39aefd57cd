"""The facts against the files, as readers that know nothing of the writers see them."""

from __future__ import annotations

import bz2
import email
import email.policy
import gzip
import io
import lzma
import re
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import extract_msg
import iscc_tika
import olefile
import openpyxl
import pptx
import py7zr
import pymupdf
import pytest
import pyzipper
import tnefparse
import xlrd
import zstandard
from odf import teletype
from odf.opendocument import load as load_odf

from samples import collection, facts
from samples.searches import SEARCHES

CHARSETS = {
    "Gesprächsnotiz Kessler.txt": "cp1252",
    "notes d'appel Lagarde.txt": "latin-1",
    "納期メモ.txt": "shift_jis",
    "Vessel diary.txt": "utf-16",
    "груз.txt": "koi8-r",
}


@dataclass
class Read:
    """One item as read: its place, its own text, what is in it."""

    chain: tuple[str, ...]
    text: str = ""
    body: str = ""
    container: bool = False
    inside: list[Read] = field(default_factory=list)


class Reader:
    """Opens everything; passwords are those of the bank."""

    def __init__(self, passwords: list[str]) -> None:
        self.passwords = passwords
        self.tika = iscc_tika.Extractor()

    def read(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        for magic, reader in (
            (b"PK\3\4", self.zipped), (b"%PDF", self.pdf), (b"\xd0\xcf\x11\xe0", self.ole),
            (b"{\\rtf", self.by_tika), (b"\x1f\x8b", self.gz), (b"BZh", self.bz2),
            (b"\xfd7zXZ", self.xz), (b"\x28\xb5\x2f\xfd", self.zst), (b"7z\xbc\xaf", self.seven),
            (b"\x78\x9f\x3e\x22", self.tnef), (b"From ", self.mbox), (b"<!DOCTYPE", self.html),
        ):  # fmt: skip
            if data.startswith(magic):
                return reader(name, data, chain)
        if data[257:262] == b"ustar":
            return self.tar(name, data, chain)
        if name.endswith(".emlx"):
            count, _, rest = data.partition(b"\n")
            return self.mail(email.message_from_bytes(rest[: int(count)], policy=POLICY), chain)
        if name.endswith(".eml"):
            return self.mail(email.message_from_bytes(data, policy=POLICY), chain)
        if re.match(rb"\x89PNG|\xff\xd8|II\*\0|MM\0\*|KXD", data):
            return Read(chain)
        return Read(chain, data.decode(CHARSETS.get(name, "utf-8")))

    def many(self, chain: tuple[str, ...], members: list[tuple[str, bytes]]) -> Read:
        inside = [self.read(n, d, (*chain, n)) for n, d in members]
        return Read(chain, container=True, inside=inside)

    def gz(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        return self.many(chain, [(name.removesuffix(".gz"), gzip.decompress(data))])

    def bz2(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        return self.many(chain, [(name.removesuffix(".bz2"), bz2.decompress(data))])

    def xz(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        return self.many(chain, [(name.removesuffix(".xz"), lzma.decompress(data))])

    def zst(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        plain = zstandard.ZstdDecompressor().decompress(data)
        return self.many(chain, [(name.removesuffix(".zst"), plain)])

    def tar(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            files = [(m.name, archive.extractfile(m)) for m in archive.getmembers()]
            return self.many(chain, [(n, f.read()) for n, f in files if f])

    def seven(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        factory = py7zr.io.BytesIOFactory(1 << 20)
        with py7zr.SevenZipFile(io.BytesIO(data)) as archive:
            names = archive.getnames()
            archive.extractall(factory=factory)
        return self.many(chain, [(n, factory.get(n).read()) for n in names])

    def tnef(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        parsed = tnefparse.TNEF(data, do_checksum=True)
        files = self.many(chain, [(a.long_filename(), a.data) for a in parsed.attachments])
        subject = next(p.data for p in parsed.objects if p.name == parsed.ATTSUBJECT)
        return Read(chain, subject, inside=files.inside)

    def zipped(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        try:
            archive = pyzipper.AESZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, pyzipper.BadZipFile):
            return self.torn(data, chain)
        names = archive.namelist()
        if "word/document.xml" in names:
            return self.docx(data, chain)
        if "xl/workbook.xml" in names:
            return self.xlsx(data, chain)
        if "ppt/presentation.xml" in names:
            return self.pptx(data, chain)
        if "mimetype" in names:
            return self.odf(data, chain)
        for password in ["", *self.passwords]:
            archive.setpassword(password.encode() or None)
            try:
                return self.many(chain, [(n, archive.read(n)) for n in names])
            except RuntimeError:  # a wrong password, or none
                continue
        return Read(chain)

    def torn(self, data: bytes, chain: tuple[str, ...]) -> Read:
        """The first member of a ZIP without a directory, as far as it goes."""
        name_length, extra_length = struct.unpack_from("<HH", data, 26)
        name = data[30 : 30 + name_length].decode()
        start = 30 + name_length + extra_length
        if name == "[Content_Types].xml":
            return Read(chain)
        text = zlib.decompressobj(-15).decompress(data[start:]).decode()
        return Read(chain, container=True, inside=[Read((*chain, name), text)])

    def docx(self, data: bytes, chain: tuple[str, ...]) -> Read:
        document = docx.Document(io.BytesIO(data))
        words, inside = [], []
        for part in document.part.package.iter_parts():
            name = str(part.partname)
            if re.match(r"/word/(document|header\d|footer\d|comments|footnotes)\.xml", name):
                text = part.blob.decode()
                words.append(_strip(re.sub(r"</w:p>", "\n", text)))
            elif name.startswith("/word/embeddings/"):
                last = name.rpartition("/")[2]
                inside.append(self.read(last, part.blob, (*chain, last)))
        return Read(chain, "\n".join(words), inside=inside)

    def xlsx(self, data: bytes, chain: tuple[str, ...]) -> Read:
        words = []
        for sheet in openpyxl.load_workbook(io.BytesIO(data), data_only=True):
            words.append(sheet.title)
            for row in sheet.iter_rows():
                words += [str(c.value) for c in row if c.value is not None]
                words += [c.comment.text for c in row if c.comment]
        return Read(chain, "\n".join(words))

    def pptx(self, data: bytes, chain: tuple[str, ...]) -> Read:
        words = []
        for slide in pptx.Presentation(io.BytesIO(data)).slides:
            words += [s.text_frame.text for s in slide.shapes if s.has_text_frame]
            if slide.has_notes_slide:
                words.append(slide.notes_slide.notes_text_frame.text)
        return Read(chain, "\n".join(words))

    def odf(self, data: bytes, chain: tuple[str, ...]) -> Read:
        document = load_odf(io.BytesIO(data))
        body = document.body
        names = [t.getAttribute("name") for t in body.getElementsByType(_odf_table())]
        parts = [teletype.extractText(p) for p in body.getElementsByType(_odf_paragraph())]
        return Read(chain, "\n".join([*names, *parts]))

    def pdf(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        document = pymupdf.open(stream=data)
        if document.needs_pass and not any(document.authenticate(p) for p in self.passwords):
            return Read(chain)
        words = []
        for page in document:
            words.append(page.get_text())
            words += [a.info["content"] for a in page.annots()]
            words += [f"{w.field_name} {w.field_value}" for w in page.widgets()]
        files = [(n, document.embfile_get(n)) for n in document.embfile_names()]
        inside = [self.read(n, d, (*chain, n)) for n, d in files]
        return Read(chain, "\n".join(words), inside=inside)

    def ole(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        streams = olefile.OleFileIO(data)
        if streams.exists("Workbook"):
            book = xlrd.open_workbook(file_contents=data, formatting_info=True)
            rows = [[s.name, *s.row_values(r)] for s in book.sheets() for r in range(s.nrows)]
            cells = [int(c) if isinstance(c, float) and c == int(c) else c for r in rows for c in r]
            return Read(chain, "\n".join(map(str, cells)))
        if streams.exists("WordDocument"):
            return self.by_tika(name, data, chain)
        return self.msg(extract_msg.openMsg(data, delayAttachments=False), chain)

    def msg(self, message: Any, chain: tuple[str, ...]) -> Read:
        inside = []
        for attachment in message.attachments:
            if isinstance(attachment.data, bytes):
                last = attachment.longFilename
                inside.append(self.read(last, attachment.data, (*chain, last)))
            else:
                inside.append(self.msg(attachment.data, (*chain, attachment.data.messageId)))
        plain = message.getStringStream("__substg1.0_1000")  # absent where there is only RTF
        body = plain or _strip_html(message.htmlBody.decode("utf-8"))
        head = f"From: {message.sender}\nTo: {message.to}\nCc: {message.cc}\nBcc: {message.bcc}\n"
        return Read(chain, f"{head}\nSubject: {message.subject}\n{body}", body, inside=inside)

    def by_tika(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        reader, _ = self.tika.extract_bytes(bytearray(data))
        return Read(chain, reader.read(1 << 20).decode())

    def html(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        return Read(chain, _strip_html(data.decode()))

    def mbox(self, name: str, data: bytes, chain: tuple[str, ...]) -> Read:
        inside = []
        for raw in split_mbox(data):
            raw = re.sub(rb"(?m)^>(>*From )", rb"\1", raw)
            message = email.message_from_bytes(raw, policy=POLICY)
            inside.append(self.mail(message, (*chain, str(message["Message-ID"]))))
        return Read(chain, container=True, inside=inside)

    def mail(self, message: EmailMessage, chain: tuple[str, ...]) -> Read:
        head = "\n".join(f"{n}: {message[n]}" for n in ("From", "To", "Cc", "Bcc", "Subject"))
        if message.get_content_type() == "application/pkcs7-mime":
            signed = message.get_payload(decode=True)
            start = signed.index(b"Content-Type: multipart/mixed")
            message = email.message_from_bytes(signed[start:], policy=POLICY)
        if message.get_content_type() == "multipart/encrypted":
            parts = list(message.iter_parts())
            inside = [
                Read((*chain, p.get_filename() or ""), "" if n else p.get_content().decode())
                for n, p in enumerate(parts)
            ]
            return Read(chain, head, inside=inside)
        body = message.get_body(("plain", "html"))
        assert body is not None
        text = body.get_content()
        if body.get_content_type() == "text/html":
            text = _strip_html(text)
        rich = message.get_body(("html",))
        if rich is not None:
            assert tokens(_strip_html(rich.get_content())) == tokens(text), chain
        inside = [self.part(part, chain) for part in _attached(message)]
        return Read(chain, f"{head}\n{text}", text, inside=inside)

    def part(self, part: EmailMessage, chain: tuple[str, ...]) -> Read:
        if part.get_content_type() == "message/rfc822":
            inner = part.get_content()
            return self.mail(inner, (*chain, str(inner["Message-ID"])))
        name = part.get_filename()
        return self.read(name, part.get_payload(decode=True), (*chain, name))


POLICY = email.policy.default.clone(raise_on_defect=False)


def split_mbox(data: bytes) -> list[bytes]:
    """Messages behind separator lines that carry an address and a date."""
    pieces = re.split(rb"(?m)^From \S+@\S+ \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\n", data)
    return pieces[1:]


def _attached(message: EmailMessage) -> list[EmailMessage]:
    out: list[EmailMessage] = []
    parts: list[Any] = [message]
    while parts:
        part = parts.pop(0)
        if part.get_content_disposition() in ("attachment", "inline"):
            out.append(part)
        elif part.is_multipart():
            parts = [*part.iter_parts(), *parts]
    return out


def _odf_table() -> Any:
    from odf.table import Table

    return Table


def _odf_paragraph() -> Any:
    from odf.text import P

    return P


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self.skip = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.skip = tag in ("style", "script")
        if tag in ("p", "br", "li", "h1", "blockquote"):
            self.out.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.skip = False

    def handle_data(self, data: str) -> None:
        if not self.skip:
            self.out.append(data)


def _strip_html(markup: str) -> str:
    parser = _Text()
    parser.feed(markup)
    return "".join(parser.out)


def _strip(xml: str) -> str:
    return _strip_html(re.sub(r"<\?xml[^>]*>", "", xml))


def tokens(text: str) -> list[str]:
    """Folded words; written anew here, so that it does not share a fault with the writers."""
    text = unicodedata.normalize("NFKD", text).casefold().replace("ß", "ss")
    text = "".join(c for c in text if not unicodedata.combining(c))
    return re.findall(r"[぀-ヿ㐀-鿿]|[^\W_぀-ヿ㐀-鿿]+", text)


def flat(read: Read) -> list[Read]:
    return [read, *(r for child in read.inside for r in flat(child))]


@pytest.fixture(scope="module")
def everything(sample: Any) -> dict[tuple[str, str], list[Read]]:
    """Of each source file all that is in it, in order."""
    reader = Reader(sample.facts.passwords["bank"])
    out = {}
    for owner in sample.facts.custodians:
        root = sample.root / owner
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            read = reader.read(path.name, path.read_bytes(), ())
            out[owner, path.relative_to(root).as_posix()] = flat(read)
    return out


def by_source(known: facts.Facts) -> dict[tuple[str, str], list[Any]]:
    out: dict[tuple[str, str], list[Any]] = {}
    for item in known.items:
        out.setdefault((item.folder, item.source), []).append(item)
    return out


def test_every_item_is_there_and_no_other(sample: Any, everything: Any) -> None:
    expected = by_source(sample.facts)
    assert sorted(everything) == sorted(expected)
    for key, items in expected.items():
        assert [r.chain for r in everything[key]] == [tuple(i.chain) for i in items], key
        roles = ["container" if r.container else "document" for r in everything[key]]
        assert roles == [i.role for i in items], key


def test_every_word_can_be_read(sample: Any, everything: Any) -> None:
    things = {
        (owner, path): [t for t in thing.walk() if not _shut_in(t, thing)]
        for owner, folder in collection.folders().items()
        for path, thing in folder.items()
    }
    for key, reads in everything.items():
        for read, thing in zip(reads, things[key], strict=True):
            if thing.ocr or thing.role == "container" or thing.lock == "lost":
                continue
            missing = Counter(tokens(thing.text)) - Counter(tokens(read.text))
            assert not missing, (key, read.chain, missing)
            if thing.mail and read.body:
                head = tokens(thing.text.partition("\n\n")[0])
                assert tokens(read.body) == tokens(thing.text)[len(head) :], (key, read.chain)


def _shut_in(thing: Any, top: Any) -> bool:
    """Whether it lies behind a password that nobody has."""
    return any(thing in t.children for t in top.walk() if t.lock == "lost")


def documents(sample: Any, everything: Any) -> dict[str, str]:
    """Text of each document by its id, as read."""
    out = {}
    for key, items in by_source(sample.facts).items():
        for item, read in zip(items, everything[key], strict=True):
            if item.role == "document":
                out[item.id] = " " + " ".join(tokens(read.text)) + " "
    return out


def test_words_and_phrases_are_where_the_facts_say(sample: Any, everything: Any) -> None:
    texts = documents(sample, everything)
    simple = [s for s in sample.facts.searches if re.fullmatch(r'"[^"]+"|\w+', s["query"])]
    assert len(simple) > 20
    for search in simple:
        if search["needs"] == "ocr":
            continue
        phrase = " " + " ".join(tokens(search["query"])) + " "
        assert [i for i, text in texts.items() if phrase in text] == search["hits"], search


def test_hidden_phrases_are_in_their_files(sample: Any, everything: Any) -> None:
    texts = documents(sample, everything)
    for hidden in sample.facts.hidden:
        phrase = " " + " ".join(tokens(hidden["phrase"])) + " "
        assert phrase in texts[hidden["item"]], hidden


def test_proximity_is_never_a_close_call(sample: Any, everything: Any) -> None:
    """Hits hold with two words less, misses with two words more, however words are counted."""
    texts = documents(sample, everything)
    hits = {s["query"]: set(s["hits"]) for s in sample.facts.searches}
    roe = {i.id for i in sample.facts.items if i.mail and "roe@" in i.mail["from"]}
    for query, first, second, most, pool in (
        ("breach w/5 contract AND from:roe", r"breach", r"contract", 5, roe),
        ("(shred OR destroy*) w/8 certificates", r"shred|destroy\w*", r"certificates", 8,
         set(texts)),
    ):  # fmt: skip
        for item in pool:
            have = texts[item].split()
            gaps = [
                abs(a - b)
                for a, one in enumerate(have) if re.fullmatch(first, one)
                for b, two in enumerate(have) if re.fullmatch(second, two)
            ]  # fmt: skip
            closest = min(gaps, default=999)
            assert closest <= most - 1 if item in hits[query] else closest >= most + 4, item


def test_searches_do_not_hang_on_file_names(sample: Any) -> None:
    """A product that also searches file names, or lists them in the mail, finds the same."""
    documents = facts.seen(facts.everything(collection.folders()))
    for document in documents:
        names = [a.thing.name for a in document.attachments]
        head, gap, body = document.text.partition("\n\n")
        own = document.thing.name
        document.text = f"{own}\n{head}\nAttachments: {'; '.join(names)}{gap}{body}\n{own}"
    for search, known in zip(SEARCHES, sample.facts.searches, strict=True):
        pool = [d for d in documents if search.needs == "ocr" or not d.thing.ocr]
        assert [d.id for d in pool if search.test(d)] == known["hits"], search.query


def test_mail_headers_are_the_facts(sample: Any) -> None:
    for path in (sample.root / "jane" / "mail").glob("*.mbox"):
        items = {
            i.chain[-1]: i for i in sample.facts.items
            if i.source == f"mail/{path.name}" and i.folder == "jane" and i.relation == "message"
        }  # fmt: skip
        seen = split_mbox(path.read_bytes())
        assert len(seen) == len(items)
        for raw in seen:
            message = email.message_from_bytes(raw, policy=POLICY)
            mail = items[str(message["Message-ID"])].mail
            assert str(message["Subject"]) == mail["subject"]
            sent = message["Date"].datetime.astimezone(UTC)
            assert f"{sent:%Y-%m-%dT%H:%M:%SZ}" == mail["sent"]
            assert (message["In-Reply-To"] or "") == mail["in_reply_to"]
            assert str(message["References"] or "").split() == mail["references"]
            people = [f"{a.display_name} <{a.addr_spec}>" for a in message["To"].addresses]
            assert people == mail["to"]


def test_a_careless_reader_falls_into_the_mbox_trap(sample: Any, tmp_path: Path) -> None:
    import mailbox

    path = sample.root / "john" / "mail" / "archive.mbox"
    real = len(split_mbox(path.read_bytes()))
    listed = [
        i
        for i in sample.facts.items
        if (i.folder, i.source, i.relation) == ("john", "mail/archive.mbox", "message")
    ]
    assert real == len(listed)
    assert len(mailbox.mbox(path, create=False)) > real
    assert b"\n>From d.kessler@brennhof.example Mon Jun" in path.read_bytes()
    assert b"\n>From the first day" in (sample.root / "jane/mail/sent.mbox").read_bytes()
