"""Privilege screens: read, kept by version, and what they find."""

from __future__ import annotations

from pathlib import Path

import pytest

from ediscovery.model.errors import UsageError
from ediscovery.review import coding, layout, screen
from ediscovery.store import audit
from ediscovery.store.workspace import Matter
from tests.engine.matters import ingest, mail, new

DATA = {
    "title": "Counsel",
    "attorneys": ["Jane Roe", {"name": "John Q Doe", "addresses": ["jd@firm.example"]}],
    "firms": ["Smith & Partners"],
    "domains": ["lawfirm.example"],
    "terms": ["subject:delivery AND (secret w/3 advice)"],
}


@pytest.fixture(scope="module")
def matter(tmp_path_factory: pytest.TempPathFactory) -> Matter:
    place = tmp_path_factory.mktemp("screen")
    made = new(place / "home")
    folder = place / "mails"
    folder.mkdir()
    plain = mail(1, "nothing").replace(b"Jane Roe <jane@acme.example>", b"x@acme.example")
    bodies = {
        "1": plain,
        "2": plain.replace(b"rick1@bolt.example", b'"Roe, Jane" <r@x.example>'),
        "3": plain.replace(b"rick1@bolt.example", b"jd@firm.example"),
        "4": plain.replace(b"rick1@bolt.example", b"a@mail.lawfirm.example"),
        "5": plain.replace(b"nothing", b"as Smith & Partners wrote"),
        "6": plain.replace(b"nothing", b"their secret legal advice"),
    }
    for name, body in bodies.items():
        (folder / f"{name}.eml").write_bytes(body.replace(b"<1@acme", f"<{name}@acme".encode()))
    ingest(made, folder)
    return made


def test_each_entry_finds_its_documents(matter: Matter) -> None:
    found = dict(screen.hits(matter, screen.screen_of(DATA)))
    assert list(found.values()) == [[2], [3], [5], [4], [6]]


def test_decided_documents_are_not_told_again(matter: Matter) -> None:
    with matter.reader.connect() as connection:
        assert screen.undecided(matter, connection, range(1, 7)) == {}, "there is no screen"
    assert screen.store(matter, DATA) == 1
    assert screen.store(matter, DATA) == 1
    coding.code(matter, layout.load(), [2], coding.assignments(layout.load(), ["privilege=none"]))
    with matter.reader.connect() as connection:
        assert screen.undecided(matter, connection, range(1, 6)) == {3: 3, 4: 4, 5: 5}
    assert screen.store(matter, DATA | {"firms": []}) == 2
    assert [one.version for one in screen.every(matter)] == [1, 2]
    with matter.reader.connect() as connection:
        assert set(screen.undecided(matter, connection, range(1, 7))) == {3, 4, 6}
        assert "privilege screen stored" in [one["action"] for one in audit.entries(connection)]


@pytest.mark.parametrize(
    "text",
    [
        "attorneys: [Jane Roe]",
        "title: x\ndomains: ['@lawfirm.example']",
        "title: x\nterms: ['(a']",
        "title: x\nattorneys: ['Jane \"Roe']",
        "title: x\nattorneys: ['--']",
    ],
)
def test_a_bad_screen_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "screen.yaml"
    path.write_text(text)
    with pytest.raises(UsageError):
        screen.load(str(path))
