"""Names, unfolding and passwords, as all archive readers use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.extract.archive.members import Bank, Damaged, encodings, gather, place
from ediscovery.extract.contract import SPOOL_BYTES, Budget, Context
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Limits, Profile


def _context(tmp_path: Path, budget: int = 1 << 30, **settings: object) -> Context:
    return Context(Profile(**settings), tmp_path, Budget(budget))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "name", "folder", "odd"),
    [
        ("a.txt", "a.txt", "", False),
        ("dir/sub/a.txt", "a.txt", "dir/sub", False),
        ("dir\\sub\\a.txt", "a.txt", "dir/sub", True),
        ("../../etc/passwd", "passwd", "etc", True),
        ("/etc/passwd", "passwd", "etc", True),
        ("C:\\Users\\x\\a.doc", "a.doc", "C:/Users/x", True),
        ("C:a.doc", "a.doc", "C:", True),
        ("\\\\server\\share\\a.doc", "a.doc", "server/share", True),
        ("./a.txt", "a.txt", "", True),
        ("..", "unnamed", "", True),
    ],
)
def test_place_keeps_hostile_paths_as_text(path: str, name: str, folder: str, odd: bool) -> None:
    found, fields = place(path)
    assert (found, fields["folder"]) == (name, folder)
    assert fields.get("path_raw") == (path if odd else None)


@given(st.text(min_size=1, max_size=60))
def test_no_step_upwards_survives(path: str) -> None:
    name, fields = place(path)
    assert name
    assert ".." not in fields["folder"].split("/")
    assert not fields["folder"].startswith("/")


def test_large_content_goes_to_scratch(tmp_path: Path) -> None:
    piece = b"x" * (1 << 20)
    count = SPOOL_BYTES // len(piece) + 2
    content, state, _ = gather((piece for _ in range(count)), _context(tmp_path))
    assert (state, content.size) == ("ok", count << 20)
    assert content.path is not None
    assert content.read()[-3:] == b"xxx"


def test_what_came_before_the_damage_is_kept(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first "
        yield b"second"
        raise Damaged("truncated", "It ends.")

    content, state, message = gather(pieces(), _context(tmp_path))
    assert (content.read(), state, message) == (b"first second", "truncated", "It ends.")


def test_the_budget_stops_unfolding(tmp_path: Path) -> None:
    seen = []

    def pieces() -> Iterator[bytes]:
        for number in range(100):
            seen.append(number)
            yield b"x" * 10

    with pytest.raises(EvidenceError) as caught:
        gather(pieces(), _context(tmp_path, budget=35))
    assert caught.value.state == "limit:expansion"
    assert len(seen) == 4


def test_the_bank_tries_what_worked_first_and_stops_in_time(tmp_path: Path) -> None:
    context = _context(tmp_path)
    context.passwords = ("one", "two", "three")
    bank = Bank(context)
    tried: list[str] = []

    def opens(password: str) -> bool:
        tried.append(password)
        return password == "two"

    assert bank.find(opens) == "two"
    assert bank.find(opens) == "two"
    assert tried == ["one", "two", "two"]

    late = Context(Profile(limits=Limits(password_seconds=0)), tmp_path, Budget(1), ("a",))
    slow = Bank(late)
    assert slow.find(lambda _: True) is None
    assert slow.exhausted
    assert "time" in slow.message("It")
    assert "a" not in slow.message("It").split()


def test_passwords_are_tried_in_the_code_pages_programs_use() -> None:
    assert encodings("plain") == [b"plain"]
    assert encodings("Käse") == ["Käse".encode(), b"K\xe4se", b"K\x84se"]
