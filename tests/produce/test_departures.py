"""Where a matter, or a specification, departs from what was agreed on review and clawback."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ediscovery.produce import departures, specification
from ediscovery.review import coding, layout
from ediscovery.review.protocol import TAR, Clawback, ESIProtocol
from tests.engine.matters import ingest, mail, new

NOTHING = ESIProtocol("T", ())


def test_search_terms_threading_and_tar(tmp_path: Path) -> None:
    matter = new(tmp_path / "home")
    folder = tmp_path / "mails"
    folder.mkdir()
    for number, body in enumerate(("breach", "breach of contract", "nothing"), 1):
        (folder / f"{number}.eml").write_bytes(mail(number, body))
    ingest(matter, folder)
    assert departures.of_matter(matter, NOTHING) == []
    terms = replace(NOTHING, search_terms=("breach", "contract w/5 breach", "elsewhere"))
    (one, other) = departures.of_matter(matter, terms)
    assert one.where == "search_terms/breach" and one.found.startswith("2 hits")
    assert other.found.startswith("1 hits")
    known = layout.load()
    coding.code(matter, known, [1, 2], coding.assignments(known, ["responsive=no"]))
    assert departures.of_matter(matter, terms) == []
    agreed = replace(NOTHING, threading="inclusive-only", tar=TAR(True, 0.8))
    found = departures.of_matter(matter, agreed)
    assert [one.where for one in found] == ["threading", "tar"]
    assert "0.8" in found[1].agreed
    assert departures.of_matter(matter, replace(NOTHING, threading="none", tar=TAR(False))) == []


def test_clawback_needs_wording() -> None:
    agreed = replace(NOTHING, clawback=Clawback("order of 4 May"))
    standard = specification.load("production-standard")
    assert departures.departures(agreed, standard, zone="UTC", prefix="ACME") == []
    bare = replace(standard, slip_sheets={})
    (found,) = departures.departures(agreed, bare, zone="UTC", prefix="ACME")
    assert found.where == "clawback" and found.agreed == "order of 4 May"
