# SPDX-License-Identifier: LGPL-3.0-or-later
"""A unit of Enhetsregisteret as it is answered (version 2, and 1 of before 2024) read into a ``Unit``.

The register adds keys without notice and leaves a key out where nothing is registered, so every key that
is not known here is passed over, and every known one may be absent, null or of another kind than expected.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from .brreg_value import Address, address_at, date_at, text_at, texts_at

PERSONS = ("ENK", "PERS")  # forms of which the unit is a natural person
SUB_UNITS = ("BEDR", "AAFY")
ESTATES = ("KBO", "BO")
PUBLIC_SECTORS = ("6100", "6500")  # central and local government
PUBLIC_FORMS = ("STAT", "KOMM", "FYLK", "ORGL", "ADOS", "KF", "FKF", "SÆR")
LANGUAGES = {"bokmål": "nb", "nynorsk": "nn"}
# Why a firm is wound up or dissolved by the court, by the key that dates it.
COMPULSORY = {
    "tvangsopplostPgaManglendeDagligLederDato": "manager",
    "tvangsopplostPgaManglendeRevisorDato": "auditor",
    "tvangsopplostPgaManglendeRegnskapDato": "accounts",
    "tvangsopplostPgaMangelfulltStyreDato": "board",
    "tvangsavvikletPgaManglendeSlettingDato": "deletion",
}
SN2025_FROM = date(2026, 1, 1)  # by then every unit had its codes in the standard of 2025
SN2007_UNTIL = date(2025, 1, 1)


class Status(StrEnum):
    """How a unit stands, from best to worst; where several hold, the worst counts."""

    ACTIVE = "active"
    FOREIGN_INSOLVENCY = "foreign_insolvency"
    RECONSTRUCTION = "reconstruction"
    WINDING_UP = "winding_up"
    COMPULSORY_WINDING_UP = "compulsory_winding_up"
    BANKRUPT = "bankrupt"
    DELETED = "deleted"


@dataclass(frozen=True)
class Industry:
    """An industry code. ``standard`` is SN2007 or SN2025; empty for an answer of the year between, when
    the register went over: the answer itself does not say."""

    code: str
    description: str
    standard: str


@dataclass(frozen=True)
class FormerName:
    name: str
    date_from: date | None
    date_to: date | None


@dataclass(frozen=True)
class Unit:
    """A main or sub-unit. Texts are empty and dates None where the register has nothing.

    ``status_date`` says since when the status holds, where that is known. ``employees`` is None where
    nobody knows; with ``employees_hidden`` there are one to four, and the register does not say how many.
    A sub-unit's ``business_address`` is where it lies. ``payload`` is the answer itself and
    ``payload_hash`` changes exactly when something registered does (not by links or their host).
    """

    number: str
    name: str = ""
    status: Status = Status.ACTIVE
    status_date: date | None = None
    legal_form: str = ""
    legal_form_name: str = ""
    is_subunit: bool = False
    parent: str = ""
    business_address: Address | None = None
    postal_address: Address | None = None
    vat_registered: bool = False
    vat_registration_date: date | None = None
    vat_voluntary: tuple[str, ...] = ()
    in_business_register: bool = False
    business_register_date: date | None = None
    in_foundation_register: bool = False
    in_voluntary_register: bool = False
    in_party_register: bool = False
    industries: tuple[Industry, ...] = ()
    sector_code: str = ""
    sector: str = ""
    employees: int | None = None
    employees_hidden: bool = False
    language: str = ""
    homepage: str = ""
    phone: str = ""
    mobile: str = ""
    email: str = ""
    founded: date | None = None
    registered: date | None = None
    started_on: date | None = None
    closed_on: date | None = None
    deleted_on: date | None = None
    bankrupt_on: date | None = None
    compulsory_on: date | None = None
    compulsory_reason: str = ""
    winding_up_on: date | None = None
    reconstruction_on: date | None = None
    foreign_insolvency_on: date | None = None
    former_names: tuple[FormerName, ...] = ()
    last_accounts: str = ""
    activity: str = ""
    purpose: str = ""
    is_group: bool = False
    home_country: str = ""
    home_number: str = ""
    payload_hash: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_person(self) -> bool:
        """Whether the unit is a natural person, whose data are personal data."""
        return self.legal_form in PERSONS

    @property
    def is_estate(self) -> bool:
        """Whether the unit is the estate of a bankrupt or deceased one."""
        return self.legal_form in ESTATES

    @property
    def vat(self) -> str:
        """The VAT number, empty for one that is not registered for VAT.

        >>> Unit("923609016", vat_registered=True).vat, Unit("923609016").vat
        ('NO923609016MVA', '')
        """
        return f"NO{self.number}MVA" if self.vat_registered else ""


def customer_type(unit: Unit, parent: Unit | None = None) -> str:
    """``public`` or ``business``; a unit of the register is never a consumer. The sector decides; only a
    unit without one is judged by its legal form. A sub-unit has neither: its main unit, if given, decides.

    >>> customer_type(Unit("1", legal_form="SÆR", sector_code="6100")), customer_type(Unit("1", legal_form="ORGL"))
    ('public', 'public')
    >>> customer_type(Unit("1", legal_form="SÆR", sector_code="1110"))
    'business'
    """
    if unit.is_subunit and parent:
        return customer_type(parent)
    public = unit.sector_code in PUBLIC_SECTORS if unit.sector_code else unit.legal_form in PUBLIC_FORMS
    return "public" if public else "business"


def parse_unit(payload: Mapping[str, Any], *, received: date | None = None) -> Unit:
    """Read one answer.

    :param received: the day of the answer, today if not given: it tells which industry codes it holds
    :raise ValueError: for what is no unit at all
    """
    number = text_at(payload, "organisasjonsnummer")
    if not number:
        raise ValueError("no organisasjonsnummer")
    status, status_date, reason = _status(payload)
    form, sector = text_at(payload, "organisasjonsform", "kode"), "institusjonellSektorkode"
    employees, hidden = _employees(payload)
    return Unit(
        number=number,
        name=text_at(payload, "navn"),
        status=status,
        status_date=status_date,
        compulsory_reason=reason,
        legal_form=form,
        legal_form_name=text_at(payload, "organisasjonsform", "beskrivelse"),
        is_subunit=form in SUB_UNITS or text_at(payload, "respons_klasse") == "Underenhet",
        parent=text_at(payload, "overordnetEnhet"),
        business_address=address_at(payload, "forretningsadresse") or address_at(payload, "beliggenhetsadresse"),
        postal_address=address_at(payload, "postadresse"),
        vat_voluntary=tuple(texts_at(payload, "frivilligMvaRegistrertBeskrivelser")),
        industries=tuple(_industries(payload, received or date.today())),  # noqa: DTZ011
        sector_code=text_at(payload, sector, "kode"),
        sector=text_at(payload, sector, "beskrivelse"),
        employees=employees,
        employees_hidden=hidden,
        language=LANGUAGES.get(text_at(payload, "maalform").lower(), ""),
        former_names=tuple(_former_names(payload)),
        activity=" ".join(texts_at(payload, "aktivitet")),
        purpose=" ".join(texts_at(payload, "vedtektsfestetFormaal")),
        payload_hash=payload_hash(payload),
        payload=payload,
        **{name: text_at(payload, key) for name, key in TEXTS.items()},
        **{name: date_at(payload, key) for name, key in DATES.items()},
        **{name: payload.get(key) is True for name, key in FLAGS.items()},
        compulsory_on=min(filter(None, (date_at(payload, key) for key in COMPULSORY)), default=None),
    )


TEXTS = {
    "homepage": "hjemmeside",
    "phone": "telefon",
    "mobile": "mobil",
    "email": "epostadresse",
    "last_accounts": "sisteInnsendteAarsregnskap",
    "home_country": "underlagtLovgivningLandKode",
    "home_number": "registreringsnummerIHjemlandet",
}
DATES = {
    "vat_registration_date": "registreringsdatoMerverdiavgiftsregisteret",
    "business_register_date": "registreringsdatoForetaksregisteret",
    "founded": "stiftelsesdato",
    "registered": "registreringsdatoEnhetsregisteret",
    "started_on": "oppstartsdato",
    "closed_on": "nedleggelsesdato",
    "deleted_on": "slettedato",
    "bankrupt_on": "konkursdato",
    "winding_up_on": "underAvviklingDato",
    "reconstruction_on": "underRekonstruksjonsforhandlingDato",
    "foreign_insolvency_on": "underUtenlandskInsolvensbehandlingDato",
}
FLAGS = {
    "vat_registered": "registrertIMvaregisteret",
    "in_business_register": "registrertIForetaksregisteret",
    "in_foundation_register": "registrertIStiftelsesregisteret",
    "in_voluntary_register": "registrertIFrivillighetsregisteret",
    "in_party_register": "registrertIPartiregisteret",
    "is_group": "erIKonsern",
}


PARSER = 1  # counted up when more or other is read from the same answer, so that what was kept is read anew


def payload_hash(payload: Mapping[str, Any]) -> str:
    """A hash of what is registered and of how it is read, whatever order it is answered in.

    >>> payload_hash({"a": 1, "_links": {"self": "x"}}) == payload_hash({"a": 1, "links": []})
    True
    """
    registered = [PARSER, _without_links(payload)]
    return hashlib.sha256(json.dumps(registered, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _without_links(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_links(part) for key, part in value.items() if key not in ("_links", "links")}
    return [_without_links(part) for part in value] if isinstance(value, list) else value


def _status(payload: Mapping[str, Any]) -> tuple[Status, date | None, str]:
    """The status, since when, and the reason of a compulsory one. A date says as much as its flag, for some
    have no flag, unless the flag says no."""
    compulsory = sorted((day, reason) for key, reason in COMPULSORY.items() if (day := date_at(payload, key)))
    day, reason = compulsory[0] if compulsory else (None, "")
    if text_at(payload, "slettedato"):
        return Status.DELETED, date_at(payload, "slettedato"), ""
    if _is_said(payload, "konkurs", "konkursdato"):
        return Status.BANKRUPT, date_at(payload, "konkursdato"), ""
    if payload.get("underTvangsavviklingEllerTvangsopplosning") is True:
        return Status.COMPULSORY_WINDING_UP, day, reason
    if _is_said(payload, "underAvvikling", "underAvviklingDato"):
        return Status.WINDING_UP, date_at(payload, "underAvviklingDato"), ""
    if _is_said(payload, "underRekonstruksjonsforhandling", "underRekonstruksjonsforhandlingDato"):
        return Status.RECONSTRUCTION, date_at(payload, "underRekonstruksjonsforhandlingDato"), ""
    if _is_said(payload, "underUtenlandskInsolvensbehandling", "underUtenlandskInsolvensbehandlingDato"):
        return Status.FOREIGN_INSOLVENCY, date_at(payload, "underUtenlandskInsolvensbehandlingDato"), ""
    return Status.ACTIVE, None, ""


def _is_said(payload: Mapping[str, Any], flag: str, dated: str) -> bool:
    said = payload.get(flag)
    return said is True or (said is None and bool(text_at(payload, dated)))


def _employees(payload: Mapping[str, Any]) -> tuple[int | None, bool]:
    """(number, whether it is hidden). Version 1 always gave a number; version 2 gives none below five and
    says whether there is anybody."""
    number, anybody = payload.get("antallAnsatte"), payload.get("harRegistrertAntallAnsatte")
    if isinstance(number, int) and not isinstance(number, bool):
        return number, False
    return (0 if anybody is False else None), anybody is True


def _industries(payload: Mapping[str, Any], received: date) -> Iterator[Industry]:
    standard = "SN2025" if received >= SN2025_FROM else "SN2007" if received < SN2007_UNTIL else ""
    for key in ("naeringskode1", "naeringskode2", "naeringskode3"):
        if code := text_at(payload, key, "kode"):
            yield Industry(code, text_at(payload, key, "beskrivelse"), standard)


def _former_names(payload: Mapping[str, Any]) -> Iterator[FormerName]:
    names = payload.get("historiskeNavn")
    for value in names if isinstance(names, list) else ():
        if isinstance(value, Mapping) and (name := text_at(value, "navn")):
            yield FormerName(name, date_at(value, "fraDato"), date_at(value, "tilDato"))
