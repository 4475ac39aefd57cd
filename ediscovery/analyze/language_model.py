"""The language model, unpacked once so that each process maps it instead of unpacking it anew.

Unpacking takes most of a second and 70 MB a process. The tables of py3langid, held to the languages
that ISO 639-1 names, are kept in the user's cache folder as NumPy files; they can be deleted at any
time, and where they can't be written the packed model is read.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

NO_LANGUAGE = "zxx"  # ISO 639-2: no linguistic content
_TABLES = ("ptc", "pc", "nextmove", "row", "output")
_folder: Path | None = None


def unpacked() -> Path | None:
    """The folder of the unpacked tables, made when missing; ``None`` when it can't be made."""
    from importlib.metadata import version

    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(home, "ediscovery", f"py3langid-{version('py3langid')}-1")
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Path(tempfile.mkdtemp(dir=folder.parent))
    except OSError:
        return None
    try:
        _write(draft)
        with contextlib.suppress(OSError):  # another process was quicker
            draft.rename(folder)
    except OSError:
        return None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder if folder.is_dir() else None


def use(folder: Path) -> None:
    """Have :func:`identifier` read the tables in ``folder``, which :func:`unpacked` gave."""
    global _folder
    _folder = folder


@cache
def identifier() -> Any:
    """The model, read once a process."""
    from py3langid.langid import LanguageIdentifier

    if _folder is not None:
        with contextlib.suppress(OSError, ValueError, EOFError):  # packed, then
            import numpy as np

            table = {name: np.load(_folder / f"{name}.npy", mmap_mode="r") for name in _TABLES}
            return LanguageIdentifier(
                np.asarray(table["ptc"]), np.asarray(table["pc"]),
                json.loads((_folder / "classes.json").read_text()),
                memoryview(table["nextmove"]), table["output"].tolist(),
                norm_probs=True, tk_row=table["row"].tolist(),
            )  # fmt: skip
    return _packed()


def _packed() -> Any:
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages([*(label for label in found.labels if len(label) == 2), NO_LANGUAGE])
    # One row a feature, side by side in memory: a third faster.
    found.nb_ptc = np.ascontiguousarray(found.nb_ptc)
    return found


def _write(folder: Path) -> None:
    import numpy as np

    found = _packed()
    for name, values in zip(
        _TABLES,
        (found.nb_ptc, found.nb_pc, found.tk_nextmove, found.tk_row, found.tk_output),
        strict=True,
    ):
        np.save(folder / f"{name}.npy", np.asarray(values))
    (folder / "classes.json").write_text(json.dumps(found.nb_classes))
