"""Where the servers live: one folder, the plain user that runs them, free ports."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from tests.services.errors import ServiceError

# Elasticsearch and PostgreSQL refuse to run as root.
USER = "ediscovery-services"


def home() -> Path:
    """The folder of downloads, data, logs: ``$EDISCOVERY_SERVICES`` or one in the cache.

    Root's own cache is closed to the plain user, so for root it lies in ``/var/cache``.
    """
    named = os.environ.get("EDISCOVERY_SERVICES")
    if named:
        return Path(named).resolve()
    cache = Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
    return cache / "ediscovery-services"


def runner() -> pwd.struct_passwd:
    """Who runs the servers: oneself, or for root a plain user that is made when missing."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        add = ["useradd", "--system", "--user-group", "--no-create-home", "--shell"]
        subprocess.run([*add, "/usr/sbin/nologin", USER], check=True, capture_output=True)
        return pwd.getpwnam(USER)


def owned(folder: Path) -> Path:
    """``folder``, made, and the runner's own."""
    folder.mkdir(parents=True, exist_ok=True)
    give(folder)
    return folder


def give(path: Path) -> None:
    """Make ``path`` and all below it the runner's own."""
    if os.geteuid() == 0:
        user = runner()
        for found in [path, *path.rglob("*")]:
            os.chown(found, user.pw_uid, user.pw_gid, follow_symlinks=False)


def as_runner(command: list[str], tmp: Path) -> list[str]:
    """``command`` as the runner runs it. ``tmp`` becomes its ``/tmp`` where that one is closed.

    A Java server that attaches to itself, as Elasticsearch does, needs a writable ``/tmp``; no
    option moves that.
    """
    user = runner()
    if os.geteuid() != 0:
        return command
    drop = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if os.stat("/tmp").st_mode & 0o1002 == 0o1002:
        return [*drop, *command]
    if Path("/tmp") in home().parents:
        raise ServiceError(f"/tmp is closed to plain users and {home()} lies in it; choose another")
    script = 'mount --make-rprivate / && mount --bind "$0" /tmp && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, str(tmp), *drop, *command]


def free_port(wanted: int = 0) -> int:
    """A port of the loopback address that nobody listens on; ``wanted`` when that is free."""
    with socket.socket() as probe:
        # As the servers do it, so that a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clear(folder: Path) -> None:
    """Remove ``folder`` and all below it, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
