"""Apache Tika's test files through the embedded build and through a server, by the same client.

    EDISCOVERY_TIKA_JAR=tika-server-standard-3.2.2.jar python -m benchmarks tika

Every file is read as if no reader of ours took it, by two processes at once. The server is started
again whenever it dies or does not answer, as a supervisor does. What ours got no text of is then
sent by a plain client, alone, each file that failed to a fresh server: what that reads, ours has
lost.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.measure import Figure, Settings
from ediscovery.extract import tika, tika_server
from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Limits, Profile

VARIABLE = "EDISCOVERY_TIKA_JAR"
PROCESSES = 2
SECONDS = 60.0  # that a reader may take for one file
SMALL = 100_000  # bytes
HEAP = "1g"  # of the server
_PATIENCE = 20 * SECONDS  # for restarts, and turns alone, of files before
_START_SECONDS = 120.0
# A server that does not answer so many times, each within seconds and as far apart, is killed.
_FIRST_LOOKS, _LOOKS, _LOOK_SECONDS = 24, 5, 5.0
_WORD = re.compile(r"\w+")


class Server:
    """A Tika server on a port of its own, started again whenever it ends."""

    def __init__(self, jar: str, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self.address = f"127.0.0.1:{self._port}"
        self.starts = 0
        self._command = ["java", "-jar", jar, "-h", "127.0.0.1", "-p", str(self._port)]
        self._log = log
        self._done = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise)
        self._thread.start()
        self.wait()

    def _supervise(self) -> None:
        with self._log.open("ab") as log:
            while not self._done.is_set():
                self.starts += 1
                self._process = subprocess.Popen(
                    self._command, env=os.environ | {"JAVA_TOOL_OPTIONS": f"-Xmx{HEAP}"},
                    stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
                looks = _FIRST_LOOKS
                while self._process.poll() is None and self._well(looks):
                    looks = _LOOKS
                    if self._done.wait(1.0):
                        break
                _kill(self._process)

    def _well(self, looks: int) -> bool:
        """Whether it answers, if slowly. Short of memory it may not, and never die of it either."""
        for _ in range(looks):
            if self._process is None or self._process.poll() is not None:
                return False
            try:
                send(self.address, "GET", "/version", seconds=_LOOK_SECONDS)
            except (OSError, http.client.HTTPException):
                if self._done.wait(_LOOK_SECONDS):
                    return True
            else:
                return True
        return False

    def wait(self) -> None:
        """Return when it is healthy."""
        ends = time.monotonic() + _START_SECONDS
        while True:
            try:
                send(self.address, "GET", "/version")
                return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > ends:
                    raise
                time.sleep(0.2)

    def close(self) -> None:
        """Stop it for good."""
        self._done.set()
        self._thread.join()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a server with the child that it forks."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def server(jar: str, log: Path) -> Iterator[Server]:
    """A supervised server for as long as the block runs."""
    running = Server(jar, log)
    try:
        yield running
    finally:
        running.close()


@dataclass
class Read:
    """What one way made of one file: state, message, text, seconds."""

    state: str
    message: str = ""
    text: str = ""
    seconds: float = 0.0


def read_all(files: list[Path], by: str, scratch: Path) -> tuple[list[Read], float]:
    """Every file by ``by`` (as a profile's ``tika``), by several processes; and the seconds."""
    found = [Read("")] * len(files)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(files)):
        waiting.put(number)

    def drive() -> None:
        child = _Child(by, scratch)
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                break
            found[number] = child.read(files[number])
        child.close()

    threads = [threading.Thread(target=drive) for _ in range(PROCESSES)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found, time.perf_counter() - started


class _Child:
    """A process that reads, replaced when it hangs or dies."""

    def __init__(self, by: str, scratch: Path) -> None:
        self._by, self._scratch = by, scratch
        self._patience = SECONDS if by == "embedded" else _PATIENCE
        self._start()

    def _start(self) -> None:
        self._pipe, theirs = Pipe()
        self._process = Process(target=_serve, args=(theirs, self._by, self._scratch), daemon=True)
        self._process.start()
        theirs.close()

    def read(self, path: Path) -> Read:
        self._pipe.send(path)
        try:
            if self._pipe.poll(self._patience):
                answer: Read = self._pipe.recv()
                return answer
            answer = Read("timeout")
        except (EOFError, ConnectionError):
            answer = Read("crashed")
        self.close()
        self._start()
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe: Connection, by: str, scratch: Path) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the native build complains there
    profile = Profile(tika=by, limits=replace(Limits(), wall_seconds=SECONDS))
    if by != "embedded":
        tika_server.join(by, scratch / "tika.lock", lambda seconds: None)
    while True:
        path: Path = pipe.recv()
        started = time.perf_counter()
        try:
            context = Context(profile, scratch, Budget(1 << 31), name=path.name)
            answer = tika.ask(Content(path=path), context)
            read = Read("ok", text=f"{answer.text}\n{answer.inner_text}".strip())
        except EvidenceError as error:
            read = Read(error.state, error.message)
        read.seconds = time.perf_counter() - started
        pipe.send(read)


def send(
    address: str, method: str, path: str, body: bytes = b"", *, seconds: float | None = None
) -> bytes:
    """What a client that knows nothing is answered; raises for any status but 200."""
    headers = {
        "Accept": "*/*" if method == "GET" else "application/json",
        "Content-Type": "application/octet-stream",
        "X-Tika-OCRskipOcr": "true",  # as ours asks
    }
    with contextlib.closing(
        http.client.HTTPConnection(address, timeout=seconds or SECONDS)
    ) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise http.client.HTTPException(f"status {answer.status}")
        return answer.read()


def plain(address: str, path: Path) -> str:
    """The text that the server gives to a plain client; empty when it fails."""
    try:
        documents = json.loads(send(address, "PUT", "/rmeta/text", path.read_bytes()))
    except (OSError, http.client.HTTPException, ValueError):
        return ""
    if not documents or "X-TIKA:EXCEPTION:container_exception" in documents[0]:
        return ""
    return "\n".join(str(d.get("X-TIKA:content") or "").strip() for d in documents).strip()


def lost(files: list[Path], found: list[Read], jar: str, log: Path) -> list[Path]:
    """The files of which ``found`` has no text though the server gives it to a plain client.

    Each that failed has a fresh server to itself; those that were read, and empty, share one.
    """
    silent = [(path, read) for path, read in zip(files, found, strict=True) if not read.text]
    missing = []
    with server(jar, log) as shared:
        for path, read in silent:
            if read.state == "ok":
                shared.wait()
                if plain(shared.address, path):
                    missing.append(path)
    for path, read in silent:
        if read.state != "ok":
            with server(jar, log) as fresh:
                if plain(fresh.address, path):
                    missing.append(path)
    return missing


def words(text: str) -> Counter[str]:
    """The words of ``text`` as a multiset."""
    return Counter(_WORD.findall(text.casefold()))


def share(of: list[Read], has: list[Read]) -> float:
    """How much of the words in ``of`` stand in ``has``, over the files that both read."""
    wanted = common = 0
    for one, other in zip(of, has, strict=True):
        if one.state == other.state == "ok":
            mine = words(one.text)
            wanted += mine.total()
            common += (mine & words(other.text)).total()
    return common / wanted if wanted else 1.0


def small(files: list[Path], found: list[Read]) -> float:
    """Median milliseconds of the small files that were read."""
    pairs = zip(files, found, strict=True)
    return 1000 * statistics.median(
        read.seconds for path, read in pairs if read.state == "ok" and path.stat().st_size <= SMALL
    )


def run(settings: Settings) -> None:
    """Both ways over the same files; the figures join those of ``settings``."""
    jar = os.environ.get(VARIABLE)
    if not jar:
        settings.figures.append(
            Figure("Tika, embedded or server", "", "left out", None, f"{VARIABLE} is not set")
        )
        return
    files = sorted(p for p in (settings.corpora / "tika").rglob("*") if p.is_file())
    files = files[: max(1, int(len(files) * settings.scale))]
    scratch = Path(tempfile.mkdtemp(dir=settings.scratch, prefix="tika-"))
    log = scratch / "server.log"
    embedded, embedded_seconds = read_all(files, "embedded", scratch)
    with server(jar, log) as running:
        served, served_seconds = read_all(files, f"http://{running.address}", scratch)
        starts = running.starts
    missing = lost(files, served, jar, log)
    report(settings, files, (embedded, embedded_seconds), (served, served_seconds), missing, starts)


def report(
    settings: Settings,
    files: list[Path],
    by_embedded: tuple[list[Read], float],
    by_server: tuple[list[Read], float],
    missing: list[Path],
    starts: int,
) -> None:
    """Adds the figures, and leaves what became of each file in the scratch folder."""
    embedded, served = by_embedded[0], by_server[0]
    for what, (found, seconds) in (("embedded", by_embedded), ("server", by_server)):
        states = Counter(read.state for read in found)
        settings.figures += [
            Figure(
                f"Tika, {what}: files read, of {len(files):,}", "", f"{states.pop('ok', 0):,}",
                None, ", ".join(f"{state} {count}" for state, count in states.most_common()),
            ),
            Figure(
                f"Tika, {what}: files/s by {PROCESSES} processes", "",
                f"{len(files) / seconds:.1f}", None,
                f"a small file: median {small(files, found):.0f} ms",
            ),
        ]  # fmt: skip
    settings.figures += [
        Figure(
            "Tika: embedded's words that the server has", "", f"{share(embedded, served):.2%}",
            None, f"of the server's words embedded has {share(served, embedded):.2%}",
        ),
        Figure(
            "Tika, server: lost, though it reads them alone", "0", str(len(missing)),
            not missing,
            ", ".join(p.name for p in missing) or f"the server process was started {starts} times",
        ),
    ]  # fmt: skip
    details = [
        {"file": str(path.relative_to(settings.corpora)), "embedded": a.state, "server": b.state,
         "embedded_chars": len(a.text), "server_chars": len(b.text), "message": b.message,
         "embedded_seconds": round(a.seconds, 3), "server_seconds": round(b.seconds, 3)}
        for path, a, b in zip(files, embedded, served, strict=True)
    ]  # fmt: skip
    (settings.scratch / "tika-files.json").write_text(json.dumps(details, indent=0))
