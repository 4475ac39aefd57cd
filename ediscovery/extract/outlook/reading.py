"""One message as text and fields, the same for a PST's and a MSG file's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from ediscovery.extract.contract import Child, Context, Extraction
from ediscovery.extract.html import describe
from ediscovery.extract.mail import addresses, dates, eml
from ediscovery.extract.mail import headers as header_fields
from ediscovery.extract.mail.headers import Headers
from ediscovery.extract.outlook import attached, bodies, kinds, mapi, people
from ediscovery.extract.outlook.message import Message
from ediscovery.model.states import State

_IDS = re.compile(r"<[^<>\s]+>")
_OLD_HEAD = re.compile(r"\s*Microsoft Mail Internet Headers[^\n]*\n")
_IMPORTANCE = {0: "low", 1: "normal", 2: "high"}
_SENSITIVITY = {0: "none", 1: "personal", 2: "private", 3: "confidential"}
_VERBS = {102: "replied", 103: "replied to all", 104: "forwarded"}
_FLAGGED = {1: "complete", 2: "flagged"}
_REPORT_TEXT, _LAST_VERB, _LAST_VERB_TIME = 0x1001, 0x1081, 0x1082
_DEFERRED = 0x000F
_CUSTOM, _CUSTOM_BYTES = 100, 65536


class Reading:
    """A message read once: for its native, its text and its fields alike."""

    def __init__(self, message: Message, context: Context) -> None:
        limits = context.profile.limits
        self.message = message
        whole = message.properties.text(mapi.HEADERS)
        header = whole[: limits.headers_bytes]
        match = _OLD_HEAD.match(header)
        self.header = (header[match.end() :] if match else header).strip("\0\r\n \t")
        fields, _ = header_fields.parse(self.header)
        self.headers, self.cut = header_fields.bounded(fields, len(whole), limits)
        self.people = people.read(message, self.headers)
        self.bodies = bodies.read(message, limits.text_bytes)
        self.details = kinds.read(message)
        self.is_mail = self.details.category == "mail"
        self.sent_ticks = message.properties.get(mapi.SUBMIT_TIME)
        self.parts = [attached.Part(a, self.bodies.page) for a in message.attachments]

    @property
    def date(self) -> str:
        """The date of the mail in the form of a header field, as sent where that is known."""
        stated = self.headers.get("date", [""])[0].strip()
        if stated:
            return header_fields.plain(stated)
        ticks = self.sent_ticks
        if not isinstance(ticks, int) or not self.message.properties.time(mapi.SUBMIT_TIME):
            return ""
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
        return format_datetime(moment)

    @property
    def body(self) -> str:
        """The text below the header block."""
        found = self.bodies
        text = found.text
        if found.source == "plain" and found.page is not None:
            more = eml.only_in_html(text, found.page.text)
            if more:
                text += f"\n{eml.HTML_MARK}\n{more}"
        report = self.message.properties.text(_REPORT_TEXT)
        if report and report.strip() not in text:
            text = f"{text}\n{report}" if text else report
        if not self.is_mail and self.details.lines:
            text = "\n".join(self.details.lines) + (f"\n\n{text}" if text else "")
        return text.strip("\n") if not self.is_mail else text


def extraction(reading: Reading, context: Context) -> Extraction:
    """The message of ``reading`` as the walk takes it, its attachments as lazy children."""
    message, found = reading.message, reading.bodies
    result = Extraction(flags=set(found.flags))
    if found.page is not None:
        describe(found.page, result)
    if found.source == "html":
        result.flags.add("html_only")
    _envelope(reading, result)
    _properties(message, result.fields)
    result.fields.update(reading.details.fields)
    result.fields["body_source"] = found.source
    names = [part.name for part in reading.parts if not part.inline]
    top = eml.header_block(result.fields, names)
    if reading.is_mail and reading.details.lines:
        top += "".join(f"{line}\n" for line in reading.details.lines)
    result.text = f"{top}\n{reading.body}"
    result.body_start = len(top) + 1
    if not reading.is_mail:
        result.fields["category"] = reading.details.category
    _marks(message, result)
    result.warnings = list(dict.fromkeys(message.problems))
    if reading.cut:
        result.state, result.message = f"{State.LIMIT}:header", reading.cut
    if reading.parts or message.announced_attachments:
        result.expected_children = message.announced_attachments
        result.children = _children(reading, context)
    return result


def _children(reading: Reading, context: Context) -> Iterator[Child]:
    for ordinal, part in enumerate(reading.parts):
        if ordinal in context.skip:
            yield Child(part.name, None, part.relation, state=State.CRASHED)
        else:
            yield part.child(context)


def _envelope(reading: Reading, result: Extraction) -> None:
    """The columns of a mail."""
    fields, headers, properties = result.fields, reading.headers, reading.message.properties
    found = reading.people
    if reading.header:
        fields["header"] = reading.header
    if found.author is not None:
        fields["from_"] = found.author.text
        fields["from_address"] = _address(found.author)
    if found.sender is not None:
        fields["sender"] = found.sender.text
        fields["sender_address"] = _address(found.sender)
        fields["sent_representing"] = fields.get("from_", "")
    for name in ("to", "cc", "bcc"):
        everyone: list[people.Person] = getattr(found, name)
        if everyone:
            fields[name] = [who.text for who in everyone]
            fields[name + "_addresses"] = [a for a in map(_address, everyone) if a]
    if found.x500:
        fields["x500_addresses"] = found.x500
    if reading.message.subject:
        fields["subject"] = fields["title"] = reading.message.subject
    _times(reading, result)
    identifier = properties.text(mapi.MESSAGE_ID).strip() or _first(headers, "message-id")
    if identifier:
        fields["message_id"] = identifier[: identifier.find(">") + 1] or identifier
    parent = properties.text(mapi.IN_REPLY_TO).strip() or _first(headers, "in-reply-to")
    if parent:
        fields["in_reply_to"] = (_IDS.findall(parent) or [header_fields.plain(parent)])[0]
    chain = properties.text(mapi.REFERENCES).strip() or " ".join(headers.get("references", ()))
    if chain:
        fields["references"] = _IDS.findall(chain) or chain.split()
    if values := headers.get("reply-to"):
        fields["reply_to"] = [box.text for box in addresses.parse(values[0])]


def _address(who: people.Person) -> str:
    return who.address.lower() if "@" in who.address else ""


def _first(headers: Headers, name: str) -> str:
    return headers.get(name, [""])[0].strip()


def _times(reading: Reading, result: Extraction) -> None:
    fields, properties = result.fields, reading.message.properties
    stated = reading.date
    sent = properties.time(mapi.SUBMIT_TIME)
    if stated:
        fields["sent_at_raw"] = stated
    by_header = dates.parse(_first(reading.headers, "date"))
    if sent or by_header:
        # What the mail's header says is what every other copy of the mail says too.
        fields["sent_at"] = by_header or sent
    elif stated:
        result.flags.add("date_invalid")
    if by_header and sent and sent != by_header:
        fields["submitted_at"] = sent
    for number, name in (
        (mapi.DELIVERY_TIME, "received_at"),
        (mapi.CREATED, "created_at"),
        (mapi.MODIFIED, "modified_at"),
        (_LAST_VERB_TIME, "last_action_at"),
        (_DEFERRED, "deferred_until"),
    ):
        moment = properties.time(number)
        if moment:
            fields[name] = moment
            fields[f"{name}_raw"] = str(properties.get(number))  # FILETIME, 100 ns since 1601


def _properties(message: Message, fields: dict[str, Any]) -> None:
    """What only Outlook knows of a mail."""
    properties = message.properties
    fields["message_class"] = message.message_class
    for number, name, meanings in (
        (mapi.IMPORTANCE, "importance", _IMPORTANCE),
        (mapi.SENSITIVITY, "sensitivity", _SENSITIVITY),
        (_LAST_VERB, "last_action", _VERBS),
        (mapi.FLAG_STATUS, "follow_up", _FLAGGED),
    ):
        value = properties.integer(number)
        if value is not None and value in meanings:
            fields[name] = meanings[value]
    flags = properties.integer(mapi.FLAGS)
    if flags is not None:
        fields["read_flag"] = bool(flags & 0x01)
        if flags & 0x08:
            fields["draft"] = True
    index = properties.data(mapi.CONVERSATION_INDEX)
    if index:
        fields["conversation_index"] = index.hex()
    categories = properties.named(mapi.STRINGS, "keywords")
    if categories:
        fields["categories"] = categories if isinstance(categories, list) else [categories]
    for number, name in (
        (mapi.CONVERSATION_TOPIC, "thread_topic"),
        (mapi.LAST_MODIFIER, "last_author"),
        (mapi.COMMENT, "comment"),
    ):
        text = " ".join(properties.text(number).replace("\0", " ").split())
        if text:
            fields[name] = text
    received_by = people.person(properties, people.RECEIVED_BY)
    if received_by is not None:
        fields["received_by"] = received_by.text
    request = properties.named(mapi.COMMON, 0x8530)
    if isinstance(request, str) and request:
        fields["flag_request"] = request
    _named(properties, fields)


def _named(properties: mapi.Properties, fields: dict[str, Any]) -> None:
    """Reactions to the mail, and the texts that users and add-ins attached to it."""
    custom: dict[str, str] = {}
    texts = properties.names.texts
    for number in texts.keys() & properties.types.keys():
        group, name = texts[number]
        if group == mapi.REACTIONS and name in ("reactionshistory", "ownerreactionhistory"):
            history = properties.get(number)
            try:
                found = json.loads(history) if isinstance(history, bytes) else None
            except (ValueError, RecursionError):
                continue
            if isinstance(found, list) and len(history) < _CUSTOM_BYTES:
                fields["reactions"] = found
        elif group == mapi.STRINGS and name != "keywords" and len(custom) < _CUSTOM:
            value = properties.get(number)
            if isinstance(value, str) and value and len(value) < _CUSTOM_BYTES:
                custom[str(name)] = value
    if custom:
        fields["custom_properties"] = dict(sorted(custom.items()))


def _marks(message: Message, result: Extraction) -> None:
    """Flags for S/MIME messages and protected ones."""
    kind = message.message_class.lower()
    if "smime" in kind:
        signed = kind.endswith("multipartsigned")
        result.flags.add("signed" if signed else "encrypted_part")
    names = {a.name.lower() for a in message.attachments}
    if names & {"message.rpmsg", "message_v2.rpmsg", "message_v3.rpmsg", "message_v4.rpmsg"}:
        result.flags.add("encrypted_part")
