"""The collection as files: both custodians, the password bank, the deNIST list, the facts."""

from __future__ import annotations

import json
import os
from pathlib import Path

from samples import collection
from samples.facts import Facts, facts
from samples.story.evidence import BANK
from samples.story.people import CUSTODIANS
from samples.things import Thing


def make(out: Path) -> Facts:
    """Writes the sample collection below ``out`` and says what must be found in it.

    ``out`` is made when missing and must be empty or hold an earlier sample collection, whose
    files are overwritten. All bytes and times of files are the same at each run. Raises
    ``FileExistsError`` when something else lies there.
    """
    out.mkdir(parents=True, exist_ok=True)
    strangers = {p.name for p in out.iterdir()} - {*CUSTODIANS, *_EXTRAS}
    if strangers:
        raise FileExistsError(f"{out} holds {min(strangers)}; name an empty folder")
    folders = collection.folders()
    for owner, folder in folders.items():
        for path, thing in folder.items():
            _write(out / owner / path, thing)
    system = folders["jane"]["desktop/desktop.ini"].sha256
    found = facts(folders, collection.post(), system)
    texts = {
        "passwords.txt": "".join(f"{word}\n" for word in BANK),
        "denist.txt": f"{system}\n",
        "facts.json": json.dumps(found.as_dict(), ensure_ascii=False, indent=1) + "\n",
    }
    for name, text in texts.items():
        (out / name).write_bytes(text.encode())
    return found


_EXTRAS = ("passwords.txt", "denist.txt", "facts.json")


def _write(path: Path, thing: Thing) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(thing.data)
    stamp = int(thing.when.timestamp())
    os.utime(path, (stamp, stamp))
