"""Numbers as a spreadsheet shows them: a table of known displays, and laws."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.extract.office.numbers import BUILT_IN, general, is_date, show


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1234.5, "#,##0.00", "1,234.50"),
        (1000000.0, "#,###", "1,000,000"),
        (-1234.5, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "($1,234.50)"),
        (0.256, "0%", "26%"),
        (0.256, "0.00%", "25.60%"),
        (123456789.0, "000-00-0000", "123-45-6789"),
        (5551234567.0, "(000) 000-0000", "(555) 123-4567"),
        (12345678.0, "0.00E+00", "1.23E+07"),
        (12345.0, "##0.0E+0", "12.3E+3"),
        (1.25, "# ?/?", "1 1/4"),
        (0.5, "?/?", "1/2"),
        (1234567.0, '0.0,,"M"', "1.2M"),
        (1234567.891, "[$€-407] #,##0.00", "€ 1,234,567.89"),
        (5.0, '"No. "000', "No. 005"),
        (5.0, "\\1\\.0#", "1.05"),
        (123.45, '0\\ "dollars and"\\ .00\\ "cents"', "123 dollars and .45 cents"),
        (12.0, "[<100]0.0;[>=100]0", "12.0"),
        (-3.0, "0;(0)", "(3)"),
        (2.5, "0", "3"),
        (-0.001, "0", "0"),
        (5.0, ";;;", "5"),
        (38000.75, "[$-409]mmmm\\ d\\,\\ yyyy", "January 14, 2004"),
        (38000.75, "h:mm AM/PM", "6:00 PM"),
        (38000.75, "yyyy-mm-dd hh:mm", "2004-01-14 18:00"),
        (38000.5, "ddmmmyy", "14Jan04"),
        (1.5, "[h]:mm:ss", "36:00:00"),
        (0.04, "mm:ss.0", "57:36.0"),
        (59.0, "yyyy-mm-dd", "1900-02-28"),
        (61.0, "yyyy-mm-dd", "1900-03-01"),
        (43831.0, "[$-F800]dddd, mmmm dd, yyyy", "Wednesday, January 1, 2020"),
        (-5.0, "yyyy-mm-dd", "-5"),
        (1e300, "#,##0", "1E+300"),
        (5.0, "General", "5"),
        (1234567890123456.0, "General", "1234567890123456"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1E+20"),
        (7.0, "@", "7"),
        (5.0, 'General" units"', "5 units"),
    ],
)
def test_known_displays(value: float, code: str, shown: str) -> None:
    assert show(value, code) == shown


def test_1904() -> None:
    assert show(0.0, "yyyy-mm-dd", date1904=True) == "1904-01-01"


@given(st.floats(), st.text('0#?.,%E+-/[]$;"\\_*@GeneralymdhsAMP ', max_size=30))
def test_any_number_in_any_format_is_shown(value: float, code: str) -> None:
    assert show(value, code).strip()


@given(st.integers(-(10**15), 10**15))
def test_whole_numbers_are_written_in_full(number: int) -> None:
    assert general(float(number)) == str(number)
    assert show(float(number), "#,##0").replace(",", "") == str(number)


@given(st.datetimes(datetime.datetime(1900, 3, 1), datetime.datetime(9999, 12, 31)))
def test_dates_come_back(moment: datetime.datetime) -> None:
    moment = moment.replace(microsecond=0)
    serial = (moment - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
    shown = show(serial, "yyyy-mm-dd hh:mm:ss")
    assert datetime.datetime.fromisoformat(shown) == moment


def test_which_built_in_formats_are_dates() -> None:
    assert {n for n, code in BUILT_IN.items() if is_date(code)} == {
        *range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59),
    }  # fmt: skip
