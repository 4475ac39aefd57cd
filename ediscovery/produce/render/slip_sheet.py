"""Slip sheets: a page with given wording in place of what can't or must not be shown."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ediscovery.extract.contract import Context
from ediscovery.produce.render import flow
from ediscovery.produce.render.pages import Page, Rendering


def slip_sheet(lines: Sequence[str], rendering: Rendering, context: Context) -> Page:
    """One page with ``lines`` in its middle, each a paragraph, the first one large.

    Raises ``EvidenceError`` when MuPDF can't lay it out. Wording that does not fit on the page is
    cut off, with a note.
    """
    gap = "<p>&#160;</p>" * 8
    body = "".join(
        f'<p style="text-align:center;font-size:{18 if not number else 12}pt">'
        f"{html.escape(line) or '&#160;'}</p>"
        for number, line in enumerate(lines)
    )
    pages = flow.lay([gap + body], rendering, context, "\n".join(lines))
    page = pages.page(1)
    page.notes += pages.notes
    if len(pages) > 1:
        page.notes.append("The wording of the slip sheet does not fit on its page.")
    return page
