"""Volumes that other parties sent, taken into a matter: documents, families, numbers, texts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ediscovery.engine.pool import open_pool
from ediscovery.model.errors import Refused
from ediscovery.model.profile import Cull, Profile
from ediscovery.search.answers import FACETS
from ediscovery.search.backends import index_of
from ediscovery.search.grammar import parse
from ediscovery.store import lookup, reports
from tests.engine import matters
from tests.produce.received.volumes import PARTY, Received, jpeg, tiff, volume

MAIL = matters.mail(1, "The delivery is late.", {"plan.txt": b"the plan of April"})
ROWS = [
    {
        "BegBates": "BOLT0000001", "EndBates": "BOLT0000003", "BegAttach": "BOLT0000001",
        "EndAttach": "BOLT0000004",
        "Custodian": "Smith, John", "AllCustodians": "Smith, John;Roe, Jane",
        "From": "John Smith <john@bolt.example>", "To": "a@x.example; b@x.example",
        "Subject": "Porosity of the castings", "DateSent": "05/21/2001", "TimeSent": "3:48 PM",
        "FileName": "Porosity.msg", "RecordType": "Email", "TextLink": r"TEXT\BOLT0000001.txt",
    },
    {
        "BegBates": "BOLT0000004", "EndBates": "BOLT0000004", "BegAttach": "BOLT0000001",
        "EndAttach": "BOLT0000004", "ParentBates": "BOLT0000001", "Custodian": "Smith, John",
        "FileName": "figures.csv", "NativeLink": r"\natives\bolt0000004.CSV".lstrip("\\"),
        "MD5Hash": hashlib.md5(b"a,b\n1,2\n", usedforsecurity=False).hexdigest().upper(),
    },
    {
        "BegBates": "BOLT0000005", "EndBates": "BOLT0000005", "Custodian": "Roe, Jane",
        "NativeLink": r".\VOL001\NATIVES\BOLT0000005.eml", "FileName": "Delivery 1.eml",
        "DateSent": "06/30/2001", "From": "somebody else", "MD5Hash": "0" * 32,
    },
]  # fmt: skip
FILES = {
    "TEXT/BOLT0000001.txt": "Porosität im Guss".encode(),
    "IMAGES/BOLT0000001.tif": tiff(1),
    "IMAGES/BOLT0000002.jpg": jpeg(),
    "IMAGES/BOLT0000003.tif": tiff(3),
    "NATIVES/BOLT0000004.csv": b"a,b\n1,2\n",
    "NATIVES/BOLT0000005.eml": MAIL,
    "README.txt": b"Passwords follow by separate post.",
}
OPT = [
    r"BOLT0000001,VOL001,IMAGES\BOLT0000001.tif,Y,,,3",
    r"BOLT0000002,VOL001,IMAGES\BOLT0000002.jpg,,,,",
    r"BOLT0000003,VOL001,IMAGES\BOLT0000003.tif,,,,",
]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Received:
    """A volume as it should be, but for one hash and a file that no load file names."""
    place = tmp_path_factory.mktemp("usual")
    return Received(place, volume(place, FILES, ROWS, OPT))


def test_the_matter_verifies(usual: Received) -> None:
    assert usual.failing() == []
    sums = next(iter(reports.processing(usual.matter)["collections"]))["reconciliation"]
    # Three records below the DAT, two files inside the mail and the file that nobody names.
    assert sums["difference"] == 0
    assert sums["containers"] == 2
    assert sums["suppressed"] == len(FILES) - 1
    assert sums["documents"] == 3 + 1 + 1


def test_images_are_one_document_with_the_sent_text(usual: Received) -> None:
    found = usual.one("bates:BOLT0000001")
    assert found["page_count"] == 3
    assert found["mime_type"] == "application/pdf"
    assert usual.text("bates:BOLT0000001") == "Porosität im Guss"
    assert usual.native("bates:BOLT0000001").startswith(b"%PDF")
    assert usual.find("porosität") == usual.find("bates:BOLT0000001")


def test_every_number_of_the_range_is_found(usual: Received) -> None:
    first = usual.find("bates:BOLT0000001")
    assert usual.find("bates:bolt0000002") == usual.find("bates:BOLT0000003") == first
    assert usual.find("bates:BOLT0000004") == [first[0] + 1]
    assert usual.find("bates:BOLT0000006") == []
    assert len(usual.find("bates:*")) == 3


def test_sent_fields_are_searched(usual: Received) -> None:
    first = usual.find("bates:BOLT0000001")
    for query in (
        "subject:porosity", "from:john", "to:b@x.example", "date:2001-05-21",
        'custodian:"smith john"',
        "filename:porosity", "allcustodian:jane AND subject:castings",
    ):  # fmt: skip
        assert first[0] in usual.find(query), query
    assert usual.one("bates:BOLT0000001")["sent_at"] == "2001-05-21T15:48:00Z"
    assert len(usual.find('allcustodian:"bolt inc" AND has:received')) == 3
    received = usual.one("bates:BOLT0000001")["metadata"]["received"]
    assert received["from"] == PARTY
    assert received["line"] == 2
    assert received["fields"]["TimeSent"] == "3:48 PM"


def test_families_are_as_sent(usual: Received) -> None:
    parent, child = usual.one("bates:BOLT0000001"), usual.one("bates:BOLT0000004")
    assert child["parent_number"] == child["family_number"] == parent["control_number"]
    assert child["record_type"] == "Attachment"
    assert child["file_name"] == "figures.csv"
    assert usual.find("attachment(bates:BOLT0000004)") == usual.find("bates:BOLT0000001")
    # What is inside of a native belongs to the family of its record.
    inside = usual.one("filename:plan")
    assert inside["family_number"] == usual.one("bates:BOLT0000005")["control_number"]


def test_natives_speak_for_themselves(usual: Received) -> None:
    found = usual.one("bates:BOLT0000005")
    assert found["from"] == "Jane Roe <jane@acme.example>", "not what the load file says"
    assert found["sent_at"].startswith("2001-05-04")
    assert found["category"] == "mail"
    assert usual.native("bates:BOLT0000005") == MAIL
    assert found["state"] == "warnings"
    assert "MD5" in found["message"]
    assert "000000" in found["message"]
    assert usual.one("bates:BOLT0000004")["state"] == "ok", "its hash is the one that was sent"


def test_what_nobody_names_is_a_document_and_told(usual: Received) -> None:
    assert usual.told["unnamed_files"] == 1
    assert usual.one('"separate post"')["file_name"] == "README.txt"


def test_custodians_are_counted(usual: Received) -> None:
    assert "custodian" in FACETS
    with index_of(usual.matter).open() as index:
        counts = index.facets(parse("bates:*").tree, ["custodian"])["custodian"]
    assert counts == {"smith, john": 2, "roe, jane": 1}


def test_the_same_volume_again_is_known(usual: Received) -> None:
    assert usual.take(usual.matter.folder.parents[2] / "VOL001") is None


def test_our_copy_and_theirs_stay_apart(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.eml").write_bytes(MAIL)
    made = Received(tmp_path)
    matters.ingest(made.matter, own)
    made.take(volume(tmp_path, FILES, ROWS, OPT))
    made.take(volume(tmp_path, FILES, ROWS, OPT, name="VOL002"))
    assert made.find("dup:duplicate") == []
    assert len(made.find("bates:BOLT0000005")) == 2
    assert made.failing() == []


def test_rules_that_cull_leave_what_was_received(tmp_path: Path) -> None:
    profile = Profile(
        name="quick", language=False, entities=False, personal_data=False,
        cull=Cull(after="2010-01-01", types=("eml", "pdf")),
    )  # fmt: skip
    made = Received(tmp_path, volume(tmp_path, FILES, ROWS, OPT), profile=profile)
    assert len(made.find("bates:*")) == 3


def test_more_workers_give_the_same(tmp_path: Path) -> None:
    folder = volume(tmp_path, FILES, ROWS, OPT)
    one = Received(tmp_path / "one", folder)
    few = Profile(
        name="quick", language=False, entities=False, personal_data=False, unit_items=1
    )  # fmt: skip
    pool = open_pool(matters.new(tmp_path / "pool"), 2)
    try:
        two = Received(tmp_path / "two", folder, profile=few, pool=pool)
    finally:
        pool.close()
    left, right = matters.dump(one.matter), matters.dump(two.matter)
    for name in ("item", "document", "index"):
        assert left[name] == right[name]


# -- page files alone, texts inside, archives ------------------------------------------------------


def test_an_opt_alone(tmp_path: Path) -> None:
    files = {f"IMAGES/{n}.tif": tiff(n) for n in range(1, 4)} | {"IMAGES/1.txt": b"one page"}
    opt = [r"1,V,IMAGES\1.tif,Y,,,2", r"2,V,IMAGES\2.tif,,,,", r"3,V,images/3.TIF,Y,,,1"]
    made = Received(tmp_path, volume(tmp_path, files, opt=opt))
    assert made.find("bates:1") == made.find("bates:2") != made.find("bates:3")
    assert made.one("bates:1")["page_count"] == 2
    assert made.text("bates:1") == "one page"
    assert made.native("bates:3") == tiff(3), "a single file stays as it is"
    assert made.failing() == []


def test_texts_of_pages_are_put_together(tmp_path: Path) -> None:
    files = {f"IMAGES/P{n}.tif": tiff(n) for n in (1, 2)}
    files |= {f"TEXT/P{n}.txt": f"page {n}".encode() for n in (1, 2)}
    opt = [r"P1,V,IMAGES\P1.tif,Y,,,2", r"P2,V,IMAGES\P2.tif,,,,"]
    made = Received(tmp_path, volume(tmp_path, files, [{"BegBates": "P1", "EndBates": "P2"}], opt))
    assert made.text("bates:P2") == "page 1\fpage 2"
    assert made.told["unnamed_files"] == 0


def test_a_text_inside_the_load_file(tmp_path: Path) -> None:
    row = {"DocID": "D-1", "ExtractedText": "First line\nsecond line / with more"}
    made = Received(tmp_path, volume(tmp_path, {}, [row]))
    assert made.text("bates:D-1") == "First line\nsecond line / with more"
    assert made.one("bates:D-1")["state"] == "ok"


def test_an_archive_is_a_document_with_attachments(tmp_path: Path) -> None:
    native = matters.archive({"in/a.txt": b"inner words", "b.txt": b"other words"})
    row = {"BegBates": "Z1", "NativeLink": "NATIVES/Z1.zip"}
    made = Received(tmp_path, volume(tmp_path, {"NATIVES/Z1.zip": native}, [row]))
    top = made.one("bates:Z1")
    assert made.one("inner")["family_number"] == top["control_number"]
    assert made.one("inner")["parent_number"] == top["control_number"]
    assert made.failing() == []


def test_a_folder_without_load_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "winmail.dat").write_bytes(b"\x78\x9f\x3e\x22" + bytes(500))
    with pytest.raises(Refused, match="no load file"):
        Received(tmp_path, tmp_path / "a")


def test_exceptions_are_read_again_as_records(tmp_path: Path) -> None:
    from ediscovery.engine import retry
    from ediscovery.engine.pool import SerialPool
    from ediscovery.engine.progress import Silent

    made = Received(tmp_path, volume(tmp_path, FILES, ROWS, OPT))
    before = matters.dump(made.matter)["item"]
    pool = SerialPool()
    with made.matter.locked():
        done = retry.retry(made.matter, "", None, pool, Silent())
    pool.close()
    assert done.items == 1, "the document with another hash; not the load file"
    assert matters.dump(made.matter)["item"] == before
    assert lookup.native(made.matter, made.find("bates:BOLT0000005")[0])[1] == MAIL
    assert made.failing() == []
