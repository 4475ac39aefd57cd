"""Compound files: what we write olefile reads, what anyone writes we read."""

from __future__ import annotations

import io
from pathlib import Path

import olefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.outlook.cfb import CompoundFile, Storage, build
from ediscovery.model.errors import EvidenceError

_NAMES = st.text("abcdeFGHij_#0123456789", min_size=1, max_size=31)
_STREAMS = st.dictionaries(_NAMES, st.binary(max_size=9000), max_size=12)


def _storage(streams: dict[str, bytes], below: dict[str, Storage]) -> Storage:
    taken = {name.upper() for name in streams}
    return Storage(
        bytes(16),
        dict(_unique(streams)),
        {n: s for n, s in _unique(below) if n.upper() not in taken},
    )


def _unique(members):  # type: ignore[no-untyped-def]
    return {name.upper(): (name, value) for name, value in members.items()}.values()


_TREES = st.recursive(
    st.builds(lambda streams: _storage(streams, {}), _STREAMS),
    lambda below: st.builds(_storage, _STREAMS, st.dictionaries(_NAMES, below, max_size=4)),
    max_leaves=12,
)


def _flat(storage: Storage, read) -> dict[str, bytes]:  # type: ignore[no-untyped-def]
    found = {}
    waiting = [("", storage)]
    while waiting:
        path, here = waiting.pop()
        found.update({f"{path}/{name}": read(stream) for name, stream in here.streams.items()})
        waiting += [(f"{path}/{name}", inner) for name, inner in here.storages.items()]
    return found


@settings(max_examples=60, deadline=None)
@given(_TREES)
def test_written_files_are_read_alike_by_us_and_by_olefile(tree: Storage) -> None:
    data = build(tree)
    wanted = _flat(tree, lambda body: body)
    ours = CompoundFile(data)
    assert _flat(ours.root, ours.read) == wanted
    assert not ours.problems
    with olefile.OleFileIO(io.BytesIO(data)) as theirs:
        found = {"/" + "/".join(e): theirs.openstream(e).read() for e in theirs.listdir()}
    assert found == wanted
    assert build(tree) == data


@pytest.mark.parametrize("count", range(1, 40))
def test_directories_are_sorted_red_black_trees(count: int) -> None:
    data = build(Storage(streams={f"{n:02}": b"x" for n in range(count)}))
    start = (int.from_bytes(data[48:52], "little") + 1) * 512
    seen: list[str] = []

    def black_height(number: int, parent_is_red: bool) -> int:
        if number == 0xFFFFFFFF:
            return 1
        entry = data[start + 128 * number : start + 128 * (number + 1)]
        red = entry[67] == 0
        assert not (red and parent_is_red)
        left = black_height(int.from_bytes(entry[68:72], "little"), red)
        seen.append(entry[:4].decode("utf-16-le"))
        right = black_height(int.from_bytes(entry[72:76], "little"), red)
        assert left == right
        return left + (not red)

    black_height(int.from_bytes(data[start + 76 : start + 80], "little"), True)
    assert seen == sorted(seen)
    assert len(seen) == count


def test_files_with_more_than_109_tables_are_written_and_read() -> None:
    tree = Storage(streams={"big": bytes(range(256)) * 32_000, "small": b"x"})
    ours = CompoundFile(build(tree))
    assert ours.read(ours.root.streams["big"]) == tree.streams["big"]
    with olefile.OleFileIO(io.BytesIO(build(tree))) as theirs:
        assert theirs.openstream("big").read() == tree.streams["big"]


def test_the_corpora_are_read_as_olefile_reads_them(corpora: Path) -> None:
    compared = 0
    for path in sorted((corpora / "poi/test-data/hsmf").glob("*.msg")):
        if path.name.startswith("clusterfuzz"):
            continue
        ours = CompoundFile(path.read_bytes())
        with olefile.OleFileIO(path) as theirs:
            found = {"/" + "/".join(e): theirs.openstream(e).read() for e in theirs.listdir()}
        assert _flat(ours.root, ours.read) == found
        compared += len(found)
    assert compared > 2000


def test_a_cut_stream_says_how_much_is_missing() -> None:
    data = build(Storage(streams={"late": bytes(9000)}))
    at = data.index(bytes(9000))
    short = CompoundFile(data)
    stream = short.root.streams["late"]
    short._data = data[: at + 5000]
    with pytest.raises(EvidenceError) as raised:
        short.read(stream)
    assert raised.value.state == "truncated"
