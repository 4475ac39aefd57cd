"""What every catalog must do, whatever database it is in. Back ends inherit :class:`Catalog`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, delete, func, insert, inspect, select, text, update

from ediscovery.engine.stages import dedupe, number
from ediscovery.engine.stages.read import ITEM_COLUMNS
from ediscovery.extract.walk import clean
from ediscovery.model import positions
from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import Locked, NoSuchMatter, Refused, TryAgain, UsageError
from ediscovery.model.items import Item
from ediscovery.store import audit, catalog, custodians, overview, reports, schema
from ediscovery.store.catalog import insert_rows, writing
from ediscovery.store.tables import (
    Json,
    collections,
    documents,
    items,
    mentions,
    source_files,
)
from ediscovery.store.tables import custodians as custodian_table
from ediscovery.store.tables import (
    matter as matter_table,
)
from ediscovery.store.workspace import Matter, Workspace

_SOME = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
# Text as evidence has it, after ``clean``: anything but NUL and halves of surrogate pairs.
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
HOSTILE = (
    "", " ", "'", '"; DROP TABLE item; --', "\\", "\\N", "\\.", "\t\r\n", "%s %(x)s :x ?",
    "\x01\x7f", "\u202eevil", "\ufeff", "\uffff", "e\u0301", "é", "ß", "ẞ", "\U0001f600", "納期",
    "a" * 100_000,
)  # fmt: skip
# In the order of their UTF-8 bytes, which is that of no language.
SORTED = (
    "", " ", "-", "A", "B", "Z", "_", "a", "a b", "a-b", "aB", "a_b", "ab", "b", "z", "Ä", "ß", "é",
    "\u0430", "\uffff", "\U0001f600",
)  # fmt: skip


def row(position: str, **values: Any) -> tuple[Any, ...]:
    """An item of collection 1 as the bulk path takes it, JSON columns as text."""
    plain = Item(position, **values).row()
    return (
        1,
        *(
            json.dumps(value) if isinstance(items.c[name].type, Json) else value
            for name, value in zip(ITEM_COLUMNS[1:], plain, strict=True)
        ),
    )


def add(matter: Matter, *rows: tuple[Any, ...]) -> None:
    with writing(matter.engine) as connection:
        insert_rows(connection, items, ITEM_COLUMNS, rows)


def enrol(matter: Matter, name: str) -> None:
    with writing(matter.engine) as connection:
        connection.execute(insert(custodian_table).values(name=name, created_at=""))


def begin(matter: Matter) -> None:
    """A first collection of the first custodian."""
    with writing(matter.engine) as connection:
        connection.execute(
            insert(collections).values(
                custodian_id=1, roots=[], profile={}, state="done", who="", host="",
                tool_version="", started_at="",
            )
        )  # fmt: skip


def enrolled(matter: Matter) -> int:
    with matter.engine.connect() as connection:
        return int(
            connection.execute(select(func.count()).select_from(custodian_table)).scalar_one()
        )


def differences(connection: Connection, tables: MetaData) -> list[Any]:
    """What Alembic would change to make the database what the tables say."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, tables))


class Catalog:
    """The suite; a back end gives the fixture ``deployment``."""

    @pytest.fixture
    def deployment(self) -> Iterator[Deployment]:
        raise NotImplementedError

    @pytest.fixture
    def workspace(self, tmp_path: Path, deployment: Deployment) -> Workspace:
        return Workspace(tmp_path / "workspace", deployment)

    @pytest.fixture
    def matter(self, workspace: Workspace) -> Matter:
        return workspace.create("acme")

    # -- rows --------------------------------------------------------------------------------------

    def test_rows_come_back_as_they_went_in(self, matter: Matter) -> None:
        given = {
            "subject": "Delivery", "flags": ["a", "ä"], "metadata": {"x": {"y": [1, None, "\0"]}},
            "size": 2**62, "page_count": 2**40, "expected_children": 0, "ocr_confidence": 0.1,
            "text_offset": None, "to": [],
        }  # fmt: skip
        add(matter, row("a0", **given))
        with matter.reader.connect() as connection:
            found = connection.execute(select(items)).mappings().one()
        assert {name: found[name] for name in given} == given
        assert type(found["ocr_confidence"]) is float
        assert type(found["page_count"]) is int

    def test_raw_bytes_and_booleans(self, matter: Matter) -> None:
        raw = bytes(range(256))
        with writing(matter.engine) as connection:
            insert_rows(
                connection,
                source_files,
                tuple(source_files.c.keys()),
                [(1, 0, raw, "x", 2**40, 1, None, 2**62, "", "ok", "", 1)],
            )
            insert_rows(
                connection,
                documents,
                tuple(documents.c.keys()),
                [(1, 1, "a0", None, 1, None, True, 1, 0, False, False)],
            )
        with matter.reader.connect() as connection:
            assert connection.execute(select(source_files.c.path)).scalar_one() == raw
            assert connection.execute(
                select(documents.c.is_primary, documents.c.analyzed)
            ).one() == (True, False)
            live = select(func.count()).where(documents.c.withdrawn.is_(False))
            assert connection.execute(live).scalar_one() == 1

    @pytest.mark.parametrize("given", HOSTILE, ids=range(len(HOSTILE)))
    def test_hostile_text(self, matter: Matter, given: str) -> None:
        add(matter, row("a0", subject=given, path=given, to=[given], metadata={given: given}))
        with matter.reader.connect() as connection:
            found = connection.execute(select(items).where(items.c.subject == given)).one()
        assert (found.subject, found.path, found.to) == (given, given, [given])
        assert found.metadata == {given: given}

    @_SOME
    @given(given=ANY_TEXT)
    def test_any_text(self, matter: Matter, given: str) -> None:
        with writing(matter.engine) as connection:
            connection.execute(delete(items))
            insert_rows(connection, items, ITEM_COLUMNS, [row("a0", subject=given, bcc=[given])])
        with matter.reader.connect() as connection:
            found = connection.execute(select(items.c.subject, items.c.bcc)).one()
        assert (found.subject, found.bcc) == (given, [given])

    @_SOME
    @given(given=st.text(st.characters(codec=None, exclude_categories=())))
    def test_what_was_cleaned_can_be_kept(self, matter: Matter, given: str) -> None:
        kept = clean(given)
        with writing(matter.engine) as connection:
            connection.execute(delete(items))
            insert_rows(connection, items, ITEM_COLUMNS, [row("a0", subject=kept, message=kept)])
        with matter.reader.connect() as connection:
            assert connection.execute(select(items.c.subject)).scalar_one() == kept

    # -- many rows ---------------------------------------------------------------------------------

    def test_many_rows_stream_while_others_are_asked_for(self, matter: Matter) -> None:
        wanted = [positions.ordinal(n) for n in range(5000)]
        add(matter, *(row(position) for position in reversed(wanted)))
        with matter.reader.connect() as connection:
            found = []
            for item in connection.execute(select(items).order_by(items.c.position)):
                found.append(item.position)
                if len(found) % 1000 == 1:
                    count = connection.execute(select(func.count()).select_from(items))
                    assert count.scalar_one() == 5000
        assert found == wanted

    def test_what_is_read_while_it_is_changed_is_read_once(self, matter: Matter) -> None:
        add(matter, *(row(positions.ordinal(n), size=n) for n in range(3000)))
        with writing(matter.engine) as connection:
            seen = 0
            for item in connection.execute(select(items.c.position).order_by(items.c.position)):
                seen += 1
                connection.execute(
                    update(items)
                    .where(items.c.position == item.position)
                    .values(message="seen", size=items.c.size + 5000)
                ) if seen % 100 == 0 else None
        assert seen == 3000

    def test_no_rows_are_no_error(self, matter: Matter) -> None:
        with writing(matter.engine) as connection:
            insert_rows(connection, items, ITEM_COLUMNS, [])

    def test_a_row_that_is_there_stops_the_whole_transaction(self, matter: Matter) -> None:
        add(matter, row("a0"))
        with pytest.raises(Exception, match=r"(?i)unique"):
            add(matter, row("a1"), row("a0"))
        with matter.engine.connect() as connection:
            assert connection.execute(select(items.c.position)).scalars().all() == ["a0"]
        add(matter, row("a1"))

    # -- order -------------------------------------------------------------------------------------

    def test_text_sorts_by_its_bytes(self, matter: Matter) -> None:
        add(matter, *(row(f"a{n}", path=p) for n, p in enumerate(sorted(SORTED, key=hash))))
        with matter.reader.connect() as connection:
            found = connection.execute(select(items.c.path).order_by(items.c.path)).scalars().all()
            above = select(func.count()).where(items.c.path > "Z")
            assert connection.execute(above).scalar_one() == len(SORTED) - 1 - SORTED.index("Z")
            most = connection.execute(select(func.max(items.c.path))).scalar_one()
        assert found == list(SORTED) == sorted(SORTED)
        assert most == SORTED[-1]

    def test_a_subtree_is_a_range(self, matter: Matter) -> None:
        numbers = [*range(12), 99, 100, 12345]
        tree = {positions.ordinal(n) for n in numbers}
        tree |= {positions.child(top, n) for top in list(tree) for n in numbers}
        add(matter, *(row(position) for position in tree))
        for top in ("a1", "b10", "e12345"):
            inside = items.c.position.between(top + "a", top + "zz")
            with matter.reader.connect() as connection:
                found = connection.execute(select(items.c.position).where(inside)).scalars().all()
            assert sorted(found) == sorted(
                p for p in tree if p != top and positions.parent(p) == top
            )

    # -- numbers -----------------------------------------------------------------------------------

    def test_numbers_go_beyond_31_bits(self, matter: Matter) -> None:
        enrol(matter, "Jane Roe")
        begin(matter)
        with writing(matter.engine) as connection:
            insert_rows(
                connection,
                documents,
                tuple(documents.c.keys()),
                [(2**31 - 1, 1, "a9", None, 2**31 - 1, None, True, 1, 1, False, False)],
            )
        add(matter, row("a9", family="a9"), row("b10", family="b10", family_hash="f"))
        add(
            matter,
            row("b10a0", parent="b10", parent_document="b10", family="b10"),
            row("b11", family="b11", family_hash="f"),
        )
        assert number.number(matter, 1) == 3
        assert dedupe.dedupe(matter, "global") == 1
        with matter.reader.connect() as connection:
            found = connection.execute(
                select(
                    documents.c.number, documents.c.parent_number, documents.c.family_number,
                    documents.c.group_number, documents.c.is_primary,
                ).order_by(documents.c.number)
            ).all()  # fmt: skip
        first = 2**31
        assert found[1:] == [
            (first, None, first, first, True),
            (first + 1, first, first, first + 1, True),
            (first + 2, None, first + 2, first, False),
        ]
        assert dedupe.dedupe(matter, "none") == 0
        assert dedupe.dedupe(matter, "custodian") == 1

    def test_sums_are_whole_numbers(self, matter: Matter) -> None:
        enrol(matter, "Jane Roe")
        begin(matter)
        add(matter, row("a0", size=2**62, actual_children=3), row("a1", size=2**61))
        with matter.reader.connect() as connection:
            total = connection.execute(select(func.sum(items.c.size))).scalar_one()
            mean = connection.execute(select(func.avg(items.c.size))).scalar_one()
        assert type(total) is int
        assert total == 2**62 + 2**61
        assert float(mean) == total / 2
        json.dumps(reports.processing(matter))
        json.dumps(overview.status(matter))

    # -- transactions ------------------------------------------------------------------------------

    def test_whoever_reads_does_not_wait_for_the_writer(
        self, workspace: Workspace, matter: Matter
    ) -> None:
        with writing(matter.engine) as connection:
            connection.execute(insert(custodian_table).values(name="uncommitted", created_at=""))
            other = Workspace(workspace.folder, workspace.deployment).open("acme")
            assert overview.status(other)["collections"] == []
            assert reports.processing(other)["reconciliation"]["difference"] == 0
            assert enrolled(other) == 0
        assert enrolled(matter) == 1

    def test_whoever_writes_does_not_wait_for_a_long_reader(self, matter: Matter) -> None:
        with matter.engine.connect() as reader:
            before = reader.execute(select(func.count()).select_from(custodian_table)).scalar_one()
            enrol(matter, "meanwhile")
            again = reader.execute(select(func.count()).select_from(custodian_table)).scalar_one()
            assert before == again == 0  # one reader sees one state
        assert enrolled(matter) == 1

    def test_writers_take_turns(self, matter: Matter) -> None:
        def add_ten(who: int) -> None:
            for n in range(10):
                with writing(matter.engine) as connection:
                    connection.execute(
                        insert(custodian_table).values(name=f"{who} {n}", created_at="")
                    )
                    audit.record(connection, "tried", {"who": who, "n": n})

        threads = [threading.Thread(target=add_ten, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert enrolled(matter) == 40
        matter.mirror_audit()
        with matter.engine.connect() as connection:
            assert audit.verify(connection, matter.audit_path) == []
            assert audit.checkpoint(connection, "acme").size == 41

    def test_a_failed_transaction_leaves_nothing(self, matter: Matter) -> None:
        with pytest.raises(RuntimeError), writing(matter.engine) as connection:
            connection.execute(insert(custodian_table).values(name="half", created_at=""))
            insert_rows(connection, items, ITEM_COLUMNS, [row("a0")])
            raise RuntimeError
        assert enrolled(matter) == 0
        with matter.engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(items)).scalar_one() == 0
        enrol(matter, "whole")
        assert enrolled(matter) == 1

    def test_the_reader_can_not_write(self, matter: Matter) -> None:
        with (
            pytest.raises(TryAgain, match=r"read-?only"),
            writing(matter.reader) as connection,
        ):
            connection.execute(insert(custodian_table).values(name="x", created_at=""))

    # -- matters -----------------------------------------------------------------------------------

    def test_matters_are_created_listed_opened_and_closed(self, workspace: Workspace) -> None:
        assert workspace.list() == []
        with pytest.raises(NoSuchMatter, match="no matter 'acme'"):
            workspace.open("acme")
        one, two = workspace.create("acme"), workspace.create("a.b-c_2024", prefix="ABC")
        assert [r["name"] for r in workspace.list()] == ["a.b-c_2024", "acme"]
        enrol(one, "Jane Roe")
        assert (enrolled(one), enrolled(two)) == (1, 0)
        again = Workspace(workspace.folder, workspace.deployment)
        assert again.open("a.b-c_2024").prefix == "ABC"
        assert enrolled(again.open("acme")) == 1
        with pytest.raises(Refused, match="exists"):
            again.create("acme")
        again.close("acme")
        assert [bool(r["closed_at"]) for r in workspace.list()] == [False, True]
        with again.open("acme").engine.connect() as connection:
            assert connection.execute(select(matter_table.c.closed_at)).scalar_one()

    def test_the_longest_name(self, workspace: Workspace) -> None:
        with pytest.raises(UsageError):
            workspace.create("a" * 61)
        one, two = workspace.create("a" * 60), workspace.create("a" * 59 + "b")
        enrol(one, "Jane Roe")
        assert (enrolled(one), enrolled(two)) == (1, 0)
        assert enrolled(workspace.open("a" * 60)) == 1

    def test_a_matter_that_could_not_be_made_can_be_made_again(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(audit, "record", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                workspace.create("acme")
        assert workspace.list() == []
        workspace.create("acme", prefix="NEW")
        assert workspace.open("acme").prefix == "NEW"

    def test_of_two_who_make_one_matter_one_is_refused(self, workspace: Workspace) -> None:
        said: list[str] = []

        def make() -> None:
            try:
                Workspace(workspace.folder, workspace.deployment).create("acme")
                said.append("made")
            except Refused:
                said.append("refused")

        workspace.make()
        threads = [threading.Thread(target=make) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == ["made", "refused"]

    def test_custodians_and_their_order(self, matter: Matter) -> None:
        with writing(matter.engine) as connection:
            for name in ("roe", "Äbel", "Roe-Lee"):
                custodians.register(connection, name)
            custodians.add_alias(connection, "ROE", "jroe")
        with matter.reader.connect() as connection:
            found = custodians.listed(connection)
        assert [(c["name"], c["aliases"]) for c in found] == [
            ("Roe-Lee", []), ("roe", ["jroe"]), ("Äbel", []),
        ]  # fmt: skip

    # -- the lock ----------------------------------------------------------------------------------

    def test_a_lock_names_its_holder_and_dies_with_it(
        self, workspace: Workspace, matter: Matter
    ) -> None:
        code = (
            "import json, sys\nfrom pathlib import Path\n"
            "from ediscovery.model.deployment import Deployment\n"
            "from ediscovery.store.workspace import Workspace\n"
            "folder, deployment = sys.argv[1:]\n"
            "workspace = Workspace(Path(folder), Deployment(**json.loads(deployment)))\n"
            "with workspace.open('acme').locked():\n"
            "    print('held', flush=True)\n    sys.stdin.read()\n"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", code, str(workspace.folder),
             json.dumps(workspace.deployment.as_dict())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(Locked, match=f"process {holder.pid}") as caught, matter.locked():
                pass
            assert caught.value.exit_code == 11
            enrol(matter, "who does not need the lock")
        finally:
            holder.kill()
            holder.wait()
        self.wait_for_the_lock(matter)
        with matter.locked():
            enrol(matter, "who holds the lock")
        assert enrolled(matter) == 2

    def wait_for_the_lock(self, matter: Matter) -> None:
        """A server needs a moment to see that a process is gone."""

    def test_matters_are_locked_one_by_one(self, workspace: Workspace, matter: Matter) -> None:
        other = workspace.create("other")
        again = workspace.open("acme")
        with matter.locked(), other.locked(), pytest.raises(Locked), again.locked():
            pass
        with matter.locked():
            pass

    # -- revisions ---------------------------------------------------------------------------------

    def test_nothing_is_left_to_migrate(self, workspace: Workspace, matter: Matter) -> None:
        with matter.engine.connect() as connection:
            assert differences(connection, schema.CATALOG.tables) == []
            assert schema.revision(connection) == schema.CATALOG.head
        with workspace._directory.connect() as connection:
            assert differences(connection, schema.DIRECTORY.tables) == []
            assert schema.revision(connection) == schema.DIRECTORY.head

    @pytest.mark.parametrize("part", [schema.CATALOG, schema.DIRECTORY], ids=lambda p: p.name)
    def test_revisions_lead_to_the_tables(self, matter: Matter, part: schema.Part) -> None:
        with writing(matter.engine) as connection:
            schema.CATALOG.tables.drop_all(connection)
            connection.execute(text("DROP TABLE alembic_version"))
            made = {*inspect(connection).get_table_names()}
            assert made == set()
            command.upgrade(schema.configured(connection, part), "head")
            assert differences(connection, part.tables) == []
            assert schema.revision(connection) == part.head

    def test_what_a_newer_program_wrote_is_refused(self, matter: Matter) -> None:
        with writing(matter.engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        again = Matter(matter.name, matter.folder, matter.prefix, matter.deployment)
        with pytest.raises(Refused, match="newer ediscovery"):
            again.engine  # noqa: B018

    @pytest.fixture
    def tomorrow(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A program that knows one revision more; returns the folder of its revisions."""
        folder = tmp_path / "100% tomorrow"
        shutil.copytree(schema.MIGRATIONS, folder)
        (folder / "catalog" / "revision_9000.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            "revision, down_revision = '9000', 'HEAD'\n"
            "def upgrade():\n"
            "    op.create_table('extra', sa.Column('n', sa.Integer, nullable=False))\n"
            "    with op.batch_alter_table('custodian') as batch:\n"
            "        batch.add_column(sa.Column('more', sa.Text))\n"
            "    op.execute('INSERT INTO extra SELECT count(*) FROM custodian')\n".replace(
                "HEAD", schema.CATALOG.head
            )
        )
        monkeypatch.setattr(schema, "MIGRATIONS", folder)
        monkeypatch.setattr(schema, "CATALOG", schema.CATALOG._replace(head="9000"))
        return folder

    def test_an_older_catalog_is_migrated_once(
        self, workspace: Workspace, matter: Matter, request: pytest.FixtureRequest
    ) -> None:
        enrol(matter, "Jane Roe")
        request.getfixturevalue("tomorrow")
        failures: list[BaseException] = []

        def look() -> None:
            try:
                assert enrolled(Workspace(workspace.folder, workspace.deployment).open("acme")) == 1
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with matter.engine.connect() as connection:
            assert schema.revision(connection) == "9000"
            assert connection.execute(text("SELECT n FROM extra")).scalars().all() == [1]

    def test_a_migration_that_fails_leaves_the_catalog_as_it_was(
        self, matter: Matter, request: pytest.FixtureRequest
    ) -> None:
        enrol(matter, "Jane Roe")
        now = schema.CATALOG.head
        revision = request.getfixturevalue("tomorrow") / "catalog" / "revision_9000.py"
        revision.write_text(revision.read_text() + "    raise RuntimeError('half way')\n")
        again = Matter(matter.name, matter.folder, matter.prefix, matter.deployment)
        with pytest.raises(RuntimeError, match="half way"):
            again.engine  # noqa: B018
        with matter.engine.connect() as connection:
            assert schema.revision(connection) == now
            assert "extra" not in inspect(connection).get_table_names()
            columns = {c["name"] for c in inspect(connection).get_columns("custodian")}
            assert "more" not in columns
        assert enrolled(matter) == 1

    def test_the_database_finds_nothing_wrong(self, matter: Matter) -> None:
        with matter.engine.connect() as connection:
            assert catalog.damage(connection) == []

    def test_mentions_and_other_bulk_tables(self, matter: Matter) -> None:
        names = tuple(mentions.c.keys())
        given = [(n, "entity", "ORG", n, n + 4, "Acme", 1.0) for n in range(500)]
        with writing(matter.engine) as connection:
            insert_rows(connection, mentions, names, given)
        with matter.reader.connect() as connection:
            rows = connection.execute(select(mentions).order_by("number", "start", "end")).all()
        assert [tuple(r) for r in rows] == given
