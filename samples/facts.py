"""The known answers about the collection, worked out from what was written into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from samples.collection import Folder
from samples.mail.letter import Post
from samples.searches import SEARCHES, Seen
from samples.story import personal
from samples.story.evidence import BANK
from samples.story.people import CUSTODIANS
from samples.things import Thing

VERSION = 1
STORY = (
    "Acme Turbines plc bought 240 cast rotor hubs from Brennhof Guss GmbH under SC-2024-117. The"
    " hubs are porous and their test records were invented. Acme's operating officer knew, hid a"
    " budget for repairs and had the old records destroyed before the firm gave notice of breach."
)
NOT_WRITTEN = {
    "pst, ost": "no library writes them; a whole PST takes thousands of lines",
    "rar": "the format may be read but not written by free software",
    "ppt": "old binary PowerPoint: nothing writes it; old Word and Excel files are there",
    "one, nsf, olm": "nothing writes them",
}


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """One item that must be seen; ``samples/README.md`` describes each field."""

    id: str
    custodian: str
    folder: str
    source: str
    chain: list[str]
    parent: str
    family: str
    ordinal: int
    relation: str
    kind: str
    mime: str
    name: str
    role: str
    states: list[str]
    without_passwords: list[str]
    size: int
    sha256: str
    text_in_picture: bool
    mail: dict[str, Any] | None


Found = tuple[ItemFacts, Thing, bool]


@dataclass(slots=True)
class Facts:
    """All known answers; :meth:`as_dict` is what stands in ``facts.json``."""

    items: list[ItemFacts]
    counts: dict[str, Any]
    families: dict[str, list[str]]
    duplicates: dict[str, Any]
    near_duplicates: list[dict[str, Any]]
    threads: dict[str, Any]
    privileged: list[str]
    hidden: list[dict[str, str]]
    personal: list[dict[str, Any]]
    languages: dict[str, int]
    charsets: dict[str, int]
    mismatched: list[str]
    denist: dict[str, Any]
    searches: list[dict[str, Any]]
    passwords: dict[str, Any]
    custodians: dict[str, str] = field(default_factory=lambda: dict(CUSTODIANS))
    story: str = STORY
    not_written: dict[str, str] = field(default_factory=lambda: dict(NOT_WRITTEN))
    version: int = VERSION

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def facts(folders: Mapping[str, Folder], post: Post, system: str) -> Facts:
    """What must be found in ``folders``; ``system`` is the SHA-256 on the deNIST list."""
    found = everything(folders)
    items = [item for item, _, _ in found]
    things = {item.id: thing for item, thing, _ in found}
    documents = [item for item in items if item.role == "document"]
    mails = [item for item in documents if item.mail]
    spoken = {i.mail["message_id"] or i.id: things[i.id] for i in mails if i.mail}
    facts_of = [t.mail for t in spoken.values() if t.mail]
    return Facts(
        items=items,
        counts={
            mode: {
                owner or "total": _counts(found, owner, mode == "with_passwords")
                for owner in ("", *folders)
            }
            for mode in ("with_passwords", "without_passwords")
        },
        families=_families(documents),
        duplicates=_duplicates(items),
        near_duplicates=_near_duplicates(items),
        threads=_threads(mails, post),
        privileged=sorted({i.mail["message_id"] for i in mails if i.mail and things[i.id].mail
                           and i.mail["privileged"]}),
        hidden=[
            {"phrase": h.phrase, "where": h.where, "item": item.id}
            for item, thing, _ in found
            for h in thing.hidden
        ],
        personal=[
            {**asdict(p), "item": item.id}
            for item in items
            if item.name == "Starter form R Field.txt"
            for p in personal.PLANTED
        ],
        languages=dict(sorted(Counter(m.language for m in facts_of).items())),
        charsets=dict(sorted(Counter(m.charset for m in facts_of).items())),
        mismatched=[i.id for i in items if i.name in ("old contract.doc", "Antwort Brennhof.doc")],
        denist={"file": "denist.txt", "algorithm": "sha256",
                "items": [i.id for i in items if i.sha256 == system]},
        searches=_searches(found),
        passwords={"file": "passwords.txt", "bank": list(BANK),
                   "opened": [i.id for i, t, _ in found if t.lock == "bank"],
                   "closed": [i.id for i, t, _ in found if t.lock == "lost"]},
    )  # fmt: skip


def everything(folders: Mapping[str, Folder]) -> list[Found]:
    """Every item of all custodians in reading order, its thing, and if the bank guards it."""
    return [item for owner in folders for item in _items(owner, folders[owner])]


def seen(found: list[Found]) -> list[Seen]:
    """The documents as a search sees them."""
    by_id = {item.id: item for item, _, _ in found}
    out = {
        item.id: Seen(item.id, thing, item.custodian, thing.text)
        for item, thing, _ in found
        if item.role == "document"
    }
    for item in by_id.values():
        holder = item.parent
        while holder and holder not in out:  # a container between a mail and its attachment
            holder = by_id[holder].parent
        if item.id in out and holder and item.relation != "inline":
            out[holder].attachments.append(out[item.id])
    return list(out.values())


def _items(owner: str, folder: Folder) -> Iterator[Found]:
    number = 0

    def visit(
        thing: Thing, source: str, chain: list[str], parent: str, family: str, ordinal: int,
        guarded: bool,
    ) -> Iterator[Found]:  # fmt: skip
        nonlocal number
        number += 1
        name = f"{owner}-{number:03}"
        shut = thing.lock == "lost"
        role = "document" if shut else thing.role
        states = ["encrypted"] if shut else list(thing.states)
        above = family or (name if role == "document" else "")
        hides = thing.shifting or (thing.kind == "mail" and bool(parent))
        yield (
            ItemFacts(
                id=name, custodian=CUSTODIANS[owner], folder=owner, source=source, chain=chain,
                parent=parent, family=above, ordinal=ordinal, relation=thing.relation,
                kind=thing.kind, mime=thing.mime, name=thing.name, role=role, states=states,
                without_passwords=_closed(thing, guarded, states, role),
                size=0 if hides else len(thing.data), sha256="" if hides else thing.sha256,
                text_in_picture=thing.ocr, mail=_mail(thing),
            ),
            thing,
            guarded,
        )  # fmt: skip
        if shut:
            return
        for n, child in enumerate(thing.children):
            inner = [*chain, child.mail.message_id if child.mail else child.name]
            yield from visit(child, source, inner, name, above, n, guarded or thing.lock == "bank")

    for path, thing in folder.items():
        yield from visit(thing, path, [], "", "", 0, False)


def _closed(thing: Thing, guarded: bool, states: list[str], role: str) -> list[str]:
    """Role and state when no password is given; nothing at all when it is then not even seen."""
    if guarded:
        return []
    return ["document", "encrypted"] if thing.lock else [role, states[0]]


def _mail(thing: Thing) -> dict[str, Any] | None:
    if thing.mail is None:
        return None
    m = thing.mail
    return {
        "message_id": m.message_id, "from": m.sender, "to": list(m.to), "cc": list(m.cc),
        "bcc": list(m.bcc), "subject": m.subject, "sent": f"{m.sent:%Y-%m-%dT%H:%M:%SZ}",
        "in_reply_to": m.in_reply_to, "references": list(m.references), "language": m.language,
        "charset": m.charset, "privileged": m.privileged,
    }  # fmt: skip


def _counts(found: list[Found], owner: str, passwords: bool) -> dict[str, Any]:
    rows = []
    for item, _, guarded in found:
        if (owner and item.folder != owner) or (guarded and not passwords):
            continue
        role, state = (item.role, item.states[0]) if passwords else item.without_passwords
        rows.append((item, role, state))
    documents = [(i, s) for i, role, s in rows if role == "document"]
    return {
        "source_files": sum(not i.parent for i, _, _ in rows),
        "seen": len(rows),
        "documents": len(documents),
        "containers": len(rows) - len(documents),
        "suppressed": 0,
        "failed": 0,
        "families": len({i.family for i, _ in documents}),
        "by_state": dict(sorted(Counter(s for _, s in documents).items())),
        "by_relation": dict(sorted(Counter(i.relation for i, _ in documents).items())),
        "by_kind": dict(sorted(Counter(i.kind for i, _ in documents).items())),
    }


def _families(documents: list[ItemFacts]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for item in documents:
        if item.family != item.id:
            out.setdefault(item.family, []).append(item.id)
    return out


def _duplicates(items: list[ItemFacts]) -> dict[str, Any]:
    """Top-level mails with one Message-ID and loose files with one digest."""
    mails: dict[str, list[ItemFacts]] = {}
    files: dict[str, list[ItemFacts]] = {}
    for item in items:
        if item.role != "document" or item.family != item.id:
            continue
        if item.mail and item.mail["message_id"]:
            mails.setdefault(item.mail["message_id"], []).append(item)
        elif item.size and not item.mail:
            files.setdefault(item.sha256, []).append(item)
    return {
        "mail": [
            {"message_id": key, "kind": _likeness(group), "both_custodians":
             len({i.folder for i in group}) > 1, "items": [i.id for i in group]}
            for key, group in sorted(mails.items()) if len(group) > 1
        ],
        "files": [
            {"sha256": key, "both_custodians": len({i.folder for i in group}) > 1,
             "items": [i.id for i in group]}
            for key, group in sorted(files.items()) if len(group) > 1
        ],
    }  # fmt: skip


def _likeness(group: list[ItemFacts]) -> str:
    """How copies of one message differ: bytes, transport, bcc, format or gateway."""
    mails = [i.mail for i in group if i.mail]
    if any("[EXTERNAL]" in m["subject"] for m in mails):
        return "gateway"
    if any(i.mime == "application/vnd.ms-outlook" for i in group):
        return "format"
    if len({tuple(m["bcc"]) for m in mails}) > 1:
        return "bcc"
    if len({i.sha256 for i in group}) == 1 and group[0].sha256:
        return "bytes"
    return "transport"


def _near_duplicates(items: list[ItemFacts]) -> list[dict[str, Any]]:
    drafts = [i.id for i in items if "supply agreement v" in i.name or "agreement v1" in i.name]
    stamped = {i.mail["message_id"] for i in items
               if i.mail and i.mail["subject"].startswith("[EXTERNAL]")}  # fmt: skip
    out = [{"about": "three drafts of the supply agreement", "items": drafts}]
    for key in sorted(stamped):
        same = [i.id for i in items if i.mail and i.mail["message_id"] == key]
        out.append({"about": "one copy bears the gateway's warning", "items": same})
    return out


def _threads(mails: list[ItemFacts], post: Post) -> dict[str, Any]:
    known = {i.mail["message_id"] for i in mails if i.mail}
    parents, cited = {}, set()
    for item in mails:
        assert item.mail is not None
        if item.mail["in_reply_to"]:
            parents[item.mail["message_id"]] = item.mail["in_reply_to"]
        cited |= set(item.mail["references"])
    missing = sorted(cited - known)
    lost = {x.message_id for x in post.letters.values() if x.lost}
    if set(missing) != lost:
        raise AssertionError(f"lost letters {lost}, missing ones {missing}")
    return {"parents": dict(sorted(parents.items())), "missing": missing}


def _searches(found: list[Found]) -> list[dict[str, Any]]:
    documents = seen(found)
    guarded = {item.id for item, thing, g in found if g or thing.lock == "bank"}
    out = []
    for search in SEARCHES:
        pool = [s for s in documents if search.needs == "ocr" or not s.thing.ocr]
        hits = [s.id for s in pool if search.test(s)]
        needs = "passwords" if guarded & set(hits) else search.needs
        out.append({"query": search.query, "about": search.about, "needs": needs, "hits": hits})
    return out
