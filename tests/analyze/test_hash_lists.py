"""Lists of known files, in every form that is taken, and those that are refused."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from ediscovery.analyze import hash_lists
from ediscovery.analyze.hash_lists import Digests, HashLists
from ediscovery.model.errors import UsageError

KNOWN = [f"known {n}".encode() for n in range(500)]
STRANGE = [f"ours {n}".encode() for n in range(500)]
# As NIST lays out its minimal set.
NSRL = """
CREATE TABLE FILE (sha256 VARCHAR, sha1 VARCHAR, md5 VARCHAR, crc32 VARCHAR, file_name VARCHAR,
  file_size INTEGER, package_id INTEGER,
  PRIMARY KEY (sha256, sha1, md5, file_name, file_size, package_id));
CREATE TABLE VERSION (version VARCHAR UNIQUE, description VARCHAR);
CREATE VIEW DISTINCT_HASH AS SELECT DISTINCT sha256, sha1, md5, crc32 FROM FILE;
"""


def digests(data: bytes) -> Digests:
    return Digests(*(hashlib.new(name, data).hexdigest() for name in hash_lists.ALGORITHMS))


def by(algorithm: str, data: bytes) -> str:
    return str(getattr(digests(data), algorithm))


def nsrl(path: Path, *, case: str = "upper", schema: str = NSRL) -> Path:
    with sqlite3.connect(path) as connection:
        connection.executescript(schema)
        for n, data in enumerate(KNOWN):
            d = [getattr(value, case)() for value in digests(data)]
            connection.execute(
                "INSERT INTO FILE VALUES (?,?,?,?,?,?,?)", (d[2], d[1], d[0], "0" * 8, f"{n}", 1, 1)
            )
    connection.close()
    return path


def text(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def check(*paths: Path) -> None:
    """Every known file is found, nothing else is, in one batch and one by one."""
    with HashLists(paths) as lists:
        mixed = [d for pair in zip(KNOWN, STRANGE, strict=True) for d in pair]
        assert lists.matches([digests(d) for d in mixed]) == [True, False] * len(KNOWN)
        assert lists.matches([digests(KNOWN[7])]) == [True]
        assert lists.matches([]) == []
        assert lists.matches([Digests("", "", "")]) == [False]


@pytest.mark.parametrize("case", ["upper", "lower"])
def test_nsrl_database(tmp_path: Path, case: str) -> None:
    path = nsrl(tmp_path / "RDS ?#%.db", case=case)
    before = path.read_bytes()
    path.chmod(0o444)
    check(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_index_is_used_and_the_strongest_digest_chosen(tmp_path: Path) -> None:
    with HashLists([nsrl(tmp_path / "rds.db")]) as lists:
        assert isinstance(lists._lists[0], hash_lists._Database)
        assert lists._lists[0].algorithm == "sha256"
    bare = NSRL + "CREATE TABLE A (sha256 TEXT); INSERT INTO A SELECT hex(randomblob(32));"
    with HashLists([nsrl(tmp_path / "more.db", schema=bare)]) as lists:
        assert isinstance(lists._lists[0], hash_lists._Database)


@pytest.mark.parametrize(
    "schema",
    [
        'CREATE TABLE "odd "" name" ("SHA-1" TEXT)',
        "CREATE TABLE hashes (Md5 TEXT, note TEXT)",
        "CREATE TABLE raw (x TEXT); CREATE VIEW sums AS SELECT x AS sha_256 FROM raw",
    ],
)
def test_other_schemas_without_index(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "list.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(schema)
        algorithm = "sha1" if "SHA-1" in schema else "md5" if "Md5" in schema else "sha256"
        table = connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchone()
        quoted = '"' + table[0].replace('"', '""') + '"'
        for data in KNOWN:
            width = 2 if "note" in schema else 1
            row = (by(algorithm, data).upper(), "x")[:width]
            connection.execute(f"INSERT INTO {quoted} VALUES ({','.join('?' * width)})", row)  # noqa: S608
    connection.close()
    check(path)


@pytest.mark.parametrize("algorithm", hash_lists.ALGORITHMS)
def test_text_lists(tmp_path: Path, algorithm: str) -> None:
    lines = [by(algorithm, data) for data in KNOWN]
    check(text(tmp_path / "plain.txt", lines))
    check(text(tmp_path / "none-at-end.txt", [*map(str.upper, lines), ""]))
    dressed = ["\ufeff# a comment", "", *(f' "{line}"\r' for line in lines), "#"]
    check(text(tmp_path / "dressed.csv", dressed))
    check(text(tmp_path / "a", lines[:100]), text(tmp_path / "b", lines[100:]))


def test_lists_by_different_algorithms_together(tmp_path: Path) -> None:
    first = text(tmp_path / "a", [by("md5", d) for d in KNOWN[:250]])
    check(first, text(tmp_path / "b", [by("sha1", d) for d in KNOWN[250:]]))


def test_long_text_list(tmp_path: Path) -> None:
    """Longer than one chunk, so that a digest is cut in two while reading."""
    other = [hashlib.sha1(str(n).encode()).hexdigest() for n in range(60_000)]
    check(text(tmp_path / "long", [*other, *(by("sha1", data) for data in KNOWN), *other]))


def refused(path: Path, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        HashLists([path])
    assert str(path) in caught.value.message
    assert caught.value.next_step


MD5, SHA1 = by("md5", b"x"), by("sha1", b"x")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "holds no digest"),
        (["# only", "", " "], "holds no digest"),
        (["8C736521", "1D2A4B3C"], "line 1.*CRC-32"),
        ([MD5, SHA1], "line 2.*is no MD5"),
        ([MD5, "x", MD5], "line 2"),
        ([MD5, MD5[:-1] + "g"], "line 2"),
        (["MD5", MD5], "line 1"),
        ([MD5 + "," + SHA1], "line 1"),
        ([hashlib.sha512(b"x").hexdigest()], "line 1"),
        (["é" * 16], "line 1"),
        ([MD5] * 50_000 + [SHA1], "line 50001"),
    ],
)
def test_text_that_is_no_list_of_one_algorithm(
    tmp_path: Path, lines: list[str], words: str
) -> None:
    refused(text(tmp_path / "list.txt", lines), words)


def test_other_files_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "missing.txt", "can't be read")
    refused(tmp_path, "can't be read")
    refused(text(tmp_path / "utf16.txt", [MD5], "utf-16"), "line 1")
    endless = tmp_path / "endless.bin"
    endless.write_bytes(b"0" * (3 << 20))
    refused(endless, "line 1")
    broken = nsrl(tmp_path / "broken.db")
    broken.write_bytes(broken.read_bytes()[:100] + b"\xff" * 5000)
    refused(broken, "not sound|holds no|no table")


MANY = f"""CREATE TABLE FILE (md5 TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO FILE SELECT '{MD5}' FROM n; INSERT INTO FILE VALUES ('8C736521')"""  # noqa: S608


@pytest.mark.parametrize(
    ("create", "value", "words"),
    [
        ("CREATE TABLE FILE (crc32 TEXT)", "8C736521", "no table"),
        ("CREATE TABLE FILE (md5 TEXT)", ..., "holds no digest"),
        ("CREATE TABLE FILE (sha1 TEXT)", MD5, "no SHA1"),
        ("CREATE TABLE FILE (md5 TEXT)", None, "no MD5"),
        ("CREATE TABLE FILE (md5 BLOB)", bytes.fromhex(MD5), "no MD5"),
        (MANY, ..., "no MD5"),
    ],
)
def test_databases_that_hold_other_things(
    tmp_path: Path, create: str, value: object, words: str
) -> None:
    path = tmp_path / "list.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(create)
        if value is not ...:
            connection.execute("INSERT INTO FILE VALUES (?)", (value,))
    connection.close()
    refused(path, words)


def test_a_column_with_gaps_is_passed_over(tmp_path: Path) -> None:
    """A list that has not every SHA-256 answers by the digest that it does have throughout."""
    path = tmp_path / "list.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE FILE (sha256 TEXT PRIMARY KEY, md5 TEXT)")
        rows = [(by("sha256", d) if n else None, by("md5", d)) for n, d in enumerate(KNOWN)]
        connection.executemany("INSERT INTO FILE VALUES (?, ?)", rows)
    connection.close()
    check(path)
