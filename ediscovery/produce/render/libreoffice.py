"""Runs LibreOffice: one file in, one file of another format out, nothing left behind.

A process with a profile of its own that is thrown away: macros off, links not followed, no network
where the system allows that. It dies with the process that started it, however that ends; the
caller's sandbox bounds its memory and time as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from functools import cache
from pathlib import Path

from ediscovery.engine.isolation import die_with_parent
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_SETTINGS = {
    "/org.openoffice.Office.Common/Security/Scripting": {
        "MacroSecurityLevel": "3", "DisableMacrosExecution": "true",
        "DisableActiveContent": "true", "BlockUntrustedRefererLinks": "true",
    },
    "/org.openoffice.Office.Writer/Content/Update": {"Link": "0"},
    "/org.openoffice.Office.Calc/Content/Update": {"Link": "2"},
    "/org.openoffice.Inet/Settings": {"ooInetProxyType": "0"},
    "/org.openoffice.Office.Common/Misc": {"UseLocking": "false"},
}  # fmt: skip
_AGAIN = 81  # its exit code when it has set up its profile and wants to be started anew


@cache
def program() -> str | None:
    """LibreOffice's command, ``None`` when it is not installed.

    The program itself, where it lies beside the usual command: that one starts it as a process of
    its own, which would go on when the command is killed.
    """
    command = shutil.which("soffice") or shutil.which("libreoffice")
    if command is None:
        return None
    itself = Path(command).resolve().with_name("soffice.bin")
    return str(itself) if itself.is_file() else command


@cache
def _shut_off() -> tuple[str, ...]:
    """What goes before the command so that it has no network, where the system allows it.

    A change of namespace undoes that it dies with its parent, so that is asked for once more.
    """
    unshare, setpriv = shutil.which("unshare"), shutil.which("setpriv")
    if unshare is None or setpriv is None:
        return ()
    dying = (setpriv, "--pdeathsig", "KILL")
    for options in (("--net",), ("--user", "--map-root-user", "--net")):
        command = (unshare, *options, *dying)
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return ()


def converted(source: Path, target: str, folder: Path, seconds: float) -> bytes:
    """The file ``source`` as LibreOffice writes it: ``target`` is an ending, or an ending and a
    filter with its options (``pdf:calc_pdf_Export:{…}``). ``folder`` is scratch.

    Raises ``EvidenceError``: ``unsupported`` where LibreOffice is not installed, ``timeout`` after
    ``seconds``, ``corrupt`` when it makes nothing of the file.
    """
    command = program()
    if command is None:
        raise EvidenceError(State.UNSUPPORTED, "LibreOffice, which shows it, is not installed.")
    out, profile = folder / "out", folder / "profile"
    if not profile.exists():
        _profile(profile)
    made = out / f"{source.stem}.{target.partition(':')[0]}"
    made.unlink(missing_ok=True)
    arguments = [
        *_shut_off(), command, f"-env:UserInstallation={profile.as_uri()}", "--headless",
        "--norestore", "--nologo", "--nodefault", "--nolockcheck", "--convert-to", target,
        "--outdir", str(out), str(source),
    ]  # fmt: skip
    ends = time.monotonic() + seconds
    while _run(arguments, folder, ends, seconds) == _AGAIN:
        pass
    if not made.is_file():
        raise EvidenceError(State.CORRUPT, "LibreOffice can't open it.")
    return made.read_bytes()


def _run(arguments: list[str], folder: Path, ends: float, seconds: float) -> int:
    """Run it once; its exit code."""
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, cwd=folder, preexec_fn=die_with_parent,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "TMPDIR": str(folder),
             "LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"},
    )  # fmt: skip
    try:
        return process.wait(max(0.0, ends - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise EvidenceError(
            State.TIMEOUT, f"LibreOffice took longer than {seconds:g} seconds."
        ) from error
    finally:
        with contextlib.suppress(ProcessLookupError):  # what it may have left running
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _profile(folder: Path) -> None:
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, settings in _SETTINGS.items()
        for name, value in settings.items()
    )
    (folder / "user").mkdir(parents=True)
    (folder / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items '
        'xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{items}</oor:items>\n'
    )
