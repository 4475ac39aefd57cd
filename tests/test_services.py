"""What starts the servers of the tests, on a small server of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import fetch, place, server
from tests.services.__main__ import SERVERS, env
from tests.services.errors import ServiceError
from tests.services.server import Server


class Web(Server):
    """Python's own web server, with a child that must not outlive it."""

    name = "web"
    code = (
        "import http.server, subprocess, sys\n"
        "subprocess.Popen(['sleep', '600'])\n"
        "handler = http.server.SimpleHTTPRequestHandler\n"
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), handler).serve_forever()\n"
    )

    def install(self) -> None:
        """It is there."""

    def prepare(self) -> None:
        place.owned(self.data)
        (self.data / "made").touch()

    def command(self) -> list[str]:
        return [self.program, "-c", self.code, str(self.port)]

    @property
    def program(self) -> str:
        """A Python that any user may run."""
        return "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable

    def healthy(self) -> bool:
        return self.ask(f"http://127.0.0.1:{self.port}/")

    def variables(self) -> dict[str, str]:
        return {"EDISCOVERY_TEST_WEB": f"http://127.0.0.1:{self.port}/it's"}


class Dies(Web):
    name = "dies"
    code = "import sys; sys.exit('the cable is not plugged in')"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the servers that their user may reach."""
    folder = Path("/var/tmp") / f"ediscovery-services-{os.getpid()}"
    monkeypatch.setenv("EDISCOVERY_SERVICES", str(folder))
    folder.mkdir()
    yield folder
    place.clear(folder)


def group(leader: int) -> list[str]:
    """The commands of a process group that still run."""
    said = subprocess.run(["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=True)
    lines = [line for line in said.stdout.splitlines() if "<defunct>" not in line]
    return [line for line in lines if line.split()[0] == str(leader)]


def test_it_starts_once_answers_and_stops_with_its_children(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web = Web()
    assert not web.running()
    web.start()
    leader = int((web.folder / "pid").read_text().split()[0])
    try:
        assert web.running()
        assert (web.data / "made").exists()
        assert len(group(leader)) >= 2
        web.start()
        assert int((web.folder / "pid").read_text().split()[0]) == leader
        assert env([web, Dies()]) == 0
        line = capsys.readouterr().out
        shell = subprocess.run(
            ["sh", "-c", f'{line}printf %s "$EDISCOVERY_TEST_WEB"'],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert shell.stdout == web.variables()["EDISCOVERY_TEST_WEB"]
        if os.geteuid() == 0:
            assert Path(f"/proc/{leader}").stat().st_uid == place.runner().pw_uid
    finally:
        web.stop()
    assert not web.running()
    assert group(leader) == []
    assert env([web]) == 1


def test_data_and_port_outlive_a_stop_until_they_are_forgotten(home: Path) -> None:
    web = Web()
    web.start()
    port = web.port
    web.stop()
    web.start()
    try:
        assert web.port == port
    finally:
        web.stop()
    web.forget()
    assert not web.data.exists()
    assert web.log.exists()


def test_one_that_dies_says_what_its_log_says(home: Path) -> None:
    with pytest.raises(ServiceError, match="the cable is not plugged in"):
        Dies().start()
    assert not Dies().running()


def test_one_that_hangs_is_given_up_and_stopped(home: Path) -> None:
    web = Web()
    web.healthy = lambda: False  # type: ignore[method-assign]
    web.patience = 3
    with pytest.raises(ServiceError, match="did not start"):
        web.start()
    assert not web.running()


def test_a_process_that_took_the_number_is_left_alone(home: Path) -> None:
    web = Web()
    web.folder.mkdir()
    other = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        (web.folder / "pid").write_text(f"{other.pid} 1")
        assert not web.running()
        web.stop()
        time.sleep(0.1)
        assert other.poll() is None
        (web.folder / "pid").write_text(f"{other.pid} {server.started(other.pid)}")
        assert web.running()
    finally:
        os.killpg(other.pid, signal.SIGKILL)
        other.wait()


def test_a_file_with_another_hash_is_refused(home: Path) -> None:
    path = fetch.cache() / "maven" / "thing-1.jar"
    path.parent.mkdir()
    path.write_bytes(b"not it")
    program = home / "mvn"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{home}:{before}"
    try:
        with pytest.raises(ServiceError, match="SHA-256"):
            fetch.maven("some.group:thing:1:jar", "0" * 64)
    finally:
        os.environ["PATH"] = before
    assert not (fetch.cache() / "thing-1.jar").exists()


def test_each_server_has_a_name_of_its_own() -> None:
    assert len({made.name for made in SERVERS}) == len(SERVERS) == 5
