"""What a column of a load file is for, by the names that producers and agencies give it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# Role -> names, without case and punctuation. From the field catalogue and the agencies' lists.
_NAMES: Mapping[str, str] = {
    "begin": (
        "begbates firstbates begdoc begdocno batesbegin beginbates begbatesno begno "
        "begproduction prodbeg begprod productionbeginbates productionbates batesbeg batesstart "
        "beginningbates bates batesnumber begcontrol docid documentid controlnumber"
    ),
    "end": (
        "endbates lastbates enddoc enddocno batesend endingbates endbatesno endno endprod prodend "
        "productionendbates endcontrol batesstop"
    ),
    "family_begin": "begattach begattachment attachbeg begfamily begingroup prodbegattach",
    "family_end": "endattach endattachment attachend endfamily prodendattach",
    "parent": "parentbates parentid parentdocid parentdocumentid parent parentbegbates",
    "pages": "pgcount pagecount pages pagescount numpages imagecount prodpgcount",
    "native": "nativelink link doclink filepath nativepath nativefile nativefilepath natlink",
    "text": (
        "textlink ocrpath textpath extractedtext fulltext textfile extractedtextpath textfilepath "
        "txtlink ocrlink"
    ),
    "redacted": "redacted hasredactions isredacted redactions",
}  # fmt: skip
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split()}
ROLES = tuple(_NAMES)
_PUNCTUATION = re.compile(r"[\W_]+")


def role_of(name: str) -> str:
    """The role of a column called ``name``, or ``""``."""
    if name.casefold() == "filepath":  # the catalogue's name of a path before collection
        return ""
    return _ROLES.get(_PUNCTUATION.sub("", name).casefold(), "")


def roles(names: Iterable[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Role -> column, of those ``names``; ``given`` (role -> column) comes first.

    Where two columns could fill one role, the one whose name stands first in the list above does.
    """
    found: dict[str, tuple[int, str]] = {}
    for name in names:
        role = role_of(name)
        if role:
            rank = _NAMES[role].split().index(_PUNCTUATION.sub("", name).casefold())
            if role not in found or rank < found[role][0]:
                found[role] = (rank, name)
    return {role: name for role, (_, name) in found.items()} | dict(given or {})
