"""Reads Concordance DAT, CSV and their kin: a stream of records, and a list of what was wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ediscovery.produce.loadfile.fields import MOST_COLUMNS, Cutter, clean_cut
from ediscovery.produce.loadfile.files import LIMIT, Line, Lines, damaged, mended
from ediscovery.produce.loadfile.rows import Dialect, Finding, Record, Report, Value
from ediscovery.produce.loadfile.sniff import encoding_of, is_header, sniff, unlike

_MOST_LINES = 100_000  # of one record
_ENDS = {"\r\n": "CR LF", "\n": "LF", "\r": "CR"}


class DatFile:
    """A delimited load file, open for reading. Iterate it, as often as you like.

    ``dialect`` is how the file is written, ``names`` what its columns are called, ``headed``
    whether the first row holds names, ``line`` the line on which the record given last begins.
    """

    def __init__(
        self,
        path: Path,
        report: Report,
        *,
        dialect: Dialect | None = None,
        header: bool | None = None,
        names: Sequence[str] = (),
        multi: Iterable[str] = (),
        limit: int = LIMIT,
    ) -> None:
        """Look at the first rows of ``path``.

        Args:
            path: The file.
            report: Is called with every finding, in the order of the file.
            dialect: How the file is written; read off the file where there is none. A byte order
                mark overrules its encoding.
            header: Whether the first row holds names; judged by the first two rows where unsaid.
            names: What the columns are called, in the place of any header. Without names and
                header they are called ``Field 1``, ``Field 2`` and so on.
            multi: The columns whose values are to be cut into tuples at ``dialect.multi``.
            limit: Characters that one record may have; a longer one is refused and skipped.

        Raises:
            UsageError: the encoding is unknown, or the header has more than 20,000 columns.
        """
        self.path = path
        self.dialect = dialect or sniff(path)
        self._coded = encoding_of(path, self.dialect.encoding)
        self._report, self._limit = report, limit
        self.line = 0
        self._said: list[Finding] = []
        first, second = self._first_rows()
        self.headed = is_header(first, second) if header is None else header
        told: list[str] = []
        if names:
            self.names, told = unlike(names)
        elif self.headed:
            self.names, told = unlike(first)
        else:
            self.names = [f"Field {number}" for number in range(1, len(first) + 1)]
            if first and header is None:
                told = ["The first row holds data, no names; columns are numbered."]
        self._said = [Finding(1, 0, "header", sentence) for sentence in told]
        self._multi = tuple(name for name in multi if name in self.names)

    def all_names(self) -> list[str]:
        """``names``, and those of the surplus values of ragged rows; reads the whole file."""
        found = dict.fromkeys(self.names)
        for values in _Rows(self, quiet=True).run(len(self.names), self.headed):
            if len(values) > len(self.names):
                found.update(dict.fromkeys(self._surplus(len(values))))
        return list(found)

    def __iter__(self) -> Iterator[Record]:
        """Every record, in the order of the file.

        A row with too few values is filled with empty ones; surplus values stand under
        ``Field N``. Values are strings; those of the ``multi`` columns tuples.
        """
        for finding in self._said:
            self._report(finding)
        rows = _Rows(self)
        names, count, multi = self.names, len(self.names), self._multi
        separator = self.dialect.multi
        for values in rows.run(count, self.headed):
            fields: dict[str, Value]
            if len(values) == count:
                fields = dict(zip(names, values, strict=True))
            else:
                fields = self._ragged(values, rows)
            for name in multi:
                value = fields[name]
                if isinstance(value, str):
                    fields[name] = tuple(value.split(separator)) if value else ()
            self.line = rows.start
            yield Record(fields)

    def _ragged(self, values: list[str], rows: _Rows) -> dict[str, Value]:
        count = len(self.names)
        if len(values) < count:
            rows.tell(
                "ragged",
                f"The row has {len(values):,} of {count:,} values; the others are read as empty.",
            )
            return dict(zip(self.names, values + [""] * (count - len(values)), strict=True))
        names = self._surplus(len(values))
        rows.tell(
            "ragged",
            f"The row has {len(values):,} values for {count:,} columns; "
            f"the surplus is read as {names[count]!r} and on.",
        )
        return dict(zip(names, values, strict=True))

    def _surplus(self, count: int) -> list[str]:
        """The names of a row of ``count`` values, more than there are columns."""
        surplus = (f"Field {number}" for number in range(len(self.names) + 1, count + 1))
        return unlike([*self.names, *surplus])[0]

    def _first_rows(self) -> tuple[list[str], list[str]]:
        rows = _Rows(self, quiet=True).run(0, False)
        first = next(rows, [])
        return first, next(rows, [])


class _Rows:
    """One pass over the rows of a file."""

    def __init__(self, file: DatFile, quiet: bool = False) -> None:
        self._dialect = file.dialect
        self._lines = Lines(file.path, file._coded.name, file._coded.mark, file._limit)
        self._limit = file._limit
        self._report = None if quiet else file._report
        self._encoding = file._coded.name
        self._never_closed_until = 0
        self._ends: set[str] = set()
        self.start = 0  # line on which the present record begins
        self.record = 0

    def tell(self, kind: str, sentence: str, *, refused: bool = False) -> None:
        """Report a finding about the present record."""
        if self._report is not None:
            self._report(Finding(self.start, max(self.record, 0), kind, sentence, refused))

    def run(self, count: int, header: bool) -> Iterator[list[str]]:
        """The values of each row after the header, if there is one; ``count`` columns expected."""
        lines, newline = self._lines, self._dialect.newline
        cut = clean_cut(self._dialect, count)
        expected_end = self._dialect.line_end
        self.record = -1 if header else 0
        for line in lines:
            text, end = line
            self.start = lines.number
            self.record += 1
            if text is None:
                self._too_long()
                continue
            if not text or text == "\x1a":  # DOS marked the end of a file so
                self._blank(text)
                continue
            values = cut(text) if count else None
            if values is None:
                values, end = self._tolerant(line, text, count)
                if values is None:
                    continue
                text, fit = "".join(values), False
            else:
                fit = "\0" not in text
            if end != expected_end and end and end not in self._ends:
                self._other_end(end)
            if newline and newline in text:
                values = [v.replace(newline, "\n") if newline in v else v for v in values]
            if not fit or not (text.isascii() or not damaged(text)):
                values = self._characters(values)
            if header:
                header = False
                continue
            yield values

    def _other_end(self, end: str) -> None:
        self._ends.add(end)
        usual = _ENDS[self._dialect.line_end]
        self.tell(
            "line-end",
            f"A row ends with {_ENDS[end]}, the others with {usual}; both are read (told once).",
        )

    def _too_long(self) -> None:
        self.tell(
            "too-long",
            f"The record is longer than {self._limit:,} characters; it was skipped.",
            refused=True,
        )

    def _blank(self, text: str) -> None:
        self.record -= 1
        if text:
            self.tell("end-mark", "A DOS end mark (1A) was skipped.")
        else:
            self.tell("blank-line", "An empty line was skipped.")

    def _characters(self, values: list[str]) -> list[str]:
        """``values`` without NULs and with bytes that did not fit the encoding mended."""
        joined = "".join(values)
        if "\0" in joined:
            self.tell("nul", f"{joined.count(chr(0)):,} NUL characters were removed.")
            values = [value.replace("\0", "") for value in values]
        if damaged(joined):
            self.tell(
                "encoding",
                f"Bytes that are not {self._encoding} were read as Windows-1252.",
            )
            values = [mended(value) for value in values]
        return values

    def _tolerant(self, line: Line, text: str, count: int) -> tuple[list[str] | None, str]:
        """The values of a row that the quick cut leaves, and the row's end; tells what it repairs.

        ``None`` in the place of values says that the row is refused.
        """
        cutter = Cutter(self._dialect)
        taken: list[Line] = []
        opened = cutter.feed(text)
        if opened:
            opened = self._more_lines(line, cutter, taken, count)
        if opened or self._swallowed(cutter, taken, count):
            self._never_closed_until = max(self._never_closed_until, self._lines.number)
            self._lines.give_back(taken)
            return self._unclosed(text, count), line[1]
        if cutter.too_many:
            self.tell(
                "too-many-values",
                f"The row has more than {MOST_COLUMNS:,} values; it was skipped.",
                refused=True,
            )
            return None, line[1]
        if taken and self._dialect.newline:
            self.tell("line-break", "A line break stands inside a quoted value; it was kept.")
        if cutter.stray:
            self.tell("stray-quote", "A quote stands inside a value; it was kept as text.")
        return cutter.values, (taken or [line])[-1][1]

    def _more_lines(self, line: Line, cutter: Cutter, taken: list[Line], count: int) -> bool:
        """Feed the lines on which the open value goes on; returns whether it never closes."""
        if self._lines.number < self._never_closed_until:
            return True
        cut, whole_rows = clean_cut(self._dialect, count), False
        size, end = len(line[0] or ""), line[1]
        # Where quotes protect no delimiter, a line with all of them is a row of its own. The end
        # of a row whose first value is open has as many.
        column, strict = self._dialect.column, not self._dialect.protects and bool(cutter.values)
        for more in self._lines:
            text, following_end = more
            if text is None:
                self._lines.give_back([more])
                break
            size += len(text) + 2
            if size > self._limit or len(taken) >= _MOST_LINES:
                self._lines.give_back([more])
                break
            taken.append(more)
            if strict and text.count(column) == count - 1:
                return True
            cutter.line_break(end)
            end = following_end
            whole_rows = whole_rows or bool(count and text and cut(text))
            if not cutter.feed(text):
                # A stray quote, and a whole row among the lines: the quote was never closed.
                return cutter.stray and whole_rows
            if cutter.stray and whole_rows:
                return True
        return True

    def _swallowed(self, cutter: Cutter, taken: list[Line], count: int) -> bool:
        """Whether the row took in another one because its own quote was not closed."""
        if not taken or not count or len(cutter.values) == count:
            return False
        return clean_cut(self._dialect, count)(taken[-1][0] or " ") is not None

    def _unclosed(self, text: str, count: int) -> list[str]:
        self.tell("quote-not-closed", "A quote is not closed; its value ends with the line.")
        cutter = Cutter(self._dialect)
        if cutter.feed(text):
            cutter.give_up()
        plain = text.split(self._dialect.column)
        if len(cutter.values) != count == len(plain):
            return [_bare(value, self._dialect.quote) for value in plain]
        return cutter.values


def _bare(value: str, quote: str) -> str:
    return value.removeprefix(quote).removesuffix(quote)
