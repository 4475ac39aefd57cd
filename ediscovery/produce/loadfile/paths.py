"""The one place that decides whether a path of a load file stays in its volume."""

from __future__ import annotations

import os
import re
from pathlib import Path

_LONGEST_NAME, _LONGEST_PATH = 255, 4000  # bytes
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATOR = re.compile(r"[\\/]")


class Outside(ValueError):
    """A path that leaves the volume, or that is no path; ``str()`` says why."""


def inside(volume: Path, path: str) -> Path:
    """Where the file that a load file calls ``path`` lies below the folder ``volume``.

    ``path`` may use ``\\`` or ``/`` or both, and a leading ``.``. Its names are matched exactly,
    and where that fails whatever the case, because producers write on systems that ignore it. A
    leading component that is the volume's own name counts as the volume, unless the volume holds
    such an entry. What does not exist comes back under the names given.

    Raises:
        Outside: the path is empty, absolute, on a drive or a share, climbs with ``..``, holds a
            NUL, is too long for a file system, or runs through a link out of the volume.
    """
    names = names_of(path)
    try:
        lengths = [len(os.fsencode(name)) for name in names]
        if max(lengths) > _LONGEST_NAME or sum(lengths) + len(lengths) > _LONGEST_PATH:
            raise Outside("is longer than a file's name can be")
        found = _find(volume, names)
        own = volume.resolve()
        named = len(names) > 1 and names[0].casefold() == own.name.casefold()
        if named and not os.path.lexists(_find(volume, names[:1])):
            found = _find(volume, names[1:])
        if not found.resolve().is_relative_to(own):
            raise Outside("runs through a link that leads out of the volume")
    except (OSError, RuntimeError, UnicodeError) as error:
        raise Outside(f"can't be a file here ({getattr(error, 'strerror', error)})") from None
    return found


def names_of(path: str) -> list[str]:
    """The names of the folders and the file of ``path``, which stays below where it begins.

    Raises:
        Outside: as :func:`inside`, as far as the path alone shows it.
    """
    if not path.strip():
        raise Outside("is empty")
    if "\0" in path:
        raise Outside("holds a NUL")
    lead = path.lstrip()
    if _DRIVE.match(lead):
        raise Outside("names a drive")
    if len(lead) > 1 and _SEPARATOR.match(lead[0]) and _SEPARATOR.match(lead[1]):
        raise Outside("names a network share")
    if _SEPARATOR.match(lead[0]):
        raise Outside("is absolute")
    names = []
    for name in _SEPARATOR.split(path):
        bare = name.strip(" .")
        if not bare:
            # Windows drops dots and blanks at the end of a name, so ".. " climbs as well.
            if name.count(".") > 1:
                raise Outside("climbs out of its folder with '..'")
            continue
        names.append(name)
    if not names:
        raise Outside("names no file")
    return names


def _find(folder: Path, names: list[str]) -> Path:
    exact = folder.joinpath(*names)
    if os.path.lexists(exact):
        return exact
    at = folder
    for name in names:
        following = at / name
        if not os.path.lexists(following):
            following = _whatever_case(at, name) or following
        at = following
    return at


def _whatever_case(folder: Path, name: str) -> Path | None:
    wanted = name.casefold()
    try:
        alike = sorted(entry for entry in os.listdir(folder) if entry.casefold() == wanted)
    except OSError:
        return None
    return folder / alike[0] if alike else None
