"""Coding: what reviewers decided about documents. Set in bulk, never overwritten, taken back.

An *act* is one command of one person. Each change that it made stands in ``coding`` with the old
and the new value; ``coded`` is what all of them add up to. Both change in one transaction, with
the documents' versions, which tell the index to follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    distinct,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from ediscovery.model.errors import UsageError
from ediscovery.review.layout import Layout
from ediscovery.store import audit
from ediscovery.store.catalog import listed, writing
from ediscovery.store.tables import coded, coding_acts, codings, documents
from ediscovery.store.workspace import Matter

_MOST_NAMED = 100  # control numbers in an audit entry

Action = Literal["set", "unset"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """``set`` a field to a value (of several: add it); ``unset`` takes it away, ``""`` all."""

    action: Action
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act: documents ``chosen``, ``changed`` by it, the rest as it asked before.

    ``differing_families``: of those touched, so many now differ in a field that families share.
    """

    act: int
    chosen: int
    changed: int
    differing_families: int

    @property
    def unchanged(self) -> int:
        return self.chosen - self.changed


def assignments(
    layout: Layout, sets: Iterable[str], unsets: Iterable[str] = ()
) -> list[Assignment]:
    """Reads ``field=value`` (or ``field`` alone in ``unsets``) as the layout knows them.

    Raises :class:`UsageError` for unknown fields and values, and for what contradicts itself.
    """
    found: list[Assignment] = []
    actions: tuple[tuple[Action, Iterable[str]], ...] = (("set", sets), ("unset", unsets))
    for action, texts in actions:
        for text in texts:
            name, equals, value = text.partition("=")
            field = layout.field(name.strip())
            if action == "set" and not equals:
                raise UsageError(
                    f"{text!r} sets nothing.", f"Write --set {field.name}=VALUE; "
                    f"to take a value away: --unset {field.name}",
                )  # fmt: skip
            found.append(Assignment(action, field.name, field.value(value) if equals else ""))
    found = list(dict.fromkeys(found))
    for name in dict.fromkeys(one.field for one in found):
        own = [one for one in found if one.field == name]
        several = len(own) > 1 and not layout.fields[name].many
        if several or len({one.action for one in own}) > 1:
            raise UsageError(
                f"{name!r} is given more than once.", "Give each field one value in one command."
            )
    return found


def families_of(matter: Matter, numbers: Iterable[int]) -> list[int]:
    """The documents ``numbers`` and every other member of their families, ascending."""
    with matter.engine.connect() as connection:
        own = select(documents.c.family_number).where(
            documents.c.number.in_(listed(connection, sorted(set(numbers))))
        )
        return list(
            connection.execute(
                select(documents.c.number)
                .where(documents.c.family_number.in_(own), documents.c.withdrawn.is_(False))
                .order_by(documents.c.number)
            ).scalars()
        )


def code(
    matter: Matter,
    layout: Layout,
    numbers: Sequence[int],
    asked: Sequence[Assignment],
    *,
    reason: str = "",
    query: str = "",
    family: bool = False,
) -> Outcome:
    """Code documents ``numbers`` as ``asked``; the caller holds the matter.

    ``query`` is what chose them, ``""`` when a person named them; ``family`` says, for the audit
    log, that their families were added. Raises :class:`UsageError` when
    a document is not there.
    """
    with writing(matter.engine) as connection:
        outcome = code_within(
            connection, matter, layout, numbers, asked, reason=reason, query=query, family=family
        )
    matter.mirror_audit()
    return outcome


def code_within(
    connection: Connection,
    matter: Matter,
    layout: Layout,
    numbers: Sequence[int],
    asked: Sequence[Assignment],
    *,
    reason: str = "",
    query: str = "",
    family: bool = False,
) -> Outcome:
    """As :func:`code`, in the transaction of ``connection``; the caller mirrors the audit log."""
    chosen = sorted(set(numbers))
    require(matter, connection, chosen)
    act = _begin(connection, reason, query, asked)
    for assignment in asked:
        _note(connection, layout, act, assignment, chosen)
    changed = _apply(connection, act)
    named = [matter.control_number(number) for number in chosen[:_MOST_NAMED]]
    audit.record(
        connection,
        "coded",
        {
            "act": act,
            "asked": [[one.action, one.field, one.value] for one in asked],
            "reason": reason,
            "query": query,
            "family": family,
            "documents": len(chosen),
            "changed": changed,
        }
        | ({} if query else {"named": named}),
    )
    return Outcome(act, len(chosen), changed, _differing(connection, layout, act))


def undo(matter: Matter, layout: Layout, act: int, *, reason: str = "") -> Outcome:
    """Take back what ``act`` changed, by an act of its own; the caller holds the matter.

    A document that was coded otherwise since then keeps that. Raises :class:`UsageError` when there
    is no such act.
    """
    many = [field.name for field in layout.fields.values() if field.many]
    with writing(matter.engine) as connection:
        if (
            connection.execute(select(coding_acts.c.id).where(coding_acts.c.id == act)).first()
            is None
        ):
            last = connection.execute(select(func.max(coding_acts.c.id))).scalar()
            raise UsageError(
                f"There is no coding {act}.",
                f"The last one is {last}." if last else "Nothing was coded yet.",
            )
        new = _begin(connection, reason, "", (), undoes=act)
        same = and_(coded.c.number == codings.c.number, coded.c.field == codings.c.field)
        stands = or_(
            exists().where(same, coded.c.value == codings.c.new_value),
            and_(
                codings.c.new_value.is_(None),
                ~exists().where(
                    same, or_(codings.c.field.not_in(many), coded.c.value == codings.c.old_value)
                ),
            ),
        )
        _insert(
            connection,
            select(
                literal(new), codings.c.number, codings.c.field, codings.c.new_value,
                codings.c.old_value,
            ).where(codings.c.act_id == act, stands),
        )  # fmt: skip
        changed = _apply(connection, new)
        chosen: int = connection.execute(
            select(func.count(distinct(codings.c.number))).where(codings.c.act_id == act)
        ).scalar_one()
        audit.record(
            connection,
            "coding taken back",
            {"act": new, "undoes": act, "reason": reason, "documents": chosen, "changed": changed},
        )
        outcome = Outcome(new, chosen, changed, _differing(connection, layout, new))
    matter.mirror_audit()
    return outcome


def history(matter: Matter, number: int) -> list[dict[str, Any]]:
    """Every change to one document, oldest first: act, who, when, field, old and new value, why."""
    with matter.engine.connect() as connection:
        require(matter, connection, [number])
        rows = connection.execute(
            select(
                codings.c.act_id.label("act"), coding_acts.c.at, coding_acts.c.who, codings.c.field,
                codings.c.old_value, codings.c.new_value, coding_acts.c.reason, coding_acts.c.query,
                coding_acts.c.undoes,
            )
            .join(coding_acts, coding_acts.c.id == codings.c.act_id)
            .where(codings.c.number == number)
            .order_by(codings.c.id)
        ).mappings()  # fmt: skip
        return [dict(row) for row in rows]


def values(connection: Connection, numbers: Iterable[int]) -> dict[int, dict[str, tuple[str, ...]]]:
    """How documents are coded now: by number, by field, the values; uncoded ones are left out."""
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    chosen = listed(connection, sorted(set(numbers)))
    for row in connection.execute(
        select(coded).where(coded.c.number.in_(chosen)).order_by(*coded.c)
    ):
        fields = found.setdefault(row.number, {})
        fields[row.field] = (*fields.get(row.field, ()), row.value)
    return found


def differing_families(
    connection: Connection, layout: Layout, families: Select[tuple[int]] | None = None
) -> dict[int, list[str]]:
    """Families (of ``families``, or all) whose members differ in a field that they should share.

    By family number, the fields; a member that is not coded differs from one that is.
    """
    found: dict[int, list[str]] = {}
    for field in layout.fields.values():
        if not field.same_in_family:
            continue
        where: list[ColumnElement[bool]] = [documents.c.withdrawn.is_(False)]
        if families is not None:
            where.append(documents.c.family_number.in_(families))
        rows = connection.execute(
            select(documents.c.family_number)
            .join(
                coded,
                and_(coded.c.number == documents.c.number, coded.c.field == field.name),
                isouter=True,
            )
            .where(*where)
            .group_by(documents.c.family_number)
            .having(func.count(distinct(func.coalesce(coded.c.value, ""))) > 1)
            .order_by(documents.c.family_number)
        ).scalars()
        for family in rows:
            found.setdefault(family, []).append(field.name)
    return found


def require(matter: Matter, connection: Connection, numbers: Sequence[int]) -> None:
    """Raise :class:`UsageError` when one of ``numbers`` is no document of the matter."""
    there = set(
        connection.execute(
            select(documents.c.number).where(
                documents.c.number.in_(listed(connection, numbers)),
                documents.c.withdrawn.is_(False),
            )
        ).scalars()
    )
    for number in numbers:
        if number not in there:
            raise UsageError(
                f"There is no document {matter.control_number(number)}.",
                f"Find documents: ediscovery search {matter.name} QUERY",
            )


def fields_in_use(connection: Connection) -> set[str]:
    """The fields that any document is coded in."""
    return set(connection.execute(select(coded.c.field).distinct()).scalars())


# -- one act ---------------------------------------------------------------------------------------


def _begin(
    connection: Connection,
    reason: str,
    query: str,
    asked: Sequence[Assignment],
    undoes: int | None = None,
) -> int:
    act: int = connection.execute(
        insert(coding_acts)
        .values(
            who=audit.actor()[0],
            at=audit.now(),
            reason=reason,
            query=query,
            asked=[[one.action, one.field, one.value] for one in asked],
            undoes=undoes,
        )
        .returning(coding_acts.c.id)
    ).scalar_one()
    return act


def _note(
    connection: Connection, layout: Layout, act: int, one: Assignment, numbers: Sequence[int]
) -> None:
    """Write down what ``one`` changes in the documents ``numbers``."""
    new: ColumnElement[Any] = literal(one.value) if one.action == "set" else null()
    head = (literal(act), documents.c.number, literal(one.field))
    own = and_(coded.c.number == documents.c.number, coded.c.field == one.field)
    chosen = documents.c.number.in_(listed(connection, numbers))
    if one.action == "unset":
        some = [coded.c.value == one.value] if one.value else []
        changes = select(*head, coded.c.value, new).join(coded, own).where(chosen, *some)
    elif layout.fields[one.field].many:
        has = exists().where(own, coded.c.value == one.value)
        changes = select(*head, null(), new).where(chosen, ~has)
    else:
        other = or_(coded.c.value.is_(None), coded.c.value != one.value)
        changes = select(*head, coded.c.value, new).join(coded, own, isouter=True)
        changes = changes.where(chosen, other)
    _insert(connection, changes.order_by(documents.c.number))


def _insert(connection: Connection, changes: Select[Any]) -> None:
    columns = ("act_id", "number", "field", "old_value", "new_value")
    connection.execute(insert(codings).from_select(columns, changes))


def _apply(connection: Connection, act: int) -> int:
    """Bring ``coded`` and versions up to what ``act`` wrote down; returns how many documents."""
    mine = codings.c.act_id == act
    same = and_(codings.c.number == coded.c.number, codings.c.field == coded.c.field)
    connection.execute(
        delete(coded).where(exists().where(mine, same, codings.c.old_value == coded.c.value))
    )
    connection.execute(
        insert(coded).from_select(
            ("number", "field", "value"),
            select(codings.c.number, codings.c.field, codings.c.new_value)
            .where(
                mine,
                codings.c.new_value.is_not(None),
                ~exists().where(same, coded.c.value == codings.c.new_value),
            )
            .distinct(),
        )
    )
    connection.execute(
        update(documents)
        .where(documents.c.number.in_(select(codings.c.number).where(mine)))
        .values(version=documents.c.version + 1)
    )
    changed: int = connection.execute(
        select(func.count(distinct(codings.c.number))).where(mine)
    ).scalar_one()
    return changed


def _differing(connection: Connection, layout: Layout, act: int) -> int:
    touched = (
        select(documents.c.family_number)
        .join(codings, codings.c.number == documents.c.number)
        .where(codings.c.act_id == act)
    )
    return len(differing_families(connection, layout, touched))
