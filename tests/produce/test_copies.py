"""Copies that nobody chose: what is decided on them holds for what goes out."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.model.errors import Refused
from ediscovery.produce import clawback, plan
from ediscovery.produce.conservation import conserve
from ediscovery.review import redactions
from ediscovery.store.tables import documents
from ediscovery.store.workspace import Matter
from tests.engine.matters import mail, new
from tests.produce.making import code, every, filled, produce, specification

PLAIN = b"Account 4711 is closed.\n"
DIFFERS = "a copy of it is coded otherwise in {}"
PRIVILEGED = "a copy of it, or the same file, is coded privileged elsewhere in the matter"
REDACTED = "a copy of it has redactions of its own"
A_MAIL, A_ATTACHED, B_MAIL, B_ATTACHED, ONE_TEXT, OTHER_TEXT, LOOSE = range(1, 8)


def carried(n: int, data: bytes, *, other: bool = False) -> bytes:
    """A mail with one attachment, or the same as another server handed it over."""
    head = b"Received: from relay.example\r\n" if other else b""
    return head + mail(n, "See below.", {"kept.txt": data})


@pytest.fixture
def matter(tmp_path: Path) -> Matter:
    """A mail twice, with other bytes, and a text three times: two alike, one attached."""
    attached = b"The attached text.\n"
    files = {
        "a.eml": carried(1, attached), "b.eml": carried(1, attached, other=True),
        "c.txt": PLAIN, "d.txt": PLAIN, "e.txt": attached,
    }  # fmt: skip
    made = filled(new(tmp_path / "home"), tmp_path / "evidence", files)
    with made.reader.connect() as connection:
        groups = connection.execute(
            select(documents.c.group_number).order_by(documents.c.number)
        ).scalars()
        assert list(groups) == [1, 2, 1, 2, 5, 5, None]
    return made


def found(matter: Matter, numbers: Sequence[int], family: str = "whole") -> dict[str, list[int]]:
    """What the gate says of copies, with the documents."""
    pool = SerialPool()
    wanted = specification(family=family)
    made = plan.make(matter, wanted, numbers, pool, Silent())
    pool.close()
    return {
        one.sentence: list(one.numbers)
        for one in made.findings
        if one.code in ("privileged", "duplicate-differs")
    }


def test_copies_coded_alike_are_no_finding(matter: Matter) -> None:
    assert found(matter, every(matter)) == {}
    assert found(matter, [B_MAIL]) == {}


def test_a_privileged_copy_that_was_not_chosen_stops_the_mail(
    matter: Matter, tmp_path: Path
) -> None:
    code(matter, [B_MAIL], "privilege=privileged")
    assert found(matter, [A_MAIL]) == {
        PRIVILEGED: [A_MAIL],
        DIFFERS.format("privilege"): [A_MAIL],
    }
    with pytest.raises(Refused) as caught:
        produce(matter, tmp_path / "out", numbers=[A_MAIL])
    assert "privileged: " in caught.value.next_step
    assert found(matter, [B_MAIL]) == {}, "nothing of it goes out"


def test_members_are_held_against_their_own_copies(matter: Matter) -> None:
    code(matter, [B_ATTACHED], "confidentiality=confidential")
    differs = DIFFERS.format("confidentiality")
    assert found(matter, [A_MAIL]) == {differs: [A_ATTACHED]}
    assert found(matter, [LOOSE]) == {differs: [LOOSE]}, "by its native alone"
    assert found(matter, [A_MAIL], family="alone") == {}


@pytest.mark.parametrize("value", ["responsive=no", "confidentiality=confidential"])
def test_the_same_native_coded_otherwise(matter: Matter, value: str) -> None:
    code(matter, [OTHER_TEXT], value)
    field = value.partition("=")[0]
    assert found(matter, [ONE_TEXT]) == {DIFFERS.format(field): [ONE_TEXT]}
    code(matter, [ONE_TEXT], value)
    assert found(matter, [ONE_TEXT]) == {}


def test_both_copies_chosen(matter: Matter) -> None:
    code(matter, [OTHER_TEXT], "confidentiality=confidential")
    assert found(matter, [ONE_TEXT, OTHER_TEXT]) == {DIFFERS.format("confidentiality"): [ONE_TEXT]}
    code(matter, [ONE_TEXT], "privilege=privileged")
    code(matter, [OTHER_TEXT], "privilege=none")
    assert found(matter, [ONE_TEXT, OTHER_TEXT])[DIFFERS.format("privilege")] == [ONE_TEXT]


def test_what_is_redacted_in_a_copy(matter: Matter) -> None:
    code(matter, [OTHER_TEXT], "privilege=redact")
    redactions.add(matter, [OTHER_TEXT], [redactions.term("4711")], "privacy")
    assert found(matter, [ONE_TEXT]) == {
        DIFFERS.format("privilege"): [ONE_TEXT],
        REDACTED: [ONE_TEXT],
    }
    code(matter, [ONE_TEXT], "privilege=redact")
    redactions.add(matter, [ONE_TEXT], [redactions.term("closed")], "privacy")
    assert found(matter, [ONE_TEXT]) == {REDACTED: [ONE_TEXT]}, "other words stay readable"
    redactions.add(matter, [ONE_TEXT], [redactions.term("4711")], "privacy")
    assert found(matter, [ONE_TEXT]) == {}
    assert found(matter, [OTHER_TEXT]) == {REDACTED: [OTHER_TEXT]}


def test_a_redaction_taken_back_is_none(matter: Matter) -> None:
    redactions.add(matter, [OTHER_TEXT], [redactions.term("4711")], "privacy")
    assert found(matter, [ONE_TEXT]) == {REDACTED: [ONE_TEXT]}
    redactions.remove(matter, 1, "mistaken")
    assert found(matter, [ONE_TEXT]) == {}


def test_an_uncoded_copy_is_no_difference(matter: Matter) -> None:
    code(matter, [ONE_TEXT], "confidentiality=confidential", "privilege=none")
    assert found(matter, [ONE_TEXT]) == {}


def test_pictures_in_signatures_are_no_copies(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("1", (8, 8)).save(picture, "PNG")
    logo = base64.encodebytes(picture.getvalue())

    def signed(n: int) -> bytes:
        return (
            f"From: a@acme.example\r\nTo: b@bolt.example\r\nSubject: {n}\r\n"
            f"Message-ID: <{n}@acme.example>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n'
            f'Content-Type: text/html\r\n\r\n<p>Mail {n}<img src="cid:logo"></p>\r\n--b\r\n'
            "Content-Type: image/png\r\nContent-ID: <logo>\r\nContent-Disposition: inline\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n"
        ).encode() + logo + b"\r\n--b--\r\n"  # fmt: skip

    files = {"a.eml": signed(1), "b.eml": signed(2)}
    made = filled(new(tmp_path / "home"), tmp_path / "evidence", files)
    assert len(every(made)) == 4
    code(made, [3, 4], "privilege=privileged", "confidentiality=confidential")
    assert found(made, [1]) == {}


def test_a_privileged_copy_of_what_went_out_unbalances_the_matter(
    matter: Matter, tmp_path: Path
) -> None:
    produce(matter, tmp_path / "out", numbers=[ONE_TEXT])
    assert conserve(matter).problems == []
    code(matter, [OTHER_TEXT], "privilege=privileged", "privilege_basis=attorney-client")
    (problem,) = conserve(matter).problems
    assert "is coded privileged, and a copy of it went out as ACME0000001" in problem
    claim = clawback.Claim("by mistake", "attorney-client", "2026-03-01")
    with matter.locked():
        clawback.call_back(matter, [ONE_TEXT], claim, tmp_path / "out", SerialPool(), Silent())
    assert conserve(matter).problems == []


def test_the_same_file_may_be_responsive_with_one_mail_and_not_alone(matter: Matter) -> None:
    code(matter, [LOOSE], "responsive=no")
    assert found(matter, [A_MAIL]) == {}
    code(matter, [LOOSE], "confidentiality=confidential")
    assert found(matter, [A_MAIL]) == {DIFFERS.format("confidentiality"): [A_ATTACHED]}
