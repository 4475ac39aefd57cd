"""The same evidence gives the same matter, whichever database its catalog is in."""

from __future__ import annotations

import email.header
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ediscovery.engine import retry, verify
from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.model.deployment import Deployment
from ediscovery.model.profile import Profile, load
from ediscovery.store import lookup, overview, passwords, reports
from ediscovery.store.workspace import Matter, Workspace
from samples import make
from tests.engine.matters import archive, dump, ingest, mail
from tests.engine.matters import make as make_mixed
from tests.store.databases import new_database

pytestmark = pytest.mark.server("postgresql")
_TIMES = frozenset({"at", "started_at", "accepted_at", "finished_at", "cpu_seconds", "created_at"})


@pytest.fixture
def workspaces(tmp_path: Path) -> Iterator[tuple[Workspace, Workspace]]:
    """One on SQLite, one on PostgreSQL."""
    with new_database() as address:
        yield (
            Workspace(tmp_path / "sqlite"),
            Workspace(tmp_path / "postgresql", Deployment(catalog=address)),
        )


def timeless(data: Any) -> Any:
    """``data`` without the times at which it was made."""
    if isinstance(data, dict):
        return {k: timeless(v) for k, v in data.items() if k not in _TIMES}
    if isinstance(data, list):
        return [timeless(value) for value in data]
    return data


def told(matter: Matter) -> dict[str, Any]:
    """What every report says of a matter."""
    with matter.reader.connect() as connection:
        count = reports.reconciliation(connection)["documents"]
    data = {
        "processing": reports.processing(matter),
        "status": overview.status(matter),
        "overview": overview.overview(matter),
        "exceptions": reports.exceptions(matter),
        "documents": [lookup.document(matter, n) for n in range(1, count + 1, 7)],
        "families": [lookup.family(matter, n) for n in range(1, count + 1, 7)],
        "briefs": lookup.briefs(matter, [*range(1, count + 1)], ["path", "family_number"]),
    }
    return timeless(json.loads(json.dumps(data)))  # plain numbers only, or this fails


def same(one: Matter, other: Matter) -> None:
    """Both hold the same, say the same and prove themselves."""
    first, second = dump(one), dump(other)
    assert first["document"]
    for name in first:
        assert first[name] == second[name], name
    assert told(one) == told(other)
    for matter in (one, other):
        proven = verify.verify(matter, Silent())
        assert proven["holds"], [c for c in proven["checks"] if c["problems"]]


def test_the_sample_matter(workspaces: tuple[Workspace, Workspace], tmp_path: Path) -> None:
    make(tmp_path / "evidence")
    facts = json.loads((tmp_path / "evidence" / "facts.json").read_text())
    matters = [workspace.create("acme") for workspace in workspaces]
    for matter in matters:
        passwords.add(matter, tmp_path / "evidence" / "passwords.txt")
        for folder, custodian in facts["custodians"].items():
            ingest(
                matter, tmp_path / "evidence" / folder, custodian=custodian, profile=load("fast")
            )
    same(*matters)
    report = reports.processing(matters[1])
    expected = facts["counts"]["with_passwords"]["total"]
    assert report["reconciliation"]["difference"] == 0
    assert report["reconciliation"]["documents"] == expected["documents"]


def test_hostile_names_and_text(workspaces: tuple[Workspace, Workspace], tmp_path: Path) -> None:
    """U+0000 and halves of surrogate pairs cost no document."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    nul = email.header.Header("be\0fore", "utf-8").encode()
    head = f"From: {nul} <jane@acme.example>\r\nTo: {nul} <a@b.example>\r\n"
    files = {
        b"nul.txt": b"before\0after",
        b"utf16.txt": "be\0fore \ud800 after".encode("utf-16", "surrogatepass"),
        b"nul.eml": f"{head}Subject: {nul}\r\nMessage-ID: <{nul}@x>\r\n\r\nbo\0dy".encode(),
        b"types.eml": (
            b"Subject: =?utf-7?q?+2AA-?=\r\nTo: =?utf-7?q?+2AA-?= <a@b.example>\r\n"
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
            b"Content-Type: text/pl\0ain; charset=utf-7\r\n"
            b"Content-Disposition: attachment; filename=a\0b.txt\r\n\r\n+2AA-\r\n--b--\r\n"
        ),
        b"nul.html": b"<title>a\0b&#0;&#xD800;</title><p>c\0d&#0;&#xDFFF;</p>",
        b"\xff\xfe-\xed\xa0\x80.txt": b"a name that is no text",
        "😀 é e\u0301.txt".encode(): "text 😀".encode(),
        b"a'b;\\.tsv": b"\\N\t\\.\n",
        b"names.zip": archive({"x;'\\N.txt": b"1"}),
        b"properties.eml": mail(1, "x", {"a%00b.txt": b"z", "tab\tname.txt": b"z"}),
    }
    for name, data in files.items():
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(data)
    matters = [workspace.create("acme") for workspace in workspaces]
    for matter in matters:
        ingest(matter, folder, profile=Profile(name="p", entities=False))
    same(*matters)
    with matters[1].reader.connect() as connection:
        counts = reports.reconciliation(connection)
    assert counts["documents"] == len(files) + 3  # the archive is a container and holds one
    assert counts["failed"] == 0


def test_what_is_added_read_again_and_accepted(
    workspaces: tuple[Workspace, Workspace], tmp_path: Path
) -> None:
    folder = make_mixed(tmp_path / "evidence", 60)
    (folder / "locked.zip").write_bytes(_locked())
    more = make_mixed(tmp_path / "more", 20, seed=2)
    matters = [workspace.create("acme") for workspace in workspaces]
    for matter in matters:
        ingest(matter, folder)
        ingest(matter, more, custodian="Rick Poe")
        (tmp_path / "passwords.txt").write_text("secret\n")
        passwords.add(matter, tmp_path / "passwords.txt")
        pool = SerialPool()
        with matter.locked():
            done = retry.retry(matter, "", None, pool, Silent())
        pool.close()
        assert done.resolved >= 1
        bad = reports.exceptions(matter)[0]
        collection, position = lookup.position_of(matter, bad["id"])
        retry.ignore(matter, collection, position, "not needed")
        assert [e["id"] for e in reports.exceptions(matter, "ignored")] == [bad["id"]]
    same(*matters)


def _locked() -> bytes:
    import io

    import pyzipper

    file = io.BytesIO()
    with pyzipper.AESZipFile(file, "w", encryption=pyzipper.WZ_AES) as made:
        made.setpassword(b"secret")
        made.writestr("inside.txt", b"inside")
    return file.getvalue()
