"""Hostile office documents, each made by code: a recorded state, bounded work, nothing fetched."""

from __future__ import annotations

import io
import random
import socket
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msoffcrypto.format.ooxml
import olefile
import pytest

from ediscovery.extract.walk import Visit
from ediscovery.model.profile import Profile
from samples.office import doc, ole2, xls, xlsx
from samples.office.package import Properties
from tests.extract.office.packages import (
    P,
    R,
    S,
    W,
    archive,
    book,
    deck,
    package,
    par,
    shape,
    tree,
    visit,
    visits,
    word,
)  # fmt: skip

MADE = Properties("t", "a", "b", datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC))
OFF = Profile(tika="off")
_ODF = "urn:oasis:names:tc:opendocument:xmlns:"


def docx_of(xml: str) -> bytes:
    return package({"word/document.xml": xml})


def xlsx_of(xml: str) -> bytes:
    return book({"One": ""}, {"xl/sharedStrings.xml": xml})


def _sheet(xml: str) -> bytes:
    workbook = (
        f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets><sheet name="One" sheetId="1" r:id="s1"/>'
        "</sheets></workbook>"
    )
    return package(
        {"xl/workbook.xml": workbook, "xl/worksheets/sheet1.xml": xml},
        {"xl/workbook.xml": [("s1", "worksheet", "xl/worksheets/sheet1.xml")]},
    )


def pptx_of(xml: str) -> bytes:
    return package({"ppt/presentation.xml": xml})


def odt_of(xml: str) -> bytes:
    return archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": xml})


def manifest_of(xml: str) -> bytes:
    body = f'<o:document-content xmlns:o="{_ODF}office:1.0"/>'
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": body,
            "META-INF/manifest.xml": xml,
        }
    )


def rels_of(xml: str) -> bytes:
    return archive({"[Content_Types].xml": "<Types/>", "_rels/.rels": xml, "word/document.xml": ""})


DOORS = {
    "a.docx": docx_of,
    "a.xlsx": xlsx_of,
    "sheet.xlsx": _sheet,
    "a.pptx": pptx_of,
    "a.odt": odt_of,
    "manifest.odt": manifest_of,
    "rels.docx": rels_of,
}
LAUGHS = (
    '<!DOCTYPE r [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)


@pytest.fixture
def listener() -> Iterator[tuple[str, list[object]]]:
    """The URL of a port that notes whoever connects."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as port:
        port.settimeout(0.1)
        done = threading.Event()

        def wait() -> None:
            while not done.is_set():
                try:
                    caller, address = port.accept()
                except TimeoutError:
                    continue
                callers.append(address)
                caller.close()

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{port.getsockname()[1]}", callers
        done.set()
        thread.join()


def peak(read: Callable[[], Visit]) -> tuple[Visit, int]:
    """What ``read`` gives and the memory that Python held for it at most."""
    tracemalloc.start()
    try:
        return read(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize(
    "use",
    ["<r>&j;</r>", '<r x="&j;"/>', '<r xmlns:a="urn:&j;">x</r>'],
    ids=["text", "value", "space"],
)
def test_billion_laughs(name: str, use: str, tmp_path: Path) -> None:
    found, memory = peak(lambda: visit(DOORS[name](LAUGHS + use), name, tmp_path))
    assert found.item.state in ("corrupt", "limit:expansion")
    assert "entit" in found.item.message
    assert memory < 20 << 20
    assert len(found.text) < 1000


@pytest.mark.parametrize("name", DOORS)
def test_quadratic_blow_up(name: str, tmp_path: Path) -> None:
    bomb = f'<!DOCTYPE r [<!ENTITY a "{"a" * 100_000}">]><r>{"&a;" * 100_000}</r>'
    found, memory = peak(lambda: visit(DOORS[name](bomb), name, tmp_path))
    # The stream reader sees the declaration first; either way not one is spelled out.
    assert found.item.state in ("limit:expansion", "corrupt")
    assert memory < 20 << 20


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_external_entities_are_neither_read_nor_fetched(
    name: str, encoding: str, listener: tuple[str, list[object]], tmp_path: Path
) -> None:
    url, callers = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    for target in (secret.as_uri(), url + "/x"):
        for xml in (
            f'<!DOCTYPE r [<!ENTITY x SYSTEM "{target}">]><r>&x;</r>',
            f'<!DOCTYPE r [<!ENTITY % x SYSTEM "{target}"> %x;]><r/>',
            f'<!DOCTYPE r SYSTEM "{target}"><r>plain</r>',
        ):
            head = f'<?xml version="1.0" encoding="{encoding}"?>'
            data = DOORS[name]((head + xml).encode(encoding))  # type: ignore[arg-type]
            for found in visits(data, name, tmp_path):
                assert "secret words" not in found.text
                assert "secret words" not in repr(found.item)
    assert callers == []


def test_inclusions_style_sheets_and_templates_are_not_followed(
    listener: tuple[str, list[object]], tmp_path: Path
) -> None:
    url, callers = listener
    include = (
        f'<?xml-stylesheet href="{url}/s.xsl" type="text/xsl"?><w:document xmlns:w="{W}" '
        f'xmlns:xi="http://www.w3.org/2001/XInclude"><w:body><xi:include href="{url}/i.xml"/>'
        f"{par('the body')}</w:body></w:document>"
    )
    found = visit(docx_of(include), "a.docx", tmp_path)
    assert (found.item.state, found.text) == ("ok", "the body\n")
    relations = [
        ("r1", "attachedTemplate", url + "/t.dotm"),
        ("r2", "oleObject", url + "/o.bin"),
        ("r3", "subDocument", url + "/d.docx"),
        ("r4", "frame", url + "/f.html"),
    ]
    found = visit(word(par("x"), relations=relations), "a.docx", tmp_path)
    assert "external_reference" in found.item.flags
    assert len(found.item.metadata["external_references"]) == 4
    linked = (
        f'<office:document-content xmlns:office="{_ODF}office:1.0" xmlns:text="{_ODF}text:1.0" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:text><text:section>'
        f'<text:section-source xlink:href="{url}/x.odt"/></text:section></office:text>'
        "</office:body></office:document-content>"
    )
    found = visit(odt_of(linked), "a.odt", tmp_path)
    assert found.item.metadata["external_references"] == [url + "/x.odt"]
    assert callers == []


# -- what would run ---------------------------------------------------------------------------


def test_macros_of_every_kind_are_flagged_and_never_run(tmp_path: Path) -> None:
    vba = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
    found = visit(
        word(par("x"), {"word/vbaProject.bin": b"x"}, [("r1", vba, "word/vbaProject.bin")]),
        "a.docx",
        tmp_path,
    )
    assert "macros" in found.item.flags
    macro_sheet = book(
        {"Sheet": ""},
        {"xl/macrosheets/sheet1.xml": f'<worksheet xmlns="{S}"><sheetData><row><c><f>EXEC("calc")</f>'  # noqa: E501
         "<v>0</v></c></row></sheetData></worksheet>"},
        [("m", "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet",
          "xl/macrosheets/sheet1.xml")],
    )  # fmt: skip
    assert "macros" in visit(macro_sheet, "a.xlsx", tmp_path).item.flags
    made = doc.thing("a.doc", MADE, ["x"]).data
    with olefile.OleFileIO(io.BytesIO(made)) as ole:
        streams = {e[0]: ole.openstream(e).read() for e in ole.listdir()}
    data = ole2.write({**streams, "Macros": {"VBA": {"dir": b"x"}}})
    assert "macros" in visit(data, "a.doc", tmp_path).item.flags
    dde = f'<w:p xmlns:w="{W}"><w:fldSimple w:instr="DDE cmd calc"/></w:p>'
    assert "launch" in visit(word(dde), "a.docx", tmp_path).item.flags
    control = {
        "word/activeX/activeX1.bin": b"\xd0\xcf\x11\xe0state",
        "word/activeX/activeX1.xml": "<x/>",
    }
    kind = "http://schemas.microsoft.com/office/2006/relationships/activeXControlBinary"
    found = visit(
        word(
            par("x"),
            control,
            more={"word/activeX/activeX1.xml": [("r", kind, "word/activeX/activeX1.bin")]},
        ),
        "a.docx",
        tmp_path,
    )
    assert (found.item.state, found.item.actual_children) == ("ok", None)


def test_no_password_of_ten_thousand_within_the_time(tmp_path: Path) -> None:
    sealed = io.BytesIO()
    picture = {"word/media/x.png": random.Random(1).randbytes(5000)}
    made = word(par("sealed words"), picture)
    plain = msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(made))
    plain.encrypt("right one", sealed)
    wrong = tuple(f"guess {n}" for n in range(10_000))
    found = visit(sealed.getvalue(), "a.docx", tmp_path, passwords=wrong, password_seconds=1.0)
    assert (found.item.state, found.text) == ("encrypted", "")
    assert "of 10001 passwords" in found.item.message
    assert "guess" not in found.item.message
    found = visit(sealed.getvalue(), "a.docx", tmp_path, passwords=("no", "right one"))
    assert (found.item.state, found.text) == ("ok", "sealed words\n")


# -- broken and endless structures --------------------------------------------------------------


def _sector_map(data: bytes) -> tuple[bytearray, int]:
    """A compound file and where its first FAT sector stands."""
    (first,) = struct.unpack_from("<I", data, 76)
    return bytearray(data), (first + 1) * 512


def _fat_loop(data: bytes) -> bytes:
    made, fat = _sector_map(data)
    for sector in range(120):
        struct.pack_into("<I", made, fat + 4 * sector, 0 if sector else 1)
    return bytes(made)


def _difat_loop(data: bytes) -> bytes:
    made = bytearray(data)
    struct.pack_into("<II", made, 68, 2, 0x7FFFFFFF)
    sector = bytearray(512)
    struct.pack_into("<I", sector, 508, 2)  # its successor is itself
    made[3 * 512 : 4 * 512] = sector
    return bytes(made)


def _negative_sectors(data: bytes) -> bytes:
    made, fat = _sector_map(data)
    struct.pack_into("<I", made, fat, 0xFFFFFFF0)
    struct.pack_into("<I", made, 48, 0xFFFFFFFB)
    return bytes(made)


def _directory_loop(data: bytes) -> bytes:
    made = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 48)
    at = (start + 1) * 512
    for entry in range(3):
        struct.pack_into("<III", made, at + 128 * entry + 68, 1, 1, 1)
    return bytes(made)


def _huge_streams(data: bytes) -> bytes:
    made = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 48)
    for entry in range(1, 4):
        struct.pack_into("<I", made, (start + 1) * 512 + 128 * entry + 120, 0x7FFFFFF0)
    return bytes(made)


def _count_of_properties(data: bytes) -> bytes:
    at = data.index(b"\xfe\xff\0\0", 512) + 48  # the first section of a property set
    made = bytearray(data)
    struct.pack_into("<II", made, at, 0xFFFFFFF0, 0xFFFFFFF0)
    return bytes(made)


@pytest.mark.parametrize(
    "break_",
    [
        _fat_loop,
        _difat_loop,
        _negative_sectors,
        _directory_loop,
        _huge_streams,
        _count_of_properties,
    ],
)
@pytest.mark.parametrize("name", ["a.doc", "a.xls"])
def test_compound_files_that_bite_their_tail(
    break_: Callable[[bytes], bytes], name: str, tmp_path: Path
) -> None:
    if name == "a.doc":
        data = doc.thing(name, MADE, ["words " * 100]).data
    else:
        data = xls.thing(name, MADE, [xlsx.Sheet("One", [["words"] * 50])]).data
    started = time.process_time()
    found, memory = peak(lambda: visit(break_(data), name, tmp_path, profile=OFF))
    assert found.item.state in ("ok", "warnings", "corrupt", "truncated")
    assert memory < 64 << 20
    assert time.process_time() - started < 60


def test_a_piece_table_that_repeats_one_text_is_bounded(tmp_path: Path) -> None:
    """A thousand pieces that all point at the same megabyte would be a gigabyte of text."""
    made = doc.thing("a.doc", MADE, ["x"]).data
    with olefile.OleFileIO(io.BytesIO(made)) as ole:
        streams = {e[0]: ole.openstream(e).read() for e in ole.listdir()}
    stream = bytearray(streams["WordDocument"])
    text_at = len(stream)
    stream += b"a" * (1 << 20)
    count = 1000
    places = struct.pack(f"<{count + 1}I", *(n << 20 for n in range(count + 1)))
    pieces = struct.pack("<HIH", 0, text_at * 2 | 0x40000000, 0) * count
    table = b"\x02" + struct.pack("<I", len(places + pieces)) + places + pieces
    name = "1Table" if struct.unpack_from("<H", stream, 10)[0] & 0x200 else "0Table"
    struct.pack_into("<II", stream, 154 + 8 * 33, len(streams[name]), len(table))
    struct.pack_into("<i", stream, 76, count << 20)
    data = ole2.write({**streams, "WordDocument": bytes(stream), name: streams[name] + table})
    found, memory = peak(lambda: visit(data, "a.doc", tmp_path, text_bytes=4 << 20))
    assert found.item.state == "limit:text"
    assert len(found.text) == 4 << 20
    assert memory < 64 << 20


def test_slides_whose_saves_and_records_go_in_circles(tmp_path: Path) -> None:
    def record(kind: int, body: bytes, version: int = 0) -> bytes:
        return struct.pack("<HHI", version, kind, len(body)) + body

    # Two saves, each the one before the other; a document of containers in containers.
    directory = record(0x1772, struct.pack("<II", 1 | 1 << 20, 200))
    first = record(0x0FF5, bytes(8) + struct.pack("<III", 100, 150, 1) + bytes(8))
    second = record(0x0FF5, bytes(8) + struct.pack("<III", 50, 150, 1) + bytes(8))
    nested = record(0x0FA0, "the bottom".encode("utf-16-le"))
    for _ in range(5000):
        nested = record(0x03E8, nested, 0xF)
    stream = bytes(50) + first.ljust(50, b"\0") + second.ljust(50, b"\0")
    stream += directory.ljust(50, b"\0") + nested
    user = record(0x0FF6, struct.pack("<III", 0x14, 0xE391C05F, 50) + bytes(8))
    data = ole2.write({"PowerPoint Document": stream, "Current User": user})
    found = visit(data, "a.ppt", tmp_path, profile=OFF)
    assert found.item.state in ("ok", "warnings", "corrupt")


def test_packed_objects_and_pictures_are_charged(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(200 << 20), 9)
    head = struct.pack("<I16s8sIBB", 200 << 20, b"", b"", len(bomb), 0, 0xFE)
    blip = bytes(range(16)) + head + bomb
    stream = struct.pack("<HBBI", 0x3D4 << 4, 0x1A, 0xF0, len(blip)) + blip
    data = ole2.write({"Pictures": stream, "WordDocument": bytes(600)})
    found, memory = peak(lambda: visits(data, "a.doc", tmp_path, budget=10 << 20, profile=OFF)[0])
    assert found.item.state == "limit:expansion"
    assert memory < 64 << 20


@pytest.mark.parametrize("depth", [300, 3000, 100_000])
def test_elements_that_nest_without_end(depth: int, tmp_path: Path) -> None:
    for name, xml in (
        ("a.docx", f'<w:document xmlns:w="{W}">' + "<w:tbl><w:tr><w:tc>" * depth),
        ("a.odt", f'<t:p xmlns:t="{_ODF}text:1.0">' + "<t:span>" * depth + "deep"),
        ("a.pptx", f'<p:x xmlns:p="{P}">' + "<p:grpSp>" * depth),
    ):
        found = visit(DOORS[name](xml), name, tmp_path)
        assert found.item.state in ("ok", "warnings", "corrupt")


def test_packages_in_packages_end_at_the_depth(tmp_path: Path) -> None:
    data = word(par("innermost"))
    for level in range(30):
        data = word(par(f"level {level}"), {"word/embeddings/inner.docx": data})
    found = visits(data, "a.docx", tmp_path, depth=20)
    assert [v.item.state for v in found].count("limit:depth") == 1
    assert len(found) == 21
    assert found[-1].item.state == "ok"


def test_a_package_that_holds_a_copy_of_itself_by_name_only(tmp_path: Path) -> None:
    found = visits(word(par("x"), {"word/embeddings/a.docx": word(par("x"))}), "a.docx", tmp_path)
    assert [v.item.state for v in found] == ["ok", "ok"]


# -- declared sizes -----------------------------------------------------------------------------


def test_declared_dimensions_cost_nothing(tmp_path: Path) -> None:
    sheet = (
        f'<worksheet xmlns="{S}"><dimension ref="A1:XFD1048576"/><cols><col min="1" max="16384" '
        'hidden="1"/></cols><sheetData><row r="1048576" spans="1:16384"><c r="XFD1048576" '
        't="inlineStr"><is><t>the corner</t></is></c></row></sheetData></worksheet>'
    )
    found, memory = peak(lambda: visit(_sheet(sheet), "a.xlsx", tmp_path))
    assert (found.item.state, found.text.strip("\f")) == ("ok", "One\nthe corner\n")
    assert memory < 5 << 20


def test_cells_are_counted(tmp_path: Path) -> None:
    rows = "<row>" + "<c><v>1</v></c>" * 1000 + "</row>"
    sheet = f'<worksheet xmlns="{S}"><sheetData>{rows * 200}</sheetData></worksheet>'
    found = visit(_sheet(sheet), "a.xlsx", tmp_path, cells=50_000)
    assert found.item.state == "limit:cells"
    assert found.text.count("1") == 50_000


def test_shared_strings_are_bounded(tmp_path: Path) -> None:
    strings = f'<sst xmlns="{S}">' + f"<si><t>{'x' * 10_000}</t></si>" * 5000 + "</sst>"
    data = book(
        {"One": "<sheetData><row>" + "<c t='s'><v>0</v></c>" * 100 + "</row></sheetData>"},
        {"xl/sharedStrings.xml": strings},
    )
    assert len(data) < 200_000
    found, memory = peak(lambda: visit(data, "a.xlsx", tmp_path, text_bytes=1 << 20))
    assert found.item.state in ("warnings", "limit:text")
    assert "strings" in found.item.message
    assert memory < 120 << 20


def test_one_string_used_a_million_times_is_bounded(tmp_path: Path) -> None:
    strings = f'<sst xmlns="{S}"><si><t>{"x" * 50_000}</t></si></sst>'
    row = "<row>" + "<c t='s'><v>0</v></c>" * 1000 + "</row>"
    data = book({"One": f"<sheetData>{row * 100}</sheetData>"}, {"xl/sharedStrings.xml": strings})
    found, memory = peak(lambda: visit(data, "a.xlsx", tmp_path, text_bytes=2 << 20))
    assert found.item.state == "limit:text"
    assert memory < 200 << 20


def test_repeated_cells_of_a_sheet_are_written_a_few_times(tmp_path: Path) -> None:
    body = (
        f'<o:document-content xmlns:o="{_ODF}office:1.0" xmlns:table="{_ODF}table:1.0" '
        f'xmlns:text="{_ODF}text:1.0"><o:body><o:spreadsheet><table:table table:name="T">'
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384"><text:p>again</text:p></table:table-cell>'
        '</table:table-row></table:table></o:spreadsheet><text:p><text:s text:c="2000000000"/>'
        "</text:p></o:body></o:document-content>"
    )
    found = visit(odt_of(body), "a.odt", tmp_path)
    assert found.item.state == "ok"
    assert found.text.count("again") == 50
    assert len(found.text) < 2000


def test_a_part_larger_than_memory_is_refused_by_its_size(tmp_path: Path) -> None:
    xml = f'<w:document xmlns:w="{W}"><w:body>{par("x") * 200_000}</w:body></w:document>'
    found, memory = peak(lambda: visit(docx_of(xml), "a.docx", tmp_path, text_bytes=1 << 20))
    assert found.item.state == "limit:part"
    assert memory < 64 << 20


def test_more_parts_than_allowed(tmp_path: Path) -> None:
    data = word(par("x"), {f"word/media/{n}.png": b"" for n in range(3000)})
    found = visit(data, "a.docx", tmp_path, members=1000)
    assert found.item.state == "limit:members"


def test_names_in_a_package_are_only_names(tmp_path: Path) -> None:
    parts = {
        "word/media/../../../../etc/passwd": b"a",
        "/absolute/b.png": b"b",
        "word/media/\u202egnp.exe": b"c",
    }
    before = set(tmp_path.rglob("*"))
    found = visits(word(par("x"), parts), "a.docx", tmp_path, profile=OFF)
    assert found[-1].item.state == "ok"
    assert {"passwd", "b.png"} <= {v.item.file_name for v in found}
    assert set(tmp_path.rglob("*")) == before


def test_dates_that_can_not_be(tmp_path: Path) -> None:
    core = (
        '<c:coreProperties xmlns:c="urn:c" xmlns:t="urn:t"><t:created>0000-00-00T00:00:00Z'
        "</t:created><t:modified>99999-01-01</t:modified></c:coreProperties>"
    )
    item = visit(word(par("x"), {"docProps/core.xml": core}), "a.docx", tmp_path).item
    assert (item.created_at, item.modified_at) == ("", "")
    assert item.metadata["created_at_raw"] == "0000-00-00T00:00:00Z"
    assert "date_invalid" in item.flags


def test_every_door_takes_rubbish(tmp_path: Path) -> None:
    for name in ("a.docx", "a.xlsx", "a.pptx", "a.odt"):
        for xml in ("", "<", "\0\0\0\0", "<a", "no xml", "<r/>", "\ufeff<r/>"):
            found = visit(DOORS[name](xml), name, tmp_path)
            assert found.item.state in ("ok", "warnings", "corrupt", "empty")
    whole = deck([shape("x")], {"ppt/notesSlides/n1.xml": tree("notes", shape("y"))})
    for cut in range(10, len(whole), 97):
        found = visit(whole[:cut], "a.pptx", tmp_path, profile=OFF)
        assert found.item.state != "ok"
