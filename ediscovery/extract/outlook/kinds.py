"""What appointments, contacts, tasks, notes and the like hold besides subject and body.

Property numbers are from [MS-OXPROPS]; named ones stand with the set they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ediscovery.extract.dates import from_filetime
from ediscovery.extract.outlook import mapi, people
from ediscovery.extract.outlook.mapi import Properties
from ediscovery.extract.outlook.message import Message


class Detail(NamedTuple):
    """One labelled property. ``field`` is its name among an item's fields."""

    label: str
    field: str
    number: int | str
    group: bytes | None = None
    values: tuple[str, ...] = ()  # names of its numbered values


_A, _T, _C, _L, _N = mapi.APPOINTMENT, mapi.TASK, mapi.CONTACT, mapi.LOG, mapi.NOTE

_COMMON = (
    Detail("Companies", "companies", 0x8539, mapi.COMMON),
    Detail("Billing", "billing_information", 0x8535, mapi.COMMON),
    Detail("Mileage", "mileage", 0x8534, mapi.COMMON),
    Detail("Contacts", "linked_contacts", 0x853A, mapi.COMMON),
)
_APPOINTMENT = (
    Detail("Start", "start_at", 0x820D, _A),
    Detail("End", "end_at", 0x820E, _A),
    Detail("Location", "location", 0x8208, _A),
    Detail("All day", "all_day", 0x8215, _A),
    Detail("Recurring", "recurring", 0x8223, _A),
    Detail("Recurrence", "recurrence", 0x8232, _A),
    Detail("Time zone", "time_zone", 0x8234, _A),
    Detail("Show as", "busy_status", 0x8205, _A, ("free", "tentative", "busy", "out of office")),
    Detail("Attendees", "attendees", 0x8238, _A),
    Detail(
        "Response", "response_status", 0x8218, _A,
        ("", "organizer", "tentative", "accepted", "declined", "not responded"),
    ),
    Detail("Online meeting", "online_meeting", 0x8240, _A),
)  # fmt: skip
_TASK = (
    Detail(
        "Status", "task_status", 0x8101, _T,
        ("not started", "in progress", "completed", "waiting", "deferred"),
    ),
    Detail("Complete", "task_complete", 0x8102, _T),
    Detail("Start", "start_at", 0x8104, _T),
    Detail("Due", "due_at", 0x8105, _T),
    Detail("Completed", "completed_at", 0x810F, _T),
    Detail("Owner", "task_owner", 0x811F, _T),
    Detail("Assigned by", "task_delegator", 0x8121, _T),
    Detail("Role", "task_role", 0x8127, _T),
)  # fmt: skip
_CONTACT = (
    Detail("Name", "contact_name", 0x3001),
    Detail("Title", "name_title", 0x3A45),
    Detail("Given name", "given_name", 0x3A06),
    Detail("Middle name", "middle_name", 0x3A44),
    Detail("Surname", "surname", 0x3A11),
    Detail("Suffix", "name_suffix", 0x3A05),
    Detail("Nickname", "nickname", 0x3A4F),
    Detail("File as", "file_as", 0x8005, _C),
    Detail("Company", "company", 0x3A16),
    Detail("Job title", "job_title", 0x3A17),
    Detail("Department", "department", 0x3A18),
    Detail("Office", "office", 0x3A19),
    Detail("Profession", "profession", 0x3A46),
    Detail("Manager", "manager", 0x3A4E),
    Detail("Assistant", "assistant", 0x3A30),
    Detail("E-mail", "email_1", 0x8083, _C),
    Detail("E-mail shown as", "email_1_shown", 0x8080, _C),
    Detail("E-mail", "email_1_original", 0x8084, _C),
    Detail("E-mail 2", "email_2", 0x8093, _C),
    Detail("E-mail 2 shown as", "email_2_shown", 0x8090, _C),
    Detail("E-mail 2", "email_2_original", 0x8094, _C),
    Detail("E-mail 3", "email_3", 0x80A3, _C),
    Detail("E-mail 3 shown as", "email_3_shown", 0x80A0, _C),
    Detail("E-mail 3", "email_3_original", 0x80A4, _C),
    Detail("Instant messages", "instant_messaging", 0x8062, _C),
    Detail("Business phone", "business_phone", 0x3A08),
    Detail("Business phone 2", "business_phone_2", 0x3A1B),
    Detail("Home phone", "home_phone", 0x3A09),
    Detail("Home phone 2", "home_phone_2", 0x3A2F),
    Detail("Mobile phone", "mobile_phone", 0x3A1C),
    Detail("Primary phone", "primary_phone", 0x3A1A),
    Detail("Other phone", "other_phone", 0x3A1F),
    Detail("Car phone", "car_phone", 0x3A1E),
    Detail("Radio phone", "radio_phone", 0x3A1D),
    Detail("Pager", "pager", 0x3A21),
    Detail("Callback phone", "callback_phone", 0x3A02),
    Detail("Assistant's phone", "assistant_phone", 0x3A2E),
    Detail("Company phone", "company_phone", 0x3A57),
    Detail("ISDN", "isdn", 0x3A2D),
    Detail("TTY/TDD phone", "tty_phone", 0x3A4B),
    Detail("Telex", "telex", 0x3A2C),
    Detail("Business fax", "business_fax", 0x3A24),
    Detail("Home fax", "home_fax", 0x3A25),
    Detail("Other fax", "other_fax", 0x3A23),
    Detail("Business address", "business_address", 0x801B, _C),
    Detail("Home address", "home_address", 0x801A, _C),
    Detail("Other address", "other_address", 0x801C, _C),
    Detail("Postal address", "postal_address", 0x3A15),
    Detail("Web page", "web_page", 0x802B, _C),
    Detail("Business web page", "business_web_page", 0x3A51),
    Detail("Personal web page", "personal_web_page", 0x3A50),
    Detail("Birthday", "birthday", 0x3A42),
    Detail("Anniversary", "anniversary", 0x3A41),
    Detail("Spouse", "spouse", 0x3A48),
    Detail("Children", "children_names", 0x3A58),
    Detail("Hobbies", "hobbies", 0x3A43),
    Detail("Language", "contact_language", 0x3A0C),
    Detail("Account", "account", 0x3A00),
    Detail("Customer number", "customer_number", 0x3A4A),
    Detail("Government number", "government_number", 0x3A07),
    Detail("Organization number", "organization_number", 0x3A10),
    Detail("Referred by", "referred_by", 0x3A47),
    Detail("User field 1", "user_field_1", 0x804F, _C),
    Detail("User field 2", "user_field_2", 0x8050, _C),
    Detail("User field 3", "user_field_3", 0x8051, _C),
    Detail("User field 4", "user_field_4", 0x8052, _C),
)
_LIST = (Detail("Name", "list_name", 0x8053, _C),)
_JOURNAL = (
    Detail("Type", "journal_type", 0x8700, _L),
    Detail("Start", "start_at", 0x8706, _L),
    Detail("End", "end_at", 0x8708, _L),
    Detail("Minutes", "minutes", 0x8707, _L),
    Detail("Description", "journal_description", 0x8712, _L),
)
_NOTE = (
    Detail("Colour", "note_colour", 0x8B00, _N, ("blue", "green", "pink", "yellow", "white")),
)  # fmt: skip
_MEMBERS, _ONE_OFF_MEMBERS = 0x8055, 0x8054

# Beginnings of message classes, longer ones first: their details, and the category of the item.
_KINDS: tuple[tuple[str, tuple[Detail, ...], str], ...] = (
    ("ipm.schedule.meeting", _APPOINTMENT, "mail"),
    ("ipm.appointment", _APPOINTMENT, "calendar"),
    ("ipm.ole.class.{00061055", _APPOINTMENT, "calendar"),
    ("ipm.taskrequest", _TASK, "mail"),
    ("ipm.task", _TASK, "task"),
    ("ipm.contact", _CONTACT, "contact"),
    ("ipm.distlist", _LIST, "contact"),
    ("ipm.abchperson", _CONTACT, "contact"),
    ("ipm.activity", _JOURNAL, "note"),
    ("ipm.stickynote", _NOTE, "note"),
)


class Details(NamedTuple):
    """``lines`` for a reader, ``fields`` for the record, and the item's ``category``."""

    lines: list[str]
    fields: dict[str, Any]
    category: str


def read(message: Message) -> Details:
    """What ``message`` holds by its class; a mail has nothing but what all items share."""
    kind = message.message_class.lower()
    details, category = next(((d, c) for start, d, c in _KINDS if kind.startswith(start)),
                             ((), "mail"))  # fmt: skip
    lines: list[str] = []
    fields: dict[str, Any] = {}
    for detail in (*details, *_COMMON):
        value = _value(message.properties, detail)
        if value in ("", None, False, []):
            continue
        if value in (fields.get(name) for name in ("email_1", "email_2", "email_3")):
            continue
        fields[detail.field] = value
        shown = "yes" if value is True else mapi.joined(value) if isinstance(value, list) else value
        lines.append(f"{detail.label}: {shown}")
    if details is _LIST:
        members = list(_members(message.properties))
        fields["members"] = members
        lines += [f"Member: {member}" for member in members]
    return Details(lines, fields, category)


def _value(properties: Properties, detail: Detail) -> Any:
    if detail.group is None:
        assert isinstance(detail.number, int)
        number: int | None = detail.number
    else:
        number = properties.names.get((detail.group, detail.number))
    if number is None or number not in properties:
        return None
    value = properties.get(number)
    if properties.types[number] == mapi.TIME:
        return from_filetime(value) if isinstance(value, int) else None
    if detail.values:
        fits = isinstance(value, int) and 0 <= value < len(detail.values)
        return detail.values[value] if fits else value
    if isinstance(value, str):
        return " ".join(value.replace("\0", " ").split())
    if isinstance(value, list):
        return [v for v in value if isinstance(v, str) and v]
    if isinstance(value, float):
        return f"{value:.0%}" if detail.field == "task_complete" else value
    return value if isinstance(value, bool | int) else None


def _members(properties: Properties) -> Iterator[str]:
    """Members of a distribution list as far as they carry names of their own."""
    for name in (_ONE_OFF_MEMBERS, _MEMBERS):
        entries = properties.named(_C, name)
        found = [people.one_off(e) for e in entries or () if isinstance(e, bytes)]
        texts = [who.text for who in found if who.name or who.address]
        if texts:
            yield from texts
            return
