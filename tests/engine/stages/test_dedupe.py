"""Grouping of copies over a catalog: worked examples, and laws against a slow, obvious oracle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from ediscovery.engine.stages.dedupe import dedupe
from ediscovery.model import positions
from ediscovery.model.errors import UsageError
from ediscovery.model.items import COLUMNS, Item
from ediscovery.store.catalog import insert_rows, writing
from ediscovery.store.tables import collections, documents, items
from ediscovery.store.workspace import Matter, Workspace

SCOPE = st.sampled_from(["global", "custodian", "none"])
LAWS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ALONE = (None, True)
Groups = dict[int, tuple[int | None, bool]]


class Family(NamedTuple):
    """A top-level document with its hash, its collection and so many attachments."""

    key: str
    collection: int
    attachments: int = 0
    withdrawn: bool = False


@pytest.fixture(scope="module")
def matter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matter]:
    made = Workspace(tmp_path_factory.mktemp("dedupe")).create("acme")
    with writing(made.engine) as connection:
        for number, custodian in ((1, 1), (2, 2), (3, 1)):  # collections 1 and 3 are Jane's
            connection.execute(
                insert(collections).values(
                    id=number, custodian_id=custodian, roots=[], profile={}, state="done",
                    who="", host="", tool_version="", started_at="",
                )
            )  # fmt: skip
    yield made
    made.engine.dispose()


def fill(matter: Matter, families: list[Family]) -> list[tuple[int, Family]]:
    """Put ``families`` into the emptied catalog; returns each with its number."""
    with writing(matter.engine) as connection:
        connection.execute(delete(documents))
        connection.execute(delete(items))
    placed: list[tuple[int, Family]] = []
    for family in families:
        add(matter, family, placed)
    return placed


def add(matter: Matter, family: Family, placed: list[tuple[int, Family]]) -> None:
    number = 1 + sum(1 + f.attachments for _, f in placed)
    top = positions.ordinal(len(placed))
    rows, numbered = [], []
    for n in range(family.attachments + 1):
        # Attachments get their numbers in the order of their positions, as numbering gives them.
        position = positions.child(top, n - 1) if n else top
        item = Item(position, family_hash="" if n else family.key)
        row = [v if isinstance(v, str | int | float | None) else "[]" for v in item.row()]
        row[COLUMNS.index("metadata")] = "{}"
        rows.append((family.collection, *row))
        numbered.append(
            (number + n, family.collection, position, number, True, 1, 0, False, family.withdrawn)
        )
    with writing(matter.engine) as connection:
        insert_rows(connection, items, ("collection_id", *COLUMNS), rows)
        names = (
            "number", "collection_id", "position", "family_number", "is_primary", "version",
            "indexed_version", "analyzed", "withdrawn",
        )  # fmt: skip
        insert_rows(connection, documents, names, numbered)
    placed.append((number, family))


def state(matter: Matter) -> tuple[Groups, dict[int, int]]:
    """Group and primary of each document, and its version."""
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(
                documents.c.number, documents.c.group_number, documents.c.is_primary,
                documents.c.version,
            )
        ).all()  # fmt: skip
    return {r[0]: (r[1], r[2]) for r in rows}, {r[0]: r[3] for r in rows}


def expected(placed: list[tuple[int, Family]], scope: str) -> Groups:
    """What must come out: each family held against every other."""
    custodian = {1: 1, 2: 2, 3: 1}
    result: Groups = {}
    for number, family in placed:
        equal = [
            (other, two)
            for other, two in placed
            if scope != "none"
            and not (family.withdrawn or two.withdrawn)
            and family.key == two.key != ""
            and (scope == "global" or custodian[family.collection] == custodian[two.collection])
        ]
        leader = min(equal) if len(equal) > 1 else None
        for n in range(family.attachments + 1):
            result[number + n] = ALONE
            if leader is not None and n <= leader[1].attachments:
                result[number + n] = (leader[0] + n, leader[0] == number)
    return result


FAMILIES = st.lists(
    st.builds(
        Family,
        key=st.sampled_from(["", "k1", "k2", "k3"]),
        collection=st.sampled_from([1, 2, 3]),
        attachments=st.integers(0, 3),
        withdrawn=st.sampled_from([False, False, False, True]),
    ),
    max_size=10,
)


def test_three_scopes(matter: Matter) -> None:
    # Numbers 1 and 2, 3 and 4, 5 and 6, 7, 8, 9.
    families = [
        Family("k", 1, 1), Family("k", 2, 1), Family("k", 3, 1), Family("other", 2),
        Family("", 2), Family("", 2),
    ]  # fmt: skip
    fill(matter, families)
    assert dedupe(matter, "global") == 4
    groups, _ = state(matter)
    assert groups == {
        1: (1, True), 2: (2, True), 3: (1, False), 4: (2, False), 5: (1, False), 6: (2, False),
        7: ALONE, 8: ALONE, 9: ALONE,
    }  # fmt: skip
    assert dedupe(matter, "custodian") == 2
    groups, _ = state(matter)
    assert groups == {
        1: (1, True), 2: (2, True), 3: ALONE, 4: ALONE, 5: (1, False), 6: (2, False),
        7: ALONE, 8: ALONE, 9: ALONE,
    }  # fmt: skip
    assert dedupe(matter, "none") == 0
    assert set(state(matter)[0].values()) == {ALONE}


@given(families=FAMILIES, scope=SCOPE)
@LAWS
def test_groups_are_what_is_equal(matter: Matter, families: list[Family], scope: str) -> None:
    placed = fill(matter, families)
    dedupe(matter, scope)
    assert state(matter)[0] == expected(placed, scope)


@given(families=FAMILIES, first=SCOPE, second=SCOPE)
@LAWS
def test_repeating_changes_nothing_and_the_last_scope_wins(
    matter: Matter, families: list[Family], first: str, second: str
) -> None:
    placed = fill(matter, families)
    dedupe(matter, first)
    before = state(matter)
    dedupe(matter, first)
    assert state(matter) == before
    dedupe(matter, second)
    assert state(matter)[0] == expected(placed, second)


@given(families=FAMILIES, scope=SCOPE)
@LAWS
def test_one_collection_after_the_other_gives_the_same(
    matter: Matter, families: list[Family], scope: str
) -> None:
    placed = fill(matter, [])
    for family in families:
        add(matter, family, placed)
        dedupe(matter, scope)
    assert state(matter)[0] == expected(placed, scope)


def test_only_what_changes_gets_a_new_version(matter: Matter) -> None:
    placed = fill(matter, [Family("k", 1, 1), Family("k", 1, 1), Family("alone", 1)])
    dedupe(matter, "global")
    _, versions = state(matter)
    assert versions == {1: 2, 2: 2, 3: 2, 4: 2, 5: 1}
    with writing(matter.engine) as connection:
        connection.execute(update(documents).values(indexed_version=documents.c.version))
    add(matter, Family("k", 2, 1), placed)
    dedupe(matter, "global")
    _, versions = state(matter)
    # The indexed members show the custodians of all copies, so they go to the index once more.
    assert versions == {1: 3, 2: 3, 3: 3, 4: 3, 5: 1, 6: 2, 7: 2}


def test_an_unknown_scope_is_refused(matter: Matter) -> None:
    with pytest.raises(UsageError, match="glob"):
        dedupe(matter, "glob")


def test_the_audit_log_says_what_was_decided(matter: Matter, tmp_path: Path) -> None:
    fill(matter, [Family("k", 1), Family("k", 2)])
    dedupe(matter, "global")
    last: Any = matter.audit_path.read_text().splitlines()[-1]
    assert '"families_changed":2' in last.replace(" ", "")
