"""What our readers of PST and MSG find beside libpff and extract-msg, in both directions.

``python -m benchmarks.extraction_outlook --corpora DIR`` prints one line a store or set of MSG
files: messages, attachments and recipients by either side, and the distinct words of bodies (plain
text, and HTML without its tags) that only one side has. Messages inside messages are counted in
wherever a library gives them; body words are those of a file's message and of all inside it.
``--show`` lists every difference by file.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lxml.html

from benchmarks.extraction import files, words
from benchmarks.measure import machine
from ediscovery.extract.contract import Budget, Child, Content, Context
from ediscovery.extract.walk import walk
from ediscovery.model.profile import Profile

FOLDERS = ("java-libpst", "msgreader-net", "outlook-pst-rs", "poi", "pst-extractor")
FOLDERS += ("relativity-import", "tika")
_OLE2, _PST = b"\xd0\xcf\x11\xe0", b"!BDN"
# extract-msg reads these as Latin letters.
MISREAD = ("ASCII_CP1251_LCID1049.msg", "HTMLBodyBinary_CP1251.msg", "chinese-traditional.msg")
_MESSAGES = ("application/x-mapi-message", "application/vnd.ms-outlook")
_INLINE = re.compile(r"</?(?:span|font|b|i|u|a|em|strong)\b[^>]*>", re.IGNORECASE)  # inside words
_STYLES = re.compile(r"<(style|script)\b.*?</\1\s*>|<!--.*?-->|<\?.*?>", re.DOTALL | re.IGNORECASE)


@dataclass(slots=True)
class Found:
    """What one side finds in one file."""

    messages: int = 0
    attachments: int = 0
    recipients: int = 0
    body: set[str] = field(default_factory=set)
    error: str = ""

    @property
    def counts(self) -> tuple[int, int, int]:
        """Messages, attachments, recipients."""
        return self.messages, self.attachments, self.recipients

    def add(self, other: Found) -> None:
        """Sum ``other`` up; its words stay with their file."""
        self.messages += other.messages
        self.attachments += other.attachments
        self.recipients += other.recipients


def by_us(path: Path) -> Found:
    """Our walk: every message with its people, every attachment."""
    found = Found()
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(Profile(), Path(scratch), Budget(1 << 31))
        for visit in walk(Child(path.name, Content(path=path), "file"), "a0", path.name, context):
            item = visit.item
            if item.mime_type in _MESSAGES:
                found.messages += 1
                found.attachments += item.actual_children or 0
                found.recipients += len(item.to) + len(item.cc) + len(item.bcc)
                found.body |= words(visit.text[item.body_start :])
    return found


def by_libpff(path: Path) -> Found:
    """All messages below the root folder and among the orphans."""
    import pypff

    found = Found()
    file = pypff.file()
    file.open(str(path))
    for item in _items(file.root_folder):
        _libpff_message(item, found)
    for index in range(file.number_of_orphan_items):
        _libpff_message(file.get_orphan_item(index), found)
    file.close()
    return found


def _items(folder: Any) -> Iterator[Any]:
    for index in range(folder.number_of_sub_messages):
        yield folder.get_sub_message(index)
    for below in folder.sub_folders:
        yield from _items(below)


def _libpff_message(item: Any, found: Found) -> None:
    found.messages += 1
    if not hasattr(item, "attachments"):
        return  # an item of a class that the library does not know
    if item.recipients:
        found.recipients += item.recipients.number_of_recipients
    for body in (item.plain_text_body, _stripped(item.html_body)):
        found.body |= words(_text(body))
    for attachment in item.attachments:
        found.attachments += 1
        for index in range(attachment.number_of_sub_items):
            _libpff_message(attachment.get_sub_item(index), found)


def by_extract_msg(path: Path) -> Found:
    """The message and those embedded in it."""
    import extract_msg

    found = Found()
    try:
        message = extract_msg.openMsg(path)
    except Exception as error:
        return Found(error=type(error).__name__)
    _extracted(message, found)
    message.close()
    return found


def _extracted(message: Any, found: Found) -> None:
    found.messages += 1
    found.recipients += len(getattr(message, "recipients", ()))
    for name in ("body", "htmlBody"):
        try:
            body = getattr(message, name, None)
        except Exception:
            body = None  # it raises on some wrapped bodies
        found.body |= words(_text(_stripped(body) if name == "htmlBody" else body))
    for attachment in message.attachments:
        found.attachments += 1
        if hasattr(attachment.data, "attachments"):
            _extracted(attachment.data, found)


def _text(body: str | bytes | None) -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""


def _stripped(markup: bytes | None) -> str:
    """The text between the tags, by neither side's own reader of HTML."""
    if not markup:
        return ""
    try:
        page = markup.decode("utf-8")
    except UnicodeDecodeError:
        page = markup.decode("cp1252", "replace")
    page = _INLINE.sub("", _STYLES.sub(" ", page)).strip()
    return " ".join(lxml.html.fromstring(page).itertext()) if page else ""


def main() -> int:
    """Exit code 1 when a library finds a message, attachment, recipient or word that ours lacks.

    Words that it reads in the wrong code page, from the files of ``MISREAD``, do not count.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.extraction_outlook",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--corpora", type=Path, default=os.environ.get("EDISCOVERY_CORPORA"))
    parser.add_argument("--show", action="store_true", help="each difference with its file")
    chosen = parser.parse_args()
    if chosen.corpora is None:
        parser.error("set EDISCOVERY_CORPORA or give --corpora")
    logging.disable(logging.CRITICAL)
    print(f"{machine()}\n")
    print(
        "| files | messages | attachments | recipients | words only ours | only theirs | refused |"
    )
    print("|---|---|---|---|---|---|---|")
    stores = compare(Path(chosen.corpora), ".pst", _PST, "libpff", by_libpff, chosen.show)
    singles = compare(
        Path(chosen.corpora), ".msg", _OLE2, "extract-msg", by_extract_msg, chosen.show
    )
    return int(stores or singles)


def compare(
    corpora: Path, suffix: str, mark: bytes, name: str, theirs: Callable[[Path], Found], show: bool
) -> bool:
    """Print the line of one kind of file; whether ``theirs`` finds anything that ours lacks."""
    sums = (Found(), Found())
    count = refused = mine = other = 0
    lost = False
    for path in files(corpora, FOLDERS):
        if path.suffix.lower() != suffix or path.read_bytes()[:4] != mark:
            continue
        pair = (by_us(path), theirs(path))
        for total, found in zip(sums, pair, strict=True):
            total.add(found)
        count += 1
        refused += bool(pair[1].error)
        less = pair[1].body - pair[0].body
        mine += len(pair[0].body - pair[1].body)
        other += len(less)
        us, them = (found.counts for found in pair)
        lost = lost or any(map(int.__lt__, us, them)) or (bool(less) and path.name not in MISREAD)
        if show and (us != them or less):
            print(path.name, us, them, pair[1].error, sorted(less)[:40], file=sys.stderr)
    cells = [f"{us} : {them}" for us, them in zip(*(s.counts for s in sums), strict=True)]
    print(f"| {count} {suffix}, {name} | {' | '.join(cells)} | {mine} | {other} | {refused} |")
    return lost


if __name__ == "__main__":
    sys.exit(main())
