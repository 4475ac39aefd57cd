"""MSG files: our own, checked by extract-msg, and those of others."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import extract_msg
import pytest

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.outlook import mapi, msg
from ediscovery.extract.outlook.cfb import Storage
from tests.extract.outlook.conftest import Walked
from tests.extract.outlook.make_msg import Msg, attachment, mail, write


def test_a_mail_with_files_and_a_mail_in_it(walked: Walked) -> None:
    inner = mail("Inner", "inner body", attachments=[attachment("deep.txt", b"deep")])
    outer = mail(
        "Outer", "outer body",
        attachments=[attachment("a.txt", b"text a"), attachment("Inner mail", inner)],
    )  # fmt: skip
    data = write(outer)
    visits = walked(data, "outer.msg")
    by_name = {v.item.file_name: v for v in visits}
    top = by_name["outer.msg"].item
    assert (top.state, top.expected_children, top.actual_children) == ("ok", 2, 2)
    assert (top.from_, top.to) == ("Ann <ann@example.com>", ["Jane <jane@example.com>"])
    assert top.sent_at == "2022-06-18T04:26:40Z"
    assert by_name["a.txt"].text == "text a"
    embedded = by_name["Inner mail.msg"]
    assert embedded.item.mime_type == "application/vnd.ms-outlook"
    assert embedded.item.subject == "Inner"
    assert embedded.item.sent_at == "2022-06-18T04:26:40Z"
    assert by_name["deep.txt"].text == "deep"
    assert embedded.content is not None
    theirs = extract_msg.openMsg(embedded.content.read())
    assert (theirs.subject, theirs.body, len(theirs.attachments)) == ("Inner", "inner body", 1)
    assert theirs.to == "Jane <jane@example.com>"
    assert theirs.date is not None
    assert theirs.date.timestamp() == 1655526400
    theirs.close()
    again = {v.item.file_name: v.item.sha256 for v in walked(data, "outer.msg")}
    assert again == {name: v.item.sha256 for name, v in by_name.items()}


def test_named_properties_of_the_file_reach_its_embedded_messages(walked: Walked) -> None:
    names = [(mapi.APPOINTMENT, 0x8208), (mapi.STRINGS, "Keywords")]
    extra = {(0x8000, 0x1F): "Room 5", (0x8001, 0x101F): ["Red", "Blue"]}
    inner = Msg({(0x001A, 0x1F): "IPM.Appointment", (0x0037, 0x1F): "Meet", **extra})
    outer = mail("Outer", "x", names=names, attachments=[attachment("Meet", inner)])
    meeting = next(v for v in walked(write(outer), "m.msg") if v.item.subject == "Meet")
    assert meeting.item.metadata["location"] == "Room 5"
    assert meeting.item.metadata["categories"] == ["Red", "Blue"]
    assert "Location: Room 5" in meeting.text


def test_an_ole_object_becomes_the_file_that_it_wraps(walked: Walked) -> None:
    wrapped = b"\x02\0note.txt\0C:\\note.txt\0\0\0\x03\0" + (11).to_bytes(4, "little")
    wrapped += b"C:\\note.txt" + (5).to_bytes(4, "little") + b"inside"[:5] + bytes(2)
    package = Storage(streams={"\x01Ole10Native": len(wrapped).to_bytes(4, "little") + wrapped})
    data = write(mail("Object", "x", attachments=[attachment("Object", package)]))
    child = walked(data, "o.msg")[0]
    assert child.item.file_name == "note.txt"
    assert child.text == "insid"


def test_a_count_that_the_file_does_not_keep_is_a_gap(walked: Walked) -> None:
    message = mail("Stripped", "x", attachments=[attachment("a.txt", b"a")], announced=3)
    top = walked(write(message), "s.msg")[-1].item
    assert "gap" in top.flags
    assert (top.expected_children, top.actual_children) == (3, 1)


@pytest.mark.parametrize(
    ("pages", "raw", "text"),
    [
        ({0x3FFD: 1251}, "привет".encode("cp1251"), "привет"),
        ({0x3FDE: 65001}, "öäü".encode(), "öäü"),
        ({0x3FDE: 65001}, "öäü".encode("cp1252"), "öäü"),
        ({0x3FF1: 0x0411}, "日本".encode("cp932"), "日本"),
        ({0x3FDE: 50220, 0x3FF1: 0x0411}, "日本".encode("cp932"), "日本"),
        ({}, "naïve".encode("cp1252"), "naïve"),
    ],
)
def test_texts_in_old_code_pages(
    pages: dict[int, int], raw: bytes, text: str, walked: Walked
) -> None:
    properties = {(0x001A, 0x1F): "IPM.Note", (0x0037, 0x1E): raw, (0x1000, 0x1E): raw}
    properties.update({(number, 0x03): page for number, page in pages.items()})
    visit = walked(write(Msg(properties)), "old.msg")[-1]
    assert visit.item.subject == text
    assert visit.text.endswith(f"\n{text}")


def test_signed_encrypted_and_protected_mails_are_flagged(walked: Walked) -> None:
    for kind, name, flag in (
        ("IPM.Note.SMIME.MultipartSigned", "smime.p7m", "signed"),
        ("IPM.Note.SMIME", "smime.p7m", "encrypted_part"),
        ("IPM.Note", "message_v2.rpmsg", "encrypted_part"),
    ):
        message = mail("S", "", extra={(0x001A, 0x1F): kind}, attachments=[attachment(name, b"x")])
        assert flag in walked(write(message), "s.msg")[-1].item.flags


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def test_every_msg_of_the_corpora_is_read_or_accounted_for(corpora: Path, context: Context) -> None:
    logging.disable(logging.CRITICAL)
    files = [
        path
        for folder in ("msgreader-net", "poi", "tika", "relativity-import")
        for path in sorted((corpora / folder).rglob("*.msg"))
        if path.read_bytes()[:4] == b"\xd0\xcf\x11\xe0"
    ]
    assert len(files) > 60
    for path in files:
        found = msg.extract(Content(path=path), context)
        children = list(found.children)
        fuzzed = path.name.startswith("clusterfuzz")
        assert found.state == "ok", path.name
        assert fuzzed or found.text.strip() or path.name == "blank.msg", path.name
        assert all(child.content or child.state != "ok" for child in children), path.name
        try:
            theirs = extract_msg.openMsg(path)
        except Exception:
            assert fuzzed
            continue
        if "ASCII_CP1251" not in path.name and "chinese" not in path.name.lower():
            # theirs reads these two in the wrong code page
            assert _words(getattr(theirs, "body", "") or "") <= _words(found.text), path.name
        # theirs counts what it finds, ours what the message announces
        assert (found.expected_children or 0) >= len(theirs.attachments), path.name
        theirs.close()
    logging.disable(logging.NOTSET)


def test_reactions_and_missing_attachments(corpora: Path, walked: Walked) -> None:
    samples = corpora / "msgreader-net/MsgReaderTests/SampleFiles"
    top = walked(samples / "EmailWithReactions.msg", "r.msg")[-1].item
    assert [r["Type"] for r in top.metadata["reactions"]] == ["celebrate", "laugh", "0"]
    top = walked(samples / "sender_not_found_from_exchange.msg", "s.msg")[-1].item
    assert "gap" in top.flags
    assert (top.expected_children, top.actual_children) == (2, 0)


def test_a_header_beyond_the_limit_is_no_silent_loss(walked: Walked) -> None:
    long = "To: " + ", ".join(f"p{n}@example.com" for n in range(20_000))
    visits = walked(write(mail("s", "b", extra={(0x007D, 0x1F): long})))
    assert visits[-1].item.state == "limit:header"
    assert "cut after 262144 bytes" in visits[-1].item.message
