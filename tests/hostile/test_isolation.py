"""What a parser process can't do, tried from inside one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from ediscovery.engine import isolation

WHO = [None, 65534] if os.getuid() == 0 else [None]  # as oneself, and as nobody


def inside(tmp_path: Path, code: str, *, port: int | None = None, uid: int | None = None) -> str:
    """What ``code`` prints after a process has isolated itself; each line is one statement."""
    source, scratch = tmp_path / "source", tmp_path / "scratch"
    for place in (source, scratch):
        place.mkdir(exist_ok=True)
    (source / "evidence.txt").write_text("evidence")
    (tmp_path / "secret.txt").write_text("secret")
    if uid is not None:
        os.chown(scratch, uid, uid)
        for place in tmp_path.parents:
            if place.stat().st_uid == os.getuid() and place != Path("/"):
                place.chmod(0o755)
        tmp_path.chmod(0o755)
    program = (
        "import encodings.idna, os, socket, sys\n"
        "from ediscovery.engine import isolation\n"
        + (f"os.setgroups([]); os.setgid({uid}); os.setuid({uid})\n" if uid is not None else "")
        + f"held = isolation.isolate([{str(source)!r}], [{str(scratch)!r}], port={port})\n"
        "def tried(action):\n"
        "    try:\n"
        "        print(action())\n"
        "    except OSError as error:\n"
        "        print(type(error).__name__)\n"
        "print(held)\n" + code
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def listener() -> object:
    """A server on loopback that says hello; yields its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            client.sendall(b"hello")
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


@pytest.mark.parametrize("uid", WHO)
def test_no_network(tmp_path: Path, listener: int, uid: int | None) -> None:
    said = inside(
        tmp_path,
        f"tried(lambda: socket.create_connection(('127.0.0.1', {listener}), 2).recv(9))\n"
        "udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "tried(lambda: udp.sendto(b'x', ('127.0.0.1', 53)))\n"
        "tried(lambda: udp.sendto(b'x', ('192.0.2.1', 53)))\n"
        "tried(lambda: socket.create_connection(('::1', 53), 2))\n"
        "tried(lambda: socket.getaddrinfo('example.com', 80))\n",
        uid=uid,
    ).splitlines()
    assert said[0] == "network, files, resources"
    assert len(said) == 6
    assert all(line.endswith(("Error", "error", "gaierror")) for line in said[1:]), said


def test_a_tika_server_and_nothing_else_is_reached(tmp_path: Path, listener: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = inside(
            tmp_path,
            f"tried(lambda: socket.create_connection(('127.0.0.1', {listener}), 2).recv(9))\n"
            f"tried(lambda: socket.create_connection(('127.0.0.1', {other.getsockname()[1]}), 2))\n"
            "tried(lambda: socket.create_server(('127.0.0.1', 0)))\n",
            port=listener,
        ).splitlines()
    assert said == ["tcp, files, resources", "b'hello'", "PermissionError", "PermissionError"]


@pytest.mark.parametrize("uid", WHO)
def test_no_files_but_sources_and_scratch(tmp_path: Path, uid: int | None) -> None:
    said = inside(
        tmp_path,
        "tried(lambda: open('source/evidence.txt').read())\n"
        "tried(lambda: open('scratch/new.txt', 'w').write('x'))\n"
        "tried(lambda: os.mkdir('scratch/folder'))\n"
        "print('refused:')\n"
        "tried(lambda: open('secret.txt').read())\n"
        "tried(lambda: open('source/evidence.txt', 'a'))\n"
        "tried(lambda: open('source/new.txt', 'w'))\n"
        "tried(lambda: os.unlink('source/evidence.txt'))\n"
        "tried(lambda: os.rename('source/evidence.txt', 'source/moved.txt'))\n"
        "tried(lambda: os.truncate('source/evidence.txt', 0))\n"
        "tried(lambda: os.mkdir('source/folder'))\n"
        "tried(lambda: os.symlink('/etc/passwd', 'source/link'))\n"
        "tried(lambda: os.mkfifo('source/pipe'))\n"
        "tried(lambda: open('outside.txt', 'w'))\n"
        "tried(lambda: open('/var/tmp/ediscovery-outside', 'w'))\n"
        "tried(lambda: os.listdir('/'))\n"
        "tried(lambda: open('/etc/passwd').read())\n"
        "tried(lambda: open('/etc/hostname').read())\n"
        "tried(lambda: os.listdir('/root'))\n"
        "tried(lambda: os.listdir('/home'))\n"
        "os.symlink('../secret.txt', 'scratch/soft')\n"
        "tried(lambda: open('scratch/soft').read())\n"
        "tried(lambda: open(f'/proc/{os.getppid()}/environ').read())\n"
        "tried(lambda: open(f'/proc/{os.getppid()}/cmdline').read())\n"
        "tried(lambda: open(f'/proc/{os.getppid()}/root/etc/passwd').read())\n",
        uid=uid,
    )
    allowed, refused = said.split("refused:\n")
    assert allowed.splitlines() == ["network, files, resources", "evidence", "1", "None"]
    assert set(refused.splitlines()) == {"PermissionError"}, refused
    assert len(refused.splitlines()) == 20
    assert (tmp_path / "source" / "evidence.txt").read_text() == "evidence"


@pytest.mark.parametrize("uid", WHO)
def test_the_temporary_folder_is_its_own(uid: int | None) -> None:
    """Sources below /tmp stay where they are, read only, although /tmp is a part of scratch."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        _temporary_folder(Path(place), uid)


def _temporary_folder(tmp_path: Path, uid: int | None) -> None:
    said = inside(
        tmp_path,
        "tried(lambda: open('/tmp/ediscovery-temporary', 'w').write('x'))\n"
        f"tried(lambda: open('{tmp_path}/source/evidence.txt').read())\n"
        f"tried(lambda: open('{tmp_path}/scratch/abc', 'w').write('abc'))\n"
        "print('refused:')\n"
        f"tried(lambda: open('{tmp_path}/secret.txt').read())\n"
        f"tried(lambda: open('{tmp_path}/source/evidence.txt', 'a'))\n"
        f"tried(lambda: open('{tmp_path}/source/new', 'w'))\n"
        f"tried(lambda: os.unlink('{tmp_path}/source/evidence.txt'))\n"
        f"tried(lambda: os.chmod('{tmp_path}/source/evidence.txt', 0o777))\n"
        f"tried(lambda: os.utime('{tmp_path}/source/evidence.txt'))\n",
        uid=uid,
    )
    allowed, refused = said.split("refused:\n")
    assert allowed.splitlines()[1:] == ["1", "evidence", "3"]
    assert refused.splitlines()[0] == "FileNotFoundError"
    assert set(refused.splitlines()[1:]) <= {"OSError", "PermissionError"}
    assert not Path("/tmp/ediscovery-temporary").exists()
    assert (tmp_path / "scratch" / "abc").read_text() == "abc"
    assert (tmp_path / "scratch" / "tmp" / "ediscovery-temporary").read_text() == "x"
    assert str(tmp_path) not in Path("/proc/mounts").read_text()


def test_what_extractors_need_is_left(tmp_path: Path) -> None:
    """Libraries are imported late, with all of it applied."""
    said = inside(
        tmp_path,
        "import lxml.etree, pymupdf, PIL.Image, selectolax, sqlite3, ssl, tempfile, zoneinfo\n"
        "from ediscovery.extract import registry, text, html\n"
        "from ediscovery.model.resources import resource\n"
        "print(zoneinfo.ZoneInfo('Europe/Berlin'))\n"
        "print(len(resource('schemas', 'profile.json').read_text()) > 100)\n"
        "print(tempfile.mkstemp(dir='scratch')[0] > 0)\n"
        "from iscc_tika import Extractor\n"
        "found = Extractor().extract_bytes_to_string(bytearray(b'<?xml version=\"1.0\"?><a>x</a>'))"
        "\n"
        "print(found[0].strip())\n",
    )
    assert said.splitlines()[1:] == ["Europe/Berlin", "True", "True", "x"]


def test_the_kernel_is_described(tmp_path: Path) -> None:
    assert isolation.landlock_version() >= 4
