"""Stores written for the test, in all three layouts and ciphers, and read back by two readers."""

from __future__ import annotations

import io
from pathlib import Path

import pypff
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.contract import Budget, Content, Context, Range
from ediscovery.extract.outlook import mapi, pst
from ediscovery.extract.outlook.ndb import Database
from ediscovery.extract.outlook.store import Store as Reader
from ediscovery.model.profile import Profile
from tests.extract.outlook.conftest import Walked
from tests.extract.outlook.make_pst import RECIPIENTS, TOP, Attachment, Message, Store

KINDS = ["unicode", "ansi", "4k"]
JANE, SAM = (1, "Jane Roe", "jane@example.com"), (2, "Sam Poe", "sam@example.com")


def sample(kind: str = "unicode", crypt: int = 1) -> Store:
    """Two folders, 40 plain mails, one with a text, a large file and a mail with one of its own."""
    store = Store(kind, crypt)
    inbox = store.folder("Inbox")
    below = store.folder("Project / Alpha", inbox)
    for number in range(40):
        store.message(inbox, Message(f"Note {number}", f"Body {number} " * 30, [JANE, SAM]))
    inner = Message("Inner", "Inner body", [SAM], [Attachment("deep.txt", b"deep water")])
    parts = [Attachment("a.txt", b"hello"), Attachment("big.bin", bytes(range(256)) * 1200)]
    store.message(below, Message("Outer", "See below", [JANE], [*parts, Attachment("in", inner)]))
    return store


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("crypt", [0, 1, 2])
def test_everything_is_read_in_every_layout_and_cipher(
    kind: str, crypt: int, walked: Walked
) -> None:
    visits = walked(sample(kind, crypt).finish())
    by_name = {visit.item.file_name: visit for visit in visits}
    top = visits[-1].item
    assert (top.state, top.expected_children, top.actual_children) == ("ok", 41, 41)
    assert top.metadata["folders"]["/Inbox"] == 40
    note = by_name["Note 7.eml"]
    assert note.item.folder == "/Inbox"
    assert note.item.to == ["Jane Roe <jane@example.com>"]
    assert note.item.cc == ["Sam Poe <sam@example.com>"]
    assert note.text[note.item.body_start :].startswith("Body 7 Body 7")
    outer = by_name["Outer.eml"].item
    assert outer.folder == "/Inbox/Project _ Alpha"
    assert (outer.expected_children, outer.actual_children) == (3, 3)
    big = by_name["big.bin"]
    assert big.content is not None
    assert big.content.read() == bytes(range(256)) * 1200
    assert by_name["in.eml"].item.subject == "Inner"
    assert by_name["in.eml"].item.mime_type == "application/x-mapi-message"
    assert by_name["deep.txt"].text == "deep water"


@pytest.mark.parametrize("kind", KINDS)
def test_libpff_finds_the_same_messages(kind: str) -> None:
    data = sample(kind).finish()
    file = pypff.file()
    file.open_file_object(io.BytesIO(data))

    def below(folder: pypff.folder) -> list[tuple[str, str, int, int]]:
        found = [
            (m.subject, m.plain_text_body.decode(), m.number_of_attachments,
             m.recipients.number_of_recipients)
            for m in folder.sub_messages
        ]  # fmt: skip
        return found + [entry for sub in folder.sub_folders for entry in below(sub)]

    theirs = sorted(below(file.root_folder))
    reader = Reader(io.BytesIO(data), len(data))
    ours = sorted(
        (m.subject, m.properties.text(mapi.BODY), len(m.attachments), len(m.recipients))
        for group in reader.outline().groups
        for m in map(reader.message, group.numbers)
    )
    file.close()
    assert ours == theirs


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_folder_lists_is_an_orphan_and_what_was_deleted_is_recovered(
    kind: str, walked: Walked
) -> None:
    store = sample(kind)
    inbox = next(nid for nid, folder in store.folders.items() if folder["name"] == "Inbox")
    store.message(inbox, Message("Lost child", "Nobody lists me"), listed=False)
    gone = store.message(inbox, Message("Shred this", "The secret " * 500, [JANE]))
    store.delete(gone)
    visits = walked(store.finish())
    by_name = {visit.item.file_name: visit for visit in visits}
    orphan, recovered = by_name["Lost child.eml"], by_name["Shred this.eml"]
    assert orphan.item.flags == ["orphan"]
    assert orphan.item.folder == "/Inbox"
    assert recovered.item.flags == ["recovered"]
    assert recovered.item.to == ["Jane Roe <jane@example.com>"]
    assert recovered.text.count("The secret") == 500
    assert (visits[-1].item.expected_children, visits[-1].item.actual_children) == (43, 43)


def test_deleted_data_that_was_written_over_is_counted_and_not_given(walked: Walked) -> None:
    store = sample()
    inbox = store.folder("Gone")
    gone = store.message(inbox, Message("Shred this", "The secret"))
    blocks = store._reached(*store.nodes[gone][:2])
    places = [store.blocks[bid] for bid in blocks]
    store.delete(gone)
    for at, size in places:
        store.out[at : at + size] = b"\xaa" * size
    visits = walked(store.finish())
    assert all(visit.item.subject != "Shred this" for visit in visits)
    assert visits[-1].item.metadata["deleted_traces"] == 1


def test_hidden_messages_are_left_out_as_settings_or_given_as_documents(walked: Walked) -> None:
    store = sample()
    inbox = store.folder("Rules")
    store.associated(inbox, Message("x", kind="IPM.Configuration.WorkHours"))
    store.associated(inbox, Message("y", kind="IPM.Configuration.WorkHours"))
    store.associated(inbox, Message("Hidden mail", "psst"))
    visits = walked(store.finish())
    assert visits[-1].item.metadata["associated_left_out"] == {"IPM.Configuration.WorkHours": 2}
    hidden = next(v.item for v in visits if v.item.subject == "Hidden mail")
    assert hidden.flags == ["associated"]


def test_a_folder_that_announces_more_than_there_is_leaves_a_gap(walked: Walked) -> None:
    store = sample()
    short = store.folder("Short", count=5)
    store.message(short, Message("Only one", "here"))
    top = walked(store.finish())[-1].item
    assert "gap" in top.flags
    assert (top.expected_children, top.actual_children) == (46, 42)
    assert "/Short announces 5 messages; the index has 1." in top.message


def test_a_listed_message_that_the_index_lacks_is_a_failed_child(walked: Walked) -> None:
    store = sample()
    folder = store.folder("Holes")
    here = store.message(folder, Message("Still here", "x"))
    lost = store.message(folder, Message("Not here", "x"))
    del store.nodes[lost]
    visits = walked(store.finish())
    failed = next(v.item for v in visits if v.item.metadata.get("entry") == hex(lost))
    assert (failed.role, failed.state, failed.folder) == ("failed", "corrupt", "/Holes")
    assert any(v.item.metadata.get("entry") == hex(here) and v.item.state == "ok" for v in visits)


def test_one_broken_message_does_not_end_its_folder(walked: Walked) -> None:
    store = sample()
    folder = store.folder("Mixed")
    numbers = [store.message(folder, Message(f"Mixed {i}", "x")) for i in range(9)]
    at, size = store.blocks[store.nodes[numbers[4]][0]]
    store.out[at : at + size] = bytes(size)
    visits = [v.item for v in walked(store.finish()) if v.item.folder == "/Mixed"]
    assert [item.state for item in visits] == ["ok"] * 4 + ["corrupt"] + ["ok"] * 4


def test_a_wrong_checksum_is_a_warning_and_the_data_still_given(walked: Walked) -> None:
    store = sample(crypt=0)
    folder = store.folder("Flipped")
    number = store.message(folder, Message("Flipped bit", "AAAA body AAAA"))
    at, size = store.blocks[store.nodes[number][0]]
    place = bytes(store.out).index("AAAA body".encode("utf-16-le"), at, at + size)
    store.out[place] ^= 1
    item = next(v for v in walked(store.finish()) if v.item.subject == "Flipped bit")
    assert item.item.state == "warnings"
    assert "checksum" in item.item.message
    assert "@AAA body" in item.text


def test_a_password_is_flagged_and_not_needed(walked: Walked) -> None:
    store = Store(password=0x1234)
    store.message(TOP, Message("Open", "sesame"))
    visits = walked(store.finish())
    assert visits[-1].item.flags == ["password"]
    assert visits[0].item.subject == "Open"


def test_search_folders_are_named_but_not_expanded(walked: Walked) -> None:
    store = sample()
    inbox = next(nid for nid, folder in store.folders.items() if folder["name"] == "Inbox")
    search = 0x701 << 5 | 0x03
    store._folder(search, "Unread", 0x122)
    store.folders[search]["messages"] = store.folders[inbox]["messages"]
    visits = walked(store.finish())
    assert visits[-1].item.metadata["search_folders"] == ["/Unread"]
    assert visits[-1].item.actual_children == 41


def ranges_of(data: bytes, scratch: Path, items: int) -> tuple[int | None, list[Range]]:
    context = Context(Profile(unit_items=items), scratch, Budget(1 << 31))
    return pst.split(Content(data), context, 1 << 20)


@pytest.mark.parametrize("items", [1, 7, 1000])
def test_cut_into_ranges_every_message_comes_once_with_its_ordinal(
    items: int, tmp_path: Path
) -> None:
    store = sample()
    inbox = next(nid for nid, folder in store.folders.items() if folder["name"] == "Inbox")
    store.message(inbox, Message("Lost child", "x"), listed=False)
    store.delete(store.message(inbox, Message("Shred this", "y")))
    data = store.finish()
    whole = pst.extract(Content(data), Context(Profile(), tmp_path, Budget(1 << 31)))
    wanted = [(c.ordinal, c.name, c.content and c.content.read()) for c in whole.children]
    expected, ranges = ranges_of(data, tmp_path, items)
    assert expected == len(wanted) == 43
    assert [r.start for r in ranges] == [0, *[r.stop for r in ranges[:-1]]]
    found = []
    for part in ranges:
        context = Context(Profile(), tmp_path, Budget(1 << 31), only=part)
        children = list(pst.extract(Content(data), context).children)
        assert len(children) == part.stop - part.start
        found += [(c.ordinal, c.name, c.content and c.content.read()) for c in children]
    assert found == wanted


def test_a_range_without_a_hint_is_found_by_counting(tmp_path: Path) -> None:
    context = Context(Profile(), tmp_path, Budget(1 << 31), only=Range(3, 5))
    children = list(pst.extract(Content(sample().finish()), context).children)
    assert [(c.ordinal, c.fields["file_name"]) for c in children] == [
        (3, "Note 3.eml"),
        (4, "Note 4.eml"),
    ]


@pytest.mark.parametrize("deflate", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_properties_that_fill_many_blocks_of_a_heap(kind: str, deflate: bool) -> None:
    store = Store(kind, deflate=deflate)
    values = {0x6800 + n: bytes([n]) * 3000 for n in range(200)}
    number = store.message(TOP, Message("Heavy", extra={(n, 0x102): v for n, v in values.items()}))
    data = store.finish()
    reader = Reader(io.BytesIO(data), len(data))
    found = reader.message(number).properties
    assert {n: found.get(n) for n in values} == values
    if kind == "4k" and deflate:
        return  # libpff reads no heap of several deflated blocks
    file = pypff.file()
    file.open_file_object(io.BytesIO(data))
    (message,) = file.root_folder.get_sub_folder(0).sub_messages
    theirs = {e.entry_type: e.data for e in next(iter(message.record_sets)).entries}
    assert {n: theirs[n] for n in values} == values
    file.close()


def test_ordinals_to_skip_are_given_as_crashed(tmp_path: Path) -> None:
    context = Context(Profile(), tmp_path, Budget(1 << 31), skip=frozenset({2}))
    children = list(pst.extract(Content(sample().finish()), context).children)
    assert [c.state for c in children[:4]] == ["ok", "ok", "crashed", "ok"]
    assert children[2].content is None


_VALUES = st.one_of(
    st.tuples(st.just(0x1F), st.text(st.characters(exclude_categories=["Cs"]), max_size=3000)),
    st.tuples(st.just(0x102), st.binary(max_size=9000)),
    st.tuples(st.just(0x03), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(0x14), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(0x0B), st.booleans()),
    st.tuples(st.just(0x1102), st.lists(st.binary(min_size=1, max_size=900), max_size=9)),
)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.integers(0x6800, 0x6F00), _VALUES, max_size=60),
    st.sampled_from(KINDS),
    st.integers(0, 2),
)
def test_whatever_properties_are_written_are_read(
    values: dict[int, tuple[int, object]], kind: str, crypt: int
) -> None:
    store = Store(kind, crypt)
    extra = {(number, type_): value for number, (type_, value) in values.items()}
    number = store.message(TOP, Message("Law", extra=extra))
    data = store.finish()
    reader = Reader(io.BytesIO(data), len(data))
    found = reader.message(number).properties
    for prop, (_, value) in values.items():
        if isinstance(value, str):
            value = value.rstrip("\0")
        assert found.get(prop) == value
    assert not reader.problems


def test_large_tables_and_lists_of_subnodes_span_many_blocks(walked: Walked) -> None:
    store = Store()
    folder = store.folder("Many")
    people = [(1, f"Person {i} with a long display name", f"p{i}@example.com") for i in range(900)]
    parts = [Attachment(f"{i}.txt", f"part {i}".encode()) for i in range(400)]
    store.message(folder, Message("Crowd", "x", people, parts))
    for i in range(900):
        store.message(folder, Message(f"m{i}"))
    visits = walked(store.finish())
    crowd = next(v.item for v in visits if v.item.subject == "Crowd")
    assert crowd.to[899] == "Person 899 with a long display name <p899@example.com>"
    assert crowd.actual_children == 400
    assert visits[-1].item.actual_children == 901


def test_a_missing_recipient_table_is_no_loss_of_the_message(walked: Walked) -> None:
    store = Store()
    number = store.message(TOP, Message("Half", "body", [JANE], [Attachment("a.txt", b"a")]))
    node = store.nodes[number]
    database = Database(io.BytesIO(data := store.finish()), len(data))
    bid = database.subnodes(node[1])[RECIPIENTS].data
    at, size = store.blocks[bid]
    store.out[at : at + size] = bytes(size)
    item = next(v.item for v in walked(bytes(store.out)) if v.item.subject == "Half")
    assert (item.state, item.actual_children) == ("warnings", 1)
    assert "list of recipients" in item.message


def test_a_file_with_another_head_is_corrupt_and_an_unknown_key_unsupported(
    walked: Walked,
) -> None:
    data = bytearray(sample().finish())
    assert walked(b"!BDN" + bytes(2000))[-1].item.state == "unsupported"
    data[513] = 0x10  # the work folders of an information protection policy
    top = walked(bytes(data))[-1].item
    assert (top.state, top.role) == ("unsupported", "document")
