"""PyMuPDF, loaded once and quiet."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import Any


@cache
def mupdf() -> Any:
    """The module ``pymupdf``, without its layout model and without messages on standard output.

    The layout model costs more to load than most PDFs to read, and nothing here asks for it; a
    ``None`` in ``sys.modules`` makes its import fail, which PyMuPDF allows for.
    """
    sys.modules.setdefault("pymupdf.layout", None)  # type: ignore[arg-type]
    pymupdf: Any = importlib.import_module("pymupdf")
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    pymupdf.no_recommend_layout()
    return pymupdf
