"""Messages of RFC 5322 and MIME: one document with its header block, body and attachments.

What is text, what becomes a child, and how the fields are made is written down in ``docs/mail.md``.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Any

from ediscovery.extract.charset import decode
from ediscovery.extract.contract import SPOOL_BYTES, Child, Content, Context, Extraction
from ediscovery.extract.mail import addresses, dates, mime, rsmf, smime
from ediscovery.extract.mail import headers as header_fields
from ediscovery.extract.mail.headers import Headers, plain
from ediscovery.extract.mail.mime import Leaf, Structure
from ediscovery.extract.mail.uuencode import Block, blocks, uudecode
from ediscovery.extract.text import lines, note_armour
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_LAYERS = 5  # of signatures around signatures

HTML_MARK = "[The HTML version says more:]"
STRAY_MARK = "[Outside of the message's parts:]"

_WORDS = re.compile(r"\w+")
_LOOKED_FOR = 12  # more words than this are looked up in the set of all, which takes long to make
_IDS = re.compile(r"<[^<>\s]+>")
_ENVELOPE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:From [^\r\n]*\r?\n)?(?:>From [^\r\n]*\r?\n)?")
_BODY_TYPES = ("text/plain", "text/html")
_SHOWN_BY_HTML = ("image/", "text/css", "font/", "application/font", "text/javascript")
_EXTENSIONS = {
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/csv": "csv",
    "text/css": "css",
    "text/enriched": "txt",
    "text/richtext": "rtf",
    "text/rtf": "rtf",
    "text/rfc822-headers": "txt",
    "message/rfc822": "eml",
    "message/partial": "eml",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
    "message/external-body": "txt",
    "image/jpeg": "jpg",
    "image/pjpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/zip": "zip",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/ms-tnef": "dat",
    "application/pkcs7-mime": "p7m",
    "application/x-pkcs7-mime": "p7m",
    "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s",
    "application/pgp-signature": "asc",
    "application/pgp-encrypted": "asc",
    "application/pgp-keys": "asc",
}


class _Attached:
    """A part, or a uuencoded stretch of one, that becomes a child."""

    __slots__ = ("block", "inline", "leaf", "name")

    def __init__(self, leaf: Leaf, name: str, block: bytes | None = None) -> None:
        self.leaf, self.name, self.block, self.inline = leaf, name, block, False


def extract(content: Content, context: Context) -> Extraction:
    """Reads one message; its attachments are children, nested messages byte for byte."""
    data = content.read()
    limits = context.profile.limits
    if b"\n" not in content.head and b"\r" in content.head and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    start = message_start(data)
    headers, header, body, guessed, cut = header_fields.read(data, start, len(data), limits)
    parts = mime.structure(data, headers, body, limits)
    result = Extraction()
    if parts.leaves and parts.leaves[0].type.endswith("pkcs7-mime"):
        data, parts = _opened(data, parts, context, result)
    result.warnings = parts.warnings
    fields = result.fields
    fields["header"] = header.rstrip("\n")
    if guessed:
        result.flags.add("charset_guessed")
    text, attached = _bodies(data, parts, result)
    _envelope(headers, fields, result)
    names = [a.name for a in attached if not a.inline]
    top = header_block(fields, names)
    result.text = f"{top}\n{text}"
    result.body_start = len(top) + 1
    _marks(headers, parts, result)
    if "x-rsmf-version" in headers:
        _chat(data, attached, result)
    if attached:
        result.children = _children(data, attached, context)
    if attached or parts.too_many:
        result.expected_children = len(attached) + parts.found - len(parts.leaves)
    if cut:
        result.state, result.message = f"{State.LIMIT}:header", cut
    if parts.too_many:
        result.state = f"{State.LIMIT}:parts"
        result.message = f"It has {parts.found} parts; the first {limits.parts} were read."
    return result


def html_bodies(content: Content, context: Context) -> list[str]:
    """The HTML of the message's body, part by part, as it is written; none when it has none."""
    data = content.read()
    limits = context.profile.limits
    headers, _, body, *_ = header_fields.read(data, message_start(data), len(data), limits)
    parts = mime.structure(data, headers, body, limits)
    if parts.leaves and parts.leaves[0].type.endswith("pkcs7-mime"):
        data, parts = _opened(data, parts, context, Extraction())
    found = []
    for number, leaf in enumerate(parts.leaves, 1):
        if leaf.type == "text/html" and _is_body(leaf, number):
            from ediscovery.extract.html import decode_page

            declared = leaf.params.get("charset", "")
            found.append(decode_page(mime.content(data, leaf), declared)[0].text)
    return found


def message_start(data: bytes) -> int:
    """Where the header begins: after a mark, blank lines and the line that a mailbox adds."""
    first = data[:1]
    if first not in b" \t\r\n\xefF>":
        return 0
    match = _ENVELOPE.match(data)
    end = match.end() if match else 0
    # Blank lines belong to the body when no header follows them.
    colon = data.find(b":", end, end + 80)
    if colon < 0 or data.find(b"\n", end, colon) >= 0:
        return 0
    return end


def _opened(
    data: bytes, parts: Structure, context: Context, result: Extraction
) -> tuple[bytes, Structure]:
    """The parts inside of a message that is signed or compressed as a whole (RFC 8551, 3.5.2).

    They stand for the message's own, as in every mail program; an encrypted one stays as it is.
    """
    for _ in range(_LAYERS):
        leaf = parts.leaves[0] if len(parts.leaves) == 1 else None
        if leaf is None or leaf.within or not leaf.type.endswith("pkcs7-mime"):
            break
        try:
            found = smime.unwrap(mime.content(data, leaf), context)
        except EvidenceError as error:
            if error.state == f"{State.LIMIT}:expansion":
                raise
            break
        if found.inner is None:
            break
        if found.signed:
            result.flags.add("signed")
            result.fields["signers"] = found.signers
        data = found.inner
        headers, _, body, *_ = header_fields.read(data, 0, len(data), context.profile.limits)
        parts = mime.structure(data, headers, body, context.profile.limits)
    return data, parts


# -- bodies ----------------------------------------------------------------------------------


def _bodies(data: bytes, parts: Structure, result: Extraction) -> tuple[str, list[_Attached]]:
    """The body as text, and the parts that become children."""
    attached: list[_Attached] = []
    pieces: list[tuple[str, str, int]] = []  # type, text, alternative
    cids: set[str] = set()
    leaves = parts.leaves
    for number, leaf in enumerate(leaves, 1):
        if not _is_body(leaf, number):
            attached.append(_Attached(leaf, _name(leaf, number)))
            continue
        raw = mime.content(data, leaf, result.warnings)
        declared = leaf.params.get("charset", "")
        if leaf.type == "text/html":
            pieces.append(("html", _html(raw, declared, result, cids), leaf.alternative))
            continue
        if b"begin " in raw:
            found = blocks(raw)
            if found:
                raw = _cut_out(raw, found, leaf, attached)
        text = _decoded(raw, declared, result)
        note_armour(text, result)
        pieces.append(("plain", text, leaf.alternative))
    if len(pieces) == 1:
        kind, text, _ = pieces[0]
        if kind == "html" and text:
            result.flags.add("html_only")
    else:
        text = _joined(pieces, result)
    if parts.stray:
        text += f"\n{STRAY_MARK}\n" + "\n".join(
            _decoded(data[a:b].strip(), "", result) for a, b in parts.stray
        )
    for one in attached:
        leaf = one.leaf
        if leaf.type.startswith(_SHOWN_BY_HTML) and one.block is None:
            one.inline = leaf.content_id in cids if leaf.content_id else False
            one.inline = one.inline or (leaf.within == "related" and leaf is not leaves[0])
    return text, attached


def _is_body(leaf: Leaf, number: int) -> bool:
    """Whether ``leaf`` is text of the message itself; one with a name is only when it is the first
    part or a version of the body."""
    if leaf.type not in _BODY_TYPES or leaf.disposition == "attachment":
        return False
    return not leaf.filename or number == 1 or (leaf.alternative > 0 and leaf.within != "mixed")


def _decoded(raw: bytes, declared: str, result: Extraction) -> str:
    """``raw`` as text with plain line ends; what had to be guessed is flagged."""
    found = decode(raw, declared)
    if found.guessed or found.damaged:
        _note_charset(found.charset, found.guessed, found.damaged, declared, result)
    return lines(found.text)


def _note_charset(
    charset: str, guessed: bool, damaged: bool, declared: str, result: Extraction
) -> None:
    if guessed:
        result.flags.add("charset_guessed")
    if declared:
        result.fields["charset_declared"] = declared[:60]
    result.fields["charset"] = charset
    if damaged:
        warning = f"Some bytes of the body are no characters of {charset}."
        if warning not in result.warnings:
            result.warnings.append(warning)


def _html(raw: bytes, declared: str, result: Extraction, cids: set[str]) -> str:
    from ediscovery.extract.html import decode_page, describe, read

    found, declared = decode_page(raw, declared)
    if found.guessed or found.damaged:
        _note_charset(found.charset, found.guessed, found.damaged, declared, result)
    page = read(found.text)
    describe(page, result)
    cids |= page.cids
    return page.text


def _cut_out(raw: bytes, found: list[Block], leaf: Leaf, attached: list[_Attached]) -> bytes:
    """``raw`` without the uuencoded files in it, which are added to ``attached``."""
    kept, at = [], 0
    for block in found:
        name = plain(decode(block.name).text) or f"part-{len(attached) + 1}"
        attached.append(_Attached(leaf, name, raw[block.inside : block.stop]))
        kept.append(raw[at : block.start])
        at = block.end
    kept.append(raw[at:])
    return b"".join(kept)


def _joined(pieces: list[tuple[str, str, int]], result: Extraction) -> str:
    """One text of several bodies: of alternatives the plain one, and what only HTML says."""
    plains: dict[int, str] = {}
    for kind, text, alternative in pieces:
        if kind == "plain" and alternative:
            plains[alternative] = (
                f"{plains[alternative]}\n{text}" if alternative in plains else text
            )
    chosen: list[str] = []
    only_html = True
    for kind, text, alternative in pieces:
        if kind == "html":
            other = plains.get(alternative, "") if alternative else ""
            if other and not other.isspace():
                text = only_in_html(other, text)
                if text:
                    text = f"{HTML_MARK}\n{text}"
        elif text and not text.isspace():
            only_html = False
        if text:
            chosen.append(text)
    if only_html and chosen:
        result.flags.add("html_only")
    return "\n".join(chosen)


def only_in_html(text: str, html: str) -> str:
    """The lines of ``html`` that hold a word which ``text`` lacks."""
    missing = set(html.split()).difference(text.split())
    if not missing:
        return ""
    whole = text.lower()
    if len(missing) <= _LOOKED_FOR:
        new = {m for m in missing if not all(_holds(whole, w) for w in _WORDS.findall(m.lower()))}
    else:
        words = set(_WORDS.findall(whole))
        new = {m for m in missing if not words.issuperset(_WORDS.findall(m.lower()))}
    if not new:
        return ""
    return "\n".join(line for line in html.split("\n") if not new.isdisjoint(line.split()))


def _holds(text: str, word: str) -> bool:
    """Whether ``word`` stands in ``text`` as a word of its own."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        before, after = text[at - 1 : at] if at else "", text[end : end + 1]
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
            return True
        at = text.find(word, at + 1)
    return False


def _name(leaf: Leaf, number: int) -> str:
    """The name of a part, or one made of its number where it has none."""
    if leaf.filename:
        return leaf.filename
    if leaf.location:  # in saved web pages the address that a part was loaded from
        last = leaf.location.partition("?")[0].rpartition("/")[2]
        if "." in last[1:]:
            return last
    ext = _EXTENSIONS.get(leaf.type)
    if ext is None:
        family, _, subtype = leaf.type.partition("/")
        ext = subtype if family in ("image", "audio", "video") and subtype.isalnum() else "bin"
    stem = "message" if leaf.type == "message/rfc822" else "part"
    return f"{stem}-{number}.{ext}"


# -- children --------------------------------------------------------------------------------


def _children(data: bytes, attached: list[_Attached], context: Context) -> Iterator[Child]:
    """The attachments in the order in which they stand, each decoded when its turn comes."""
    for one in attached:
        leaf = one.leaf
        problems: list[str] = []
        if one.block is not None:
            content = Content(uudecode(one.block, problems))
            declared = ""
        else:
            content = _content(data, leaf, problems, context)
            declared = leaf.type
            if "charset" in leaf.params and declared.startswith("text/"):
                declared = f"{declared}; charset={leaf.params['charset'][:60]}"
        fields: dict[str, Any] = {}
        if leaf.content_id:
            fields["content_id"] = leaf.content_id
        if leaf.description:
            fields["description"] = leaf.description
        if leaf.location:
            fields["source_url"] = leaf.location
        yield Child(
            one.name,
            content,
            "inline" if one.inline else "attachment",
            declared,
            state=State.WARNINGS if problems else State.OK,
            message=" ".join(problems),
            fields=fields,
            flags=("inline",) if one.inline else (),
        )


def _content(data: bytes, leaf: Leaf, problems: list[str], context: Context) -> Content:
    """The decoded bytes of ``leaf``, in a file of scratch when they are many."""
    if leaf.end - leaf.start <= SPOOL_BYTES:
        return Content(mime.content(data, leaf, problems))
    with context.spool() as file:
        file.write(mime.content(data, leaf, problems))
        name = file.name
    return Content(path=name)


# -- fields ----------------------------------------------------------------------------------


def _envelope(headers: Headers, fields: dict[str, Any], result: Extraction) -> None:
    """The columns and metadata that the header gives; see ``docs/mail.md``."""
    get = headers.get
    if values := get("from"):
        found = addresses.parse(values[0])
        fields["from_"] = "; ".join([one.text for one in found])
        fields["from_address"] = found[0].address.lower() if found else ""
    for name in ("to", "cc", "bcc"):
        if values := get(name):
            found = addresses.parse(values[0] if len(values) == 1 else ", ".join(values))
            fields[name] = [one.text for one in found]
            fields[name + "_addresses"] = [one.address.lower() for one in found if one.address]
    if values := get("subject"):
        fields["subject"] = fields["title"] = plain(values[0])
    if values := get("message-id"):
        value = values[0].strip()
        fields["message_id"] = value[: value.find(">") + 1] or value
    if values := get("date"):
        fields["sent_at_raw"] = raw = values[0].strip()
        fields["sent_at"] = sent = dates.parse(raw)
        if not sent:
            result.flags.add("date_invalid")
    if values := get("received"):
        raw = values[0].rpartition(";")[2].strip()
        if received := dates.parse(raw):
            fields["received_at"] = received
            fields["received_at_raw"] = raw
    if values := get("in-reply-to"):
        ids = _IDS.findall(values[0])
        fields["in_reply_to"] = ids[0] if ids else plain(values[0])
    if values := get("references"):
        fields["references"] = _IDS.findall(" ".join(values)) or values[0].split()
    _rarer(headers, fields)


_PRIORITIES = {"1": "high", "2": "high", "3": "normal", "4": "low", "5": "low"}
_PLAIN_FIELDS = (
    ("thread-topic", "thread_topic"),
    ("x-gmail-labels", "labels"),
    ("x-rsmf-application", "chat_platform"),
    ("x-rsmf-participants", "chat_participants"),
    ("x-rsmf-begindate", "chat_begin"),
    ("x-rsmf-enddate", "chat_end"),
    ("x-rsmf-eventcount", "chat_message_count"),
    ("x-rsmf-custodian", "chat_custodian"),
    ("snapshot-content-location", "source_url"),
)


def _rarer(headers: Headers, fields: dict[str, Any]) -> None:
    """Fields that few mails have."""
    get = headers.get
    if values := get("sender"):
        found = addresses.parse(values[0])
        if found and found[0].address.lower() != fields.get("from_address", ""):
            # RFC 5322: From is whom the mail speaks for, Sender who sent it.
            fields["sender"] = found[0].text
            fields["sender_address"] = found[0].address.lower()
            fields["sent_representing"] = fields.get("from_", "")
    if values := get("reply-to"):
        fields["reply_to"] = [one.text for one in addresses.parse(values[0])]
    if values := get("thread-index"):
        fields["conversation_index"] = _hex(values[0])
    if values := get("importance") or get("x-msmail-priority"):
        fields["importance"] = plain(values[0]).lower()
    elif values := get("x-priority"):
        fields["importance"] = _PRIORITIES.get(values[0].strip()[:1], "normal")
    if values := get("sensitivity"):
        fields["sensitivity"] = plain(values[0]).lower().removeprefix("company-")
    if values := get("status"):
        fields["read_flag"] = "R" in values[0]
    elif values := get("x-mozilla-status"):
        flags = values[0].strip()
        if len(flags) == 4 and flags.isalnum():
            fields["read_flag"] = flags[3] in "13579bdfBDF"
    for name, field in _PLAIN_FIELDS:
        if values := get(name):
            fields[field] = plain(values[0])


def _chat(data: bytes, attached: list[_Attached], result: Extraction) -> None:
    """What the manifest of a chat says; the header, where it says the same, goes first."""
    result.fields["record_type"] = "Chat"
    for one in attached:
        if one.name.lower() != rsmf.NAME:
            continue
        try:
            found = rsmf.describe(mime.content(data, one.leaf))
        except ValueError as error:
            result.warnings.append(f"The manifest of the chat could not be read: {error}.")
        else:
            result.fields = {**found, **result.fields}
        return


def _hex(value: str) -> str:
    """The base64 of a ``Thread-Index`` as hexadecimal digits; ``""`` when it is none."""
    letters = "".join(value.split()).encode("ascii", "replace")
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4), strict_mode=True).hex()
    except binascii.Error:
        return ""


def header_block(fields: dict[str, Any], names: list[str]) -> str:
    """The lines above a mail's body, in a fixed order, those left out that would say nothing.

    ``fields`` are the extraction's, ``names`` those of the attachments. Each line ends in ``\\n``.
    """
    get = fields.get
    block = []
    if value := get("from_"):
        block.append(f"From: {value}\n")
    if "sender" in fields:
        block.append(f"Sender: {fields['sender']}\n")
    if values := get("to"):
        block.append(f"To: {'; '.join(values)}\n")
    if values := get("cc"):
        block.append(f"Cc: {'; '.join(values)}\n")
    if values := get("bcc"):
        block.append(f"Bcc: {'; '.join(values)}\n")
    if value := get("sent_at_raw"):
        block.append(f"Date: {plain(value)}\n")
    if value := get("subject"):
        block.append(f"Subject: {value}\n")
    if names:
        block.append(f"Attachments: {'; '.join(names)}\n")
    return "".join(block)


def _marks(headers: Headers, parts: Structure, result: Extraction) -> None:
    """Flags and warnings about signatures, encryption and messages that are not whole."""
    if "signed" in parts.containers:
        result.flags.add("signed")
    if "encrypted" in parts.containers:
        result.flags.add("encrypted_part")
    for leaf in parts.leaves:
        kind = leaf.type
        if kind.endswith("pkcs7-mime"):
            smime = leaf.params.get("smime-type", "").lower()
            result.flags.add("signed" if smime == "signed-data" else "encrypted_part")
        elif kind == "message/partial":
            number, total = leaf.params.get("number", "?"), leaf.params.get("total", "?")
            result.warnings.append(
                f"It is fragment {number[:9]} of {total[:9]} of a message that was cut up."
            )
        elif kind == "message/external-body":
            result.flags.add("external_reference")
