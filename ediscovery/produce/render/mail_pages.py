"""Pages of mails: a block with who, when, what and which attachments, then the body as sent.

Read by the project's own mail readers; a message of Outlook is first made the RFC 5322 file that
its native would be.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ediscovery.extract import registry
from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.mail import eml
from ediscovery.extract.types import MAIL
from ediscovery.model.errors import UsageError
from ediscovery.produce.render import flow
from ediscovery.produce.render.pages import Pages, Rendering

TEXT_MARK = "[The text version says more:]"
_OUTLOOK = bytes.fromhex("d0cf11e0a1b11ae1")


def open_pages(content: Content, context: Context, rendering: Rendering) -> Pages:
    """The pages of one message (EML, EMLX, MSG). Raises ``EvidenceError`` as its reader does."""
    content, kind = _transmitted(content, context)
    mail = registry.extractor(kind)(content, context)
    pictures: dict[str, Callable[[], bytes]] = {}
    attached = []
    for child in mail.children:
        if child.relation == "inline" and child.content is not None:
            for name in (child.fields.get("content_id"), child.fields.get("source_url")):
                if name:
                    pictures[name] = child.content.read
        if child.relation != "inline":
            attached.append(child.name)
    head = _head(mail, attached, rendering)
    text = mail.text[mail.body_start :]
    bodies = eml.html_bodies(content, context) if kind == MAIL else []
    notes: list[str] = []
    markup = []
    for body in bodies:
        safe, said = flow.safe(body, pictures, context, rendering)
        markup.append(safe)
        notes += said
    if bodies:
        from ediscovery.extract.html import text_of

        shown = "\n".join(text_of(body) for body in bodies)
        plain = text.partition(eml.HTML_MARK)[0]
        more = eml.only_in_html(shown, plain)  # here: the lines of the plain text that HTML lacks
        if more.strip():
            markup.append(flow.as_text(f"\n{TEXT_MARK}\n{more}"))
    else:
        markup.append(flow.as_text(text))
    pages = flow.lay([head + "".join(map(_inner, markup))], rendering, context, mail.text)
    pages.notes[:0] = dict.fromkeys([*mail.warnings, *notes])
    return pages


def _transmitted(content: Content, context: Context) -> tuple[Content, str]:
    """The message as RFC 5322 and the type that reads it."""
    if content.head[:8] == _OUTLOOK:
        from ediscovery.extract.outlook.cfb import CompoundFile
        from ediscovery.extract.outlook.msg import MsgMessage
        from ediscovery.extract.outlook.native import synthesise
        from ediscovery.extract.outlook.reading import Reading

        file = CompoundFile(content.read())
        message = MsgMessage(file, file.root, file.root, 32)
        return synthesise(Reading(message, context), context), MAIL
    first = content.head.partition(b"\n")[0].strip()
    return content, "message/x-emlx" if first.isdigit() else MAIL


def _head(mail: Extraction, attached: list[str], rendering: Rendering) -> str:
    get = mail.fields.get
    rows = [("From", get("from_", ""))]
    if "sender" in mail.fields:
        rows.append(("Sender", get("sender", "")))
    rows += [(name, "; ".join(get(name.lower(), ()))) for name in ("To", "Cc", "Bcc")]
    rows.append(("Date", sent(mail.fields, rendering)))
    rows.append(("Subject", get("subject", "")))
    rows.append(("Attachments", "; ".join(attached)))
    lines = "".join(
        f'<p class="head"><b>{name}:</b> {html.escape(value)}</p>'
        for name, value in rows
        if value or name == "Subject"
    )
    return f'<div class="rule">{lines}</div>'


def sent(fields: dict[str, Any], rendering: Rendering) -> str:
    """When a mail was sent, in the rendering's zone and format; as written when that is no date.

    Raises ``UsageError`` for a zone that is none.
    """
    stamp, raw = fields.get("sent_at", ""), fields.get("sent_at_raw", "")
    if not stamp:
        return str(raw)
    try:
        zone = ZoneInfo(rendering.zone)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(
            f"No time zone {rendering.zone!r}.", "Name one such as America/New_York."
        ) from error
    return datetime.fromisoformat(stamp).astimezone(zone).strftime(rendering.date_format).strip()


def _inner(markup: str) -> str:
    """What stands inside of the body of a page, its style sheets before it."""
    low = markup.lower()
    start = low.find("<body")
    if start < 0:
        return markup
    styles, at = [], 0
    while (at := low.find("<style", at)) >= 0 and at < start:
        end = low.find("</style>", at)
        if end < 0:
            break
        styles.append(markup[at : end + 8])
        at = end + 8
    start = low.find(">", start) + 1
    stop = low.rfind("</body>")
    return "".join(styles) + "<div>" + markup[start : stop if stop >= 0 else None] + "</div>"
