"""A DAT of a million rows written and read back, each beside a bare loop of the csv module.

Each of the four runs is a process of its own, on one core, that tells its peak of resident memory;
the peak of a tenth of the rows beside it says whether memory grows.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Figure, Settings
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.dat_write import write_dat
from ediscovery.produce.loadfile.rows import Record, Replaced, Value

ROWS = 1_000_000
SECONDS = 60.0
FIELDS = (
    "BegBates", "EndBates", "BegAttach", "EndAttach", "ParentBates", "AttachBates", "Volume",
    "Custodian", "AllCustodians", "RecordType", "From", "To", "CC", "BCC", "Subject", "DateSent",
    "TimeSent", "TimeZone", "FileName", "FileExt", "FilePath", "IntMsgID", "Author", "DateMod",
    "FileSize", "PgCount", "MD5Hash", "NativeLink", "TextLink", "Confidentiality",
)  # fmt: skip


def rows(count: int) -> Iterator[list[str]]:
    """Plausible rows; one in fifty has letters beyond Latin, one in ten a line break."""
    for n in range(count):
        bates = f"ABC{n:09}"
        subject = "Re: settlement and delivery of the remaining goods"
        if n % 50 == 0:
            subject = "Договор поставки – Größe"
        yield [
            bates, bates, bates, bates, "", "", "VOL001", "Roe, Jane", "Roe, Jane;Doe, John",
            "Email", "Jane Roe <jane.roe@example.com>", "John Doe <john.doe@example.com>",
            "Legal <legal@example.com>", "", subject, "05/21/2001 15:48", "03:48 PM", "UTC",
            "one\ntwo" if n % 10 == 0 else "letter.docx", "docx", "", f"<{n}@mail.example.com>",
            "Jane Roe", "05/21/2001 15:40", "18433", "3", f"{n:032x}",
            f"NATIVES\\{n // 500:04}\\{bates}.docx", f"TEXT\\{n // 500:04}\\{bates}.txt",
            "CONFIDENTIAL",
        ]  # fmt: skip


def made(path: Path, count: int) -> int:
    """Nothing but the rows, to be taken off the time of both writers."""
    return sum(len(row) for row in rows(count)) // len(FIELDS)


def written(path: Path, count: int) -> int:
    """The product's writer; a field of each record has several values."""
    told: list[Replaced] = []

    def records() -> Iterator[Record]:
        for row in rows(count):
            fields: dict[str, Value] = dict(zip(FIELDS, row, strict=True))
            fields["AllCustodians"] = ("Roe, Jane", "Doe, John")
            yield Record(fields)

    return write_dat(path, records(), FIELDS, told.append).rows


def read(path: Path, count: int) -> int:
    """The product's reader, dialect and encoding found out."""
    findings: list[object] = []
    return sum(1 for _ in DatFile(path, findings.append))


def csv_written(path: Path, count: int) -> int:
    """The csv module alone, no value looked at."""
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file, delimiter="\x14", quotechar="\xfe", quoting=csv.QUOTE_ALL)
        out.writerow(FIELDS)
        for row in rows(count):
            out.writerow(row)
    return count


def csv_read(path: Path, count: int) -> int:
    """The csv module alone, a dictionary a row."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter="\x14", quotechar="\xfe")
        names = next(reader)
        return sum(1 for row in reader if dict(zip(names, row, strict=True)))


def main() -> None:
    """One run: ``NAME PATH ROWS``; prints wall and CPU seconds and the peak of resident bytes."""
    name, path, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    started, before = time.perf_counter(), time.process_time()
    done = globals()[name](path, count)
    seconds, cpu = time.perf_counter() - started, time.process_time() - before
    if done != count:
        raise SystemExit(f"{name}: {done} of {count} rows")
    print(seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def _once(name: str, path: Path, count: int) -> tuple[float, float, int]:
    call = [sys.executable, "-m", "benchmarks.loadfile", name, str(path), str(count)]
    said = subprocess.run(call, capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), float(said[1]), int(said[2])


def run(settings: Settings) -> None:
    """The lines of the table."""
    count = max(10_000, int(ROWS * settings.scale))
    path, other = settings.scratch / "loadfile.dat", settings.scratch / "loadfile-csv.dat"
    _, rows_alone, _ = _once("made", path, count)
    for ours, theirs, target, what in (
        ("written", "csv_written", path, "written"), ("read", "csv_read", path, "read back"),
    ):  # fmt: skip
        *_, small = _once(ours, settings.scratch / "loadfile-small.dat", count // 10)
        seconds, cpu, peak = _once(ours, target, count)
        _, bare, _ = _once(theirs, other, count)
        if ours == "written":
            cpu, bare = cpu - rows_alone, bare - rows_alone
        limit = SECONDS * count / ROWS
        settings.figures.append(
            Figure(
                f"DAT of {count:,} rows, {len(FIELDS)} fields, {what}", f"at most {limit:.0f} s",
                f"{seconds:.1f} s", seconds <= limit,
                f"one run, CPU {cpu:.1f} s, {cpu / bare:.2f} times a bare csv loop ({bare:.1f} s), "
                f"which looks at no value; {path.stat().st_size / 1e6:,.0f} MB",
            )
        )  # fmt: skip
        settings.figures.append(
            Figure(
                f"the same, peak resident memory against {count // 10:,} rows", "flat",
                f"{small >> 20} -> {peak >> 20} MiB", peak < small + (8 << 20),
            )
        )  # fmt: skip
    for left in (path, other, settings.scratch / "loadfile-small.dat"):
        left.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
