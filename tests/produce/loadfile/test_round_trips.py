"""What is written is read again, for any text; what a format can't carry is counted and told."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.dat_write import (
    substitute,
    write_csv,
    write_dat,
    write_overlay,
)
from ediscovery.produce.loadfile.lfp import read_lfp, write_lfp
from ediscovery.produce.loadfile.opt import read_opt, write_opt
from ediscovery.produce.loadfile.rows import (
    CONCORDANCE,
    CONCORDANCE_CP1252,
    CSV,
    Dialect,
    Finding,
    PageRow,
    Record,
    Replaced,
)
from ediscovery.produce.loadfile.sniff import sniff

# Text of any kind, and often what could be taken for structure.
TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=("Cs",)),
        st.sampled_from('\x14\xfe\xae;\\"|^,\r\n\0\x85\u2028\u2029\x0b\x0c\x1c\ufeff\x1a'),
    ),
    max_size=12,
)
NAMES = st.lists(
    st.text(st.characters(categories=("L", "N"), exclude_characters="\xfe"), min_size=1),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip
BREAK = re.compile("\r\n|\r|\n")


@contextmanager
def scratch() -> Iterator[Path]:
    """A file name in a folder that goes; hypothesis can't use ``tmp_path``."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "file"


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[Record]]:
    """Names of columns, and records that have them all."""
    names = draw(NAMES)
    rows = draw(st.lists(st.lists(TEXT, min_size=len(names), max_size=len(names)), max_size=6))
    return names, [Record(dict(zip(names, row, strict=True))) for row in rows]


def carried(text: str, dialect: Dialect, counts: Counter[str]) -> str:
    """What a reader should give for ``text``; counts what should be counted."""
    own = ["\0"]
    if not dialect.protects:
        own.append(dialect.column)
    if not dialect.doubled:
        own.append(dialect.quote)
    if dialect.newline:
        own.append(dialect.newline)
    for character in own:
        if times := text.count(character):
            counts[character] += times
            text = text.replace(character, substitute(character))
    if dialect.newline:
        text, times = BREAK.subn("\n", text)
        if times:
            counts["\n"] += times
    for character in text:
        if not encodable(character, dialect.encoding):
            counts[character] += 1
            text = text.replace(character, "?", 1)
    return text


def encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


DIALECTS = {
    "concordance": CONCORDANCE,
    "csv": CSV,
    "utf-16": replace(CONCORDANCE, encoding="utf-16-le"),
    "pipe": replace(CONCORDANCE, column="|", quote="^", protects=True),
    "tab": replace(CSV, column="\t", bom=False, line_end="\n"),
}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@given(table=tables())
def test_any_text_comes_back(dialect: Dialect, table: tuple[list[str], list[Record]]) -> None:
    names, records = table
    told: list[Replaced] = []
    found: list[Finding] = []
    with scratch() as path:
        done = write_dat(path, records, names, told.append, dialect)
        again = DatFile(path, found.append, dialect=dialect, header=True)
        back = list(again)
    counts: Counter[str] = Counter()
    expected = [
        Record({name: carried(str(value), dialect, counts) for name, value in r.fields.items()})
        for r in records
    ]
    assert back == expected
    assert again.names == names
    assert found == []
    assert done.rows == len(records)
    assert done.replaced == counts
    counts.pop("\n", None)
    assert sum((Counter({t.character: t.times}) for t in told), Counter()) == counts
    for one in told:
        assert one.character in str(records[one.record - 1].fields[one.field])


@given(table=tables())
def test_concordance_of_ours_is_recognised(table: tuple[list[str], list[Record]]) -> None:
    names, records = table
    with scratch() as path:
        write_dat(path, records, names, [].append)
        assert sniff(path) == CONCORDANCE


@given(
    rows=st.lists(
        st.lists(st.text(st.characters(codec="cp1252", exclude_characters="\0\x14\xfe\xae\r\n")),
                 min_size=2, max_size=2), max_size=4),
    greek=st.text("ΩΨ", min_size=1),
)  # fmt: skip
def test_cp1252_tells_what_it_lacks(rows: list[list[str]], greek: str) -> None:
    records = [Record({"A": a, "B": b}) for a, b in rows] + [Record({"A": greek, "B": "x"})]
    told: list[Replaced] = []
    with scratch() as path:
        done = write_dat(path, records, ["A", "B"], told.append, CONCORDANCE_CP1252)
        raw = path.read_bytes()
        back = list(DatFile(path, told.append, dialect=CONCORDANCE_CP1252, header=True))  # type: ignore[arg-type]
    assert raw.startswith(b"\xfeA\xfe\x14\xfeB\xfe\r\n")
    assert back == [*records[:-1], Record({"A": "?" * len(greek), "B": "x"})]
    assert done.replaced == Counter(greek)
    assert {(t.record, t.field, t.substitute) for t in told} == {(len(records), "A", "?")}


@given(st.lists(st.lists(TEXT.filter(bool), min_size=1, max_size=4), max_size=4))
def test_multi_values_come_back_as_tuples(values: list[list[str]]) -> None:
    records = [Record({"ID": str(n), "CC": tuple(parts)}) for n, parts in enumerate(values)]
    with scratch() as path:
        done = write_dat(path, records, ["ID", "CC"], [].append)
        back = list(DatFile(path, [].append, dialect=CONCORDANCE, header=True, multi=["CC"]))
    counts: Counter[str] = Counter()
    for record, parts in zip(back, values, strict=True):
        bare = [p.replace(";", ",") for p in parts]
        assert record.fields["CC"] == tuple(carried(p, CONCORDANCE, counts) for p in bare)
    assert done.replaced[";"] == sum(p.count(";") for parts in values for p in parts)


PLAIN = st.text(
    st.characters(codec="cp1252", exclude_characters=',;@"\0\r\n\\/\x1a'), min_size=1
).filter(lambda s: s == s.strip() and s != ".")


@st.composite
def pages(draw: st.DrawFn, with_lfp: bool) -> list[PageRow]:
    rows = []
    for number in range(draw(st.integers(0, 6))):
        first = number == 0 or draw(st.booleans())
        color = draw(st.booleans())
        folder = draw(PLAIN)
        broken = first and draw(st.booleans())
        rows.append(
            PageRow(
                draw(PLAIN), draw(PLAIN), f"{folder}\\{draw(PLAIN)}.{'jpg' if color else 'tif'}",
                first, 0 if with_lfp else first * draw(st.integers(0, 9)), color,
                draw(st.sampled_from([0, 90, 180, 270])) if with_lfp else 0,
                broken, (not with_lfp) and draw(st.booleans()),
                with_lfp and first and not broken and draw(st.booleans()),
                draw(st.integers(0, 9)) if with_lfp else 0,
            )
        )  # fmt: skip
    return rows


@given(pages(with_lfp=False))
def test_opticon_comes_back(rows: list[PageRow]) -> None:
    found: list[Finding] = []
    with scratch() as path:
        assert write_opt(path, rows).rows == len(rows)
        assert list(read_opt(path, found.append, "cp1252")) == rows
    assert found == []


@given(pages(with_lfp=True))
def test_ipro_comes_back(rows: list[PageRow]) -> None:
    found: list[Finding] = []
    with scratch() as path:
        assert write_lfp(path, rows).rows == len(rows)
        assert list(read_lfp(path, found.append, "cp1252")) == rows
    assert found == []


@pytest.mark.parametrize("bad", ["a,b", 'a"b', "a\nb", "Ω", ""])
def test_opticon_refuses_what_it_can_not_carry(tmp_path: Path, bad: str) -> None:
    with pytest.raises(UsageError):
        write_opt(
            tmp_path / "x.opt", [PageRow("A1", "V", "IMAGES\\A1.tif"), PageRow("A2", "V", bad)]
        )
    assert list(tmp_path.iterdir()) == []


def test_the_bytes_of_concordance(tmp_path: Path) -> None:
    record = Record({"BegBates": "A1", "Note": "one\r\ntwo þ ® \x14", "To": ("a;b", "c")})
    told: list[Replaced] = []
    done = write_dat(tmp_path / "a.dat", [record], ["BegBates", "Note", "To"], told.append)
    assert (tmp_path / "a.dat").read_bytes() == (
        b"\xef\xbb\xbf"
        b"\xc3\xbeBegBates\xc3\xbe\x14\xc3\xbeNote\xc3\xbe\x14\xc3\xbeTo\xc3\xbe\r\n"
        b"\xc3\xbeA1\xc3\xbe\x14\xc3\xbeone\xc2\xaetwo th (R)  \xc3\xbe\x14"
        b"\xc3\xbea,b;c\xc3\xbe\r\n"
    )
    assert done.replaced == {"\n": 1, "\xfe": 1, "\xae": 1, "\x14": 1, ";": 1}
    assert Replaced(1, "Note", "\xfe", "th", 1) in told


def test_the_bytes_of_csv(tmp_path: Path) -> None:
    record = Record({"A": 'x "y", z', "B": "one\r\ntwo"})
    write_csv(tmp_path / "a.csv", [record], ["A", "B"], [].append)
    assert (tmp_path / "a.csv").read_bytes() == (
        b'\xef\xbb\xbf"A","B"\r\n"x ""y"", z","one\r\ntwo"\r\n'
    )


def test_the_bytes_of_page_files(tmp_path: Path) -> None:
    rows = [
        PageRow("A1", "V1", "IMAGES/0001/A1.tif", True, 2, box_break=True),
        PageRow("A2", "V1", "IMAGES/0001/A2.jpg", color=True, rotation=90),
    ]
    write_opt(tmp_path / "a.opt", rows)
    assert (tmp_path / "a.opt").read_bytes() == (
        b"A1,V1,IMAGES\\0001\\A1.tif,Y,,Y,2\r\nA2,V1,IMAGES\\0001\\A2.jpg,,,,\r\n"
    )
    write_lfp(tmp_path / "a.lfp", rows)
    assert (tmp_path / "a.lfp").read_bytes() == (
        b"IM,A1,B,0,@V1;IMAGES\\0001;A1.tif;2,0\r\nIM,A2,,0,@V1;IMAGES\\0001;A2.jpg;4,1\r\n"
    )


def test_an_overlay_never_erases_by_accident(tmp_path: Path) -> None:
    out = tmp_path / "overlay.dat"
    done = write_overlay(
        out, [Record({"BegBates": "A1", "AllCustodians": ("Roe", "Doe")})], "BegBates",
        ["AllCustodians"], [].append,
    )  # fmt: skip
    assert done.rows == 1
    assert out.read_bytes().endswith(b"\xc3\xbeA1\xc3\xbe\x14\xc3\xbeRoe;Doe\xc3\xbe\r\n")
    for fields in ({"BegBates": "A1"}, {"BegBates": "", "AllCustodians": "x"}):
        with pytest.raises(UsageError, match="Record 1 of the overlay"):
            write_overlay(
                tmp_path / "no.dat", [Record(dict(fields))], "BegBates", ["AllCustodians"],
                [].append,
            )  # fmt: skip
    assert not (tmp_path / "no.dat").exists()


@pytest.mark.parametrize(
    ("fields", "columns"),
    [({"A": "1", "Z": "lost"}, ["A"]), ({"A": "1"}, ["A", "A"]), ({"A": "1"}, ["A\xfe"]),
     ({"A": "1"}, [])],
)  # fmt: skip
def test_nothing_is_left_out_silently(
    tmp_path: Path, fields: dict[str, str], columns: list[str]
) -> None:
    with pytest.raises(UsageError):
        write_dat(tmp_path / "a.dat", [Record(dict(fields))], columns, [].append)
    assert list(tmp_path.iterdir()) == []


def test_half_a_surrogate_pair_is_told(tmp_path: Path) -> None:
    told: list[Replaced] = []
    write_dat(tmp_path / "a.dat", [Record({"A": "x\ud83dy"})], ["A"], told.append)
    assert told == [Replaced(1, "A", "\ud83d", "?", 1)]
