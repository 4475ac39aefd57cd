"""Spreadsheets with hidden rows, hidden sheets, comments and formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from samples.office.package import Package, Properties, R
from samples.things import Hidden, Thing

_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KIND = "spreadsheetml."


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula without the equals sign, and the value that was last computed."""

    expression: str
    value: float


Cell = str | int | float | Formula


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. ``hidden_rows`` count from 0; ``comments`` map ``(row, column)`` to a text."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    comments: tuple[tuple[tuple[int, int], str], ...] = ()


def thing(name: str, properties: Properties, sheets: Sequence[Sheet]) -> Thing:
    """An XLSX of ``sheets`` with shared strings, as spreadsheet programs write it."""
    package = Package(properties)
    strings: dict[str, int] = {}
    book = f'<workbook xmlns="{_S}" xmlns:r="{R}"><sheets>'
    for n, sheet in enumerate(sheets, 1):
        _add(package, sheet, n, strings)
        relation = package.relate("xl/workbook.xml", f"worksheets/sheet{n}.xml", "worksheet")
        state = ' state="hidden"' if sheet.hidden else ""
        book += f'<sheet name="{escape(sheet.name)}" sheetId="{n}"{state} r:id="{relation}"/>'
    package.add("xl/workbook.xml", book + "</sheets></workbook>", f"{_KIND}sheet.main+xml")
    shared = "".join(f'<si><t xml:space="preserve">{escape(s)}</t></si>' for s in strings)
    package.add(
        "xl/sharedStrings.xml", f'<sst xmlns="{_S}">{shared}</sst>', f"{_KIND}sharedStrings+xml"
    )
    package.relate("xl/workbook.xml", "sharedStrings.xml", "sharedStrings")
    styles = (
        f'<styleSheet xmlns="{_S}"><fonts count="1"><font><sz val="11"/><name val="Sans"/></font>'
        '</fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill>'
        '<patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/>'
        '<right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf'
        ' numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="1">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs><cellStyles'
        ' count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
    package.add("xl/styles.xml", styles, f"{_KIND}styles+xml")
    package.relate("xl/workbook.xml", "styles.xml", "styles")
    package.relate("", "xl/workbook.xml", "officeDocument")
    return Thing(
        name,
        package.write(),
        "sheet",
        _MIME,
        text(sheets),
        hidden=hidden(sheets),
        when=properties.modified,
    )


def text(sheets: Sequence[Sheet]) -> str:
    """All words and values of ``sheets``, hidden ones and comments among them."""
    lines = []
    for sheet in sheets:
        lines.append(sheet.name)
        lines += ["\t".join(shown(cell) for cell in row) for row in sheet.rows]
        lines += [comment for _, comment in sheet.comments]
    return "\n".join(lines)


def hidden(sheets: Sequence[Sheet]) -> tuple[Hidden, ...]:
    """What a reader of the printed sheets would not see."""
    out = []
    for sheet in sheets:
        for n, row in enumerate(sheet.rows):
            where = "hidden sheet" if sheet.hidden else "hidden row"
            if sheet.hidden or n in sheet.hidden_rows:
                out += [Hidden(cell, where) for cell in row if isinstance(cell, str) and cell]
        out += [Hidden(comment, "comment") for _, comment in sheet.comments]
    return tuple(out)


def shown(cell: Cell) -> str:
    """A cell as text: of a formula its value."""
    value = cell.value if isinstance(cell, Formula) else cell
    return value if isinstance(value, str) else f"{value:g}" if value % 1 else str(int(value))


def place(row: int, column: int) -> str:
    """``A1`` for ``(0, 0)``; up to 26 columns."""
    return f"{chr(65 + column)}{row + 1}"


def _add(package: Package, sheet: Sheet, number: int, strings: dict[str, int]) -> None:
    name = f"xl/worksheets/sheet{number}.xml"
    xml = f'<worksheet xmlns="{_S}" xmlns:r="{R}"><sheetData>'
    for r, row in enumerate(sheet.rows):
        mark = ' hidden="1"' if r in sheet.hidden_rows else ""
        cells = "".join(_cell(cell, place(r, c), strings) for c, cell in enumerate(row))
        xml += f'<row r="{r + 1}"{mark}>{cells}</row>'
    xml += "</sheetData>"
    if sheet.comments:
        _comments(package, sheet, number, name)
        xml += '<legacyDrawing r:id="rId2"/>'
    package.add(name, xml + "</worksheet>", f"{_KIND}worksheet+xml")


def _cell(cell: Cell, where: str, strings: dict[str, int]) -> str:
    if isinstance(cell, Formula):
        return f'<c r="{where}"><f>{escape(cell.expression)}</f><v>{shown(cell)}</v></c>'
    if cell == "":
        return ""
    if isinstance(cell, str):
        index = strings.setdefault(cell, len(strings))
        return f'<c r="{where}" t="s"><v>{index}</v></c>'
    return f'<c r="{where}"><v>{shown(cell)}</v></c>'


def _comments(package: Package, sheet: Sheet, number: int, name: str) -> None:
    author = escape(package.properties.author)
    xml = f'<comments xmlns="{_S}"><authors><author>{author}</author></authors><commentList>'
    boxes = ""
    for (row, column), comment in sheet.comments:
        words = f'<t xml:space="preserve">{escape(comment)}</t>'
        xml += f'<comment ref="{place(row, column)}" authorId="0"><text><r>{words}</r></text>'
        xml += "</comment>"
        boxes += (
            '<v:shape type="#_x0000_t202" style="position:absolute;visibility:hidden">'
            '<x:ClientData ObjectType="Note"><x:Anchor>1,15,1,10,3,31,4,9</x:Anchor>'
            f"<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
        )
    package.add(
        f"xl/comments{number}.xml", xml + "</commentList></comments>", f"{_KIND}comments+xml"
    )
    package.relate(name, f"../comments{number}.xml", "comments")
    package.parts[f"xl/drawings/vmlDrawing{number}.vml"] = (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml"'
        f' xmlns:x="urn:schemas-microsoft-com:office:excel">{boxes}</xml>'
    ).encode()
    package.relate(name, f"../drawings/vmlDrawing{number}.vml", "vmlDrawing")
