"""The people and firms of the dispute. All fictional; every domain is a reserved one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A correspondent: display name, address, and the lines below a mail."""

    name: str
    address: str
    signature: str = ""
    client: str = "Corvid Mail 4.2"

    @property
    def full(self) -> str:
        """``Name <address>``."""
        return f"{self.name} <{self.address}>"


_ACME = "Acme Turbines plc, Harwick Works"
_NOTICE = (
    "This message is intended only for the addressee. If you received it in error, please tell"
    " the sender and delete it. Acme Turbines plc is registered in Harwick."
)
_BRENNHOF = (
    "Brennhof Guss GmbH, Am Hochofen 7, Hagenfeld. Geschäftsführer: Jürgen Maßmann."
    " Diese E-Mail kann vertrauliche Informationen enthalten."
)
_LAW = (
    "PRIVILEGED AND CONFIDENTIAL. ATTORNEY-CLIENT COMMUNICATION. If you are not the intended"
    " recipient, do not read, copy or use this message."
)

PEOPLE: dict[str, Person] = {
    "jane": Person("Jane Roe", "jane.roe@acme.example", f"Jane Roe\nHead of Procurement\n{_ACME}"),
    "john": Person("John Doe", "john.doe@acme.example", f"John Doe\nPlant Controller\n{_ACME}"),
    "stone": Person(
        "Victor Stone", "victor.stone@acme.example", "V. Stone\nChief Operating Officer"
    ),
    "nair": Person(
        "Priya Nair", "priya.nair@acme.example", f"Priya Nair\nQuality Engineering\n{_ACME}"
    ),
    "osei": Person(
        "Nadia Osei", "nadia.osei@acme.example", f"Nadia Osei\nGeneral Counsel\n{_ACME}"
    ),
    "rivera": Person(
        "Tomás Rivera",
        "tomas.rivera@acme.example",
        "Tomás Rivera\nJefe de montaje\nAcme Turbines Ibérica",
    ),
    "helpdesk": Person(
        "IT Service Desk", "helpdesk@acme.example", "IT Service Desk, extension 4040"
    ),
    "site": Person("Harwick Facilities", "facilities@acme.example", "Facilities, Harwick Works"),
    "staff": Person("All Harwick staff", "all-harwick@acme.example"),
    "warehouse": Person("Owen Pryce", "owen.pryce@acme.example", "Owen Pryce\nGoods Inwards"),
    "travel": Person("Travel Desk", "travel@acme.example", "Travel Desk"),
    "counsel": Person(
        "Margaret Hale",
        "counsel@lawfirm.example",
        f"Margaret Hale\nPartner, Hale Whitcombe LLP\n\n{_LAW}",
    ),
    "associate": Person(
        "Simon Whitcombe",
        "s.whitcombe@lawfirm.example",
        f"Simon Whitcombe\nHale Whitcombe LLP\n\n{_LAW}",
    ),
    "kessler": Person(
        "Dieter Kessler",
        "d.kessler@brennhof.example",
        f"Dieter Kessler\nVertriebsleiter\n\n{_BRENNHOF}",
    ),
    "vogt": Person(
        "Anneliese Vogt",
        "a.vogt@brennhof.example",
        f"Anneliese Vogt\nQualitätssicherung\n\n{_BRENNHOF}",
    ),
    "massmann": Person(
        "Jürgen Maßmann",
        "j.massmann@brennhof.example",
        f"Jürgen Maßmann\nGeschäftsführer\n\n{_BRENNHOF}",
    ),
    "marchand": Person(
        "Hélène Marchand",
        "h.marchand@lagarde.example",
        "Hélène Marchand\nTransports Lagarde SARL\nQuai des Brumes, Port-Lagarde",
    ),
    "sato": Person(
        "佐藤 遥", "sato@tsukikage.test", "佐藤 遥\n株式会社月影精密\n品質保証部", "Hotaru Mail 2.1"
    ),
    "petrova": Person(
        "Ирина Петрова",
        "i.petrova@baltport.example",
        "Ирина Петрова\nБалтпорт Экспедиция",
        "Snegir 1.9",
    ),
    "chen": Person("陈伟", "chen.wei@haitang.test", "陈伟\n海棠铸造有限公司 销售部", "Lantern 3"),
    "lund": Person("Erik Lund", "erik.lund@skerry.example", "Erik Lund\nSkerry Offshore AS"),
    "press": Person("Casting Weekly", "newsletter@castingweekly.test"),
    "bank": Person("Harwick Mutual", "statements@harwickmutual.example", "Business Banking"),
}

NOTICES = {"acme.example": _NOTICE}

CUSTODIANS = {"jane": "Jane Roe", "john": "John Doe"}
