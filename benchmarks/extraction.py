"""Words found and speed of our readers beside Apache Tika's native build, over the corpora.

``python -m benchmarks.extraction --corpora DIR`` prints one line a format: of the distinct words
(``\\w+``, casefolded) that Tika finds in a file with everything inside it, the share that our text
of the file and its children has (names of files inside count on both sides). Files below 0.99 are
listed with the reason from ``extraction_reasons.yaml``. ``--docling`` compares our text of the
docling files with the text that they are expected to have.

Both sides run in a child process that is killed after a time-out: Tika hangs on some files.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import yaml

from benchmarks.measure import machine
from ediscovery.extract import registry
from ediscovery.extract.contract import Budget, Child, Content, Context
from ediscovery.extract.walk import walk
from ediscovery.model.profile import Profile

FOLDERS = ("tika", "poi", "docling", "msoffcrypto", "freeeed", "pypdf")
LEAST = 0.99
TIME_OUT = 60.0
LARGEST = 50 << 20
_WORD = re.compile(r"\w+")
_PASSWORDS = ("password", "Password1234_", "tika", "123456789012345")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_NAMES = {
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/x-tika-ooxml-protected": "encrypted docx, xlsx, pptx",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "xlsb",
    "application/vnd.ms-visio.drawing": "vsdx",
    "application/vnd.ms-xpsdocument": "xps",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.spreadsheet-flat-xml": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.presentation-flat-xml": "odp",
    "application/vnd.oasis.opendocument.graphics": "odg",
    "application/vnd.sun.xml.calc": "sxc, sxd, sxi",
    "application/vnd.sun.xml.draw": "sxc, sxd, sxi",
    "application/vnd.sun.xml.impress": "sxc, sxd, sxi",
}
_READERS = {
    "office.docx": "docx",
    "office.xlsx": "xlsx",
    "office.pptx": "pptx",
    "office.odf": "odt",
    "office.rtf": "rtf",
    "office.metafile": "emf, wmf",
    "office.ole": "other OLE2",
    "mail.eml": "eml",
    "outlook.msg": "msg",
    "tika": "others, read by Tika on both sides",
}


@dataclass(slots=True)
class Row:
    """What is known of one format."""

    files: int = 0
    ratios: list[float] = field(default_factory=list)
    ours_seconds: float = 0.0
    tika_seconds: float = 0.0
    below: list[tuple[str, float, list[str]]] = field(default_factory=list)
    tika_failed: int = 0


class Reader:
    """A child process that reads files by us or by Tika, and is replaced when it hangs."""

    def __init__(self, time_out: float) -> None:
        self._time_out = time_out
        self._start()

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe = ours

    def read(self, by: str, path: Path) -> dict[str, Any]:
        """``words``, ``seconds``, ``kind``, ``state``; or ``error`` alone."""
        self._pipe.send((by, path))
        try:
            if self._pipe.poll(self._time_out):
                return cast(dict[str, Any], self._pipe.recv())
            problem = f"no answer within {self._time_out:.0f} s"
        except (EOFError, ConnectionError):
            problem = "crashed"
        self.close()
        self._start()
        return {"error": problem}

    def close(self) -> None:
        """End the child process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe: Connection) -> None:
    # The parsers under test write their complaints to standard error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with tempfile.TemporaryDirectory() as scratch:
        while True:
            by, path = pipe.recv()
            try:
                pipe.send(_ours(path, Path(scratch)) if by == "us" else _tika(path))
            except Exception as error:
                pipe.send({"error": f"{type(error).__name__}: {error}"[:200]})


def _ours(path: Path, scratch: Path) -> dict[str, Any]:
    context = Context(Profile(), scratch, Budget(1 << 31), passwords=_PASSWORDS)
    texts: list[str] = []
    started = time.perf_counter()
    item = None
    for visit in walk(Child(path.name, Content(path=path), "file"), "a0", path.name, context):
        item = visit.item
        names = (item.metadata.get(name, "") for name in ("embedded_as", "source_path"))
        texts += [visit.text, item.path, item.folder, *map(str, names)]
    seconds = time.perf_counter() - started
    assert item is not None
    own = texts[-5]
    return {
        "words": words("\n".join(texts)),
        "text": own,
        "seconds": seconds,
        "kind": label(item.mime_type),
        "state": item.state,
    }


def _tika(path: Path) -> dict[str, Any]:
    from iscc_tika import Extractor, OfficeParserConfig

    office = OfficeParserConfig().set_include_headers_and_footers(True)
    office = office.set_include_move_from_content(True)
    extractor = Extractor().set_office_config(office).set_extract_string_max_length(100 << 20)
    data = bytearray(path.read_bytes())
    started = time.perf_counter()
    text, _ = extractor.extract_bytes_to_string(data)
    return {"words": words(text), "seconds": time.perf_counter() - started}


def words(text: str) -> set[str]:
    """The distinct words of ``text``."""
    return set(_WORD.findall(text.casefold()))


def label(mime_type: str) -> str:
    """The line of the table that a type belongs to."""
    reader = registry.EXTRACTORS.get(mime_type, "tika").partition(":")[0]
    return _NAMES.get(mime_type) or _READERS.get(reader, reader)


def files(corpora: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    """Distinct files of the corpora, by content, in a fixed order."""
    seen: set[bytes] = set()
    for folder in folders:
        for path in sorted((corpora / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size <= LARGEST:
                digest = hashlib.sha256(path.read_bytes()).digest()
                if digest not in seen:
                    seen.add(digest)
                    yield path


def compare(corpora: Path, folders: tuple[str, ...], wanted: set[str]) -> dict[str, Row]:
    """Every file read by us and by Tika, by format."""
    rows: dict[str, Row] = defaultdict(Row)
    reader = Reader(TIME_OUT)
    try:
        for path in files(corpora, folders):
            if wanted and path.suffix.lower().lstrip(".") not in wanted:
                continue
            ours = reader.read("us", path)
            row = rows[ours.get("kind", "neither")]
            row.files += 1
            theirs = reader.read("tika", path)
            if "error" in theirs:
                row.tika_failed += 1
                continue
            if "error" in ours:
                ours = {"words": set(), "seconds": TIME_OUT}
            row.ours_seconds += ours["seconds"]
            row.tika_seconds += theirs["seconds"]
            missing = theirs["words"] - ours["words"]
            ratio = 1 - len(missing) / len(theirs["words"]) if theirs["words"] else 1.0
            row.ratios.append(ratio)
            if ratio < LEAST:
                found = sorted(missing, key=lambda word: (len(word) < 3, word))
                row.below.append((str(path.relative_to(corpora)), ratio, found))
    finally:
        reader.close()
    return rows


def reasons() -> tuple[dict[str, str], dict[str, str]]:
    """What each known reason says, and the reason of each known file, by name."""
    text = Path(__file__).with_name("extraction_reasons.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    sentences = {key: entry["sentence"] for key, entry in data.items()}
    return sentences, {name: key for key, entry in data.items() for name in entry["files"]}


def report(rows: dict[str, Row]) -> int:
    """Prints the table and the exceptions; the number of files without a reason."""
    sentences, known = reasons()
    print(f"{machine()}\n")
    print("| format | files | words, mean | below 0.99 | without reason | Tika failed |", end="")
    print(" ours, files/s | Tika, files/s |\n|---|---|---|---|---|---|---|---|")
    unexplained = 0
    for kind, row in sorted(rows.items(), key=lambda pair: -pair[1].files):
        strange = [name for name, _, _ in row.below if Path(name).name not in known]
        unexplained += len(strange)
        mean = sum(row.ratios) / len(row.ratios) if row.ratios else 1.0
        count = len(row.ratios)
        print(
            f"| {kind} | {row.files} | {mean:.4f} | {len(row.below)} | {len(strange)} "
            f"| {row.tika_failed} | {_rate(count, row.ours_seconds)} "
            f"| {_rate(count, row.tika_seconds)} |"
        )
    print("\n| file | words | reason |\n|---|---|---|")
    for _, row in sorted(rows.items()):
        for name, ratio, missing in row.below:
            key = known.get(Path(name).name)
            why = key if key else "**none**; missing: " + ", ".join(missing[:12])
            print(f"| {Path(name).name} | {ratio:.3f} | {why} |")
    print()
    for key, sentence in sentences.items():
        print(f"* `{key}`: {sentence}")
    return unexplained


def _rate(count: int, seconds: float) -> str:
    return f"{count / seconds:.0f}" if seconds > 0 else "-"


_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TARGET = re.compile(r"\]\([^()\s]*(?:\([^()]*\))*[^()]*\)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!|~<>$-])")


def expected(markdown: str) -> Counter[str]:
    """The words of a ground truth in Markdown, without its markup and the targets of its links."""
    text = _TARGET.sub("]", _COMMENT.sub(" ", markdown))
    text = html.unescape(_ESCAPE.sub(r"\1", text)).replace("**", "").replace("~~", "")
    return Counter(_WORD.findall(text.casefold()))


def docling(corpora: Path) -> None:
    """Prints recall, precision and F1 of words, as multisets, of the docling files, by format."""
    sums: dict[str, list[tuple[str, float, float]]] = defaultdict(list)
    reader = Reader(TIME_OUT)
    for truth in sorted((corpora / "docling").rglob("groundtruth/*.md")):
        source = truth.parent.parent / "sources" / truth.name[:-3]
        if not source.is_file():
            continue
        wanted = expected(truth.read_text(encoding="utf-8", errors="replace"))
        answer = reader.read("us", source)
        got = Counter(_WORD.findall(answer.get("text", "").casefold()))
        common = sum((wanted & got).values())
        recall = common / wanted.total() if wanted else 1.0
        precision = common / got.total() if got else 1.0
        sums[source.suffix.lstrip(".")].append((source.name, recall, precision))
    reader.close()
    print("| format | files | recall | precision | F1 | lowest recall |\n|---|---|---|---|---|---|")
    for kind, rows in sorted(sums.items()):
        recall = sum(r for _, r, _ in rows) / len(rows)
        precision = sum(p for _, _, p in rows) / len(rows)
        f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
        name, lowest, _ = min(rows, key=lambda row: row[1])
        print(
            f"| {kind} | {len(rows)} | {recall:.4f} | {precision:.4f} | {f1:.4f} "
            f"| {lowest:.3f} ({name}) |"
        )


def main() -> int:
    """Exit code 1 when a file below 0.99 has no reason."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.extraction",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--corpora", type=Path, default=os.environ.get("EDISCOVERY_CORPORA"))
    parser.add_argument("--docling", action="store_true", help="compare with docling's truth")
    parser.add_argument("--folders", nargs="*", default=FOLDERS, help="of the corpora")
    parser.add_argument("--only", nargs="*", default=(), help="extensions, e.g. docx pptx")
    chosen = parser.parse_args()
    if chosen.corpora is None:
        parser.error("set EDISCOVERY_CORPORA or give --corpora")
    if chosen.docling:
        docling(Path(chosen.corpora))
        return 0
    rows = compare(Path(chosen.corpora), tuple(chosen.folders), set(chosen.only))
    return int(report(rows) > 0)


if __name__ == "__main__":
    sys.exit(main())
