"""Pages to Group IV TIFF against Ghostscript.

Ghostscript (``gs -sDEVICE=tiffg4 -r300``) gets the same pages, one file a page as a production
needs them, with as many processes. Ours are endorsed, written to files, their text too.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, Settings, median

_PAGES, _MOST_OF_ONE = 150, 5


def run(settings: Settings) -> None:
    """Adds the figures of rendering."""
    out = settings.scratch / "render"
    out.mkdir(parents=True, exist_ok=True)
    tool = shutil.which("gs")
    if tool is None:
        settings.figures.append(
            Figure(
                "PDF pages to TIFF",
                "Ghostscript's rate",
                "no gs (apt-get install ghostscript)",
                None,
            )
        )
        return
    files = _pdfs(settings.corpora, out, round(_PAGES * settings.scale))
    count = sum(number for _, number in files)
    rates: dict[str, float] = {}
    for name, once in (
        ("gs", lambda: _ghostscript(tool, files, out)),
        ("one", lambda: _ours(files, out, 1)),
        ("two", lambda: _ours(files, out, 2)),
    ):
        seconds, _ = median(settings.runs, once)
        rates[name] = count / seconds
    detail = f"{count} pages of {len(files)} files; Ghostscript {rates['gs']:.1f} pages/s"
    for name, label, least in (("one", "one process", 1.0), ("two", "two processes", 1.5)):
        ratio = rates[name] / rates["gs"]
        settings.figures.append(
            Figure(
                f"PDF pages to endorsed TIFF, {label}, against one Ghostscript",
                f">= {least:.1f}x",
                f"{ratio:.2f}x ({rates[name]:.1f} pages/s)",
                ratio >= least,
                detail,
            )
        )


def _pdfs(corpora: Path, out: Path, wanted: int) -> list[tuple[Path, int]]:
    """Files and their pages, at most a few of each file, that both programs can open."""
    from ediscovery.extract.pdf.library import mupdf
    from ediscovery.model.errors import EvidenceError

    library = mupdf()
    found: list[tuple[Path, int]] = []
    total = 0
    for path in sorted(corpora.rglob("*.pdf")):
        if total >= wanted:
            break
        try:
            with library.open(path) as document:
                sides = [max(p.rect.width, p.rect.height) for p in document]
                if document.needs_pass or document.is_repaired or not sides or max(sides) > 1500:
                    continue
                last = min(len(sides), _MOST_OF_ONE)
        except Exception:
            continue
        command = _gs_command(shutil.which("gs") or "gs", path, out / "try%d.tif", last)
        try:
            done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        except subprocess.TimeoutExpired:
            continue
        try:
            _pdf_task(([(path, last)], out / "try"))
        except EvidenceError:
            continue
        if done.returncode == 0 and (out / f"try{last}.tif").exists():
            found.append((path, last))
            total += last
        for made in out.glob("try*.tif"):
            made.unlink()
    return found


def _gs_command(tool: str, path: Path, target: Path, last: int) -> list[str]:
    return [
        tool, "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffg4", "-r300",
        "-dFirstPage=1", f"-dLastPage={last}", f"-sOutputFile={target}", str(path),
    ]  # fmt: skip


def _ghostscript(tool: str, files: list[tuple[Path, int]], out: Path) -> float:
    """Seconds of one Ghostscript at a time, a file a call."""
    started = time.perf_counter()
    for path, last in files:
        subprocess.run(
            _gs_command(tool, path, out / "gs%d.tif", last), capture_output=True, check=True
        )
    return time.perf_counter() - started


def _ours(files: list[tuple[Path, int]], out: Path, processes: int) -> float:
    tasks = [([file], out / f"p{number}") for number, file in enumerate(files)]
    started = time.perf_counter()
    done = sum(_spread(_pdf_task, tasks, processes))
    seconds = time.perf_counter() - started
    assert done == sum(count for _, count in files), done
    return seconds


def _spread(task: Any, tasks: list[Any], processes: int) -> Iterable[int]:
    context = get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return list(pool.map(task, tasks))


def _pdf_task(task: tuple[list[tuple[Path, int]], Path]) -> int:
    from ediscovery.extract.contract import Content
    from ediscovery.produce.render.documents import open_pages

    files, out = task
    done = 0
    for path, last in files:
        with open_pages(Content(path=path), "application/pdf", _context(out), _bitonal()) as pages:
            done += sum(
                _write(pages.page(number), out, done + number) for number in range(1, last + 1)
            )
    return done


def _context(out: Path) -> Any:
    from ediscovery.extract.contract import Budget, Context
    from ediscovery.model.profile import Profile

    out.mkdir(exist_ok=True)
    return Context(Profile(), out, Budget(1 << 40))


def _bitonal() -> Any:
    from ediscovery.produce.render.pages import Rendering

    return Rendering(colour_share=None)


def _write(page: Any, out: Path, number: int) -> int:
    from ediscovery.produce.render import image_files
    from ediscovery.produce.render.endorse import Endorsement
    from ediscovery.produce.render.finish import finish

    endorsements = [
        Endorsement("foot-right", f"BENCH-{number:08d}"), Endorsement("foot-left", "CONFIDENTIAL"),
    ]  # fmt: skip
    made = finish(page, _bitonal(), _context(out), endorsements)
    (out / f"{number % 50}.tif").write_bytes(image_files.tiff(made.raster))
    (out / f"{number % 50}.txt").write_text(made.text, encoding="utf-8", errors="replace")
    return 1
