"""Documents and queries for parity tests: few words, so that everything meets everything."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from ediscovery.search import tree as t
from ediscovery.search.index import IndexDocument

VOCABULARY = ("a", "b", "ab", "ba", "abc", "cab", "at&t", "naive", "and", "ü")
LABELS = ("ORG", "PERSON")
SINGLE = ("text", "subject", "from", "filename", "custodian")
LISTS = ("to", "cc", "bcc", "participant", "allcustodian", "entity")

_pieces = st.sampled_from(
    ("a", "b", "AB", "ba", "abc", "cab", "AT&T", "naïve", "and", "Ü", "a-b", "x@y.com", "東京", "-")
)
texts = st.lists(_pieces, max_size=14).map(" ".join)
_values = st.lists(st.lists(_pieces, max_size=5).map(" ".join), max_size=3)
_moments = st.integers(0, 40).map(
    lambda n: datetime(2001, 1, 1, 12, tzinfo=UTC).replace(month=1 + n % 12, day=1 + n % 28)
)


@st.composite
def documents(draw: st.DrawFn) -> list[IndexDocument]:
    """Up to eight documents with ascending numbers, some attached to earlier ones."""
    made = []
    for number in range(draw(st.integers(1, 8))):
        made.append(
            IndexDocument(
                number=number * 3 + 1,
                parent=draw(st.sampled_from([None, 1, 4, 7, 99])),
                text=draw(texts),
                subject=draw(st.sampled_from(["", "a b", "b a ab", "cab abc a"])),
                from_=draw(st.sampled_from(["", "a", "A B <b@a.example>"])),
                to=draw(_values),
                cc=draw(st.sampled_from([[], ["a", "b"], ["a b", "ab a"]])),
                participants=draw(st.sampled_from([[], ["b"], ["b a b"]])),
                custodian=draw(st.sampled_from(["", "A", "b A"])),
                all_custodians=draw(st.sampled_from([[], ["A", "B"], ["A B"]])),
                file_name=draw(st.sampled_from(["", "a.b", "ab.abc"])),
                types=draw(st.sampled_from([[], ["mail"], ["pdf"], ["mail", "pdf"]])),
                ext=draw(st.sampled_from(["", "eml", "pdf"])),
                date=draw(st.none() | _moments),
                has=draw(st.lists(st.sampled_from(["attachment", "Hidden Text"]), max_size=2)),
                entities=draw(
                    st.lists(
                        st.tuples(
                            st.sampled_from(LABELS), st.lists(_pieces, max_size=4).map(" ".join)
                        ),
                        max_size=3,
                    )
                ),
                tags=draw(st.lists(st.sampled_from(["hot", "Hot Docs", "cold"]), max_size=2)),
                coding=draw(
                    st.lists(
                        st.tuples(
                            st.sampled_from(["responsive", "issue"]),
                            st.sampled_from(["yes", "no", "Key Docs"]),
                        ),
                        max_size=3,
                    )
                ),
                family=draw(st.sampled_from(["", "f1", "f2"])),
                dup=draw(st.sampled_from([[], ["primary", "D1"]])),
                state=draw(st.sampled_from(["ok", "limit:depth", "limit:size", ""])),
                control_number=f"ACME-{number:03d}",
            )
        )
    return made


words = st.sampled_from(VOCABULARY).map(t.Word)
wildcards = st.sampled_from(("a*", "*a", "*b*", "?", "a?", "??", "*", "?a*", "n*e", "a*c")).map(
    t.Wildcard
)
fuzzies = st.builds(t.Fuzzy, st.sampled_from(("ab", "abc", "naiev", "cba")), st.integers(1, 2))
terms = st.one_of(words, words, wildcards, fuzzies)
phrases = st.lists(terms, min_size=2, max_size=3).map(lambda found: t.Phrase(tuple(found)))
distances = st.one_of(st.integers(1, 4), st.sampled_from([7, 60]))


def _larger(inner: st.SearchStrategy[t.WordExpression]) -> st.SearchStrategy[t.WordExpression]:
    either = st.lists(inner, min_size=2, max_size=3).map(lambda found: t.AnyOf(tuple(found)))
    near = st.builds(t.Near, inner, inner, distances, st.booleans())
    return st.one_of(near, near, either)


expressions: st.SearchStrategy[t.WordExpression] = st.recursive(
    st.one_of(terms, terms, phrases), _larger, max_leaves=5
)


def _ranges() -> st.SearchStrategy[t.DateRange]:
    month = st.none() | st.integers(1, 12).map(lambda m: datetime(2001, m, 1, tzinfo=UTC))
    return st.builds(t.DateRange, month, month, st.just("made"))


@st.composite
def _matches(draw: st.DrawFn) -> t.Match:
    field = draw(st.sampled_from(("text", "text", "text", *SINGLE, *LISTS)))
    label = draw(st.sampled_from(("", "org", "person"))) if field == "entity" else ""
    return t.Match(field, draw(expressions), label)


keywords = st.sampled_from(
    (
        t.Keyword("type", "mail"),
        t.Keyword("ext", "?ml"),
        t.Keyword("has", "hidden text"),
        t.Keyword("tag", "hot*"),
        t.Keyword("tag", "hot"),
        t.Keyword("coding", "responsive"),
        t.Keyword("coding", "responsive=yes"),
        t.Keyword("coding", "*=key docs"),
        t.Keyword("family", "f1"),
        t.Keyword("state", "limit"),
        t.Keyword("state", "limit:d*"),
        t.Keyword("id", "acme-00?"),
        t.Keyword("dup", "*"),
        t.Keyword("type", "m*"),
    )
)


def _combined(inner: st.SearchStrategy[t.Condition]) -> st.SearchStrategy[t.Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        several.map(t.And),
        several.map(t.Or),
        inner.map(t.Not),
        inner.map(t.Attachment),
    )


conditions: st.SearchStrategy[t.Condition] = st.recursive(
    st.one_of(_matches(), _matches(), _matches(), keywords, _ranges()), _combined, max_leaves=5
)
