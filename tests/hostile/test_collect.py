"""Source folders that lie, loop, change and vanish: each thing a recorded state, none lost."""

from __future__ import annotations

import contextlib
import ctypes
import io
import multiprocessing
import os
import random
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ediscovery.engine import collect
from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.tasks import hash_files
from ediscovery.engine.unit import UnitReader
from ediscovery.engine.verify import verify
from ediscovery.engine.work import Source, Unit
from ediscovery.model.items import COLUMNS
from ediscovery.model.profile import load
from ediscovery.model.states import State
from ediscovery.store import lookup, reports
from ediscovery.store.packs import PackWriter
from ediscovery.store.tables import source_files
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.kills import COMMAND
from tests.engine.matters import QUICK, archive, by_path, dump, ingest, mail, new, rows, tarball

ROOT = os.getuid() == 0
PASSWD = Path("/etc/passwd").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "e"
    made.mkdir()
    (made / "honest.txt").write_text("an honest file")
    return made


def taken(folder: Path, *more: Path) -> tuple[Matter, dict[str, Any]]:
    """A matter of ``folder`` that verifies, and its items by path below the folder."""
    matter = new(folder.parent / "w")
    ingest(matter, folder, *more)
    assert verify(matter, Silent())["holds"]
    with matter.reader.connect() as connection:
        assert reports.reconciliation(connection)["difference"] == 0
    found = by_path(matter)
    return matter, {path.removeprefix("e/"): row for path, row in found.items()}


def manifest(matter: Matter) -> dict[bytes, Any]:
    """The custody manifest by raw path."""
    with matter.reader.connect() as connection:
        return {row.path: row for row in connection.execute(source_files.select())}


# -- things that are no files


def test_pipes_sockets_and_devices_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        kinds = {"pipe": "named pipe", "socket": "socket"}
        if ROOT:
            os.mknod(folder / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
            os.mknod(folder / "block", 0o666 | stat.S_IFBLK, os.makedev(7, 200))
            kinds |= {"zero": "character device", "block": "block device"}
        _, found = taken(folder)
    for name, kind in kinds.items():
        assert (found[name].state, found[name].role) == ("special", "failed")
        assert found[name].message == f"It is a {kind}."
    assert found["honest.txt"].state == "ok"


def test_links_are_recorded_and_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("not collected")
    targets = {
        "passwd": "/etc/passwd", "self": "self", "folder": str(outside), "up": "..",
        "broken": "missing", "file": str(outside / "secret.txt"), "loop-a": "loop-b",
        "loop-b": "loop-a", "fd": "/proc/self/fd/0", "long": "x" * 3000,
    }  # fmt: skip
    for name, target in targets.items():
        os.symlink(target, folder / name)
    matter, found = taken(folder)
    assert set(found) == {"honest.txt", *targets}
    for name, target in targets.items():
        assert (found[name].state, found[name].sha256, found[name].size) == ("special", "", 0)
        assert found[name].message == f"It is a symbolic link to {target}."
    stored = b"".join(p.read_bytes() for p in matter.packs.folder.iterdir())
    assert PASSWD not in stored and b"not collected" not in stored


def test_a_linked_root_is_a_link(folder: Path, tmp_path: Path) -> None:
    os.symlink(folder, tmp_path / "link")
    matter = new(tmp_path / "w")
    ingest(matter, tmp_path / "link")
    (row,) = rows(matter)
    assert (row.state, row.path) == ("special", "link")


def test_hard_links_are_items_of_their_own(folder: Path) -> None:
    os.link(folder / "honest.txt", folder / "again.txt")
    matter, found = taken(folder)
    assert found["again.txt"].sha256 == found["honest.txt"].sha256
    assert lookup.document(matter, 1)["all_paths"] == ["e/again.txt", "e/honest.txt"]


@pytest.fixture
def mounted() -> Iterator[Any]:
    """Mounts things, and takes them away afterwards; skips where the kernel does not let us."""
    made: list[Path] = []

    def mount(place: Path, *arguments: str) -> None:
        done = subprocess.run(["mount", *arguments, str(place)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"left out: mounting is not permitted here ({done.stderr.strip()})")
        made.append(place)

    yield mount
    for place in reversed(made):
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_loop_of_mounts_ends(folder: Path, mounted: Any) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "text.txt").write_text("x")
    (folder / "b").mkdir()
    mounted(folder / "a" / "b", "--bind", str(folder))
    mounted(folder / "b", "--bind", str(folder / "a"))
    matter = new(folder.parent / "w")
    ingest(matter, folder)
    found = {path.removeprefix("e/"): row.state for path, row in by_path(matter).items()}
    assert found == {"a/b": "cycle", "a/text.txt": "ok", "b": "cycle", "honest.txt": "ok"}


# -- names


NAMES = [
    b"\xff\xfe invalid \x80.txt", b"new\nline.txt", b"tab\tcr\r.txt", b"-rf", b"--help", b" ",
    b"quote'\".txt", b"a" * 255, "ä".encode() * 127, "exe\u202efdp.txt".encode(),
    "zero\u200bwidth".encode(), b"\x1b[31mred\x1b]8;;x.example\x07", b"CON", b"trailing.",
    b"trailing ", b"back\\slash", b"..hidden", b"...", b"a:b*c?d<e>|", b"\x01\x02",
    "cafe\u0301.txt".encode(), "caf\u00e9.txt".encode(), b"README", b"readme", b"%41", b"a!",
    b"{}", b"$(id)", b"`id`", b"~", b"*", "\ue000\uffff".encode(), b"\xed\xa0\x80.txt",
]  # fmt: skip


def test_any_name_is_kept_raw_and_stored_under_none(folder: Path) -> None:
    for n, name in enumerate(NAMES):
        Path(os.fsdecode(os.path.join(bytes(folder), name))).write_text(f"file number {n}")
    deep = folder / ("d" * 200) / ("e" * 200) / ("f" * 200)
    deep.mkdir(parents=True)
    (deep / ("g" * 200)).write_text("deep")
    matter, found = taken(folder)
    assert len(found) == len(NAMES) + 2
    assert {row.state for row in found.values()} == {"ok"}
    held = manifest(matter)
    shown = {}
    for n, name in enumerate(NAMES):
        row = held[os.path.join(bytes(folder), name)]
        shown[name] = row.shown.removeprefix("e/")
        assert found[shown[name]].size == len(f"file number {n}")
    assert len(set(shown.values())) == len(NAMES)  # twins stay two
    assert shown[NAMES[0]] == "\\xff\\xfe invalid \\x80.txt"
    kept = {p.name for p in matter.folder.rglob("*")}
    assert not kept & {os.fsdecode(name) for name in NAMES}
    assert all(name.isascii() for name in kept)
    again = new(folder.parent / "w2")
    ingest(again, folder)
    assert dump(again) == dump(matter)


def test_a_terminal_never_sees_a_control_character_of_the_evidence(folder: Path) -> None:
    for name in NAMES:
        Path(os.fsdecode(os.path.join(bytes(folder), name))).write_bytes(b"")  # all exceptions
    evil = "\x1b[2J\x1b]0;title\x07\u202e"
    (folder / "m.eml").write_bytes(mail(1, "x").replace(b"Delivery", evil.encode()))
    taken(folder)
    for arguments in (
        ("exceptions", "acme"), ("doc", "show", "acme", "3"), ("doc", "family", "acme", "3"),
        ("report", "processing", "acme"), ("doc", "native", "acme", "3"), ("audit", "show", "acme"),
        ("search", "acme", "rick1", "--fields", "subject,path,file_name"), ("status", "acme"),
        ("custodian", "list", "acme"), ("doc", "show", "acme", evil),
    ):  # fmt: skip
        done = subprocess.run(
            [*COMMAND, "--workspace", str(folder.parent / "w"), *arguments],
            capture_output=True, check=False,
        )  # fmt: skip
        for said in (done.stdout, done.stderr):
            if arguments[1] == "native" and said is done.stdout:
                continue  # the bytes themselves, for a file
            text = said.decode()
            bad = [c for c in text if (c < " " and c != "\n") or c in "\x7f\x9b\u202e\u200b"]
            assert not bad, (arguments, bad)


# -- archives that name places


def test_members_write_nowhere(folder: Path, tmp_path: Path) -> None:
    names = [
        "../../slip.txt", "/tmp/ediscovery-slip.txt", "C:\\slip.txt", "\\\\server\\share\\slip.txt",
        "C:slip.txt", "a/../../slip.txt", "../" * 40 + "tmp/ediscovery-slip.txt",
        "..\\..\\slip.txt",
    ]  # fmt: skip
    (folder / "slip.zip").write_bytes(archive(dict.fromkeys(names, b"slipped")))
    (folder / "slip.tar").write_bytes(tarball(dict.fromkeys(names, b"slipped")))
    before = set(tmp_path.rglob("*"))
    matter, _ = taken(folder)
    assert not Path("/tmp/ediscovery-slip.txt").exists()
    after = {p for p in tmp_path.rglob("*") if not p.is_relative_to(matter.folder.parent.parent)}
    assert after == before
    assert not [p for p in matter.folder.rglob("*") if "slip" in p.name]
    members = [row for row in rows(matter) if "!/" in row.path]
    assert len(members) == 2 * len(names)
    assert {row.state for row in members} <= {"ok", "warnings"}
    assert {row.size for row in members} == {len(b"slipped")}


def test_links_and_devices_in_an_archive_are_metadata(folder: Path) -> None:
    file = io.BytesIO()
    kinds = {
        "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE,
        "device": tarfile.CHRTYPE, "block": tarfile.BLKTYPE,
    }  # fmt: skip
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, kind in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            made.addfile(info)
        info = tarfile.TarInfo("link/inside.txt")  # below what is a link: must not be followed
        info.size = 6
        made.addfile(info, io.BytesIO(b"inside"))
    (folder / "links.tar").write_bytes(file.getvalue())
    matter, found = taken(folder)
    for name in kinds:
        row = found[f"links.tar!/{name}"]
        assert (row.state, row.sha256) == ("special", ""), name
    assert found["links.tar!/link/inside.txt"].size == 6
    assert PASSWD not in b"".join(p.read_bytes() for p in matter.packs.folder.iterdir())


# -- what can't be read, and what changes


def as_nobody(action: Any) -> Any:
    """What ``action`` returns in a process without root's right to read everything."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)

    def run() -> None:
        if ROOT:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        sending.send(action())

    process = context.Process(target=run)
    process.start()
    sending.close()
    found = receiving.recv()
    process.join()
    return found


@pytest.fixture
def forbidding(folder: Path) -> Iterator[Path]:
    (folder / "forbidden.txt").write_text("x")
    (folder / "closed").mkdir()
    (folder / "closed" / "inside.txt").write_text("x")
    (folder / "blind").mkdir()
    (folder / "blind" / "inside.txt").write_text("x")
    for place in (*folder.parents, folder):
        with contextlib.suppress(PermissionError):
            if place.stat().st_uid == os.getuid() and "pytest" in str(place):
                place.chmod(0o755)
    (folder / "forbidden.txt").chmod(0)
    (folder / "closed").chmod(0)
    (folder / "blind").chmod(0o444)  # names can be listed, nothing can be looked at
    yield folder
    for name in ("closed", "blind"):
        (folder / name).chmod(0o755)


def test_what_may_not_be_read_is_unreadable(forbidding: Path) -> None:
    def look() -> Any:
        entries = collect.scan([forbidding])
        hashed = hash_files([(n, e.path) for n, e in enumerate(entries) if e.note is None])
        notes = {e.shown: e.note for e in entries if e.note}
        return notes | {entries[h.ordinal].shown: (h.state, h.message) for h in hashed}

    assert as_nobody(look) == {
        "e/blind/inside.txt": (State.UNREADABLE, "It can't be read: Permission denied."),
        "e/closed": (State.UNREADABLE, "The directory can't be listed: Permission denied."),
        "e/forbidden.txt": (State.UNREADABLE, "It can't be read: Permission denied."),
        "e/honest.txt": (State.OK, ""),
    }


def test_unreadable_files_are_failed_items_and_come_with_a_later_call(forbidding: Path) -> None:
    """The whole command, without root's right to read everything: exit code 3, all else done."""
    home = forbidding.parent / "home"
    command = [*COMMAND, "--workspace", str(home)]
    subprocess.run([*command, "matter", "create", "acme"], check=True, capture_output=True)
    profile = forbidding.parent / "p.yaml"
    profile.write_text("extends: fast\nlanguage: false\n")
    command += ["ingest", str(forbidding), "--matter", "acme", "--custodian", "Jane Roe"]
    command += ["--workers", "0", "--profile", str(profile)]

    def ingest_again() -> dict[str, str]:
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=_drop_rights)
        assert done.returncode in (0, 3), done.stderr
        assert "Traceback" not in done.stderr
        states = {row.path: row.state for row in rows(Workspace(home).open("acme"))}
        assert (done.returncode == 3) == ("unreadable" in states.values())
        return states

    assert ingest_again() == {
        "e/blind/inside.txt": "unreadable",
        "e/closed": "unreadable",
        "e/forbidden.txt": "unreadable",
        "e/honest.txt": "ok",
    }
    (forbidding / "closed").chmod(0o755)
    (forbidding / "blind").chmod(0o755)
    (forbidding / "forbidden.txt").chmod(0o644)
    later = [row for row in rows_of(home) if row.collection_id == 2]
    assert not later
    subprocess.run(command, capture_output=True, preexec_fn=_drop_rights)
    later = [row for row in rows_of(home) if row.collection_id == 2]
    assert {row.path: row.state for row in later} == {
        "e/blind/inside.txt": "ok",
        "e/closed/inside.txt": "ok",
        "e/forbidden.txt": "ok",
    }


def rows_of(home: Path) -> list[Any]:
    return rows(Workspace(home).open("acme"))


def _drop_rights() -> None:
    """Take from root, for good, the right to read what modes forbid (capabilities 1 and 2)."""
    if ROOT:
        libc = ctypes.CDLL(None)
        for capability in (1, 2):
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP: gone after the next exec


class Between(SerialPool):
    """Does something to the source after custody was taken and before it is read."""

    def __init__(self, act: Any) -> None:
        super().__init__()
        self._act = act

    def run(self, function, tasks):  # type: ignore[no-untyped-def]
        yield from super().run(function, tasks)
        if function is hash_files:
            self._act()


def changed_between(folder: Path, act: Any) -> tuple[Matter, dict[str, Any]]:
    matter = new(folder.parent / "w")
    pool = Between(act)
    ingest(matter, folder, pool=pool)
    pool.close()
    assert verify(matter, Silent())["holds"]
    return matter, {path.removeprefix("e/"): row for path, row in by_path(matter).items()}


def test_a_file_that_goes_away_after_custody_is_unreadable(folder: Path) -> None:
    (folder / "gone.txt").write_text("here")
    _, found = changed_between(folder, (folder / "gone.txt").unlink)
    assert (found["gone.txt"].state, found["gone.txt"].role) == ("unreadable", "failed")
    assert "FileNotFoundError" in found["gone.txt"].message
    assert found["honest.txt"].state == "ok"


def test_a_file_that_changes_after_custody_is_changed(folder: Path) -> None:
    (folder / "new.txt").write_text("here")
    matter, found = changed_between(folder, lambda: (folder / "new.txt").write_text("there"))
    assert found["new.txt"].state == "changed"
    assert "custody manifest" in found["new.txt"].message
    assert manifest(matter)[bytes(folder / "new.txt")].sha256 != found["new.txt"].sha256


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_file_that_becomes_something_else_is_not_opened(folder: Path, kind: str) -> None:
    file = folder / "file.txt"
    file.write_text("here")

    def act() -> None:
        file.unlink()
        if kind == "pipe":
            os.mkfifo(file)
        elif kind == "link":
            os.symlink("/etc/passwd", file)
        else:
            file.mkdir()

    matter, found = changed_between(folder, act)
    assert (found["file.txt"].state, found["file.txt"].role) == ("changed", "failed")
    assert PASSWD not in b"".join(p.read_bytes() for p in matter.packs.folder.iterdir())


def test_a_file_that_grows_while_it_is_hashed_is_read_thrice(folder: Path) -> None:
    file = folder / "growing.log"
    file.write_bytes(b"x" * (40 << 20))
    with writer(file, lambda handle, n: os.pwrite(handle, b"more", (40 << 20) + 4 * n)):
        (hashed,) = hash_files([(0, bytes(file))])
    assert (hashed.state, hashed.attempts) == (State.CHANGED, 3)
    (hashed,) = hash_files([(0, bytes(file))])
    assert (hashed.state, hashed.attempts) == (State.OK, 1)


@contextlib.contextmanager
def writer(file: Path, write: Any) -> Iterator[None]:
    """Writes to ``file`` all the time, from another thread."""
    over = threading.Event()
    handle = os.open(file, os.O_WRONLY)

    def run() -> None:
        n = 0
        while not over.is_set():
            write(handle, n)
            n += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        os.close(handle)


def test_a_large_file_that_changes_while_it_is_kept_leaves_no_false_native(folder: Path) -> None:
    file = folder / "busy.txt"
    file.write_bytes(b"0" * (30 << 20))
    with open(folder.parent / "pack", "w+b") as out:
        pack = PackWriter(out)
        sources = [
            Source(bytes(p), f"a{n}", p.name) for n, p in enumerate(sorted(folder.iterdir()))
        ]
        reader = UnitReader(
            Unit(1, "u", "files", sources), QUICK, (), folder.parent, pack, "p", lambda *_: None, {}
        )
        with writer(file, lambda handle, n: os.pwrite(handle, b"%08d" % n, 0)):
            assert list(reader.read(0)) == [1, 2]
        assert pack.pending < 1 << 20  # what was kept of it is taken back
    found = [dict(zip(COLUMNS, row, strict=True)) for row in reader.rows]
    assert [(row["state"], row["role"]) for row in found] == [
        ("changed", "failed"),
        ("ok", "document"),
    ]
    assert found[0]["native_offset"] is None


def test_a_folder_that_changes_under_the_walk_loses_nothing_else(folder: Path) -> None:
    """Entries appear and go all the time; what stays is found each time, and nothing is raised."""
    for n in range(50):
        (folder / f"stays{n}").mkdir()
        (folder / f"stays{n}" / "file.txt").write_text("x")
    over = threading.Event()

    def churn() -> None:
        n = 0
        while not over.is_set():
            place = folder / f"stays{n % 50}"
            (place / "sub").mkdir()
            (place / "sub" / "f").touch()
            os.symlink("f", place / "link")
            (place / "link").unlink()
            shutil.rmtree(place / "sub")
            n += 1

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(150):
            entries = collect.scan([folder])
            assert sum(e.shown.endswith("/file.txt") for e in entries) == 50
            hash_files([(n, e.path) for n, e in enumerate(entries) if e.note is None])
    finally:
        over.set()
        thread.join()


# -- sizes


def test_files_without_content(folder: Path) -> None:
    contents = {
        "empty.txt": b"", "empty.eml": b"", "one": b"a", "bom.txt": b"\xef\xbb\xbf",
        "bom16.txt": b"\xff\xfe", "nul.bin": b"\0" * 5000, "nul1": b"\0", "lf.txt": b"\n",
    }  # fmt: skip
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    matter, found = taken(folder)
    assert found["empty.txt"].state == found["empty.eml"].state == "empty"
    assert {row.role for row in found.values()} == {"document"}
    for name, data in contents.items():
        assert found[name].size == len(data)
        assert "\0" not in lookup.text_of(matter, found[name])
    for number in range(1, len(found) + 1):
        one = lookup.document(matter, number)
        if not one["size"]:
            assert one["group_number"] is None and one["duplicates"] == []


def test_a_large_sparse_file_costs_no_memory(folder: Path) -> None:
    size = 600 << 20
    with open(folder / "sparse.bin", "wb") as file:
        file.truncate(size)
    home = folder.parent / "w"
    new(home)
    profile = folder.parent / "p.yaml"
    profile.write_text("extends: fast\nlimits: {item_bytes: 67108864}\n")
    # Started by a small process: a peak counts what the starter held before the new program ran.
    measured = (
        "import resource, subprocess, sys\n"
        "null = subprocess.DEVNULL\n"
        "done = subprocess.run(sys.argv[1:], stdout=null, stderr=null)\n"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", measured, *COMMAND, "--workspace", str(home), "ingest", str(folder),
         "--matter", "acme", "--custodian", "Jane Roe", "--workers", "0", "--profile",
         str(profile)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, peak = map(int, process.stdout.split())
    assert code == 3
    found = {row.path: row for row in rows_of(home)}
    row = found["e/sparse.bin"]
    assert (row.state, row.size, row.native_length) == ("limit:item", size, size)
    assert peak < 450 << 10  # kB: itself and its parser, whichever was larger
    before = resource_peak()
    assert verify(Workspace(home).open("acme"), Silent())["holds"]
    assert resource_peak() - before < 100 << 10


def resource_peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# -- our own disk


@pytest.mark.parametrize(("size", "workers"), [("100k", 0), ("600k", 0), ("3m", 0), ("3m", 2)])
def test_a_full_disk_stops_the_run_and_blames_nobody(
    folder: Path, tmp_path: Path, mounted: Any, size: str, workers: int
) -> None:
    rng = random.Random(1)
    for n in range(12):
        (folder / f"{n:02}.bin").write_bytes(rng.randbytes(300_000))
    (folder / "z.zip").write_bytes(archive({f"{n}.txt": rng.randbytes(200_000) for n in range(4)}))
    expected = new(tmp_path / "expected")
    profile = tmp_path / "p.yaml"
    profile.write_text("extends: fast\nlanguage: false\nunit_items: 3\n")
    ingest(expected, folder, profile=load(str(profile)))
    home = tmp_path / "small"
    home.mkdir()
    mounted(home, "-t", "tmpfs", "-o", f"size={size}", "tmpfs")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "--workspace", str(home / "w"), *arguments], capture_output=True, text=True
        )

    def both() -> subprocess.CompletedProcess[str]:
        made = run("matter", "create", "acme")
        if made.returncode not in (0, 4):
            return made
        return run(
            "ingest", str(folder), "--matter", "acme", "--custodian", "Jane Roe",
            "--workers", str(workers), "--profile", str(profile),
        )  # fmt: skip

    failed = both()
    assert failed.returncode == 75, failed.stderr
    assert "Traceback" not in failed.stderr
    assert "disk" in failed.stderr and "run the same command again" in failed.stderr
    subprocess.run(["mount", "-o", "remount,size=200m", str(home)], check=True)
    assert both().returncode == 3  # unknown binaries carry exceptions
    matter = Workspace(home / "w").open("acme")
    assert dump(matter) == dump(expected)
    assert verify(matter, Silent())["holds"]
