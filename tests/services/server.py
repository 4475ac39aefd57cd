"""What every server is: installed, started, waited for, asked for its address, stopped."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from tests.services import place
from tests.services.errors import ServiceError


class Server(ABC):
    """One server process with a folder of its own: ``data``, ``pid``, ``port``, and the ``log`` of
    the last start.

    A test that stops and starts a server makes one of its own, with ``folder`` in its scratch
    space; the shared ones are left alone.
    """

    name: str
    # Looks, half a second apart, until it must answer; a cold start on a busy machine is slow.
    patience = 1200
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or place.home() / self.name
        self.data = self.folder / "data"
        self.log = self.folder / "log"

    @abstractmethod
    def install(self) -> None:
        """Bring the programs into the cache, unless they are there."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the data of a first start; called only when :attr:`data` is not there."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    def healthy(self) -> bool:
        """Whether it answers as it should, now."""

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """What the tests look for in the environment."""

    def environment(self) -> Mapping[str, str]:
        """Variables of the server process, beyond the usual ones."""
        return {}

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int((self.folder / "port").read_text())

    @property
    def password(self) -> str:
        """A password for its users; made once, never shown."""
        kept = self.folder / "password"
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(18))
            place.give(kept)
        return kept.read_text()

    def running(self) -> bool:
        """Whether the process that :meth:`start` started is there."""
        return self._leader() != 0

    def start(self) -> None:
        """Start it and wait until it is healthy. Does nothing when it runs.

        Raises :class:`ServiceError` with the end of its log when it dies or takes too long.
        """
        if not self.running():
            self._launch()
        # Looks are counted, not seconds: a machine that slept has not tried.
        looks = 0
        while not self.healthy():
            looks += 1
            if not self.running() or looks > self.patience:
                self.stop()
                end = self.log.read_text(errors="replace")[-2000:]
                raise ServiceError(f"{self.name} did not start; {self.log} ends with:\n{end}")
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop it and all its processes. Does nothing when it is not running."""
        group = self._leader()
        if group:
            os.kill(group, self.stop_signal)
            until = time.monotonic() + 30
            while self.running() and time.monotonic() < until:
                time.sleep(0.1)
            # What the leader left behind, or a leader that does not listen.
            with_children(group, signal.SIGKILL)
        (self.folder / "pid").unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove its data, so that the next start is a first one. The log is kept."""
        place.clear(self.data)

    def run(self, command: list[str], feed: str = "") -> str:
        """Standard output of a command run as the server's user, fed ``feed``."""
        done = subprocess.run(
            place.as_runner(command, self._tmp()), env=self._environment(), cwd=self.folder,
            input=feed, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            said = (done.stdout + done.stderr)[-2000:]
            raise ServiceError(f"{self.name}: {Path(command[0]).name} failed:\n{said}")
        return done.stdout

    def ask(self, url: str, *, ca: Path | None = None, authorization: str = "") -> bool:
        """Whether ``url`` answers 200, asked without any proxy."""
        context = ssl.create_default_context(cafile=ca)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        request = urllib.request.Request(url)  # noqa: S310
        if authorization:
            request.add_header("Authorization", authorization)
        try:
            with opener.open(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _launch(self) -> None:
        place.owned(self.folder)
        kept = self.folder / "port"
        kept.write_text(str(place.free_port(int(kept.read_text()) if kept.exists() else 0)))
        if not self.data.exists():
            self.prepare()
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                place.as_runner(self.command(), self._tmp()), env=self._environment(),
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        (self.folder / "pid").write_text(f"{process.pid} {started(process.pid)}")

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TZ")}
        own = {"HOME": str(self.folder), "TMPDIR": str(self._tmp())}
        return kept | own | dict(self.environment())

    def _tmp(self) -> Path:
        return place.owned(self.folder / "tmp")

    def _leader(self) -> int:
        try:
            number, when = (self.folder / "pid").read_text().split()
        except (FileNotFoundError, ValueError):
            return 0
        return int(number) if started(int(number)) == when else 0


def started(number: int) -> str:
    """When process ``number`` was started, in the kernel's ticks; ``""`` when it is gone.

    A number alone may belong to another process by now.
    """
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] == "Z" else fields[19]


def with_children(group: int, what: signal.Signals) -> None:
    """Signal a process group, if there is any of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, what)
