"""Who kept what where: the two custodians' folders, filled from the story."""

from __future__ import annotations

from collections.abc import Iterable

from samples.mail import msg, stores
from samples.mail.letter import Letter, Post
from samples.mail.mime import Copy, Renderer
from samples.story import (
    abroad,
    advice,
    contract,
    coverup,
    evidence,
    ledgers,
    parcels,
    personal,
    routine,
    trade,
)
from samples.story.people import CUSTODIANS
from samples.things import Thing

Folder = dict[str, Thing]  # paths with "/" below the custodian's folder

# copies on which John's gateway has put its warning
STAMPED = frozenset({"notice_re", "lund", "demurrage"})
# mails that Jane has both in her mailbox and in a folder of exported ones
EXPORTED_TOO = ("porosity", "advice", "joint_result")


def post() -> Post:
    """All letters, in the order of their dates where no reply stands in between."""
    letters: Iterable[Letter] = (
        *trade.letters(), *coverup.letters(), *advice.letters(), *abroad.letters(),
        *routine.letters(),
    )  # fmt: skip
    return Post(letters)


def library() -> dict[str, Thing]:
    """All papers by key."""
    papers = {
        **contract.drafts(), **contract.annexes(), **ledgers.books(), **ledgers.decks(),
        **ledgers.papers(), **evidence.pdfs(), **evidence.images(), **evidence.notes(),
        "starter": personal.record(),
    }  # fmt: skip
    papers |= evidence.broken(papers)
    papers |= parcels.attachments(papers)
    return papers | parcels.archives(papers)


def folders() -> dict[str, Folder]:
    """Every source file of both custodians; the keys are those of CUSTODIANS."""
    papers = library()
    mail = Renderer(post(), papers)
    out = {"jane": _jane(mail), "john": _john(mail)}
    for owner, rows in (("jane", _JANE), ("john", _JOHN)):
        for path, key in rows:
            name = path.rpartition("/")[2]
            out[owner][path] = papers[key].named(name)
    return {owner: dict(sorted(files.items())) for owner, files in out.items()}


def _kept(mail: Renderer, owner: str) -> list[Letter]:
    """The letters of which ``owner`` has a copy, by date."""
    out = []
    for letter in mail.post.letters.values():
        keys = {letter.sender, *letter.to, *letter.cc, *letter.bcc}
        reached = owner in keys or ("staff" in keys and owner in CUSTODIANS)
        if reached and not letter.lost:
            out.append(letter)
    return sorted(out, key=lambda letter: (letter.utc, letter.key))


def _store(letter: Letter, owner: str) -> str:
    return dict(letter.stores).get(owner, "")


def _copy(letter: Letter, owner: str) -> Copy:
    return Copy(owner, stamped=owner == "john" and letter.key in STAMPED)


def _exported(mail: Renderer, letters: Iterable[Letter], owner: str) -> Folder:
    out = {}
    for letter in letters:
        if _store(letter, owner) == "exported":
            name = f"{letter.utc:%Y%m%d} {letter.key}.eml"
            out[f"mail/exported/{name}"] = mail.thing(letter.key, Copy(owner, bare=True), name)
    return out


def _jane(mail: Renderer) -> Folder:
    """Jane: an inbox and a sent folder as MBOX, some exported mail, Outlook files."""
    letters = _kept(mail, "jane")
    plain = [letter for letter in letters if not _store(letter, "jane")]
    sent = [mail.thing(x.key, _copy(x, "jane")) for x in plain if x.sender == "jane"]
    received = [mail.thing(x.key, _copy(x, "jane")) for x in plain if x.sender != "jane"]
    out: Folder = {
        "mail/inbox.mbox": stores.mbox("inbox.mbox", received),
        "mail/sent.mbox": stores.mbox("sent.mbox", sent),
        **_exported(mail, letters, "jane"),
    }
    for key in EXPORTED_TOO:
        name = f"saved {key}.eml"
        out[f"mail/exported/{name}"] = mail.thing(key, Copy("jane"), name)
    for key, name, body in (
        ("audit", "Audit at Hagenfeld.msg", "plain"),
        ("complaint_re", "AW Grouped indications.msg", "rtf"),
        ("terminate", "Termination.msg", "html"),
    ):
        out[f"outlook/{name}"] = msg.thing(mail, key, "jane", name, body)
    return out


def _john(mail: Renderer) -> Folder:
    """John: an archive until June, then Apple Mail and single files; drafts and Outlook files."""
    letters = _kept(mail, "john")
    out = _exported(mail, letters, "john")
    archive = []
    for letter in letters:
        if _store(letter, "john"):
            continue
        thing = mail.thing(letter.key, _copy(letter, "john"))
        late = letter.utc.month > 6
        if not letter.identified:
            out["mail/drafts/draft.eml"] = thing.named("draft.eml")
        elif not late or letter.key == "handover":
            archive.append(thing)
        elif letter.sender == "john":
            name = f"{letter.utc:%m%d} {letter.key}.eml"
            out[f"mail/sent items/{name}"] = thing.named(name)
        else:
            name = f"{4100 + len(out)}.emlx"
            out[f"mail/Apple Mail/INBOX.mbox/Messages/{name}"] = stores.emlx(thing, name)
    out["mail/archive.mbox"] = stores.mbox("archive.mbox", archive, quote_sentences=False)
    for key, name in (("cormorant_re", "Re cormorant.msg"), ("kingfisher_re", "Kingfisher.msg")):
        out[f"outlook/{name}"] = msg.thing(mail, key, "john", name, "rtf")
    return out


_JANE = (
    ("desktop/desktop.ini", "system"),
    ("desktop/new document.txt", "empty"),
    ("desktop/Dieter Kessler.vcf", "card"),
    ("desktop/Hub pages.html", "intranet"),
    ("documents/contract/SC-2024-117 supply agreement v1.docx", "draft1"),
    ("documents/contract/SC-2024-117 supply agreement v2.docx", "draft2"),
    ("documents/contract/SC-2024-117 supply agreement v3.docx", "draft3"),
    ("documents/contract/SC-2024-117 signed.pdf", "signed"),
    ("documents/contract/old contract.doc", "misnamed"),
    ("documents/contract/Annex A delivery plan.docx", "annex_a"),
    ("documents/contract/Annex B Prüfvorschrift für Rotornaben.odt", "annex_b"),
    ("documents/contract/Price schedule final.docx", "corrupt"),
    ("documents/notice/Notice of breach 2024-08-19.docx", "notice"),
    ("documents/notice/Antwort Brennhof.rtf", "antwort"),
    ("documents/notice/Memorandum Brennhof.docx", "memorandum"),
    ("documents/suppliers/Hub prices 2019.xls", "prices2019"),
    ("documents/suppliers/Schrottpreise.ods", "schrott"),
    ("documents/suppliers/RH-7 pattern.kxd", "unknown"),
    ("documents/customer/Skerry progress May.pptx", "skerry_deck"),
    ("documents/scans/Delivery note 4471.pdf", "delivery_scan"),
    ("documents/scans/Fax Hagenfeld.tif", "fax"),
    ("documents/quality/Minutes 2024-04-24.doc", "minutes"),
    ("documents/quality/UT certificate hub 0417.pdf", "certificate"),
    ("documents/quality/hub 0417 section.jpg", "micrograph"),
    ("notes/Gesprächsnotiz Kessler.txt", "gespraech"),
    ("notes/notes d'appel Lagarde.txt", "appel"),
    ("notes/納期メモ.txt", "nouki"),
    ("notes/Starter form R Field.txt", "starter"),
    ("archive/crane diary.txt.xz", "xz"),
    ("archive/photos.zip", "photos"),
)

_JOHN = (
    ("documents/Hub programme budget FY2024.xlsx", "budget"),
    ("documents/Ledger 2024.csv", "ledger"),
    ("documents/Board update June 2024.pptx", "board"),
    ("documents/Claim calculation.xlsx", "claim"),
    ("documents/SC-2024-117 supply agreement v3.docx", "draft3"),
    ("documents/Antwort Brennhof.doc", "antwort"),
    ("documents/Escrow terms.pdf", "escrow"),
    ("documents/Severance V Stone.pdf", "severance"),
    ("documents/Exhibits.pdf", "exhibits"),
    ("documents/Supplier audit form.pdf", "audit_form"),
    ("documents/desktop.ini", "system"),
    ("pictures/Whiteboard 2024-05-29.png", "whiteboard"),
    ("pictures/acme wheel.png", "logo"),
    ("notes/todo.txt", "todo"),
    ("notes/Vessel diary.txt", "utf16"),
    ("notes/груз.txt", "gruz"),
    ("notes/Gannet room review.ics", "meeting"),
    ("stick/holiday.tar.gz", "holiday"),
    ("stick/lot two.7z", "seven"),
    ("stick/gate log.txt.bz2", "bz2"),
    ("stick/sensor export.csv.zst", "zst"),
    ("stick/settlement.zip", "settlement_zip"),
    ("stick/vault.zip", "vault_zip"),
    ("stick/furnace logs.zip", "truncated"),
)
