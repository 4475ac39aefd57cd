"""``python -m tests.firm``: a firm's deployment on this machine, held against the embedded default.

Starts Elasticsearch, PostgreSQL, an S3 store and a Tika server, a Dask scheduler and three workers
that see nothing of the evidence; sends the sample collection through them; searches; verifies; and
does the same on the embedded default. Ends with 1 when anything differs. Servers that ran before go
on running.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ediscovery.model.deployment import LOCAL, load
from ediscovery.search.answers import FACETS
from ediscovery.search.backends import index_of
from ediscovery.search.elastic_client import connect
from ediscovery.search.grammar import parse
from ediscovery.store import lookup, reports
from ediscovery.store.workspace import Workspace
from samples import make
from tests.engine.clusters import Cluster, port
from tests.engine.kills import COMMAND
from tests.servers import server
from tests.store.buckets import bucket
from tests.store.databases import new_database

SERVERS = ("elasticsearch", "postgresql", "s3", "tika")
WORKERS = 3
_SHOWN = ("breach w/5 contract AND from:roe", 'attachment("kingfisher reserve")', "納期遅延")
# What depends on where bytes lie, or on the time of day, is no answer.
_APART = frozenset({"created_at", "accessed_at"})


@dataclass
class Session:
    """Commands in one workspace, told as a user would type them."""

    home: Path
    config: Path | None
    tell: Callable[[str], None]

    def run(self, *arguments: str) -> None:
        """One command; raises when it fails (exit code 3 is no failure)."""
        environment = os.environ | {"EDISCOVERY_HOME": str(self.home)}
        if self.config is not None:
            environment["EDISCOVERY_CONFIG"] = str(self.config)
        self.tell(f"\n$ ediscovery {shlex.join(arguments)}")
        done = subprocess.run(
            [*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, 3):
            raise RuntimeError(f"{arguments} ended with {done.returncode}:\n{done.stderr}")
        self.tell(done.stdout.rstrip())

    def answers(self, evidence: Path, facts: dict[str, Any]) -> dict[str, Any]:
        """What the matter says of itself once the sample is in it."""
        self.run("matter", "create", "acme", "--title", "Acme Turbines v. Brennhof Guss")
        for folder, custodian in facts["custodians"].items():
            self.run(
                "ingest", str(evidence / folder), "--matter", "acme", "--custodian", custodian,
                "--password-file", str(evidence / "passwords.txt"), "--workers", str(WORKERS),
            )  # fmt: skip
        self.run("report", "processing", "acme")
        for query in _SHOWN:
            self.run("search", "acme", query)
        self.run("verify", "acme")
        matter = Workspace(self.home, load(str(self.config)) if self.config else LOCAL).open("acme")
        report = reports.processing(matter)
        with index_of(matter).open() as index:
            hits = {
                fact["query"]: index.matching(parse(fact["query"], matter.zone).tree).tolist()
                for fact in facts["searches"]
            }
            facets = index.facets(parse("*").tree, FACETS)
            numbers = [number for number, _ in index.versions()]
        documents = {
            number: {k: v for k, v in lookup.document(matter, number).items() if k not in _APART}
            | {"family": lookup.family(matter, number), "text": lookup.text(matter, number)}
            for number in numbers
        }
        return {
            "reconciliation": report["reconciliation"],
            "by_state": report["by_state"],
            "searches": hits,
            "facets": facets,
            "documents": documents,
        }


def whole(place: Path, tell: Callable[[str], None]) -> list[str]:
    """Run both and return what differs, one line each. Servers are named by the environment."""
    make(place / "evidence")
    facts = json.loads((place / "evidence" / "facts.json").read_text())
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        forget_index()  # of a run that was stopped
        stack.callback(forget_index)
        config = place / "firm.yaml"
        config.write_text(
            yaml.safe_dump(
                {
                    "catalog": stack.enter_context(new_database()),
                    "packs": f"s3://{stack.enter_context(bucket(patch))}/matters",
                    "index": server("elasticsearch"),
                    "tika": server("tika"),
                    "scheduler": f"tcp://127.0.0.1:{port()}",
                    "dashboard": f"http://127.0.0.1:{port()}/status",
                },
                sort_keys=False,
            )
        )
        tell(f"{config}:\n{config.read_text()}")
        cluster = Cluster(place / "cluster", WORKERS, hidden=[place / "evidence"], config=config)
        stack.callback(cluster.close)
        tell(f"A scheduler and {WORKERS} workers run; they see nothing of the evidence.")
        firm = Session(place / "firm", config, tell).answers(place / "evidence", facts)
        assert not list((place / "firm").rglob("*.zip")), "natives belong into the object store"
        assert not list((place / "firm").rglob("catalog.sqlite"))
    tell("\nThe same on the embedded default.")
    local = Session(place / "local", None, lambda _: None).answers(place / "evidence", facts)
    tell(f"\n{'search':<60} {'firm':>6} {'local':>6}")
    for query, hits in firm["searches"].items():
        tell(f"{query[:60]:<60} {len(hits):>6} {len(local['searches'][query]):>6}")
    return list(_differences("", firm, local))


def forget_index() -> None:
    """Take the matter's index from the server."""
    with connect(server("elasticsearch")) as client:
        if names := [*client.indices.get(index="ediscovery-acme@*", filter_path="*.aliases")]:
            client.indices.delete(index=names)


def _differences(path: str, one: Any, other: Any) -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            line
            for key in sorted(one.keys() | other.keys())
            for line in _differences(f"{path}/{key}", one.get(key), other.get(key))
        ]
    return [] if one == other else [f"{path}: {one!r} is not {other!r}"]


def main() -> int:
    """Servers up, both runs, servers down."""
    services = [sys.executable, "-m", "tests.services"]
    running = subprocess.run([*services, "env"], capture_output=True, text=True, check=False).stdout
    up = subprocess.run([*services, "up", *SERVERS], stdout=subprocess.PIPE, text=True, check=True)
    for line in up.stdout.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        os.environ[name] = shlex.split(value)[0]
    try:
        with tempfile.TemporaryDirectory() as place:
            wrong = whole(Path(place), lambda text: print(text, flush=True))
    finally:
        started = [name for name in SERVERS if f"EDISCOVERY_TEST_{name.upper()}=" not in running]
        if started:
            subprocess.run([*services, "down", *started], check=True)
    print("\n" + ("\n".join(wrong) or "Both are the same: documents, families, hashes, hits."))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
