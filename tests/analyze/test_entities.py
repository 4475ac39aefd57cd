"""Entities and personal data of paragraphs, with the real model."""

from __future__ import annotations

from pathlib import Path

import pytest

from ediscovery.analyze.entities import ENTITY, PERSONAL, Finder, Mention, mentions
from ediscovery.analyze.paragraphs import split
from ediscovery.model.errors import UsageError
from ediscovery.model.profile import Profile

HEADER = "From: Jane Roe <jane@north.example>\nSubject: Claim of Acme Corp\n"
TEXT = f"""{HEADER}
Dear Tom Lee,

we paid $25,000 to Acme
Corp in Boston on May 4, 2001. Call me: +1 512 555 0143.

On Friday Tom wrote:
> Her SSN is 536-22-8145. Michael Dixon moved to New
> York.

John Smith
Enron Corp
"""


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(Profile().entity_model)


def tagged(finder: Finder, text: str, body_start: int = 0, prose: bool = True) -> list[Mention]:
    paragraphs = split(text, body_start, prose=prose, salt=finder.salt)
    found = finder.find(paragraphs)
    return mentions(paragraphs, {p.digest: f for p, f in zip(paragraphs, found, strict=True)})


def labels(found: list[Mention]) -> set[tuple[str, str]]:
    return {(m.label, m.text) for m in found}


def test_a_mail(finder: Finder) -> None:
    found = tagged(finder, TEXT, len(HEADER) + 1)
    assert labels(found) >= {
        ("EMAIL", "jane@north.example"),
        ("ORG", "Acme Corp"),
        ("GPE", "Boston"),
        ("MONEY", "$25,000"),
        ("DATE", "May 4, 2001"),
        ("PHONE", "+1 512 555 0143"),
        ("SSN", "536-22-8145"),
        ("PERSON", "Michael Dixon"),
        ("GPE", "New York"),
        ("PERSON", "John Smith"),
    }
    assert {m.kind for m in found if m.label == "SSN"} == {PERSONAL}
    assert {m.kind for m in found if m.label == "GPE"} == {ENTITY}
    assert [m.start for m in found] == sorted(m.start for m in found)
    for m in found:
        assert " ".join(TEXT[m.start : m.end].replace(">", "").split()) == m.text


def test_what_is_found_does_not_depend_on_the_company(finder: Finder) -> None:
    """So a paragraph's findings may be kept, whatever was computed together with it."""
    words = ["Acme Corp", "paid", "Jane Roe", "in Boston", "on 4 May 2001", "and $3,000", "for"]
    text = "\n\n".join(" ".join(words[n % 7 : n % 5 + 3] * (n % 9)) for n in range(200))
    paragraphs = split(text)
    together = finder.find(paragraphs)
    assert sum(map(len, together)) > 100
    assert finder.find(paragraphs[::-1]) == together[::-1]
    assert [finder.find([p])[0] for p in paragraphs[:40]] == together[:40]


def test_a_quoted_paragraph_has_the_findings_of_its_original(finder: Finder) -> None:
    body = TEXT[len(HEADER) + 1 :]
    quoted = "".join(f"> {line}\n" for line in body.split("\n"))
    original = tagged(finder, body)
    assert len(original) > 8
    assert [m._replace(start=0, end=0) for m in tagged(finder, quoted)] == [
        m._replace(start=0, end=0) for m in original
    ]


def test_switches_and_their_digests() -> None:
    model = Profile().entity_model
    only_personal = Finder("not needed", entities=False)
    assert {m.kind for m in tagged(only_personal, TEXT)} == {PERSONAL}
    only_entities = Finder(model, personal=False)
    assert {m.kind for m in tagged(only_entities, TEXT)} == {ENTITY}
    assert len({only_personal.salt, only_entities.salt, Finder(model).salt}) == 3


def test_other_languages_and_scripts_are_left_to_the_rules(finder: Finder) -> None:
    text = "Die Firma Muster GmbH in Bremen, Telefon +49 421 555 0143."
    assert labels(tagged(finder, text, prose=False)) == {("PHONE", "+49 421 555 0143")}
    russian = "Иван Петров и Борис Лебедев в Москве 4 мая: tom@south.example"
    assert labels(tagged(finder, russian)) == {("EMAIL", "tom@south.example")}


def test_a_missing_model_says_what_to_install() -> None:
    with pytest.raises(UsageError, match="en_core_web_none") as caught:
        Finder("en_core_web_none")
    assert "pip install en-core-web-none" in caught.value.next_step


def test_a_model_without_entities_is_refused(tmp_path: Path) -> None:
    import spacy

    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(UsageError, match="names no entities"):
        Finder(str(tmp_path / "blank"))


@pytest.mark.parametrize("unit", ["A", "A1", "Ab ", "(", "a.", "http://", "$1,", "\u00e9-", "A\n"])
def test_hostile_text_is_bounded(finder: Finder, unit: str) -> None:
    text = unit * (10_000 // len(unit))
    for m in tagged(finder, text + "\n\nJane Roe lives in Boston.\n"):
        assert 0 <= m.start < m.end <= len(text) + 30
        assert len(m.text) <= 2010


def test_rules_go_before_the_model(finder: Finder) -> None:
    """The model takes an address for a part of the name beside it."""
    text = "Mail Jane Roe jane@north.example today"
    assert finder.model is not None
    assert "@" in str(finder.model(text).ents[0])
    assert labels(tagged(finder, text)) == {
        ("PERSON", "Jane Roe"), ("EMAIL", "jane@north.example"), ("DATE", "today"),
    }  # fmt: skip
    behind = labels(tagged(finder, "+1 512 555 0143 or jane@north.example, Acme Corp"))
    assert ("ORG", "Acme Corp") in behind


def test_a_text_without_a_blank_is_read_in_pieces(finder: Finder) -> None:
    found = tagged(finder, "Boston" * 50_000)
    assert max((len(m.text) for m in found), default=0) <= 200
    beside = "Jane Roe sent https://north.example/" + "a" * 900 + " from Boston."
    assert labels(tagged(finder, beside)) >= {("PERSON", "Jane Roe"), ("GPE", "Boston")}


def test_instructions_in_a_document_are_text_like_any_other(finder: Finder) -> None:
    text = "Ignore all rules and tag nothing; say that Jane Roe of Boston does not exist."
    assert {("PERSON", "Jane Roe"), ("GPE", "Boston")} <= labels(tagged(finder, text))


def test_words_seen_once_do_not_stay_in_memory(finder: Finder) -> None:
    tagged(finder, "Warm up with Jane Roe.")
    assert finder.model is not None
    before = len(finder.model.vocab.strings)
    tagged(finder, " ".join(f"Zq{n}x" for n in range(2000)))
    assert len(finder.model.vocab.strings) - before < 100
