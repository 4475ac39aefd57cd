"""OLE2 compound files: Word, Excel, PowerPoint 97 to 2003, encrypted OOXML, and the lesser ones.

Standards: [MS-CFB], [MS-OLEPS], [MS-DOC], [MS-XLS], [MS-PPT], [MS-OFFCRYPTO]. Text comes from our
own readers where they know the format, else from Tika (Word 6 and 95, PowerPoint 95, Works,
Publisher, Visio, Project). Embedded objects and pictures are children in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ediscovery.extract import tika
from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.identify import identify
from ediscovery.extract.office import embedded, ole_encryption, ole_properties, pictures
from ediscovery.extract.office.lines import Full, Lines
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_MACROS = frozenset({"macros", "_vba_project_cur", "vba", "_vba_project"})
# Streams that OLE objects keep beside what they hold; without any other they have no text.
_BARE = frozenset(
    {"\x01ole", "\x01compobj", "\x03objinfo", "\x02olepres000", "\x03ole presentation"}
    | {"\x05summaryinformation", "\x05documentsummaryinformation", "equation native"}
    | {"\x01ole10native", "\x03meofile", "\x03olepres000", "\x02olepres001", "contents"}
    | {"\x03pict", "\x03accessobjsiteData".lower(), "\x03ocxname", "\x03print", "\x03linkinfo"}
)
_POOL = "objectpool"


def extract(content: Content, context: Context) -> Extraction:
    """Text, properties and embedded files of an OLE2 file; see the contract of extractors.

    Raises :class:`EvidenceError`: ``encrypted`` when no password opens it, ``corrupt`` when its
    directory can't be read.
    """
    if not content.head.startswith(embedded.OLE_MAGIC):
        return tika.extract(content, context)  # Excel 2 to 4 and Word 2 wrote no OLE2
    opened = ole_encryption.opened(content, context)
    if opened is None:
        return _read(content, context)
    # What was sealed is read in the place of its wrapper: the same document, in clear.
    kind = identify(opened, context.name, context.declared_type).mime_type
    if opened.head.startswith(embedded.OLE_MAGIC):
        result = _read(opened, context)
    else:
        from ediscovery.extract.registry import extractor

        result = extractor(kind)(opened, context)
    result.flags.add("encrypted_part")
    result.fields["decrypted_type"] = kind
    return result


def _read(content: Content, context: Context) -> Extraction:
    import olefile

    result = Extraction()
    try:
        ole = olefile.OleFileIO(content.open())
        entries = ole.listdir(streams=True, storages=True)
    except Exception as error:  # olefile raises whatever broken structures make it raise
        raise EvidenceError(State.CORRUPT, f"Its OLE2 structure is broken: {error}") from None
    names = {entry[0].lower() for entry in entries}
    for entry in entries:
        if entry[0].lower() in _MACROS or (len(entry) > 1 and entry[-1].lower() == "_vba_project"):
            result.flags.add("macros")
        if entry[0].lower() in ("_signatures", "_xmlsignatures"):
            result.flags.add("signed")
    ole_properties.read(ole, result)
    _text(ole, names, content, context, result)
    _attach(ole, entries, result, context)
    return result


def _text(
    ole: Any, names: set[str], content: Content, context: Context, result: Extraction
) -> None:
    reader = _reader(names)
    lines = Lines(context)
    if reader is not None:
        try:
            known = reader(ole, lines, result, context)
        except Full:
            known = True
        except EvidenceError:
            raise
        except Exception as error:  # a structure that lies: what was read stays, Tika may do better
            result.warnings.append(f"Its structure is damaged: {error}"[:300])
            known = bool(lines.text().strip())
        if known:
            result.text = lines.text()
            return
    if names <= _BARE:
        return
    _by_tika(content, context, result)


def _reader(names: set[str]) -> Callable[[Any, Lines, Extraction, Context], bool] | None:
    if "worddocument" in names:
        from ediscovery.extract.office import word97

        return word97.read
    if "workbook" in names or "book" in names:
        from ediscovery.extract.office import biff

        return biff.read
    if "powerpoint document" in names:
        from ediscovery.extract.office import powerpoint97

        return powerpoint97.read
    return None


def _by_tika(content: Content, context: Context, result: Extraction) -> None:
    try:
        found = tika.own(content, context)
    except EvidenceError as error:
        result.state, result.message = error.state, error.message
        return
    result.text = found.text
    result.warnings += found.warnings
    for name, value in found.fields.items():
        result.fields.setdefault(name, value)
    if found.state not in (State.OK, State.UNSUPPORTED):
        result.state, result.message = found.state, found.message


def _attach(ole: Any, entries: list[list[str]], result: Extraction, context: Context) -> None:
    """Children: embedded objects, then pictures."""
    storages = _objects(ole, entries)
    found = pictures.find(ole)
    # The reader of PowerPoint's one stream has found its objects there.
    inner: list[Child] = list(result.children)
    count = len(storages) + len(found) + len(inner)
    if count:
        result.expected_children = count
        result.children = _children(ole, storages, inner, found, context)


def _objects(ole: Any, entries: list[list[str]]) -> list[list[str]]:
    """Storages of embedded objects: those in Word's pool, and Excel's ``MBD…`` and ``LNK…``."""
    result = []
    for entry in entries:
        if ole.get_type(entry) != 1:  # storages only
            continue
        pooled = len(entry) == 2 and entry[0].lower() == _POOL
        if pooled or (len(entry) == 1 and entry[0][:3].upper() in ("MBD", "LNK")):
            result.append(entry)
    return result


def _children(
    ole: Any,
    storages: list[list[str]],
    inner: list[Child],
    found: list[pictures.Picture],
    context: Context,
) -> Iterator[Child]:
    for ordinal, storage in enumerate(storages):
        name = storage[-1]
        if ordinal in context.skip:
            yield Child(name, None, "embedded", state=State.CRASHED)
        else:
            yield embedded.from_storage(ole, storage, name)
    yield from inner
    for number, picture in enumerate(found):
        yield pictures.child(ole, picture, number + 1, context)
