"""One large mailbox with attachments, ``list.mbox`` of the corpora."""

from __future__ import annotations

import time
from contextlib import suppress

from benchmarks.mail import ingest
from benchmarks.measure import Figure, Settings, median


def bare(settings: Settings) -> float:
    """GB/h of one bare loop that splits and parses and ignores attachments."""
    from fast_mail_parser import ParseError, parse_email

    started = time.perf_counter()
    data = (settings.corpora / "list.mbox").read_bytes()
    at = 0
    while at < len(data):
        end = data.find(b"\n\nFrom ", at)
        end = len(data) if end < 0 else end + 2
        with suppress(ParseError):  # it refuses a few whole messages
            parse_email(data[data.index(b"\n", at) + 1 : end])
        at = end
    return len(data) / 1e9 / (time.perf_counter() - started) * 3600


def run(settings: Settings) -> None:
    """The line of the table for one mailbox."""
    folder = settings.scratch / "mbox"
    folder.mkdir(exist_ok=True)
    link = folder / "list.mbox"
    if not link.exists():
        link.write_bytes((settings.corpora / "list.mbox").read_bytes())
    size = link.stat().st_size
    seconds, every = median(settings.runs, lambda: ingest(settings, folder)[0])
    rate = size / 1e9 / seconds * 3600
    spread = ", ".join(f"{size / 1e9 / s * 3600:.0f}" for s in every)
    settings.figures.append(
        Figure(
            "list.mbox, 147 MB, 10,354 messages", "40 GB/h", f"{rate:.0f} GB/h", rate >= 40,
            f"runs: {spread}; a bare parsing loop on one core: {bare(settings):.0f} GB/h",
        )
    )  # fmt: skip
