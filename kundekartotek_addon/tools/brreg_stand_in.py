# SPDX-License-Identifier: LGPL-3.0-or-later
"""The control endpoint of the stand-in register, for the demo: it publishes a change as the register would."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit, urlunsplit

import requests

TIMEOUT = 10


def control_url(register_url: str, action: str) -> str:
    """
    >>> control_url("http://127.0.0.1:8099/enhetsregisteret/api", "publish")
    'http://127.0.0.1:8099/_control/publish'
    """
    address = urlsplit(register_url)
    return urlunsplit((address.scheme, address.netloc, f"/_control/{action}", "", ""))


def publish(register_url: str, number: str, change: str, day: date) -> str:
    """Let the stand-in say that a unit changed.

    :return: why it did not, empty when it did
    """
    body = {"number": number, "change": change, "day": day.isoformat()}
    try:
        answer = requests.request("POST", control_url(register_url, "publish"), json=body, timeout=TIMEOUT)
    except requests.RequestException as error:
        return str(error)[:200]
    return "" if answer.status_code == 200 else answer.text[:200]
