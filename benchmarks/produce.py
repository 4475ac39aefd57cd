"""A production of 10,000 mails to Group IV TIFF, text and load files, and its verification.

The matter is made once and kept in the scratch folder; each run produces from a copy of it. Peer is
a bare loop in one process: MuPDF lays out and draws the mails' text, Pillow writes Group IV.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import mail
from benchmarks.measure import Figure, Run, Settings, ediscovery, median

_MAILS, _BARE = 10_000, 500
_ALL = "type:mail"
_SUBJECT = re.compile(rb"(?im)^(subject:[^\r\n]*)")


def mails(settings: Settings, count: int) -> Path:
    """The mails of :mod:`benchmarks.mail`, each with a subject of its own: copies are left out."""
    folder = settings.scratch / f"produce-mail-{count}"
    if folder.exists():
        return folder
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    for number, path in enumerate(sorted(mail.prepare(settings, count).rglob("*.eml"))):
        place = draft / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        data, found = _SUBJECT.subn(rb"\g<1> %d" % number, path.read_bytes(), count=1)
        (place / path.name).write_bytes(data if found else b"Subject: %d\r\n%b" % (number, data))
    draft.rename(folder)
    return folder


def matter(settings: Settings, count: int) -> Path:
    """A workspace with a matter of ``count`` mails, all coded responsive."""
    home = settings.scratch / f"produce-{count}"
    if home.exists():
        return home
    draft = home.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    ediscovery(draft, "matter", "create", "bench")
    ediscovery(
        draft, "ingest", str(mails(settings, count)), "--matter", "bench", "--custodian",
        "Jane Roe", "--profile", "fast", "--workers", "2",
    )  # fmt: skip
    ediscovery(draft, "code", "bench", "--query", _ALL, "--set", "responsive=yes")
    draft.rename(home)
    return home


def produce(settings: Settings, home: Path, workers: int = 2) -> tuple[Run, int]:
    """One whole ``produce run`` into a new folder, and how many pages it wrote."""
    copy, out = settings.scratch / "produce-home", settings.scratch / "produce-out"
    for folder in (copy, out):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home, copy)
    done = ediscovery(
        copy, "produce", "run", "bench", "--query", _ALL, "--volume", "VOL001", "--out", str(out),
        "--workers", str(workers), "--json", watch=True,
    )  # fmt: skip
    pages: int = json.loads(done.output[done.output.index("{") :])["pages"]
    return done, pages


def bare(settings: Settings, folder: Path) -> float:
    """Pages a second of the bare loop over the first mails of ``folder``."""
    files = sorted(str(path) for path in folder.rglob("*.eml"))[: round(_BARE * settings.scale)]
    started = time.perf_counter()
    loop = subprocess.run(
        [sys.executable, "-m", "benchmarks.produce", str(settings.scratch / "bare.tif")],
        input="\n".join(files), text=True, capture_output=True, check=True,
    )  # fmt: skip
    return int(loop.stdout) / (time.perf_counter() - started)


def _loop(target: str) -> None:
    """The bare loop: text laid out, drawn in grey at 300 dpi, made black and white, Group IV."""
    import pymupdf
    from fast_mail_parser import parse_email
    from PIL import Image

    pages = 0
    paper = pymupdf.paper_rect("letter")
    for name in sys.stdin.read().splitlines():
        text = "\n".join(parse_email(Path(name).read_bytes()).text_plain)
        story = pymupdf.Story()
        story.body.add_paragraph().add_text(text or " ")
        more = 1
        while more:
            more, _ = story.place(pymupdf.Rect(54, 54, paper.x1 - 54, paper.y1 - 54))
            page = pymupdf.DisplayList(pymupdf.mupdf.FzDisplayList(pymupdf.mupdf.FzRect(*paper)))
            device = pymupdf.mupdf.fz_new_list_device(page.this)
            pymupdf.mupdf.fz_draw_story(story.this, device, pymupdf.mupdf.FzMatrix())
            pymupdf.mupdf.fz_close_device(device)
            pixmap = page.get_pixmap(
                matrix=pymupdf.Matrix(300 / 72, 300 / 72), colorspace=pymupdf.csGRAY, alpha=0
            )
            picture = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
            picture.point(lambda grey: 255 * (grey > 127), "1").save(
                target, compression="group4", dpi=(300, 300)
            )
            pages += 1
    print(pages)


def run(settings: Settings) -> None:
    """The lines of the table for productions."""
    count = round(_MAILS * settings.scale)
    home = matter(settings, count)
    loop = bare(settings, mails(settings, count))
    runs: list[Run] = []
    pages = 0

    def once() -> float:
        nonlocal pages
        done, pages = produce(settings, home)
        runs.append(done)
        return done.seconds

    seconds, _ = median(settings.runs, once)
    rate = pages / seconds
    peak = max(done.coordinator_peak for done in runs) / 1e6
    cpu = sum(done.cpu_seconds for done in runs) / len(runs)
    settings.figures.append(
        Figure(
            f"production of {count:,} mails: TIFF, text, DAT, OPT; two processes", "40 pages/s",
            f"{rate:.1f} pages/s", rate >= 40,
            f"{pages:,} pages, {1000 * cpu / pages:.1f} ms CPU each; coordinator {peak:.0f} MB; "
            f"{rate / loop:.2f} of one bare loop ({loop:.1f} pages/s)",
        )
    )  # fmt: skip
    volume = settings.scratch / "produce-out" / "VOL001"
    checked, _ = median(
        settings.runs, lambda: ediscovery(home, "produce", "verify", str(volume)).seconds
    )
    settings.figures.append(
        Figure(
            f"verify of that volume of {count:,} documents", "faster than writing",
            f"{checked:.1f} s", checked < seconds, f"written in {seconds:.1f} s",
        )
    )  # fmt: skip


if __name__ == "__main__":
    _loop(sys.argv[1])
