# SPDX-License-Identifier: LGPL-3.0-or-later
"""Enhetsregisteret of Brønnøysundregistrene (https://data.brreg.no, licence NLOD 2.0): look units up, search
them, and follow what is changed. This is the door; the rooms behind it are

    brreg_unit.py     what the register says of a unit        brreg_value.py   its texts, dates, addresses
    brreg_outcome.py  what an inquiry can end in              brreg_town.py    foreign towns
    brreg_client.py   the inquiries                           brreg_http.py    time-outs, retries, breaker

    client = Client(PRODUCTION_URL, version="19.0.1.0.0", breaker=Breaker.shared(PRODUCTION_URL))
    match client.unit("923609016"):
        case Found(unit): ...
        case Deleted(unit): ...
        case Unknown(number) | Withdrawn(number): ...
        case Refused(message) | ClientFault(_, message): ...
        case Unavailable(reason, retry_after): ...
"""

from .brreg_client import PRODUCTION_URL, Client
from .brreg_http import IN_FLIGHT, Breaker, ask_many
from .brreg_outcome import (
    ClientFault,
    Deleted,
    Event,
    FeedPage,
    Found,
    Hit,
    Hits,
    Outcome,
    Reached,
    Reason,
    Refused,
    Unavailable,
    Unknown,
    Withdrawn,
)
from .brreg_unit import FormerName, Industry, Status, Unit, customer_type, parse_unit, payload_hash
from .brreg_value import Address

__all__ = [
    "IN_FLIGHT", "PRODUCTION_URL", "Address", "Breaker", "Client", "ClientFault", "Deleted", "Event", "FeedPage",
    "FormerName", "Found", "Hit", "Hits", "Industry", "Outcome", "Reached", "Reason", "Refused", "Status",
    "Unavailable", "Unit", "Unknown", "Withdrawn", "ask_many", "customer_type", "parse_unit", "payload_hash",
]
