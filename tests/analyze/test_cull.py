"""Culling rules: what each may touch, and families that stay whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.analyze.cull import Candidate, rules, verdicts
from ediscovery.model.errors import UsageError
from ediscovery.model.profile import Cull


def document(position: str, family: str = "", **fields: Any) -> Candidate:
    base = {"category": "document", "mime_type": "application/msword", "ext": "doc", "size": 100}
    return Candidate(position, family or position, **(base | fields))


def mail(position: str, sent_at: str, **fields: Any) -> Candidate:
    kind = {"category": "mail", "mime_type": "message/rfc822", "ext": "eml"}
    return document(position, sent_at=sent_at, **(kind | fields))


def states(candidates: list[Candidate], **settings: Any) -> dict[str, str]:
    found = verdicts(candidates, rules(Cull(**settings)))
    return {v.position: v.state.removeprefix("suppressed:") for v in found}


def test_dates_are_inclusive_and_mail_goes_by_sent() -> None:
    days = ["2000-12-31T23:59:59Z", "2001-01-01T00:00:00Z", "2001-12-31T23:59:59Z"]
    mails = [mail(f"a{n}", day) for n, day in enumerate([*days, "2002-01-01T00:00:00Z", ""])]
    assert states(mails, after="2001-01-01", before="2001-12-31") == {"a0": "date", "a3": "date"}
    file = document("a5", modified_at="1999-01-01T00:00:00Z", sent_at="2001-05-05T00:00:00Z")
    assert states([file], after="2001-01-01") == {"a5": "date"}
    assert states([mail("a6", "", modified_at="1999-01-01T00:00:00Z")], after="2001-01-01") == {}


def test_a_family_goes_by_its_top_document() -> None:
    old, new = "1999-01-01T00:00:00Z", "2001-06-01T00:00:00Z"
    family = [
        mail("a1", old),
        document("a1a0", "a1", modified_at=new),
        document("a1a0a0", "a1", modified_at=new),
        mail("a2", new),
        document("a2a0", "a2", modified_at=old),
        document("b10", modified_at=new),
    ]
    assert states(family, after="2001-01-01") == {"a1": "date", "a1a0": "date", "a1a0a0": "date"}


def test_types_by_extension_mime_type_and_category() -> None:
    files = [
        document("a0", ext="exe", mime_type="application/x-dosexec", category="program"),
        document("a1", ext="", mime_type="image/png", category="image"),
        document("a2", ext="doc"),
        mail("a3", ""),
        document("a3a0", "a3", ext="exe"),
    ]
    assert states(files, types=(".EXE",)) == {"a0": "type"}
    assert states(files, types=("image/png", "program")) == {"a0": "type", "a1": "type"}
    assert states(files, types=("mail",)) == {"a3": "type", "a3a0": "type"}


def test_sizes() -> None:
    files = [document(f"a{n}", size=n * 10) for n in range(5)]
    assert states(files, min_bytes=10, max_bytes=30) == {"a0": "size", "a4": "size"}
    assert states(files) == {}


def test_known_files_and_the_setting_for_attachments() -> None:
    files = [
        document("a0", known=True),
        document("a0a0", "a0"),
        mail("a1", ""),
        document("a1a0", "a1", known=True),
        document("a1a0a0", "a1"),
        document("a1a1", "a1"),
    ]
    assert states(files) == {"a0": "denist", "a0a0": "denist"}
    assert states(files, denist_attachments=True) == {
        "a0": "denist", "a0a0": "denist", "a1a0": "denist", "a1a0a0": "denist",
    }  # fmt: skip


def test_each_verdict_names_its_rule() -> None:
    one, two = verdicts(
        [mail("a1", "1999-03-04T00:00:00Z"), document("a1a0", "a1")],
        rules(Cull(after="2001-01-01")),
    )
    rule = "was sent on 1999-03-04 UTC (cull.after: 2001-01-01)."
    assert one.rule == "It " + rule
    assert two.rule == "It belongs to a document set aside: it " + rule


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"after": "01/02/2001"}, "cull.after"),
        ({"before": "2001-02-30"}, "cull.before"),
        ({"after": "20010101"}, "cull.after"),
        ({"after": "2002-01-01", "before": "2001-01-01"}, "later"),
        ({"min_bytes": 10, "max_bytes": 5}, "leave nothing"),
        ({"min_bytes": -1}, "leave nothing"),
    ],
)
def test_rules_that_cannot_be_meant(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        rules(Cull(**settings))


@given(st.data())
def test_without_attachment_setting_families_go_whole(data: st.DataObject) -> None:
    rows = []
    for top in range(data.draw(st.integers(1, 4))):
        for place in ("", "a0", "a0a0", "a1"):
            rows.append(
                document(
                    f"a{top}{place}",
                    f"a{top}",
                    ext=data.draw(st.sampled_from(["doc", "exe"])),
                    size=data.draw(st.integers(0, 20)),
                    known=data.draw(st.booleans()),
                    modified_at=data.draw(st.sampled_from(["", "1999-01-01T00:00:00Z"])),
                )
            )
    found = states(rows, types=("exe",), min_bytes=5, after="2000-01-01")
    for top in range(len(rows) // 4):
        assert len({found.get(r.position) for r in rows if r.family == f"a{top}"}) == 1
