"""What the catalog keeps of productions: numbers given out once, and what went out under each."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, or_, select, update

from ediscovery.model.errors import Refused, UsageError
from ediscovery.produce.documents import Candidate
from ediscovery.produce.forms import WITHHELD, Form
from ediscovery.produce.specification import Specification
from ediscovery.store import audit
from ediscovery.store.catalog import listed, writing
from ediscovery.store.tables import (
    bates_counters,
    clawbacks,
    destructions,
    documents,
    produced,
    productions,
)
from ediscovery.store.workspace import Matter

NUMBERED, WRITTEN = "numbered", "written"
PRODUCTION, CLAWBACK, REPLACEMENT, OVERLAY = "production", "clawback", "replacement", "overlay"
CLAWED_BACK = "clawed-back"  # the reason of a slip sheet


def find(connection: Connection, volume: str) -> Any:
    """The production whose volume is called ``volume``; ``None`` for none."""
    return connection.execute(select(productions).where(productions.c.volume == volume)).first()


def production(matter: Matter, volume: str) -> Any:
    """As :func:`find`; raises :class:`UsageError` with the names there are."""
    with matter.reader.connect() as connection:
        found = find(connection, volume)
        if found is None:
            known = connection.execute(
                select(productions.c.volume).order_by(productions.c.id)
            ).scalars()
            raise UsageError(
                f"Matter {matter.name!r} has no production {volume!r}.",
                f"Known: {', '.join(known) or 'none yet'}.",
            )
    return found


def every(matter: Matter) -> list[dict[str, Any]]:
    """All productions, oldest first, with their counts of documents, pages and numbers; of a
    clawback the day by which it is to be confirmed (``due``), and since when it is
    (``confirmed``)."""
    own = produced.c.production_id == productions.c.id
    with matter.reader.connect() as connection:
        rows = connection.execute(
            select(
                productions,
                func.count(produced.c.bates_begin).label("documents"),
                func.count().filter(produced.c.kind == WITHHELD).label("withheld"),
                func.coalesce(func.sum(produced.c.pages), 0).label("pages"),
                func.min(produced.c.bates_begin).label("first"),
                func.max(produced.c.bates_end).label("last"),
                select(func.min(clawbacks.c.due))
                .where(clawbacks.c.production_id == productions.c.id)
                .scalar_subquery()
                .label("due"),
                select(func.min(destructions.c.date))
                .where(destructions.c.production_id == productions.c.id)
                .scalar_subquery()
                .label("confirmed"),
            )
            .join(produced, own, isouter=True)
            .group_by(productions.c.id)
            .order_by(productions.c.id)
        ).mappings()
        return [
            {key: value for key, value in row.items() if key != "specification"} for row in rows
        ]


def lines(connection: Connection, production_id: int) -> list[Any]:
    """What a production holds, in its order."""
    return list(
        connection.execute(
            select(produced)
            .where(produced.c.production_id == production_id)
            .order_by(produced.c.ordinal)
        )
    )


def superseded() -> ColumnElement[bool]:
    """Whether what a row of ``produced`` (joined with ``production``) says is no longer what holds:
    a later volume of the same production put something in its place."""
    later, volume = produced.alias("later"), productions.alias("later_volume")
    return (
        select(later.c.number)
        .join(volume, volume.c.id == later.c.production_id)
        .where(
            later.c.number == produced.c.number,
            volume.c.base == productions.c.base,
            volume.c.id > productions.c.id,
            # What was called back is so from the moment that it was decided.
            or_(volume.c.state == WRITTEN, volume.c.kind == CLAWBACK),
        )
        .exists()
    )


def added(connection: Connection, base: str) -> list[Any]:
    """The volumes that were added to the production ``base``, oldest first."""
    return list(
        connection.execute(
            select(productions)
            .where(productions.c.base == base, productions.c.volume != base)
            .order_by(productions.c.id)
        )
    )


def later(connection: Connection, base: str, volume: str = "") -> dict[int, list[str]]:
    """By document the volumes added to ``base`` that hold it, oldest first; only those that came
    after ``volume`` where one is named."""
    found: dict[int, list[str]] = {}
    started = not volume or volume == base
    for one in added(connection, base):
        if started:
            for line in lines(connection, one.id):
                found.setdefault(line.number, []).append(one.volume)
        started = started or one.volume == volume
    return found


def number_of(matter: Matter, text: str) -> int:
    """The document that a control number, or a Bates number of any of its pages, names.

    Raises :class:`UsageError` when there is none, or the two name different documents.
    """
    text = text.strip()
    bates = text if text[-4:].isdecimal() else ""  # a number has at least so many digits
    with matter.reader.connect() as connection:
        found = set(
            connection.execute(
                select(produced.c.number).where(
                    produced.c.bates_begin <= bates,
                    produced.c.bates_end >= bates,
                    func.length(produced.c.bates_begin) == len(bates),
                )
            ).scalars()
        )
        try:
            own = matter.number(text)
            there = connection.execute(
                select(documents.c.number).where(documents.c.number == own)
            ).scalar()
        except UsageError:
            there = None
    found |= {there} - {None}
    if len(found) == 1:
        return int(found.pop())
    if found:
        raise UsageError(
            f"{text!r} is a Bates number and the control number of another document.",
            "Choose the document by --query.",
        )
    raise UsageError(
        f"{text!r} is neither a Bates number that was given out nor a control number.",
        f"Bates numbers: ediscovery produce list {matter.name}; "
        f"control numbers look like {matter.control_number(123)}.",
    )


def earlier(connection: Connection, numbers: Sequence[int], volume: str = "") -> list[Any]:
    """Where documents, or copies of them, went out before (other than in the run of ``volume``, or
    in what was added to that).

    Each with the number asked for (``number``), the one that went out (``other``), its volume and
    first Bates number.
    """
    asked, other, own = documents.alias("asked"), documents.alias("other"), productions.alias("own")
    first = select(own.c.first_volume).where(own.c.volume == volume).scalar_subquery()
    same = (asked.c.number == other.c.number) | (asked.c.group_number == other.c.group_number)
    return list(
        connection.execute(
            select(
                asked.c.number, other.c.number.label("other"), productions.c.volume,
                produced.c.bates_begin,
            )
            .select_from(
                asked.join(other, same)
                .join(produced, produced.c.number == other.c.number)
                .join(productions, productions.c.id == produced.c.production_id)
            )
            .where(
                asked.c.number.in_(listed(connection, numbers)),
                produced.c.bates_begin.is_not(None),
                produced.c.reason != "withheld",
                productions.c.first_volume != func.coalesce(first, volume),
                productions.c.kind != CLAWBACK,
                productions.c.state == WRITTEN,  # what was only numbered never went out
            )
            .order_by(asked.c.number, productions.c.id)
        )
    )  # fmt: skip


def digest(data: Any) -> str:
    """SHA-256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()


def next_number(connection: Connection, prefix: str, start: int) -> int:
    """The number that a production under ``prefix`` would begin with."""
    kept = connection.execute(
        select(bates_counters.c.next).where(bates_counters.c.prefix == prefix)
    ).scalar()
    return max(start, kept or 1)


def enter(connection: Connection, **values: Any) -> int:
    """Enter a volume that is numbered and not written yet; ``values`` by column. Its id."""
    identity: int = connection.execute(
        insert(productions)
        .values(
            state=NUMBERED,
            who=audit.actor()[0],
            at=audit.now(),
            seal="",
            token=secrets.token_hex(16),
            **values,
        )
        .returning(productions.c.id)
    ).scalar_one()
    return identity


def volumes_of(connection: Connection, first_volume: str) -> list[Any]:
    """The volumes of the run that begins with ``first_volume``, in their order; none of a run that
    was never begun."""
    return list(
        connection.execute(
            select(productions)
            .where(productions.c.first_volume == first_volume, productions.c.kind == PRODUCTION)
            .order_by(productions.c.id)
        )
    )


def next_volume(connection: Connection, specification: Specification, query: str) -> str:
    """What a run of ``query`` without a name of its own is called: as the last one of it where that
    was begun and not finished, else by the name of the specification that follows all others."""
    last = connection.execute(
        select(productions.c.first_volume, productions.c.state)
        .where(
            productions.c.kind == PRODUCTION,
            productions.c.query == query,
            productions.c.specification_sha256 == digest(specification.as_dict()),
        )
        .order_by(productions.c.id.desc())
    ).first()
    if last is not None and last.state == NUMBERED:
        return str(last.first_volume)
    rule = specification.volume
    own = re.compile(re.escape(rule.prefix) + r"([0-9]+)")
    taken = connection.execute(select(productions.c.volume)).scalars()
    numbers = [int(found[1]) for name in taken if (found := own.fullmatch(name))]
    return f"{rule.prefix}{max(numbers, default=0) + 1:0{rule.digits}}"


def begin(
    matter: Matter,
    specification: Specification,
    volumes: Sequence[tuple[str, Sequence[Candidate], str]],
    query: str,
    folder: str,
    protocol_version: int | None,
    forms: dict[int, Form],
) -> None:
    """Register the ``volumes`` of a run and number all of their documents, in one transaction.

    A volume is its name, its documents and the digest that stands for them. The numbers follow
    those given out last under the prefix; none is ever given out twice.
    Raises :class:`Refused` when the name of a volume is taken.
    """
    prefix = specification.bates.prefix or matter.prefix
    with writing(matter.engine) as connection:
        for volume, _, _ in volumes:
            if find(connection, volume) is not None:
                raise Refused(f"There is a production {volume!r}.", "Choose another --volume.")
        value = next_number(connection, prefix, specification.bates.start)
        for volume, candidates, selection_sha256 in volumes:
            identity = enter(
                connection,
                volume=volume,
                kind=PRODUCTION,
                base=volume,
                first_volume=volumes[0][0],
                grounds="",
                query=query,
                specification=specification.as_dict(),
                specification_sha256=digest(specification.as_dict()),
                protocol_version=protocol_version,
                selection_sha256=selection_sha256,
                folder=folder,
            )
            rows, follows = _numbered(identity, specification, matter, candidates, forms, value)
            connection.execute(insert(produced), rows)
            numbered = [row for row in rows if row["bates_begin"]]
            audit.record(
                connection,
                "production numbered",
                {
                    "volume": volume,
                    "first_volume": volumes[0][0],
                    "query": query,
                    "specification": specification.name,
                    "specification_sha256": digest(specification.as_dict()),
                    "protocol_version": protocol_version,
                    "documents": len(numbered),
                    "numbers": follows - value,
                    "first": numbered[0]["bates_begin"] if numbered else None,
                    "last": numbered[-1]["bates_end"] if numbered else None,
                },
            )
            value = follows
        _advance(connection, prefix, value)
        everything = [one.number for _, candidates, _ in volumes for one in candidates]
        connection.execute(
            update(documents)
            .where(documents.c.number.in_(listed(connection, everything)))
            .values(version=documents.c.version + 1)
        )
    matter.mirror_audit()


def _numbered(
    identity: int,
    specification: Specification,
    matter: Matter,
    candidates: Sequence[Candidate],
    forms: dict[int, Form],
    value: int,
) -> tuple[list[dict[str, Any]], int]:
    """The rows of a volume whose numbers begin with ``value``, and the number that follows."""
    bates = specification.bates
    rows = []
    for ordinal, one in enumerate(candidates, 1):
        form = forms[one.number]
        count = 0 if form.kind == WITHHELD else form.pages if bates.level == "page" else 1
        first, last = (value, value + count - 1) if count else (0, 0)
        value += count
        begin = bates.number(first, matter.prefix) if count else None
        end = bates.number(last, matter.prefix) if count else None
        rows.append(row_of(identity, ordinal, one, form, begin, end))
    return rows, value


def row_of(
    identity: int,
    ordinal: int,
    one: Candidate,
    form: Form,
    begin: str | None,
    end: str | None,
    suffix: str = "",
) -> dict[str, Any]:
    """The row of ``produced`` for a document, before its files are written."""
    return {
        "production_id": identity,
        "ordinal": ordinal,
        "number": one.number,
        "kind": form.kind,
        "reason": form.reason,
        "message": form.message,
        "redacted": bool(one.redactions) and form.redactable,
        "confidentiality": one.coded("confidentiality"),
        "bates_begin": begin,
        "bates_end": end,
        "suffix": suffix,
        "pages": form.pages,
        "image_sha256": "",
        "native_sha256": "",
        "text_sha256": "",
        "written": form.kind == WITHHELD,
    }


def _advance(connection: Connection, prefix: str, value: int) -> None:
    known = connection.execute(
        select(bates_counters.c.next).where(bates_counters.c.prefix == prefix)
    ).scalar()
    if known is None:
        connection.execute(insert(bates_counters).values(prefix=prefix, next=value))
    elif value > known:
        connection.execute(
            update(bates_counters).where(bates_counters.c.prefix == prefix).values(next=value)
        )


def wrote(matter: Matter, production_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Note that the files of documents are in the draft: ``ordinal`` and what is known by now."""
    here = [{("which" if k == "ordinal" else k): v for k, v in row.items()} for row in rows]
    with writing(matter.engine) as connection:
        connection.execute(
            update(produced)
            .where(
                produced.c.production_id == production_id,
                produced.c.ordinal == bindparam("which"),
            )
            .values(written=True),
            here,
        )


def start_over(matter: Matter, production_id: int) -> None:
    """The draft is gone: every document is to be written anew, under its number."""
    with writing(matter.engine) as connection:
        connection.execute(
            update(produced)
            .where(produced.c.production_id == production_id, produced.c.kind != WITHHELD)
            .values(written=False)
        )


def finish(matter: Matter, production_id: int, folder: str, manifest_sha256: str) -> None:
    """The volume is complete and stands under its name in ``folder``."""
    with writing(matter.engine) as connection:
        connection.execute(
            update(productions)
            .where(productions.c.id == production_id)
            .values(
                state=WRITTEN,
                written_at=audit.now(),
                folder=folder,
                manifest_sha256=manifest_sha256,
            )
        )
        volume = connection.execute(
            select(productions.c.volume).where(productions.c.id == production_id)
        ).scalar_one()
        audit.record(
            connection,
            "production written",
            {"volume": volume, "folder": folder, "manifest_sha256": manifest_sha256},
        )
    matter.mirror_audit()
