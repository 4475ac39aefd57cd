"""The audit chain shows every way of altering it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from ediscovery.model.errors import UsageError
from ediscovery.store import audit
from ediscovery.store.audit import Checkpoint
from ediscovery.store.catalog import writing
from ediscovery.store.workspace import Matter, Workspace


@pytest.fixture
def matter(tmp_path: Path) -> Matter:
    made = Workspace(tmp_path).create("acme")
    for n in range(9):
        made.record("tested", {"n": n, "name": "Ünï\ncode"})
    return made


def problems(matter: Matter, kept: Checkpoint | None = None) -> list[str]:
    with matter.engine.connect() as connection:
        return audit.verify(connection, matter.audit_path, kept)


def test_an_untouched_log_holds(matter: Matter) -> None:
    with matter.engine.connect() as connection:
        point = audit.checkpoint(connection, "acme")
        assert point.size == 10
        assert [e["sequence"] for e in audit.entries(connection)] == list(range(1, 11))
    assert problems(matter, Checkpoint.parse(point.text())) == []
    matter.record("later", {})
    assert problems(matter, point) == []


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Matter], None]:
    def alter(matter: Matter) -> None:
        written = matter.audit_path.read_bytes().splitlines(keepends=True)
        matter.audit_path.write_bytes(b"".join(change(written)))

    return alter


def sql(*statements: str) -> Callable[[Matter], None]:
    def alter(matter: Matter) -> None:
        with writing(matter.engine) as connection:
            for statement in statements:
                connection.execute(text(statement))

    return alter


def rewritten(sequence: int) -> Callable[[Matter], None]:
    """Other words in one entry, with the hash that fits them."""

    def alter(matter: Matter) -> None:
        with writing(matter.engine) as connection:
            entry: str = connection.execute(
                text("SELECT entry FROM audit WHERE sequence = :n"), {"n": sequence}
            ).scalar_one()
            entry = entry.replace("tested", "tasted")
            digest = hashlib.sha256(b"\0" + entry.encode()).hexdigest()
            connection.execute(
                text("UPDATE audit SET entry = :entry, hash = :hash WHERE sequence = :n"),
                {"entry": entry, "hash": digest, "n": sequence},
            )

    return alter


ALTERATIONS = {
    "rewritten with its hash": rewritten(5),
    "last one rewritten with its hash": rewritten(10),
    "inserted": sql(
        "UPDATE audit SET sequence = -sequence WHERE sequence >= 5",
        "UPDATE audit SET sequence = 1 - sequence WHERE sequence < 0",
        "INSERT INTO audit SELECT 5, entry, hash FROM audit WHERE sequence = 4",
    ),
    "appended": sql("INSERT INTO audit SELECT 11, entry, hash FROM audit WHERE sequence = 10"),
    "flipped in the file": lines(lambda w: [*w[:4], w[4].replace(b"tested", b"tasted"), *w[5:]]),
    "dropped from the file": lines(lambda w: w[:4] + w[5:]),
    "inserted into the file": lines(lambda w: [*w[:4], w[4], *w[4:]]),
    "reordered in the file": lines(lambda w: [*w[:4], w[5], w[4], *w[6:]]),
    "file cut off": lines(lambda w: w[:-1]),
    "flipped": sql("UPDATE audit SET entry = replace(entry, 'tested', 'tasted') WHERE sequence=5"),
    "dropped": sql("DELETE FROM audit WHERE sequence = 5"),
    "dropped and renumbered": sql(
        "DELETE FROM audit WHERE sequence = 5",
        "UPDATE audit SET sequence = sequence - 1 WHERE sequence > 5",
    ),
    "reordered": sql(
        "UPDATE audit SET sequence = -5 WHERE sequence = 5",
        "UPDATE audit SET sequence = 5 WHERE sequence = 6",
        "UPDATE audit SET sequence = 6 WHERE sequence = -5",
    ),
    "hash flipped": sql(
        "UPDATE audit SET hash = substr(hash, 2) || substr(hash, 1, 1) WHERE sequence = 5"
    ),
    "cut off": sql("DELETE FROM audit WHERE sequence > 8"),
}


@pytest.mark.parametrize("how", ALTERATIONS)
def test_every_alteration_is_found(matter: Matter, how: str) -> None:
    ALTERATIONS[how](matter)
    assert problems(matter)


CHAIN = {
    "flipped", "dropped", "dropped and renumbered", "reordered", "hash flipped", "inserted",
    "appended", "rewritten with its hash",
}  # fmt: skip


@pytest.mark.parametrize("how", sorted(CHAIN))
def test_the_chain_shows_it_where_the_file_was_made_to_agree(matter: Matter, how: str) -> None:
    ALTERATIONS[how](matter)
    matter.audit_path.unlink()
    matter.mirror_audit()
    assert [p for p in problems(matter) if p.startswith("Audit entry")]


def test_a_tail_cut_off_everywhere_shows_against_a_kept_checkpoint(matter: Matter) -> None:
    with matter.engine.connect() as connection:
        point = audit.checkpoint(connection, "acme")
    ALTERATIONS["cut off"](matter)
    lines(lambda w: w[:8])(matter)
    assert problems(matter) == []
    assert problems(matter, point)


def test_a_crash_between_catalog_and_file_is_mended(matter: Matter) -> None:
    with writing(matter.engine) as connection:
        audit.record(connection, "committed", {})
    with open(matter.audit_path, "ab") as file:
        file.write(b'{"entry":{"torn')
    assert problems(matter)
    matter.mirror_audit()
    assert problems(matter) == []


def test_another_file_is_no_checkpoint() -> None:
    with pytest.raises(UsageError, match="checkpoint"):
        Checkpoint.parse("acme\nten\nabc\n")
