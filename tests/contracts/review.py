"""Coding, redactions and protocols in every catalog. Back ends inherit :class:`Review`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import UsageError
from ediscovery.review import coding, layout, protocol, redactions
from ediscovery.review.coding import Assignment
from ediscovery.store import audit
from ediscovery.store.catalog import insert_rows, listed, writing
from ediscovery.store.tables import coded, coding_acts, codings, documents
from ediscovery.store.workspace import Matter, Workspace
from tests.contracts.catalog import add, row

LAYOUT = layout.load()
COUNT = 6  # documents: families 1-3 and 4-5, and 6 by itself
_FAMILY = {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 6}

# Three fields, one of them of several values.
_SETS = [
    Assignment("set", "responsive", "yes"), Assignment("set", "responsive", "no"),
    Assignment("unset", "responsive", ""), Assignment("unset", "responsive", "yes"),
    Assignment("set", "issue", "a"), Assignment("set", "issue", "b"),
    Assignment("unset", "issue", "a"), Assignment("unset", "issue", ""),
    Assignment("set", "privilege", "redact"),
]  # fmt: skip
_ACTS = st.lists(
    st.tuples(st.sampled_from(_SETS), st.sets(st.integers(1, COUNT), min_size=1))
    | st.integers(1, 8),  # undo that act
    min_size=1,
    max_size=8,
)
State = set[tuple[int, str, str]]


def _expected(state: State, one: Assignment, numbers: set[int]) -> State:
    """The state after an act, worked out as plainly as can be."""
    mine = {c for c in state if c[0] in numbers and c[1] == one.field}
    if one.action == "unset":
        return state - {c for c in mine if one.value in ("", c[2])}
    new = {(number, one.field, one.value) for number in numbers}
    return state | new if LAYOUT.fields[one.field].many else (state - mine) | new


class Review:
    """The suite; a back end gives the fixture ``deployment``."""

    @pytest.fixture
    def deployment(self) -> Iterator[Deployment]:
        raise NotImplementedError

    @pytest.fixture
    def matter(self, tmp_path_factory: pytest.TempPathFactory, deployment: Deployment) -> Matter:
        made = Workspace(tmp_path_factory.mktemp("review"), deployment).create("acme")
        add(made, *(row(f"a{n}", category="spreadsheet") for n in range(1, COUNT + 1)))
        rows = [
            (n, 1, f"a{n}", None if n == top else top, top, None, True, 1, 1, True, False)
            for n, top in _FAMILY.items()
        ]
        with writing(made.engine) as connection:
            insert_rows(connection, documents, tuple(documents.c.keys()), rows)
        return made

    def state(self, matter: Matter) -> State:
        with matter.engine.connect() as connection:
            return {tuple(r) for r in connection.execute(select(coded))}

    def versions(self, matter: Matter) -> dict[int, int]:
        with matter.engine.connect() as connection:
            rows = connection.execute(select(documents.c.number, documents.c.version)).all()
        return {r.number: r.version for r in rows}

    # -- coding ------------------------------------------------------------------------------------

    @given(_ACTS)
    @settings(
        max_examples=25,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    def test_history_adds_up_to_what_is_coded(self, matter: Matter, acts: list) -> None:
        """Whatever was done, the history from the beginning gives the state, and undoing gives the
        state before."""
        for act in acts:
            before, versions = self.state(matter), self.versions(matter)
            if isinstance(act, int):
                with matter.engine.connect() as connection:
                    known = connection.execute(select(coding_acts.c.id)).scalars().all()
                if act not in known:
                    continue
                done = coding.undo(matter, LAYOUT, act)
            else:
                one, numbers = act
                done = coding.code(matter, LAYOUT, list(numbers), [one])
                after = self.state(matter)
                assert after == _expected(before, one, numbers)
                changed = {c[0] for c in before ^ after}
                assert (done.changed, done.unchanged) == (len(changed), len(numbers - changed))
                raised = {n for n, v in self.versions(matter).items() if v == versions[n] + 1}
                assert raised == changed
                back = coding.undo(matter, LAYOUT, done.act)
                assert self.state(matter) == before and back.changed == len(changed)
                coding.undo(matter, LAYOUT, back.act)
                assert self.state(matter) == after
            replayed: State = set()
            with matter.engine.connect() as connection:
                for r in connection.execute(select(codings).order_by(codings.c.id)):
                    replayed.discard((r.number, r.field, r.old_value))
                    if r.new_value is not None:
                        replayed.add((r.number, r.field, r.new_value))
            assert replayed == self.state(matter)

    def test_history_tells_who_when_why_and_by_which_query(self, matter: Matter) -> None:
        asked = coding.assignments(LAYOUT, ["responsive=YES", "issue=late  delivery"])
        coding.code(matter, LAYOUT, [1, 2], asked, reason="first pass", query="budget")
        coding.code(matter, LAYOUT, [2], coding.assignments(LAYOUT, ["responsive=no"]))
        coding.undo(matter, LAYOUT, 1, reason="wrong search")
        found = [
            (
                r["act"],
                r["field"],
                r["old_value"],
                r["new_value"],
                r["reason"],
                r["query"],
                r["undoes"],
            )
            for r in coding.history(matter, 2)
        ]
        assert found == [
            (1, "responsive", None, "yes", "first pass", "budget", None),
            (1, "issue", None, "late delivery", "first pass", "budget", None),
            (2, "responsive", "yes", "no", "", "", None),
            (3, "issue", "late delivery", None, "wrong search", "", 1),
        ]  # what was coded otherwise since then stays
        assert all(r["who"] and r["at"].endswith("Z") for r in coding.history(matter, 2))
        with matter.engine.connect() as connection:
            assert coding.values(connection, [1, 2, 3]) == {2: {"responsive": ("no",)}}
            actions = [entry["action"] for entry in audit.entries(connection)]
            assert actions[-3:] == ["coded", "coded", "coding taken back"]
            assert audit.verify(connection, matter.audit_path) == []

    @pytest.mark.parametrize("value", ["a", "c"])
    def test_a_field_that_had_several_values_may_come_to_have_one(
        self, matter: Matter, value: str
    ) -> None:
        """In another layout, that is; and back."""
        for other in ("a", "b"):
            coding.code(matter, LAYOUT, [1], [Assignment("set", "issue", other)])
        single = replace(LAYOUT, fields={"issue": replace(LAYOUT.fields["issue"], many=False)})
        done = coding.code(matter, single, [1], [Assignment("set", "issue", value)])
        assert self.state(matter) == {(1, "issue", value)}
        coding.undo(matter, single, done.act)
        assert (1, "issue", "b") in self.state(matter)

    def test_families_that_differ_are_counted(self, matter: Matter) -> None:
        yes = coding.assignments(LAYOUT, ["responsive=yes"])
        assert coding.code(matter, LAYOUT, [1, 4, 5, 6], yes).differing_families == 1
        with matter.engine.connect() as connection:
            assert coding.differing_families(connection, LAYOUT) == {1: ["responsive"]}
        assert coding.families_of(matter, [2, 5]) == [1, 2, 3, 4, 5]
        whole = coding.families_of(matter, [1])
        assert coding.code(matter, LAYOUT, whole, yes).differing_families == 0
        # Issues need not be the same in a family.
        issue = coding.assignments(LAYOUT, ["issue=price"])
        assert coding.code(matter, LAYOUT, [1], issue).differing_families == 0

    def test_documents_that_are_not_there_are_refused_and_nothing_is_coded(
        self, matter: Matter
    ) -> None:
        with writing(matter.engine) as connection:
            connection.execute(
                update(documents).where(documents.c.number == 3).values(withdrawn=True)
            )
        yes = coding.assignments(LAYOUT, ["responsive=yes"])
        for missing in (3, 7, 10**12):
            with pytest.raises(UsageError, match=matter.control_number(missing)):
                coding.code(matter, LAYOUT, [1, missing], yes)
        assert self.state(matter) == set()
        with pytest.raises(UsageError, match="no coding 1"):
            coding.undo(matter, LAYOUT, 1)

    def test_any_number_of_numbers_travels(self, matter: Matter) -> None:
        with matter.engine.connect() as connection:
            many = listed(connection, range(2, 200_000))
            found = connection.execute(
                select(documents.c.number).where(documents.c.number.in_(many))
            )
            assert sorted(found.scalars()) == [2, 3, 4, 5, 6]
            none = select(documents.c.number).where(documents.c.number.in_(listed(connection, [])))
            assert connection.execute(none).all() == []

    # -- redactions --------------------------------------------------------------------------------

    def test_redactions_are_kept_and_taken_back_by_another_decision(self, matter: Matter) -> None:
        marks = [
            redactions.box("2:10,20.5,30,40"), redactions.whole_page(3),
            redactions.term("account 4711"), redactions.cells("Sheet1!B2:C9"),
        ]  # fmt: skip
        added = redactions.add(matter, [2, 1], marks, "privacy", note="n")
        assert (added.redactions, added.documents, added.already) == (8, 2, 0)
        assert [(n, m.kind) for n, m in added.missing] == [(1, "term"), (2, "term")]
        assert redactions.add(matter, [1], marks, "privacy").already == 4
        first = redactions.history(matter, 1)[0]
        assert redactions.remove(matter, first["id"], "mistaken") == 1
        with matter.engine.connect() as connection:
            standing = redactions.of(connection, [1, 2, 3])
        assert [one.mark for one in standing[1]] == marks[1:]
        assert [one.mark for one in standing[2]] == marks
        assert standing[2][0].mark.box == (10.0, 20.5, 30.0, 40.0)
        gone = redactions.history(matter, 1)[0]
        assert gone["removed_reason"] == "mistaken" and gone["removed_by"] and gone["removed_at"]
        assert gone["box"] == [10, 20.5, 30, 40] and gone["author"]
        with pytest.raises(UsageError, match="was taken back"):
            redactions.remove(matter, first["id"], "again")
        with pytest.raises(UsageError, match="no redaction 99"):
            redactions.remove(matter, 99, "x")
        with pytest.raises(UsageError, match="for a reason"):
            redactions.remove(matter, standing[2][0].id, " ")
        with matter.engine.connect() as connection:
            told = [str(entry["details"]) for entry in audit.entries(connection)]
        assert not any("4711" in details for details in told)

    def test_a_query_redacts_only_where_the_words_are(self, matter: Matter) -> None:
        added = redactions.add(matter, [1, 2], [redactions.term("x")], "privacy", query="all")
        assert added.redactions == 0 and len(added.missing) == 2

    # -- the protocol ------------------------------------------------------------------------------

    def test_protocols_are_kept_by_version(self, matter: Matter) -> None:
        with pytest.raises(UsageError, match="no protocol"):
            protocol.version(matter, None)
        first = {"title": "One", "consents": [{"party": "P", "name": "N", "date": "2024-02-29"}]}
        second = first | {"dates": {"zone": "UTC"}, "redaction_reasons": {"pii": "Personal"}}
        assert protocol.store(matter, first) == 1
        assert protocol.store(matter, first) == 1
        assert protocol.redaction_reasons(matter, LAYOUT) == LAYOUT.redaction_reasons
        assert protocol.store(matter, second) == 2
        assert protocol.redaction_reasons(matter, LAYOUT) == {"pii": "Personal"}
        assert protocol.version(matter, 1).data == first
        held = protocol.version(matter, None)
        assert held.protocol.dates.zone == "UTC" and held.protocol.consents[0].party == "P"
        with pytest.raises(UsageError, match="no version 3"):
            protocol.version(matter, 3)
        assert list(protocol.difference(first, second)) == [
            ("dates", None, {"zone": "UTC"}),
            ("redaction_reasons", None, {"pii": "Personal"}),
        ]
