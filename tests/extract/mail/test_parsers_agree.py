"""Over all mail in the corpora: what ours finds against what two other parsers find.

A disagreement is either a reasoned case of the table below or a failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extract.mail.parsers import Seen, compiled, mails, ours, standard

CUT = "its base64 is cut short: the standard library gives it back undecoded, ours what it holds"
ENCODED = "an encoded message/rfc822: the standard library does not decode it, ours does"
FOOTER = "base64 with a plain footer after it, or none at all under that name"
REASONS = {
    "spamassassin/spam-1/00260.c75ce8b8d8bfc55723426979d260bf61.txt": CUT,
    "spamassassin/spam-1/00307.7ed50c6d80c6e37c8cc1b132f4a19e4d.txt": CUT,
    "spamassassin/spam-1/00313.fab744bfd5a128fca39b69df9811c086.txt": FOOTER,
    "mimetools-testmsgs/multi-2gifs-base64.msg": ENCODED,
    "mimetools-testmsgs/multi-frag.msg": FOOTER,
    "mimetools-testmsgs/twopart.msg": 'the encoding is written "base64" with quotes',
    "testmsgs/bad-newlines-multiple-parts-base64.msg": ENCODED,
    "testmsgs/base64encoded-rfc822message-nested.msg": ENCODED,
    "testmsgs/base64encoded-rfc822message.msg": ENCODED,
    "cpython-test_email/msg_14.txt": "the type is no type: ours reads it as text",
    "cpython-test_email/msg_39.txt": FOOTER,
    "bounce/tests/data/groupwise_03.txt": FOOTER,
    "test-documents/testGroupWiseEml.eml": ENCODED,
    "list.mbox/": "quoted-printable: the compiled parser makes CR LF of every line end",
}
# Where the envelope is read otherwise.
ENVELOPE = {
    "raw_email_incorrect_header.eml": "fields after a damaged line are still fields",
    "rfc2822/example13.eml": "fields after a damaged line are still fields",
    "testmsgs/obsolete.msg": "blanks before the colon",
    "easy-ham-1/00714.16c4d34ab2c9622fe82de9570946f9ef.txt": "a control character in an address",
    "raw_email_with_at_display_name.eml": "a display name that holds an @",
    "raw_email_multiple_from.eml": "addresses parted by blanks alone",
    "mix_caps_content_type.eml": "a name before a bare address",
}


@pytest.fixture(scope="module")
def seen(corpora: Path) -> list[tuple[str, bytes, Seen, Seen, Seen]]:
    return [(n, d, ours(d), standard(d), compiled(d)) for n, d in mails(corpora, every=60)]


def reasoned(name: str, reasons: dict[str, str]) -> bool:
    return any(part in name for part in reasons)


def others(found: Seen, *rest: Seen) -> Iterator[Seen]:
    del found
    yield from (one for one in rest if not one.refused)


def test_all_mail_was_read(seen: list[tuple[str, bytes, Seen, Seen, Seen]]) -> None:
    assert len(seen) > 4500
    refused = [name for name, *_, other in seen if other.refused]
    assert 5 < len(refused) < 20, "the compiled parser refuses a message for one damaged part"


def test_no_attachment_and_no_word_is_lost(
    seen: list[tuple[str, bytes, Seen, Seen, Seen]],
) -> None:
    lost = []
    for name, _, mine, *rest in seen:
        for other in others(mine, *rest):
            attachments = other.digests() - mine.digests()
            words = other.words() - mine.words()
            if (attachments or words) and not reasoned(name, REASONS):
                lost.append((name, dict(attachments), sorted(words)[:5]))
    assert lost == []


def test_envelopes_agree(seen: list[tuple[str, bytes, Seen, Seen, Seen]]) -> None:
    differing = []
    for name, _, mine, other, _ in seen:
        if reasoned(name, ENVELOPE):
            continue
        if " ".join(other.message_id.split()) != " ".join(mine.message_id.split()):
            differing.append((name, mine.message_id, other.message_id))
        if mine.sent_at and other.sent_at not in ("", mine.sent_at):
            differing.append((name, mine.sent_at, other.sent_at))
        subject = "".join(other.subject.split())
        if (
            mine.subject.isascii()
            and subject != "\ufffd"
            and subject != "".join(mine.subject.split())
        ):
            differing.append((name, mine.subject, other.subject))
        # The standard library leaves encoded words in addresses as they are.
        people = {one for one in other.people if one.count("@") == 1 and "=?" not in one}
        people = {one for one in people if one.isascii()}
        missing = people - set(mine.people)
        if missing and not any("undisclosed" in one or ":" in one for one in mine.people):
            differing.append((name, str(missing), str(mine.people)))
    assert differing == []
