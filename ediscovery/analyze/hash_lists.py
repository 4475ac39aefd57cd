"""Lists of known files: NSRL RDS v3 SQLite, or text with one digest a line.

A list answers by one algorithm. One that holds anything but hex digests of one known length is
refused, because a list of the wrong kind would match nothing and say so in silence.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Protocol
from urllib.parse import quote

from ediscovery.model.errors import UsageError

ALGORITHMS = ("md5", "sha1", "sha256")
HEX_LENGTH = {"md5": 32, "sha1": 40, "sha256": 64}
MAX_HELD = 50_000_000  # digests held in memory, 16 to 32 bytes each; larger lists need an index
_BATCH = 5_000
_CHUNK = 1 << 20
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_ADVICE = (
    "Give an NSRL RDS v3 SQLite file, or a text file with one MD5, SHA-1 or SHA-256 digest a line, "
    "all by the same algorithm."
)


class Digests(NamedTuple):
    """Hashes of one native in lower-case hex; ``""`` for one that is not known."""

    md5: str
    sha1: str
    sha256: str


class _List(Protocol):
    algorithm: str

    def known(self, digests: list[str]) -> set[str]: ...

    def close(self) -> None: ...


class HashLists:
    """Several hash lists, opened once and asked in batches; use it in a ``with`` statement.

    ``paths`` are files; raises :class:`UsageError` for one that is missing or no hash list.
    """

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self._lists: list[_List] = []
        try:
            for path in paths:
                self._lists.append(_open(Path(path)))
        except BaseException:
            self.close()
            raise

    def matches(self, batch: Sequence[Digests]) -> list[bool]:
        """Whether each native of ``batch`` stands on any of the lists."""
        found = [False] * len(batch)
        for one in self._lists:
            column = ALGORITHMS.index(one.algorithm)
            known = one.known(list({d[column] for d in batch if d[column]}))
            found = [f or d[column] in known for f, d in zip(found, batch, strict=True)]
        return found

    def close(self) -> None:
        for one in self._lists:
            one.close()
        self._lists.clear()

    def __enter__(self) -> HashLists:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _open(path: Path) -> _List:
    try:
        with path.open("rb") as file:
            database = file.read(16) == b"SQLite format 3\0"
        return _sqlite(path) if database else _Held(path, *_read_text(path))
    except OSError as error:
        raise UsageError(f"The hash list {path} can't be read: {error}.", _ADVICE) from error
    except sqlite3.Error as error:
        raise UsageError(f"The hash list {path} is not sound: {error}.", _ADVICE) from error


class _Held:
    """A list kept in memory, sorted, as fixed-width raw digests."""

    def __init__(self, path: Path, algorithm: str, packed: bytearray) -> None:
        import numpy as np

        self.algorithm = algorithm
        width = HEX_LENGTH[algorithm] // 2
        if len(packed) > MAX_HELD * width:
            raise UsageError(
                f"The hash list {path} holds more than {MAX_HELD} digests.",
                "Put it into a SQLite table with an index on its digest column.",
            )
        self._type = f"S{width}"
        self._digests = np.frombuffer(packed, dtype=self._type)  # the same bytes, not a copy
        self._digests.sort()

    def known(self, digests: list[str]) -> set[str]:
        import numpy as np

        if not digests:
            return set()
        asked = np.frombuffer(bytes.fromhex("".join(digests)), dtype=self._type)
        places = np.searchsorted(self._digests, asked)
        places[places == len(self._digests)] = 0
        hits = self._digests[places] == asked
        return set(itertools.compress(digests, hits.tolist()))

    def close(self) -> None:
        self._digests = self._digests[:0]


def _read_text(path: Path) -> tuple[str, bytearray]:
    """Algorithm and packed digests of a text file; quotes, blank lines and ``#`` lines allowed."""
    packed, length, number = bytearray(), 0, 0
    with path.open("rb") as file:
        for lines in _lines(file):
            digests = [_digest(line) for line in lines]
            kept = [digest for digest in digests if digest]
            length = length or (len(kept[0]) if kept else 0)
            known = length in HEX_LENGTH.values()
            for row, digest in enumerate(digests):
                if digest and not (known and len(digest) == length and _HEX.fullmatch(digest)):
                    raise _wrong(path, f"line {number + row + 1}", digest.decode("latin-1"), length)
            packed += bytes.fromhex(b"".join(kept).decode("ascii"))
            number += len(lines)
            if len(packed) > MAX_HELD * length // 2:
                break  # refused by who holds it
    if not packed:
        raise UsageError(f"The hash list {path} holds no digest.", _ADVICE)
    return _algorithm(length), packed


def _lines(file: BinaryIO) -> Iterator[list[bytes]]:
    """The lines of ``file`` in batches; one of more than a chunk, which is no digest, cut off."""
    rest = b""
    while chunk := file.read(_CHUNK):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()[:_CHUNK]
        yield lines
    yield [rest]


def _digest(line: bytes) -> bytes:
    line = line.strip().removeprefix(b"\xef\xbb\xbf").strip(b'"')
    return b"" if line.startswith(b"#") else line


def _is_hex(text: str) -> bool:
    return text.isascii() and _HEX.fullmatch(text.encode()) is not None


def _algorithm(length: int) -> str:
    return next(name for name, size in HEX_LENGTH.items() if size == length)


def _wrong(path: Path, where: str, value: str, length: int) -> UsageError:
    kind = _algorithm(length).upper() if length in HEX_LENGTH.values() else "MD5, SHA-1 or SHA-256"
    shown = value[:40] + ("..." if len(value) > 40 else "")
    hint = " (a CRC-32?)" if len(value) == 8 and _is_hex(value) else ""
    return UsageError(
        f"The hash list {path}, {where}: {shown!r}{hint} is no {kind} digest.", _ADVICE
    )


def _sqlite(path: Path) -> _List:
    """A database's strongest digest column that has an index; without any, one read to memory."""
    uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        columns = list(_digest_columns(connection))
        if not columns:
            raise UsageError(
                f"The hash list {path} has no table with a column md5, sha1 or sha256.", _ADVICE
            )
        columns.sort(key=lambda column: not _indexed(connection, column))
        faults = [_fault(connection, path, column) for column in columns]
        if None not in faults:
            raise next(fault for fault in faults if fault is not None)
        column = columns[faults.index(None)]
        if _indexed(connection, column):
            return _Database(connection, column)
        held = _Held(path, column.algorithm, _read_column(connection, path, column))
    except BaseException:
        connection.close()
        raise
    connection.close()
    return held


class _Column(NamedTuple):
    """A column of digests; table and name quoted for SQL."""

    table: str
    name: str
    algorithm: str


def _digest_columns(connection: sqlite3.Connection) -> Iterator[_Column]:
    """Every digest column, strongest algorithm first, tables before views."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite_%' ORDER BY type, name"
    ).fetchall()
    found: list[_Column] = []
    for (table,) in names:
        with suppress(sqlite3.OperationalError):  # a view over what is not there
            for row in connection.execute(f"PRAGMA table_info({_quoted(table)})"):
                name = str(row[1])
                algorithm = re.sub(r"[^a-z0-9]", "", name.lower())
                if algorithm in HEX_LENGTH:
                    found.append(_Column(_quoted(table), _quoted(name), algorithm))
    return iter(sorted(found, key=lambda c: -ALGORITHMS.index(c.algorithm)))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _fault(connection: sqlite3.Connection, path: Path, column: _Column) -> UsageError | None:
    """What is wrong with the first thousand digests of ``column``."""
    where = f"table {column.table}, column {column.name}"
    sample = f"SELECT {column.name} FROM {column.table} LIMIT 1000"  # noqa: S608 - quoted
    rows = connection.execute(sample).fetchall()
    if not rows:
        return UsageError(f"The hash list {path}, {where}: it holds no digest.", _ADVICE)
    for (value,) in rows:
        if not _fits(value, column) or value not in (value.lower(), value.upper()):
            return _wrong(path, where, str(value), HEX_LENGTH[column.algorithm])
    return None


def _fits(value: object, column: _Column) -> bool:
    length = HEX_LENGTH[column.algorithm]
    return isinstance(value, str) and len(value) == length and _is_hex(value)


def _indexed(connection: sqlite3.Connection, column: _Column) -> bool:
    plan = connection.execute(f"EXPLAIN QUERY PLAN {_query(column, 1)}", ("",)).fetchall()
    return all(str(step[-1]).startswith("SEARCH") for step in plan)


def _query(column: _Column, count: int) -> str:
    marks = ",".join("?" * count)
    return f"SELECT {column.name} FROM {column.table} WHERE {column.name} IN ({marks})"  # noqa: S608


class _Database:
    """A list asked where it lies, by the index on its digest column, in upper and lower case."""

    def __init__(self, connection: sqlite3.Connection, column: _Column) -> None:
        self._connection, self._column = connection, column
        self.algorithm = column.algorithm

    def known(self, digests: list[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(digests), _BATCH):
            batch = digests[start : start + _BATCH]
            asked = [*batch, *map(str.upper, batch)]
            rows = self._connection.execute(_query(self._column, len(asked)), asked)
            found.update(str(value).lower() for (value,) in rows)
        return found

    def close(self) -> None:
        self._connection.close()


def _read_column(connection: sqlite3.Connection, path: Path, column: _Column) -> bytearray:
    """All digests of ``column``, packed; one more than can be held when there are more."""
    packed, width = bytearray(), HEX_LENGTH[column.algorithm] // 2
    rows = connection.execute(f"SELECT {column.name} FROM {column.table}")  # noqa: S608 - quoted
    while len(packed) <= MAX_HELD * width and (batch := rows.fetchmany(_BATCH)):
        for (value,) in batch:
            if not _fits(value, column):
                raise _wrong(path, f"table {column.table}", str(value), 2 * width)
        packed += bytes.fromhex("".join(value for (value,) in batch))
    return packed
