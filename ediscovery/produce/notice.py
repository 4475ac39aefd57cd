"""The letter that calls documents back: plain text, and the same as PDF.

FRE 502(b) and (d), FRCP 26(b)(5)(B). It says what is claimed and on what ground, and nothing of why
the documents went out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ediscovery.produce.loadfile.files import whole_file

RULES = "Federal Rule of Evidence 502(b) and Federal Rule of Civil Procedure 26(b)(5)(B)"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A document called back: its numbers, its pages, the volumes in which it went out."""

    begin: str
    end: str
    pages: int
    volumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What the letter says; ``date`` and ``due`` are days (ISO 8601), ``due`` ``""`` for none."""

    matter: str
    company: str
    receiver: str
    volume: str
    date: str
    authority: str
    basis: str
    due: str
    documents: Sequence[Withdrawn]

    @property
    def text(self) -> str:
        """The letter."""
        by = f"By {self.due}, please" if self.due else "Please"
        out = [
            self.date,
            "",
            f"To: {self.receiver or 'the receiving party'}",
            f"From: {self.company or self.matter}",
            f"Re: {self.matter}: return of privileged documents ({self.volume})",
            "",
            f"Under {self.authority}, we call back the documents listed below. They are protected "
            f"({self.basis}); they were disclosed without an intent to waive that protection, and "
            "their disclosure is no waiver.",
            "",
            "Please do not read, use or disclose them, or what they say. Promptly return, "
            "sequester or destroy each of them with every copy, extract and note of its content, "
            "in review platforms, load files, search indexes and backups that can be reached. "
            "Retrieve them from anybody to whom you passed them on.",
            "",
            f"{by} confirm in writing that this was done, by whom and on which day. If you contest "
            "the claim, keep one copy sequestered and present it to the court under seal.",
            "",
            f"The volume {self.volume} holds slip sheets under the same Bates numbers, and load "
            "files to lay over those you have. The documents will be on our privilege log.",
            "",
            f"Documents: {len(self.documents):,}, "
            f"pages: {sum(one.pages for one in self.documents):,}",
            *(
                f"  {one.begin} to {one.end} ({one.pages:,} "
                f"{'page' if one.pages == 1 else 'pages'}; {', '.join(one.volumes)})"
                for one in self.documents
            ),
        ]
        return "\n".join(out) + "\n"

    def write(self, folder: Path) -> tuple[str, ...]:
        """Write the letter into ``folder`` as text and PDF; returns the names of the files.

        The same letter gives the same bytes.
        """
        names = (f"{self.volume}-notice.txt", f"{self.volume}-notice.pdf")
        for name, data in zip(names, (self.text.encode(), _pdf(self.text)), strict=True):
            with whole_file(folder / name) as file:
                file.write(data)
        return names


def _pdf(text: str) -> bytes:
    import tempfile

    from ediscovery.extract.contract import Budget, Context
    from ediscovery.model.profile import Profile
    from ediscovery.produce.render import flow, pdf_file
    from ediscovery.produce.render.finish import finish
    from ediscovery.produce.render.pages import Rendering

    profile, rendering = Profile(), Rendering()
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(profile, Path(scratch), Budget(profile.limits.expansion_bytes), ())
        with flow.lay([flow.as_text(text)], rendering, context, text) as pages:
            return pdf_file.pdf(finish(page, rendering, context) for page in pages)
