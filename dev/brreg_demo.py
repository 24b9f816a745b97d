# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the stand-in register says of the demo company's customers: the same as the customer file, except
where the demo is to show a difference. Also the demo's streets for the stand-in address search."""

from __future__ import annotations

import datetime
import importlib.util
import random
from types import ModuleType

from dev.brreg_firms import deleted, employees, place_address, unit
from dev.brreg_places import INDUSTRIES, PLACES
from dev.cache import ADDON

OWN = (
    ("310419990", "Fjordlys Handel AS", "5006", "Kaigata 14"),
    ("310419982", "Fjordlys Service AS", "5039", "Verkstedveien 3"),
)
FORM_OF_PUBLIC = {"kommune": ("KOMM", "6500"), "fylkeskommune": ("FYLK", "6500"), "KF": ("KF", "6500")}
MUNICIPALITIES = {place[0]: place[2:4] for place in PLACES}
# Streets that the address search spells otherwise than the customer file, or does not know.
STREETS_OTHERWISE = {"Grønnegata 51": "Grønnegata 51B", "Fossegata 7": "Fossgata 7"}
STREETS_UNKNOWN = ("Pukkverksveien 1", "Knausen 100", "Ytterskjæret 1")


def customers() -> ModuleType:
    """The demo company's customers; imported by path, because the addon itself needs Odoo."""
    spec = importlib.util.spec_from_file_location("kundekartotek_demo_customers", ADDON / "demo" / "customers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def firms(today: datetime.date) -> dict[str, dict]:
    """The register's answers by organisation number."""
    found = {orgnr: unit(orgnr, name, "AS", _address(code, "Bergen", street), INDUSTRIES[5],
                         registrertIMvaregisteret=True, registrertIForetaksregisteret=True)
             for orgnr, name, code, street in OWN}  # fmt: skip
    for kind, row, orgnr in customers().numbered():
        found[orgnr] = _firm(kind, row, orgnr)
    by_name = {firm["navn"]: orgnr for orgnr, firm in found.items()}
    for name, change in differences(today).items():
        orgnr = by_name[name.upper()]
        found[orgnr] = deleted(found[orgnr], change["slettedato"]) if "slettedato" in change else found[orgnr] | change
    return found


def differences(today: datetime.date) -> dict[str, dict]:
    """What the register says otherwise than the customer file, by the customer's name in it."""

    def ago(days: int) -> str:
        return (today - datetime.timedelta(days=days)).isoformat()

    return {
        "Blåskjell Restaurant AS": {"konkurs": True, "konkursdato": ago(6), "registrertIMvaregisteret": False},
        "Flintøksa Antikk ENK": {"slettedato": ago(40)},
        "Kvernhuset Kafé DA": {"underAvvikling": True, "underAvviklingDato": ago(21)},
        "Issvullen Sport AS": {"underTvangsavviklingEllerTvangsopplosning": True,
                               "tvangsopplostPgaManglendeRegnskapDato": ago(12)},
        "Kvitsand Transport AS": {"forretningsadresse": _address("8514", "Narvik", "Framnesveien 41")},
        "Havgløtt Reiser AS": {"navn": "HAVGLØTT REISER OG OPPLEVELSER AS", "historiskeNavn": [
            {"navn": "HAVGLØTT REISER AS", "fraDato": "2011-03-15 09:00:00", "tilDato": f"{ago(30)} 10:12:00"}]},
        "Halmstrå Gårdsdrift DA": {"registrertIMvaregisteret": False},
        "Linerla Barnehage SA": {"registrertIMvaregisteret": True},
        "Bergfrua Eiendom AS": {"postadresse": _address("0101", "Oslo", "Postboks 1212 Sentrum")},
        "Tangrand Verft AS": {"antallAnsatte": 214, "harRegistrertAntallAnsatte": True, "maalform": "Nynorsk"},
    }  # fmt: skip


def streets() -> list[tuple[str, str, str, str, str]]:
    """What the stand-in address search knows: street with number, postal code, town, municipality number
    and name."""
    module = customers()
    rows = [row[:4] for row in module.BUSINESSES + module.CONSUMERS + module.PUBLIC]
    return [(STREETS_OTHERWISE.get(street, street), code, town, *MUNICIPALITIES.get(code, ("", town)))
            for _name, street, code, town in rows if street not in STREETS_UNKNOWN]  # fmt: skip


def _firm(kind: str, row: tuple, orgnr: str) -> dict:
    name, street, code, town, _habit, _rate, amount = row
    chance = random.Random(orgnr)
    form, sector = name.rpartition(" ")[2], ""
    if kind == "public":
        form, sector = FORM_OF_PUBLIC.get(form, ("ORGL", "6100" if name.startswith("Direktorat") else "6500"))
    vat = kind == "business" and form != "SA"
    firm = unit(
        orgnr, name, form, _address(code, town, street), chance.choice(INDUSTRIES), sector,
        registrertIMvaregisteret=vat, registrertIForetaksregisteret=form in ("AS", "ANS", "DA", "SA", "KF"),
        **employees(chance.choice([0, 3, 6]) if amount < 15_000 else chance.randint(8, 90)),
    )  # fmt: skip
    plain = "".join(sign for sign in name.lower().translate(str.maketrans("æøåé", "aoae")) if sign.isalnum())
    firm |= {"hjemmeside": f"www.{plain}.example", "epostadresse": f"post@{plain}.example", "telefon": "22 33 44 55"}
    return firm | ({"registreringsdatoMerverdiavgiftsregisteret": "2011-04-01"} if vat else {})


def _address(code: str, town: str, street: str) -> dict:
    return place_address((code, town, *MUNICIPALITIES.get(code, ("", town))), street)
