"""From a processed matter to the values of a load file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ediscovery.produce import specification as specifications
from ediscovery.produce.documents import Candidate, candidates
from ediscovery.produce.fields import Family, Fields, Produced, Span
from ediscovery.review import coding, layout, redactions
from ediscovery.store.workspace import Matter
from tests.engine.matters import ingest, mail, new

LAYOUT = layout.load()


@pytest.fixture(scope="module")
def matter(tmp_path_factory: pytest.TempPathFactory) -> Matter:
    """A mail with two attachments, twice: of Jane Roe and of John Doe."""
    place = tmp_path_factory.mktemp("produce")
    made = new(place / "home")
    body = mail(1, "account 4711", {"a.txt": b"one", "b.csv": b"x,1\n"})
    for name in ("Jane Roe", "John Doe"):
        folder = place / name
        folder.mkdir()
        (folder / "1.eml").write_bytes(body)
        ingest(made, folder, custodian=name)
    coding.code(made, LAYOUT, [1], coding.assignments(LAYOUT, ["confidentiality=confidential"]))
    redactions.add(made, [1], [redactions.term("account 4711")], "privacy")
    redactions.add(made, [1], [redactions.box("1:1,2,3,4"), redactions.term("x")], "privilege")
    redactions.remove(made, 3, "mistaken")
    return made


def read(matter: Matter, numbers: list[int]) -> list[Candidate]:
    with matter.reader.connect() as connection:
        return list(candidates(connection, numbers))


def test_candidates_know_family_group_and_decisions(matter: Matter) -> None:
    top, first = read(matter, [1, 2])
    assert (top.parent, top.family, first.parent, first.family) == (None, 1, 1, 1)
    assert top.group == 1 and top.custodians == ("Jane Roe", "John Doe")
    assert [Path(path).name for path in top.paths] == ["1.eml", "1.eml"]
    assert top.coding == {"confidentiality": ("confidential",)} and first.coding == {}
    assert [one.mark.kind for one in top.redactions] == ["term", "box"]
    assert top.redaction_reasons == ("privacy", "privilege")


def test_the_order_is_the_callers_and_strangers_are_left_out(matter: Matter) -> None:
    many = [3, 999, 1, 2, *range(1000, 3000), 4]
    assert [one.number for one in read(matter, many)] == [3, 1, 2, 4]


@pytest.mark.parametrize("name", specifications.names())
def test_every_shipped_specification_fills_its_fields(matter: Matter, name: str) -> None:
    made = specifications.load(name)
    fields = Fields(made, "America/New_York", "Acme")
    for one in read(matter, [1, 2, 3]):
        produced = Produced(
            one.item, one.custodian, Span("A1", "A2"), Family(Span("A1", "A9")), "VOL001",
            one.custodians, one.paths, one.coding, one.redaction_reasons, pages=2,
        )  # fmt: skip
        values = fields.values(produced)
        assert list(values) == fields.names == [column.name for column in made.fields]
        first = {column.field: column.name for column in reversed(made.fields)}
        assert values[first["BegBates"]] == "A1" and values[first["PgCount"]] == "2"
        if one.number == 1:
            sent = values[first["DateSent"]]
            assert sent == ("05/04/2001 05:01" if "Time" in first["DateSent"] else "05/04/2001")
            people = values[first["From"]]
            last = made.names == "last-first"
            assert people == f"{'Roe, Jane' if last else 'Jane Roe'} <jane@acme.example>"
