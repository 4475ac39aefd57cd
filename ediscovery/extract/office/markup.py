"""XML of evidence, parsed without DTDs, entities or network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import IO, Any

from lxml import etree

from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

# An entity whose every use would be spelled out to more than this is a bomb, not a mistake.
_BOMB_BYTES = 5 << 20
_MULTIPLY = "{} declares entities that multiply without end."
_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "remove_comments": True,
    "remove_pis": True,
    "huge_tree": True,  # lifts the length of one text; depth and amplification stay bounded
}
# Built once: a parser may be used again, and making one costs more than a small part.
_STRICT = etree.XMLParser(**_OPTIONS)
_LENIENT = etree.XMLParser(recover=True, **_OPTIONS)


def parse(data: bytes, name: str) -> tuple[Any, str]:
    """The root element of ``data``, and what is wrong with it (``""``: nothing).

    Broken XML is read up to the break. Raises :class:`EvidenceError`: ``corrupt`` when there is
    no element at all or the part declares entities, ``limit:expansion`` when those are a bomb.
    """
    problem = ""
    try:
        root = etree.fromstring(data, _STRICT)
    except etree.XMLSyntaxError as error:
        problem = _refuse_amplification(error, name)
        root = etree.fromstring(data, _LENIENT)
    except ValueError as error:  # NUL bytes, a wrong encoding declaration
        raise EvidenceError(State.CORRUPT, f"{name} is not XML: {error}") from None
    if root is None:
        raise EvidenceError(State.CORRUPT, f"{name} is not XML: {problem}")
    _refuse_entities(root, data, name)
    return root, problem


def stream(
    file: IO[bytes], name: str, tags: tuple[str, ...], warn: Callable[[str], None]
) -> Iterator[Any]:
    """Elements of ``file`` whose tag (wildcards as in lxml) is in ``tags``, each when it ends.

    The caller clears what it is done with. Broken XML is read up to the break, and ``warn`` told.
    Raises :class:`EvidenceError` for entities as :func:`parse` does.
    """
    context = etree.iterparse(file, events=("end",), tag=tags, recover=True, **_OPTIONS)
    checked = False
    try:
        for _, element in context:
            if not checked:
                _refuse_entities(element, b"", name)
                checked = True
            yield element
    except etree.XMLSyntaxError as error:
        warn(f"Part {name} is broken XML: {_refuse_amplification(error, name)}")
        return
    if context.root is not None:
        _refuse_entities(context.root, b"", name)
    for entry in context.error_log:
        if "amplification" in entry.message:
            raise EvidenceError(f"{State.LIMIT}:expansion", _MULTIPLY.format(name))
        warn(f"Part {name} is broken XML and was read as far as possible: {entry.message}")
        return


@lru_cache(maxsize=4096)
def local(tag: Any) -> str:
    """The name of ``tag`` without its namespace; ``""`` for what is no element."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """The attribute called ``name`` in whatever namespace; ``""`` when there is none."""
    value = element.get(name)
    if value is not None:
        return str(value)
    for key, value in element.attrib.items():
        if local(key) == name:
            return str(value)
    return ""


def above(element: Any, levels: int = 1) -> str:
    """The local name of the element that many ``levels`` above; ``""`` when there is none."""
    for _ in range(levels):
        element = element.getparent()
        if element is None:
            return ""
    return local(element.tag)


def _refuse_amplification(error: etree.XMLSyntaxError, name: str) -> str:
    message = str(error.msg or "broken")
    if "amplification" in message:
        raise EvidenceError(f"{State.LIMIT}:expansion", _MULTIPLY.format(name)) from None
    return message


def _refuse_entities(element: Any, data: bytes, name: str) -> None:
    subset = element.getroottree().docinfo.internalDTD
    if subset is None:
        return
    unfolded = 0
    declared = False
    for entity in subset.iterentities():
        declared = True
        if entity.content and entity.name:
            unfolded += len(entity.content) * data.count(b"&" + entity.name.encode() + b";")
    if unfolded > max(_BOMB_BYTES, 2 * len(data)):
        raise EvidenceError(
            f"{State.LIMIT}:expansion", f"{name} would unfold into {unfolded} bytes of entities."
        )
    if declared:
        raise EvidenceError(
            State.CORRUPT, f"{name} declares XML entities, which no office program writes."
        )
