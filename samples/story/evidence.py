"""What else lay on the disks: scans, forms, notes in many charsets, and files that are broken."""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, datetime

from samples import pictures
from samples.archives import zips
from samples.office.package import Properties
from samples.pdf import document as pdf
from samples.pdf.document import Page
from samples.things import Hidden, Thing

BANK = ("Harwick2024!", "gannet-room", "RH7-Flansch")  # the passwords that the custodians gave
LOST = "nobody remembers this one"


def _at(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def _note(name: str, day: str, text: str, charset: str, kind: str = "text/plain") -> Thing:
    return Thing(name, text.encode(charset), "text", kind, text, when=_at(day))


def _properties(title: str, author: str, day: str) -> Properties:
    return Properties(title, author, author, _at(day), _at(day))


def pdfs() -> dict[str, Thing]:
    """PDFs with and without text, with forms, notes, hidden words, files inside and locks."""
    certificate = pdf.thing(
        "UT certificate hub 0417.pdf",
        _properties("UT certificate", "Anneliese Vogt", "2024-03-01 06:40"),
        (Page(
            ("Ultrasonic examination record", "Hub 0417, pattern RH-7, drawing 88-1204.",
             "Probe 4 MHz, couplant water, reference block Basaltgrau. No indications above two"
             " millimetres. Examined on 19 February 2024, examiner level two."),
            white="cast on 26 February 2024 according to furnace log Obsidian",
            remark="This date is a week before the hub existed. Marigold file?",
        ),),
    )  # fmt: skip
    form = pdf.thing(
        "Supplier audit form.pdf",
        _properties("Supplier audit", "Priya Nair", "2024-02-20 13:00"),
        (Page(
            ("Supplier audit form", "To be filled in by the auditor on site."),
            fields=(("Foundry", "Brennhof Guss, hall three"), ("Auditor", "Priya Nair"),
                    ("Finding", "Examiner's stamp lay unlocked, quince drawer")),
        ),),
    )  # fmt: skip
    exhibit = _note(
        "exhibit 1 weights.csv",
        "2024-05-03 10:00",
        "hub;kg\r\n0417;6120\r\n0418;6131\r\nwalnut sample;14\r\n",
        "ascii",
        "text/csv",
    )
    portfolio = pdf.thing(
        "Exhibits.pdf",
        _properties("Exhibits", "Simon Whitcombe", "2024-09-05 11:00"),
        (Page(("Exhibits to the notice", "Cover sheet. The exhibits are attached to this file.")),),
        attached=(exhibit, certificate.named("exhibit 2 certificate.pdf")),
        portfolio=True,
    )
    sheet = pictures.page(
        (
            "GRANITE HARBOUR",
            "Delivery note 4471",
            "Hubs 0412 to 0441, lot one",
            "Received with chipped paint",
            "O. Pryce, 4 March 2024",
        )
    )
    scanned = pdf.thing(
        "Delivery note 4471.pdf",
        _properties("", "Goods Inwards scanner", "2024-03-04 14:10"),
        (Page(picture=(pictures.jpeg(sheet), *sheet.size)),),
    )
    words = "GRANITE HARBOUR\nDelivery note 4471\nHubs 0412 to 0441, lot one\n"
    words += "Received with chipped paint\nO. Pryce, 4 March 2024"
    scanned = Thing(
        scanned.name,
        scanned.data,
        "pdf",
        scanned.mime,
        words,
        states=scanned.states,
        ocr=True,
        when=scanned.when,
    )
    escrow = pdf.thing(
        "Escrow terms.pdf",
        _properties("Terms", "John Doe", "2024-10-02 09:00"),
        (
            Page(
                (
                    "Escrow terms",
                    "Half a million goes into the indigo escrow on signature and stays"
                    " there until the last hub is replaced.",
                )
            ),
        ),
        lock=(BANK[1], "aes", "bank"),
    )
    sealed = pdf.thing(
        "Severance V Stone.pdf",
        _properties("Severance", "unknown", "2024-11-11 09:00"),
        (Page(("Severance agreement", "Under the umbra clause nothing may be said.")),),
        lock=(LOST, "rc4", "lost"),
    )
    return {
        "certificate": certificate,
        "audit_form": form,
        "exhibits": portfolio,
        "delivery_scan": scanned,
        "escrow": escrow,
        "severance": sealed,
    }


def images() -> dict[str, Thing]:
    """Pictures with words and without."""
    return {
        "whiteboard": pictures.scan("Whiteboard 2024-05-29.png", (
            "RELABEL LOT TWO", "1. new record forms from AV", "2. old ones to the furnace",
            "3. tell nobody at Skerry", "codeword cormorant")),
        "fax": pictures.faxed("Fax Hagenfeld.tif", (
            ("TELEFAX BRENNHOF", "An: Acme Turbines, Frau Roe", "Seite 1 von 2",
             "Lieferung Los 3 erfolgt am Montag"),
            ("TELEFAX BRENNHOF", "Seite 2 von 2", "Versand durch Lagarde"))),
        "micrograph": pictures.micrograph("hub 0417 section.jpg"),
        "logo": pictures.logo("acme wheel.png"),
    }  # fmt: skip


def notes() -> dict[str, Thing]:
    """Loose text in many charsets, a web page, calendar and address book entries."""
    return {
        "todo": _note("todo.txt", "2024-05-30 18:02",
                      "call Kessler before the board\r\nask Priya for the list of hubs\r\n"
                      "lunch Thursday, pelican bar\r\nremember: no mail about the furnace logs\r\n",
                      "ascii"),
        "gespraech": _note("Gesprächsnotiz Kessler.txt", "2024-07-09 16:30",
                           "Gesprächsnotiz, 9. Juli 2024. Herr Kessler räumt ein, daß die"
                           " Prüfprotokolle für Los zwei nachträglich geschrieben wurden. Er"
                           " möchte dafür keine Kündigung. Größere Maßnahmen lehnt er ab.\r\n"
                           "Nächster Anruf: übermorgen, früh.\r\n", "windows-1252"),
        "appel": _note("notes d'appel Lagarde.txt", "2024-09-12 09:40",
                       "Appel de Mme Marchand à 9 h 15. Elle réclame le paiement des"
                       " surestaries et menace d'une résiliation du contrat de transport. Répondre"
                       " avant jeudi, après avis du service juridique.\n", "iso-8859-1"),
        "nouki": _note("納期メモ.txt", "2024-07-22 03:10",
                       "七月二十二日。月影精密より連絡あり。機械の故障により納期遅延が三週間に及ぶ見込み。"
                       "検査記録の写しは翡翠色の箱に保管。\r\n", "shift_jis"),
        "utf16": _note("Vessel diary.txt", "2024-06-18 21:15",
                       "18 June. Swell two metres. Divers waited for the crane all day. Captain"
                       " says the hubs ring dull when struck, like cracked bells, écho sourd.\r\n",
                       "utf-16"),
        "gruz": _note("груз.txt", "2024-08-05 05:45",
                      "Контейнер задержан в порту из-за бумаг. Сертификаты на ступицы вызывают"
                      " сомнения у таможни. Нужны подлинные протоколы испытаний.\n", "koi8-r"),
        "intranet": Thing(
            "Hub pages.html",
            _PAGE.encode(),
            "html", "text/html",
            "Hub pages\nWhere to find drawings, patterns and the gauge list.\nPattern RH-7 & cores"
            "\nOld page: the tourmaline list of rejected hubs has moved.",
            hidden=(Hidden("tourmaline list", "hidden by style"),),
            when=_at("2024-01-10 08:00")),
        "meeting": Thing("Gannet room review.ics", _ICS.replace("\n", "\r\n").encode(), "calendar",
                         "text/calendar",
                         "Hub review in the Gannet room\nBring the sapphire folder, nothing in"
                         " writing beforehand.\nVictor Stone John Doe",
                         when=_at("2024-05-27 10:00")),
        "card": Thing("Dieter Kessler.vcf", _VCF.replace("\n", "\r\n").encode(), "contact",
                      "text/vcard",
                      "Dieter Kessler\nBrennhof Guss GmbH\nVertriebsleiter\n+49 30 23125 117\n"
                      "privat: angelt am Hechtsee", when=_at("2024-01-15 12:00")),
        "system": Thing("desktop.ini", b"[.ShellClassInfo]\r\nIconResource=folders.dll,7\r\n"
                        b"[ViewState]\r\nMode=4\r\nVid=plain\r\n", "text", "text/plain",
                        "ShellClassInfo IconResource folders.dll ViewState Mode Vid plain",
                        when=_at("2019-03-19 04:40")),
    }  # fmt: skip


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Hub pages</title>
<style>.x{display:none}</style></head>
<body><h1>Hub pages</h1><p>Where to find drawings, patterns and the gauge&nbsp;list.</p>
<ul><li>Drawing 88&#8209;1204</li><li>Pattern RH-7 &amp; cores</li></ul>
<p class="x">Old page: the tourmaline list of rejected hubs has moved.</p>
<script>var x = 'no words here';</script></body></html>
"""

_ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Corvid//Calendar 4.2//EN
BEGIN:VEVENT
UID:20240527-hubreview@acme.example
DTSTAMP:20240527T100000Z
DTSTART:20240529T083000Z
DTEND:20240529T093000Z
SUMMARY:Hub review in the Gannet room
DESCRIPTION:Bring the sapphire folder\\, nothing in writing beforehand.
ORGANIZER;CN=Victor Stone:mailto:victor.stone@acme.example
ATTENDEE;CN=John Doe:mailto:john.doe@acme.example
LOCATION:Gannet room
END:VEVENT
END:VCALENDAR
"""

_VCF = """BEGIN:VCARD
VERSION:3.0
N:Kessler;Dieter;;;
FN:Dieter Kessler
ORG:Brennhof Guss GmbH
TITLE:Vertriebsleiter
EMAIL;TYPE=WORK:d.kessler@brennhof.example
TEL;TYPE=WORK:+49 30 23125 117
NOTE:privat: angelt am Hechtsee
END:VCARD
"""


def broken(office: dict[str, Thing]) -> dict[str, Thing]:
    """Files that are damaged, empty, misnamed or of no known type. ``office``: whole ones."""
    whole = office["draft3"].data
    cut = whole[: len(whole) // 2] + b"\0" * 64 + whole[len(whole) // 2 + 900 :]
    cut = cut[:-600]  # takes the directory's end, so that nothing can be listed
    log = "\n".join(f"{n:04} furnace three, {1380 + n * 37 % 60} degrees" for n in range(900))
    packed = zips.write([("furnace log.txt", log.encode())], _at("2024-02-26 05:00"))
    packed = packed[: len(packed) // 3]
    begun = zlib.decompressobj(-15).decompress(packed[30 + len("furnace log.txt") :]).decode()
    rest = Thing(
        "furnace log.txt",
        b"",
        "text",
        "text/plain",
        begun.rpartition("\n")[0],
        relation="member",
        states=("truncated", "corrupt"),
        shifting=True,
        when=_at("2024-02-26 05:00"),
    )
    noise, seed = b"", b"kxd"
    while len(noise) < 6000:
        seed = hashlib.sha256(seed).digest()
        noise += seed
    return {
        "corrupt": Thing(
            "Price schedule final.docx",
            cut,
            "word",
            office["draft3"].mime,
            states=("corrupt", "truncated"),
            when=_at("2024-02-09 17:00"),
        ),
        "truncated": Thing(
            "furnace logs.zip",
            packed,
            "archive",
            "application/zip",
            role="container",
            states=("truncated", "warnings", "corrupt"),
            children=(rest,),
            when=_at("2024-02-26 05:00"),
        ),
        "empty": Thing(
            "new document.txt",
            b"",
            "text",
            "application/x-empty",
            states=("empty",),
            when=_at("2024-04-01 09:00"),
        ),
        "misnamed": office["signed"].named("old contract.doc"),
        "unknown": Thing(
            "RH-7 pattern.kxd",
            b"KXD\x02" + noise,
            "unknown",
            "application/octet-stream",
            states=("unsupported",),
            when=_at("2023-11-20 10:00"),
        ),
    }
