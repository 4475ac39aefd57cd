"""Reading texts out of packs: one by one against neighbours together, in a folder and on S3.

The S3 part runs when ``EDISCOVERY_TEST_S3`` names a server; its figure that travels to other
servers is the number of requests, not their speed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, Settings
from ediscovery.model.deployment import Deployment
from ediscovery.store.pack_store import Member, PackStore, open_packs
from ediscovery.store.packs import PackWriter, finish

Clock = Callable[[], float]
COUNT = 20_000  # documents, as many in each pack as a work unit has
UNIT = 1_000
WINDOW = 500  # as store/lookup.py asks for at once
ON_S3 = 2_000


def run(settings: Settings) -> None:
    """The lines of the table."""
    place = settings.scratch / "packs"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    count = max(UNIT, int(COUNT * settings.scale))
    home = open_packs(Deployment(), place, "acme")
    members = _filled(home, place, count)
    cpu = time.process_time
    alone = _alone(home, members, settings.runs, cpu)
    together = _together(home, members, settings.runs, cpu)
    settings.figures.append(
        Figure(
            f"texts of {count:,} mails from a folder, in windows of {WINDOW}", "no slower by 2 µs",
            f"{together * 1e6:.1f} µs of CPU a text", together < alone + 2e-6,
            f"one by one {alone * 1e6:.1f} µs",
        )
    )  # fmt: skip
    if os.environ.get("EDISCOVERY_TEST_S3"):
        settings.figures += _on_s3(place)
    shutil.rmtree(place)


def _on_s3(place: Path) -> list[Figure]:
    import boto3

    os.environ["AWS_ENDPOINT_URL"] = os.environ["EDISCOVERY_TEST_S3"]
    name = f"benchmark-{secrets.token_hex(4)}"
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=name)
    store: Any = open_packs(Deployment(packs=f"s3://{name}"), place, "acme")
    members = _filled(store, place, ON_S3)
    asked = 0
    original = store.files._call_s3

    async def counted(*arguments: Any, **settings: Any) -> Any:
        nonlocal asked
        asked += 1
        return await original(*arguments, **settings)

    store.files._call_s3 = counted
    alone = _alone(store, members[:200], 1, time.perf_counter)
    before, asked = asked, 0
    together = _together(store, members, 1, time.perf_counter)
    for pack in store.listing():
        store.remove(store.path(pack))
    client.delete_bucket(Bucket=name)
    return [
        Figure(
            f"requests a text, {ON_S3:,} mails on S3", "printed", f"{asked / ON_S3:.4f}", None,
            f"one by one {before / 200:.0f}; {together * 1e6:,.0f} µs a text against "
            f"{alone * 1e6:,.0f} µs on a server of this machine",
        )
    ]  # fmt: skip


def _filled(store: PackStore, place: Path, count: int) -> list[Member]:
    """Texts of mails among their natives, as a work unit writes them."""
    members: list[Member] = []
    for start in range(0, count, UNIT):
        draft = place / f"c1-{start:06}.zip"
        with open(draft, "w+b") as file:
            writer = PackWriter(file)
            for number in range(start, start + UNIT):
                text = f"Message {number}. " + "the contract and its delivery, " * 40
                writer.add(f"native/{number}", secrets.token_bytes(3000))
                raw = text.encode()
                digest = hashlib.sha256(raw).hexdigest()
                members.append(Member(draft.name, writer.add(f"text/{digest}.txt", raw), digest))
            finish(file, *writer.take()[:2])
        store.accept(draft, draft.name)
    return members


def _alone(store: PackStore, members: list[Member], runs: int, clock: Clock) -> float:
    def read() -> None:
        for pack, place, _ in members:
            store.read(pack, place)

    return _median(read, runs, clock) / len(members)


def _together(store: PackStore, members: list[Member], runs: int, clock: Clock) -> float:
    def read() -> None:
        for start in range(0, len(members), WINDOW):
            store.read_many(members[start : start + WINDOW])

    return _median(read, runs, clock) / len(members)


def _median(work: Callable[[], None], runs: int, clock: Clock) -> float:
    seconds = []
    for _ in range(runs):
        started = clock()
        work()
        seconds.append(clock() - started)
    return statistics.median(seconds)
