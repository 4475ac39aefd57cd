"""Excel 5 to 2003 workbooks: what every sheet shows, hidden ones too ([MS-XLS]).

Formulas are given by their cached values; their texts are not put together from tokens. Sheets are
parted by ``\\f``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.codepages import decode
from ediscovery.extract.contract import Context, Extraction
from ediscovery.extract.office import numbers
from ediscovery.extract.office.biff_strings import Reader, shared_strings
from ediscovery.extract.office.lines import Lines
from ediscovery.extract.office.xlsx import header as header_text
from ediscovery.model.states import State

_BOF, _EOF, _CONTINUE = 0x0809, 0x000A, 0x003C
_BIFF8 = 0x0600
_GLOBALS, _MACRO = 0x0005, 0x0040
_URL_MONIKER = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
    0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip


@dataclass(slots=True)
class _Book:
    """What the globals say and the sheets need."""

    wide: bool = True  # BIFF8: strings are Unicode
    page: int = 1252
    date1904: bool = False
    strings: list[str] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=lambda: dict(numbers.BUILT_IN))
    styles: list[int] = field(default_factory=list)
    sheets: list[tuple[str, int, int]] = field(default_factory=list)  # name, state, kind
    names: list[str] = field(default_factory=list)
    cells_left: int = 0


@dataclass(slots=True)
class _Sheet:
    """One substream under way."""

    kind: int
    row: int = -1
    shown: list[str] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    pending: bool = False  # a formula whose text follows in a record of its own
    object_id: int = 0
    texts: dict[int, str] = field(default_factory=dict)
    boxes: list[str] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)


def read(ole: Any, lines: Lines, result: Extraction, context: Context) -> bool:
    """Writes the text to ``lines``; ``False`` when the version is one that Tika must read."""
    name = "Workbook" if ole.exists("Workbook") else "Book"
    data = ole.openstream(name).read()
    if len(data) < 8 or struct.unpack_from("<H", data)[0] != _BOF:
        return False
    book = _Book(cells_left=context.profile.limits.cells)
    book.wide = struct.unpack_from("<H", data, 4)[0] >= _BIFF8
    if ole.exists("Revision Log"):
        result.flags.add("prior_revisions")
    reader = _Workbook(book, lines, result, context)
    try:
        reader.read(data)
    except _TooManyCells:
        limit = context.profile.limits.cells
        result.state = f"{State.LIMIT}:cells"
        result.message = f"Only the first {limit} cells were read."
    for text in (*book.names, *_pivot_strings(ole, book)):
        lines.line(text)
    return True


class _TooManyCells(Exception):
    """The profile's number of cells is used up."""


def _records(data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Records with their continuations."""
    at = 0
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        chunks = [data[at + 4 : at + 4 + size]]
        at += 4 + size
        while at + 4 <= len(data):
            following, size = struct.unpack_from("<HH", data, at)
            if following != _CONTINUE:
                break
            chunks.append(data[at + 4 : at + 4 + size])
            at += 4 + size
        yield kind, chunks


class _Workbook:
    def __init__(self, book: _Book, lines: Lines, result: Extraction, context: Context) -> None:
        self._book = book
        self._lines = lines
        self._result = result
        self._limit = context.profile.limits.text_bytes
        self._open: list[_Sheet] = []
        self._count = 0
        self._globals = {
            0x0085: self._bound_sheet,
            0x00FC: self._shared_strings,
            0x041E: self._format,
            0x00E0: self._style,
            0x0022: self._date_mode,
            0x0042: self._code_page,
            0x0018: self._name,
            0x01AE: self._external,
            0x005C: self._user,
        }
        self._cells = {
            0x00FD: self._shared_label,
            0x0204: self._label,
            0x00D6: self._label,
            0x0203: self._number,
            0x027E: self._packed_number,
            0x00BD: self._packed_numbers,
            0x0006: self._formula,
            0x0207: self._formula_text,
            0x0205: self._error,
            0x0208: self._row,
            0x007D: self._column,
            0x0014: self._page_header,
            0x0015: self._page_header,
            0x001C: self._note,
            0x005D: self._object,
            0x01B6: self._object_text,
            0x01B8: self._link,
            0x100D: self._series_text,
            0x01BE: self._validation,
        }

    def read(self, data: bytes) -> None:
        """Every substream in turn."""
        for kind, chunks in _records(data):
            if kind == _BOF:
                self._begin(chunks[0])
            elif kind == _EOF:
                self._end()
            elif self._open:
                sheet = self._open[-1]
                handlers = self._globals if sheet.kind == _GLOBALS else self._cells
                handler = handlers.get(kind)
                if handler is not None:
                    try:
                        handler(chunks)
                    except (struct.error, IndexError):
                        self._damaged()
        while self._open:
            self._end()

    def _damaged(self) -> None:
        message = "Some records are damaged."
        if message not in self._result.warnings:
            self._result.warnings.append(message)

    def _begin(self, data: bytes) -> None:
        kind = struct.unpack_from("<H", data, 2)[0] if len(data) >= 4 else 0
        if not self._open and kind != _GLOBALS:
            if self._count:
                self._lines.add("\f")
            if self._count < len(self._book.sheets):
                self._lines.line(self._book.sheets[self._count][0])
            self._count += 1
            if kind == _MACRO:
                self._result.flags.add("macros")
        self._open.append(_Sheet(kind))

    def _end(self) -> None:
        if not self._open:
            return
        sheet = self._open.pop()
        self._flush(sheet)
        for text in sheet.boxes:
            self._lines.line(text)
        for object_id, author in sheet.notes:
            self._result.flags.add("comments")
            text = sheet.texts.pop(object_id, "")
            self._lines.line(f"{author}: {text}" if author else text)
        for text in sheet.texts.values():
            self._lines.line(text)

    def _flush(self, sheet: _Sheet) -> None:
        if sheet.shown:
            self._lines.add("\t".join(sheet.shown) + "\n")
            sheet.shown = []
        sheet.pending = False

    # -- globals ----------------------------------------------------------------------------

    def _bound_sheet(self, chunks: list[bytes]) -> None:
        data = chunks[0]
        state, kind = data[4] & 3, data[5]
        name = self._string(Reader(chunks, 6), 1)
        if kind == 6:  # a Visual Basic module, whose substream is no sheet
            self._result.flags.add("macros")
        self._book.sheets.append((name, state, kind))
        self._result.fields["sheets"] = len(self._book.sheets)
        if state:
            self._result.flags.add("hidden_sheets")
            hidden = self._result.fields.setdefault("hidden_sheets", [])
            if len(hidden) < 1000:
                hidden.append(name)

    def _shared_strings(self, chunks: list[bytes]) -> None:
        self._book.strings, complete = shared_strings(chunks, self._limit)
        if not complete:
            self._damaged()

    def _format(self, chunks: list[bytes]) -> None:
        (number,) = struct.unpack_from("<H", chunks[0])
        self._book.codes[number] = self._string(Reader(chunks, 2), 2 if self._book.wide else 1)

    def _style(self, chunks: list[bytes]) -> None:
        self._book.styles.append(struct.unpack_from("<H", chunks[0], 2)[0])

    def _date_mode(self, chunks: list[bytes]) -> None:
        self._book.date1904 = chunks[0][:1] == b"\x01"

    def _code_page(self, chunks: list[bytes]) -> None:
        (page,) = struct.unpack_from("<H", chunks[0])
        self._book.page = {0x8000: 10000, 0x8001: 1252}.get(page, page)

    def _name(self, chunks: list[bytes]) -> None:
        flags, _, count = struct.unpack_from("<HBB", chunks[0])
        if not flags & 0x20:  # the built-in ones are print areas and the like
            self._book.names.append(self._characters(Reader(chunks, 14), count))

    def _external(self, chunks: list[bytes]) -> None:
        (length,) = struct.unpack_from("<H", chunks[0], 2)
        if length in (0x0401, 0x3A01) or not length:
            return
        path = self._string(Reader(chunks, 2), 2)
        self._result.flags.add("external_reference")
        if "\x03" in path:
            self._result.flags.add("launch")  # dynamic data exchange
        shown = "".join("/" if c < " " else c for c in path)
        known = self._result.fields.setdefault("external_references", [])
        if len(known) < 100:
            known.append(shown.strip("/")[:1000])

    def _user(self, chunks: list[bytes]) -> None:
        user = self._string(Reader(chunks, 0), 2 if self._book.wide else 1).strip()
        if user and user.isprintable():
            self._result.fields["last_opened_by"] = user[:200]

    # -- cells ------------------------------------------------------------------------------

    def _put(self, chunks: list[bytes], text: str) -> None:
        sheet = self._open[-1]
        (row,) = struct.unpack_from("<H", chunks[0])
        if row != sheet.row:
            self._flush(sheet)
            sheet.row = row
            if row in sheet.hidden_rows:
                self._result.flags.add("hidden_rows")
        self._book.cells_left -= 1
        if self._book.cells_left < 0:
            raise _TooManyCells
        if text:
            sheet.shown.append(text)

    def _shown(self, value: float, style: int) -> str:
        book = self._book
        code = "General"
        if style < len(book.styles):
            code = book.codes.get(book.styles[style], "General")
        return numbers.show(value, code, book.date1904)

    def _shared_label(self, chunks: list[bytes]) -> None:
        (index,) = struct.unpack_from("<I", chunks[0], 6)
        strings = self._book.strings
        self._put(chunks, strings[index] if index < len(strings) else "")

    def _label(self, chunks: list[bytes]) -> None:
        self._put(chunks, self._string(Reader(chunks, 6), 2))

    def _number(self, chunks: list[bytes]) -> None:
        style, value = struct.unpack_from("<Hd", chunks[0], 4)
        self._put(chunks, self._shown(value, style))

    def _packed_number(self, chunks: list[bytes]) -> None:
        style, packed = struct.unpack_from("<HI", chunks[0], 4)
        self._put(chunks, self._shown(_unpacked(packed), style))

    def _packed_numbers(self, chunks: list[bytes]) -> None:
        for at in range(4, len(chunks[0]) - 7, 6):
            style, packed = struct.unpack_from("<HI", chunks[0], at)
            self._put(chunks, self._shown(_unpacked(packed), style))

    def _formula(self, chunks: list[bytes]) -> None:
        style, value = struct.unpack_from("<H8s", chunks[0], 4)
        if value[6:] != b"\xff\xff":
            self._put(chunks, self._shown(struct.unpack("<d", value)[0], style))
        elif value[0] == 0:
            self._put(chunks, "")
            self._open[-1].pending = True
        elif value[0] == 1:
            self._put(chunks, "TRUE" if value[2] else "FALSE")
        elif value[0] == 2:
            self._put(chunks, _ERRORS.get(value[2], "#ERR"))

    def _formula_text(self, chunks: list[bytes]) -> None:
        sheet = self._open[-1]
        text = self._string(Reader(chunks, 0), 2)
        if text:
            sheet.shown.append(text)

    def _error(self, chunks: list[bytes]) -> None:
        value, error = struct.unpack_from("<BB", chunks[0], 6)
        text = _ERRORS.get(value, "#ERR") if error else "TRUE" if value else "FALSE"
        self._put(chunks, text)

    def _row(self, chunks: list[bytes]) -> None:
        row, first, last = struct.unpack_from("<HHH", chunks[0])
        (flags,) = struct.unpack_from("<H", chunks[0], 12)
        if flags & 0x20 and last > first:
            self._open[-1].hidden_rows.add(row)

    def _column(self, chunks: list[bytes]) -> None:
        if struct.unpack_from("<H", chunks[0], 8)[0] & 1:
            self._result.flags.add("hidden_columns")

    # -- around the cells -------------------------------------------------------------------

    def _page_header(self, chunks: list[bytes]) -> None:
        if len(chunks[0]) > 2:
            text = self._string(Reader(chunks, 0), 2 if self._book.wide else 1)
            self._open[-1].boxes.append(header_text(text))

    def _note(self, chunks: list[bytes]) -> None:
        sheet = self._open[-1]
        if self._book.wide:
            (object_id,) = struct.unpack_from("<H", chunks[0], 6)
            sheet.notes.append((object_id, self._string(Reader(chunks, 8), 2)))
        else:
            self._result.flags.add("comments")
            sheet.boxes.append(decode(chunks[0][6:], self._book.page))

    def _object(self, chunks: list[bytes]) -> None:
        self._open[-1].object_id = struct.unpack_from("<H", chunks[0], 6)[0]

    def _object_text(self, chunks: list[bytes]) -> None:
        (count,) = struct.unpack_from("<H", chunks[0], 10)
        if count and len(chunks) > 1:
            text = Reader(chunks[1:], 0).string(count)
            sheet = self._open[-1]
            before = sheet.texts.get(sheet.object_id)
            sheet.texts[sheet.object_id] = text if before is None else f"{before}\n{text}"

    def _link(self, chunks: list[bytes]) -> None:
        data = b"".join(chunks)
        at = data.find(_URL_MONIKER)
        if at < 0:
            return
        (size,) = struct.unpack_from("<I", data, at + 16)
        url = data[at + 20 : at + 20 + size].decode("utf-16-le", "replace").partition("\0")[0]
        links = self._result.fields.setdefault("links", [])
        if url and url not in links and len(links) < 1000:
            links.append(url)
            self._open[-1].boxes.append(url)

    def _series_text(self, chunks: list[bytes]) -> None:
        self._open[-1].boxes.append(self._string(Reader(chunks, 2), 1))

    def _validation(self, chunks: list[bytes]) -> None:
        reader = Reader(chunks, 4)
        for _ in range(4):
            text = self._string(reader, 2)
            if text.strip("\0"):
                self._open[-1].boxes.append(text)

    # -- strings ----------------------------------------------------------------------------

    def _string(self, reader: Reader, width: int) -> str:
        """A string after its count, which takes ``width`` bytes."""
        return self._characters(reader, int.from_bytes(reader.take(width), "little"))

    def _characters(self, reader: Reader, count: int) -> str:
        if self._book.wide:
            return reader.string(count)
        return decode(reader.take(count), self._book.page)


def _unpacked(packed: int) -> float:
    """A number stored as RK ([MS-XLS] 2.5.217)."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        value = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return value / 100 if packed & 1 else value


def _pivot_strings(ole: Any, book: _Book) -> list[str]:
    """Distinct texts in the caches of pivot tables that no cell has."""
    found: dict[str, None] = {}
    known = set(book.strings)
    for entry in ole.listdir():
        if len(entry) != 2 or entry[0].upper() != "_SX_DB_CUR":
            continue
        for kind, chunks in _records(ole.openstream(entry).read()):
            if kind == 0x00CD and len(chunks[0]) > 3:
                reader = Reader(chunks, 0)
                text = reader.string(int.from_bytes(reader.take(2), "little"))
                if text not in known:
                    found.setdefault(text)
    return list(found)
