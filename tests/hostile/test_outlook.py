"""Hostile PST, MSG and RTF files, made by code: each ends in a state, none in an exception."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.contract import Budget, Child, Content, Context
from ediscovery.extract.outlook import ndb, pst
from ediscovery.extract.outlook.cfb import Storage, build
from ediscovery.extract.walk import Visit, walk
from ediscovery.model.profile import Limits, Profile
from tests.extract.outlook import make_msg
from tests.extract.outlook.make_pst import TOP, Attachment, Message, Store


def run(
    data: bytes, scratch: Path, name: str, budget: int = 1 << 31, depth: int = 50
) -> list[Visit]:
    context = Context(Profile(limits=Limits(depth=depth)), scratch, Budget(budget))
    visits = list(walk(Child(name, Content(data), "file"), "a0", name, context))
    for visit in visits:  # no exception of ours is a fault of the evidence
        assert "Error: " not in visit.item.message, visit.item.message
    return visits


def store(kind: str = "unicode", count: int = 60) -> Store:
    made = Store(kind)
    inbox = made.folder("Inbox")
    people = [(1, "Jane Roe", "jane@example.com")]
    for number in range(count):
        made.message(inbox, Message(f"Note {number}", f"Body {number} " * 40, people))
    parts = [Attachment("a.bin", bytes(30_000)), Attachment("m", Message("Inner", "x", people))]
    made.message(inbox, Message("Parts", "x", people, parts))
    return made


# -- cut and broken stores (cases 36, 37) -----------------------------------------------------


@pytest.mark.parametrize("kind", ["unicode", "ansi", "4k"])
def test_a_cut_store_is_truncated_and_what_is_left_is_recovered(kind: str, tmp_path: Path) -> None:
    data = store(kind).finish()
    for percent in (5, 30, 60, 80, 95, 99):
        visits = run(data[: len(data) * percent // 100], tmp_path, "cut.pst")
        top = visits[-1].item
        assert top.state == "truncated", percent
        messages = [v.item for v in visits if v.item.relation == "message"]
        assert top.actual_children == len(messages)
        assert top.expected_children is not None
        assert top.expected_children >= len(messages)
        if percent >= 95:  # all blocks of messages are there, the index is not
            assert len({m.subject for m in messages if m.subject.startswith("Note")}) == 60
            flagged = [m for m in messages if {"recovered", "orphan"} & set(m.flags)]
            assert flagged or top.expected_children == 61


@pytest.mark.parametrize("kind", ["unicode", "ansi", "4k"])
def test_a_broken_page_of_the_index_costs_nothing_that_blocks_still_hold(
    kind: str, tmp_path: Path
) -> None:
    made = store(kind)
    data = bytearray(made.finish())
    pages = [
        at
        for at in range(0, len(data) - made.page, 512)
        if data[at + {"unicode": 496, "ansi": 500, "4k": 4072}[kind]] == 0x81
        and data[at + {"unicode": 496, "ansi": 500, "4k": 4072}[kind] + 1] == 0x81
    ]
    data[pages[len(pages) // 2] + 5] ^= 0xFF
    visits = run(bytes(data), tmp_path, "broken.pst")
    top = visits[-1].item
    assert top.state == "corrupt"
    assert "index can't be read" in top.message
    subjects = {v.item.subject for v in visits if v.item.relation == "message"}
    assert {f"Note {n}" for n in range(60)} <= subjects


def test_index_pages_that_point_to_themselves_end(tmp_path: Path) -> None:
    made = store()
    data = bytearray(made.finish())
    root = struct.unpack_from("<Q", data, 224)[0]
    struct.pack_into("<QQQ", data, root, 0, 1, root)
    struct.pack_into("<I", data, root + 500, ndb.checksum(bytes(data[root : root + 496])))
    assert run(bytes(data), tmp_path, "loop.pst")[-1].item.state in ("corrupt", "warnings")


def test_folders_that_contain_each_other_are_read_once(tmp_path: Path) -> None:
    made = store()
    first = made.folder("First")
    second = made.folder("Second", first)
    made.folders[first]["parent"] = second
    made.message(second, Message("In a ring", "x"))
    visits = run(made.finish(), tmp_path, "ring.pst")
    assert sum(v.item.subject == "In a ring" for v in visits) == 1
    assert visits[-1].item.actual_children == 62


def test_a_message_that_embeds_itself_is_a_cycle(tmp_path: Path) -> None:
    made = Store(crypt=0)
    inner = Message("Snake", "tail", attachments=[Attachment("tail", Message("Tail", "x"))])
    number = made.message(TOP, inner)
    data, sub, _ = made.nodes[number]
    # The subnode of the embedded message gets the data of the message around it.
    at, size = made.blocks[sub]
    for bid in made._reached(0, sub):
        start, length = made.blocks[bid]
        block = bytes(made.out[start : start + length])
        for place in range(8, len(block) - 23, 24):
            nid = struct.unpack_from("<Q", block, place)[0]
            if nid & 0x1F == 0x05:
                self_made = made.sub_block({0x10001 << 5 | 4: (data, sub)})
                struct.pack_into("<Q", made.out, start + place + 16, self_made)
    visits = run(made.finish(), tmp_path, "snake.pst")
    snake = next(v.item for v in visits if v.item.relation == "message")
    assert snake.subject == "Snake"
    assert any(v.item.state == "cycle" for v in visits)
    assert at
    assert size


def test_a_tree_of_embedded_messages_that_doubles_at_each_level_is_bounded(tmp_path: Path) -> None:
    message = Message("Leaf", "x" * 2000)
    for level in range(12):
        message = Message(f"Level {level}", "y", attachments=[Attachment("a", message)] * 2)
    made = Store()
    made.message(TOP, message)
    visits = run(made.finish(), tmp_path, "tree.pst", budget=20 << 20)
    assert any(v.item.state == "limit:expansion" for v in visits)
    assert len(visits) < 9000


def test_one_block_named_a_thousand_times_meets_the_budget(tmp_path: Path) -> None:
    made = Store(crypt=0)
    block = made.block(bytes(8176))
    many = struct.pack("<BBHI", 1, 1, 1000, 8_176_000) + struct.pack("<Q", block) * 1000
    lists = [made.block(many, internal=True)] * 1000
    top = made.block(struct.pack("<BBHI", 1, 2, 1000, 0) + struct.pack("<1000Q", *lists), True)
    made.data = lambda data: top  # type: ignore[method-assign]
    bomb = Attachment("bomb.bin", bytes(5000))
    made.message(TOP, Message("Bomb", "x", attachments=[bomb]))
    made.message(TOP, Message("Before", "y"))
    visits = run(made.finish(), tmp_path, "bomb.pst", budget=64 << 20)
    assert visits[-1].item.state == "limit:expansion"


def test_memory_does_not_grow_with_the_number_of_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndb, "_PAGES_CACHED", 16)

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.pst"
        path.write_bytes(store(count=count).finish())
        context = Context(Profile(), tmp_path, Budget(1 << 31))
        tracemalloc.start()
        for child in pst.extract(Content(path=path), context).children:
            own = Context(Profile(), tmp_path, Budget(1 << 31), payload=child.payload)
            assert child.content is not None
            pst.extract_message(child.content, own)
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(50)  # imports
    few, many = peak(300), peak(1500)
    assert many < few + 200_000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 255)), min_size=1, max_size=60))
def test_flipped_bytes_never_stop_the_run(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(_STORE)
    for place, value in flips:
        data[place % len(data)] = value
    visits = run(bytes(data), tmp_path_factory.getbasetemp(), "flipped.pst")
    top = visits[-1].item
    if top.role == "container":
        assert top.actual_children == sum(v.item.relation == "message" for v in visits)


_STORE = store(count=12).finish()


# -- MSG and compound files (cases 43, 44) ----------------------------------------------------


def test_mails_embedded_too_deeply_end_at_the_limit(tmp_path: Path) -> None:
    message = make_msg.mail("Bottom", "the end")
    for level in range(30):
        inside = [make_msg.attachment("in", message)]
        message = make_msg.mail(f"Level {level}", "x", attachments=inside)
    visits = run(make_msg.write(message), tmp_path, "deep.msg", depth=12)
    states = [v.item.state for v in visits]
    assert states.count("limit:depth") == 1
    assert states.count("ok") >= 11


def test_a_budget_ends_copies_of_copies(tmp_path: Path) -> None:
    message = make_msg.mail("Bottom", "z" * 100_000)
    for level in range(30):
        inside = [make_msg.attachment("in", message)]
        message = make_msg.mail(f"Level {level}", "x", attachments=inside)
    visits = run(make_msg.write(message), tmp_path, "deep.msg", budget=1 << 20)
    assert any(v.item.state == "limit:expansion" for v in visits)


def _tables(data: bytes) -> tuple[int, int]:
    """Where the first allocation table and the directory begin."""
    fat, directory = struct.unpack_from("<I", data, 76)[0], struct.unpack_from("<I", data, 48)[0]
    return (fat + 1) * 512, (directory + 1) * 512


def test_loops_in_the_allocation_table_end(tmp_path: Path) -> None:
    part = make_msg.attachment("a.bin", bytes(range(256)) * 100)
    data = bytearray(make_msg.write(make_msg.mail("Loop", "x" * 9000, attachments=[part])))
    fat, directory = _tables(bytes(data))
    for sector in range(40):
        looped = bytearray(data)
        struct.pack_into("<I", looped, fat + 4 * sector, sector)
        top = run(bytes(looped), tmp_path, "loop.msg")[-1].item
        assert top.role == "document", sector
    assert directory


def test_loops_in_the_list_of_tables_and_absurd_sectors_end(tmp_path: Path) -> None:
    data = bytearray(make_msg.write(make_msg.mail("Lists", "x")))
    for offset, value in (
        (68, 0),
        (68, 5),
        (48, 0x7FFFFFFF),
        (60, 3),
        (76, 0xFFFFFFF0),
        (44, 9**9),
    ):
        broken = bytearray(data)
        struct.pack_into("<I", broken, offset, value & 0xFFFFFFFF)
        struct.pack_into("<I", broken, 72, 1000)
        assert run(bytes(broken), tmp_path, "lists.msg")[-1].item.role == "document"


def test_directories_that_loop_are_read_once(tmp_path: Path) -> None:
    data = bytearray(make_msg.write(make_msg.mail("Ring", "x")))
    _, directory = _tables(bytes(data))
    for entry in range(1, 6):
        looped = bytearray(data)
        struct.pack_into("<III", looped, directory + 128 * entry + 68, entry, 0, 1)
        assert run(bytes(looped), tmp_path, "ring.msg")[-1].item.role == "document"


def test_a_cut_msg_keeps_its_text_and_names_what_is_missing(tmp_path: Path) -> None:
    part = make_msg.attachment("a.bin", bytes(range(256)) * 400)
    data = make_msg.write(make_msg.mail("Cut", "the body", attachments=[part]))
    body = bytearray(data)
    at = data.index(bytes(range(256)) * 4)
    # The table and the directory stand behind; the stream's own sectors are what is lost.
    fat, _ = _tables(data)
    first = at // 512 - 1
    struct.pack_into("<I", body, fat + 4 * (first + 20), 0xFFFFFFFE)
    visits = run(bytes(body), tmp_path, "cut.msg")
    assert "the body" in visits[-1].text
    assert (visits[0].item.role, visits[0].item.state) == ("failed", "truncated")
    for percent in (10, 40, 70, 90):
        assert run(data[: len(data) * percent // 100], tmp_path, "c.msg")[-1].item.state != "ok"


def test_a_compressed_body_that_claims_gigabytes_is_cut_at_the_limit(tmp_path: Path) -> None:
    at, tokens = 215, b""
    for _ in range(40_000):
        tokens += ((at - 1) % 4096 << 4 | 15).to_bytes(2, "big")
        at += 17
    runs = b"".join(b"\xff" + tokens[i : i + 16] for i in range(0, len(tokens), 16))
    body = b"\0{\\rtf1 x" + runs
    head = struct.pack("<II4sI", len(body) + 12, 0xFFFFFFF0, b"LZFu", 0)
    bomb = make_msg.mail("Bomb", "", extra={(0x1009, 0x102): head + body})
    del bomb.properties[0x1000, 0x1F]
    context = Context(Profile(limits=Limits(text_bytes=10_000)), tmp_path, Budget(1 << 31))
    child = Child("bomb.msg", Content(make_msg.write(bomb)), "file")
    (visit,) = walk(child, "a0", "bomb.msg", context)
    assert "Only the first 10000 bytes of its RTF body" in visit.item.message
    assert visit.item.text_chars <= 10_000


def test_an_object_that_is_no_message_is_corrupt(tmp_path: Path) -> None:
    assert run(build(Storage()), tmp_path, "empty.msg")[-1].item.state != "ok"
    shell = Storage(streams={"__properties_version1.0": bytes(32)})
    assert run(build(shell), tmp_path, "shell.msg")[-1].item.state == "corrupt"


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 255)), min_size=1, max_size=40))
def test_flipped_bytes_of_a_msg_never_stop_the_run(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(_MSG)
    for place, value in flips:
        data[place % len(data)] = value
    run(bytes(data), tmp_path_factory.getbasetemp(), "flipped.msg")


_MSG = make_msg.write(
    make_msg.mail(
        "Outer", "outer body", names=[(bytes(16), "x")],
        attachments=[
            make_msg.attachment("a.txt", b"text a" * 900),
            make_msg.attachment("in", make_msg.mail("Inner", "inner body")),
        ],
    )
)  # fmt: skip


# -- RTF --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"{\\rtf1" + b"{\\b" * 60_000 + b"x" + b"}" * 60_001,
        b"{\\rtf1\\bin9999999999 x}",
        b"{\\rtf1\\bin-5 x}",
        b"{\\rtf1\\uc9999999\\u65\\u66\\u67 xyz}",
        b"{\\rtf1\\u99999999999 x}",
        b"{\\rtf1{\\pict\\pngblip " + b"zz" * 100_000 + b"}x}",
        b"{\\rtf1{\\object{\\*\\objdata 0105000002000000ffffffff}}x}",
        b"{\\rtf1{\\object{\\*\\objdata d0cf11e0a1b11ae1" + b"00" * 600 + b"}}x}",
        b"{\\rtf1" + b"{\\field{\\*\\fldinst HYPERLINK " + b'"' * 100_000 + b"}}}",
        b"{\\rtf1" + b"{\\*\\annotation a}" * 20_000 + b"}",
        b"{\\rtf1{\\info{\\creatim\\yr999999\\mo99}}x}",
    ],
    ids=range(11),
)
def test_hostile_rtf_ends_in_a_state(data: bytes, tmp_path: Path) -> None:
    top = run(data, tmp_path, "hostile.rtf")[-1].item
    assert top.state in ("ok", "warnings", "truncated", "limit:nesting")
