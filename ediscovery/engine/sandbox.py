"""Runs work units in an isolated parser process, and replaces it when evidence defeats it."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import msgpack

from ediscovery.analyze import language_model
from ediscovery.engine.parser_process import DISK_EXIT, MEMORY_EXIT, PAGE, Page, receive, send
from ediscovery.engine.work import Job, Outcome, Unit
from ediscovery.model import positions
from ediscovery.model.errors import TryAgain
from ediscovery.model.items import COLUMNS
from ediscovery.model.states import State
from ediscovery.model.waiting import readable
from ediscovery.store import records
from ediscovery.store.pack_store import PackStore
from ediscovery.store.packs import finish

CRASHES = 3  # an item is given up after this many crashes; a time-out is final at once
_LOOK_SECONDS = 0.25
_PIPE_BYTES = 1 << 20
_START_SECONDS = 120.0
_PACK = COLUMNS.index("pack")
# How the native build of Tika ends when it is refused memory: exit code, and what it says.
_NATIVE_EXIT, _NATIVE_MEMORY = 99, "java.lang.OutOfMemoryError"


class Sandbox:
    """One parser process at a time, restarted as often as needed. Not safe for threads.

    :meth:`run` never raises because of evidence; it raises :class:`TryAgain` when this machine
    fails (no disk space, the process can't be started) or ``packs`` can't be reached. What is to
    be read from a pack may be copied to the folder ``kept``, which the parser can't change.
    """

    def __init__(
        self,
        job: Job,
        packs: PackStore,
        scratch: Path,
        traces: Path,
        readable: Sequence[Path] = (),
    ) -> None:
        """``scratch``: a folder of this machine; ``traces``: a file that keeps what parsers said
        when they died; ``readable``: what they may read beside the job's folders."""
        self._job, self._packs, self._traces = job, packs, traces
        self._readable = [*job.readable, *map(str, readable)]
        self._limits = job.loaded().limits
        scratch.mkdir(parents=True, exist_ok=True)
        self._scratch = Path(tempfile.mkdtemp(dir=scratch, prefix="parser-"))
        self.kept = Path(tempfile.mkdtemp(dir=scratch, prefix="kept-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._isolation = ""
        handle = os.memfd_create("ediscovery-page")
        os.ftruncate(handle, PAGE)
        self._handle = handle
        self._page = Page(handle)

    def run(self, unit: Unit) -> Outcome:
        """Read ``unit`` to its end, whatever its files do; its pack is in place afterwards."""
        started = time.monotonic()
        pack_name = f"{unit.name}.zip"
        draft = self._scratch / pack_name
        draft.write_bytes(b"")
        state = _Progress()
        tries: dict[str, int] = {}
        poison: dict[str, tuple[str, str, bool]] = {}
        restarts = 0
        while True:
            cpu = self._attempt(unit, draft, pack_name, state, poison)
            if cpu is not None:
                break
            restarts += 1
            position, verdict = self._post_mortem()
            if not position:
                if restarts > CRASHES:
                    raise TryAgain(
                        f"The parser process does not stay up: {verdict[1]}",
                        "Run: ediscovery doctor",
                    )
                continue
            tries[position] = tries.get(position, 0) + 1
            if verdict[0] != State.CRASHED or tries[position] >= CRASHES:
                _blame(poison, position, verdict)
        with open(draft, "r+b") as file:
            file.truncate(state.pack_end)
            file.seek(state.pack_end)
            finish(file, state.directory, state.members)
        pack = self._packs.accept(draft, pack_name)
        if pack.pack != pack_name:  # an interrupted run left other bytes under this one
            state.lie_in(pack.pack)
        return Outcome(
            unit.name, state.batches, state.cuts, state.note, state.items, state.bytes, *pack,
            records.text(state.records), time.monotonic() - started, cpu, restarts, self._isolation,
        )  # fmt: skip

    def close(self) -> None:
        """Stop the parser process and remove its scratch."""
        self._stop()
        for folder in (self._scratch, self.kept):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(self._handle)

    def _attempt(
        self,
        unit: Unit,
        draft: Path,
        pack_name: str,
        state: _Progress,
        poison: dict[str, tuple[str, str, bool]],
    ) -> float | None:
        """Read on from ``state``; CPU seconds when the unit is done, ``None`` when it died."""
        os.truncate(draft, state.pack_end)
        process = self._running()
        assert process.stdin is not None
        request = {
            "unit": unit.packed(), "start": state.start or unit.start, "poison": poison,
            "pack": str(draft), "pack_name": pack_name, "pack_end": state.pack_end,
        }  # fmt: skip
        try:
            send(cast(Any, process.stdin), request)
        except BrokenPipeError:
            return None
        while (message := self._answer(process)) is not None:
            if "cpu" in message:
                return float(message["cpu"])
            state.take(message)
        return None

    def _running(self) -> subprocess.Popen[bytes]:
        """The parser process, started anew when it is dead; a start that fails is tried again."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        for _ in range(CRASHES):
            process = self._start()
            if process is not None:
                return process
        raise TryAgain(
            f"The parser process could not start: {self._log()}", "Run: ediscovery doctor"
        )

    def _start(self) -> subprocess.Popen[bytes] | None:
        environment = {
            k: v for k, v in os.environ.items()
            if k in ("PATH", "LANG", "LC_ALL", "HOME", "TESSDATA_PREFIX", "PYTHONPATH")
        } | {
            "OMP_THREAD_LIMIT": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "TMPDIR": str(self._scratch),
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "ediscovery.engine.parser_process", str(self._handle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(self._scratch / "parser.log", "wb"),  # noqa: SIM115 - the child's
            pass_fds=[self._handle],
            env=environment,
            cwd=self._scratch,
            bufsize=0,  # poll() must see every message
        )
        self._process = process
        with contextlib.suppress(OSError):  # a batch fits, so the parser reads on meanwhile
            fcntl.fcntl(process.stdout.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)  # type: ignore[union-attr]
        self._page.idle()
        job = asdict(self._job) | {"scratch": str(self._scratch)}
        # All parsers of a machine take turns at a Tika server, each worker's place apart or not.
        job["turns"] = str(self._traces.with_name("tika.lock"))
        job["readable"] = [*self._readable, str(self._packs.folder or self.kept)]
        model = language_model.unpacked() if self._job.loaded().language else None
        if model is not None:
            job["readable"].append(str(model))
            job["language_model"] = str(model)
        try:
            send(cast(Any, process.stdin), job)
            ready = self._answer(process, _START_SECONDS)
        except BrokenPipeError:
            ready = None
        if ready is None:
            self._stop()
            return None
        self._isolation = ready["ready"]
        return process

    def _answer(self, process: subprocess.Popen[bytes], patience: float = 0.0) -> Any:
        """The next message; ``None`` when the process died or was killed for reading too long."""
        assert process.stdout is not None
        since = time.monotonic()
        while not readable(process.stdout, _LOOK_SECONDS):
            now = time.monotonic()
            started, untrusted_position, _ = self._page.look()
            if started and now - started > self._limits.wall_seconds:
                self._verdict = (untrusted_position, _slow_verdict(self._limits.wall_seconds))
                process.kill()
            elif resident(process.pid) > self._limits.memory_bytes * 1.1:
                self._verdict = (untrusted_position, _memory_verdict(self._limits.memory_bytes))
                process.kill()
            elif patience and now - since > patience:
                process.kill()
        try:
            return receive(cast(Any, process.stdout))
        except (msgpack.UnpackException, ValueError):
            process.kill()
            return None

    _verdict: tuple[str, tuple[str, str]] | None = None

    def _post_mortem(self) -> tuple[str, tuple[str, str]]:
        """Position that was read when the process died, and what it died of."""
        assert self._process is not None
        code = self._process.wait()
        _, untrusted_position, _ = self._page.look()
        if code == DISK_EXIT:
            self._stop()
            raise TryAgain(
                "This machine's disk is full or read-only.",
                "Free disk space, then run the same command again.",
            )
        if self._verdict is not None:
            untrusted_position, verdict = self._verdict
            self._verdict = None
        elif code == MEMORY_EXIT or (code == _NATIVE_EXIT and _NATIVE_MEMORY in self._log()):
            verdict = _memory_verdict(self._limits.memory_bytes)
        elif code == -signal.SIGXCPU:
            verdict = _slow_verdict(self._limits.cpu_seconds, " of CPU time")
        else:
            verdict = (State.CRASHED, f"Its parser crashed {CRASHES} times ({how(code)}).")
        position = untrusted_position if positions.valid(untrusted_position) else ""
        self._log_line(position, verdict)
        self._stop()
        return position, verdict

    def _log(self) -> str:
        try:
            return (self._scratch / "parser.log").read_text(errors="replace")[-2000:].strip()
        except OSError:
            return ""

    def _log_line(self, position: str, verdict: tuple[str, str]) -> None:
        """Keep the trace of what killed a parser, for whoever mends it."""
        with open(self._traces, "a", errors="backslashreplace") as file:
            file.write(f"{position} {verdict[0]}: {verdict[1]}\n{self._log()}\n")

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except BrokenPipeError:
                        continue
            self._process = None


class _Progress:
    """What a unit has handed over so far; a restarted parser goes on from here."""

    def __init__(self) -> None:
        self.start = self.pack_end = self.members = self.items = self.bytes = 0
        self.directory = bytearray()
        self.batches: list[bytes] = []
        self.records = 0
        self.cuts: list[tuple[list[Any], list[tuple[int, int, Any]]]] = []
        self.note: tuple[str, str] | None = None

    def take(self, message: dict[str, Any]) -> None:
        self.batches.append(message["rows"])
        self.records = records.add(self.records, msgpack.unpackb(message["rows"], raw=False))
        self.directory += message["directory"]
        self.members += message["members"]
        self.items += message["items"]
        self.bytes += message["bytes"]
        self.cuts.extend(message["cuts"])
        self.note = message["note"] or self.note
        self.start, self.pack_end = message["start"], message["pack_end"]

    def lie_in(self, pack: str) -> None:
        """Have the rows name another pack."""
        for number, batch in enumerate(self.batches):
            rows = msgpack.unpackb(batch, raw=False)
            for row in rows:
                row[_PACK] = pack
            self.batches[number] = msgpack.packb(rows, use_bin_type=True)


def _blame(
    poison: dict[str, tuple[str, str, bool]], position: str, verdict: tuple[str, str]
) -> None:
    """Have the item at ``position`` left alone; when that was in vain, what holds it."""
    while position in poison and poison[position][2]:
        position = positions.parent(position)
        if not position:
            raise TryAgain(
                f"The parser process does not stay up: {verdict[1]}", "Run: ediscovery doctor"
            )
    poison[position] = (*verdict, position in poison)


def _slow_verdict(limit: float, of_what: str = "") -> tuple[str, str]:
    return State.TIMEOUT, f"Reading it took more than {limit:g} s{of_what} and was stopped."


def _memory_verdict(limit: int) -> tuple[str, str]:
    return f"{State.LIMIT}:memory", f"Reading it takes more than {limit >> 20} MiB of memory."


def resident(pid: int) -> int:
    """Resident bytes of a process; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * mmap.PAGESIZE
    except (OSError, IndexError):
        return 0


def how(code: int) -> str:
    """How a process ended, from its exit code: the name of a signal, or the code."""
    if code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"
