"""Every command: help with an example, results on one stream, messages on the other, JSON."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from ediscovery.cli import COMMANDS, EXIT_CODES, cli
from ediscovery.cli.common import in_zone
from ediscovery.model import errors
from tests.cli.conftest import Call
from tests.engine.kills import COMMAND


def commands(
    group: click.Group = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group below the root."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands())


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_says_what_it_is_for_and_shows_an_example(
    call: Call, tmp_path: Path, path: tuple[str, ...]
) -> None:
    for option in ("--help", "-h"):
        said = call(tmp_path / "none", *path, option)
        assert (said.code, said.err) == (0, "")
        example = re.search(rf"^  ediscovery (--\S+ \S+ )?{' '.join(path)}\b", said.out, re.M)
        assert example or f" {' '.join(path)} " in said.out, said.out
        assert len(said.out.splitlines()[2].strip()) > 15  # the sentence
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{path} {parameter.name} lacks help"
    assert not (tmp_path / "none").exists()


def test_the_root_help_lists_every_command_and_exit_code(call: Call, tmp_path: Path) -> None:
    said = call(tmp_path, "--help")
    for name, (_, line) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", said.out, re.M)
    used = {0, 1} | {
        found.exit_code
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, errors.EdiscoveryError)
    }
    assert used == {int(n) for n in re.findall(r"(?:^| {2})(\d+) [a-z]", EXIT_CODES, re.M)}


REPORTS = [
    ("matter", "list"), ("matter", "show", "acme"), ("custodian", "list", "acme"),
    ("status", "acme"), ("exceptions", "acme"), ("doc", "show", "acme", "1"),
    ("doc", "family", "acme", "1"), ("report", "processing", "acme"), ("verify", "acme"),
    ("audit", "show", "acme"), ("search", "acme", "settle"), ("doctor",),
]  # fmt: skip


@pytest.mark.parametrize("arguments", REPORTS, ids=" ".join)
def test_reports_are_json_on_demand_and_say_nothing_else(
    call: Call, home: Path, arguments: tuple[str, ...]
) -> None:
    said = call(home, *arguments, "--json")
    assert (said.code, said.err) == (0, "")
    assert said.json
    people = call(home, *arguments)
    assert people.code == 0
    assert people.out and not people.out.lstrip().startswith(("{", "["))
    assert "\x1b" not in people.out + people.err


def test_every_command_that_reports_has_json() -> None:
    silent = {
        "init", "text", "native", "alias", "checkpoint", "close", "add", "rebuild",
        "scheduler", "worker",  # they serve until they are stopped
        "index verify",  # a gate: its exit code is the answer
        "protocol set", "privilege-screen set",  # keep what they are given; show tells it
    }  # fmt: skip
    for path, command in ALL.items():
        if not isinstance(command, click.Group) and not {*path[-1:], " ".join(path)} & silent:
            assert "as_json" in {p.name for p in command.params}, path


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        (("ingst",), "ingest"),
        (("matter", "crate"), "create"),
        (("exceptions", "acme", "--retyr"), "--retry"),
    ],
)
def test_a_slip_is_answered_by_what_was_meant(
    call: Call, home: Path, wrong: tuple[str, ...], meant: str
) -> None:
    said = call(home, *wrong)
    assert (said.code, said.out) == (2, "")
    assert re.search(rf"Did you mean (one of: )?{meant!r}", said.err), said.err


def test_progress_is_plain_lines_beside_the_result(evidence: Path, tmp_path: Path) -> None:
    run = [*COMMAND, "--workspace", str(tmp_path / "w")]
    subprocess.run([*run, "matter", "create", "acme"], check=True, capture_output=True)
    done = subprocess.run(
        [*run, "ingest", str(evidence), "--matter", "acme", "--custodian", "Jane Roe",
         "--profile", "fast", "--workers", "0"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 3
    assert re.fullmatch(r"Collection 1: .* \(difference 0\)\.\n", done.stdout)
    assert "\x1b" not in done.stderr and "\r" not in done.stderr
    assert re.search(r"^Reading: [\d,]+ items, [\d,]+/s, .* exceptions so far$", done.stderr, re.M)
    assert "Next: ediscovery report processing acme" in done.stderr


def test_ingest_twice_and_its_json(call: Call, evidence: Path, tmp_path: Path) -> None:
    call(tmp_path, "matter", "create", "acme")
    command = ("ingest", evidence, "--matter", "acme", "--custodian", "Jane Roe")
    settings = ("--profile", "fast", "--workers", "0", "--json")
    first = call(tmp_path, *command, *settings)
    assert first.code == 3
    sums = first.json["reconciliation"]
    assert sums["difference"] == 0
    assert sums["seen"] == sum(
        sums[name] for name in ("documents", "containers", "suppressed", "failed")
    )
    assert set(first.json["by_custodian"]) == {"Jane Roe"}
    again = call(tmp_path, *command, *settings)
    assert (again.code, again.json["collection"], again.json["known_files"]) == (0, None, 40)
    assert again.json["reconciliation"] == sums


def content(home: Path) -> dict[str, object]:
    """Every file of a workspace by what it says: databases by their rows, others by their bytes.

    A database's own files change with every reader that comes or goes, whatever it does.
    """
    found: dict[str, object] = {}
    for path in home.rglob("*"):
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                found[str(path)] = list(database.iterdump())
        elif path.suffix not in (".sqlite-shm", ".sqlite-wal"):
            found[str(path)] = path.read_bytes() if path.is_file() else None
    return found


def test_a_dry_run_changes_nothing(call: Call, home: Path, evidence: Path) -> None:
    before = content(home)
    command = ("ingest", evidence, "--matter", "acme", "--custodian", "New One", "--dry-run")
    said = call(home, *command)
    assert said.code == 0 and "Nothing was changed" in said.out
    counted = call(home, *command, "--json").json
    assert counted["files"] == 40
    assert counted["bytes"] == sum(p.stat().st_size for p in evidence.rglob("*.*"))
    assert content(home) == before


def test_documents_are_found_by_any_form_of_their_number(call: Call, home: Path) -> None:
    shown = call(home, "doc", "show", "acme", "ACME-000000002", "--json").json
    for form in ("2", "acme-2", "000000002"):
        assert call(home, "doc", "show", "acme", form, "--json").json == shown
    assert shown["schema"] == "ediscovery/document/1"
    text = call(home, "doc", "text", "acme", "2")
    assert text.code == 0 and text.out


def test_a_native_comes_out_as_it_went_in(
    call: Call, home: Path, evidence: Path, tmp_path: Path
) -> None:
    shown = call(home, "doc", "show", "acme", "1", "--json").json
    out = tmp_path / "native"
    assert call(home, "doc", "native", "acme", "1", "--out", out).code == 0
    assert out.read_bytes() == (evidence.parent / shown["path"]).read_bytes()
    refused = call(home, "doc", "native", "acme", "1", "--out", out)
    assert refused.code == 2 and "exists" in refused.err
    done = subprocess.run(
        [*COMMAND, "--workspace", str(home), "doc", "native", "acme", "1"], capture_output=True
    )
    assert (done.returncode, done.stdout) == (0, out.read_bytes())


@pytest.mark.parametrize(
    "arguments",
    [
        ("doc", "text", "acme", "1"), ("doc", "native", "acme", "1"), ("matter", "list"),
        ("matter", "list", "--json"), ("audit", "show", "acme", "--json"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_closes_the_pipe_is_no_bug(home: Path, arguments: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--workspace", str(home), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


def test_the_html_report_runs_and_loads_nothing(call: Call, spoiled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "e"
    folder.mkdir()
    (folder / "<script>alert(1)<").write_bytes(b"")
    from tests.engine.matters import archive

    broken = archive({"<img src=x onerror=alert(2)>": b"x" * 500})[:-30]
    (folder / "<b>.zip").write_bytes(broken)
    call(
        spoiled, "ingest", folder, "--matter", "acme", "--custodian", '"><script>',
        "--workers", "0", "--profile", "fast",
    )  # fmt: skip
    page = tmp_path / "report.html"
    said = call(spoiled, "report", "processing", "acme", "--html", page)
    assert said.code == 0 and "Wrote" in said.err
    html = page.read_text()
    assert "&quot;&gt;&lt;script&gt;" in html
    assert not re.search(r"<script|<img|<link|<iframe|onerror=(?!alert)|src=|url\(|@import", html)


def test_names_of_matters_and_workspaces(call: Call, tmp_path: Path) -> None:
    place = tmp_path / "a b%c"
    made = call(place, "matter", "create", "acme", "--title", "Roe v. Acme", "--prefix", "AC")
    assert made.code == 0 and "Next:" in made.err
    assert call(place, "matter", "list", "--json").json[0]["name"] == "acme"
    shown = call(place, "matter", "show", "acme", "--json").json
    assert (shown["title"], shown["prefix"], shown["custodians"]) == ("Roe v. Acme", "AC", [])
    assert call(place, "custodian", "add", "acme", "Jane Roe").code == 0
    assert call(place, "custodian", "alias", "acme", "jane roe", "jroe").code == 0
    (listed,) = call(place, "custodian", "list", "acme", "--json").json
    assert (listed["name"], listed["aliases"]) == ("Jane Roe", ["jroe"])
    for wrong in (("matter", "create", "../x"), ("custodian", "add", "acme", "JROE")):
        assert call(place, *wrong).code == 2
    assert call(place, "matter", "close", "acme").code == 2  # without --confirm
    assert call(place, "matter", "close", "acme", "--confirm", "acme").code == 0
    assert call(place, "matter", "list", "--json").json[0]["closed_at"]


def test_help_is_quick_to_read_without_a_workspace(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND], capture_output=True, text=True, env={"HOME": str(tmp_path), "PATH": ""}
    )
    assert done.returncode == 2 and "Commands:" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_accepted_leaves_the_list_and_is_not_read_again(call: Call, spoiled: Path) -> None:
    listed = call(spoiled, "exceptions", "acme", "--json").json
    chosen = next(e for e in listed if e["retryable"])
    assert "MATTER" not in " ".join(e["next_step"] for e in listed)
    name = chosen["control_number"] or chosen["id"]
    for slip in (("--retry", "--reason", "x"), ("--state", "corrupt", "--reason", "x")):
        assert call(spoiled, "exceptions", "acme", "--ignore", name, *slip).code == 2
    assert call(spoiled, "exceptions", "acme", "--reason", "x").code == 2
    accept = ("--ignore", name, "--reason", "seen by hand")
    assert call(spoiled, "exceptions", "acme", *accept).code == 0
    retried = call(spoiled, "exceptions", "acme", "--retry", "--workers", "0", "--json")
    assert retried.code == (3 if retried.json else 0)
    assert chosen["id"] not in {e["id"] for e in retried.json}
    (kept,) = call(spoiled, "exceptions", "acme", "--state", "ignored", "--json").json
    assert (kept["id"], kept["reason"]) == (chosen["id"], "seen by hand")
    report = call(spoiled, "report", "processing", "acme", "--json").json
    assert sum(e["ignored"] for e in report["exceptions"]) == 1
    (collection,) = call(spoiled, "status", "acme", "--json").json["collections"]
    assert collection["exceptions"] == len(retried.json)
    assert collection["items"] == report["reconciliation"]["seen"]


def test_a_limit_holds_for_every_form_of_hits(call: Call, home: Path, tmp_path: Path) -> None:
    query = ("search", "acme", "type:mail")
    total = int(call(home, *query, "--count").out)
    assert total > 2
    found = call(home, *query, "--json").json
    assert (found["total"], len(found["documents"])) == (total, total)
    found = call(home, *query, "--json", "--limit", "2").json
    assert (found["total"], len(found["documents"])) == (total, 2)
    table = tmp_path / "hits.csv"
    said = call(home, *query, "--csv", table, "--limit", "2")
    assert f"2 of {total} hits" in said.err and said.out == ""
    assert len(table.read_text().splitlines()) == 3
    assert call(home, *query, "--count", "--explain").code == 2


def test_a_query_that_fails_is_shown_with_its_place(call: Call, home: Path) -> None:
    said = call(home, "search", "acme", "(breach AND")
    assert said.code == 2
    lines = said.err.splitlines()
    assert lines[0] == "  (breach AND" and lines[1].index("^") == lines[0].index("AND")


def test_people_see_times_in_the_zone_of_the_matter() -> None:
    from zoneinfo import ZoneInfo

    assert in_zone("2024-08-06T08:15:00Z", ZoneInfo("Europe/Berlin")) == "2024-08-06T10:15:00+02:00"
    assert in_zone("2024-08-06T08:15:00Z", ZoneInfo("UTC")) == "2024-08-06T08:15:00Z"
    for other in ("", "2024-08-06T08:15:00", "never"):
        assert in_zone(other, ZoneInfo("Europe/Berlin")) == other


def test_no_blanks_end_the_lines_of_a_table(call: Call, home: Path) -> None:
    said = call(home, "report", "processing", "acme")
    assert not re.search(r"[ ]$", said.out, re.M)
