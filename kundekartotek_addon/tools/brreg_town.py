# SPDX-License-Identifier: LGPL-3.0-or-later
"""Foreign postal codes that the register writes into the town: "2400 KØBENHAVN NV", "SW1Y 5EA LONDON"."""

from __future__ import annotations

import re

# Country: its letters before a code (besides its own two) and the code itself. Countries that write the
# code last or in a region's line (US, CA, AU …) are not here: there nothing is certain.
CODES = {
    "AT": ("A", r"\d{4}"),
    "BE": ("B", r"\d{4}"),
    "CH": ("CH", r"\d{4}"),
    "CZ": ("CZ", r"\d{3} ?\d{2}"),
    "DE": ("D", r"\d{5}"),
    "DK": ("DK", r"\d{4}"),
    "EE": ("EE", r"\d{5}"),
    "ES": ("E", r"\d{5}"),
    "FI": ("FIN", r"\d{5}"),
    "FO": ("FO", r"\d{3}"),
    "FR": ("F", r"\d{5}"),
    "GB": ("GB", r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"),
    "GL": ("GL", r"\d{4}"),
    "IS": ("IS", r"\d{3}"),
    "IT": ("I", r"\d{5}"),
    "LT": ("LT", r"\d{5}"),
    "LU": ("L", r"\d{4}"),
    "LV": ("LV", r"\d{4}"),
    "NL": ("NL", r"\d{4} ?(?!DE\b)[A-Z]{2}"),  # "3730 DE BILT" may be a code without its letters
    "PL": ("PL", r"\d{2}-\d{3}"),
    "PT": ("P", r"\d{4}-\d{3}"),
    "SE": ("S", r"\d{3} ?\d{2}"),
    "SK": ("SK", r"\d{3} ?\d{2}"),
}
_TRAILING = ("GB",)  # also written after the town


def split_town(country: str, town: str) -> tuple[str, str]:
    """(postal code, town) where it is certain which is which, else ("", the whole).

    >>> split_town("DK", "2400 KØBENHAVN NV"), split_town("DK", "DK-8700 HORSENS")
    (('2400', 'KØBENHAVN NV'), ('8700', 'HORSENS'))
    >>> split_town("GB", "SW1Y 5EA LONDON"), split_town("GB", "LONDON SW1Y 5EA"), split_town("SE", "671 30 ARVIKA")
    (('SW1Y 5EA', 'LONDON'), ('SW1Y 5EA', 'LONDON'), ('671 30', 'ARVIKA'))
    >>> split_town("US", "HOUSTON, TX 77002"), split_town("DK", "240 KØBENHAVN"), split_town("DK", "2400")
    (('', 'HOUSTON, TX 77002'), ('', '240 KØBENHAVN'), ('', '2400'))
    >>> split_town("SE", "DK-8700 HORSENS")
    ('', 'DK-8700 HORSENS')
    """
    if country not in CODES:
        return "", town
    letters, code = CODES[country]
    before = rf"(?:(?:{country}|{letters})[- ]+)?(?P<code>{code})[ ,]+(?P<town>\D.*)"
    after = rf"(?P<town>\D.*?)[ ,]+(?P<code>{code})"
    for pattern in (before, after) if country in _TRAILING else (before,):
        found = re.fullmatch(pattern, town, re.IGNORECASE)
        if found and re.search(r"[^\W\d_]{2}", found["town"]):
            return found["code"].upper(), found["town"]
    return "", town
