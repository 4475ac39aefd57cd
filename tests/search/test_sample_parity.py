"""The sample collection as ingested finds what the slow evaluator finds in catalog and packs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import and_, select

from ediscovery.search.grammar import parse
from ediscovery.search.index import IndexDocument
from ediscovery.search.tantivy_index import TantivyIndex
from ediscovery.store.lookup import text
from ediscovery.store.tables import collections, custodians, documents, items, mentions
from ediscovery.store.workspace import Matter, Workspace
from tests.conftest import Sample
from tests.search.slow_evaluator import evaluate

QUERIES = [
    line
    for line in (Path(__file__).parent / "sample_queries.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def matter(sample: Sample) -> Matter:
    return Workspace(sample.home).open("acme")


@pytest.fixture(scope="module")
def index(matter: Matter) -> Iterator[TantivyIndex]:
    with TantivyIndex(matter.index_folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def read_back(matter: Matter) -> list[IndexDocument]:
    """Every document out of the catalog's rows and the packs' texts, by this test's own reading."""
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(
                items, custodians.c.name.label("custodian"),
                *(c for c in documents.c if c.name not in ("collection_id", "position")),
            )
            .join(documents, and_(documents.c.collection_id == items.c.collection_id,
                                  documents.c.position == items.c.position))
            .join(collections, collections.c.id == items.c.collection_id)
            .join(custodians, custodians.c.id == collections.c.custodian_id)
            .where(documents.c.withdrawn.is_(False))
        ).mappings().all()  # fmt: skip
        found = connection.execute(select(mentions)).mappings().all()
    attached = {row["parent_number"] for row in rows if row["relation"] != "inline"}
    copies: dict[int, list[str]] = {}
    for row in rows:
        if row["group_number"] is not None:
            copies.setdefault(row["group_number"], []).append(row["custodian"])
    return [
        IndexDocument(
            number=row["number"],
            parent=row["parent_number"],
            text=text(matter, row["number"]),
            subject=row["subject"],
            from_=row["from_"],
            to=row["to"],
            cc=row["cc"],
            bcc=row["bcc"],
            custodian=row["custodian"],
            all_custodians=copies.get(row["group_number"], [row["custodian"]]),
            file_name=row["file_name"],
            types=[row["category"], row["mime_type"]],
            ext=row["ext"],
            date=_date(row["sent_at"] or row["modified_at"] or row["created_at"]),
            has=row["flags"]
            + ["attachment"] * (row["number"] in attached)
            + ["text"] * (row["text_sha256"] != ""),
            entities=[(m["label"], m["text"]) for m in found if m["number"] == row["number"]],
            family=matter.control_number(row["family_number"]),
            dup=["unique"]
            if row["group_number"] is None
            else [
                "primary" if row["is_primary"] else "duplicate",
                matter.control_number(row["group_number"]),
            ],
            state=row["state"],
            language=row["language"],
            control_number=matter.control_number(row["number"]),
        )
        for row in rows
    ]


def _date(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize("query", QUERIES)
def test_finds_what_is_there(
    matter: Matter, index: TantivyIndex, read_back: list[IndexDocument], query: str
) -> None:
    tree = parse(query, matter.zone).tree
    expected = evaluate(tree, read_back)
    assert index.matching(tree).tolist() == expected
    assert index.count(tree) == len(expected)


def test_the_queries_are_worth_asking(index: TantivyIndex, matter: Matter) -> None:
    counts = [index.count(parse(query, matter.zone).tree) for query in QUERIES]
    everything = index.count(parse("NOT tag:never").tree)
    assert len(set(QUERIES)) == len(QUERIES) >= 200
    assert sum(0 < count < everything for count in counts) > 0.8 * len(counts)
