"""Hashes: the published vectors, a second implementation written from the document, and laws."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.analyze import hashing
from ediscovery.model.items import Item
from tests.conftest import CHECKOUT

DOC = CHECKOUT / "docs" / "hashes.md"

MESSAGE_IDS = [
    "<CALckR-a8UDkRjO4xJyjd_s0GPxQWw@mail.gmail.com>",
    "<20230111120000.12345.ABC@example.com>",
    "20230111120000.12345.ABC@example.com",
    " <20230111120000.12345.ABC@example.com> (added by gateway.example)",
    "",
]
MAIL: dict[str, Any] = {
    "subject": "RE: Delivery of  the pumps",
    "from_": '"Roe, Jane" <Jane.Roe@North.Example>',
    "to": ["Tom Lee <tom@south.example>", "ann@south.example"],
    "cc": ["Ann Poe <ANN@south.example>"],
    "bcc": [],
    "sent_at": "2001-05-04T11:22:33Z",
}
BODY = "Dear Tom,\n\nthe pumps left on Friday.\n\nJane\n"
ATTACHED = {"file_name": "bill.pdf", "sha256": hashlib.sha256(b"bill").hexdigest(), "size": 4}
NESTED = {"category": "mail", "dedupe_hash": hashlib.sha256(b"mail").hexdigest(), "size": 9}
UNREAD = {"file_name": "plan.dwg", "size": 70_000}
MAILS: list[tuple[dict[str, Any], str, list[dict[str, Any]]]] = [
    (MAIL, BODY, []),
    (MAIL, BODY, [ATTACHED, NESTED, UNREAD]),
    (MAIL, "", []),
    ({**MAIL, "bcc": ["Max <max@law.example>"]}, BODY, []),
    ({**MAIL, "subject": "Übergabe", "from_": "Jane Roe"}, "Gru\u0308ße\u00a0aus K\u00f6ln", []),
]
FAMILIES: list[tuple[str, list[dict[str, Any]]]] = [
    (hashlib.sha256(b"own").hexdigest(), []),
    (hashlib.sha256(b"own").hexdigest(), [ATTACHED, NESTED, UNREAD]),
    (
        hashlib.sha256(b"own").hexdigest(),
        [{**NESTED, "family_hash": hashlib.sha256(b"f").hexdigest()}],
    ),
]


def mail(fields: dict[str, Any]) -> Item:
    return Item("a1", category="mail", size=100, sha256="00" * 32, **fields)


def items(rows: list[dict[str, Any]]) -> list[Item]:
    return [Item("a1a1", **row) for row in rows]


def vectors() -> str:
    """The JSON that stands at the end of docs/hashes.md."""
    mails = []
    for fields, body, attachments in MAILS:
        item, held = mail(fields), items(attachments)
        mails.append(
            {
                "mail": fields,
                "body": body,
                "attachments": attachments,
                "parts": hashing.dedupe_parts(item, body, held),
                "ehash-v1": hashing.dedupe_hash(item, body, held),
            }
        )
    families = [
        {
            "dedupe_hash": own,
            "children": children,
            "fhash-v1": hashing.family_hash(Item("a1", dedupe_hash=own), items(children)),
        }
        for own, children in FAMILIES
    ]
    data = {
        "mih": [{"message_id": m, "mih": hashing.mih(m)} for m in MESSAGE_IDS],
        "mails": mails,
        "families": families,
    }
    return "```json\n" + json.dumps(data, indent=1, ensure_ascii=False) + "\n```\n"


def test_published_vectors() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert text[text.index("```json") :] == vectors(), "docs/hashes.md should end with " + vectors()


def test_mih_example_of_edrm() -> None:
    published = "1de319c276884bd0c9e2f1621ada26cc"
    assert hashing.mih("<CALckR-a8UDkRjO4xJyjd_s0GPxQWw@mail.gmail.com>") == published
    assert hashing.mih("<a@example.com> <b@example.com>") == hashing.mih("<a@example.com>")
    assert hashing.mih("<A@example.com>") != hashing.mih("<a@example.com>")
    assert (
        hashing.mih("<20230111120000.12345.ABC@example.com>") == "20cde36de78f59743f073a34b0a59030"
    )
    assert hashing.mih("20230111120000.12345.ABC@example.com") == "bc0bad5620d8c243522cd476febe1ec1"
    assert hashing.mih("<CAD3f0f1+abc@mail.gmail.com>") == "d366918a4d1bcc3a43dbc7d1820b01a9"
    assert hashing.mih("  \t") == ""


# A second implementation, from docs/hashes.md alone.
def by_the_document(item: Item, body: str, attachments: list[Item]) -> str:
    def net(value: str) -> bytes:
        data = value.encode("utf-8")
        return str(len(data)).encode() + b":" + data + b","

    def digest(domain: str, fields: list[str]) -> str:
        return hashlib.sha256(net(domain) + b"".join(map(net, fields))).hexdigest()

    def pure(participant: str) -> str:
        value = participant.strip()
        pair = re.search(r"<([^<>]+)>[^<]*$", value)
        if pair:
            value = pair.group(1)
        elif value.endswith(":;"):
            return ""
        return normalize("NFC", " ".join(value.strip("'\" ").lower().split()))

    recipients = set()
    for kind in ("to", "cc", "bcc"):
        recipients |= {f"{kind}:{pure(p)}" for p in getattr(item, kind) if pure(p)}
    held = []
    for child in attachments:
        if child.category == "mail" and child.dedupe_hash:
            held.append("mail:" + child.dedupe_hash)
        elif child.sha256:
            held.append("file:" + child.sha256)
        else:
            held.append(f"unread:{child.size}:" + normalize("NFC", child.file_name))
    subject = normalize("NFC", " ".join(item.subject.split()))
    fields = {
        "subject": [subject],
        "sender": [pure(item.from_)],
        "sent": [item.sent_at],
        "recipients": sorted(recipients),
        "body": [normalize("NFC", "".join(c for c in body if not c.isspace()))],
        "attachments": sorted(held),
    }
    parts = [digest("ehash-v1:" + n, [f for f in fs if f]) for n, fs in fields.items()]
    return digest("ehash-v1", parts)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PERSON = st.one_of(
    TEXT,
    st.builds("{} <{}>".format, TEXT, TEXT),
    st.text("<>:;\"' aA@\n\x1f\xe9\u0301", max_size=12),
)
CHILD = st.one_of(
    st.builds(Item, st.just("a1a1"), file_name=TEXT, size=st.integers(0, 9)),
    st.builds(Item, st.just("a1a1"), sha256=st.sampled_from(["aa" * 32, "bb" * 32])),
    st.builds(
        Item, st.just("a1a1"), category=st.just("mail"), dedupe_hash=st.sampled_from(["cc" * 32])
    ),
)
MAIL_ITEM = st.builds(
    Item,
    st.just("a1"),
    category=st.just("mail"),
    subject=TEXT,
    from_=PERSON,
    to=st.lists(PERSON, max_size=4),
    cc=st.lists(PERSON, max_size=2),
    bcc=st.lists(PERSON, max_size=2),
    sent_at=st.sampled_from(["", "2001-05-04T11:22:33Z", "2001-05-04T11:22:34Z"]),
)


@given(MAIL_ITEM, TEXT, st.lists(CHILD, max_size=4))
def test_same_as_the_document_says(item: Item, body: str, attachments: list[Item]) -> None:
    expected = by_the_document(item, body, attachments)
    assert hashing.dedupe_hash(item, body, attachments) in (expected, "")


@given(MAIL_ITEM, TEXT, st.lists(CHILD, max_size=4), st.randoms())
def test_order_wrapping_and_names_do_not_count(
    item: Item, body: str, attachments: list[Item], random: Any
) -> None:
    other = replace(item, to=random.sample(item.to, len(item.to)), message_id="<x@example.com>")
    other.to += other.to[:1]
    other.subject = " " + item.subject.replace(" ", "\n\t")
    wrapped = "".join(c + random.choice(["", " ", "\r\n", "\xa0", "\u3000"]) for c in body)
    shuffled = random.sample(attachments, len(attachments))
    first = hashing.dedupe_hash(item, normalize("NFD", body), attachments)
    assert first == hashing.dedupe_hash(other, wrapped, shuffled)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("subject", {"subject": "Delivery of the pumps"}),
        ("sender", {"from_": "Jane Roe <roe@north.example>"}),
        ("sent", {"sent_at": "2001-05-04T11:22:34Z"}),
        ("recipients", {"to": ["tom@south.example"]}),
        ("recipients", {"to": MAIL["cc"], "cc": MAIL["to"]}),
        ("recipients", {"bcc": ["max@law.example"]}),
    ],
)
def test_each_part_counts_and_is_named(part: str, change: dict[str, Any]) -> None:
    one, two = mail(MAIL), mail({**MAIL, **change})
    assert hashing.dedupe_hash(one, BODY, []) != hashing.dedupe_hash(two, BODY, [])
    assert differing(one, two) == [part]


def differing(one: Item, two: Item) -> list[str]:
    a, b = hashing.dedupe_parts(one, BODY, []), hashing.dedupe_parts(two, BODY, [])
    return [name for name in hashing.PARTS if a[name] != b[name]]


def test_display_names_and_case_of_addresses_do_not_count() -> None:
    plain = mail(
        {
            **MAIL,
            "from_": "jane.roe@north.example",
            "to": ["ANN@SOUTH.example", "'tom@south.example'"],
        }
    )
    assert differing(mail(MAIL), plain) == []
    group = mail({**MAIL, "to": [*MAIL["to"], "undisclosed-recipients:;"]})
    assert differing(mail(MAIL), group) == []


def test_fields_cannot_run_into_each_other() -> None:
    def key(**fields: Any) -> str:
        return hashing.dedupe_hash(mail({**MAIL, **fields}), BODY, [])

    assert key(to=["a@example.com", "b@example.com"]) != key(to=["a@example.com,to:b@example.com"])
    assert key(subject="", from_="x") != key(subject="x", from_="")
    assert key(to=["cc:a"], cc=[]) != key(to=[], cc=["a"])


def test_an_attachment_that_could_not_be_read_counts() -> None:
    keys = {
        hashing.dedupe_hash(mail(MAIL), BODY, items(rows))
        for rows in (
            [],
            [UNREAD],
            [UNREAD, UNREAD],
            [{**UNREAD, "size": 1}],
            [{**UNREAD, "file_name": "x"}],
            [{"sha256": "unread:70000:plan.dwg"}],
        )
    }
    assert len(keys) == 6


def test_only_mails_read_whole_are_equal_by_content() -> None:
    whole = hashing.dedupe_hash(mail(MAIL), BODY, [])
    assert whole != "00" * 32
    assert hashing.dedupe_hash(replace(mail(MAIL), state="warnings"), BODY, []) == whole
    for state in ("encrypted", "corrupt", "truncated", "limit:depth", "timeout"):
        assert hashing.dedupe_hash(replace(mail(MAIL), state=state), BODY, []) == "00" * 32
    assert hashing.dedupe_hash(replace(mail(MAIL), flags=["gap"]), BODY, []) == "00" * 32
    assert hashing.dedupe_hash(mail({}), " \n", []) == "00" * 32
    assert hashing.dedupe_hash(replace(mail({}), size=0), "", []) == ""


def test_files_are_equal_by_their_bytes_and_empty_ones_never() -> None:
    file = Item("a1", category="document", size=3, sha256="ab" * 32)
    assert hashing.dedupe_hash(file, "any text", []) == "ab" * 32
    empty = Item("a1", size=0, sha256=hashlib.sha256(b"").hexdigest())
    assert hashing.dedupe_hash(empty, "", []) == ""
    assert hashing.family_hash(empty, [file]) == ""
    assert hashing.dedupe_hash(replace(file, role="container"), "", []) == ""


def test_families_differ_when_anything_they_hold_does() -> None:
    own = Item("a1", dedupe_hash="ab" * 32)
    inner = Item("a1a1", dedupe_hash="cd" * 32, sha256="cd" * 32)
    nested = replace(inner, family_hash=hashing.family_hash(inner, items([UNREAD])))
    keys = {
        hashing.family_hash(own, children)
        for children in ([], [inner], [nested], [inner, nested], items([UNREAD]), items([ATTACHED]))
    }
    assert len(keys) == 6
    assert hashing.family_hash(own, [inner, nested]) == hashing.family_hash(own, [nested, inner])


def test_hostile_fields_stay_cheap() -> None:
    item = mail({**MAIL, "to": ["<" * 200_000, ">" * 200_000, "<>" * 100_000, " " * 200_000]})
    assert len(hashing.dedupe_hash(item, "\ud800" + "x" * 100_000, [])) == 64
