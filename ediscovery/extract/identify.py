"""What a file is, by its content; its name only decides between types that look alike.

Own rules settle mail and every common type within microseconds; a library of magic numbers
(``pure-magic-rs``, libmagic's rules in Rust) names the rest. Rules: ``docs/identification.md``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal, NamedTuple

from ediscovery.extract import signatures, types
from ediscovery.extract.contract import Content


class Identity(NamedTuple):
    """What a file is. ``mismatch``: its extension claims another family of type.

    ``claimed`` is the type that the extension stands for (``""`` when it promises nothing);
    ``also`` a second type that the same bytes are valid as (a picture with a ZIP behind it).
    """

    mime_type: str
    category: str
    mismatch: bool
    claimed: str = ""
    also: str = ""


def identify(content: Content, name: str = "", declared: str = "") -> Identity:
    """The type of ``content``.

    ``name`` is its file name; ``declared`` what the container or the MIME part claims. Both are
    heard only where the bytes leave a choice. Never raises for bad evidence.
    """
    ext = extension(name)
    claimed = types.EXTENSIONS.get(ext, "")
    declared = declared.partition(";")[0].strip().lower()
    mime_type = by_content(content, ext, claimed, declared)
    also = _second_type(content, mime_type)
    kind = category(mime_type)
    if mime_type == types.ENCRYPTED_OOXML:
        kind = category(claimed) if claimed else "document"
    mismatch = bool(also) or (bool(claimed) and lies(claimed, mime_type))
    return Identity(mime_type, kind, mismatch, claimed, also)


CATEGORIES = frozenset({*types.CATEGORIES.values(), "image", "audio", "video", "text", "other"})
"""All that :func:`category` may say."""


def category(mime_type: str) -> str:
    """The kind of document a type is: mail, document, spreadsheet, pdf, image, archive, ..."""
    found = types.CATEGORIES.get(mime_type)
    if found:
        return found
    family = mime_type.partition("/")[0]
    return family if family in ("image", "audio", "video", "text") else "other"


def extension(name: str) -> str:
    """The extension of ``name``, lower case without the dot; ``""`` when it has none."""
    dot = name.rfind(".")
    return name[dot + 1 :].lower() if dot > 0 and len(name) - dot <= 12 else ""


def lies(claimed: str, mime_type: str) -> bool:
    """Whether a name that claims one type on content of the other is a mismatch."""
    if claimed == mime_type or mime_type == types.EMPTY:
        return False
    wanted = types.FAMILY.get(claimed, claimed)
    found = types.FAMILY.get(mime_type, mime_type)
    return wanted != found and (wanted, found) not in types.COMPATIBLE


def by_content(content: Content, ext: str, claimed: str, declared: str) -> str:
    """The type of ``content``; see :func:`identify`. ``claimed`` is what ``ext`` stands for."""
    head = content.head
    if not head:
        return types.EMPTY
    for beginning, mime_type in _BY_FIRST_BYTE.get(head[0], ()):
        if head.startswith(beginning) and (
            mime_type not in _DOUBTFUL or _plausible(mime_type, head)
        ):
            return _refined(mime_type, content, claimed)
    found = mail_type(content, head, ext, declared)
    if found:
        return found
    found = _elsewhere(head, declared, claimed)
    if found:
        return found
    text = text_of(head)
    if text is None:
        if _HTML.match(head):
            return types.HTML
        return _by_library(content) or _late_structure(content)
    if text is not head:
        found = mail_type(content, text, ext, declared)
        if found:
            return found
    return _text_type(text, ext, claimed, declared)


# -- mail ------------------------------------------------------------------------------------

_MAIL_START = re.compile(
    rb"(?:\xef\xbb\xbf)?[ \t\r\n]{0,400}"
    rb"(?:(>?From )[^\r\n]*[0-9@-][^\r\n]*\r?\n(?:>From [^\n]*\n)?)?"
    rb"(?=[!-9;-~]{1,76}[ \t]*:)"
)
_HEADER_NAME = re.compile(rb"^([!-9;-~]{1,76})[ \t]*:", re.MULTILINE)
_BLANK_LINE = re.compile(rb"\n\r?\n|\r\r")
_SEPARATOR = re.compile(
    rb"(?s:.?)\n\r?\nFrom (?:[^\r\n]*[0-9]{1,2}:[0-9]{2}|- |\S+@\S+|\S+ +[A-Z][a-z]{2} )"
    rb"[^\r\n]*\r?\n[!-9;-~]{1,76}[ \t]*:"
)
_ENVELOPE = re.compile(
    rb"From \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}[^\r\n]* [0-9]{4}"
)
_EMLX = re.compile(rb"[0-9]{1,10}[ \t]*\r?\n(?=[!-9;-~]{1,76}:)")
# Only mail software writes these; two are never met in other text.
_STRONG = frozenset(
    b"received return-path message-id mime-version delivered-to dkim-signature x-mailer "
    b"in-reply-to content-transfer-encoding envelope-to x-received list-id "
    b"authentication-results newsgroups "
    b"x-mimeole x-originating-ip x-msmail-priority resent-from resent-date thread-index "
    b"arc-seal received-spf x-envelope-from x-envelope-to x-uidl x-mozilla-status xref "
    b"x-from-line x-gmail-labels x-rsmf-version list-unsubscribe errors-to".split()
)
_WEAK = frozenset(
    b"from to cc bcc subject date sender reply-to content-type organization references "
    b"content-disposition importance precedence x-priority apparently-to".split()
)
_KNOWN = _STRONG | _WEAK
_HTTP = frozenset(b"server set-cookie etag cache-control accept-ranges host".split())
_USUAL = tuple(
    b"\n%b:" % name
    for name in b"message-id mime-version received return-path delivered-to x-mailer".split()
)
_WEB = tuple(b"\n%b" % name for name in sorted(_HTTP))
_MULTIPART = re.compile(
    rb"^content-type[ \t]*:\s*multipart/[^\n]*(?:\n[ \t][^\n]*)*?boundary=", re.MULTILINE | re.I
)
_AUTHOR = re.compile(rb"^from[ \t]*:[^\r\n]*(?:@|(?:\r?\n[ \t][^\r\n]*){1,3}@)", re.I | re.M)
_MAIL_EXTENSIONS = frozenset({"eml", "nws", "rsmf", "mht", "mhtml"})
_PARTS_OF_MAIL = frozenset({"text/rfc822-headers", "message/delivery-status"})


def mail_type(content: Content, head: bytes, ext: str, declared: str) -> str:
    """Whether ``head`` begins a mail, a mailbox or an EMLX: its type, or ``""``."""
    mailbox = ext in ("mbox", "mbx") or declared == types.MBOX
    if mailbox and _ENVELOPE.match(head):
        return types.MBOX
    start = _MAIL_START.match(head)
    if start is None:
        emlx = _EMLX.match(head)
        if emlx and (ext == "emlx" or is_header(head[emlx.end() :], "", "")):
            return "message/x-emlx"
        return ""
    if declared in _PARTS_OF_MAIL:
        return ""
    enveloped = start.group(1) is not None
    if not is_header(head[start.end() :], "eml" if enveloped else ext, declared):
        return ""
    if not enveloped:
        return types.MAIL
    if mailbox:
        return types.MBOX
    return types.MBOX if _has_second_mail(content, start.end()) else types.MAIL


def _has_second_mail(content: Content, at: int) -> bool:
    data = content.buffer()
    if isinstance(data, bytes):
        while (at := data.find(b"\nFrom ", at) + 1) > 0:
            if _SEPARATOR.match(data, max(0, at - 3)):
                return True
        return False
    return _SEPARATOR.search(data, at) is not None


def is_header(block: bytes, ext: str, declared: str) -> bool:
    """Whether ``block`` begins with the header of a mail rather than with text of that look."""
    if _is_usual_header(block):
        return True
    blank = _BLANK_LINE.search(block)
    header = block[: blank.start() + 1] if blank else block
    if b"\n" not in header:
        header = header.replace(b"\r", b"\n")
    names = set(_HEADER_NAME.findall(header.lower()))
    known = names & _KNOWN
    if ext in _MAIL_EXTENSIONS or declared == types.MAIL:
        return bool(known)
    if names & _HTTP:
        return False
    if (ext == "msg" and len(known) > 1) or _MULTIPART.search(header):
        return True
    if known & _STRONG:
        return len(known) > 1 or (len(names) > 1 and b"content-type" not in known)
    if b"sent" in names:  # a printed mail, as Outlook saves it to a text file
        return False
    return b"from" in known and len(known) > 2 and _AUTHOR.search(header) is not None


def _is_usual_header(block: bytes) -> bool:
    """Whether two fields that only mail software writes stand at the beginning: settles most mail.

    Searching for a few names takes a tenth of the time of listing all.
    """
    end = block.find(b"\n\n", 0, 1024)
    dos = block.find(b"\n\r\n", 0, 1024)
    ends = [at for at in (end, dos) if at >= 0]
    head = b"\n" + block[: min(ends, default=1024)].lower()
    return sum(name in head for name in _USUAL) > 1 and not any(name in head for name in _WEB)


# -- binary ----------------------------------------------------------------------------------


def _buckets() -> dict[int, tuple[tuple[bytes, str], ...]]:
    buckets: dict[int, list[tuple[bytes, str]]] = {}
    for beginning, mime_type in signatures.BEGINNINGS:
        buckets.setdefault(beginning[0], []).append((beginning, mime_type))
    return {first: tuple(rows) for first, rows in buckets.items()}


_BY_FIRST_BYTE = _buckets()
_CONTROL = bytes(b for b in range(32) if b not in b"\t\n\r\f\x08\x1a\x1b")
_DER = (
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83.{3}|\x84.{4})"
    rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07([\x02\x03\x06])"
    rb"|\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01(?:\x09|(\x1f)))"
)
_CMS = re.compile(_DER, re.DOTALL)
_NO_CONTENT = b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"heic": "image/heif",
    b"heix": "image/heif",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"avif": "image/avif",
    b"crx ": "image/x-canon-cr3",
    b"jp2 ": "image/jp2",
}
_RIFF = {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}
_LHA = re.compile(rb"..-l[hz][0-9ds]-", re.DOTALL)
_PGP_PACKETS = frozenset(
    b"\x90\xac\xad\xae\xaf\xc4\xca\xcb\xd4\x84\x85\x86\x8c\x8d\xa3\xa6\xa8\xa9\xc1\xc3\xc8\xc9\xd2"
)


def _plausible(mime_type: str, head: bytes) -> bool:
    """Whether a short beginning is more than the start of a text or chance."""
    if mime_type == "image/bmp":
        return head[6:10] == b"\0\0\0\0" and head[14:18] in _BITMAP_HEADERS
    if mime_type == "application/x-bzip2":
        return head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")
    if mime_type == "application/x-lzma":
        return len(head) > 13 and (head[5:13] == b"\xff" * 8 or head[10:13] == b"\0\0\0")
    if mime_type == "application/x-cpio":
        order = _ENDIAN.get(head[0])  # without one it is the form that begins with six digits
        return order is None or 0 < int.from_bytes(head[20:22], order) < 1024
    return text_of(head) is None


_ENDIAN: dict[int, Literal["little", "big"]] = {0xC7: "little", 0x71: "big"}
# Types whose beginning is so short that more must be right.
_DOUBTFUL = frozenset(
    {"image/bmp", "application/x-bzip2", "application/x-lzma", "application/x-cpio", "audio/mpeg"}
    | {"application/vnd.microsoft.portable-executable", "application/x-compress"}
)
_BITMAP_HEADERS = frozenset(bytes((n, 0, 0, 0)) for n in (12, 16, 40, 52, 56, 64, 108, 124))


def _refined(mime_type: str, content: Content, claimed: str) -> str:
    from ediscovery.extract import compound

    if mime_type == types.ZIP:
        return compound.zip_type(content, claimed)
    if mime_type == types.OLE:
        return compound.ole_type(content, claimed)
    if mime_type == "application/vnd.microsoft.portable-executable":
        return _unpacker(content) or mime_type
    return mime_type


def _unpacker(content: Content) -> str:
    """The archive that a self-extracting program carries, or ``""``."""
    start = bytes(content.buffer()[: 1 << 20])
    if b"Rar!\x1a\x07" in start:
        return "application/vnd.rar"
    if b"7z\xbc\xaf\x27\x1c\x00" in start:
        return "application/x-7z-compressed"
    return types.ZIP if _zip_behind(content) else ""


def _elsewhere(head: bytes, declared: str, claimed: str) -> str:
    """Types whose mark does not stand at the beginning."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return _BRANDS.get(brand) or ("video/3gpp" if brand[:3] == b"3gp" else "video/mp4")
    if head[4:8] in (b"moov", b"mdat", b"wide") and head[0] == 0:
        return "video/quicktime"
    if head[:4] in (b"RIFF", b"RIFX"):
        return _RIFF.get(head[8:12], "application/x-riff")
    if len(head) >= 512 and is_tar(head):
        return "application/x-tar"
    if head[0] == 0x30 and (cms := _CMS.match(head)):
        if _NO_CONTENT in head[:200]:
            return (
                "application/x-pkcs7-certificates"
                if b"\x31\x00" + _NO_CONTENT in head[:200]
                else "application/pkcs7-signature"
            )
        if cms.group(2):
            return "application/timestamped-data"
        return "application/pkcs7-mime" if cms.group(1) != b"\x06" else types.UNKNOWN
    if head[:2] == b"\x60\xea" and len(head) > 32:
        return "application/x-arj"
    if _LHA.match(head):
        return "application/x-lha"
    if head[:4] == b"\x01\0\0\0" and head[40:44] == b" EMF":
        return "image/emf"
    if head[:4] == b"\xca\xfe\xba\xbe" and len(head) > 8:
        # How many programs it holds, or the version of a class file, which began at 45.
        number = int.from_bytes(head[4:8], "big")
        return "application/x-mach-o" if number < 45 else "application/java-vm"
    pgp = types.FAMILY.get(claimed) == "pgp" or declared.startswith("application/pgp")
    if pgp and head[0] in _PGP_PACKETS:
        return "application/pgp-encrypted"
    at = head.find(b"%PDF-", 0, 1100)
    if at > 0 and (claimed == "application/pdf" or text_of(head[:at]) is None):
        return "application/pdf"
    return ""


def is_tar(block: bytes) -> bool:
    """Whether a block of 512 bytes is a TAR header: its checksum holds."""
    field = block[148:156].strip(b" \0")
    if not field or len(block) < 512 or not field.isdigit():
        return False
    if not block[0] and block[257:262] != b"ustar":
        return False
    try:
        stated = int(field, 8)
    except ValueError:
        return False
    rest = block[:148] + b" " * 8 + block[156:512]
    total = sum(rest)
    return stated in (total, total - 256 * sum(byte > 127 for byte in rest))


@cache
def _library() -> Any:
    from pure_magic_rs import MagicDb

    return MagicDb()


def _by_library(content: Content) -> str:
    found = str(_library().best_magic_buffer(content.head, None).mime_type)
    found = signatures.RENAMED.get(found, found)
    known = found.partition("/")[0] in ("application", "image", "audio", "video", "font", "model")
    return found if known and found != types.UNKNOWN else ""


def _late_structure(content: Content) -> str:
    """Types that nothing in the first bytes tells: disk images, a ZIP behind other bytes."""
    if content.size > 32774 and bytes(content.buffer()[32769:32774]) == b"CD001":
        return "application/x-iso9660-image"
    return types.ZIP if _zip_behind(content) else types.UNKNOWN


def _zip_behind(content: Content) -> bool:
    """Whether a ZIP that opens stands at the end of ``content``."""
    from ediscovery.extract.archive.directory import data_span, read_directory

    data = content.buffer()
    found = read_directory(data, 1)
    return bool(found and found.members and data_span(data, found.members[0]))


def _second_type(content: Content, mime_type: str) -> str:
    """``application/zip`` when a ZIP that opens stands behind a picture or a PDF."""
    if mime_type != "application/pdf" and not mime_type.startswith("image/"):
        return ""
    if b"PK\x05\x06" not in bytes(content.buffer()[-1100:]):
        return ""
    return types.ZIP if _zip_behind(content) else ""


# -- text ------------------------------------------------------------------------------------

_HTML = re.compile(
    rb"(?:\s++|(?><!--.*?-->)|(?><\?xml[^>]*\?>))*+<(?:!doctype\s+html|html|head|body)[\s>]",
    re.I | re.S,
)
_HTML_PIECE = re.compile(
    rb"(?:\s++|(?><!--.*?-->))*+<(?:script|title|meta|link|style|table|div|p|br|a|b|i|u|font|h[1-6]|span|"
    rb"center|frameset|iframe|base|img|ul|ol|pre|blockquote|form)(?:\s[^<]*)?/?>",
    re.I | re.S,
)
_TAG = re.compile(rb"<(?:[a-z]{1,10}[0-9]?[\s>/]|!--|!doctype)", re.I)
_PROLOG = re.compile(
    rb"(?:\s++|(?><\?.*?\?>)|(?><!--.*?-->)|(?><!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>))*+", re.S
)
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_FLAT = re.compile(rb"office:mimetype\s*=\s*[\"']([a-z.+/-]+)[\"']")
_BLANKS = b" \t\r\n\xef\xbb\xbf"
_NAMED_TEXT = frozenset({"text/csv", "text/tab-separated-values"})


def text_of(head: bytes) -> bytes | None:
    """``head`` as bytes of an ASCII superset when it is text, else ``None``.

    UTF-16 and UTF-32, with a byte order mark or betrayed by their zero bytes, come back as UTF-8.
    """
    wide = ""
    if head[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        wide = "utf-32"
    elif head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        wide = "utf-16"
    elif b"\0" in head:
        wide = _wide_without_mark(head)
        if not wide:
            return None
    if wide:
        whole = head[: len(head) // 4 * 4]
        text = whole.decode(wide, "replace").lstrip("\ufeff").encode("utf-8", "replace")
        if text.count(b"\xef\xbf\xbd") * 3 > len(text) / 10 or b"\0" in text:
            return None
        head, before = text, head
        return head if not _controls(head) else (None if before else head)
    return head if not _controls(head) else None


def _controls(head: bytes) -> bool:
    """More than a stray control character."""
    count = len(head) - len(head.translate(None, _CONTROL))
    return count > 0 and count * 200 > len(head)


def _wide_without_mark(head: bytes) -> str:
    """``utf-16-le`` or ``utf-16-be`` when zero bytes stand where ASCII text has them."""
    half = len(head) // 2
    if half < 4:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > half * 0.4 and even <= half * 0.02:
        return "utf-16-le"
    if even > half * 0.4 and odd <= half * 0.02:
        return "utf-16-be"
    return ""


def _text_type(head: bytes, ext: str, claimed: str, declared: str) -> str:
    """The type of a text, ``claimed`` and ``declared`` deciding between look-alikes."""
    body = head.lstrip(_BLANKS)
    first = body[:1]
    if first in b"bB-wW" and first:
        start = body[:40].lower()
        for beginning, mime_type in signatures.TEXT_BEGINNINGS:
            if start.startswith(beginning):
                return mime_type
    if first == b"<":
        found = _markup_type(body, claimed, declared)
        if found:
            return found
    elif (types.HTML in (claimed, declared)) and _TAG.search(head):
        return types.HTML
    if first == b"{" and body.startswith(b"{\\rtf"):
        return "application/rtf"
    if first == b"%" and body.startswith((b"%PDF-", b"%!PS")):
        return "application/pdf" if body.startswith(b"%PDF-") else "application/postscript"
    for hint in (claimed, declared):
        if hint in _NAMED_TEXT:
            return hint
    if declared == "text/calendar" and b"BEGIN:VCALENDAR" in head.upper():
        return declared
    return types.TEXT


def _markup_type(body: bytes, claimed: str, declared: str) -> str:
    if _HTML.match(body):
        return types.HTML
    is_xml = body.startswith(b"<?xml") or types.FAMILY.get(claimed) == "xml"
    if is_xml or body.startswith(
        (b"<svg", b"<rss", b"<feed", b"<kml", b"<x:xmpmeta", b"<?xpacket")
    ):
        return _xml_type(body)
    if types.HTML in (claimed, declared):
        return types.HTML if _TAG.search(body) else ""
    if claimed not in (types.TEXT, *_NAMED_TEXT) and declared != types.TEXT:
        return types.HTML if _HTML_PIECE.match(body) else ""
    return ""


def _xml_type(body: bytes) -> str:
    prolog = _PROLOG.match(body)
    root = _ROOT.match(body, prolog.end() if prolog else 0)
    if root is None:
        return types.XML
    found = signatures.XML_ROOTS.get(root.group(1).lower(), types.XML)
    if found == "application/vnd.ms-spreadsheetml" and b"office:spreadsheet" not in body:
        return types.XML
    if root.group(1) == b"document" and (flat := _FLAT.search(body)):
        return flat.group(1).decode("ascii") + "-flat-xml"
    return found
