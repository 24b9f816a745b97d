# SPDX-License-Identifier: LGPL-3.0-or-later
"""The browser that Odoo's tours run in."""

from __future__ import annotations

import shutil

from dev import debian

PROGRAMS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")  # those Odoo looks for


def ensure() -> None:
    """Install Chromium unless a browser is there that Odoo finds."""
    if not any(map(shutil.which, PROGRAMS)):
        debian.install("chromium", "Chromium, which the browser tours run in,")
