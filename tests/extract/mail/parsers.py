"""Other people's parsers beside ours: what each makes of a message.

``python -m tests.extract.mail.parsers CORPORA`` prints how often they agree over all mail there,
and what each takes for it.
"""

from __future__ import annotations

import email
import hashlib
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

from fast_mail_parser import ParseError, parse_email_tree

from ediscovery.extract.contract import Content
from ediscovery.extract.dates import utc
from ediscovery.extract.mail import addresses, dates, headers, mbox, mime
from ediscovery.extract.mail.eml import message_start
from ediscovery.model.profile import Limits
from tests.extract.mail.reading import context

WORD = re.compile(rb"[A-Za-z0-9]{3,}")
PATTERNS = (
    "spamassassin/**/*.txt",
    "freeeed/**/*.eml",
    "mime4j/**/*.msg",
    "ruby-mail/**/*.eml",
    "cpython-test_email/msg_*.txt",
    "postal-mime/**/*.eml",
    "flufl.bounce/**/*.txt",
    "talon/**/*.eml",
    "talon/**/emails/**/*",
    "rsmf/**/*.rsmf",
    "docling/**/*.eml",
    "tika/**/*.eml",
)


@dataclass
class Seen:
    """What a parser makes of a message: its leaves as type and bytes, and its envelope."""

    leaves: list[tuple[str, bytes]] = field(default_factory=list)
    subject: str = ""
    message_id: str = ""
    sent_at: str = ""
    people: list[str] = field(default_factory=list)
    outside: bytes = b""  # ours only: what stands around the parts, and the header
    refused: str = ""

    def digests(self) -> Counter[str]:
        """How often each attachment occurs, by hash."""
        return Counter(
            hashlib.sha256(content).hexdigest()
            for kind, content in self.leaves
            if content and not kind.startswith(("text/", "message/", "multipart/"))
        )

    def words(self) -> set[bytes]:
        """The words of all text, in bytes."""
        texts = [content for kind, content in self.leaves if kind.startswith(("text", "message/"))]
        return set(WORD.findall(b"\n".join((*texts, self.outside))))


def mails(corpora: Path, every: int = 1) -> Iterator[tuple[str, bytes]]:
    """Every mail file of the corpora, and each ``every``-th message of the large mailbox."""
    for pattern in PATTERNS:
        for path in sorted(corpora.glob(pattern)):
            if path.is_file() and path.stat().st_size:
                yield str(path.relative_to(corpora)), path.read_bytes()
    box = Content(path=corpora / "list.mbox")
    for number, child in enumerate(mbox.extract(box, context("list.mbox")).children):
        if number % every == 0 and child.content is not None:
            yield f"list.mbox/{child.name}", child.content.read()


def ours(data: bytes) -> Seen:
    """This project's parser."""
    limits = Limits()
    found, raw, body, *_ = headers.read(data, message_start(data), len(data), limits)
    parts = mime.structure(data, found, body, limits)
    seen = Seen([(leaf.type, mime.content(data, leaf)) for leaf in parts.leaves])
    seen.outside = b"\n".join((raw.encode(), *(data[a:b] for a, b in parts.stray)))
    seen.subject = headers.plain(found.get("subject", [""])[0])
    seen.message_id = found.get("message-id", [""])[0].strip()
    seen.sent_at = dates.parse(found.get("date", [""])[0])
    fields = [value for name in ("from", "to", "cc") for value in found.get(name, [])]
    seen.people = [box.address.lower() for box in addresses.parse(", ".join(fields)) if box.address]
    return seen


def standard(data: bytes) -> Seen:
    """The standard library's, with its policy ``compat32``."""
    message = email.message_from_bytes(data)
    seen = Seen()
    stack = [message]
    while stack:
        part = stack.pop()
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/delivery-status") and part.is_multipart():
            inner = b"\n".join(bytes(one) for one in part.get_payload())
            seen.leaves.append((kind, inner))
        elif part.is_multipart():
            stack.extend(reversed(part.get_payload()))
        else:
            seen.leaves.append((kind, part.get_payload(decode=True) or b""))
    try:
        seen.subject = str(make_header(decode_header(message["subject"] or "")))
    except (UnicodeError, LookupError, ValueError):
        seen.subject = "\ufffd"
    seen.message_id = str(message["message-id"] or "").strip()
    try:
        moment = parsedate_to_datetime(str(message["date"]))
        seen.sent_at = utc(moment)
    except (ValueError, TypeError):
        seen.sent_at = ""
    fields = [str(value) for name in ("from", "to", "cc") for value in message.get_all(name, [])]
    seen.people = [address.lower() for _, address in getaddresses(fields) if address]
    return seen


def compiled(data: bytes) -> Seen:
    """``fast_mail_parser``."""
    try:
        root = parse_email_tree(data)
    except ParseError as error:
        return Seen(refused=str(error))
    seen = Seen()
    stack = [root]
    while stack:
        part = stack.pop()
        if part.content is None:
            stack.extend(reversed(part.children))
        else:
            seen.leaves.append((part.content_type.lower(), part.content))
    found = {name.lower(): values for name, values in root.headers.items()}
    seen.subject = found.get("subject", [""])[0]
    return seen


def main(corpora: Path) -> None:
    """Print the table."""
    count: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    parsers: dict[str, Callable[[bytes], Seen]] = {
        "ours": ours,
        "fast_mail_parser": compiled,
        "email (stdlib)": standard,
    }
    for _, data in mails(corpora):
        count["messages"] += 1
        seen = {}
        for name, parser in parsers.items():
            start = time.process_time()
            seen[name] = parser(data)
            spent[name] += int((time.process_time() - start) * 1e9)
        mine = seen.pop("ours")
        for name, other in seen.items():
            if other.refused:
                count[f"{name}: refused"] += 1
                continue
            count[f"{name}: same attachments"] += other.digests() == mine.digests()
            count[f"{name}: has an attachment that ours lacks"] += bool(
                other.digests() - mine.digests()
            )
            count[f"{name}: has a word that ours lacks"] += not other.words() <= mine.words()
    for name, number in count.items():
        print(f"{number:8} {name}")
    for name, nanoseconds in spent.items():
        print(f"{nanoseconds / 1000 / count['messages']:8.1f} µs a message, {name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
