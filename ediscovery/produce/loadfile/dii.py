"""Writes Summation DII: a block of lines for each document, its image files last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.files import whole_file
from ediscovery.produce.loadfile.pages import backslashed, checked
from ediscovery.produce.loadfile.replace import Replacer
from ediscovery.produce.loadfile.rows import Document, ReportReplaced, Written

_LONGEST_NAME = 8
_BREAKS = {"\r\n": " ", "\r": " ", "\n": " ", "\0": " "}


def write_dii(
    path: Path,
    documents: Iterable[Document],
    identifier: str,
    fields: Sequence[str],
    report: ReportReplaced,
    *,
    full_text: bool = False,
) -> Written:
    """Write ``documents`` as Summation DII: Windows-1252, CR LF.

    Each document is ``@T`` with its identifier, ``@C`` for each filled field, ``@D`` with the
    folder of its images, and the images' file names as the last lines. A line break in a value
    becomes a blank, a character that Windows-1252 lacks a question mark; both are told to
    ``report``. The parts of a multi-value are joined by ``;``.

    Args:
        path: Where to write.
        documents: Records, each with its pages.
        identifier: The field whose value ``@T`` takes.
        fields: The other fields to write, in order.
        report: Is called for each value in which something was replaced.
        full_text: Say ``@FULLTEXT DOC``: a text file of the image's name lies beside it.

    Raises:
        UsageError: a field's name has more than 8 characters or blanks, a record has no
            identifier, or the images of a document lie in several folders.
    """
    bad = [
        name
        for name in fields
        if len(name) > _LONGEST_NAME or not name.isascii() or any(c.isspace() for c in name)
    ]
    if bad:
        raise UsageError(
            f"Summation's field names have up to 8 letters and no blanks, unlike {', '.join(bad)}.",
            f"Give short names, for example: --rename '{bad[0]}={_short(bad[0])}'",
        )
    done = Written()
    replacer = Replacer(done, report)

    def line(text: str, field: str) -> bytes:
        text = replacer.encodable(replacer.without(text, _BREAKS, field), "cp1252", field)
        return text.encode("cp1252") + b"\r\n"

    with whole_file(path) as file:
        if full_text:
            file.write(b"@FULLTEXT DOC\r\n")
        for record, pages in documents:
            done.rows += 1
            value = record.fields.get(identifier, "")
            if not isinstance(value, str) or not value.strip():
                raise UsageError(f"Record {done.rows:,} has no {identifier!r}.")
            file.write(f";Record {done.rows}\r\n".encode())
            file.write(line(f"@T {value}", identifier))
            for name in fields:
                cell = record.fields.get(name, "")
                text = ";".join(cell) if isinstance(cell, tuple) else cell
                if text:
                    file.write(line(f"@C {name} {text}", name))
            if not pages:
                continue
            for page in pages:
                checked(page, done.rows, "", "Summation DII")
            places = [backslashed(page.path).rpartition("\\") for page in pages]
            folders = {folder for folder, _, _ in places}
            if len(folders) > 1:
                raise UsageError(
                    f"The images of {value} lie in {len(folders)} folders; DII names one.",
                    "Keep the images of a document in one folder.",
                )
            folder = folders.pop()
            file.write(line(f"@D @I\\{folder}\\" if folder else "@D @I\\", identifier))
            for _, _, image in places:
                file.write(line(image, identifier))
    return done


def _short(name: str) -> str:
    return "".join(c for c in name.upper() if c.isascii() and c.isalnum())[:_LONGEST_NAME]
