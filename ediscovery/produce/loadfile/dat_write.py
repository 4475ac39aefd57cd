"""Writes Concordance DAT, CSV and overlays: a stream of records in, one file out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.files import whole_file
from ediscovery.produce.loadfile.replace import Replacer
from ediscovery.produce.loadfile.rows import (
    CONCORDANCE,
    CSV,
    Dialect,
    Record,
    ReportReplaced,
    Value,
    Written,
)

_BREAK = re.compile("\r\n|\r|\n")
_MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
# What is written for a character that the dialect needs for itself; any other becomes a blank.
SUBSTITUTES = {"\xfe": "th", "\xae": "(R)", ";": ",", '"': "'", "|": "/", "^": "'", ",": ";"}


def substitute(character: str) -> str:
    """What a writer puts in the place of ``character`` where a dialect needs it for itself."""
    return SUBSTITUTES.get(character, " ")


def write_dat(
    path: Path,
    records: Iterable[Record],
    fields: Sequence[str],
    report: ReportReplaced,
    dialect: Dialect = CONCORDANCE,
) -> Written:
    """Write ``records`` as a delimited load file with a header row, every value quoted.

    The same records give the same bytes; memory does not grow with their number; ``path`` appears
    whole or not at all. A line break in a value becomes ``dialect.newline``. Every delimiter in a
    value becomes its substitute (see ``docs/loadfiles.md``), a NUL a blank, and a character
    that the encoding lacks a question mark: each is counted, and told to ``report``.

    Args:
        path: Where to write.
        records: The documents, in order.
        fields: The columns, in order; a record may lack some, which are then empty.
        report: Is called for each value in which something was replaced.
        dialect: How to write.

    Raises:
        UsageError: the fields' names clash or hold delimiters, a record has another field, or the
            dialect contradicts itself.
    """
    names = tuple(fields)
    dialect = replace(dialect, encoding=_encoding(dialect.encoding))
    header = _header(names, dialect)
    done = Written()
    row = _row_writer(names, dialect, done, report)
    with whole_file(path) as file:
        if dialect.bom:
            file.write(_MARKS.get(dialect.encoding, b""))
        file.write(header)
        for record in records:
            done.rows += 1
            file.write(row(record))
    return done


def write_csv(
    path: Path, records: Iterable[Record], fields: Sequence[str], report: ReportReplaced
) -> Written:
    """Write ``records`` as CSV: RFC 4180, UTF-8 with a byte order mark; as :func:`write_dat`."""
    return write_dat(path, records, fields, report, CSV)


def write_overlay(
    path: Path,
    records: Iterable[Record],
    identifier: str,
    columns: Sequence[str],
    report: ReportReplaced,
    dialect: Dialect = CONCORDANCE,
) -> Written:
    """Write an overlay: ``identifier`` and the changed ``columns`` of documents sent before.

    A receiver takes every cell, an empty one too, in the place of what it holds. So each record
    must say the identifier and every column, and nothing else.

    Raises:
        UsageError: a record lacks a column or the identifier's value, or has another field; and
            as :func:`write_dat`.
    """
    names = (identifier, *columns)

    def whole() -> Iterable[Record]:
        for number, record in enumerate(records, 1):
            lacking = [name for name in names if name not in record.fields]
            if lacking or not record.fields[identifier]:
                what = lacking[0] if lacking else identifier
                raise UsageError(
                    f"Record {number:,} of the overlay says nothing of {what!r}.",
                    "An empty cell would erase what the receiver holds: give every column.",
                )
            yield record

    return write_dat(path, whole(), names, report, dialect)


def _encoding(name: str) -> str:
    """Python's name of the encoding ``name``."""
    try:
        found = codecs.lookup(name).name
        "x".encode(found)
    except LookupError:
        found = ""
    if not found or found in ("utf-16", "utf-32", "utf-8-sig"):  # these mark every piece anew
        raise UsageError(
            f"{name!r} is no encoding to write in.", "For example: utf-8, cp1252, utf-16-le."
        )
    return found


def _header(names: tuple[str, ...], dialect: Dialect) -> bytes:
    own = [c for c in (dialect.column, dialect.quote, dialect.newline) if c]
    if (
        len(set(own)) < len(own)
        or not dialect.column
        or any(len(c) != 1 or c in " ?\r\n\0" for c in own)
    ):
        raise UsageError(
            "Column, quote and newline must be three different characters that are no blank.",
            r"For example: --column '\x14' --quote 'þ' --newline '®'.",
        )
    if not names or len(set(names)) < len(names):
        raise UsageError("A load file needs columns of different names.")
    for name in names:
        if not name or any(c in name for c in (*own, "\r", "\n", "\0")):
            raise UsageError(f"The column name {name!r} is empty or holds a delimiter.")
    quote = dialect.quote
    text = dialect.column.join(f"{quote}{name}{quote}" for name in names) + dialect.line_end
    try:
        return text.encode(dialect.encoding)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"A column name holds {text[error.start]!r}, which {dialect.encoding} lacks.",
            "Rename the column, or write UTF-8.",
        ) from None


def _row_writer(
    names: tuple[str, ...], dialect: Dialect, done: Written, report: ReportReplaced
) -> Callable[[Record], bytes]:
    count, encoding, end = len(names), dialect.encoding, dialect.line_end
    quote, column, newline = dialect.quote, dialect.column, dialect.newline
    between, protects = f"{quote}{column}{quote}", bool(dialect.protects and quote)
    known = set(names)
    careful = _Careful(dialect, done, report)

    def row(record: Record) -> bytes:
        fields = record.fields
        if len(fields) == count and tuple(fields) == names:
            values = list(fields.values())
        else:
            if not known.issuperset(fields):
                other = next(name for name in fields if name not in known)
                raise UsageError(
                    f"Record {done.rows:,} has a field {other!r} that is no column.",
                    "Add it to the columns, or leave it out.",
                )
            values = [fields.get(name, "") for name in names]
        texts = [
            value if isinstance(value, str) else careful.joined(value, name)
            for name, value in zip(names, values, strict=True)
        ]
        try:
            # Most rows hold nothing to replace: then the delimiters are those put in here.
            line = f"{quote}{between.join(texts)}{quote}"
            if (
                (protects or line.count(column) == count - 1)
                and (not quote or line.count(quote) == 2 * count)
                and "\n" not in line
                and "\r" not in line
                and "\0" not in line
                and not (newline and newline in line)
            ):
                return (line + end).encode(encoding)
        except UnicodeEncodeError:
            pass  # the encoding lacks a character
        texts = [careful.value(text, name) for name, text in zip(names, texts, strict=True)]
        return f"{quote}{between.join(texts)}{quote}{end}".encode(encoding)

    return row


class _Careful:
    """Makes one value fit for the dialect, and tells what it replaced."""

    def __init__(self, dialect: Dialect, done: Written, report: ReportReplaced) -> None:
        self._dialect, self._done, self._replacer = dialect, done, Replacer(done, report)
        own = {dialect.newline, "\0"}
        if not (dialect.protects and dialect.quote):
            own.add(dialect.column)
        if not dialect.doubled:
            own.add(dialect.quote)
        if not dialect.quote and not dialect.newline:
            own |= {"\r", "\n"}
        self._own = {c: substitute(c) for c in sorted(own) if c}
        special = sorted({*own, dialect.quote, "\r", "\n"} - {""})
        self._special = re.compile(f"[{re.escape(''.join(special))}]")
        taken = {dialect.column, dialect.quote, dialect.newline, dialect.multi, "\r", "\n"}
        for character, instead in self._own.items():
            if taken & set(instead):
                self._own[character] = " "

    def joined(self, value: Value, name: str) -> str:
        """The several values ``value`` of the column ``name`` as one."""
        multi = self._dialect.multi
        text = multi.join(value)
        if text.count(multi) < len(value):
            return text
        own = {multi: substitute(multi)}
        return multi.join(self._replacer.without(part, own, name) for part in value)

    def value(self, text: str, name: str) -> str:
        """``text`` of the column ``name`` as it is written between its quotes."""
        if text.isascii() and not self._special.search(text):
            return text
        dialect = self._dialect
        text = self._replacer.without(text, self._own, name)
        if dialect.newline:
            text, times = _BREAK.subn(dialect.newline, text)
            if times:
                self._done.replaced["\n"] += times
        text = self._replacer.encodable(text, dialect.encoding, name)
        doubles = dialect.doubled and dialect.quote
        return text.replace(dialect.quote, dialect.quote * 2) if doubles else text
