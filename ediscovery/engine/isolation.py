"""Takes rights away from the process that parses evidence, as far as the kernel allows.

Applied by the parser process to itself before it reads anything: an empty network namespace (no
interface, not even loopback), Landlock rules (reads only the interpreter, system libraries and the
named sources, writes only its scratch folder, no TCP), resource limits, death with its parent.
Where a profile names a Tika server, its TCP port alone stays open. What could be applied is
reported, kept in the custody record and shown by ``ediscovery doctor``.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from ediscovery.model.resources import resource as resource_folder

_NEWUSER, _NEWNET, _NEWNS = 0x10000000, 0x40000000, 0x20000
_BIND, _REC, _PRIVATE = 1 << 12, 1 << 14, 1 << 18
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _RDONLY = 442, -100, 0x8000, 1
_PDEATHSIG, _NO_NEW_PRIVS, _DUMPABLE = 1, 38, 4
# The same numbers on every architecture since Linux 5.13 (Documentation/userspace-api/landlock).
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR, _EXECUTE = 1 << 2, 1 << 3, 1 << 0
_ALL_FS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_FS_5 = (1 << 16) - 1
_PATH_BENEATH, _NET_PORT, _CONNECT = 1, 2, 1 << 1
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache",
    "/etc/localtime", "/etc/mime.types", "/etc/ssl", "/proc/self", "/proc/cpuinfo", "/proc/meminfo",
    "/proc/stat", "/proc/sys/kernel", "/proc/sys/vm", "/sys/devices/system/cpu",
    "/sys/kernel/mm/transparent_hugepage",
)  # fmt: skip
_NAMES = ("/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/host.conf", "/etc/gai.conf")
_libc = ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """The kernel's Landlock ABI; 0 when it has none."""
    if platform.system() != "Linux":
        return 0
    version: int = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(0, version)


def die_with_parent() -> None:
    """Be killed when the thread that started this process ends."""
    _libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def namespaces(*, network: bool) -> bool:
    """Move this process to mounts of its own and, without ``network``, to an empty network.

    Returns whether the kernel let it.
    """
    wanted = _NEWNS | (0 if network else _NEWNET)
    return bool(_libc.unshare(wanted) == 0 or _libc.unshare(_NEWUSER | wanted) == 0)


def private_tmp(readable: Sequence[str], writable: Sequence[str]) -> bool:
    """Put a folder of the first of ``writable`` in the place of /tmp, for this process alone.

    Libraries that insist on /tmp (Tika's native build) then write to scratch. What of ``readable``
    and ``writable`` lies below /tmp stays visible there, the former read only. Needs
    :func:`namespaces`; changes nothing and returns ``False`` where the kernel refuses a step.
    """
    place = os.path.join(writable[0], "tmp")
    kept = sorted((os.path.realpath(path), path in writable) for path in (*readable, *writable))
    if any(path in ("/", "/tmp") for path, _ in kept) or not os.path.isdir("/tmp"):
        return False
    if _libc.mount(None, b"/", None, _REC | _PRIVATE, None):
        return False
    os.makedirs(place, mode=0o700, exist_ok=True)
    for path, writes in kept:
        if path.startswith("/tmp/") and os.path.exists(path):
            target = place + path.removeprefix("/tmp")
            if not _shown(path, target, writes=writes):
                return False
    return not _libc.mount(os.fsencode(place), b"/tmp", None, _BIND | _REC, None)


def _shown(path: str, target: str, *, writes: bool) -> bool:
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT, 0o600))
    where = os.fsencode(target)
    if _libc.mount(os.fsencode(path), where, None, _BIND | _REC, None):
        return False
    if writes:
        return True
    attributes = struct.pack("<QQQQ", _RDONLY, 0, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    flags = ctypes.c_uint(_AT_RECURSIVE)
    return not _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, where, flags, attributes, size)


def landlock(readable: Sequence[str], writable: Sequence[str], port: int | None = None) -> bool:
    """Read below ``readable`` and in the system, write below ``writable``, connect to ``port``.

    Returns whether the kernel holds it; TCP is bound from ABI 4 on.
    """
    version = landlock_version()
    if version < 1:
        return False
    handled = _FS_5 if version >= 5 else _ALL_FS[version]
    attributes = struct.pack("<Q", handled)
    if version >= 4:
        attributes = struct.pack("<QQ", handled, 3)  # TCP bind and connect: none allowed
    ruleset = _libc.syscall(
        _CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
    )
    if ruleset < 0:
        return False
    read = (_READ_FILE | _READ_DIR | _EXECUTE) & handled
    for path in (*_SYSTEM, *readable, *(_NAMES if port else ())):
        _allow(ruleset, path, read)
    if port and version >= 4:
        rule = struct.pack("<QQ", _CONNECT, port)
        _libc.syscall(_ADD_RULE, ruleset, ctypes.c_int(_NET_PORT), rule, ctypes.c_uint32(0))
    for path in ("/dev/null", "/dev/random", "/dev/urandom", "/dev/zero", "/dev/full"):
        _allow(ruleset, path, _READ_FILE | (1 << 1))
    for path in writable:
        _allow(ruleset, path, handled)
    _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    done = _libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0
    os.close(ruleset)
    return bool(done)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        access &= _READ_FILE | _EXECUTE | (1 << 1) | (1 << 14) | (1 << 15)
    rule = struct.pack("<Qi", access, handle)
    _libc.syscall(_ADD_RULE, ruleset, ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    os.close(handle)


def limit_resources(memory_bytes: int) -> None:
    """Bound private memory and open files, and leave no core dumps."""
    # RLIMIT_DATA counts private writable memory; mapped evidence and reserved address space don't.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write then fails with EFBIG
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))


def limit_file_size(file_bytes: int) -> None:
    """Bound the size of each file written from now on."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    soft = file_bytes if hard == resource.RLIM_INFINITY else min(file_bytes, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def isolate(readable: Sequence[str], writable: Sequence[str], *, port: int | None = None) -> str:
    """Apply all that this kernel has; returns what holds: of ``network, tcp, files, resources``.

    ``network``: there is none. ``tcp``: no connection can be made, but to ``port`` when given.
    """
    readable = [*_interpreter(), *readable]
    held = []
    if namespaces(network=port is not None):
        if port is None:
            held.append("network")
        if private_tmp(readable, writable):
            writable = [*writable, "/tmp"]
    if landlock(readable, writable, port):
        if "network" not in held and landlock_version() >= 4:
            held.append("tcp")
        held.append("files")
    held.append("resources")
    return ", ".join(held)


def _interpreter() -> set[str]:
    return {sys.prefix, sys.base_prefix, sys.exec_prefix, *_package_folders()}


def _package_folders() -> set[str]:
    """What of ours a parser imports and reads: in a wheel the libraries lie beside it."""
    data = {str(resource_folder(name)) for name in ("pipelines", "config", "schemas")}
    package = Path(__file__).resolve().parent.parent
    return data | {str(package.parent if (package / "data").is_dir() else package)}
