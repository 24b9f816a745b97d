# SPDX-License-Identifier: LGPL-3.0-or-later
"""Fylker of 2024 from postal codes and municipality numbers.

Sources: the postal code register (Postnummerregisteret, Bring/Posten, licence NLOD, as of 2026-05-26)
for which municipality a postal code lies in; the first two digits of a municipality number are its fylke.
"""
from __future__ import annotations

import re
from bisect import bisect_right

ABROAD = "abroad"

REGIONS = (
    ("03", "Oslo"), ("11", "Rogaland"), ("15", "Møre og Romsdal"), ("18", "Nordland"), ("31", "Østfold"),
    ("32", "Akershus"), ("33", "Buskerud"), ("34", "Innlandet"), ("39", "Vestfold"), ("40", "Telemark"),
    ("42", "Agder"), ("46", "Vestland"), ("50", "Trøndelag"), ("55", "Troms"), ("56", "Finnmark"),
    ("21", "Svalbard"), ("22", "Jan Mayen"),
)

# First and last postal code of each run of codes in use that lie in one fylke. A code between two runs
# was never in use near the border, so nobody knows its side.
POSTAL_RANGES = (
    ("0001", "1295", "03"), ("1300", "1488", "32"), ("1501", "1539", "31"), ("1540", "1556", "32"),
    ("1560", "1894", "31"), ("1900", "2094", "32"), ("2100", "2134", "34"), ("2150", "2170", "32"),
    ("2201", "2712", "34"), ("2713", "2713", "32"), ("2714", "2714", "34"), ("2715", "2717", "32"),
    ("2718", "2718", "34"), ("2720", "2743", "32"), ("2750", "2985", "34"), ("3001", "3066", "33"),
    ("3070", "3074", "39"), ("3075", "3075", "33"), ("3076", "3297", "39"), ("3300", "3428", "33"),
    ("3430", "3490", "32"), ("3501", "3519", "33"), ("3520", "3521", "32"), ("3522", "3522", "34"),
    ("3523", "3526", "33"), ("3528", "3528", "34"), ("3529", "3648", "33"), ("3650", "3999", "40"),
    ("4001", "4399", "11"), ("4400", "4443", "42"), ("4460", "4465", "11"), ("4473", "4994", "42"),
    ("5003", "5499", "46"), ("5501", "5549", "11"), ("5550", "5559", "46"), ("5560", "5589", "11"),
    ("5590", "5594", "46"), ("5595", "5595", "11"), ("5596", "5994", "46"), ("6001", "6656", "15"),
    ("6657", "6659", "50"), ("6670", "6675", "15"), ("6680", "6688", "50"), ("6689", "6699", "15"),
    ("6700", "6751", "46"), ("6761", "6763", "15"), ("6770", "6996", "46"), ("7003", "7973", "50"),
    ("7979", "7983", "18"), ("7985", "7995", "50"), ("8001", "8098", "18"), ("8099", "8099", "22"),
    ("8100", "8408", "18"), ("8409", "8409", "55"), ("8410", "8986", "18"), ("9006", "9169", "55"),
    ("9170", "9178", "21"), ("9180", "9185", "55"), ("9186", "9186", "56"), ("9187", "9498", "55"),
    ("9501", "9991", "56"),
)
_STARTS = [first for first, _last, _region in POSTAL_RANGES]
_CODES = frozenset(code for code, _name in REGIONS)

# Written alike in Python and PostgreSQL: the four digits of "0150", "N-0150", "NO 0150".
POSTAL_CODE_REGEX = r"^\s*(?:[Nn][Oo]?[- ]?)?([0-9]{4})\s*$"

# Norway, and Svalbard and Jan Mayen, whose postal codes are Norwegian ones.
DOMESTIC_COUNTRIES = ("NO", "SJ")


def region_of_postal_code(postal_code: str | None) -> str:
    """The fylke of a Norwegian postal code, as its two-digit code of 2024; empty where unknown.

    >>> region_of_postal_code("5003"), region_of_postal_code("NO-0150"), region_of_postal_code("9170")
    ('46', '03', '21')
    >>> region_of_postal_code("0000"), region_of_postal_code("15"), region_of_postal_code(None)
    ('', '', '')
    """
    found = re.match(POSTAL_CODE_REGEX, postal_code or "")
    if not found:
        return ""
    position = bisect_right(_STARTS, found[1]) - 1
    if position < 0 or found[1] > POSTAL_RANGES[position][1]:
        return ""
    return POSTAL_RANGES[position][2]


def region_of_municipality(number: str | None) -> str:
    """The fylke of a four-digit municipality number of 2024 or later; empty for a retired or unknown one.

    >>> region_of_municipality("4601"), region_of_municipality("3005"), region_of_municipality("")
    ('46', '', '')
    """
    code = (number or "")[:2]
    return code if code in _CODES and re.fullmatch(r"[0-9]{4}", number or "") else ""


def region_of(country: str | None, postal_code: str | None, municipality: str | None = None) -> str:
    """Where somebody is: a fylke, ``abroad``, or empty where unknown. Without a country, as in many old
    files, a Norwegian address is meant.

    >>> region_of("NO", "7030"), region_of(None, "7030"), region_of("SE", "7030"), region_of("NO", "")
    ('50', '50', 'abroad', '')
    >>> region_of("NO", "0150", municipality="3201")
    '32'
    """
    if country and country not in DOMESTIC_COUNTRIES:
        return ABROAD
    return region_of_municipality(municipality) or region_of_postal_code(postal_code)
