"""What the three OOXML extractors begin and end with."""

from __future__ import annotations

from ediscovery.extract import tika
from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.office import embedded, properties
from ediscovery.extract.office.package import Package
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State


def extract(content: Content, context: Context) -> Extraction:
    """Packages whose parts we do not read ourselves (XLSB, Visio, XPS): their text is Tika's.

    Properties, flags and embedded files are ours. Raises :class:`EvidenceError` as readers do.
    """
    package, result = start(content, context)
    if package is None:
        return result
    found = tika.own(content, context)
    result.text = found.text
    result.warnings += found.warnings
    for name, value in found.fields.items():
        result.fields.setdefault(name, value)
    result.state, result.message = found.state, found.message
    return finish(package, result, context)


def start(content: Content, context: Context) -> tuple[Package | None, Extraction]:
    """The package in ``content`` and a result that holds its properties and flags.

    An OLE2 file under an OOXML name is an encrypted package: it is handed on, and what comes back
    is complete (``None`` for the package). Raises :class:`EvidenceError` for no ZIP at all.
    """
    if content.head.startswith(embedded.OLE_MAGIC):
        from ediscovery.extract.office import ole

        return None, ole.extract(content, context)
    package = Package(content, context)
    fields, flags = properties.read(package)
    result = Extraction(fields=fields, flags=flags)
    _look_around(package, result)
    return package, result


def finish(package: Package, result: Extraction, context: Context) -> Extraction:
    """Adds the targets of links to the text, embedded files, what was wrong with the package."""
    for link in result.fields.get("links", ()):
        if link not in result.text:
            result.text += link + "\n"
    wanted = embedded.names(package)
    if wanted:
        result.expected_children = len(wanted)
        result.children = embedded.children(package, wanted, context.skip)
    if package.state != State.OK:
        result.state = package.state
        result.message = " ".join(package.warnings)
    else:
        result.warnings.extend(package.warnings)
    return result


def _look_around(package: Package, result: Extraction) -> None:
    references: list[str] = []
    links: list[str] = []
    try:
        for relation, fetched in package.external():
            if fetched:
                references.append(f"{relation.kind}: {relation.target}"[:1000])
            else:
                links.append(relation.target[:1000])
    except EvidenceError as error:
        package.warn(error.message)
    if references:
        result.flags.add("external_reference")
        result.fields["external_references"] = list(dict.fromkeys(references))[:100]
    if links:
        result.fields["links"] = list(dict.fromkeys(links))[:1000]
    for name in package.names:
        key = name.lower()
        if key.endswith("vbaproject.bin") or "/macrosheets/" in key:
            result.flags.add("macros")
        elif "_xmlsignatures/" in key:
            result.flags.add("signed")
        elif "/revisions/" in key:
            result.flags.add("prior_revisions")
