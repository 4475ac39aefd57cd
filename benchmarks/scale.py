"""Memory and cost a document at 10,000 and at 100,000 documents."""

from __future__ import annotations

from typing import cast

from benchmarks.mail import ingest, prepare
from benchmarks.measure import Figure, Run, Settings


def run(settings: Settings) -> None:
    """The lines of the table for flat memory and flat cost."""
    small, large = int(10_000 * settings.scale), int(100_000 * settings.scale)
    runs = {}
    for count in (small, large):
        tries = [
            cast(Run, ingest(settings, prepare(settings, count), watch=True)[1])
            for _ in range(settings.runs)
        ]
        runs[count] = sorted(tries, key=lambda r: r.seconds)[len(tries) // 2]
    few, many = runs[small], runs[large]
    grown = max(many.coordinator_peak / few.coordinator_peak, many.worker_peak / few.worker_peak)
    settings.figures.append(
        Figure(
            f"peak memory at {large:,} against {small:,} documents", "flat",
            f"coordinator {few.coordinator_peak >> 20} -> {many.coordinator_peak >> 20} MiB, "
            f"largest worker {few.worker_peak >> 20} -> {many.worker_peak >> 20} MiB",
            grown < 1.25, "coordinator and its children, sampled ten times a second",
        )
    )  # fmt: skip
    cost = (many.cpu_seconds / large) / (few.cpu_seconds / small)
    wall = (many.seconds / large) / (few.seconds / small)
    settings.figures.append(
        Figure(
            f"cost a document at {large:,} against {small:,}", "within 15%",
            f"{cost - 1:+.0%} CPU, {wall - 1:+.0%} wall", cost <= 1.15 and wall <= 1.15,
            f"{few.cpu_seconds / small * 1e3:.2f} and {many.cpu_seconds / large * 1e3:.2f} ms CPU",
        )
    )  # fmt: skip
