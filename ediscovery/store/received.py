"""What a matter knows of the productions that it received."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, select

from ediscovery.store.tables import collections as collection_table
from ediscovery.store.tables import (
    custodians,
    received_files,
    received_load_files,
    received_productions,
    received_records,
    source_files,
)
from ediscovery.store.workspace import Matter


def is_received(matter: Matter, collection: int) -> bool:
    """Whether a collection came as a production."""
    with matter.engine.connect() as connection:
        found = connection.execute(
            select(received_productions.c.joined).where(
                received_productions.c.collection_id == collection
            )
        ).first()
    return found is not None


def load_files(connection: Connection, collection: int) -> Sequence[Any]:
    """The rows of a collection's load files in their order, each with its path as ``shown``."""
    return connection.execute(
        select(received_load_files, source_files.c.shown)
        .join(
            source_files,
            and_(
                source_files.c.collection_id == received_load_files.c.collection_id,
                source_files.c.ordinal == received_load_files.c.ordinal,
            ),
        )
        .where(received_load_files.c.collection_id == collection)
        .order_by(received_load_files.c.ordinal)
    ).all()


def summary(matter: Matter, collection: int) -> dict[str, Any]:
    """How a received production was joined: its load files with their findings, and its sums.

    ``findings`` counts each kind; ``first_findings`` are line, record, kind, sentence, refused.
    ``records_with_problems``: a file is missing or was refused, a number is used twice.
    """
    here = received_records.c.collection_id == collection
    with matter.engine.connect() as connection:
        party, unnamed = connection.execute(
            select(custodians.c.name, received_productions.c.unnamed)
            .join(collection_table, collection_table.c.custodian_id == custodians.c.id)
            .join(
                received_productions,
                received_productions.c.collection_id == collection_table.c.id,
            )
            .where(collection_table.c.id == collection)
        ).one()
        loads = load_files(connection, collection)
        records, bad = connection.execute(
            select(func.count(), func.count().filter(received_records.c.state != "ok")).where(here)
        ).one()
        named = connection.execute(
            select(func.count(func.distinct(received_files.c.ordinal))).where(
                received_files.c.collection_id == collection
            )
        ).scalar_one()
    return {
        "from": party,
        "records": records,
        "records_with_problems": bad,
        "named_files": named,
        "unnamed_files": unnamed,
        "load_files": [
            {
                "path": row.shown, "format": row.format, "records": row.records,
                "lost_rows": row.announced - row.records, "findings": row.found,
                "first_findings": row.findings,
            }
            for row in loads
        ],
    }  # fmt: skip
