"""The query language: how queries are understood, and what is said about those that are not."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.search import tree as t
from ediscovery.search.grammar import MAX_CHARACTERS, MAX_TERMS, parse
from ediscovery.search.lexer import QueryError

UNDERSTOOD = [
    ("breach", "breach"),
    ("BREACH And Contract", "breach AND contract"),
    ("a b c", '"a b c"'),
    ("((a))", "a"),
    ("a OR b AND c", "a OR (b AND c)"),
    ("(a OR b) AND c", "(a OR b) AND c"),
    ("a AND b AND c OR d", "(a AND b AND c) OR d"),
    ("(a OR b) OR c", "a OR b OR c"),
    ("NOT a AND b", "NOT a AND b"),
    ("NOT NOT a", "NOT (NOT a)"),
    ("a AND NOT (b OR c)", "a AND NOT (b OR c)"),
    ("breach of contract w/5 damages", '"breach of contract" w/5 damages'),
    ("a W/5 b PRE/3 c", "(a w/5 b) pre/3 c"),
    ("NOT a w/5 b", "NOT (a w/5 b)"),
    ("a AND b w/5 c", "a AND (b w/5 c)"),
    ("(a OR b) w/5 (c OR d)", "(a OR b) w/5 (c OR d)"),
    ("(a AND b) w/5 c", "(a w/5 c) AND (b w/5 c)"),
    ("a pre/5 (b AND c)", "(a pre/5 b) AND (a pre/5 c)"),
    ("((a AND b) w/5 c) w/9 d", "((a w/5 c) w/9 d) AND ((b w/5 c) w/9 d)"),
    ("((a AND b) OR c) w/5 d", "((a w/5 d) AND (b w/5 d)) OR (c w/5 d)"),
    ("\u201cbreach of contract\u201d", '"breach of contract"'),
    ("\u201ebreach\u201c AND \u00abcontract\u00bb", "breach AND contract"),
    ('"and"', '"and"'),
    ("AT&T", "at&t"),
    ("e-mail", '"e mail"'),
    ("jane.roe@example.com", '"jane roe example com"'),
    ("O\u2019Brien", '"o brien"'),
    ("na\u00efve", "naive"),
    ("1,000", '"1 000"'),
    ("contr*ct? AND *", "contr*ct? AND *"),
    ("a**b", "a*b"),
    ("*@example.com", '"example com"'),
    ("roe * jane *@example.com", '"roe * jane * example com"'),
    ('"* *"', "*"),
    ("\u5951*", "\u5951"),
    ("word~ OR word~2", "word~1 OR word~2"),
    ('"word~ other*"', '"word~1 other*"'),
    ("subject:breach", "subject:breach"),
    ("SUBJECT:Breach", "subject:breach"),
    ("subject:(a OR b w/5 c)", "subject:a OR subject:(b w/5 c)"),
    ('from:"jane roe"', 'from:"jane roe"'),
    ("from:a w/5 from:b", "from:(a w/5 b)"),
    ("text:a", "a"),
    ("entity:ORG:acme?", "entity:org:acme?"),
    ('entity:ORG:"acme corp"', 'entity:org:"acme corp"'),
    ("entity:person:(a w/2 b)", "entity:person:(a w/2 b)"),
    ("entity:*", "entity:*"),
    ("tag:(hot OR \u201cKey Docs\u201d)", 'tag:hot OR tag:"key docs"'),
    ("state:limit:depth", "state:limit:depth"),
    ("coding:responsive=yes", "coding:responsive=yes"),
    ('coding:"issue=late delivery"', 'coding:"issue=late delivery"'),
    ("coding:privilege", "coding:privilege"),
    ("bates:ACME0000012", "bates:acme0000012"),
    ("type:application/pdf", "type:application/pdf"),
    ("id:ACME-00?", "id:acme-00?"),
    ("date:2001-01..2001-06", "date:2001-01..2001-06"),
    ("attachment(type:pdf AND a)", "attachment(type:pdf AND a)"),
    ("attachment", "attachment"),
    ("NOT attachment(attachment(a))", "NOT attachment(attachment(a))"),
    ('"w/o"', '"w o"'),
    ("10:30", '"10 30"'),
    ("C#", "c"),
    ("\u6771\u4eac", '"\u6771 \u4eac"'),
]


@pytest.mark.parametrize(("query", "described"), UNDERSTOOD)
def test_understood(query: str, described: str) -> None:
    assert parse(query).describe() == described


@pytest.mark.parametrize("described", sorted({u[1] for u in UNDERSTOOD}))
def test_what_is_described_is_the_same_query(described: str) -> None:
    assert parse(described).describe() == described


REFUSED = [
    ("", 1, "empty", "word"),
    ("   ", 4, "empty", "word"),
    ("a w/ 5 b", 3, "space", "w/5"),
    ("a w / 5 b", 5, "operator", "w/5"),
    ("a /5 b", 3, "operator", "w/5"),
    ("a near/5 b", 3, "proximity", "w/5"),
    ("a within/5 b", 3, "proximity", "w/5"),
    ("a +5 b", 3, "proximity", "pre/5"),
    ("a w/s b", 3, "sentences", "w/15"),
    ("a w/p b", 3, "sentences", "w/75"),
    ("a w/o b", 3, "number", "quotes"),
    ("a w/0 b", 3, "range", "w/5"),
    ("a w/99999999999999999999 b", 3, "range", "w/5"),
    ("a not w/5 b", 3, "not supported", "AND NOT"),
    ("a not b", 3, "NOT needs", "AND NOT"),
    ("a w/5 not b", 7, "NOT", "AND NOT"),
    ("a w/5 (b and not c)", 7, "NOT", "AND NOT"),
    ("a w/5 tag:x", 7, "tag:x", "AND tag:x"),
    ("a w/5 attachment(b)", 7, "attachment", "AND attachment"),
    ("a w/5 subject:b", 3, "different fields", "subject:("),
    ("(a AND b) w/5 (c AND d)", 11, "both sides", "own"),
    ("a && b", 3, "operator", "AND"),
    ("a || b", 3, "operator", "OR"),
    ("a & b", 3, "operator", "AND"),
    ("a ! b", 3, "operator", "NOT"),
    ("a -b", 3, "minus", "AND NOT"),
    ("a +b", 3, "+", "AND"),
    ("contract!", 1, "wildcard", "contract*"),
    ("#smith", 1, "sounds", "smith~"),
    ("ba%nana", 1, "fuzzy", "word~"),
    ("12~~24", 1, "ranges", "OR"),
    ("a^2", 1, "weights", "Leave"),
    ("breach, contract", 1, "comma", "OR"),
    ("'breach of contract'", 1, "double", '"breach of contract"'),
    ('"a b"~5', 6, "~", "w/5"),
    ("word~3", 1, "edits", "word~2"),
    ("e-mail~", 1, "one word", "word~"),
    ("wor*~", 1, "wildcards", "word~"),
    ('"abc', 1, "closed", '"breach of contract"'),
    ("(a OR b", 1, "closed", "Close"),
    ("a OR b)", 7, "opened", "Leave"),
    ("a ()", 3, "operator", "AND"),
    ("()", 1, "nothing between", "word"),
    ("a AND", 3, "right", "quotes"),
    ("OR b", 1, "left", "quotes"),
    ("a AND OR b", 3, "right", "quotes"),
    ("w/5 b", 1, "left", "quotes"),
    ("a w/5", 3, "right", "quotes"),
    ('breach "of contract"', 8, "operator", "quotes"),
    ("(a) (b)", 5, "operator", "AND"),
    ("a(b)", 2, "space", "AND"),
    ('a"b"', 2, "space", "AND"),
    ("attachment (a)", 12, "space", "attachment("),
    ("subject: breach", 1, "directly", "subject:word"),
    ("sujet:x", 1, "no field", "subject:"),
    ("sender:x", 1, "no field", "from:"),
    ("re:x", 1, "no field", "quotes"),
    ("subject:(from:x)", 10, "inside", "AND"),
    ("subject:(attachment(x))", 10, "inside", "outside"),
    ("date:01/15/2001", 6, "not a date", "date:2001-06-30"),
    ("date:2001-02-30", 6, "no such date", "date:2001"),
    ("date:2001..2000", 6, "before", "date:2001"),
    ("date:..", 6, "neither", "date:2001"),
    ("type:(pdf mail)", 11, "operator", "OR"),
    ('tag:""', 5, "empty", "tag:value"),
    ("a AND --", 7, "no letter", "word"),
]


@pytest.mark.parametrize(("query", "column", "problem", "advice"), REFUSED)
def test_refused_with_column_and_advice(query: str, column: int, problem: str, advice: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    error = caught.value
    assert error.column == column
    assert f"Column {column}" in error.message
    assert problem in error.message
    assert advice in error.next_step
    assert error.next_step.endswith((".", '"'))
    line, caret = error.pointer().split("\n")
    assert caret.endswith("^") and len(caret) <= len(line) + 1


def test_pointer_shows_the_place_in_a_long_query() -> None:
    with pytest.raises(QueryError) as caught:
        parse("word " * 100 + "&& word")
    line, caret = caught.value.pointer().split("\n")
    assert line[len(caret) - 1 :].startswith("&& word")


def test_months_and_days_in_a_zone() -> None:
    zone = ZoneInfo("America/New_York")
    assert parse("date:2001-06-30", zone).tree == t.DateRange(
        datetime(2001, 6, 30, 4, tzinfo=UTC), datetime(2001, 7, 1, 4, tzinfo=UTC), "2001-06-30"
    )
    assert parse("date:2001-12..").tree == t.DateRange(
        datetime(2001, 12, 1, tzinfo=UTC), None, "2001-12.."
    )
    assert parse("date:..2000").tree == t.DateRange(
        None, datetime(2001, 1, 1, tzinfo=UTC), "..2000"
    )
    assert parse("date:*").tree == t.DateRange(None, None, "*")
    for extreme in ("0001", "9999", "9999-12-31", "0001-01-01..9999"):
        for place in (UTC, zone, ZoneInfo("Asia/Tokyo")):
            parse(f"date:{extreme}", place)


def test_notes_name_what_is_easily_meant_otherwise() -> None:
    assert "tighter" in parse("a OR b AND c").notes[0]
    assert parse("a OR (b AND c)").notes == ()
    assert "OR NOT" in parse("a OR NOT b").notes[0]
    assert "left" in parse("a w/5 b w/9 c").notes[0]
    assert "question mark" in parse('"did you know?"').notes[0].lower()


def test_limits() -> None:
    with pytest.raises(QueryError, match="characters"):
        parse("a" * (MAX_CHARACTERS + 1))
    with pytest.raises(QueryError, match="nested"):
        parse("(" * 10_000 + "a" + ")" * 10_000)
    with pytest.raises(QueryError, match="nested"):
        parse("NOT " * 10_000 + "a")
    with pytest.raises(QueryError, match="nested"):
        parse("a" + " w/5 a" * 10_000)
    with pytest.raises(QueryError, match="20,000"):
        parse(" OR ".join(["a"] * (MAX_TERMS + 1)))
    with pytest.raises(QueryError, match="too large"):
        many = " OR ".join(f"w{n}" for n in range(200))
        parse(f"({many} OR (a AND b)) w/5 ({many})")
    assert t.term_count(parse(" OR ".join(["a"] * 10_000)).tree) == 10_000
    assert t.term_count(parse("word " * 10_000).tree) == 10_000


_PIECES = ["a", "b", "*", "?", "~", "(", ")", '"', ":", "&", "|", "/", "-", "+", " ", " ", "5", "w"]
_PIECES += ["\u201c", "\u6771", ".", ",", " AND ", " OR ", " NOT ", " w/5 ", " pre/2 ", "\n"]
_PIECES += ["subject:", "entity:ORG:", "tag:", "attachment(", "date:2001"]


@given(st.lists(st.sampled_from(_PIECES), max_size=20).map("".join))
@settings(max_examples=500)
def test_any_text_is_understood_or_refused(query: str) -> None:
    try:
        parsed = parse(query)
    except QueryError as error:
        assert 1 <= error.column <= len(query) + 1
    else:
        assert parse(parsed.describe()).tree == parsed.tree
