"""Opens one source file and everything inside it, without recursion, in reading order."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.identify import identify
from ediscovery.extract.registry import extractor
from ediscovery.model import positions
from ediscovery.model.errors import EvidenceError
from ediscovery.model.items import COLUMNS, Item
from ediscovery.model.states import Role, State

SEPARATOR = "!/"
_COLUMNS = frozenset(COLUMNS)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PARSED = frozenset({State.OK, State.WARNINGS, State.TRUNCATED})
MAX_TRIES = 3


@dataclass(slots=True)
class Visit:
    """One finished item: its record, its bytes (``None`` when it has none) and its text."""

    item: Item
    content: Content | None
    text: str
    children: list[Item] = field(default_factory=list)  # of documents only


@dataclass(slots=True)
class Poison:
    """What happened when this position was tried before: the state it ends in and how often."""

    state: str
    message: str
    tries: int


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
    entered: Callable[[str, str], None] = lambda position, name: None,
    parent: Item | None = None,
) -> Iterator[Visit]:
    """Yield every item of ``root``, children before the item that holds them.

    ``position`` is the root's own; ``path`` its full path text. ``entered`` is called with the
    position and name of what is about to be read, so that a watchdog knows what hung; ``poison``
    names positions that did, which are then kept unparsed. ``parent`` is the record of the
    enclosing item when the root comes out of a container that was cut.
    """
    poison = poison or {}
    stack: list[_Frame] = []
    frame, visit = _enter(root, position, path, parent, stack, context, poison, entered)
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
            yield visit
            continue
        frame, visit = _enter(
            child,
            positions.child(top.item.position, top.ordinal),
            top.item.path + SEPARATOR + clean(child.name),
            top.item,
            stack,
            context,
            poison,
            entered,
        )
        top.ordinal += 1
        if visit is not None:
            _note(top, visit.item)
            yield visit


def _note(frame: _Frame, item: Item) -> None:
    if not frame.result.container:
        frame.found.append(item)


def _next_child(
    frame: _Frame, poison: Mapping[str, Poison], entered: Callable[[str, str], None]
) -> Child | None:
    """The next child, or ``None`` at the end; what goes wrong on the way marks the frame's item."""
    item, limits = frame.item, frame.context.profile.limits
    limit = limits.messages if item.category == "mailstore" else limits.members
    if frame.count >= limit:
        which = "messages" if item.category == "mailstore" else "members"
        _worsen(item, f"{State.LIMIT}:{which}", f"Only the first {limit} children were read.")
        return None
    position = positions.child(item.position, frame.ordinal)
    entered(position, "next in " + item.file_name)
    bad = poison.get(position)
    if bad is not None and bad.tries >= MAX_TRIES:
        _worsen(item, bad.state, f"Reading stopped at child {frame.ordinal}: {bad.message}")
        return None
    try:
        child = next(frame.children, None)
    except EvidenceError as error:
        _worsen(item, error.state, error.message)
        return None
    except MemoryError:
        raise
    except Exception as error:
        _worsen(item, State.CORRUPT, f"Its children end early: {describe(error)}")
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
    entered: Callable[[str, str], None],
) -> tuple[_Frame | None, Visit | None]:
    """Read ``child``: a frame when it may have children, else its finished visit."""
    item = Item(position, relation=child.relation, path=path, declared_type=child.declared_type)
    item.file_name = name = clean(child.name)
    item.ext = extension(name)
    item.flags = list(child.flags)
    if parent is not None:
        item.parent = parent.position
        item.family = parent.family
    content = child.content
    if content is None:
        item.role = Role.FAILED
        item.state, item.message, item.stage = child.state, child.message, "expand"
        _set(item, child.fields)
        return None, Visit(item, None, "")
    entered(position, name)
    item.size = content.size
    _hash(item, content)
    bad = poison.get(position)
    if bad is not None:
        result = Extraction(state=bad.state, message=bad.message)
        _identify(item, content, child)
    else:
        result = _read(item, child, content, stack, context, poison)
    _apply(item, child, result)
    if result.container:
        item.role = Role.CONTAINER
    elif item.family is None:
        item.family = position
    frame = _Frame(item, content, result, iter(result.children), context)
    if result.children == ():
        return None, _close(frame)
    return frame, None


def _read(
    item: Item,
    child: Child,
    content: Content,
    stack: list[_Frame],
    context: Context,
    poison: Mapping[str, Poison],
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
    own = Context(
        context.profile,
        context.scratch,
        context.budget,
        context.passwords,
        None if stack else context.only,
        _skipped(item.position, poison),
        item.file_name,
        item.declared_type,
        child.payload,
        len(stack) + 1,
    )
    try:
        return extractor(item.mime_type)(content, own)
    except EvidenceError as error:
        return Extraction(state=error.state, message=error.message)
    except MemoryError:
        raise  # the sandbox's limit: the whole process is not to be trusted any more
    except RecursionError:
        return Extraction(state=f"{State.LIMIT}:nesting", message="Its structure nests too deeply.")
    except Exception as error:
        return Extraction(state=State.CORRUPT, message=describe(error))


def _skipped(position: str, poison: Mapping[str, Poison]) -> frozenset[int]:
    """Ordinals of the direct children of ``position`` that hung or crashed before."""
    if not poison:
        return frozenset()
    level = positions.depth(position)
    paths = [positions.path(bad) for bad in poison if bad.startswith(position)]
    return frozenset(p[-1] for p in paths if len(p) == level + 1)


def _identify(item: Item, content: Content, child: Child) -> None:
    found = identify(content, item.file_name, child.declared_type)
    item.mime_type, item.category = found.mime_type, found.category
    if child.mime_type:
        item.mime_type = child.mime_type
        item.category = "mail" if child.mime_type == "application/x-mapi-message" else item.category
    elif found.mismatch:
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
    top_level = item.family is None or item.family == item.position
    if item.relation in ("attachment", "inline", "embedded") or not top_level:
        item.record_type = "Attachment"
    else:
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
    if result.container or frame.count:
        item.actual_children = frame.count
        expected = item.expected_children
        if expected is not None and expected != frame.count and frame.context.only is None:
            item.flags.append("gap")
            _worsen(
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
        _worsen(item, f"{State.LIMIT}:text", f"Only the first {limit} characters were kept.")
    item.text_chars = len(text)
    return Visit(item, frame.content, text, frame.found)


def _worsen(item: Item, state: str, message: str) -> None:
    """Record a further problem; the first exception names the state, every message is kept."""
    if item.state in (State.OK, State.WARNINGS):
        item.state = state
    item.stage = item.stage or "expand"
    item.message = f"{item.message} {message}".strip()


def _hash(item: Item, content: Content) -> None:
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


def extension(name: str) -> str:
    """The extension of ``name``, lower case without the dot; ``""`` when it has none."""
    dot = name.rfind(".")
    if dot <= 0 or len(name) - dot > 12:
        return ""
    return name[dot + 1 :].lower()


def describe(error: BaseException) -> str:
    """An error as one bounded sentence for an item's message."""
    text = clean(" ".join(str(error).split()))[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def source_text(raw: bytes) -> str:
    """A source path's raw bytes as text: UTF-8, other bytes written as ``\\xNN``."""
    return clean(raw.decode("utf-8", "backslashreplace"))


def root(raw_path: bytes, fields: dict[str, Any]) -> Child:
    """The child that stands for a source file; raises ``OSError`` when it can't be opened."""
    name = source_text(os.path.basename(raw_path))
    return Child(name, Content(path=raw_path), "file", fields=fields)
