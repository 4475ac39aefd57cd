"""Personal data that a screen must find. Every number is a published specimen or never issued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from samples.things import Thing


@dataclass(frozen=True, slots=True)
class Personal:
    """One planted value; ``valid`` says whether it passes the checks of its kind."""

    kind: str
    value: str
    valid: bool
    note: str


PLANTED = (
    Personal("card", "4111 1111 1111 1111", True, "test number, passes Luhn"),
    Personal("card", "4111 1111 1111 1112", False, "fails Luhn"),
    Personal("iban", "GB82 WEST 1234 5698 7654 32", True, "specimen, checksum right"),
    Personal("iban", "DE89 3704 0044 0532 0130 01", False, "checksum wrong"),
    Personal("ssn", "219-09-9999", True, "printed as a specimen in 1940, belongs to nobody"),
    Personal("ssn", "987-65-4321", False, "area 9xx is never issued"),
    Personal("birth", "14 March 1979", True, "after the words date of birth"),
    Personal("passport", "533380006", True, "after the words passport no."),
    Personal("phone", "+44 20 7946 0123", True, "range kept for drama"),
    Personal("phone", "+1 202-555-0143", True, "range kept for fiction"),
    Personal("email", "rosa.field@personal.example", True, "reserved domain"),
)


def record() -> Thing:
    """The one paper that holds all of :data:`PLANTED`."""
    v = [p.value for p in PLANTED]
    text = f"""Starter form, Harwick Works
Name: Rosa Field
Date of birth: {v[6]}
Passport no.: {v[7]}
Social security number (United States service): {v[4]}
Old number on file, to be struck out: {v[5]}
Telephone: {v[8]}, abroad {v[9]}
Private e-mail: {v[10]}
Pay to IBAN {v[2]}
Former IBAN, mistyped: {v[3]}
Company card until returned: {v[0]}
Card as first read by the scanner: {v[1]}
""".replace("\n", "\r\n")
    return Thing(
        "Starter form R Field.txt",
        text.encode("ascii"),
        "text",
        "text/plain",
        text,
        when=datetime(2024, 1, 22, 9, 30, tzinfo=UTC),
    )
