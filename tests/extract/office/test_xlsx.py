"""Workbooks: cells as shown, hidden ones too, and all that lies beside the cells."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment

from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.extract.office import embedded, ooxml
from ediscovery.extract.office.xlsx import header
from ediscovery.model.profile import Profile
from tests.extract.office.packages import A, R, S, archive, book, visit


def row(*cells: str, attributes: str = "") -> str:
    return f"<row {attributes}>" + "".join(cells) + "</row>"


def data(*rows: str) -> str:
    return "<sheetData>" + "".join(rows) + "</sheetData>"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("<c><v>12.50</v></c>", "12.5"),
        ("<c t='inlineStr'><is><t>inline</t></is></c>", "inline"),
        ("<c t='str'><f>A1</f><v>result</v></c>", "result"),
        ("<c><f>SUM(A1:A9)</f></c>", "=SUM(A1:A9)"),
        ("<c t='b'><v>1</v></c>", "TRUE"),
        ("<c t='e'><v>#REF!</v></c>", "#REF!"),
        ("<c t='d'><v>2024-05-06T00:00:00</v></c>", "2024-05-06T00:00:00"),
        ("<c t='s'><v>1</v></c>", "second"),
        ("<c t='s'><v>99</v></c>", ""),
        ("<c s='1'><v>45000</v></c>", "2023-03-15"),
        ("<c s='77'><v>5</v></c>", "5"),
        ("<c><v>no number</v></c>", "no number"),
    ],
)
def test_cells(cell: str, shown: str, tmp_path: Path) -> None:
    parts = {
        "xl/sharedStrings.xml": f"<sst xmlns='{S}'><si><t>first</t></si><si><r><t>sec</t></r><r>"
        "<t>ond</t></r></si></sst>",
        "xl/styles.xml": f"<styleSheet xmlns='{S}'><numFmts><numFmt numFmtId='164' "
        "formatCode='yyyy-mm-dd'/></numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='164'/>"
        "</cellXfs></styleSheet>",
    }
    found = visit(book({"One": data(row(cell))}, parts), "a.xlsx", tmp_path)
    assert found.item.state == "ok"
    assert found.text.strip("\f\n").split("\n") == ["One", *filter(None, [shown])]


def test_a_workbook_by_another_library(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    first = workbook.active
    first.title = "Ledger"
    first.append(["party", "amount", "due"])
    first.append(["Acme", 1234.5, datetime.date(2024, 5, 6)])
    first["B2"].number_format = '"$"#,##0.00'
    first["C2"].number_format = "d mmm yyyy"
    first.append(["hidden row"])
    first.row_dimensions[3].hidden = True
    first.column_dimensions["B"].hidden = True
    first["A2"].comment = Comment("check this", "Jane Roe")
    first.oddHeader.center.text = "Confidential"
    for state in ("hidden", "veryHidden"):
        sheet = workbook.create_sheet(state + " sheet")
        sheet["A1"] = "in the " + state
        sheet.sheet_state = state
    workbook.defined_names.add(openpyxl.workbook.defined_name.DefinedName("Total", attr_text="A1"))
    file = io.BytesIO()
    workbook.save(file)
    found = visit(file.getvalue(), "a.xlsx", tmp_path)
    assert found.item.state == "ok"
    for line in (
        "Ledger",
        "party\tamount\tdue",
        "Acme\t$1,234.50\t6 May 2024",
        "hidden row",
        "Confidential",
        "A2 Jane Roe: check this",
        "hidden sheet",
        "in the hidden",
        "in the veryHidden",
        "Total\tA1",
    ):
        assert line in found.text.replace("\f", "").replace("\t\t", "").split("\n"), line
    assert {"hidden_rows", "hidden_columns", "hidden_sheets", "comments"} <= set(found.item.flags)
    assert found.item.metadata["hidden_sheets"] == ["hidden sheet", "veryHidden sheet"]
    assert found.item.metadata["sheets"] == 3


def test_what_lies_beside_the_cells(tmp_path: Path) -> None:
    threaded = (
        "<ThreadedComments xmlns='urn:t'><threadedComment ref='A1' dT='2024-01-02T03:04:05' "
        "personId='{p}'><text>shall we?</text></threadedComment></ThreadedComments>"
    )
    drawing = (
        f"<x:wsDr xmlns:x='urn:x' xmlns:a='{A}'><x:sp><x:cNvPr descr='arrow to total'/><a:p><a:r>"
        "<a:t>look here</a:t></a:r></a:p></x:sp></x:wsDr>"
    )
    link = (
        f"<externalLink xmlns='{S}'><externalBook><sheetDataSet><sheetData><row><cell><v>cached "
        "secret</v></cell></row></sheetData></sheetDataSet></externalBook></externalLink>"
    )
    dde = f"<externalLink xmlns='{S}'><ddeLink ddeService='cmd' ddeTopic='/c calc'/></externalLink>"
    revisions = (
        f"<revisions xmlns='{S}'><rcc><oc t='inlineStr'><is><t>old value</t></is></oc></rcc>"
        "</revisions>"
    )
    pivot = (
        f"<pivotCacheDefinition xmlns='{S}'><cacheFields><cacheField name='Region'><sharedItems>"
        "<s v='North'/></sharedItems></cacheField></cacheFields></pivotCacheDefinition>"
    )
    parts = {
        "xl/threadedComments/tc1.xml": threaded,
        "xl/persons/person.xml": "<p xmlns='u'><person id='{p}' displayName='Ina Berg'/></p>",
        "xl/drawings/drawing1.xml": drawing,
        "xl/externalLinks/externalLink1.xml": link,
        "xl/externalLinks/externalLink2.xml": dde,
        "xl/revisions/revisionLog1.xml": revisions,
        "xl/pivotCache/pivotCacheDefinition1.xml": pivot,
        "xl/connections.xml": (
            f"<connections xmlns='{S}'><connection name='db'><dbPr connection='Server=x' "
            "command='select 1'/></connection></connections>"
        ),
    }
    sheet = data(row("<c t='inlineStr'><is><t>cell</t></is></c>")) + (
        "<dataValidations><dataValidation prompt='pick one' type='list'><formula1>\"yes,no\""
        "</formula1></dataValidation></dataValidations>"
    )
    more = {
        "xl/worksheets/sheet1.xml": [
            ("r1", "threadedComment", "xl/threadedComments/tc1.xml"),
            ("r2", "drawing", "xl/drawings/drawing1.xml"),
            ("r3", "hyperlink", "https://data.example/x"),
        ]
    }
    found = visit(book({"One": sheet}, parts, more=more), "a.xlsx", tmp_path)
    lines = found.text.replace("\f", "").split("\n")
    for line in (
        "cell",
        "pick one",
        "yes,no",
        "A1 Ina Berg 2024-01-02T03:04:05: shall we?",
        "arrow to total",
        "look here",
        "cached secret",
        "[-old value-]",
        "Region",
        "North",
        "https://data.example/x",
    ):
        assert line in lines, line
    expected = {"comments", "launch", "external_reference", "prior_revisions"}
    assert expected <= set(found.item.flags)
    assert found.item.metadata["connections"] == ["db Server=x select 1"]


def test_sheets_are_parted_and_in_the_order_of_the_workbook(tmp_path: Path) -> None:
    cell = "<c t='inlineStr'><is><t>{}</t></is></c>"
    sheets = {name: data(row(cell.format(name.lower()))) for name in ("B", "A")}
    found = visit(book(sheets), "a.xlsx", tmp_path)
    assert [page.strip() for page in found.text.split("\f")] == ["B\nb", "A\na", ""]


def test_a_sheet_without_a_part_is_a_warning(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(book({"One": data()}))) as file:
        parts = {n: file.read(n) for n in file.namelist() if not n.endswith("sheet1.xml")}
    found = visit(archive(parts), "a.xlsx", tmp_path)
    assert found.item.state == "warnings"
    assert "'One'" in found.item.message
    assert "One" in found.text


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('&L&"Arial,Bold"&8left&Cmiddle&Rpage &P of &N', "\tleft\tmiddle\tpage  of "),
        ("A && B", "A & B"),
        ("&K01+000grey", "grey"),
    ],
)
def test_page_header_codes(code: str, shown: str) -> None:
    assert header(code) == shown


def test_parts_of_a_binary_workbook_are_no_children(tmp_path: Path) -> None:
    own = "application/vnd.ms-excel."
    kinds = {
        "xl/worksheets/sheet1.bin": own + "worksheet",
        "xl/styles.bin": own + "styles",
        "xl/embeddings/oleObject1.bin": "",  # by the ending alone it would be a workbook's part
        "xl/embeddings/inner.bin": own + "sheet.binary.macroEnabled.12",
        "xl/media/data.bin": "application/octet-stream",
    }
    types = "".join(
        f'<Override PartName="/{name}" ContentType="{kind}"/>'
        for name, kind in kinds.items()
        if kind
    )
    main = own + "sheet.binary.macroEnabled.main"
    default = f'<Default Extension="bin" ContentType="{main}"/>'
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": f"<Types>{default}{types}</Types>",
        "_rels/.rels": f'<Relationships><Relationship Id="r" Type="{R}/officeDocument" '
        'Target="xl/workbook.bin"/></Relationships>',
        "xl/workbook.bin": b"book",
        **{name: name.encode() for name in kinds},
    }
    context = Context(Profile(), tmp_path, Budget(1 << 30))
    package, _ = ooxml.start(Content(archive(parts)), context)
    assert package is not None
    assert embedded.names(package) == [*kinds][2:]
