# SPDX-License-Identifier: LGPL-3.0-or-later
"""Norwegian organisation numbers: any spelling in, nine digits and *VAT-registered or not* out.

An organisation number has nine digits, the last one a check digit modulo 11; a unit in the VAT register
writes it with the suffix MVA, and abroad with the prefix NO (https://www.brreg.no, the rules are those of
``stdnum.no``). The patterns are written so that Python and PostgreSQL read them alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from stdnum.exceptions import InvalidChecksum
from stdnum.no import mva
from stdnum.no import orgnr as stdnum_orgnr

# ASCII signs below the digits (space, dot, hyphen, slash …), Latin-1 signs (no-break space, soft hyphen …),
# typographic spaces, dashes and invisible marks
NORWEGIAN_COUNTRIES = ("NO", "SJ")  # Svalbard and Jan Mayen are in the same register
# The fields of a partner that hold the number: the first is the one that counts, the second its mirror.
REGISTRY, MIRROR, VAT = FIELDS = ("company_registry", "l10n_no_bronnoysund_number", "vat")

SEPARATORS = r"[\u0001-\u002f:;\u007f-\u00bf\u2000-\u206f\u2212\ufeff]"
SPELLING = r"(?i)^(?:ORGNR)?(?:NO)?[0-9]{9}(?:MVA)?$"

_ANY_LENGTH = re.compile(r"(?:ORGNR)?(?:NO)?([0-9]+)(MVA)?", re.IGNORECASE)
_CLEARLY_NORWEGIAN = re.compile(r"(?:ORGNR)?(?:NO[0-9]{9}(?:MVA)?|[0-9]{9}MVA)", re.IGNORECASE)
_NINE_DIGITS = re.compile(rf"(?<![0-9])(?=([0-9](?:{SEPARATORS}?[0-9]){{8}})(?![0-9]))")


class OrganisationNumberError(ValueError):
    """What was typed is no organisation number. ``args[0]`` is the text as typed."""


class NotAnOrganisationNumber(OrganisationNumberError):
    """The text holds something else than digits, NO and MVA."""


class WrongLength(OrganisationNumberError):
    """There are not nine digits."""


class BadCheckDigit(OrganisationNumberError):
    """There are nine digits, but the last does not fit the others: one of them is mistyped."""


class DifferentNumbers(OrganisationNumberError):
    """Two fields hold the numbers of two different units: ``args`` has both texts."""


@dataclass(frozen=True)
class OrganisationNumber:
    """A number with a right check digit."""

    digits: str
    vat_registered: bool = False

    @property
    def vat(self) -> str:
        """The number as it belongs in a VAT field: with NO and MVA only when typed as VAT-registered.

        >>> OrganisationNumber("923609016", vat_registered=True).vat, OrganisationNumber("923609016").vat
        ('NO923609016MVA', '923609016')
        """
        return f"NO{self.digits}MVA" if self.vat_registered else self.digits


def parse(text: str) -> OrganisationNumber:
    """Read a number in any spelling.

    >>> parse("NO 923 609 016 mva")
    OrganisationNumber(digits='923609016', vat_registered=True)
    >>> parse("Org.nr. 923.609.016").digits, parse("\uff19\uff12\uff13\u00a0609\u202f016").digits
    ('923609016', '923609016')
    >>> parse("923609017")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    BadCheckDigit: 923609017

    :raise OrganisationNumberError: one of its three kinds
    """
    match = _ANY_LENGTH.fullmatch(_compact(text))
    if not match:
        raise NotAnOrganisationNumber(text)
    digits, suffix = match.groups()
    if len(digits) != 9:
        raise WrongLength(text)
    try:
        (mva if suffix else stdnum_orgnr).validate(digits + (suffix or ""))
    except InvalidChecksum:
        raise BadCheckDigit(text) from None
    return OrganisationNumber(digits, vat_registered=bool(suffix))


def is_clearly_norwegian(text: str) -> bool:
    """Whether the spelling alone, without a country, says that this is a Norwegian number. Nine bare
    digits do not: French, Portuguese and other numbers have as many.

    >>> [is_clearly_norwegian(text) for text in ("NO 923609016", "923609016 MVA", "923 609 016", "NO12")]
    [True, True, False, False]
    """
    return bool(_CLEARLY_NORWEGIAN.fullmatch(_compact(text)))


def candidates(text: str) -> list[str]:
    """The valid numbers in a free text, in order, each once, as nine digits.

    >>> candidates("Equinor ASA (923 609 016), tlf. 51 99 00 00, NO974760673MVA, 923609017")
    ['923609016', '974760673']
    """
    text = unicodedata.normalize("NFKC", text)
    found = (re.sub(r"[^0-9]", "", match.group(1)) for match in _NINE_DIGITS.finditer(text))
    return list(dict.fromkeys(digits for digits in found if stdnum_orgnr.is_valid(digits)))


def is_norwegian(country_code: str | None, values: Mapping[str, str | None]) -> bool:
    """Whether a unit in this country, with these numbers in ``FIELDS``, is one of the Norwegian register.

    >>> is_norwegian("SJ", {}), is_norwegian("SE", {"vat": "NO923609016MVA"})
    (True, False)
    >>> is_norwegian(None, {"vat": "NO923609016MVA"}), is_norwegian(None, {"vat": "923609016"})
    (True, False)
    """
    if country_code:
        return country_code in NORWEGIAN_COUNTRIES
    return bool(values.get(MIRROR)) or any(is_clearly_norwegian(values.get(field) or "") for field in FIELDS)


def number_of(values: Mapping[str, str | None]) -> str | None:
    """The one number of a unit: that of the first of ``FIELDS`` that holds a valid one.

    >>> number_of({"company_registry": "ukjent", "vat": "NO923609016MVA"})
    '923609016'
    """
    for field in FIELDS:
        with suppress(OrganisationNumberError):
            if number := _read(values, field):
                return number.digits
    return None


def complete(typed: Mapping, current: Mapping, *, is_branch: bool = False) -> dict:
    """What to store in ``FIELDS`` when some of them are typed for a Norwegian unit.

    The number goes to the registry field and its mirror as nine digits, whichever field it was typed in.
    The VAT field says NO…MVA where MVA was typed, in any field; a number typed there without MVA stays as
    nine digits: nothing is known of VAT registration. Except in a branch, which has its own organisation
    number and its owner's VAT number, the two are of the same unit, and the one typed takes the other along.
    A single character ("/": not subject to VAT) is no number and stays.

    >>> stored = complete({"vat": "NO 923 609 016 MVA"}, {})
    >>> [stored[field] for field in FIELDS]
    ['923609016', '923609016', 'NO923609016MVA']
    >>> complete({"company_registry": "974 760 673"}, {"vat": "NO923609016MVA"})["vat"]
    'NO974760673MVA'

    :param typed: the fields being written, with what was typed (None or "" clears)
    :param current: the fields as they are
    :return: ``typed`` completed
    :raise OrganisationNumberError: one of its four kinds
    """
    registry, mirror, vat = (_read(typed, field) for field in FIELDS)
    if registry and mirror and registry.digits != mirror.digits:
        raise DifferentNumbers(typed[REGISTRY], typed[MIRROR])
    registry = registry or mirror
    if registry and vat and registry.digits != vat.digits and not is_branch:
        raise DifferentNumbers(typed.get(REGISTRY) or typed[MIRROR], typed[VAT])
    stored = dict(typed)
    if vat_number := _follow(registry, vat, current if VAT not in typed and not is_branch else {}):
        stored[VAT] = vat_number
    has_its_own = is_branch and len(current.get(REGISTRY) or "") > 1
    number = registry or (None if has_its_own else vat)
    if number:
        stored[REGISTRY] = stored[MIRROR] = number.digits
    elif REGISTRY in typed:
        stored[MIRROR] = None
    elif MIRROR in typed:
        stored[MIRROR] = current.get(REGISTRY)
    return stored


def _follow(registry, vat, current) -> str | None:
    """What the VAT field becomes when these numbers are typed, None if nothing else than it is."""
    if registry and registry.vat_registered:
        return registry.vat
    if registry:
        with suppress(OrganisationNumberError):
            if before := _read(current, VAT):
                return replace(before, digits=registry.digits).vat
    return vat and vat.vat


def _read(values: Mapping[str, str | None], field: str) -> OrganisationNumber | None:
    text = values.get(field) or ""
    return parse(text) if len(text) > 1 else None


def _compact(text: str) -> str:
    return re.sub(SEPARATORS, "", unicodedata.normalize("NFKC", text))
