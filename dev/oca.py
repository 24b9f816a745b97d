# SPDX-License-Identifier: LGPL-3.0-or-later
"""The modules of the Odoo Community Association that are tested beside ours, obtained with pip."""

from __future__ import annotations

from pathlib import Path

from dev.cache import CACHE, built, digest
from dev.process import quiet
from dev.venv import Venv

# as they were when last looked at; a distribution is named odoo-addon-<module>
VERSIONS = {
    "account_financial_risk": "19.0.1.0.0.6",
    "sale_financial_risk": "19.0.1.0.1",
    "auditlog": "19.0.2.0.1",
}


def find(venv: Venv) -> Path:
    """A folder for Odoo's addons path, downloaded if need be."""
    wanted = [f"odoo-addon-{module}=={version}" for module, version in VERSIONS.items()]

    def build(folder: Path) -> None:
        # without dependencies: they name Odoo itself, which comes from elsewhere
        install = [venv.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--target", folder]
        quiet([*install, *wanted], "oca.log", "OCA's modules could not be downloaded: is this machine online?")

    return built(CACHE / f"oca-{digest(*wanted)}", "Downloading OCA's modules", build) / "odoo/addons"
