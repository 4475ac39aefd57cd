"""PST and OST stores: every message as a child, and each message as a document.

Read by our own reader of [MS-PST] (``ndb``, ``ltp``, ``store``); why not by libpff, and how the two
compare, stands in ``docs/outlook.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from ediscovery.extract.contract import Child, Content, Context, Extraction, Range
from ediscovery.extract.outlook.message import file_stem
from ediscovery.extract.outlook.ndb import Node
from ediscovery.extract.outlook.reading import Reading, extraction
from ediscovery.extract.outlook.store import RECOVERED, Group, Outline, Store
from ediscovery.extract.outlook.stored import MESSAGE_TYPE, message_child
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_FOLDERS = 10_000  # named in the record of a store


def extract(content: Content, context: Context) -> Extraction:
    """Reads a store; its messages are children in the order of ``store``'s text.

    ``expected_children`` counts what the store's index and folders announce. Metadata:
    ``store_name``, ``store_version``, ``encryption``, ``folders`` (path and number of messages),
    ``search_folders``, ``associated_left_out`` (settings kept as hidden messages, by class),
    ``deleted_traces`` (deleted messages whose data is overwritten). Flag ``password`` when it
    carries one; it is not needed to read it.
    """
    if context.only is not None and context.only.hint is not None:
        groups = [_group(plain) for plain in context.only.hint]
        return Extraction(
            container=True, children=_children(content, context, groups, context.only.start)
        )
    with closing(content.open()) as file:
        store = Store(file, content.size)
        outline = store.outline()
        result = Extraction(container=True, expected_children=outline.expected)
        _describe(store, outline, result)
    result.children = _children(content, context, outline.groups, 0)
    return result


def _describe(store: Store, outline: Outline, result: Extraction) -> None:
    database = store.database
    result.fields["store_version"] = f"{database.layout.name} {database.version}"
    if store.display_name:
        result.fields["store_name"] = result.fields["title"] = store.display_name
    result.fields["folders"] = dict(islice(outline.folders.items(), _FOLDERS))
    if outline.searches:
        result.fields["search_folders"] = outline.searches[:_FOLDERS]
    if outline.settings:
        result.fields["associated_left_out"] = outline.settings
    if outline.traces:
        result.fields["deleted_traces"] = outline.traces
    result.fields["encryption"] = ("none", "compressible", "high")[database.crypt]
    if store.password:
        result.flags.add("password")
    if store.truncated:
        result.state = State.TRUNCATED
        result.message = (
            f"It should have {database.announced} bytes and has {database.size}; "
            "what could be found of it was read."
        )
    elif database.lost_pages:
        result.state = State.CORRUPT
        result.message = (
            f"{len(database.lost_pages)} pages of its index can't be read; "
            "what other pages tell of it was read."
        )
    result.warnings += [*outline.short, *dict.fromkeys(store.problems)][:50]


def split(content: Content, context: Context, target_bytes: int) -> tuple[int | None, list[Range]]:
    """Cuts a store into ranges of about ``target_bytes`` and at most ``unit_items`` messages.

    The hint of a range lists its messages, so that reading it needs no search. A damaged store is
    one range: what is found in it depends on scanning all of it.
    """
    with closing(content.open()) as file:
        store = Store(file, content.size)
        outline = store.outline()
        damaged = store.truncated or bool(store.database.lost_pages)
    total = sum(len(group.numbers) for group in outline.groups)
    if damaged or not total:
        return outline.expected, [Range(0, total)]
    count = max(1, min(context.profile.unit_items, total * target_bytes // max(1, content.size)))
    ranges: list[Range] = []
    start, size = 0, 0
    hint: list[Any] = []
    for group in outline.groups:
        at = 0
        while at < len(group.numbers):
            some = list(group.numbers[at : at + count - size])
            nodes = [list(group.nodes[n]) for n in some] if group.nodes else []
            hint.append([group.folder, group.kind, some, nodes])
            at, size = at + len(some), size + len(some)
            if size == count:
                ranges.append(Range(start, start + size, hint))
                start, size, hint = start + size, 0, []
    if size:
        ranges.append(Range(start, start + size, hint))
    return outline.expected, ranges


def _group(plain: list[Any]) -> Group:
    """A group out of a range's hint."""
    folder, kind, numbers, nodes = plain
    return Group(folder, kind, list(numbers), {node[0]: Node(*node) for node in nodes})


def _children(
    content: Content, context: Context, groups: list[Group], ordinal: int
) -> Iterator[Child]:
    only = context.only
    with closing(content.open()) as file:
        store = Store(file, content.size)
        for group in groups:
            if group.kind == RECOVERED and store.database.salvage is None:
                store.find_freed()
            for number in group.numbers:
                if only is None or only.start <= ordinal < only.stop:
                    child = _child(store, group, number, ordinal in context.skip, context)
                    child.ordinal = ordinal
                    yield child
                ordinal += 1


def _child(store: Store, group: Group, number: int, skip: bool, context: Context) -> Child:
    """One message, or why it can't be given."""
    flags = (group.kind,) if group.kind else ()
    fields: dict[str, Any] = {"folder": group.folder, "entry": f"0x{number:x}"}
    prefix = group.folder.strip("/")
    prefix = f"{prefix}/" if prefix else ""
    try:
        if skip:
            raise EvidenceError(State.CRASHED, "Its reader hung or crashed before.")
        message = store.message(number, group.nodes.get(number))
        child = message_child(message, context)
    except EvidenceError as error:
        if error.state == f"{State.LIMIT}:expansion":
            raise
        fields["file_name"] = f"message-{number:x}.eml"
        return Child(
            f"{prefix}message-{number:x}.eml", None, "message", mime_type=MESSAGE_TYPE,
            state=error.state, message=error.message, fields=fields, flags=flags,
        )  # fmt: skip
    stem = file_stem(message.subject, f"message-{number:x}")
    fields["file_name"] = f"{stem}.eml"
    child.name = f"{prefix}{stem} ({number:x}).eml"
    child.fields, child.flags = fields, flags
    return child


def extract_message(content: Content, context: Context) -> Extraction:
    """Reads one message of a store from its opened properties (``context.payload``).

    Without these, when the native is read again later, the native is read as the mail it is.
    """
    if isinstance(context.payload, Reading):
        return extraction(context.payload, context)
    from ediscovery.extract.mail import eml

    return eml.extract(content, context)
