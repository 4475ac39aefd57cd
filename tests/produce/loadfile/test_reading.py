"""Readers take what producers really send, and say what they repaired and what they refused."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.fields import Cutter, clean_cut
from ediscovery.produce.loadfile.lfp import read_lfp
from ediscovery.produce.loadfile.opt import read_opt
from ediscovery.produce.loadfile.rows import CONCORDANCE, CSV, Dialect, Finding, PageRow
from ediscovery.produce.loadfile.sniff import sniff


def lines_of(*rows: str, end: str = "\r\n") -> bytes:
    """``rows`` in Concordance's characters, written with ¶ and " for legibility, as bytes."""
    return "".join(row.replace("¶", "\x14").replace('"', "\xfe") + end for row in rows).encode()


HEAD = '"BegBates"¶"EndBates"¶"Subject"'


def read(
    path: Path, data: bytes, **options: object
) -> tuple[list[list[object]], list[tuple[str, int, int]], DatFile]:
    """Values of every record; kind, line and record of every finding; the file."""
    path.write_bytes(data)
    found: list[Finding] = []
    file = DatFile(path, found.append, **options)  # type: ignore[arg-type]
    rows = [list(record.fields.values()) for record in file]
    return rows, [(f.kind, f.line, f.record) for f in found], file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.dat"


@pytest.mark.parametrize("dialect", [CONCORDANCE, CSV, replace(CONCORDANCE, quote="")])
@pytest.mark.parametrize("count", [1, 2, 3])
@given(line=st.text(st.sampled_from('a\x14\xfe",'), min_size=1, max_size=14))
@example(line="\xfe\xfe\x14\xfe\x14\xfe\x14\xfe\xfe")
@example(line='"","",""')
def test_the_quick_cut_gives_what_the_tolerant_one_does(
    dialect: Dialect, count: int, line: str
) -> None:
    quick = clean_cut(dialect, count)(line)
    cutter = Cutter(dialect)
    opened = cutter.feed(line)
    if quick is not None:
        assert (cutter.values, opened, cutter.stray) == (quick, False, False)
    elif not opened and not cutter.stray and len(cutter.values) == count and dialect.quote:
        # What is left to the tolerant cut needs it: a doubled quote or a delimiter inside quotes.
        assert any(c in value for value in cutter.values for c in (dialect.quote, dialect.column))


def test_partly_quoted_and_without_header(path: Path) -> None:
    data = lines_of('"A1"¶A2¶', 'A3¶"A4"¶x')
    rows, found, file = read(path, data)
    assert rows == [["A1", "A2", ""], ["A3", "A4", "x"]]
    assert file.names == ["Field 1", "Field 2", "Field 3"]
    assert found == [("header", 1, 0)]
    rows, found, file = read(path, data, names=["BegBates", "EndBates", "Note"])
    assert (file.names, found, len(rows)) == (["BegBates", "EndBates", "Note"], [], 2)


def test_names_that_clash_or_lack(path: Path) -> None:
    rows, found, file = read(path, lines_of('"BegBates"¶"To"¶"To"¶""', '"A1"¶"b"¶"c"¶"d"'))
    assert file.names == ["BegBates", "To", "To (2)", "Field 4"]
    assert found == [("header", 1, 0)] * 2
    assert rows == [["A1", "b", "c", "d"]]


@pytest.mark.parametrize(
    ("row", "values", "kinds"),
    [
        ('"A1"¶"A1"', ["A1", "A1", ""], ["ragged"]),
        ('"A1"¶"A1"¶"x"¶"y"', ["A1", "A1", "x", "y"], ["ragged"]),
        ('"A1"¶"A1"¶"say "hi" now"', ["A1", "A1", "say \xfehi\xfe now"], ["stray-quote"]),
        ('"A1"¶"A1"¶"one\r\ntwo"', ["A1", "A1", "one\r\ntwo"], ["line-break"]),
        ('"A1"¶"A1"¶"one\ntwo\rthree"', ["A1", "A1", "one\ntwo\rthree"], ["line-break"]),
        ('"A1"¶"A1"¶"a¶b"', ["A1", "A1", "a\x14b"], []),
        ('"A1"¶"A1"¶"x', ["A1", "A1", "x"], ["quote-not-closed"]),
        ('"A1¶A1¶x', ["A1", "A1", "x"], ["quote-not-closed"]),
        ('"A1"¶"a""b"¶"x', ["A1", "a\xfeb", "x"], ["quote-not-closed"]),
        ('"A1"¶"A1"¶"a\x85b\u2028c\x0cd\x1ce"', ["A1", "A1", "a\x85b\u2028c\x0cd\x1ce"], []),
        ('"A1"¶"A1"¶"one®two"', ["A1", "A1", "one\ntwo"], []),
        ('"A1"¶"A1"¶"x\0y"', ["A1", "A1", "xy"], ["nul"]),
    ],
)  # fmt: skip
def test_one_bad_row_costs_its_neighbours_nothing(
    path: Path, row: str, values: list[str], kinds: list[str]
) -> None:
    good = '"A8"¶"A9"¶"good"'
    rows, found, _ = read(path, lines_of(HEAD, good, row, good, good))
    assert rows == [["A8", "A9", "good"], values, *[["A8", "A9", "good"]] * 2]
    assert found == [(kind, 3, 2) for kind in kinds]


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ('A1,"a"",b",c', ["A1", 'a",b', "c"]),
        ('A1,"a""\r\nb",c', ["A1", 'a"\r\nb', "c"]),
        ('A1,"1,2\n3,4,5\n6",c', ["A1", "1,2\n3,4,5\n6", "c"]),
        ('A1,"""",', ["A1", '"', ""]),
    ],
)
def test_proper_csv_is_taken_as_it_is(path: Path, row: str, values: list[str]) -> None:
    data = f"BegBates,B,C\r\n{row}\r\nA2,x,y\r\n".encode()
    rows, _, _ = read(path, data, dialect=CSV)
    assert rows == [values, ["A2", "x", "y"]]


def test_a_quote_never_closed_ends_with_its_line_even_at_the_end(path: Path) -> None:
    rows, found, _ = read(path, lines_of(HEAD, 'A1¶A1¶"x', "A2¶A2¶y", "A3¶A3¶z"))
    assert rows == [["A1", "A1", "x"], ["A2", "A2", "y"], ["A3", "A3", "z"]]
    assert found == [("quote-not-closed", 2, 1)]


def test_quotes_never_closed_cost_no_quadratic_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Cutter.feed
    calls = 0

    def counted(self: Cutter, line: str) -> bool:
        nonlocal calls
        calls += 1
        return cut(self, line)

    count = 3000
    monkeypatch.setattr(Cutter, "feed", counted)
    for dialect, row in (
        (CONCORDANCE, 'A1¶A1¶"a"b'), (CONCORDANCE, 'A1¶A1¶"'), (CONCORDANCE, '"A1"¶"A1"¶"x'),
        (CONCORDANCE, '"x'), (CSV, 'A1,A1,"a"b'), (CSV, '"x"y'),
    ):  # fmt: skip
        calls = 0
        data = lines_of(HEAD, *[row] * count)
        if dialect is CSV:
            data = "\r\n".join(["BegBates,B,C", *[row] * count]).encode()
        rows, found, _ = read(path, data, dialect=dialect, header=True)
        assert len(rows) == count
        assert len(found) >= count
        assert calls < 8 * count


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_any_line_end(path: Path, end: str) -> None:
    rows, found, file = read(path, lines_of(HEAD, '"A1"¶"A1"¶"x"', '"A2"¶"A2"¶"y"', end=end))
    assert (rows, found) == ([["A1", "A1", "x"], ["A2", "A2", "y"]], [])
    assert file.dialect.line_end == end


def test_mixed_line_ends_and_empty_lines_are_told(path: Path) -> None:
    row = '"A1"¶"A1"¶"x"'
    data = lines_of(HEAD, row) + lines_of(row, end="\n") + lines_of("", row, row) + b"\x1a"
    rows, found, _ = read(path, data)
    assert len(rows) == 4
    assert found == [("line-end", 3, 2), ("blank-line", 4, 2), ("end-mark", 7, 4)]


TEXT = "Æble, Größe, naïve façade, Ærø"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b"\xef\xbb\xbf"), ("utf-8", b""), ("cp1252", b""), ("utf-16-le", b"\xff\xfe"),
     ("utf-16-be", b"\xfe\xff"), ("utf-16-le", b"")],
)  # fmt: skip
def test_encodings_are_known_by_mark_or_found_out(path: Path, encoding: str, mark: bytes) -> None:
    text = lines_of(HEAD, *[f'"A{n}"¶"A{n}"¶"{TEXT}"' for n in range(30)]).decode()
    rows, found, file = read(path, mark + text.encode(encoding))
    assert file.dialect.encoding == encoding
    assert rows == [[f"A{n}", f"A{n}", TEXT] for n in range(30)]
    assert found == []


def test_cyrillic_concordance_has_its_own_letters_for_the_same_bytes(path: Path) -> None:
    russian = "Договор поставки и приложение к нему"
    data = lines_of(HEAD, *[f'"A{n}"¶"A{n}"¶"{russian}"' for n in range(30)]).decode()
    rows, _, file = read(path, data.replace("\xfe", "ю").encode("cp1251"))
    assert (file.dialect.encoding, file.dialect.quote) == ("cp1251", "ю")
    assert rows[7] == ["A7", "A7", russian]


def test_a_wrong_encoding_costs_no_row(path: Path) -> None:
    good = lines_of('"A2"¶"A2"¶"Größe"')
    bad = '"A1"¶"A1"¶"'.replace("¶", "\x14").replace('"', "\xfe").encode() + b"Gr\xf6\xdfe"
    rows, found, _ = read(path, lines_of(HEAD) + good * 9 + bad + lines_of('"') + good)
    assert rows[9] == ["A1", "A1", "Größe"]
    assert rows[10] == ["A2", "A2", "Größe"]
    assert found == [("encoding", 11, 10)]
    rows, _, _ = read(path, b"\xef\xbb\xbf" + good, dialect=replace(CONCORDANCE, encoding="cp1252"))
    assert rows == [["A2", "A2", "Größe"]]  # the mark overrules what was given


@pytest.mark.parametrize(
    ("column", "quote"),
    [(",", '"'), ("|", '"'), ("\t", '"'), ("|", "^"), (";", '"'), ("\x14", "\xfe"), ("^", "~"),
     ("\xb6", "\xfe"), ("\x14", '"')],
)  # fmt: skip
def test_delimiters_are_found(path: Path, column: str, quote: str) -> None:
    rows = [["BegBates", "To", "Subject"]] + [
        [f"A{n}", "Roe, Jane; Doe, John", "a, b; c | d"] for n in range(5)
    ]
    lines = [column.join(f"{quote}{value}{quote}" for value in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    dialect = sniff(path)
    assert (dialect.column, dialect.quote) == (column, quote)
    assert [list(r.fields.values()) for r in DatFile(path, [].append)] == rows[1:]


def test_a_column_of_many_words_is_no_table_of_commas(path: Path) -> None:
    path.write_text("BegBates\nA1\nA2\n")
    assert [r.fields for r in DatFile(path, [].append)] == [{"BegBates": "A1"}, {"BegBates": "A2"}]


def test_an_endless_line_is_refused_in_flat_memory(path: Path) -> None:
    with open(path, "wb") as file:
        file.write(lines_of(HEAD, '"A1"¶"A1"¶"x"') + b"\xc3\xbe")
        for _ in range(64):
            file.write(b"x" * (1 << 20))
        file.write(lines_of("", '"A2"¶"A2"¶"y"'))
    found: list[Finding] = []
    tracemalloc.start()
    reader = DatFile(path, found.append, dialect=CONCORDANCE, limit=1 << 20)
    rows = [record.fields["BegBates"] for record in reader]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == ["A1", "A2"]
    assert [(f.kind, f.line, f.record, f.refused) for f in found] == [("too-long", 3, 2, True)]
    assert peak < 16 << 20


def test_ten_thousand_columns_are_read_and_a_million_refused(path: Path) -> None:
    names = [f"N{n}x" for n in range(10_000)]
    rows, _, file = read(path, lines_of("¶".join(names), "¶".join(["v"] * 10_000)))
    assert (file.names, rows) == (names, [["v"] * 10_000])
    data = lines_of(HEAD, "¶" * 1_000_000, '"A1"¶"A1"¶"x"')
    rows, found, _ = read(path, data, dialect=CONCORDANCE)
    assert (rows, found) == ([["A1", "A1", "x"]], [("too-many-values", 2, 1)])


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b"\0" * 50, b"\xfe\x14\xfe"])
def test_what_is_no_table_gives_no_trace(path: Path, data: bytes) -> None:
    rows, _, _ = read(path, data)
    assert len(rows) <= 1


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    place = tmp_path_factory.getbasetemp() / "fuzz.dat"
    for piece in (data, lines_of(HEAD) + data, b"BegBates,B\n" + data):
        rows, _, file = read(place, piece)
        assert all(len(row) >= len(file.names) for row in rows)
    for reader in (read_opt, read_lfp):
        list(reader(place, [].append))


def test_an_unknown_encoding_is_said(path: Path) -> None:
    with pytest.raises(UsageError, match="character set"):
        read(path, b"x", dialect=replace(CSV, encoding="martian"))


def test_opticon_repairs(tmp_path: Path) -> None:
    (tmp_path / "a.opt").write_bytes(
        b"\xef\xbb\xbfA1,V1,IMAGES\\A1.tif,,,,2\n"
        b"A2,V1,IMAGES\\Smith, Jane\\A2.jpg,,,,\r\n"
        b'"A3","V1","IMAGES\\A3.tif","y","","",two\r\n'
        b"A4,V1,IMAGES\\A4.tif,Y\r\n"
        b"nothing\r\n"
        b"\r\n"
        b"A5,V1,IMAGES\\Gr\xf6\xdfe.tif,Y,,Y,1\r\n"
    )
    found: list[Finding] = []
    rows = list(read_opt(tmp_path / "a.opt", found.append))
    assert rows == [
        PageRow("A1", "V1", "IMAGES\\A1.tif", False, 2),
        PageRow("A2", "V1", "IMAGES\\Smith, Jane\\A2.jpg", color=True),
        PageRow("A3", "V1", "IMAGES\\A3.tif", True),
        PageRow("A4", "V1", "IMAGES\\A4.tif", True),
        PageRow("A5", "V1", "IMAGES\\Größe.tif", True, 1, box_break=True),
    ]
    assert [(f.kind, f.line, f.refused) for f in found] == [
        ("bom", 1, False), ("no-first-page", 1, True), ("comma", 2, False), ("quote", 3, False),
        ("page-count", 3, True), ("ragged", 4, False), ("ragged", 5, True), ("encoding", 7, False),
    ]  # fmt: skip


def test_ipro_repairs(tmp_path: Path) -> None:
    (tmp_path / "a.lfp").write_bytes(
        b"IM,MSC-00007,D,0,@MDEMO;IMAGES\\00\\00;007.TIF;2,0\r\n"
        b"FT,MSC-00007,1,1,0,0,0,0,007.TXT\r\n"
        b"im,MSC-00008,,0,@MDEMO;IMAGES\\00\\00;008.JPG;4\r\n"
        b"IM,MSC-00009,X,0,@MDEMO;IMAGES\\00\\00;009.TIF;2,7\r\n"
        b"IM,broken\r\n"
        b"IM,MSC-00010,C,2,@MDEMO;;all.pdf;6,3\r\n"
    )
    found: list[Finding] = []
    rows = list(read_lfp(tmp_path / "a.lfp", found.append))
    folder = "IMAGES\\00\\00"
    assert rows == [
        PageRow("MSC-00007", "MDEMO", f"{folder}\\007.TIF", True),
        PageRow("MSC-00008", "MDEMO", f"{folder}\\008.JPG", color=True),
        PageRow("MSC-00009", "MDEMO", f"{folder}\\009.TIF"),
        PageRow("MSC-00010", "MDEMO", "all.pdf", True, color=True, rotation=270, child=True,
                offset=2),
    ]  # fmt: skip
    assert [(f.kind, f.line) for f in found] == [
        ("boundary", 4), ("rotation", 4), ("ragged", 5), ("other-rows", 0),
    ]  # fmt: skip


def test_the_samples_of_relativity_are_read_without_loss_and_written_the_same(
    corpora: Path, tmp_path: Path
) -> None:
    from ediscovery.produce.loadfile.dat_write import write_dat
    from ediscovery.produce.loadfile.opt import write_opt

    samples = corpora / "relativity-import" / "SampleDataSources"
    columns = {"load_file_0": 23, "rdo_load_file_01": 6, "rdo_load_file_02": 6}
    for source in sorted(samples.glob("*.dat")):
        found: list[Finding] = []
        file = DatFile(source, found.append)
        records = list(file)
        raw = source.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").strip("\n")
        has_names = not any(f.kind == "header" for f in found)
        assert len(records) == raw.count("\n") + 1 - has_names, source.name
        wanted = next((n for k, n in columns.items() if source.name.startswith(k)), 3)
        assert {len(record.fields) for record in records} == {wanted}
        # Nothing lost: delimiters aside, the values are the file.
        bare = raw.replace(file.dialect.quote, "").replace("\n", file.dialect.column)
        values = file.names * has_names + [str(v) for r in records for v in r.fields.values()]
        assert file.dialect.column.join(values) == bare
        told: list[object] = []
        out = tmp_path / source.name
        write_dat(out, records, file.names, told.append, file.dialect)
        again = DatFile(out, found.append, header=True)
        assert (list(again), again.dialect, told) == (records, file.dialect, [])
    pages = sorted(samples.glob("*.opt"))
    for source in pages:
        write_opt(tmp_path / source.name, read_opt(source, [].append))
        assert (tmp_path / source.name).read_bytes() == source.read_bytes()
    assert len(pages) == 2
