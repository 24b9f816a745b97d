# SPDX-License-Identifier: LGPL-3.0-or-later
"""Invented firms for the stand-in register: the same for the same seed and number, made when asked for.

Numbers begin with 3, a series that Enhetsregisteret keeps for synthetic data, and have valid check digits.
Of a thousand firms about 30 are deleted, 15 bankrupt, 15 winding up, 10 wound up by the court, 3 in
reconstruction or under foreign insolvency, 3 withdrawn on legal grounds; 100 are sub-units. Nothing here
is anybody's: addresses and names are put together from lists of words, e-mail lies below ``.example``.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator

from dev.brreg_places import INDUSTRIES, PLACES

BASE_URL = "https://data.brreg.no/enhetsregisteret/api"
WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
FIRST = 31_100_000
FORMS = {
    "AS": "Aksjeselskap", "ASA": "Allmennaksjeselskap", "ENK": "Enkeltpersonforetak",
    "ANS": "Ansvarlig selskap med solidarisk ansvar", "DA": "Ansvarlig selskap med delt ansvar",
    "NUF": "Norskregistrert utenlandsk foretak", "UTLA": "Utenlandsk enhet", "SA": "Samvirkeforetak",
    "FLI": "Forening/lag/innretning", "STI": "Stiftelse", "KOMM": "Kommune", "FYLK": "Fylkeskommune",
    "ORGL": "Organisasjonsledd", "STAT": "Staten", "KF": "Kommunalt foretak", "FKF": "Fylkeskommunalt foretak",
    "SÆR": "Annet foretak iflg. særskilt lov", "KBO": "Konkursbo",
    "BEDR": "Underenhet til næringsdrivende og offentlig forvaltning",
    "AAFY": "Underenhet til ikke-næringsdrivende",
}  # fmt: skip
SECTORS = {
    "6100": "Statsforvaltningen", "6500": "Kommuneforvaltningen", "2100": "Private aksjeselskaper mv.",
    "2300": "Private produsentorienterte organisasjoner uten profittformål",
    "7000": "Ideelle organisasjoner", "8200": "Personlig næringsdrivende", "1120": "Statlig eide aksjeselskaper mv.",
    "1520": "Kommunalt eide aksjeselskaper mv.", "1110": "Statens forretningsdrift",
}  # fmt: skip
SECTOR_OF = {"AS": "2100", "ASA": "2100", "ENK": "8200", "ANS": "2300", "DA": "2300", "SA": "2100", "FLI": "7000",
             "STI": "7000", "KOMM": "6500", "FYLK": "6500", "KF": "6500", "FKF": "6500", "STAT": "6100"}  # fmt: skip
MAIN_FORMS = ["AS"] * 60 + ["ENK"] * 22 + ["FLI"] * 5 + ["DA", "ANS", "SA", "STI", "ASA", "NUF", "NUF", "UTLA",
              "KOMM", "ORGL", "ORGL", "KF", "SÆR"]  # fmt: skip
STATES = (["deleted"] * 30 + ["bankrupt"] * 15 + ["winding_up"] * 15 + ["compulsory"] * 10 + ["reconstruction"] * 2
          + ["foreign_insolvency"] + ["withdrawn"] * 3 + ["active"] * 924)  # fmt: skip
NATURE = """Aske Bekke Bjørke Brim Dal Eike Elve Falke Fjell Flo Foss Furu Gran Grå Hassel Havørn Hegg Is Jerv
 Kvit Lang Lerke Lyng Mose Måke Nord Orre Ravn Rein Rogn Sel Ske Sol Stein Stor Svane Tinde Ty Tåke Ulv Vind Ørn
 Åker År""".split()
PLACE_WORDS = "berget botn dalen eid fossen haugen kollen lia moen myra neset odden rud sletta tangen vika åsen".split()
TRADES = """Anlegg Bakeri Bygg Data Eiendom Elektro Fisk Frukt Gartneri Hotell Interiør Kafé Konsult Maskin
 Mekaniske Mote Optikk Regnskap Rør Sag Snekkeri Sport Sveis Taxi Transport Trykk Verksted Verft""".split()
MAIN_FLAGS = """registrertIForetaksregisteret registrertIStiftelsesregisteret registrertIFrivillighetsregisteret
 registrertIPartiregisteret konkurs underAvvikling underTvangsavviklingEllerTvangsopplosning erIKonsern""".split()
STREETS = "Bakke Brygge Fabrikk Havne Industri Kirke Kvern Mølle Sjø Skole Stasjons Stor Torg Verksted".split()
FOREIGN = [("DK", "Danmark", "2400 KØBENHAVN NV"), ("SE", "Sverige", "SE-411 05 GÖTEBORG"),
           ("GB", "Storbritannia", "SW1Y 5EA LONDON"), ("DE", "Tyskland", "D-20457 HAMBURG"),
           ("US", "USA", "HOUSTON, TX 77002")]  # fmt: skip


def number(prefix: int) -> str | None:
    """The organisation number that begins with eight digits; None where no check digit fits.

    >>> number(92360901)
    '923609016'
    """
    text = f"{prefix:08}"
    rest = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, text)) % 11
    return None if rest == 1 else text + str((11 - rest) % 11)


def is_number(text: str) -> bool:
    return len(text) == 9 and text.isascii() and text.isdigit() and number(int(text[:8])) == text


class Firms:
    """``size`` firms with consecutive numbers; nothing is kept but what is asked for at the moment."""

    def __init__(self, size: int = 1_000, seed: int = 1, first: int = FIRST, today: datetime.date | None = None):
        self.size, self.seed, self.first = size, seed, first
        self.today = today or datetime.datetime.now().astimezone().date()
        # one prefix in eleven has no check digit
        self.end = first + size * 11 // 10 + 11

    def numbers(self) -> Iterator[str]:
        """The first ``size`` numbers."""
        found = (made for prefix in range(self.first, self.end) if (made := number(prefix)))
        return (made for made, _place in zip(found, range(self.size)))

    def __contains__(self, orgnr: str) -> bool:
        return self.first <= int(orgnr[:8]) < self.end

    def state(self, orgnr: str) -> str:
        return self._random(orgnr).choice(STATES)

    def get(self, orgnr: str) -> dict | None:
        """What the register answers for a number, None for one that is not here. A withdrawn one has a
        ``slettedato`` and no name; a sub-unit a ``beliggenhetsadresse``."""
        if orgnr not in self:
            return None
        chance = self._random(orgnr)
        state = chance.choice(STATES)
        day = self._day(chance, 5, 700)
        if state == "withdrawn":
            return {"organisasjonsnummer": orgnr, "slettedato": day}
        if chance.random() < 0.1:
            return self._sub_unit(orgnr, chance, day if state == "deleted" else None)
        form = chance.choice(MAIN_FORMS)
        name = self._name(chance, form)
        if state == "deleted":
            return deleted(unit(orgnr, name, form), day)
        firm = self._unit(orgnr, chance, form, name)
        change = {
            "bankrupt": {"konkurs": True, "konkursdato": day},
            "winding_up": {"underAvvikling": True, "underAvviklingDato": day},
            "compulsory": {
                "underTvangsavviklingEllerTvangsopplosning": True,
                "tvangsopplostPgaManglendeRegnskapDato": day,
            },
            "reconstruction": {"underRekonstruksjonsforhandlingDato": day},
            "foreign_insolvency": {"underUtenlandskInsolvensbehandlingDato": day},
        }.get(state, {})
        if state == "bankrupt":
            change["registrertIMvaregisteret"] = False
            firm.pop("registreringsdatoMerverdiavgiftsregisteret", None)
        return firm | change

    def name(self, orgnr: str) -> str:
        return (self.get(orgnr) or {}).get("navn", "")

    def _random(self, orgnr: str) -> random.Random:
        return random.Random(int(orgnr) * 1_000_003 + self.seed)

    def _day(self, chance: random.Random, newest: int, oldest: int) -> str:
        return (self.today - datetime.timedelta(days=chance.randint(newest, oldest))).isoformat()

    def _name(self, chance: random.Random, form: str) -> str:
        word = chance.choice(NATURE) + chance.choice(PLACE_WORDS)
        match form:
            case "KOMM":
                return f"{word} kommune".upper()
            case "ORGL":
                return f"{word} skole".upper()
            case "KF":
                return f"{word} kommunale eiendom KF".upper()
            case "FLI":
                return f"{word} idrettslag".upper()
            case "STI" | "SÆR" | "ENK" | "UTLA":
                return f"{word} {chance.choice(TRADES)}".upper()
            case _:
                return f"{word} {chance.choice(TRADES)} {form}".upper()

    def _unit(self, orgnr: str, chance: random.Random, form: str, name: str) -> dict:
        if form in ("NUF", "UTLA") and chance.random() < 0.7:
            code, land, town = chance.choice(FOREIGN)
            address = {
                "land": land,
                "landkode": code,
                "poststed": town,
                "adresse": [f"Harbour Street {chance.randint(1, 99)}"],
            }
            return unit(orgnr, name, form, address, registrertIMvaregisteret=False)
        vat = form in ("AS", "ASA", "ANS", "DA", "KF") or chance.random() < 0.4
        firm = unit(
            orgnr,
            name,
            form,
            norwegian_address(chance, f"{chance.choice(STREETS)}gata {chance.randint(1, 120)}"),
            industry=chance.choice(INDUSTRIES),
            sector={"ORGL": chance.choice(["6100", "6500"]), "SÆR": chance.choice(["1110", "6100"])}.get(form, ""),
            registrertIMvaregisteret=vat,
            registrertIForetaksregisteret=form not in ("ENK", "FLI", "KOMM", "ORGL"),
            maalform="Nynorsk" if chance.random() < 0.12 else "Bokmål",
            **employees(chance.choice([0, 2, 3, 7, 12, 40, 180])),
        )
        if vat:
            firm["registreringsdatoMerverdiavgiftsregisteret"] = self._day(chance, 100, 6000)
        if form in ("AS", "ASA", "SA", "ANS", "DA"):
            firm["stiftelsesdato"] = self._day(chance, 800, 9000)
        if chance.random() < 0.17:
            firm["postadresse"] = norwegian_address(chance, f"Postboks {chance.randint(1, 999)}")
        if chance.random() < 0.3:
            plain = "".join(
                letter for letter in name.lower().translate(str.maketrans("æøåé", "aoae")) if letter.isalnum()
            )
            firm |= {"hjemmeside": f"www.{plain}.example", "epostadresse": f"post@{plain}.example"}
            firm["telefon"] = f"22 {chance.randint(10, 99)} {chance.randint(10, 99)} {chance.randint(10, 99)}"
        return firm

    def _sub_unit(self, orgnr: str, chance: random.Random, deleted_on: str | None) -> dict:
        parent = next(made for prefix in range(int(orgnr[:8]) - 1, 0, -1) if (made := number(prefix)))
        name = self._name(chance, "AS").removesuffix(" AS") + " AVD " + chance.choice(PLACES)[1].upper()
        firm = unit(orgnr, name, "BEDR", industry=chance.choice(INDUSTRIES), **employees(chance.choice([0, 2, 9])))
        if deleted_on:
            return deleted(firm, deleted_on) | {"nedleggelsesdato": deleted_on}
        return firm | {
            "beliggenhetsadresse": norwegian_address(chance, f"{chance.choice(STREETS)}veien {chance.randint(1, 90)}"),
            "overordnetEnhet": parent,
            "oppstartsdato": self._day(chance, 300, 5000),
        }


def employees(count: int) -> dict:
    """The register does not say how many, where there are fewer than five."""
    return {"harRegistrertAntallAnsatte": count > 0} | ({"antallAnsatte": count} if count > 4 else {})


def norwegian_address(chance: random.Random, line: str) -> dict:
    return place_address(chance.choice(PLACES[1:]), line)


def place_address(place: tuple[str, ...], line: str) -> dict:
    """:param place: postal code, town, municipality number and name"""
    code, town, number_, municipality = place[:4]
    return {"land": "Norge", "landkode": "NO", "postnummer": code, "poststed": town.upper(), "adresse": [line],
            "kommune": municipality.upper(), "kommunenummer": number_}  # fmt: skip


def unit(
    orgnr: str, name: str, form: str, address: dict | None = None, industry=None, sector: str = "", **more
) -> dict:
    """An answer in the register's shape of 2026."""
    is_sub = form in ("BEDR", "AAFY")
    path = "underenheter" if is_sub else "enheter"
    sector = sector or SECTOR_OF.get(form, "")
    firm = {
        "organisasjonsnummer": orgnr,
        "navn": name.upper(),
        "organisasjonsform": {"kode": form, "beskrivelse": FORMS[form],
                              "_links": {"self": {"href": f"{BASE_URL}/organisasjonsformer/{form}"}}},
        "registreringsdatoEnhetsregisteret": "2011-03-15",
        "registrertIMvaregisteret": False,
        "harRegistrertAntallAnsatte": False,
        "_links": {"self": {"href": f"{BASE_URL}/{path}/{orgnr}"}},
        "respons_klasse": "Underenhet" if is_sub else "Enhet",
    }  # fmt: skip
    if not is_sub:
        firm |= dict.fromkeys(MAIN_FLAGS, False)
        firm |= {"historiskeNavn": [], "maalform": "Bokmål", "paategninger": []}
    if address:
        firm["forretningsadresse"] = address
    if industry:
        firm["naeringskode1"] = {"kode": industry[0], "beskrivelse": industry[1]}
    if sector:
        firm["institusjonellSektorkode"] = {"kode": sector, "beskrivelse": SECTORS[sector]}
    return firm | more


def deleted(firm: dict, day: str) -> dict:
    """What is left of a firm's answer once it is deleted."""
    kept = ("organisasjonsnummer", "navn", "organisasjonsform", "historiskeNavn", "_links")
    return {key: firm[key] for key in kept if key in firm} | {"slettedato": day, "respons_klasse": "SlettetEnhet"}
