"""``verify`` finds every way of altering a matter, and nothing wrong in one that was not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.retry import ignore, retry
from ediscovery.engine.verify import verify
from ediscovery.search.index import IndexDocument
from ediscovery.search.tantivy_index import TantivyIndex
from ediscovery.store import audit
from ediscovery.store.audit import Checkpoint
from ediscovery.store.catalog import writing
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.matters import QUICK, ingest, make, new


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("verify")
    matter = new(place / "w")
    for name, seed in (("Jane Roe", 1), ("Rick Doe", 2)):
        folder = make(place / f"e{seed}", 25, seed)
        ingest(matter, folder, custodian=name, profile=replace(QUICK, unit_items=10))
    return place / "w"


@pytest.fixture
def matter(processed: Path, tmp_path: Path) -> Matter:
    return Workspace(Path(shutil.copytree(processed, tmp_path / "w"))).open("acme")


def broken(matter: Matter, sample: float = 1.0, kept: Checkpoint | None = None) -> set[str]:
    """Names of the checks that do not hold."""
    proof = verify(matter, Silent(), sample=sample, kept=kept)
    failed = {c["name"] for c in proof["checks"] if not c["holds"]}
    assert proof["holds"] == (not failed)
    assert all(c["problems"] for c in proof["checks"] if not c["holds"])
    return failed


def test_an_untouched_matter_holds(matter: Matter) -> None:
    for sample in (1.0, 0.1, 0.0):
        assert broken(matter, sample) == set()


# One document of the first collection.
ONE = "collection_id = 1 AND position = (SELECT min(position) FROM item WHERE role = 'document')"


def sql(*statements: str) -> Callable[[Matter], None]:
    def alter(matter: Matter) -> None:
        with writing(matter.engine) as connection:
            for statement in statements:
                assert connection.execute(text(statement.replace("ONE", ONE))).rowcount

    return alter


def packs(change: Callable[[Path], None]) -> Callable[[Matter], None]:
    def alter(matter: Matter) -> None:
        change(sorted(matter.packs.folder.iterdir())[0])

    return alter


def flip(at: float) -> Callable[[Path], None]:
    def change(pack: Path) -> None:
        data = bytearray(pack.read_bytes())
        data[int(at * (len(data) - 1))] ^= 0x10
        pack.write_bytes(data)

    return change


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Matter], None]:
    def alter(matter: Matter) -> None:
        written = matter.audit_path.read_bytes().splitlines(keepends=True)
        matter.audit_path.write_bytes(b"".join(change(written)))

    return alter


def index(change: Callable[[TantivyIndex], None]) -> Callable[[Matter], None]:
    def alter(matter: Matter) -> None:
        with TantivyIndex(matter.index_folder) as target:
            change(target)
            target.commit()

    return alter


def add(target: TantivyIndex, number: int, *, version: int = 1, new: bool = False) -> None:
    target.add([IndexDocument(number=number, version=version)], new=new)


def shards(change: Callable[[Path], None]) -> Callable[[Matter], None]:
    """Change the largest file of the index."""

    def alter(matter: Matter) -> None:
        files = (p for p in matter.index_folder.rglob("*") if p.is_file())
        change(max(files, key=lambda p: p.stat().st_size))

    return alter


ENTRY = "INSERT INTO audit SELECT 5, entry, hash FROM audit WHERE sequence = "
LATER = (
    "UPDATE audit SET sequence = -sequence WHERE sequence > 4",
    "UPDATE audit SET sequence = 1 - sequence WHERE sequence < 0",
)
ALTERATIONS: dict[str, tuple[Callable[[Matter], None], str]] = {
    "first byte of a pack": (packs(flip(0)), "natives and texts"),
    "byte in a pack": (packs(flip(0.3)), "natives and texts"),
    "last byte of a pack": (packs(flip(1)), "natives and texts"),
    "pack cut off": (packs(lambda p: p.write_bytes(p.read_bytes()[:-1]) and None), "natives"),
    "pack deleted": (packs(Path.unlink), "natives and texts"),
    "packs exchanged": (
        packs(lambda p: shutil.copy(sorted(p.parent.iterdir())[1], p) and None),
        "natives and texts",
    ),
    "item dropped": (sql("DELETE FROM item WHERE ONE"), "records"),
    "item with number dropped": (sql("DELETE FROM item WHERE collection_id = 2"), "conservation"),
    "item added": (
        sql(
            "CREATE TABLE more AS SELECT * FROM item WHERE ONE",
            "UPDATE more SET position = 'z1'",
            "INSERT INTO item SELECT * FROM more",
            "DROP TABLE more",
        ),
        "records",
    ),
    "sha256 of an item": (sql("UPDATE item SET sha256 = md5 WHERE ONE"), "records"),
    "md5 of an item": (sql("UPDATE item SET md5 = substr(md5, 2) || 'x' WHERE ONE"), "records"),
    "subject": (sql("UPDATE item SET subject = 'Other' WHERE subject <> ''"), "records"),
    "date": (sql("UPDATE item SET sent_at = 'x' || sent_at WHERE sent_at <> ''"), "records"),
    "recipients": (sql("UPDATE item SET \"to\" = '[]' WHERE subject <> ''"), "records"),
    "metadata": (sql("UPDATE item SET metadata = '{}', size = size + 1 WHERE ONE"), "records"),
    "place of a native": (
        sql("UPDATE item SET native_offset = native_offset + 1 WHERE native_offset > 100"),
        "natives and texts",
    ),
    "place of a text": (
        sql("UPDATE item SET text_length = text_length - 1 WHERE text_length > 2"),
        "natives and texts",
    ),
    "a suppressed number of children": (
        sql("UPDATE item SET actual_children = actual_children - 1 WHERE actual_children > 0"),
        "conservation",
    ),
    "a document made a container": (sql("UPDATE item SET role = 'container' WHERE ONE"), "records"),
    "manifest: hash": (sql("UPDATE source_file SET sha256 = 'x' WHERE ordinal = 3"), "custody"),
    "manifest: path": (sql("UPDATE source_file SET path = x'41' WHERE ordinal = 3"), "custody"),
    "manifest: time": (
        sql("UPDATE source_file SET modified_ns = modified_ns + 1 WHERE ordinal = 3"),
        "custody",
    ),
    "manifest: row dropped": (sql("DELETE FROM source_file WHERE ordinal = 3"), "custody"),
    "collection dropped": (sql("DELETE FROM collection WHERE id = 2"), "custody"),
    "number dropped": (sql("DELETE FROM document WHERE number = 3"), "records"),
    "number given to another": (
        sql(
            "UPDATE document SET number = CASE number WHEN 3 THEN 1000 ELSE number END "
            "WHERE number = 3"
        ),
        "records",
    ),
    "audit entry flipped": (
        sql("UPDATE audit SET entry = replace(entry, 'unit read', 'unit raed')"),
        "audit log",
    ),
    "audit entry dropped": (sql("DELETE FROM audit WHERE sequence = 4"), "audit log"),
    "audit entry inserted": (sql(*LATER, ENTRY + "4"), "audit log"),
    "audit entries reordered": (
        sql(
            "UPDATE audit SET sequence = -4 WHERE sequence = 4",
            "UPDATE audit SET sequence = 4 WHERE sequence = 5",
            "UPDATE audit SET sequence = 5 WHERE sequence = -4",
        ),
        "audit log",
    ),
    "audit log cut off": (
        sql("DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)"),
        "audit log",
    ),
    "audit file: byte flipped": (
        lines(lambda w: [*w[:3], w[3].replace(b'a', b'b', 1), *w[4:]]),
        "audit log",
    ),
    "audit file: line dropped": (lines(lambda w: w[:3] + w[4:]), "audit log"),
    "audit file: line inserted": (lines(lambda w: [*w[:3], w[3], *w[3:]]), "audit log"),
    "audit file cut": (lines(lambda w: w[:-2]), "audit log"),
    "audit file reordered": (lines(lambda w: [w[1], w[0], *w[2:]]), "audit log"),
    "audit file gone": (lambda matter: matter.audit_path.unlink(), "audit log"),
    "document missing in the index": (index(lambda i: i.delete([3])), "index"),
    "document twice in the index": (index(lambda i: add(i, 3, new=True)), "index"),
    "document too many in the index": (index(lambda i: add(i, 1000)), "index"),
    "stale version in the index": (
        sql("UPDATE document SET version = version + 1 WHERE number = 3"),
        "index",
    ),
    "index ahead of the catalog": (index(lambda i: add(i, 3, version=99)), "index"),
    "byte of the index flipped": (shards(flip(0.4)), "index"),
    "index file cut off": (shards(lambda p: os.truncate(p, p.stat().st_size - 9)), "index"),
    "index file deleted": (shards(Path.unlink), "index"),
    "index gone": (lambda matter: shutil.rmtree(matter.index_folder), "index"),
}  # fmt: skip


@pytest.mark.parametrize("how", ALTERATIONS)
def test_every_alteration_is_found(matter: Matter, how: str) -> None:
    alter, check = ALTERATIONS[how]
    alter(matter)
    assert [name for name in broken(matter) if name.startswith(check)], broken(matter)


def test_two_numbers_exchanged(matter: Matter) -> None:
    for statement in (
        "UPDATE document SET number = 1000 WHERE number = 3",
        "UPDATE document SET number = 3 WHERE number = 4",
        "UPDATE document SET number = 4 WHERE number = 1000",
    ):
        sql(statement)(matter)
    assert "records" in broken(matter)


def test_a_whole_log_written_anew_shows_against_a_kept_checkpoint(matter: Matter) -> None:
    with matter.engine.connect() as connection:
        kept = audit.checkpoint(connection, "acme")
        entries = list(audit.entries(connection))
    assert broken(matter, kept=kept) == set()
    with writing(matter.engine) as connection:
        connection.execute(text("DELETE FROM audit"))
        for entry in entries:
            audit.record(connection, entry["action"], entry["details"])
    matter.audit_path.unlink()
    matter.mirror_audit()
    assert broken(matter) in (set(), {"audit log"})
    assert broken(matter, kept=kept) == {"audit log"}


def test_what_is_done_in_order_still_holds(matter: Matter) -> None:
    """Retries, decisions and supplements change a matter, and it still verifies."""
    with matter.locked():
        pool = SerialPool()
        done = retry(matter, "", None, pool, Silent())
        pool.close()
    assert done.items
    assert broken(matter) == set()
    with matter.engine.connect() as connection:
        row = connection.execute(
            text("SELECT collection_id, position FROM item WHERE state = 'empty'")
        ).first()
    assert row is not None
    ignore(matter, row.collection_id, row.position, "seen by hand")
    assert broken(matter) == set()
