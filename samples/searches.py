"""Searches in the product's syntax, and for each the documents that must be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from samples.things import MailFacts, Thing
from samples.words import near, places, words


@dataclass
class Seen:
    """One document as a search sees it: its words, its custodian, what hangs on it."""

    id: str
    thing: Thing
    custodian: str
    text: str
    attachments: list[Seen] = field(default_factory=list)

    @cached_property
    def words(self) -> list[str]:
        return words(self.text)

    @property
    def mail(self) -> MailFacts | None:
        return self.thing.mail

    def has(self, pattern: str) -> bool:
        """Whether a word, wildcard or phrase is in it."""
        return bool(places(self.words, pattern))

    def near(
        self, first: str | Sequence[str], second: str, most: int, ordered: bool = False
    ) -> bool:
        """Whether ``first`` (or one of them) is within ``most`` words of ``second``."""
        one = (first,) if isinstance(first, str) else first
        return near(self.words, one, second, most, ordered)

    def sender(self, word: str) -> bool:
        """Whether it is a mail whose From has ``word``."""
        return self.mail is not None and bool(places(words(self.mail.sender), word))

    def participant(self, phrase: str) -> bool:
        """Whether it is a mail with ``phrase`` in From, To, Cc or Bcc."""
        if self.mail is None:
            return False
        people = (self.mail.sender, *self.mail.to, *self.mail.cc, *self.mail.bcc)
        return any(places(words(p), phrase) for p in people)

    def subject(self, word: str) -> bool:
        """Whether it is a mail with ``word`` in its subject."""
        return self.mail is not None and bool(places(words(self.mail.subject), word))

    def sent(self, first: str, last: str) -> bool:
        """Whether it is a mail sent between two days, both included, in UTC."""
        return self.mail is not None and first <= f"{self.mail.sent:%Y-%m-%d}" <= last

    @property
    def ext(self) -> str:
        return self.thing.name.rpartition(".")[2].lower() if "." in self.thing.name else ""


@dataclass(frozen=True)
class Search:
    """A query, what it is there to show, and the test of one document that says the same."""

    query: str
    about: str
    test: Callable[[Seen], bool]
    needs: str = ""  # ocr: its words are in pictures only


SEARCHES: tuple[Search, ...] = (
    Search("breach w/5 contract AND from:roe", "proximity and a field",
           lambda d: d.near("breach", "contract", 5) and d.sender("roe")),
    Search('"hairline porosity"', "a phrase in mails, quotes and an old Word file",
           lambda d: d.has("hairline porosity")),
    Search('"hairline porosity" AND custodian:"John Doe"', "the same, of one custodian",
           lambda d: d.has("hairline porosity") and d.custodian == "John Doe"),
    Search('"kingfisher reserve"', "a phrase in a hidden row only",
           lambda d: d.has("kingfisher reserve")),
    Search('attachment("kingfisher reserve")', "mails by what their attachment says",
           lambda d: d.mail is not None
           and any(a.has("kingfisher reserve") for a in d.attachments)),
    Search('"osprey contingency"', "a phrase on a hidden sheet only",
           lambda d: d.has("osprey contingency")),
    Search('"peregrine alloys"', "a phrase in a hidden row of an old XLS",
           lambda d: d.has("peregrine alloys")),
    Search("from:roe AND has:attachment", "two fields",
           lambda d: d.sender("roe") and bool(d.attachments)),
    Search("resiliation", "accents folded: résiliation", lambda d: d.has("resiliation")),
    Search("kundigung", "umlauts folded: Kündigung", lambda d: d.has("kundigung")),
    Search("massnahmen", "sharp s: Maßnahmen", lambda d: d.has("massnahmen")),
    Search("poros*", "wildcard at the end", lambda d: d.has("poros*")),
    Search("*protokoll", "wildcard at the beginning", lambda d: d.has("*protokoll")),
    Search("b?rnt", "one unknown letter",
           lambda d: d.has("b?rnt")),
    Search('"cinnabar ledger"', "a text in a ZIP in a ZIP in a TAR in a GZ",
           lambda d: d.has("cinnabar ledger")),
    Search('"celadon biscuit"', "a text in a 7z", lambda d: d.has("celadon biscuit")),
    Search('"納期遅延"', "Japanese in three charsets", lambda d: d.has("納期遅延")),
    Search("протоколы", "Russian in KOI8-R", lambda d: d.has("протоколы")),
    Search("date:2024-05-27..2024-05-29 AND from:stone AND type:mail", "a range of days",
           lambda d: d.sent("2024-05-27", "2024-05-29") and d.sender("stone")),
    Search("participant:counsel@lawfirm.example", "the lawyer in any place, Bcc too",
           lambda d: d.participant("counsel@lawfirm.example")),
    Search('"privileged and confidential" AND NOT participant:lawfirm.example',
           "privileged words without a lawyer",
           lambda d: d.has("privileged and confidential") and not d.participant("lawfirm.example")),
    Search("(shred OR destroy*) w/8 certificates", "a group inside proximity",
           lambda d: d.near(("shred", "destroy*"), "certificates", 8)),
    Search('certificates pre/6 "blue box"', "a phrase inside ordered proximity",
           lambda d: d.near("certificates", "blue box", 6, ordered=True)),
    Search("subject:kingfisher", "a word of the subject", lambda d: d.subject("kingfisher")),
    Search('ext:xlsx AND "amethyst schedule"', "a workbook, loose and inside a Word file",
           lambda d: d.ext == "xlsx" and d.has("amethyst schedule")),
    Search("zinnoberprotokoll", "the text inside an S/MIME signature",
           lambda d: d.has("zinnoberprotokoll")),
    Search('"stamp from the drawer"', "an attachment inside winmail.dat",
           lambda d: d.has("stamp from the drawer")),
    Search('"evergreen indemnity"', "a tracked deletion", lambda d: d.has("evergreen indemnity")),
    Search('"lanternfish protocol"', "a footnote", lambda d: d.has("lanternfish protocol")),
    Search('"ombudsman is absent"', "speaker notes", lambda d: d.has("ombudsman is absent")),
    Search('"marigold file"', "a note stuck to a PDF", lambda d: d.has("marigold file")),
    Search('"index card sepia"', "invisible words under a page",
           lambda d: d.has("index card sepia")),
    Search('"quince drawer"', "a PDF form field", lambda d: d.has("quince drawer")),
    Search('"walnut sample"', "a file inside a PDF", lambda d: d.has("walnut sample")),
    Search('"ochre settlement"', "inside a ZIP whose password is known",
           lambda d: d.has("ochre settlement")),
    Search('"indigo escrow"', "inside a PDF whose password is known",
           lambda d: d.has("indigo escrow")),
    Search('"may ever be read"', "inside a ZIP whose password nobody has: no hit",
           lambda d: d.has("may ever be read")),
    Search('"granite harbour"', "a scanned page, once it has been read by OCR",
           lambda d: d.has("granite harbour"), needs="ocr"),
)  # fmt: skip
