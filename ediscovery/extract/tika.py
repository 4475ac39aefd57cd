"""Apache Tika, for every type without a reader of its own: its native build, or a server.

``profile.tika`` is ``embedded`` (the native build inside this process, which the sandbox kills when
it hangs), ``off``, or the URL of a Tika server (``http://host:9998``). Files inside the document
come as part of its text, since neither hands out their bytes; a warning names them. What gains
nothing is not handed over: programs, fonts, large binaries of no known type. Of sound and film
only the metadata are read.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from lxml import etree

from ediscovery.extract.contract import SPOOL_BYTES, Content, Context, Extraction
from ediscovery.extract.dates import utc
from ediscovery.extract.identify import identify
from ediscovery.extract.office.properties import iso
from ediscovery.extract.types import UNKNOWN
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_MEDIA_BYTES = 256 << 20  # larger films are kept unread
_UNKNOWN_BYTES = 8 << 20
_MOST_FIELDS = 300
_FIELD_CHARS = 10_000
# Tika's name -> ours: columns of Item, or metadata named as the office readers name it.
_NAMES = {
    "dc:title": "title",
    "dc:creator": "author",
    "meta:last-author": "last_author",
    "dcterms:created": "created_at",
    "dcterms:modified": "modified_at",
    "meta:print-date": "printed_at",
    "xmpTPg:NPages": "page_count",
    "meta:page-count": "page_count",
    "meta:slide-count": "slides",
    "dc:subject": "document_subject",
    "cp:subject": "document_subject",
    "meta:keyword": "keywords",
    "dc:description": "description",
    "cp:category": "document_category",
    "cp:revision": "revision",
    "extended-properties:Company": "company",
    "extended-properties:Manager": "manager",
    "extended-properties:Template": "template",
    "extended-properties:Application": "application",
    "extended-properties:AppVersion": "application_version",
    "dc:language": "document_language",
    "dc:publisher": "publisher",
}
_DATES = frozenset({"created_at", "modified_at", "printed_at"})
_OURS = ("X-TIKA:", "Content-", "resourceName", "embedded", "access_permission:", "pdf:char")
_INLINE = frozenset(
    [
        "b",
        "i",
        "u",
        "s",
        "a",
        "span",
        "strike",
        "em",
        "strong",
        "sub",
        "sup",
        "img",
        "small",
        "big",
        "tt",
        "font",
        "code",
        "q",
        "cite",
        "abbr",
    ]
)
_CELLS = frozenset({"td", "th"})
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".pict")


class Answer(NamedTuple):
    """What Tika said: the document's own text and metadata, text and names of the files inside."""

    text: str
    metadata: dict[str, Any]
    inner_text: str
    inside: list[str]
    cut: bool = False  # the text is not all there is


def extract(content: Content, context: Context) -> Extraction:
    """What Tika finds in ``content``; see the contract of extractors.

    States: ``unsupported`` when no parser of Tika reads the type (or Tika is off), ``encrypted``,
    ``corrupt`` with Tika's message, ``timeout`` and ``infrastructure`` with a server only.
    """
    mime_type, kind, *_ = identify(content, context.name, context.declared_type)
    unread = kind == "program" or mime_type in _NEVER or mime_type.startswith("font/")
    # Tika knows some types that we don't; larger data without a type are databases and the like.
    unread = unread or (mime_type == UNKNOWN and content.size > _UNKNOWN_BYTES)
    if unread or context.profile.tika == "off":
        why = "Tika is switched off" if not unread else "no text is expected in it"
        return Extraction(state=State.UNSUPPORTED, message=f"{mime_type} was not read: {why}.")
    if kind in ("audio", "video"):
        result = Extraction(state=State.UNSUPPORTED, message="Sound and film hold no text.")
        if content.size <= _MEDIA_BYTES and context.profile.tika == "embedded":
            _add_fields(result, _native_metadata(content, context))
        return result
    answer = ask(content, context)
    result = _result(answer, mime_type, context)
    if answer.inner_text:
        result.text += "\n" + answer.inner_text
    if answer.inside:
        result.fields["embedded_in_text"] = answer.inside[:1000]
        files = [name for name in answer.inside if not name.lower().endswith(_PICTURES)]
        if files:
            result.warnings.append(
                f"Files inside were read as part of its text: {', '.join(files[:10])}."
            )
    return result


def own(content: Content, context: Context) -> Extraction:
    """Like :func:`extract`, without the files inside: their reader lists them as children."""
    if context.profile.tika == "off":
        return Extraction(warnings=["Its text was not read: Tika is switched off."])
    return _result(ask(content, context), "it", context)


def _result(answer: Answer, mime_type: str, context: Context) -> Extraction:
    result = Extraction(text=answer.text)
    _add_fields(result, answer.metadata)
    if "EmptyParser" in str(answer.metadata.get("X-TIKA:Parsed-By", "")):
        result.state, result.message = State.UNSUPPORTED, f"No parser reads {mime_type}."
    if answer.cut:
        result.state = f"{State.LIMIT}:text"
        result.message = f"Only the first {context.profile.limits.text_bytes} bytes were read."
    return result


def ask(content: Content, context: Context) -> Answer:
    """Tika's answer on ``content``, by whichever way the profile names.

    Raises :class:`EvidenceError` with the state that :func:`extract` describes.
    """
    if context.profile.tika == "embedded":
        return _native(content, context)
    from ediscovery.extract import tika_server

    return tika_server.ask(content, context)


_NEVER = frozenset(
    {"application/x-empty", "application/java-vm"}
    | {"application/vnd.sqlite3", "application/x-iso9660-image", "application/x-vhdx"}
    | {"application/x-ewf"}
)


@cache
def _extractor(limit: int, markup: bool) -> Any:
    from iscc_tika import Extractor, OfficeParserConfig

    office = OfficeParserConfig().set_include_headers_and_footers(True)
    office = office.set_include_deleted_content(True).set_include_move_from_content(True)
    extractor = Extractor().set_office_config(office).set_xml_output(markup)
    return extractor.set_extract_string_max_length(min(limit, (1 << 31) - 1))


def _native(content: Content, context: Context) -> Answer:
    limit = context.profile.limits.text_bytes
    try:
        markup, metadata = _call(content, context, True)
    except Exception as error:  # the binding raises TypeError for whatever Tika reports
        if "SAXException" not in str(error):
            raise failure(str(error)) from None
    else:
        return Answer(*_parted(markup, metadata), cut=len(markup) >= limit)
    try:
        text, metadata = _call(content, context, False)  # some control characters are no XML
    except Exception as error:  # as above
        raise failure(str(error)) from None
    return Answer(text.strip("\n"), metadata, "", [], cut=len(text) >= limit)


def _call(content: Content, context: Context, markup: bool) -> tuple[str, dict[str, Any]]:
    extractor = _extractor(context.profile.limits.text_bytes, markup)
    if content.size > SPOOL_BYTES:
        answer = extractor.extract_file_to_string(content.on_disk(context))
    else:
        answer = extractor.extract_bytes_to_string(bytearray(content.buffer()))
    return str(answer[0]), dict(answer[1])


def _native_metadata(content: Content, context: Context) -> dict[str, Any]:
    extractor = _extractor(context.profile.limits.text_bytes, True)
    try:
        if content.size > SPOOL_BYTES:
            return dict(extractor.extract_file_metadata(content.on_disk(context)))
        return dict(extractor.extract_bytes_metadata(bytearray(content.buffer())))
    except Exception:  # nothing is lost that was there: such a file has no text
        return {}


def failure(message: str) -> EvidenceError:
    """What a parser's complaint means for the document."""
    text = " ".join(message.replace("ParseError(", "").split())[:300]
    lowered = message.lower()
    if "encrypt" in lowered or "password" in lowered:
        return EvidenceError(State.ENCRYPTED, "Tika says that it is encrypted.")
    if "zero bytes" in lowered or "> 0 bytes" in lowered:
        return EvidenceError(State.EMPTY, "Tika found no content.")
    if "zip bomb" in lowered:
        return EvidenceError(f"{State.LIMIT}:expansion", "Tika took it for a bomb.")
    return EvidenceError(State.CORRUPT, f"Tika could not read it: {text}")


_PARSER = etree.XMLParser(
    recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
)


def _parted(markup: str, metadata: dict[str, Any]) -> tuple[str, dict[str, Any], str, list[str]]:
    root = etree.fromstring(markup.encode("utf-8", "replace"), _PARSER)
    body = None if root is None else root.find("{*}body")
    if body is None:
        return "", metadata, "", []
    entries = list(body.iter("{*}div"))
    entries = [e for e in entries if e.get("class") == "package-entry" and not _within(e)]
    inside: list[str] = []
    inner: list[str] = []
    for entry in entries:
        headings = [d.find("{*}h1") for d in entry.iter("{*}div")]
        names = ["".join(h.itertext()).strip() for h in headings if h is not None]
        inside += names
        inner.append(plain(entry))
        entry.clear(keep_tail=True)
    return plain(body), metadata, "\n".join(inner), list(filter(None, inside))


def _within(entry: Any) -> bool:
    """Whether a file inside lies in another file inside."""
    return any(above.get("class") == "package-entry" for above in entry.iterancestors("{*}div"))


def plain(body: Any) -> str:
    """The text of an element of Tika's XHTML, pages and slides parted by ``\\f``."""
    out: list[str] = []
    for event, element in etree.iterwalk(body, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        name = element.tag.rpartition("}")[2]
        if event == "start":
            kind = element.get("class", "")
            if name == "div" and kind in ("page", "slide-content", "slide") and out:
                out.append("\f")
            elif name == "br":
                out.append("\n")
            text = element.text
        else:
            text = element.tail if element is not body else None
            if name in _CELLS:
                out.append("\t")
            elif name not in _INLINE and out and not out[-1].endswith(("\n", "\f")):
                out.append("\n")
        if text and (name in _INLINE or not text.isspace()):
            out.append(text if name in _INLINE or event == "start" else text.strip("\r\n"))
    return "".join(out).strip("\n")


def _add_fields(result: Extraction, metadata: dict[str, Any]) -> None:
    for name in sorted(metadata)[:_MOST_FIELDS]:
        values = metadata[name]
        values = values if isinstance(values, list) else [values]
        value = "; ".join(str(v) for v in values)[:_FIELD_CHARS].strip()
        ours = _NAMES.get(name, name)
        if not value or (ours == name and name.startswith(_OURS)):
            continue
        if ours in _DATES:
            first = str(values[0])
            result.fields[f"{ours}_raw"] = first
            result.fields[ours] = iso(first) or utc(None)
        elif ours in ("page_count", "slides"):
            if value.isdigit() and len(value) < 10:
                result.fields[ours] = int(value)
        else:
            result.fields.setdefault(ours, value)
