"""The sample collection through the whole product, held against its known answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from ediscovery.store.tables import collections, custodians, items, mentions
from ediscovery.store.workspace import Workspace
from samples.searches import SEARCHES
from tests.conftest import Sample, call


@pytest.fixture(scope="module")
def rows(sample: Sample) -> dict[str, dict[str, Any]]:
    """Every item of the matter, by the id of its fact."""
    matter = Workspace(sample.home).open("acme")
    with matter.engine.connect() as connection:
        found = connection.execute(
            select(items, custodians.c.name.label("custodian"))
            .join(collections, collections.c.id == items.c.collection_id)
            .join(custodians, custodians.c.id == collections.c.custodian_id)
            .order_by(items.c.collection_id, items.c.position)
        ).mappings()
        listed = [dict(row) for row in found]
    # Facts and positions are both in reading order: source paths, then depth first.
    facts = sample.facts["items"]
    assert len(listed) == len(facts)
    return {fact["id"]: row for fact, row in zip(facts, listed, strict=True)}


def test_nothing_is_lost(sample: Sample) -> None:
    report = json.loads(call(sample.home, "report", "processing", "acme", "--json"))
    expected = sample.facts["counts"]["with_passwords"]
    sums = report["reconciliation"]
    assert sums["difference"] == 0
    for name in ("seen", "documents", "containers", "suppressed", "failed"):
        assert sums[name] == expected["total"][name]
    assert report["documents"]["families"] == expected["total"]["families"]
    assert report["documents"]["indexed"] == expected["total"]["documents"]
    for folder, custodian in sample.facts["custodians"].items():
        counted = report["by_custodian"][custodian]
        for name in ("documents", "containers", "suppressed", "failed"):
            assert counted[name] == expected[folder][name]


def test_every_item_is_what_it_is(sample: Sample, rows: dict[str, dict[str, Any]]) -> None:
    by_position = {(r["collection_id"], r["position"]): i for i, r in rows.items()}
    for fact in sample.facts["items"]:
        row = rows[fact["id"]]
        assert row["custodian"] == fact["custodian"]
        assert row["path"].startswith(f"{fact['folder']}/{fact['source']}"), fact
        assert row["role"] == fact["role"], (fact, row["message"])
        assert row["state"] in fact["states"], (fact, row["state"], row["message"])
        assert row["relation"] == fact["relation"], fact
        if fact["sha256"]:
            assert row["sha256"] == fact["sha256"], fact
        parent = by_position.get((row["collection_id"], row["parent"]), "")
        family = by_position.get((row["collection_id"], row["family"]), "")
        assert (parent, family) == (fact["parent"], fact["family"]), fact


def test_mail_fields(sample: Sample, rows: dict[str, dict[str, Any]]) -> None:
    for fact in sample.facts["items"]:
        mail, row = fact["mail"], rows[fact["id"]]
        if mail is None:
            continue
        assert row["category"] == "mail", fact
        for name, column in (
            ("message_id", "message_id"),
            ("subject", "subject"),
            ("sent", "sent_at"),
            ("in_reply_to", "in_reply_to"),
        ):
            assert row[column] == mail[name], (fact["id"], name)
        assert [len(row[n]) for n in ("to", "cc", "bcc")] == [
            len(mail[n]) for n in ("to", "cc", "bcc")
        ], fact["id"]


def test_copies_are_grouped(sample: Sample, rows: dict[str, dict[str, Any]]) -> None:
    for group in sample.facts["duplicates"]["mail"]:
        hashes = {rows[i]["family_hash"] for i in group["items"]}
        if group["kind"] in ("bytes", "transport"):
            assert len(hashes) == 1, group
        if group["kind"] == "gateway":
            assert len(hashes) > 1, group


@pytest.mark.parametrize("search", [s for s in SEARCHES if s.needs != "ocr"], ids=lambda s: s.query)
def test_searches_hit_what_they_should(
    sample: Sample, rows: dict[str, dict[str, Any]], search: Any
) -> None:
    fact = next(s for s in sample.facts["searches"] if s["query"] == search.query)
    data = json.loads(
        call(sample.home, "search", "acme", search.query, "--json", "--fields", "path")
    )
    named = {row["path"]: i for i, row in rows.items()}
    found = sorted(named[d["path"]] for d in data["documents"])
    assert found == sorted(fact["hits"])
    assert data["total"] == len(fact["hits"])
    counted = call(sample.home, "search", "acme", search.query, "--count")
    assert int(counted) == len(fact["hits"])


def test_personal_data_is_found(sample: Sample, rows: dict[str, dict[str, Any]]) -> None:
    matter = Workspace(sample.home).open("acme")
    with matter.engine.connect() as connection:
        found = set(connection.execute(select(mentions.c.text)).scalars())
    for fact in sample.facts["personal"]:
        if fact["kind"] == "ssn" and fact["value"].startswith("219-09"):
            continue  # never belonged to anybody, and is on the list of known specimens
        seen = any(fact["value"] in text for text in found)
        assert seen is fact["valid"], fact


def test_verify_holds(sample: Sample) -> None:
    assert json.loads(call(sample.home, "verify", "acme", "--json"))["holds"] is True
