"""Messages as documents: text, fields, children, flags."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from email.message import EmailMessage
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.extract.contract import Content
from ediscovery.extract.mail import eml
from ediscovery.model.states import State
from tests.extract.mail.reading import context, crlf, root, visits

FULL = """Received: from mx.example.com by in.example.com; Fri, 04 May 2001 11:30:00 +0200
Received: from elsewhere; Fri, 04 May 2001 09:00:00 +0000
From: "Roe, Jane" <Jane.Roe@Example.com>
Sender: Sam Assistant <sam@example.com>
To: Bob <bob@example.org>, "Doe, John" <john@example.org>
Cc: team@example.org
Bcc: hidden@example.org
Reply-To: replies@example.com
Date: Fri, 4 May 2001 11:22:33 +0200
Subject: =?utf-8?Q?Caf=C3=A9_contract?=
Message-ID: <Abc.123@mail.example.com>
In-Reply-To: <parent@example.com>
References: <first@example.com>
\t<parent@example.com>
Thread-Index: AcHKBNTP9XADsMLJRHWtgrzWenb+iA==
Thread-Topic: Contract
Importance: High
Sensitivity: Private
Status: RO
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

The body.
--b
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: attachment; filename="a.pdf"
Content-Transfer-Encoding: base64

JVBERi0=
--b--
"""


def test_every_field() -> None:
    item = root(crlf(FULL)).item
    assert item.mime_type == "message/rfc822" and item.record_type == "Email"
    assert item.state == State.OK, item.message
    assert item.from_ == "Roe, Jane <Jane.Roe@Example.com>"
    assert item.to == ["Bob <bob@example.org>", "Doe, John <john@example.org>"]
    assert item.cc == ["team@example.org"]
    assert item.bcc == ["hidden@example.org"]
    assert item.subject == item.title == "Café contract"
    assert item.sent_at == "2001-05-04T09:22:33Z"
    assert item.received_at == "2001-05-04T09:30:00Z"
    assert item.message_id == "<Abc.123@mail.example.com>"
    assert item.in_reply_to == "<parent@example.com>"
    assert item.references == ["<first@example.com>", "<parent@example.com>"]
    assert item.conversation_index == "01c1ca04d4cff57003b0c2c94475ad82bcd67a76fe88"
    assert item.expected_children == item.actual_children == 1
    metadata = item.metadata
    assert metadata["from_address"] == "jane.roe@example.com"
    assert metadata["to_addresses"] == ["bob@example.org", "john@example.org"]
    assert metadata["cc_addresses"] == ["team@example.org"]
    assert metadata["bcc_addresses"] == ["hidden@example.org"]
    assert metadata["sender"] == "Sam Assistant <sam@example.com>"
    assert metadata["sent_representing"] == "Roe, Jane <Jane.Roe@Example.com>"
    assert metadata["reply_to"] == ["replies@example.com"]
    assert metadata["sent_at_raw"] == "Fri, 4 May 2001 11:22:33 +0200"
    assert metadata["received_at_raw"] == "Fri, 04 May 2001 11:30:00 +0200"
    assert metadata["thread_topic"] == "Contract"
    assert metadata["importance"] == "high"
    assert metadata["sensitivity"] == "private"
    assert metadata["read_flag"] is True
    assert metadata["header"].startswith("Received: from mx")
    assert "Thread-Topic: Contract" in metadata["header"]


def test_text_is_the_header_block_and_the_body() -> None:
    visit = root(crlf(FULL))
    assert visit.text == (
        "From: Roe, Jane <Jane.Roe@Example.com>\n"
        "Sender: Sam Assistant <sam@example.com>\n"
        "To: Bob <bob@example.org>; Doe, John <john@example.org>\n"
        "Cc: team@example.org\n"
        "Bcc: hidden@example.org\n"
        "Date: Fri, 4 May 2001 11:22:33 +0200\n"
        "Subject: Café contract\n"
        "Attachments: a.pdf\n"
        "\n"
        "The body."
    )
    assert visit.text[visit.item.body_start :] == "The body."


def test_unreadable_dates_are_flagged_and_kept() -> None:
    visit = root(crlf("From: a@example.com\nDate: Fri, 30 Feb 2001 11:22:33 +0000\nTo: b\n\nx"))
    assert visit.item.sent_at == "" and "date_invalid" in visit.item.flags
    assert visit.item.metadata["sent_at_raw"] == "Fri, 30 Feb 2001 11:22:33 +0000"
    assert "date_invalid" not in root(crlf(FULL)).item.flags


def alternative(plain: str, html: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@example.com"
    message.set_content(plain)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_of_alternatives_the_plain_one_is_shown() -> None:
    visit = root(alternative("Pay the invoice\n> quoted\n", "<p>Pay <b>the</b> invoice</p>quoted"))
    assert visit.text[visit.item.body_start :] == "Pay the invoice\n> quoted\n"
    assert visit.item.flags == []


def test_what_only_html_says_is_added() -> None:
    page = "<p>Pay the invoice</p><p>to account 4711 today</p><img src=http://t.example/p.gif>"
    visit = root(alternative("Pay the invoice\n", page))
    body = visit.text[visit.item.body_start :]
    assert body == f"Pay the invoice\n\n{eml.HTML_MARK}\nto account 4711 today"
    assert visit.item.flags == ["remote_content"]
    assert visit.item.metadata["remote_references"] == 1


@pytest.mark.parametrize("plain", ["", " \n\n"])
def test_html_alone(plain: str) -> None:
    visit = root(alternative(plain, "<p>Only <i>here</i></p>"))
    assert "Only here" in visit.text and eml.HTML_MARK not in visit.text
    assert visit.item.flags == ["html_only"]
    single = b"From: a@example.com\nTo: b@example.com\nContent-Type: text/html\n\n<p>Only here"
    assert root(single).item.flags == ["html_only"]


def test_bodies_one_after_the_other_are_all_text() -> None:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@example.com"
    message.set_content("first words")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="a.pdf")
    tail = EmailMessage()
    tail.set_content("the list's footer")
    message.attach(tail)
    found = visits(message.as_bytes())
    assert "first words" in found[-1].text and "the list's footer" in found[-1].text
    assert [v.item.file_name for v in found[:-1]] == ["a.pdf"]


def test_images_that_the_html_shows_are_inline() -> None:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@example.com"
    message.set_content("x")
    message.add_alternative('<p>x<img src="cid:logo@x">', subtype="html")
    page = message.get_payload()[1]  # type: ignore[index]
    page.add_related(b"\x89PNG\r\n\x1a\n1", "image", "png", cid="<logo@x>")  # type: ignore[union-attr]
    message.add_attachment(b"\x89PNG\r\n\x1a\n2", "image", "png", filename="photo.png")
    found = visits(message.as_bytes())
    shown = {v.item.file_name: (v.item.relation, v.item.flags) for v in found[:-1]}
    assert shown["part-3.png"] == ("inline", ["inline"])
    assert shown["photo.png"][0] == "attachment"
    assert "Attachments: photo.png\n" in found[-1].text


def test_images_beside_the_html_are_inline_when_it_names_them() -> None:
    image = "--q\nContent-Type: image/png; name={0}.png\nContent-ID: <{0}@x>\n\nPNG{0}\n"
    data = (
        "From: a@example.com\nTo: b@example.com\nContent-Type: multipart/mixed; boundary=q\n\n"
        '--q\nContent-Type: text/html\n\n<img src="cid:one@x">words\n'
        f"{image.format('one')}{image.format('two')}--q--\n"
    )
    found = visits(data.encode())
    assert [v.item.relation for v in found[:-1]] == ["inline", "attachment"]


def test_attached_messages_are_mails_of_their_own() -> None:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "Inner <i@example.com>", "inside"
    inner["Message-ID"] = "<inner@example.com>"
    inner.set_content("inner words")
    raw = inner.as_bytes()
    outer = EmailMessage()
    outer["From"], outer["To"] = "a@example.com", "b@example.com"
    outer.set_content("see attached")
    outer.add_attachment(inner)
    found = visits(outer.as_bytes())
    item = found[0].item
    assert item.category == "mail" and item.subject == "inside" and item.record_type == "Attachment"
    assert item.message_id == "<inner@example.com>"
    assert found[0].content is not None and found[0].content.read() == raw
    assert "inner words" not in found[-1].text


def test_uuencoded_files_in_a_body_become_children() -> None:
    lines = base64.binascii.b2a_uu(b"\x00\x01hidden bytes")  # type: ignore[attr-defined]
    body = b"Hello\nbegin 644 notes.doc\n" + lines + b"`\nend\nbegin to understand\n"
    found = visits(b"From: a@example.com\nTo: b@example.com\n\n" + body)
    assert [v.item.file_name for v in found] == ["notes.doc", "a.eml"]
    assert found[0].content is not None and found[0].content.read() == b"\x00\x01hidden bytes"
    text = found[-1].text
    assert "Attachments: notes.doc\n" in text
    assert text[found[-1].item.body_start :] == "Hello\n\nbegin to understand\n"


def test_text_around_the_parts_is_kept() -> None:
    data = (
        "From: a@example.com\nTo: b@example.com\nContent-Type: multipart/mixed; boundary=q\n\n"
        "--q\n\nbody\n--q--\nList footer\n"
    )
    assert root(data.encode()).text.endswith(f"body\n{eml.STRAY_MARK}\nList footer")


@pytest.mark.parametrize(
    ("kind", "flag"),
    [
        ("multipart/signed; boundary=q", "signed"),
        ("multipart/encrypted; boundary=q", "encrypted_part"),
        ("application/pkcs7-mime; smime-type=enveloped-data", "encrypted_part"),
    ],
)
def test_signed_and_encrypted_mails_are_flagged(kind: str, flag: str) -> None:
    data = f"From: a@example.com\nTo: b@example.com\nContent-Type: {kind}\n\n--q\n\nx\n--q--\n"
    assert flag in root(data.encode()).item.flags


def test_fragments_and_references_to_elsewhere() -> None:
    head = "From: a@example.com\nTo: b@example.com\n"
    partial = root(
        f"{head}Content-Type: message/partial; id=x; number=2; total=3\n\nrest of it".encode()
    )
    assert partial.item.state == State.WARNINGS and "fragment 2 of 3" in partial.item.message
    external = visits(
        f"{head}Content-Type: message/external-body; access-type=URL;"
        ' URL="http://files.example/a.pdf"\n\nContent-Type: application/pdf\n'.encode()
    )
    assert "external_reference" in external[-1].item.flags


def test_a_line_of_a_mailbox_before_the_header_is_no_header() -> None:
    for before in (
        b"From jane@example.com Fri May  4 11:22:33 2001\n",
        b"\n\n",
        b"\xef\xbb\xbf",
        b">From jane@example.com Fri May  4 11:22:33 2001\n",
    ):
        result = eml.extract(Content(before + crlf(FULL)), context())
        assert result.fields["subject"] == "Café contract", before


def test_old_line_ends() -> None:
    data = FULL.replace("\n", "\r").encode()
    result = eml.extract(Content(data), context())
    assert result.fields["subject"] == "Café contract"
    assert result.text.endswith("The body.")


def test_damaged_attachments_carry_their_own_warning() -> None:
    data = crlf(FULL.replace("JVBERi0=", "JVBERi0x" * 10 + "JV"))
    found = visits(data)
    assert found[0].item.state in (State.WARNINGS, State.CORRUPT)
    assert "base64 of a part is damaged" in found[0].item.message
    assert found[-1].item.state == State.OK


def test_large_attachments_are_spooled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eml, "SPOOL_BYTES", 1000)
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@example.com"
    message.set_content("x")
    message.add_attachment(b"z" * 5000, "application", "x-test", filename="z.bin")
    child = next(iter(eml.extract(Content(message.as_bytes()), context()).children))
    assert child.content is not None and child.content.path is not None
    assert child.content.read() == b"z" * 5000


def test_saved_web_pages() -> None:
    data = (
        "From: <Saved by a browser>\nSubject: Prices\nMIME-Version: 1.0\n"
        "Snapshot-Content-Location: http://shop.example/prices\n"
        "Content-Type: multipart/related; type=text/html; boundary=q\n\n"
        "--q\nContent-Type: text/html\nContent-Location: http://shop.example/prices.html\n\n"
        "<p>4711 Euro<img src=logo.png>\n"
        "--q\nContent-Type: image/png\nContent-Location: http://shop.example/img/logo.png?v=2\n\nPNG"
        "\n--q--\n"
    )
    found = visits(data.encode(), "page.mhtml")
    assert "4711 Euro" in found[-1].text
    assert found[-1].item.metadata["source_url"] == "http://shop.example/prices"
    item = found[0].item
    assert (item.file_name, item.relation) == ("logo.png", "inline")
    assert item.metadata["source_url"] == "http://shop.example/img/logo.png?v=2"


def _chat(manifest: bytes, head: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("rsmf_manifest.json", manifest)
    return crlf(
        "From: a@example.com\nTo: b@example.com\nX-RSMF-Version: 2.0.0\n" + head
        + "Content-Type: multipart/mixed; boundary=q\n\n--q\n\nhello\n"
        "--q\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
        'Content-Disposition: attachment; filename="rsmf.zip"\n\n'
        + base64.encodebytes(packed.getvalue()).decode() + "--q--\n"
    )  # fmt: skip


def test_chats_tell_their_channel() -> None:
    manifest = {
        "conversations": [
            {"id": "1", "display": "#deals", "platform": "slack"},
            {"id": "2", "platform": "slack"},
            {"id": "3", "display": "#deals", "platform": "slack"},
        ],
        "participants": [{"id": "U1", "display": "Jane Roe"}, {"id": "U2"}],
        "events": [{"id": "1"}, {"id": "2"}],
    }
    found = visits(_chat(json.dumps(manifest).encode(), "X-RSMF-EventCount: 12\n"), "a.rsmf")
    item = found[-1].item
    assert (item.record_type, item.state) == ("Chat", "ok")
    assert {name: item.metadata.get(f"chat_{name}") for name in ("channel", "platform")} == {
        "channel": "#deals; 2",
        "platform": "slack",
    }
    assert item.metadata["chat_participants"] == "Jane Roe; U2"
    assert item.metadata["chat_message_count"] == "12"  # as the header says
    assert [v.item.file_name for v in found] == ["rsmf_manifest.json", "rsmf.zip", "a.rsmf"]


@pytest.mark.parametrize("manifest", [b"[1]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_chats_with_a_broken_manifest_say_so(manifest: bytes) -> None:
    item = root(_chat(manifest, "X-RSMF-Application: slack\n"), "a.rsmf").item
    assert (item.record_type, item.state) == ("Chat", "warnings")
    assert "manifest" in item.message
    assert item.metadata["chat_platform"] == "slack"


def test_a_chat_of_the_format_s_makers(corpora: Path) -> None:
    data = next((corpora / "rsmf").rglob("sample.rsmf")).read_bytes()
    assert root(data, "sample.rsmf").item.metadata["chat_channel"] == "C1"


_SAID = st.lists(
    st.sampled_from(["pay", "Pay,", "repay", "now", "now.", "x_now", "it's", "Straße", "·", "\n"]),
    max_size=40,
).map(" ".join)


@given(_SAID, _SAID, st.sampled_from([0, 12]))
def test_what_only_the_html_says_is_found_word_by_word(text: str, html: str, few: int) -> None:
    words = set(re.findall(r"\w+", text.lower()))
    expected = [
        line for line in html.split("\n") if not words.issuperset(re.findall(r"\w+", line.lower()))
    ]
    with mock.patch.object(eml, "_LOOKED_FOR", few):
        assert eml.only_in_html(text, html) == "\n".join(expected)
