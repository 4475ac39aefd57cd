"""What every catalog must do. A database's test class inherits it and says where matters live."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import Locked, NoSuchMatter, Refused, TryAgain
from ediscovery.model.items import COLUMNS, Item
from ediscovery.store.catalog import insert_rows, problems, writing
from ediscovery.store.tables import custodians, items, mentions, paragraphs, source_files
from ediscovery.store.workspace import Matter, Workspace

ITEM_COLUMNS = ("collection_id", *COLUMNS)
_JSON = [i for i, name in enumerate(COLUMNS) if name in ("flags", "to", "cc", "bcc", "references")]
# Whatever a path or a subject may hold once it was made safe: no NUL, no lone surrogates.
HOSTILE = (
    "", " ", "'; DROP TABLE item; --", '"quoted"', "back\\slash", "\\N", "\\.", "tab\tline\nend\r",
    "%s %(x)s :bind {}", "e\u0301", "\U0001f600", "\u202egnp.exe", "\x01\x7f\x9f", "\ufeff", "𝔘",
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


def row(position: str, **values: Any) -> tuple[Any, ...]:
    """An item as it goes into the catalog."""
    made = Item(position, **values).row()
    for i in _JSON:
        made[i] = "[]"
    made[COLUMNS.index("metadata")] = "{}"
    return (1, *made)


def add(matter: Matter, name: str) -> None:
    with writing(matter.engine) as connection:
        connection.execute(insert(custodians).values(name=name, created_at=""))


def count(matter: Matter) -> int:
    with matter.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(custodians)).scalar_one())


class CatalogContract:
    """A subclass gives the fixtures ``deployment`` and ``names``: matters that nobody has yet."""

    @pytest.fixture
    def workspace(self, deployment: Deployment, tmp_path: Path) -> Workspace:
        return Workspace(tmp_path / "home", deployment)

    @pytest.fixture
    def matter(self, workspace: Workspace, names: list[str]) -> Iterator[Matter]:
        made = workspace.create(names[0], prefix="ACME")
        yield made
        made.engine.dispose()
        made.reader.dispose()

    # -- rows --------------------------------------------------------------------------------------

    def test_rows_come_back_as_they_went_in(self, matter: Matter) -> None:
        written = [
            row(
                f"d{n:03}", path=text, subject=text, size=1 << 40, page_count=n, parent=None,
                ocr_confidence=0.1 + 0.2, native_offset=(1 << 62) + n,
            )
            for n, text in enumerate(HOSTILE)
        ]  # fmt: skip
        with writing(matter.engine) as connection:
            insert_rows(connection, items, ITEM_COLUMNS, written)
            insert_rows(connection, items, ITEM_COLUMNS, [])
        with matter.reader.connect() as connection:
            found = connection.execute(select(items).order_by(items.c.position)).all()
        assert [r.path for r in found] == [r.subject for r in found] == list(HOSTILE)
        assert [r.native_offset - (1 << 62) for r in found] == list(range(len(HOSTILE)))
        assert {(r.size, r.ocr_confidence, r.parent) for r in found} == {(1 << 40, 0.1 + 0.2, None)}
        assert found[0].to == [] and found[0].metadata == {}

    def test_whole_numbers_are_whole_and_may_be_large(self, matter: Matter) -> None:
        with writing(matter.engine) as connection:
            rows = [row("d0", page_count=3.0), row("d1", page_count=1 << 40)]
            insert_rows(connection, items, ITEM_COLUMNS, rows)
            found = connection.execute(
                select(items.c.page_count).order_by(items.c.position)
            ).scalars()
            assert [repr(n) for n in found] == ["3", str(1 << 40)]
            total = connection.execute(select(func.sum(items.c.page_count))).scalar_one()
            assert type(total) is int and total == 3 + (1 << 40)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(TEXTS, st.binary(max_size=30)), max_size=5))
    def test_any_text_and_bytes(self, matter: Matter, given: list[tuple[str, bytes]]) -> None:
        columns = (
            "collection_id", "ordinal", "path", "shown", "size", "sha256", "state", "message",
            "attempts",
        )  # fmt: skip
        with writing(matter.engine) as connection:
            connection.execute(delete(source_files))
            insert_rows(
                connection, source_files, columns,
                [(1, n, raw, text, 0, "", "ok", text, 1) for n, (text, raw) in enumerate(given)],
            )  # fmt: skip
            connection.execute(delete(paragraphs))
            connection.execute(
                insert(paragraphs).values(digest=b"\0\xff", findings=[text for text, _ in given])
            )
        with matter.engine.connect() as connection:
            found = connection.execute(
                select(source_files.c.shown, source_files.c.path, source_files.c.message)
                .order_by(source_files.c.ordinal)
            ).all()  # fmt: skip
            kept = connection.execute(select(paragraphs)).one()
        assert found == [(text, raw, text) for text, raw in given]
        assert kept == (b"\0\xff", [text for text, _ in given])

    def test_text_is_in_the_order_of_its_bytes(self, matter: Matter) -> None:
        texts = ["b", "B", "a", "_", "Z", "é", "e", "-", " a", "10", "9", "a b", "ab", "a-c", "ß"]
        with writing(matter.engine) as connection:
            insert_rows(connection, items, ITEM_COLUMNS, [row(text) for text in texts])
            found = list(
                connection.execute(select(items.c.position).order_by(items.c.position)).scalars()
            )
            between = set(
                connection.execute(
                    select(items.c.position).where(items.c.position.between("Z", "a"))
                ).scalars()
            )
        assert found == sorted(texts, key=str.encode)
        assert between == {"Z", "_", "a"}

    def test_many_rows_are_read_in_pieces(self, matter: Matter) -> None:
        columns = ("number", "kind", "label", "start", "end", "text", "confidence")
        with writing(matter.engine) as connection:
            insert_rows(
                connection, mentions, columns,
                [(n, "entity", "ORG", 0, 1, f"text {n}", 1.0) for n in range(2500)],
            )  # fmt: skip
        query = select(mentions.c.number).order_by(mentions.c.number)
        with matter.engine.connect() as connection:
            first = next(iter(connection.execute(query).scalars()))  # the others are left unread
            assert (first, list(connection.execute(query).scalars())) == (0, list(range(2500)))

    # -- transactions ------------------------------------------------------------------------------

    def test_a_failed_transaction_leaves_nothing(self, matter: Matter) -> None:
        with pytest.raises(RuntimeError), writing(matter.engine) as connection:
            connection.execute(insert(custodians).values(name="half", created_at=""))
            raise RuntimeError
        with pytest.raises(IntegrityError), writing(matter.engine) as connection:
            connection.execute(insert(custodians).values(name="half", created_at=""))
            connection.execute(insert(custodians).values(name="half", created_at=""))
        assert count(matter) == 0
        add(matter, "whole")
        assert count(matter) == 1

    def test_a_bulk_that_fails_leaves_nothing(self, matter: Matter) -> None:
        with pytest.raises(Exception, match=r"(?i)unique"), writing(matter.engine) as connection:
            insert_rows(connection, items, ITEM_COLUMNS, [row("d1"), row("d2"), row("d1")])
        with writing(matter.engine) as connection:
            assert connection.execute(select(func.count()).select_from(items)).scalar_one() == 0
            insert_rows(connection, items, ITEM_COLUMNS, [row("d1"), row("d2")])

    def test_one_reader_sees_one_state(self, matter: Matter) -> None:
        with matter.engine.connect() as reader:
            asked = select(func.count()).select_from(custodians)
            assert reader.execute(asked).scalar_one() == 0
            add(matter, "meanwhile")
            assert reader.execute(asked).scalar_one() == 0
        assert count(matter) == 1

    def test_writers_take_turns(self, matter: Matter) -> None:
        def add_ten(who: int) -> None:
            for n in range(10):
                with writing(matter.engine) as connection:
                    last = connection.execute(
                        select(func.coalesce(func.max(custodians.c.id), 0))
                    ).scalar_one()
                    connection.execute(
                        insert(custodians).values(id=last + 1, name=f"{who} {n}", created_at="")
                    )

        threads = [threading.Thread(target=add_ten, args=(who,)) for who in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert count(matter) == 30

    def test_the_reader_can_not_write(self, matter: Matter) -> None:
        with pytest.raises(TryAgain, match=r"read-?only"), writing(matter.reader) as connection:
            connection.execute(insert(custodians).values(name="x", created_at=""))

    # -- matters -----------------------------------------------------------------------------------

    def test_the_directory(self, workspace: Workspace, names: list[str]) -> None:
        made = [workspace.create(name, prefix=f"P{n}") for n, name in enumerate(names[:2])]
        add(made[0], "only in one")
        assert (count(made[0]), count(made[1])) == (1, 0)
        again = Workspace(workspace.folder, workspace.deployment)
        listed = [r for r in again.list() if r["name"] in names]
        assert [r["name"] for r in listed] == sorted(names[:2], key=str.encode)
        assert again.open(names[1]).prefix == "P1"
        with pytest.raises(Refused, match="exists"):
            again.create(names[0])
        with pytest.raises(NoSuchMatter, match=names[2]):
            again.open(names[2])
        again.close(names[0])
        closed = {r["name"]: r["closed_at"] for r in again.list() if r["name"] in names}
        assert closed[names[0]] and not closed[names[1]]

    def test_a_matter_that_was_half_made_is_made_whole(
        self, workspace: Workspace, names: list[str]
    ) -> None:
        folder = workspace.folder / "matters" / names[0]
        folder.mkdir(parents=True)
        workspace._catalogs.create(names[0], folder)  # and there it was killed
        with pytest.raises(NoSuchMatter):
            workspace.open(names[0])
        made = workspace.create(names[0], prefix="ACME")
        assert count(made) == 0 and workspace.open(names[0]).prefix == "ACME"

    def test_one_coordinator_at_a_time(self, matter: Matter, workspace: Workspace) -> None:
        other = Workspace(workspace.folder, workspace.deployment).open(matter.name)
        with matter.locked():
            with pytest.raises(Locked, match="in use by process"), other.locked():
                pass
            add(matter, "the one that holds it writes")
        with other.locked():
            add(other, "then the other")

    def test_nothing_is_wrong_with_it(self, matter: Matter) -> None:
        with matter.engine.connect() as connection:
            assert problems(connection) == []
