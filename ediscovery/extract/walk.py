"""Opens one source file and everything inside it, without recursion, in reading order."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.contract import Child, Content, Context, Extraction, Range
from ediscovery.extract.identify import category, extension, identify
from ediscovery.extract.registry import extractor, splitter
from ediscovery.model import positions
from ediscovery.model.errors import EvidenceError, our_disk_failed
from ediscovery.model.items import COLUMNS, Item
from ediscovery.model.states import Role, State

SEPARATOR = "!/"
_LEAST_RANGE, _RANGES = 4 << 20, 16
_COLUMNS = frozenset(COLUMNS)
Entered = Callable[[str, str, int], None]
_SURROGATE = re.compile("[\ud800-\udfff]")
_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,16}")  # of an object: another one in each run
_PARSED = frozenset({State.OK, State.WARNINGS, State.TRUNCATED})


@dataclass(slots=True)
class Visit:
    """One finished item: its record, its bytes (``None`` when it has none) and its text."""

    item: Item
    content: Content | None
    text: str
    children: list[Item] = field(default_factory=list)  # of documents only
    ranges: list[Range] = field(default_factory=list)  # of a container to be read by other units


@dataclass(slots=True)
class Poison:
    """A position that hung or crashed its reader: the state it ends in."""

    state: str
    message: str
    again: bool = False  # it stopped the reader although it was to be skipped


@dataclass(slots=True)
class _Frame:
    item: Item
    content: Content | None
    result: Extraction
    children: Iterator[Child]
    context: Context
    count: int = 0
    ordinal: int = 0
    found: list[Item] = field(default_factory=list)


def walk(
    root: Child,
    position: str,
    path: str,
    context: Context,
    *,
    poison: Mapping[str, Poison] | None = None,
    entered: Entered = lambda position, name, size: None,
    above: Item | None = None,
    known: Item | None = None,
    cut: bool = False,
) -> Iterator[Visit]:
    """Yield every item of ``root``, children before the item that holds them.

    ``position`` is the root's own; ``path`` its full path text. ``entered`` is called with the
    position, name and size of what is about to be read, so that a watchdog knows what hung;
    ``poison`` names positions that did, which are then kept unparsed. ``above`` stands for the item
    that holds the root, when there is one: its position, family and role. ``known`` is the root's
    record when it was read before and only its children in ``context.only`` are wanted; it is not
    yielded, but what goes wrong while reading them is noted on it. With ``cut``, containers larger
    than the profile's ``cut_bytes`` are not opened: their visit carries the ranges for other units.
    """
    poison = poison or {}
    stack: list[_Frame] = []
    frame: _Frame | None
    if known is not None:
        frame, visit = _reenter(known, root, context, poison), None
    else:
        frame, visit = _enter(root, position, path, above, stack, context, poison, entered, cut)
    if visit is not None:
        yield visit
    while frame is not None or stack:
        if frame is not None:
            stack.append(frame)
            frame = None
        top = stack[-1]
        child = _next_child(top, poison, entered)
        if child is None:
            stack.pop()
            visit = _close(top)
            if stack:
                _note(stack[-1], visit.item)
            if visit.item is not known:
                yield visit
            continue
        frame, visit = _enter(
            child,
            positions.child(top.item.position, top.ordinal),
            top.item.path + SEPARATOR + _inside(child),
            top.item,
            stack,
            context,
            poison,
            entered,
            cut,
        )
        top.ordinal += 1
        if visit is not None:
            _note(top, visit.item)
            yield visit


def _inside(child: Child) -> str:
    """The name of ``child`` with the folder it lies in: names alone are not unique."""
    folder = child.fields.get("folder")
    return clean(f"{folder}/{child.name}" if folder else child.name)


def _note(frame: _Frame, item: Item) -> None:
    if not frame.result.container:
        frame.found.append(item)


def _next_child(frame: _Frame, poison: Mapping[str, Poison], entered: Entered) -> Child | None:
    """The next child, or ``None`` at the end; what goes wrong on the way marks the frame's item."""
    item, limits = frame.item, frame.context.profile.limits
    limit = limits.messages if item.category == "mailstore" else limits.members
    position = positions.child(item.position, frame.ordinal)
    entered(position, "next in " + item.file_name, item.size)
    bad = poison.get(position)
    if bad is not None and bad.again:
        worsen(item, bad.state, f"Reading stopped at child {frame.ordinal}: {bad.message}")
        return None
    try:
        child = next(frame.children, None)
    except EvidenceError as error:
        worsen(item, error.state, error.message)
        return None
    except MemoryError:
        raise
    except Exception as error:
        if our_disk_failed(error):
            raise
        worsen(item, State.CORRUPT, f"Its children end early: {describe(error)}")
        return None
    if child is not None and frame.count >= limit:
        which = "messages" if item.category == "mailstore" else "members"
        worsen(item, f"{State.LIMIT}:{which}", f"Only the first {limit} children were read.")
        return None
    if child is not None:
        frame.count += 1
        if child.ordinal is not None:
            frame.ordinal = child.ordinal
    return child


def _enter(
    child: Child,
    position: str,
    path: str,
    parent: Item | None,
    stack: list[_Frame],
    context: Context,
    poison: Mapping[str, Poison],
    entered: Entered,
    cut: bool,
) -> tuple[_Frame | None, Visit | None]:
    """Read ``child``: a frame when it may have children, else its finished visit."""
    item = Item(position, relation=child.relation, path=path, declared_type=child.declared_type)
    item.file_name = name = clean(child.name)
    item.ext = extension(name)
    item.flags = list(child.flags)
    if parent is not None:
        item.parent = parent.position
        item.family = parent.family
        is_document = parent.role == Role.DOCUMENT
        item.parent_document = parent.position if is_document else parent.parent_document
    content = child.content
    if content is None:
        item.role = Role.FAILED
        item.state, item.message, item.stage = child.state, child.message, "expand"
        _set(item, child.fields)
        return None, Visit(item, None, "")
    entered(position, name, content.size)
    item.size = content.size
    digest(item, content)
    bad = poison.get(position)
    ranges: list[Range] = []
    if bad is not None:
        result = Extraction(state=bad.state, message=bad.message)
        _identify(item, content, child)
    else:
        result = _read(item, child, content, stack, context, poison, cut, ranges)
    _apply(item, child, result)
    if result.container:
        item.role = Role.CONTAINER
    elif item.family is None:
        item.family = position
    frame = _Frame(item, content, result, iter(result.children), context)
    if ranges:
        # Its children are counted when the units that read them are done.
        item.actual_children = 0
        return None, Visit(item, content, "", ranges=ranges)
    if result.children == ():
        return None, _close(frame)
    return frame, None


def _reenter(
    known: Item, child: Child, context: Context, poison: Mapping[str, Poison]
) -> _Frame | None:
    """A frame over the wanted children of a container whose record exists."""
    assert child.content is not None
    own = _own_context(known, child, context, poison, 1)
    own.only = context.only
    try:
        result = extractor(known.mime_type)(child.content, own)
    except EvidenceError as error:
        worsen(known, error.state, error.message)
        return None
    except MemoryError:
        raise
    except Exception as error:
        if our_disk_failed(error):
            raise
        worsen(known, State.CORRUPT, describe(error))
        return None
    return _Frame(known, child.content, result, iter(result.children), own)


def _read(
    item: Item,
    child: Child,
    content: Content,
    stack: list[_Frame],
    context: Context,
    poison: Mapping[str, Poison],
    cut: bool,
    ranges: list[Range],
) -> Extraction:
    limits = context.profile.limits
    _identify(item, content, child)
    if content.size == 0:
        return Extraction(state=State.EMPTY, message="It holds no bytes.")
    if any(f.item.sha256 == item.sha256 and f.item.size == item.size for f in stack):
        return Extraction(state=State.CYCLE, message="It is a copy of a file that contains it.")
    if len(stack) >= limits.depth:
        return Extraction(
            state=f"{State.LIMIT}:depth", message=f"It lies more than {limits.depth} levels deep."
        )
    if content.size > limits.item_bytes and item.category not in ("mailstore", "archive"):
        return Extraction(
            state=f"{State.LIMIT}:item", message=f"It is larger than {limits.item_bytes} bytes."
        )
    own = _own_context(item, child, context, poison, len(stack) + 1)
    try:
        if cut and content.size > context.profile.cut_bytes:
            split = splitter(item.mime_type)
            if split is not None:
                expected, found = split(content, own, _range_bytes(content, context))
                if len(found) > 1:
                    ranges.extend(found)
                    return Extraction(container=True, expected_children=expected)
        return extractor(item.mime_type)(content, own)
    except EvidenceError as error:
        return Extraction(state=error.state, message=error.message)
    except MemoryError:
        raise  # the sandbox's limit: the whole process is not to be trusted any more
    except RecursionError:
        return Extraction(state=f"{State.LIMIT}:nesting", message="Its structure nests too deeply.")
    except Exception as error:
        if our_disk_failed(error):
            raise
        return Extraction(state=State.CORRUPT, message=describe(error))


def _range_bytes(content: Content, context: Context) -> int:
    """Bytes of a range: enough of them that every worker has its share to the end."""
    return min(context.profile.unit_bytes, max(_LEAST_RANGE, content.size // _RANGES))


def _own_context(
    item: Item, child: Child, context: Context, poison: Mapping[str, Poison], depth: int
) -> Context:
    return Context(
        context.profile,
        context.scratch,
        context.budget,
        context.passwords,
        None,
        _skipped(item.position, poison),
        item.file_name,
        item.declared_type,
        child.payload,
        depth,
    )


def _skipped(position: str, poison: Mapping[str, Poison]) -> frozenset[int]:
    """Ordinals of the direct children of ``position`` that hung or crashed before."""
    if not poison:
        return frozenset()
    level = positions.depth(position)
    paths = [positions.path(bad) for bad in poison if bad.startswith(position)]
    return frozenset(p[-1] for p in paths if len(p) == level + 1)


def _identify(item: Item, content: Content, child: Child) -> None:
    if child.mime_type:  # its container knows for certain
        item.mime_type, item.category = child.mime_type, category(child.mime_type)
        return
    found = identify(content, item.file_name, child.declared_type)
    item.mime_type, item.category = found.mime_type, found.category
    item.declared_type = item.declared_type or found.claimed
    if found.also:
        item.metadata["also_type"] = found.also
    if found.mismatch:
        item.flags.append("mismatch")


def _apply(item: Item, child: Child, result: Extraction) -> None:
    _set(item, child.fields)
    _set(item, result.fields)
    if result.flags:
        item.flags.extend(sorted(result.flags.difference(item.flags)))
    item.expected_children = result.expected_children
    item.body_start = result.body_start
    item.state, item.message = result.state, result.message
    if result.warnings:
        item.message = " ".join(filter(None, [item.message, *result.warnings]))
        if item.state == State.OK:
            item.state = State.WARNINGS
    if item.state != State.OK:
        item.stage = "extract"
    if child.state != State.OK:
        worsen(item, child.state, child.message)
    top_level = item.family is None or item.family == item.position
    if item.relation in ("attachment", "inline", "embedded") or not top_level:
        item.record_type = "Attachment"
    elif not item.record_type:  # else its reader knows better
        item.record_type = "Email" if item.category == "mail" else "eDoc"


def _set(item: Item, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name in _COLUMNS:
            setattr(item, name, clean(value) if type(value) is str else value)
        else:
            item.metadata[name] = clean(value) if type(value) is str else value


def _close(frame: _Frame) -> Visit:
    """Settle state, counts and text once all children are seen."""
    item, result = frame.item, frame.result
    if result.container or frame.count or item.expected_children:
        item.actual_children = frame.count
        expected = item.expected_children
        if expected is not None and expected != frame.count and frame.context.only is None:
            item.flags.append("gap")
            worsen(
                item, State.WARNINGS, f"It announces {expected} children; {frame.count} were found."
            )
    if item.role == Role.CONTAINER and not frame.count and item.state not in _PARSED:
        # A container that could not be opened is reviewed as what it is: a document.
        item.role = Role.DOCUMENT
        item.family = item.family or item.position
    text = clean(result.text)
    limit = frame.context.profile.limits.text_bytes
    if len(text) > limit:
        text = text[:limit]
        worsen(item, f"{State.LIMIT}:text", f"Only the first {limit} characters were kept.")
    item.text_chars = len(text)
    return Visit(item, frame.content, text, frame.found)


def worsen(item: Item, state: str, message: str) -> None:
    """Record a further problem; the first exception names the state, every message is kept."""
    if item.state in (State.OK, State.WARNINGS):
        item.state = state
    item.stage = item.stage or "expand"
    item.message = f"{item.message} {message}".strip()


def digest(item: Item, content: Content) -> None:
    """Put the MD5, SHA-1 and SHA-256 of ``content`` on ``item``."""
    md5, sha1, sha256 = (
        hashlib.md5(usedforsecurity=False),
        hashlib.sha1(usedforsecurity=False),
        hashlib.sha256(),
    )
    for piece in content.chunks():
        md5.update(piece)
        sha1.update(piece)
        sha256.update(piece)
    item.md5, item.sha1, item.sha256 = md5.hexdigest(), sha1.hexdigest(), sha256.hexdigest()


def clean(text: str) -> str:
    """``text`` as every store can hold it: NUL becomes a blank, lone surrogates U+FFFD."""
    if text.isascii():
        return text.replace("\0", " ") if "\0" in text else text
    return _SURROGATE.sub("\ufffd", text).replace("\0", " ")


def describe(error: BaseException) -> str:
    """An error as one bounded sentence for an item's message."""
    text = _ADDRESS.sub("", clean(" ".join(str(error).split())))[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def source_text(raw: bytes) -> str:
    """A source path's raw bytes as text: UTF-8, other bytes written as ``\\xNN``."""
    return clean(raw.decode("utf-8", "backslashreplace"))


def root(raw_path: bytes, fields: dict[str, Any]) -> Child:
    """The child that stands for a source file; raises ``OSError`` when it can't be opened."""
    name = source_text(os.path.basename(raw_path))
    return Child(name, Content(path=raw_path), "file", fields=fields)
