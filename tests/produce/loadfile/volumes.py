"""A small volume with its load files, to be checked as it is or spoiled."""

from __future__ import annotations

from pathlib import Path

from ediscovery.produce.loadfile.dat_write import write_dat
from ediscovery.produce.loadfile.opt import write_opt
from ediscovery.produce.loadfile.rows import PageRow, Record

FIELDS = (
    "BegBates", "EndBates", "BegAttach", "EndAttach", "ParentBates", "PgCount", "FilePath",
    "NativeLink", "TextLink",
)  # fmt: skip
# Number, pages, first of family, last of family, parent.
DOCUMENTS = (
    (1, 2, 1, 3, 0),
    (3, 1, 1, 3, 1),
    (4, 3, 4, 6, 0),
)


def bates(number: int) -> str:
    return f"ABC{number:06}"


def records() -> list[Record]:
    rows = []
    for first, pages, family, end, parent in DOCUMENTS:
        name = bates(first)
        rows.append(
            Record(
                {
                    "BegBates": name,
                    "EndBates": bates(first + pages - 1),
                    "BegAttach": bates(family),
                    "EndAttach": bates(end),
                    "ParentBates": bates(parent) if parent else "",
                    "PgCount": str(pages),
                    "FilePath": "C:\\Users\\roe\\x.doc",
                    "NativeLink": f"NATIVES\\0001\\{name}.doc",
                    "TextLink": f"TEXT\\0001\\{name}.txt",
                }
            )
        )
    return rows


def pages() -> list[PageRow]:
    return [
        PageRow(
            bates(first + n), "VOL001", f"IMAGES\\0001\\{bates(first + n)}.tif",
            n == 0, count if n == 0 else 0,
        )
        for first, count, *_ in DOCUMENTS
        for n in range(count)
    ]  # fmt: skip


def make(
    place: Path, rows: list[Record] | None = None, images: list[PageRow] | None = None
) -> Path:
    """Write the volume to ``place``, with other rows where they are given; returns its DAT."""
    for folder in ("DATA", "NATIVES/0001", "TEXT/0001", "IMAGES/0001"):
        (place / folder).mkdir(parents=True)
    for record in records():
        for link in ("NativeLink", "TextLink"):
            (place / str(record.fields[link]).replace("\\", "/")).write_text("x")
    for page in pages():
        (place / page.path.replace("\\", "/")).write_bytes(b"x")
    data = place / "DATA" / "VOL001.dat"
    write_dat(data, records() if rows is None else rows, FIELDS, [].append)
    write_opt(data.with_suffix(".opt"), pages() if images is None else images)
    return data
