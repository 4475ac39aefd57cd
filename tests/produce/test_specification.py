"""Production specifications: what ships, what is refused, every field has a source."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ediscovery.extract.types import CATEGORIES
from ediscovery.model.errors import UsageError
from ediscovery.model.resources import resource
from ediscovery.produce import departures
from ediscovery.produce import specification as specifications
from ediscovery.produce.catalogue import catalogue
from ediscovery.produce.fields import SOURCES, SPECIFIED
from ediscovery.produce.specification import GATE, Bates, Specification
from ediscovery.review.protocol import Dates, ESIProtocol, Images, Numbering
from ediscovery.store.tables import items
from tests.review.test_protocol import same_parts

SHIPPED = [
    "production-doj-antitrust", "production-ftc", "production-pdf", "production-sec",
    "production-standard",
]  # fmt: skip


def test_the_schema_knows_every_part_and_no_other() -> None:
    schema = json.loads(resource("schemas", "production.json").read_text())
    same_parts(schema, Specification)
    assert set(schema["properties"]["gate"]["properties"]) == set(GATE)


def test_what_ships() -> None:
    assert specifications.names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_specifications_survive_the_catalog(name: str) -> None:
    loaded = specifications.load(name)
    assert loaded.name == name
    assert specifications.from_dict(json.loads(json.dumps(loaded.as_dict()))) == loaded


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_specifications_treat_classes_that_exist(name: str) -> None:
    classes = {*CATEGORIES.values(), "image", "audio", "video", "default"}
    assert set(specifications.load(name).treatments) <= classes


@pytest.mark.parametrize("name", ["production-sec", "production-doj-antitrust", "production-ftc"])
def test_what_is_unconfirmed_is_said(name: str) -> None:
    assert "UNCONFIRMED" in resource("pipelines", f"{name}.yaml").read_text()


def test_every_source_exists_and_every_field_but_threads_has_one() -> None:
    """Holds every field of every specification, for a specification takes no other."""
    without = set()
    for entry in catalogue().entries.values():
        place, _, name = entry.source.partition(".")
        if place == "item":
            assert name in items.c, entry
        elif place != "metadata" and entry.source:
            assert entry.source in SOURCES or entry.source in SPECIFIED, entry
        elif not entry.source:
            without.add(entry.name)
    assert without == {"ThreadID", "Inclusive"}
    assert {entry.source for entry in catalogue().entries.values()} >= {*SOURCES, *SPECIFIED}


def test_sources_in_metadata_are_those_that_readers_fill() -> None:
    """Their names stand in the guide to extraction, which is held against the readers."""
    told = (Path(__file__).parents[2] / "docs" / "extraction.md").read_text()
    for entry in catalogue().entries.values():
        if entry.source.startswith("metadata."):
            assert f"`{entry.source.partition('.')[2]}`" in told, entry


def test_names_at_regulators() -> None:
    sec = [column.name for column in specifications.load("production-sec").fields]
    assert sec[:5] == ["FIRSTBATES", "LASTBATES", "ATTACHRANGE", "BEGATTACH", "ENDATTACH"]
    assert "TIME_SENT/TIME_ZONE" in sec
    doj = {c.name: c.field for c in specifications.load("production-doj-antitrust").fields}
    assert doj["DOCID"] == doj["BEGDOC#"] == "BegBates" and doj["CUSTDIAN"] == "Custodian"
    entries = catalogue().entries
    assert entries["From"].names["ftc_bc"].unconfirmed
    assert not entries["FileName"].names["ftc_bc"].unconfirmed


def test_bates_numbers() -> None:
    assert Bates(digits=7).number(123, "ACME") == "ACME0000123"
    assert Bates("ROE", "-", 4).number(9999) == "ROE-9999"
    for value in (0, 10_000):
        with pytest.raises(UsageError, match="4 digits"):
            Bates("ROE", "-", 4).number(value)


def test_reactions_and_treatments_have_defaults() -> None:
    standard = specifications.load("production-standard")
    assert standard.reaction("privileged") == standard.reaction("clawed-back") == "block"
    assert standard.reaction("exception") == "warn"
    assert standard.treatment("mail") == standard.treatments["default"]
    assert standard.treatment("spreadsheet").native


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fields: [BegBats]", "Did you mean 'BegBates'"),
        ("fields: [ThreadID]", "can't be filled"),
        ("fields: [BegBates, {field: EndBates, name: BegBates}]", "two fields"),
        ("fields: [{field: Subject, form: date-time}]", "no date"),
        ("redacted_fields: [Sbject]", "Subject"),
        ("bates: {prefix: acme}", "bates/prefix"),
        ("bates: {prefix: A B}", "bates/prefix"),
        ("bates: {separator: ' '}", "bates/separator"),
        ("endorsements: [{position: middle, content: bates}]", "endorsements/0/position"),
        ("endorsements: [{position: head-left, content: text}]", "endorsements/0"),
        ('confidentiality: {x: "two\\nlines"}', "confidentiality/x"),
        ("folders: {images: ../out}", "folders/images"),
        ("gate: {clawed-back: warn}", "gate/clawed-back"),
        ("gate: {nonesuch: warn}", "nonesuch"),
        ("dates: {zone: Nowhere/Land}", "Nowhere"),
        ("treatments: {mail: {images: png}}", "treatments/mail/images"),
        ("treatments: {email: {images: tiff}}", "no class 'email'"),
        ("load_files: [{format: xls}]", "load_files/0/format"),
        ("load_files: [{format: dat, column: ab}]", "load_files/0/column"),
    ],
)
def test_a_wrong_specification_is_refused_by_place(tmp_path: Path, text: str, says: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(f"extends: production-standard\n{text}\n")
    with pytest.raises(UsageError, match=says):
        specifications.load(str(own))


def test_a_specification_of_ones_own_states_what_differs(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("extends: production-standard\nbates: {prefix: ROE}\nfields: [BegBates]\n")
    loaded = specifications.load(str(own))
    assert (loaded.name, loaded.bates.prefix, loaded.bates.digits) == ("own", "ROE", 7)
    assert [column.name for column in loaded.fields] == ["BegBates"]


def test_departures_from_the_protocol() -> None:
    standard = specifications.load("production-standard")
    agreed = ESIProtocol(
        "T",
        (),
        Dates("MM/DD/YYYY", "HH:MM:SS", "America/New_York"),
        ("BegBates", "Header"),
        Images({"default": "tiff", "pdf": "pdf"}, 200, "jpeg"),
        ("spreadsheet", "database", "audio", "video", "drawing"),
        ("dat", "lfp"),
        numbering=Numbering("ROE", None, 7, "page"),
    )
    found = departures.departures(agreed, standard, zone="UTC", prefix="ACME")
    assert [(one.where, one.agreed, one.found) for one in found] == [
        ("dates/time", "HH:MM:SS", "HH:MM"),
        ("dates/zone", "America/New_York", "UTC"),
        ("fields", "Header", "left out"),
        ("load_files", "lfp", "left out"),
        ("images/formats/pdf", "pdf", "tiff"),
        ("images/dpi", "200", "300"),
        ("natives/drawing", "native", "no native"),
        ("natives/presentation", "no native", "native"),
        ("numbering/prefix", "ROE", "ACME"),
    ]
    assert "agreed is 200, here it is 300" in found[5].sentence
    nothing = ESIProtocol("T", ())
    assert departures.departures(nothing, standard, zone="UTC", prefix="ACME") == []
    same = replace(nothing, numbering=Numbering("ACME"), dates=Dates(zone="UTC"))
    assert departures.departures(same, standard, zone="UTC", prefix="ACME") == []
