"""Plain mail: the FreeEed sample repeated with distinct Message-IDs, from folder to searchable."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measure import Figure, Settings, ediscovery, median

_ID = re.compile(rb"(?im)^(message-id:\s*<)")


def prepare(settings: Settings, count: int) -> Path:
    """A folder of ``count`` mails: the sample's EML files over and over, each with its own id."""
    folder = settings.scratch / f"mail-{count}"
    if folder.exists():
        return folder
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    sources = sorted((settings.corpora / "freeeed").rglob("*.eml"))
    if not sources:
        raise SystemExit("No FreeEed sample in the corpora.")
    datas = [path.read_bytes() for path in sources]
    for n in range(count):
        data, copy = datas[n % len(datas)], n // len(datas)
        data, found = _ID.subn(rb"\g<1>c%d." % copy, data, count=1)
        if not found:
            data = b"Message-ID: <c%d.%d@bench.example>\r\n" % (copy, n) + data
        place = draft / f"{n // 1000:04}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{n:07}.eml").write_bytes(data)
    draft.rename(folder)
    return folder


def ingest(
    settings: Settings, folder: Path, *, watch: bool = False, workers: int = 2
) -> tuple[float, object]:
    """Seconds of one whole ``ediscovery ingest`` of ``folder`` into a new matter, and the run."""
    home = settings.scratch / "home"
    shutil.rmtree(home, ignore_errors=True)
    ediscovery(home, "matter", "create", "bench")
    run = ediscovery(
        home, "ingest", str(folder), "--matter", "bench", "--custodian", "Jane Roe",
        "--profile", "fast", "--workers", str(workers), watch=watch,
    )  # fmt: skip
    sums = json.loads(ediscovery(home, "report", "processing", "bench", "--json").output)
    expected = sum(1 for path in folder.rglob("*") if path.is_file())
    if sums["reconciliation"]["difference"] or sums["source"]["files"] != expected:
        raise SystemExit(f"The sums do not balance: {sums['reconciliation']}")
    if sums["documents"]["indexed"] != sums["documents"]["numbered"]:
        raise SystemExit(f"Not everything is searchable: {sums['documents']}")
    return run.seconds, run


def bare(folder: Path) -> float:
    """Mails a second of two bare loops, one process each, half of ``folder`` for each."""
    files = sorted(str(path) for path in folder.rglob("*.eml"))
    started = time.perf_counter()
    loops = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.mail"], stdin=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for n, loop in enumerate(loops):
        assert loop.stdin is not None
        loop.stdin.write("\n".join(files[n::2]))
        loop.stdin.close()
    for loop in loops:
        if loop.wait():
            raise SystemExit("A bare loop failed.")
    return len(files) / (time.perf_counter() - started)


def _loop() -> None:
    """One bare loop: parse, three hashes, index subject and text. No custody, no catalog."""
    import tempfile

    import tantivy
    from fast_mail_parser import parse_email

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("subject")
    builder.add_text_field("text")
    with tempfile.TemporaryDirectory() as place:
        index = tantivy.Index(builder.build(), path=place)
        writer = index.writer(heap_size=128 << 20, num_threads=1)
        for name in sys.stdin.read().splitlines():
            data = Path(name).read_bytes()
            mail = parse_email(data)
            for algorithm in (hashlib.md5, hashlib.sha1, hashlib.sha256):
                algorithm(data).hexdigest()
            writer.add_document(
                tantivy.Document(subject=mail.subject, text="\n".join(mail.text_plain))
            )
        writer.commit()


def run(settings: Settings) -> None:
    """Both lines of the table for plain mail."""
    count = int(50_000 * settings.scale)
    folder = prepare(settings, count)
    seconds, all_runs = median(settings.runs, lambda: ingest(settings, folder)[0])
    loops, _ = median(settings.runs, lambda: bare(folder))
    rate = count / seconds
    spread = ", ".join(f"{count / s:,.0f}" for s in all_runs)
    settings.figures.append(
        Figure(
            f"plain mail, {count:,} EML, folder to searchable", "2,000 documents/s",
            f"{rate:,.0f} documents/s", rate >= 2000, f"runs: {spread}",
        )
    )  # fmt: skip
    share = rate / loops
    settings.figures.append(
        Figure(
            "the same, as a share of two bare loops", "16%", f"{share:.0%}", share >= 0.16,
            f"two bare loops: {loops:,.0f} mails/s",
        )
    )  # fmt: skip


if __name__ == "__main__":
    _loop()
