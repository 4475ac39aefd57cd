"""Personal data: what is found, with value and place, and what only looks like it."""

from __future__ import annotations

import hashlib
import json
import random

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.analyze.personal_data import LABELS, find, iban_valid, luhn
from ediscovery.model.resources import resource

# Numbers that issuers publish as examples.
VISA, AMEX, MASTERCARD = "4111 1111 1111 1111", "3782 822463 10005", "5555-5555-5555-4444"

FOUND = [
    ("Her SSN is 536-22-8145.", "SSN", "536-22-8145", "536-22-8145"),
    ("SSN 536 22 8145", "SSN", "536 22 8145", "536-22-8145"),
    ("social security number: 536228145", "SSN", "536228145", "536-22-8145"),
    ("536‑22‑8145 (SSN of the tenant)", "SSN", "536‑22‑8145", "536-22-8145"),
    ("536228145 (her SSN)", "SSN", "536228145", "536-22-8145"),
    ("badge 536-22-8145, please check", "SSN", "536-22-8145", "536-22-8145"),
    (f"pay with {VISA}, thanks", "CARD", VISA, "4111111111111111"),
    (f"my amex: {AMEX}.", "CARD", AMEX, "378282246310005"),
    (f"({MASTERCARD})", "CARD", MASTERCARD, "5555555555554444"),
    ("card no 4111111111111111 exp 04/27", "CARD", "4111111111111111", "4111111111111111"),
    (f"4111 {VISA} 123", "CARD", VISA, "4111111111111111"),
    ("diners 30569309025904", "CARD", "30569309025904", "30569309025904"),
    ("to DE89 3704 0044 0532 0130 00 by Monday", "IBAN", "DE89 3704 0044 0532 0130 00", ""),
    ("IBAN GB82WEST12345698765432.", "IBAN", "GB82WEST12345698765432", ""),
    ("NO93 8601 1117 947 AND MORE", "IBAN", "NO93 8601 1117 947", ""),
    ("Date of birth: 4 May 1961", "DATE_OF_BIRTH", "4 May 1961", "1961-05-04"),
    ("D.O.B. 1961-05-04", "DATE_OF_BIRTH", "1961-05-04", "1961-05-04"),
    ("was born in Lübeck on May 4th, 1961", "DATE_OF_BIRTH", "May 4th, 1961", "1961-05-04"),
    ("DOB (dd/mm/yyyy) 24/12/1961", "DATE_OF_BIRTH", "24/12/1961", "1961-12-24"),
    ("DOB 04/05/61", "DATE_OF_BIRTH", "04/05/61", "04/05/61"),
    ("geboren am 4. Mai 1961 in Kiel", "DATE_OF_BIRTH", "4. Mai 1961", "1961-05-04"),
    ("née le 1er août 1961", "DATE_OF_BIRTH", "1er août 1961", "1961-08-01"),
    ("passport no. 536228145", "PASSPORT", "536228145", "536228145"),
    ("His passport number is C01X00T47, valid to 2030", "PASSPORT", "C01X00T47", "C01X00T47"),
    ("Reisepass: C01X00T47", "PASSPORT", "C01X00T47", "C01X00T47"),
]


@pytest.mark.parametrize(("text", "label", "shown", "value"), FOUND)
def test_found_with_place_and_value(text: str, label: str, shown: str, value: str) -> None:
    (match,) = find(text)
    assert (match.label, text[match.start : match.end]) == (label, shown)
    assert match.value == (value or shown.replace(" ", ""))
    assert match.confidence >= 0.6


NOT_FOUND = [
    "",
    "no digit at all",
    # phones, orders, versions, addresses of machines, times, sums
    "Call (512) 555-0143 or +1 512 555 0143 or 512-555-0143, fax 0421 555 0143",
    "order 536228145, invoice INV-536-22-8145, part 12-536-22-8145, 536-22-8145-77, 536-22-81456",
    "536 22 8145",
    "536228145 .......... SSNA",  # the word goes on behind the last character looked at
    "536228145 ........... SSN",
    "10.8.1.4, 192.168.10.144, 2001-05-04 11:22:33.444, 04/05/2001, 20010504112233",
    "SSN 000-22-8145, 666-22-8145, 912-22-8145, 536-00-8145, 536-22-0000, 078-05-1120",
    "1,234,567,890.12 and 4111.1111.1111.1111 and 4111,1111,1111,1111",
    # cards that fail: check digit, issuer, length, grouping, inside something longer
    "card 4111 1111 1111 1112",
    "card 9111 1111 1111 1111, 4111 1111 1111, 41111111 11111111, 411 11111 1111 1111",
    "4222222222222 and 30569309025904",  # thirteen or fourteen digits that nothing calls a card
    "0000 0000 0000 0000, 4444444444444444",
    "id=4111111111111111 /4111111111111111/ #4111111111111111 x4111111111111111",
    "978-3-16-148410-0, EAN 4006381333931, ISBN 9783161484100",
    # bank accounts that fail: checksum, country, length
    "DE88 3704 0044 0532 0130 00, XX89 3704 0044 0532 0130 00, DE89 3704 0044 0532 0130",
    "DE89 3704 0044 0532 0130 001, xDE89370400440532013000, de89370400440532013000",
    # dates of something else, or of no calendar
    "The contract of 4 May 1961 was signed on 1961-05-04.",
    "born in 1961; date of birth: 31 February 1961, 1761-05-04, 2061-05-04, 13/13/1961",
    "DOB: see file 12 of 1961-05-04",
    "airborne 1961-05-04",
    # no passport
    "536228145 C01X00T47",
    "passport to success, PASSPORTS CHECKED, passport 12345, passport office 5 C01X00T47",
    "discard 30569309025904",
]


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_only_looks_like_it(text: str) -> None:
    assert find(text) == []


def test_words_nearby_raise_the_confidence() -> None:
    def confidence(text: str) -> float:
        return find(text)[0].confidence

    assert confidence("4111111111111111") < confidence(VISA) < confidence(f"visa {VISA}")
    assert confidence("536-22-8145") < confidence("SSN 536-22-8145")
    assert confidence("visa " + "x" * 50 + " 4111111111111111") == 0.5


def test_the_surest_of_two_readings_stays() -> None:
    (match,) = find("passport or social security number 536228145")
    assert match.label == "SSN"


def test_random_numbers_are_seldom_taken_for_cards() -> None:
    """Sixteen digits alone fit an issuer and the check digit once in about forty."""
    source = random.Random(5)
    numbers = [f"{source.randrange(10**16):016}" for _ in range(4000)]
    hits = [m for m in find(" ; ".join(numbers)) if m.label == "CARD"]
    assert 0 < len(hits) < 160
    assert {m.confidence for m in hits} == {0.5}


def test_digests_and_encoded_bytes_hold_nothing() -> None:
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(2000)]
    uuids = [f"{d[:8]}-{d[8:12]}-4{d[13:16]}-a{d[17:20]}-{d[20:32]}" for d in digests]
    assert find(" ".join(digests) + " ".join(uuids)) == []


@given(st.text("0123456789 -SNvisaborn", max_size=80))
def test_matches_never_overlap_and_lie_in_the_text(text: str) -> None:
    end = 0
    for match in find(text):
        assert end <= match.start < match.end <= len(text)
        assert match.label in LABELS
        end = match.end


@given(st.integers(0, 10**18))
def test_check_digits(number: int) -> None:
    assert sum(luhn(f"{number}{digit}") for digit in range(10)) == 1
    body = f"{number:018}"
    assert sum(iban_valid(f"DE{check:02}{body}") for check in range(2, 99)) == 1


UNITS = """1|1 |1-|12-34|4111 |DE89 |DE89|ssn 1|born |A1|1/1/|May 1, |passport |1 May |.|-| |
4111 1111 1111 1112 |ssn 536-22-8145 |born 1 May 1961 """


@pytest.mark.parametrize("unit", UNITS.replace("\n", "").split("|"))
def test_hostile_text_takes_linear_time(unit: str) -> None:
    """A rule that takes quadratic time would not come back from half a megabyte."""
    text = unit * (500_000 // len(unit))
    assert all(m.end <= len(text) for m in find(text))


def test_configuration_fits_its_schema() -> None:
    config = yaml.safe_load(resource("config", "personal_data.yaml").read_text(encoding="utf-8"))
    schema = json.loads(resource("schemas", "personal_data.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(config)
