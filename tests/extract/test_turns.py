"""Turns at a server: between processes, whatever becomes of them."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from ediscovery.extract import tika, tika_server
from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.extract.turns import NoTurn, Turns
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Limits, Profile
from tests.extract.tika_scripted import GOOD, Handler, breaks_off, server

_FORK = multiprocessing.get_context("fork")
_LONG = 60.0


def _hold(path: Path, how: str, inside: Event, leave: Event) -> None:
    with getattr(Turns(path), how)(_LONG):
        inside.set()
        leave.wait(_LONG)


@contextmanager
def held(path: Path, how: str) -> Iterator[tuple[Any, Event]]:
    """Another process has that turn."""
    inside, leave = _FORK.Event(), _FORK.Event()
    process = _FORK.Process(target=_hold, args=(path, how, inside, leave))
    process.start()
    assert inside.wait(_LONG)
    try:
        yield process, leave
    finally:
        process.kill()
        process.join()


@pytest.mark.parametrize(
    ("theirs", "ours", "free"),
    [
        ("together", "together", True),
        ("together", "alone", False),
        ("alone", "together", False),
        ("alone", "alone", False),
    ],
)
def test_who_goes_beside_whom(theirs: str, ours: str, free: bool, tmp_path: Path) -> None:
    turns = Turns(tmp_path / "lock")
    with held(tmp_path / "lock", theirs):
        if free:
            with getattr(turns, ours)(0.0):
                pass
        else:
            with pytest.raises(NoTurn), getattr(turns, ours)(0.1):
                pytest.fail("it is not ours")


@pytest.mark.parametrize("theirs", ["together", "alone"])
def test_a_turn_ends_with_its_holder_however_that_ends(theirs: str, tmp_path: Path) -> None:
    turns = Turns(tmp_path / "lock")
    with held(tmp_path / "lock", theirs) as (process, _):
        process.kill()
        with turns.alone(_LONG):
            pass


def test_who_waits_to_be_alone_lets_no_more_in(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    turns = Turns(path)
    with held(path, "together") as (_, leave):
        inside, done = _FORK.Event(), _FORK.Event()
        waiting = _FORK.Process(target=_hold, args=(path, "alone", inside, done))
        waiting.start()
        try:
            # One gets in until the other has come as far as the gate.
            ends = time.monotonic() + _LONG
            with pytest.raises(NoTurn):
                while time.monotonic() < ends:
                    with turns.together(0.0):
                        pass
            assert not inside.is_set()
            leave.set()
            assert inside.wait(_LONG)
        finally:
            waiting.kill()
            waiting.join()


def test_what_was_given_up_is_free(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "lock")
    for how in ("together", "alone", "together", "alone"):
        with getattr(turns, how)(0.0):
            pass
    with held(tmp_path / "lock", "alone"):
        pass


def _read(url: str, lock: Path, files: list[bytes], scratch: Path, results: Any) -> None:
    tika_server.join(url, lock, lambda seconds: None)
    profile = replace(Profile(tika=url), limits=replace(Limits(), wall_seconds=20.0))
    for data in files:
        try:
            tika.ask(Content(data), Context(profile, scratch, Budget(1 << 20)))
            results.put((data, "ok"))
        except EvidenceError as error:
            results.put((data, error.state))


def test_a_poisonous_file_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    lock = threading.Lock()
    under_way: list[Handler] = []
    beside: list[int] = []

    def reads(handler: Handler) -> None:
        with lock:
            under_way.append(handler)
        poisonous = handler.body.startswith(b"poison")
        # Long enough that another process's file comes in meanwhile, if it may.
        time.sleep(0.3 if poisonous else 0.05)
        with lock:
            dead = handler not in under_way
            if poisonous:
                beside.append(len(under_way) - 1)
                for other in under_way:
                    breaks_off(other)
                under_way.clear()
            elif not dead:
                under_way.remove(handler)
        if not dead and not poisonous:
            handler.say(200, GOOD)

    files = [b"poison %d" % n if n % 15 == 7 else b"good %d" % n for n in range(60)]
    results = _FORK.SimpleQueue()
    with server(reads) as seen:
        readers = [
            _FORK.Process(
                target=_read, args=(seen.url, tmp_path / "lock", files[n::2], tmp_path, results)
            )
            for n in range(2)
        ]
        for reader in readers:
            reader.start()
        found = dict(results.get() for _ in files)
        for reader in readers:
            reader.join()
    assert found == {f: "crashed" if f.startswith(b"poison") else "ok" for f in files}
    tries = Counter(body for body in seen.bodies if body.startswith(b"poison"))
    assert set(tries.values()) == {3}
    # Each was beside others at most at its first try.
    assert sum(count > 0 for count in beside) <= len(tries)
    assert beside.count(0) >= 2 * len(tries)
