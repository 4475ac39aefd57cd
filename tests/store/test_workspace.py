"""Matters: names, walls between them, locks, numbers, custodians, passwords."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ediscovery.model.errors import Locked, NoSuchMatter, Refused, UsageError
from ediscovery.store import custodians, passwords
from ediscovery.store.catalog import writing
from ediscovery.store.workspace import Workspace


def test_a_matter_is_a_folder_of_its_own(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    assert workspace.list() == []
    one, two = workspace.create("acme"), workspace.create("acme-2", prefix="AC2")
    assert [row["name"] for row in workspace.list()] == ["acme", "acme-2"]
    assert one.folder != two.folder
    assert workspace.open("acme-2").prefix == "AC2"
    assert stat.S_IMODE(one.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", "Acme", "../x", "a/b", ".hidden", "-x", "a" * 65])
def test_bad_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        Workspace(tmp_path).create(name)


def test_what_is_missing_or_there_is_said(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(NoSuchMatter, match="acme"):
        workspace.open("acme")
    workspace.create("acme")
    with pytest.raises(Refused, match="exists"):
        workspace.create("acme")
    with pytest.raises(UsageError, match="zone"):
        workspace.create("other", zone="Mars/Olympus")


def test_control_numbers(tmp_path: Path) -> None:
    matter = Workspace(tmp_path).create("acme")
    assert matter.control_number(123) == "ACME-000000123"
    assert matter.number("acme-000000123") == matter.number("123") == 123
    for bad in ("OTHER-000000123", "ACME-x", ""):
        with pytest.raises(UsageError):
            matter.number(bad)


def test_a_lock_held_by_another_process_names_it_and_dies_with_it(tmp_path: Path) -> None:
    matter = Workspace(tmp_path).create("acme")
    code = (
        "import sys\nfrom pathlib import Path\nfrom ediscovery.store.workspace import Workspace\n"
        f"matter = Workspace(Path({str(tmp_path)!r})).open('acme')\n"
        "with matter.locked():\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(Locked, match=str(holder.pid)), matter.locked():
        pass
    holder.kill()
    holder.wait()
    with matter.locked():
        pass


def test_custodians_are_found_by_any_spelling(tmp_path: Path) -> None:
    matter = Workspace(tmp_path).create("acme")
    with writing(matter.engine) as connection:
        jane = custodians.register(connection, "Jane  Roe")
        custodians.add_alias(connection, "jane roe", "jroe")
        assert (
            custodians.find(connection, "JANE ROE") == custodians.find(connection, "JRoe") == jane
        )
        with pytest.raises(UsageError):
            custodians.register(connection, "jane roe")
        with pytest.raises(UsageError):
            custodians.add_alias(connection, "nobody", "x")


def test_the_password_bank_is_private_and_keeps_order(tmp_path: Path) -> None:
    matter = Workspace(tmp_path).create("acme")
    file = tmp_path / "p.txt"
    file.write_text("zwei\neins\nzwei\n\n")
    assert passwords.add(matter, file) == 2
    assert passwords.add(matter, file) == 0
    assert passwords.bank(matter) == ("zwei", "eins")
    assert stat.S_IMODE(os.stat(matter.folder / "passwords.txt").st_mode) == 0o600
