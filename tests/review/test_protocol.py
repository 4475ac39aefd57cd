"""The ESI protocol as a file: what it may hold, what is refused."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest

from ediscovery.model.errors import UsageError
from ediscovery.model.resources import resource
from ediscovery.model.settings import build
from ediscovery.review.protocol import ESIProtocol, load

CONSENTS = "consents: [{party: P, name: N, date: 2024-02-29}]\n"
WHOLE = f"""\
title: Stipulated protocol
{CONSENTS}dates: {{date: MM/DD/YYYY, time: HH:MM, zone: America/New_York}}
fields: [BegBates, EndBates]
images: {{formats: {{default: tiff, spreadsheet: slip-sheet}}, dpi: 300, colour: jpeg}}
natives: [spreadsheet]
load_files: [dat, opt]
dedupe: custodian
threading: none
tar: {{used: true, recall: 0.8, disclosure: seed set by random sample}}
search_terms: ["breach w/5 contract", "budget*"]
redaction_reasons: {{pii: Personal data}}
privilege_log: {{form: metadata-plus-topic, days: 30, not_after: 2023-06-30}}
clawback: {{order: FRE 502(d), date: 2024-02-10, days: 10}}
numbering: {{prefix: ROE, digits: 7, level: page}}
"""


def same_parts(schema: dict[str, Any], kind: type) -> None:
    """Every dataclass has the parts that its place in the schema has, down to the bottom."""
    assert set(schema["properties"]) - {"extends"} == {f.name for f in fields(kind)}
    for name, hint in get_type_hints(kind).items():
        inner = [one for one in (hint, *get_args(hint)) if is_dataclass(one)]
        if not inner:
            continue
        place = schema["properties"][name]
        if get_args(hint) and not isinstance(hint, UnionType):
            place = place.get("items") or place["additionalProperties"]
            place = next((one for one in place.get("anyOf", ()) if "properties" in one), place)
        same_parts(place, inner[0])


def test_the_schema_knows_every_part_and_no_other() -> None:
    same_parts(json.loads(resource("schemas", "esi_protocol.json").read_text()), ESIProtocol)


def test_a_whole_protocol(tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_text(WHOLE)
    found = build(ESIProtocol, load(str(file)))
    assert found.consents[0].date == "2024-02-29"
    assert found.tar and found.tar.recall == 0.8
    assert found.clawback and found.clawback.days == 10
    assert found.numbering.prefix == "ROE" and found.numbering.separator is None
    assert found.natives == ("spreadsheet",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title: X", "consents"),
        (CONSENTS, "title"),
        ("title: X\nconsents: [{party: P, name: N, date: 2023-02-29}]", "2023-02-29"),
        (f"title: X\n{CONSENTS}dates: {{zone: Nowhere/Land}}", "Nowhere/Land"),
        (f"title: X\n{CONSENTS}dates: {{date: M/D/Y}}", "dates/date"),
        (f"title: X\n{CONSENTS}search_terms: ['a w/ 5 b']", "a w/ 5 b"),
        (f"title: X\n{CONSENTS}clawback: {{order: x, date: 2024-13-01}}", "clawback/date"),
        (f"title: X\n{CONSENTS}dedup: global", "dedup"),
        ("[", "YAML"),
    ],
)
def test_a_wrong_protocol_is_refused_by_place(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=says):
        load(str(file))
    with pytest.raises(UsageError, match="nonesuch"):
        load("nonesuch")
