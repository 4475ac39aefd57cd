"""What every search index must do. A backend's test class inherits it and says how to make one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ediscovery.search.grammar import parse
from ediscovery.search.index import IndexDocument, Limits, QueryTooCostly, SearchIndex
from ediscovery.search.tree import Condition, Match, Near, Word
from tests.search import strategies
from tests.search.cases import CASES, DOCUMENTS
from tests.search.slow_evaluator import evaluate


def find(index: SearchIndex, query: str) -> list[int]:
    """Numbers that the query finds."""
    found: list[int] = index.matching(parse(query).tree).tolist()
    return found


class SearchIndexContract:
    """``make`` gives a context manager of a new, empty index; ``shards`` may be ignored."""

    make: Callable[..., AbstractContextManager[SearchIndex]]

    # -- queries -----------------------------------------------------------------------------------

    def test_cases_by_hand(self) -> None:
        wrong = {}
        with self.make(shards=2) as index:
            index.add(DOCUMENTS, new=True)
            index.commit()
            for query, expected in CASES:
                found = find(index, query)
                slow = evaluate(parse(query).tree, DOCUMENTS)
                if not expected == found == slow:
                    wrong[query] = {"expected": expected, "found": found, "slow": slow}
        assert wrong == {}

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        strategies.documents(),
        st.lists(strategies.conditions, min_size=8, max_size=16),
    )
    def test_same_documents_as_the_slow_evaluator(
        self, documents: list[IndexDocument], queries: list[Condition]
    ) -> None:
        with self.make(shards=2) as index:
            index.add(documents, new=True)
            index.commit()
            for query in queries:
                expected = evaluate(query, documents)
                assert index.matching(query).tolist() == expected, query.describe()
                assert index.count(query) == len(expected), query.describe()
                page = index.search(query, limit=2, offset=1)
                assert (page.total, page.numbers) == (len(expected), expected[1:3])
                for number in (1, 4):
                    explained = index.explain(query, number)
                    assert explained.hit == (number in expected), query.describe()

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(strategies.texts, min_size=30, max_size=60))
    def test_every_distance_and_order_of_two_words(self, texts: list[str]) -> None:
        documents = [IndexDocument(number=n, text=text) for n, text in enumerate(texts)]
        with self.make() as index:
            index.add(documents, new=True)
            index.commit()
            for left, right in (("a", "b"), ("a", "a"), ("b", "ab")):
                for distance in (1, 2, 3, 5, 9, 70):
                    for ordered in (False, True):
                        query = Match("text", Near(Word(left), Word(right), distance, ordered))
                        assert index.matching(query).tolist() == evaluate(query, documents)

    # -- documents ---------------------------------------------------------------------------------

    def test_a_document_replaces_the_one_of_its_number(self) -> None:
        with self.make(shards=3) as index:
            assert index.add([IndexDocument(n, text=f"old w{n}") for n in range(10)]) == 10
            index.commit()
            index.add([IndexDocument(4, version=2, text="new"), IndexDocument(5, text="first")])
            index.add([IndexDocument(5, version=7, text="second")])
            index.commit()
            assert find(index, "old") == [0, 1, 2, 3, 6, 7, 8, 9]
            assert find(index, "new OR first OR second") == [4, 5]
            assert find(index, "first") == []
            assert dict(index.versions()) == {n: {4: 2, 5: 7}.get(n, 1) for n in range(10)}

    def test_delete(self) -> None:
        with self.make(shards=2) as index:
            index.add([IndexDocument(n, text="w", parent=n + 1) for n in range(6)], new=True)
            index.commit()
            index.delete([1, 4, 99])
            index.commit()
            assert find(index, "w") == [0, 2, 3, 5]
            assert find(index, "NOT missing") == [0, 2, 3, 5]
            assert find(index, "attachment(w)") == [3]
            assert [number for number, _ in index.versions()] == [0, 2, 3, 5]

    def test_nothing_is_visible_before_the_commit(self) -> None:
        with self.make() as index:
            index.add([IndexDocument(1, text="w")])
            assert find(index, "w") == []
            index.commit()
            assert find(index, "w") == [1]

    def test_empty_index(self) -> None:
        with self.make(shards=2) as index:
            assert index.search(parse("a").tree).total == 0
            assert find(index, "NOT a") == []
            assert find(index, "attachment(a w/3 (b w/2 c))") == []
            assert list(index.versions()) == []
            assert not index.explain(parse("NOT a").tree, 1).hit

    def test_pages_are_by_number_over_all_shards(self) -> None:
        numbers = [*range(40, 0, -3), 10**12]
        with self.make(shards=3) as index:
            index.add([IndexDocument(n, text="a b") for n in numbers], new=True)
            index.commit()
            for query in ("a", "b AND a w/9 (a w/1 b)", "a w/9 (b w/1 b) OR a"):
                whole = find(index, query)
                tree = parse(query).tree
                pages = [index.search(tree, 4, offset) for offset in range(0, 20, 4)]
                assert [n for page in pages for n in page.numbers] == whole
                assert {page.total for page in pages} == {len(whole)}
                for start in range(17):
                    for limit in range(4):
                        assert (
                            index.search(tree, limit, start).numbers
                            == (whole[start : start + limit])
                        )

    def test_dates_without_zone_and_before_1970(self) -> None:
        dates = [
            datetime(1, 1, 1),
            datetime(1969, 12, 31, 23, 59, 59, 999999),
            datetime(1970, 1, 1),
        ]
        zoned = datetime(9999, 12, 31, 23, tzinfo=UTC)
        documents = [IndexDocument(n, date=date) for n, date in enumerate([*dates, zoned])]
        with self.make() as index:
            index.add(documents)
            index.commit()
            assert find(index, "date:..1969") == [0, 1]
            assert find(index, "date:1969-12-31") == [1]
            assert find(index, "date:1970..") == [2, 3]
            assert find(index, "date:9999") == [3]
            assert find(index, "date:0001") == [0]

    def test_hostile_text(self) -> None:
        run = "x" * 700
        documents = [
            IndexDocument(1, text=f"a {run} b", tags=["t" * 70_000, "", " "], to=["", "--"]),
            IndexDocument(2, text="lone \ud800 surrogate", subject="\x00", entities=[("", "z")]),
            IndexDocument(3, text="a b " * 300_000),
            IndexDocument(4, entities=[("A:B C", "odd label"), ("A:B C", "--")]),
        ]
        with self.make() as index:
            index.add(documents)
            index.commit()
            assert find(index, f"a {run} b") == [1]
            assert find(index, "tag:ttt*") == [1]
            assert find(index, "to:*") == []
            assert find(index, '"lone surrogate"') == [2]
            assert find(index, "entity:z") == [2]
            assert find(index, "entity:odd") == [4]
            assert find(index, "(a w/1 b) pre/1 (a w/1 b)") == [3]

    # -- explanations ------------------------------------------------------------------------------

    def test_explain_names_clauses_and_places(self) -> None:
        with self.make() as index:
            index.add(DOCUMENTS, new=True)
            index.commit()
            original = DOCUMENTS[0].text
            tree = parse('(breach w/2 contract) AND from:roe AND NOT "damages hail"').tree
            explained = index.explain(tree, 1, original)
            assert explained.hit
            assert explained.understood == tree.describe()
            near, sender, absent = explained.clauses
            assert [original[s:e] for s, e in near.places[0].words] == ["breach", "contract"]
            assert "The breach of contract was willful." in near.places[0].snippet
            assert sender.holds and sender.places[0].field == "from"
            assert (absent.query, absent.holds, absent.places) == ('"damages hail"', False, ())
            missed = index.explain(tree, 3)
            assert not missed.hit
            assert [clause.holds for clause in missed.clauses] == [False, False, False]
            indexed = index.explain(parse("br*").tree, 1).clauses[0].places[0]
            assert indexed.snippet.startswith("the breach of contract")

    def test_explain_participants_entities_attachments(self) -> None:
        with self.make() as index:
            index.add(DOCUMENTS, new=True)
            index.commit()
            tree = parse("participant:john AND entity:org:acme AND attachment(invoice)").tree
            explained = index.explain(tree, 1)
            assert explained.hit and all(clause.holds for clause in explained.clauses)
            who, entity, _ = explained.clauses
            assert {place.field for place in who.places} == {"to"}
            assert entity.places[0].snippet == "acme corp"

    # -- limits ------------------------------------------------------------------------------------

    def test_ten_thousand_alternatives(self) -> None:
        documents = [IndexDocument(n, text=f"w{n} v{n} u") for n in range(2_000)]
        with self.make(shards=2) as index:
            index.add(documents, new=True)
            index.commit()
            words = " OR ".join(f"w{n}" for n in range(1_000, 11_000))
            assert len(find(index, words)) == 1_000
            assert len(find(index, f"({words}) w/2 u")) == 1_000
            phrases = " OR ".join(f'"w{n} v{n}"' for n in range(1_000, 6_000))
            assert len(find(index, phrases)) == 1_000
            assert len(find(index, " AND ".join(["w*"] * 300))) == 2_000

    def test_wildcards_that_fit_everything(self) -> None:
        documents = [
            IndexDocument(n, text=" ".join(f"x{n}y{k}" for k in range(10))) for n in range(3_000)
        ]
        with self.make() as index:
            index.add(documents, new=True)
            index.commit()
            assert len(find(index, "*y7")) == 3_000
            assert len(find(index, '"x* *"')) == 3_000
            assert len(find(index, "x* w/3 *y*")) == 3_000
            assert len(find(index, "x?y* pre/1 *7")) == 10
            with pytest.raises(QueryTooCostly, match="wildcards"):
                find(index, "*a" * 120)

    def test_stops_when_the_time_is_over(self) -> None:
        with self.make(limits=Limits(seconds=0)) as index:
            index.add(DOCUMENTS, new=True)
            index.commit()
            for query in ("breach", '"breach of" w/2 "was *"', "attachment(invoice)"):
                for ask in (index.count, index.matching, index.search):
                    with pytest.raises(QueryTooCostly) as caught:
                        ask(parse(query).tree)
                    assert "0 seconds" in caught.value.message
                    assert "narrower" in caught.value.next_step

    def test_one_document_of_too_many_combinations(self) -> None:
        with self.make() as index:
            index.add([IndexDocument(1, text="a " * 5_000 + "b " * 5_000 + "a b")])
            index.commit()
            pair = Near(Word("a"), Word("b"), 10_000, True)
            assert index.count(Match("text", Near(pair, Word("c"), 1, True))) == 0
            with pytest.raises(QueryTooCostly, match="combinations"):
                index.count(Match("text", Near(pair, pair, 1, True)))

    def test_long_documents(self) -> None:
        documents = [
            IndexDocument(n, text="x " * before + "a x b x c " + "x " * 10_000)
            for n, before in enumerate([*range(3_990, 4_010), 0, 9_999, 90_000])
        ]
        with self.make() as index:
            index.add(documents, new=True)
            index.commit()
            everything = list(range(len(documents)))
            assert find(index, "(a w/2 b) pre/2 c") == everything
            assert find(index, "(a w/2 b) w/1 c") == []
            assert find(index, "c w/2 (a pre/3 b?)") == []
            place = index.explain(parse("(a w/2 b) w/2 c").tree, 22).clauses[0].places[0]
            assert place.words == ((180_000, 180_001), (180_004, 180_005), (180_008, 180_009))

    def test_repeated_passages_do_not_hide_other_hits(self) -> None:
        footer = "this message is privileged and may hold confidential advice of counsel"
        texts = [f"w{n} {footer}" for n in range(2_500)]
        texts += ["privileged x confidential x counsel", "counsel w privileged confidential"]
        texts += ["privileged x x x x x x confidential counsel", "confidential privileged", footer]
        documents = [IndexDocument(n, text=text) for n, text in enumerate(texts)]
        with self.make(shards=2) as index:
            index.add(documents, new=True)
            index.commit()
            query = "(privileged w/5 confidential) w/4 counsel"
            assert find(index, query) == evaluate(parse(query).tree, documents)
            assert len(find(index, query)) == 2_503
            query = "(confidential pre/5 privileged) w/4 counsel"
            assert find(index, query) == evaluate(parse(query).tree, documents) == []
            query = 'w1* AND "is privileged" w/9 "of c*l"'
            assert find(index, query) == evaluate(parse(query).tree, documents)
