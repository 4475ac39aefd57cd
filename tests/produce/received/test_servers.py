"""A received production is the same on either catalog, in either index, and on workers far away."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ediscovery.model.deployment import Deployment
from ediscovery.search.grammar import parse
from ediscovery.store.workspace import Workspace
from tests.engine import matters
from tests.engine.test_delivery import Apart
from tests.produce.received.test_received import FILES, OPT, ROWS
from tests.produce.received.volumes import Received, volume
from tests.search.elastic import place
from tests.store.databases import new_database


def test_files_are_delivered_to_workers_that_see_none(tmp_path: Path) -> None:
    # A page of more than a task holds goes as a parcel.
    files = FILES | {
        "IMAGES/BOLT0000003.tif": FILES["IMAGES/BOLT0000003.tif"] + os.urandom(2 << 20)
    }
    folder = volume(tmp_path, files, ROWS, OPT)
    few = replace(matters.QUICK, unit_items=1)
    near = Received(tmp_path / "near", folder, profile=few)
    pool = Apart()
    far = Received(tmp_path / "far", folder, profile=few, pool=pool)
    pool.close()
    assert any(one is not None and one.parcel is not None for one in pool.delivered)
    left, right = matters.dump(near.matter), matters.dump(far.matter)
    for name in ("item", "document", "index"):
        assert left[name] == right[name]
    assert far.failing() == []


@pytest.mark.server("postgresql")
def test_postgresql_holds_the_same(tmp_path: Path) -> None:
    folder = volume(tmp_path, FILES, ROWS, OPT)
    one = Received(tmp_path / "one", folder)
    with new_database() as address:
        workspace = Workspace(tmp_path / "two", Deployment(catalog=address))
        other = Received(tmp_path / "two", folder, matter=workspace.create("acme"))
        left, right = matters.dump(one.matter), matters.dump(other.matter)
        for name in ("item", "document", "index"):
            assert left[name] == right[name]
        assert one.told == other.told
        assert other.failing() == []
        other.matter.engine.dispose()
        other.matter.reader.dispose()


@pytest.mark.server("elasticsearch")
def test_elasticsearch_finds_the_same(tmp_path: Path) -> None:
    from ediscovery.engine import index_documents
    from ediscovery.engine.index_documents import Slice

    made = Received(tmp_path, volume(tmp_path, FILES, ROWS, OPT))
    with made.matter.engine.begin() as connection:  # all of it again, for another index
        connection.exec_driver_sql("UPDATE document SET indexed_version = 0")
    with place() as there, there.open() as index, made.matter.reader.connect() as connection:
        chosen = Slice(1, 1000, 0, 1)
        index.add(index_documents.read(made.matter, connection, chosen, fresh=True), new=True)
        index.commit()
        index.refresh()
        for query in (
            "bates:BOLT0000002", "bates:*", "bates:bolt000000?", "has:received", "custodian:smith",
            'allcustodian:"bolt inc"', "attachment(bates:BOLT0000004)", "date:2001-05-21",
        ):  # fmt: skip
            found = [int(n) for n in index.matching(parse(query).tree)]
            assert found == made.find(query) != [], query
        counts = index.facets(parse("bates:*").tree, ["custodian"])["custodian"]
        assert counts == {"smith, john": 2, "roe, jane": 1}
