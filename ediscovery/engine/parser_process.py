"""The process that touches evidence: started by ``sandbox.py``, isolated, told which unit to read.

Messages are MessagePack with a four-byte length before each. In: the job, then units. Out: batches
of rows with how far the pack has grown, then ``done``. What is read at the moment stands in a
shared page, so that the watchdog needs no round trip.
"""

from __future__ import annotations

import gc
import mmap
import os
import resource
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import msgpack

PAGE = 4096
PAGE_HEAD = struct.Struct("<dHH")
MEMORY_EXIT, DISK_EXIT = 77, 75
LENGTH = struct.Struct("<I")
_BATCH_ROWS, _BATCH_BYTES = 256, 4 << 20
_GARBAGE = 20_000, 20, 20
# A large item may take longer: what a slow medium, three hashes and a parser get through.
_BYTES_PER_SECOND = 20 << 20


class Page:
    """The shared page: since when, at which position, under which name something is read."""

    def __init__(self, handle: int) -> None:
        self._map = mmap.mmap(handle, PAGE)

    def enter(self, position: str, name: str, extra: float = 0.0) -> None:
        """Something is read now; ``extra``: seconds that it may take beyond the limit."""
        where, what = position.encode()[:1024], name.encode("utf-8", "replace")[:512]
        self._map[PAGE_HEAD.size : PAGE_HEAD.size + len(where) + len(what)] = where + what
        PAGE_HEAD.pack_into(self._map, 0, time.monotonic() + extra, len(where), len(what))

    def look(self) -> tuple[float, str, str]:
        """Start time (monotonic seconds, extra time added; 0 when idle), position and name."""
        since, where, what = PAGE_HEAD.unpack_from(self._map, 0)
        start = PAGE_HEAD.size
        position = self._map[start : start + where].decode("utf-8", "replace")
        name = self._map[start + where : start + where + what].decode("utf-8", "replace")
        return since, position, name

    def extend(self, seconds: float) -> None:
        """Give what is read now so many seconds more, or take them back."""
        since, where, what = PAGE_HEAD.unpack_from(self._map, 0)
        if since:
            PAGE_HEAD.pack_into(self._map, 0, since + seconds, where, what)

    def idle(self) -> None:
        PAGE_HEAD.pack_into(self._map, 0, 0.0, 0, 0)


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message."""
    raw = msgpack.packb(message, use_bin_type=True)
    stream.write(LENGTH.pack(len(raw)) + raw)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; ``None`` at the end."""
    head = _exactly(stream, LENGTH.size)
    if head is None:
        return None
    raw = _exactly(stream, LENGTH.unpack(head)[0])
    if raw is None:
        return None
    return msgpack.unpackb(raw, raw=False, strict_map_key=False)


def _exactly(stream: BinaryIO, count: int) -> bytes | None:
    """``count`` bytes of a pipe, however it delivers them; ``None`` when it ends before."""
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def main(page_handle: int) -> int:
    """Serve units until standard input ends; returns the exit code."""
    from ediscovery.engine import isolation

    isolation.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    inward, outward = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the messages
    page = Page(page_handle)
    job = receive(inward)
    if job is None:
        return 0
    from ediscovery.analyze import language_model
    from ediscovery.engine.received import ReceivedReader
    from ediscovery.engine.unit import UnitReader, most_written
    from ediscovery.engine.work import Unit
    from ediscovery.extract.walk import Poison
    from ediscovery.model.errors import our_disk_failed
    from ediscovery.model.profile import from_dict
    from ediscovery.store.packs import PackWriter

    profile = from_dict(job["profile"])
    limits = profile.limits
    if "language_model" in job:
        language_model.use(Path(job["language_model"]))
    port = _tika_port(profile.tika)
    if port is not None:
        from ediscovery.extract import tika_server

        # Opened now: it lies where parsers may not write.
        tika_server.join(profile.tika, Path(job["turns"]), page.extend)
    held = isolation.isolate(job["readable"], [job["scratch"]], port=port)
    isolation.limit_resources(limits.memory_bytes)
    # What is loaded now stays; rows by the hundred are no reason to search it for garbage.
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    send(outward, {"ready": held})
    clock = _CpuClock(limits.cpu_seconds)

    def entered(position: str, name: str, size: int) -> None:
        extra = size / _BYTES_PER_SECOND
        page.enter(position, name, extra)
        clock.reset(extra)

    while (request := receive(inward)) is not None:
        unit = Unit.unpacked(request["unit"])
        poison = {p: Poison(*v) for p, v in request["poison"].items()}
        cpu = time.process_time()
        isolation.limit_file_size(most_written(unit, profile))
        with open(request["pack"], "r+b") as file:
            file.seek(request["pack_end"])
            pack = PackWriter(file)
            reader = (ReceivedReader if unit.is_received else UnitReader)(
                unit, profile, tuple(job["passwords"]), Path(job["scratch"]), pack,
                request["pack_name"], entered, poison,
            )  # fmt: skip
            try:
                last = request["start"]
                for last in reader.read(request["start"]):
                    if len(reader.rows) >= _BATCH_ROWS or pack.pending > _BATCH_BYTES:
                        _hand_over(outward, reader, pack, last)
                _hand_over(outward, reader, pack, last)
            except MemoryError:
                os._exit(MEMORY_EXIT)
            except OSError as error:
                if our_disk_failed(error):
                    os._exit(DISK_EXIT)
                raise
        page.idle()
        send(outward, {"cpu": time.process_time() - cpu})
    return 0


def _tika_port(tika: str) -> int | None:
    """The TCP port of a Tika server, ``None`` when the profile names none."""
    if not tika.startswith("http"):
        return None
    from urllib.parse import urlsplit

    parts = urlsplit(tika)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _hand_over(outward: BinaryIO, reader: Any, pack: Any, start: int) -> None:
    """Give up what is complete: rows of whole families, and how far the pack has grown."""
    directory, members, end = pack.take()
    send(
        outward,
        {
            "rows": msgpack.packb(reader.rows, use_bin_type=True),
            "items": reader.items,
            "bytes": reader.bytes,
            "cuts": reader.cuts,
            "note": reader.note,
            "directory": directory,
            "members": members,
            "pack_end": end,
            "start": start,
        },
    )
    reader.rows, reader.cuts = [], []
    reader.items = reader.bytes = 0


class _CpuClock:
    """Gives each item its own allowance of CPU time by moving the process limit forward."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._at, self._extra = seconds, -1.0, 0.0
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)

    def reset(self, extra: float) -> None:
        used = time.process_time()
        if used - self._at > 1.0 or max(extra, self._extra) > 1.0:
            self._at, self._extra = used, extra
            soft = int(used + self._seconds + extra) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
