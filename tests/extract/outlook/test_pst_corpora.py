"""Real stores: nothing lost against libpff, and what the files are known to hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypff
import pytest

from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.store import Store
from tests.extract.outlook.conftest import Walked

_TIKA = (
    "tika/tika-parsers/tika-parsers-standard/tika-parsers-standard-modules/"
    "tika-parser-microsoft-module/src/test/resources/test-documents/testPST_variousBodyTypes.pst"
)
STORES = {
    "java-libpst/src/test/resources/dist-list.pst": 4,
    "java-libpst/src/test/resources/passworded.pst": 3,
    "outlook-pst-rs/crates/pst/examples/Empty.pst": 0,
    "pst-extractor/enron.pst": 71,
    _TIKA: 4,
}


@pytest.mark.parametrize(("path", "count"), STORES.items())
def test_each_store_gives_all_its_messages(
    corpora: Path, walked: Walked, path: str, count: int
) -> None:
    visits = walked(corpora / path)
    top = visits[-1].item
    assert (top.state, top.expected_children, top.actual_children) == ("ok", count, count)
    assert [v.item.role for v in visits if v.item.relation == "message"] == ["document"] * count


def _by_libpff(folder: Any) -> dict[int, Any]:
    found = {}
    for index in range(folder.number_of_sub_messages):
        message = folder.get_sub_message(index)
        found[message.identifier] = message
    for below in folder.sub_folders:
        found.update(_by_libpff(below))
    return found


@pytest.mark.parametrize("path", STORES)
def test_every_property_and_recipient_that_libpff_reads_we_read_alike(
    corpora: Path, path: str
) -> None:
    file = pypff.file()
    file.open(str(corpora / path))
    theirs = _by_libpff(file.root_folder)
    with open(corpora / path, "rb") as handle:
        store = Store(handle, (corpora / path).stat().st_size)
        ours = {n: store.message(n) for g in store.outline().groups for n in g.numbers}
        assert sorted(ours) == sorted(theirs)
        compared = 0
        for number, message in ours.items():
            other = theirs[number]
            for entry in next(iter(other.record_sets)).entries:
                if entry.entry_type in message.properties:
                    raw = message.properties.stored(entry.entry_type)
                    if entry.value_type in (mapi.UNICODE, mapi.BINARY) and entry.data is not None:
                        assert raw == entry.data, hex(entry.entry_type)
                        compared += 1
            if isinstance(other, pypff.message):
                count = other.recipients.number_of_recipients if other.recipients else 0
                assert len(message.recipients) == count
                assert len(message.attachments) == other.number_of_attachments
        assert compared >= 10 * len(ours)
    file.close()


def test_addresses_of_exchange_are_resolved_and_their_x500_names_kept(
    corpora: Path, walked: Walked
) -> None:
    item = next(v.item for v in walked(corpora / _TIKA) if v.item.subject == "original email")
    assert item.to == ["Allison, Timothy B. <tallison@mitre.org>"]
    names = item.metadata["x500_addresses"]
    assert set(names.values()) == {"tallison@mitre.org"}
    assert all(name.lower().startswith("/o=exchangelabs/") for name in names)


def test_the_conversation_index_has_all_its_22_bytes(corpora: Path, walked: Walked) -> None:
    item = next(v.item for v in walked(corpora / _TIKA) if v.item.subject == "original email")
    assert len(item.conversation_index) == 44  # libpff's own accessor loses the last byte


def test_lists_of_people_contacts_and_recurring_appointments(corpora: Path, walked: Walked) -> None:
    visits = walked(corpora / "java-libpst/src/test/resources/dist-list.pst")
    by_subject = {v.item.subject: v for v in visits}
    people = by_subject["test dist list"].item
    assert people.category == "contact"
    assert people.metadata["members"][1] == "dist name 1 <dist1@rjohnson.id.au>"
    assert "E-mail: contact1@rjohnson.id.au" in by_subject["contact name 1"].text
    meeting = by_subject["Test appointment"]
    assert meeting.item.category == "calendar"
    assert meeting.item.metadata["start_at"] == "2016-08-02T15:00:00Z"
    assert "every Tuesday from 8:00 AM" in meeting.text
    changed = [v.item for v in visits if v.item.relation == "attachment"]
    assert [item.mime_type for item in changed] == ["application/x-mapi-message"] * 2


def test_a_cut_store_is_truncated_and_gives_what_is_left_of_it(
    corpora: Path, walked: Walked
) -> None:
    data = (corpora / "pst-extractor/enron.pst").read_bytes()
    whole = {v.item.subject for v in walked(data) if v.item.relation == "message"}
    visits = walked(data[: len(data) // 2])
    top = visits[-1].item
    assert top.state == "truncated"
    found = [v.item for v in visits if v.item.relation == "message"]
    readable = [item for item in found if item.state in ("ok", "warnings")]
    assert len(readable) >= 20
    assert {item.subject for item in readable} <= whole
    assert top.actual_children == len(found)


def test_two_readings_give_the_same_natives(corpora: Path, walked: Walked) -> None:
    first, second = (
        [(v.item.sha256, v.text) for v in walked(corpora / "pst-extractor/enron.pst")]
        for _ in range(2)
    )
    assert first == second
