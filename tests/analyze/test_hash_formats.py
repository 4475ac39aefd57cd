"""The same message out of EML, MBOX, EMLX and MSG has one dedupe hash."""

from __future__ import annotations

from pathlib import Path

from ediscovery.analyze import hashing
from ediscovery.extract.contract import Budget, Child, Content, Context
from ediscovery.extract.walk import walk
from ediscovery.model.profile import Profile
from samples import collection
from samples.mail import msg, stores
from samples.mail.mime import Copy, Renderer
from samples.things import Thing


def key_of(thing: Thing, scratch: Path) -> str:
    """The dedupe hash of the one message that ``thing`` is or holds."""
    found = []
    context = Context(Profile(), scratch, Budget(1 << 31))
    for visit in walk(Child(thing.name, Content(thing.data), "file"), "a0", thing.name, context):
        item = visit.item
        body = visit.text[item.body_start :]
        item.dedupe_hash = hashing.dedupe_hash(item, body, visit.children)
        if item.position == item.family:
            found.append(item.dedupe_hash)
    (key,) = found
    return key


def test_one_message_in_four_formats(tmp_path: Path) -> None:
    """Every second letter of the samples that each format can hold whole (docs/hashes.md)."""
    mail = Renderer(collection.post(), collection.library())
    keys = set()
    letters = [
        letter
        for letter in mail.post.letters.values()
        if not letter.wrap and not letter.inline and letter.form != "html"
    ][::2]
    for letter in letters:
        whole = mail.thing(letter.key, Copy(letter.sender))
        copies = [
            whole,
            stores.mbox("all.mbox", [whole]),
            stores.emlx(whole, "1.emlx"),
            msg.thing(mail, letter.key, letter.sender, "saved.msg"),
        ]
        found = {key_of(copy, tmp_path) for copy in copies}
        assert len(found) == 1, letter.key
        keys |= found
    assert len(keys) == len(letters) > 50
    assert any(letter.files for letter in letters)
    assert any(letter.enclosed for letter in letters)
    assert any(letter.bcc for letter in letters)
