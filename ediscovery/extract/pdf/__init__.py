"""PDF: text by page, what is hidden in it, what it could do, the files it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ediscovery.extract.archive.members import Bank, Damaged, gather, place
from ediscovery.extract.archive.zip_data import inflate
from ediscovery.extract.contract import SPOOL_BYTES, Child, Content, Context, Extraction
from ediscovery.extract.ocr import Session
from ediscovery.extract.pdf import info, pages
from ediscovery.extract.pdf.library import mupdf
from ediscovery.extract.pdf.objects import Embedded, survey
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_HIDDEN_CHARS = 4000  # of hidden text that are repeated in the metadata
_LISTED = 200  # page numbers and links in the metadata


def extract(content: Content, context: Context) -> Extraction:
    """Text (pages parted by form feeds, then bookmarks and XFA), metadata and files of a PDF.

    Scripts and actions are never run, only flagged; nothing outside the file is fetched. A damaged
    file is read as far as MuPDF mends it, with a warning. States: ``encrypted`` when no password
    opens it, ``corrupt`` when no page can be found, ``limit:pages``.
    """
    document = opened(content, context)
    result = Extraction()
    if not document.page_count:
        raise EvidenceError(State.CORRUPT, "No page can be found in it.")
    result.fields = info.fields(document)
    _protection(document, result)
    if document.is_repaired:
        result.warnings.append("Its structure was damaged and has been mended.")
    if document.version_count > 1:
        result.flags.add("prior_revisions")
        result.fields["revisions"] = document.version_count
    if document.is_form_pdf:
        result.flags.add("form")
    if document.get_sigflags() > 0:
        result.flags.add("signed")
    found = survey(document)
    result.flags |= found.flags
    if not found.whole:
        result.warnings.append("It has too many objects to look at all of them.")
    result.text = _text(document, context, result)
    if found.embedded:
        result.expected_children = len(found.embedded)
        result.children = _children(document, found.embedded, context)
    return result


def opened(content: Content, context: Context) -> Any:
    """The ``pymupdf.Document`` in ``content``, unlocked by the passwords of ``context``.

    Raises ``EvidenceError``: ``encrypted`` or ``corrupt``.
    """
    pymupdf = mupdf()
    try:
        if content.size > SPOOL_BYTES:
            document = pymupdf.open(content.on_disk(context), filetype="pdf")
        else:
            document = pymupdf.open(stream=content.read(), filetype="pdf")
        locked = document.needs_pass
    except Exception as error:  # MuPDF's own error classes
        if "encrypt" in str(error).lower() or _names_unknown_handler(content):
            raise EvidenceError(
                State.ENCRYPTED, "It is encrypted by a security handler that is not known."
            ) from error
        raise EvidenceError(State.CORRUPT, describe(error)) from error
    if locked:
        bank = Bank(context)
        if bank.find(lambda password: bool(document.authenticate(password))) is None:
            raise EvidenceError(State.ENCRYPTED, bank.message("It"))
    return document


def _names_unknown_handler(content: Content) -> bool:
    raw = bytes(content.buffer()[-4096:])
    return b"/Encrypt" in raw and b"/Standard" not in bytes(content.buffer())


def _protection(document: Any, result: Extraction) -> None:
    method = (document.metadata or {}).get("encryption")
    if method:
        result.fields["encryption"] = method
        result.flags.add("restricted")


def _text(document: Any, context: Context, result: Extraction) -> str:
    limits = context.profile.limits
    document = _with_all_layers(document, result)
    texts: list[str] = []
    hidden: list[str] = []
    links: list[str] = []
    scans: list[int] = []
    layers = size = 0
    huge: list[int] = []
    broken: list[int] = []
    ocr = Session(context) if context.profile.ocr else None
    for number in range(min(document.page_count, limits.pages)):
        try:
            page = document.load_page(number)
            if max(page.rect.width, page.rect.height) > limits.page_pixels:
                huge.append(number + 1)
            found = pages.read(page)
            if found.needs_ocr and ocr is not None:
                read = ocr.read(number + 1, _drawing(page, context))
                found.text = "\n".join(filter(None, [found.text, read]))
        except EvidenceError:
            raise
        except MemoryError:
            raise
        except Exception:  # one broken page must not cost the others
            broken.append(number + 1)
            texts.append("")
            continue
        texts.append(found.text)
        size += len(found.text)
        hidden += [f"{number + 1}: {line}" for line in found.hidden]
        links += found.links
        layers += found.ocr_layer
        if found.annotated:
            result.flags.add("annotations")
        if found.needs_ocr:
            scans.append(number + 1)
        if size > limits.text_bytes:
            break
    _conclude(document, context, result, hidden, links, scans, layers, huge, broken, ocr)
    extra = [*info.bookmarks(document), *info.xfa(document)]
    whole = "\f".join(texts)
    return "\n\n".join([whole, "\n".join(extra)]) if extra else whole


def _conclude(
    document: Any,
    context: Context,
    result: Extraction,
    hidden: list[str],
    links: list[str],
    scans: list[int],
    layers: int,
    huge: list[int],
    broken: list[int],
    ocr: Session | None,
) -> None:
    """Turn what the pages showed into flags, fields and warnings."""
    limits = context.profile.limits
    if hidden:
        result.flags.add("hidden_text")
        result.fields["hidden_text"] = "\n".join(hidden)[:_HIDDEN_CHARS]
    if links:
        result.fields["links"] = list(dict.fromkeys(links))[:_LISTED]
    if layers:
        result.fields["ocr_layer_pages"] = layers
    if scans:
        done = ocr is not None and ocr.left_out < len(scans)
        result.fields["ocr_pages" if done else "needs_ocr_pages"] = scans[:_LISTED]
        result.fields["ocr_count" if done else "needs_ocr_count"] = len(scans)
        result.flags.add("ocr" if done else "needs_ocr")
        if done and ocr is not None and ocr.left_out:
            result.flags.add("needs_ocr")
    if ocr is not None:
        result.warnings.extend(ocr.warnings())
        result.fields.update(ocr.fields)
    if huge:
        result.warnings.append(
            f"{_numbered(huge)} larger than {limits.page_pixels} points a side; "
            "pictures of such pages are made smaller."
        )
    if broken:
        result.warnings.append(f"{_numbered(broken)} broken and could not be read.")
    if document.page_count > limits.pages:
        result.state = f"{State.LIMIT}:pages"
        result.message = (
            f"It has {document.page_count} pages; only the first {limits.pages} were read."
        )


def _numbered(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:20])) + (" ..." if len(numbers) > 20 else "")
    return f"Page {shown} is" if len(numbers) == 1 else f"Pages {shown} are"


def _with_all_layers(document: Any, result: Extraction) -> Any:
    """``document``, or where it hides layers a copy that shows them, so that their text is read."""
    groups = document.get_ocgs()
    if not groups:
        return document
    try:
        layer = document.get_layer(-1)
        off = [number for number in layer.get("off", ()) if number in groups]
        if layer.get("basestate") == "OFF":
            off = [number for number in groups if number not in layer.get("on", ())]
        if not off:
            return document
        result.flags.add("hidden_text")
        result.fields["hidden_layers"] = [groups[number].get("name", "") for number in off][:50]
        # Without a configuration every layer is shown; a document once opened keeps its own.
        document.xref_set_key(document.pdf_catalog(), "OCProperties", "null")
        return mupdf().open(stream=document.tobytes(), filetype="pdf")
    except Exception:  # a broken layer configuration: MuPDF's own error classes
        result.warnings.append("Text in its hidden layers may be missing.")
        return document


def _drawing(page: Any, context: Context) -> Callable[[], tuple[bytes, int]]:
    """Draws ``page`` in grey for OCR, no larger than the profile allows."""

    def draw() -> tuple[bytes, int]:
        pymupdf = mupdf()
        limits = context.profile.limits
        cap = min(limits.page_pixels, int(limits.image_pixels**0.5))
        scale = min(context.profile.ocr_dpi / 72, cap / max(page.rect.width, page.rect.height, 1))
        picture = page.get_pixmap(
            matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False
        )
        return picture.tobytes("png"), round(scale * 72)

    return draw


def _children(document: Any, embedded: list[Embedded], context: Context) -> Iterator[Child]:
    for number, found in enumerate(embedded):
        state, message = str(State.OK), ""
        try:
            content, state, message = gather(_pieces(document, found.stream), context)
        except EvidenceError:
            raise
        except Exception as error:  # MuPDF's own error classes
            content, state, message = Content(b""), str(State.CORRUPT), describe(error)
        name, fields = place(found.name or f"attachment {number + 1}")
        fields.pop("folder", None)
        if found.description and found.description != found.name:
            fields["description"] = found.description[:1000]
        kept = content if content.size or state == State.OK else None
        yield Child(name, kept, "embedded", state=state, message=message, fields=fields)


def _pieces(document: Any, number: int) -> Iterator[bytes]:
    """The bytes of stream ``number``; plain DEFLATE is unfolded here, in pieces, against bombs."""
    kind, filters = document.xref_get_key(number, "Filter")
    plain = filters.strip("[] ") == "/FlateDecode" and (
        document.xref_get_key(number, "DecodeParms")[0] == "null"
    )
    if kind == "null":
        yield document.xref_stream_raw(number) or b""
    elif plain:
        yield from inflate(iter([document.xref_stream_raw(number) or b""]), 15)
    else:
        raw = document.xref_stream_raw(number) or b""
        if len(raw) > SPOOL_BYTES:
            raise Damaged(f"{State.LIMIT}:item", "It is too large for the way it is packed.")
        yield document.xref_stream(number) or b""
