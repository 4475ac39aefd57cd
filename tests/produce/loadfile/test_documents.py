"""Formats that hold documents with their pages (DII, EDRM XML), and conversion between formats."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.convert import convert_data, convert_pages
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.dii import write_dii
from ediscovery.produce.loadfile.edrm_xml import write_edrm_xml
from ediscovery.produce.loadfile.lfp import read_lfp
from ediscovery.produce.loadfile.opt import read_opt
from ediscovery.produce.loadfile.rows import CONCORDANCE, CSV, PageRow, Record, Replaced
from tests.produce.loadfile import volumes


def test_summation_to_the_byte(tmp_path: Path) -> None:
    told: list[Replaced] = []
    record = Record({"DOCID": "AA000001", "PGCOUNT": "2", "CC": ("Roe", "Ω"), "SUBJECT": "a\r\nb",
                     "EMPTY": ""})  # fmt: skip
    pages = (
        PageRow("AA000001", "V", "IMAGES/001/AA000001.TIF", True),
        PageRow("AA000002", "V", "IMAGES/001/AA000002.TIF"),
    )
    fields = ["PGCOUNT", "CC", "SUBJECT", "EMPTY"]
    out = tmp_path / "a.dii"
    documents = [(record, pages), (Record({"DOCID": "AA000003"}), ())]
    done = write_dii(out, documents, "DOCID", fields, told.append, full_text=True)
    assert out.read_bytes().decode("cp1252").split("\r\n") == [
        "@FULLTEXT DOC", ";Record 1", "@T AA000001", "@C PGCOUNT 2", "@C CC Roe;?",
        "@C SUBJECT a b", "@D @I\\IMAGES\\001\\", "AA000001.TIF", "AA000002.TIF",
        ";Record 2", "@T AA000003", "",
    ]  # fmt: skip
    assert done.replaced == {"\r\n": 1, "Ω": 1}
    assert {(one.field, one.substitute) for one in told} == {("CC", "?"), ("SUBJECT", " ")}


@pytest.mark.parametrize(
    ("record", "paths", "fields", "why"),
    [
        ({"DOCID": "A1"}, [], ["CUSTODIANS"], "8 letters"),
        ({"DOCID": "A1"}, [], ["MY FIELD"], "8 letters"),
        ({"DOCID": ""}, [], [], "has no 'DOCID'"),
        ({"DOCID": "A1"}, ["I\\1\\a.tif", "I\\2\\b.tif"], [], "2 folders"),
    ],
)  # fmt: skip
def test_summation_refuses(
    tmp_path: Path, record: dict[str, str], paths: list[str], fields: list[str], why: str
) -> None:
    pages = tuple(PageRow(f"P{n}", "V", path) for n, path in enumerate(paths))
    with pytest.raises(UsageError, match=why):
        write_dii(tmp_path / "a.dii", [(Record(dict(record)), pages)], "DOCID", fields, [].append)
    assert list(tmp_path.iterdir()) == []


def test_edrm_xml(tmp_path: Path) -> None:
    told: list[Replaced] = []
    fields = ["BegBates", "ParentBates", "RecordType", "NativeLink", "To", "2nd <Field>"]
    parent = Record({"BegBates": "A1", "RecordType": "Email", "To": ("Roe", "Doe & Co"),
                     "2nd <Field>": "x\x01]]>\r\ny"})  # fmt: skip
    child = Record({"BegBates": "A2", "ParentBates": "A1", "NativeLink": "NATIVES\\0001\\A2.doc"})
    pages = (PageRow("A1", "V", "IMAGES/A1.tif", True),)
    out = tmp_path / "a.xml"
    done = write_edrm_xml(out, [(parent, pages), (child, ())], "BegBates", fields, told.append)
    root = etree.parse(out).getroot()
    assert (root.tag, root.get("MajorVersion"), root.get("MinorVersion")) == ("Root", "1", "2")
    assert [f.get("Key") for f in root.iterfind("Fields/Field")] == [
        "BEGBATES", "PARENTBATES", "RECORDTYPE", "NATIVELINK", "TO", "F_2ND_FIELD",
    ]  # fmt: skip
    first, second = root.iterfind("Batch/Documents/Document")
    assert (first.get("DocID"), first.get("DocType")) == ("A1", "Message")
    assert first.findtext("FieldValues/TO") == "Roe;Doe & Co"
    assert first.findtext("FieldValues/F_2ND_FIELD") == "x\ufffd]]>\r\ny"
    assert [f.get("FileType") for f in first.iterfind("Files/File")] == ["Image"]
    native = second.find("Files/File/ExternalFile")
    assert native is not None
    assert dict(native.attrib) == {"FilePath": "NATIVES\\0001", "FileName": "A2.doc"}
    (relation,) = root.iterfind("Batch/Relationships/Relationship")
    assert dict(relation.attrib) == {
        "Type": "Attachment", "ParentDocId": "A1", "ChildDocId": "A2",
    }  # fmt: skip
    assert (done.rows, told) == (2, [Replaced(1, "2nd <Field>", "\x01", "\ufffd", 1)])


def test_page_files_become_each_other(tmp_path: Path) -> None:
    data = volumes.make(tmp_path / "VOL001")
    opt, lfp, again = data.with_suffix(".opt"), tmp_path / "a.lfp", tmp_path / "b.opt"
    assert convert_pages(opt, "lfp", lfp, [].append).rows == 6
    assert [page.page_id for page in read_lfp(lfp, [].append)] == [
        page.page_id for page in read_opt(opt, [].append)
    ]
    convert_pages(lfp, "opt", again, [].append)
    assert again.read_bytes() == opt.read_bytes()  # page counts are counted anew
    with pytest.raises(UsageError, match="holds no fields"):
        convert_pages(opt, "dat", tmp_path / "c.dat", [].append)


def test_data_files_become_each_other(tmp_path: Path) -> None:
    data = volumes.make(tmp_path / "VOL001")
    file = DatFile(data, [].append)
    convert_data(file, "csv", tmp_path / "a.csv", [].append, dialect=CSV, report=[].append)
    csv = DatFile(tmp_path / "a.csv", [].append)
    assert list(csv) == list(file)
    convert_data(csv, "dat", tmp_path / "b.dat", [].append, dialect=CONCORDANCE, report=[].append)
    assert (tmp_path / "b.dat").read_bytes() == data.read_bytes()
    with pytest.raises(UsageError, match="holds no pages"):
        convert_data(file, "opt", tmp_path / "c", [].append, dialect=CSV, report=[].append)


def test_conversion_joins_pages_and_renames(tmp_path: Path) -> None:
    data = volumes.make(tmp_path / "VOL001")
    out = tmp_path / "a.dii"
    convert_data(
        DatFile(data, [].append), "dii", out, [].append, dialect=CONCORDANCE,
        pages=data.with_suffix(".opt"), report=[].append,
        columns=["BegBates", "PgCount"], rename={"PgCount": "PGCOUNT"},
    )  # fmt: skip
    lines = out.read_text("cp1252").split("\n")
    assert lines[:6] == [
        ";Record 1", "@T ABC000001", "@C PGCOUNT 2", "@D @I\\IMAGES\\0001\\", "ABC000001.tif",
        "ABC000002.tif",
    ]  # fmt: skip
    assert lines.count("@D @I\\IMAGES\\0001\\") == 3


def test_conversion_keeps_surplus_values(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("BegBates,B\nA1,x\nA2,y,z\n")
    file = DatFile(tmp_path / "a.csv", [].append)
    convert_data(file, "csv", tmp_path / "b.csv", [].append, dialect=CSV, report=[].append)
    assert [list(r.fields.values()) for r in DatFile(tmp_path / "b.csv", [].append)] == [
        ["A1", "x", ""], ["A2", "y", "z"],
    ]  # fmt: skip
