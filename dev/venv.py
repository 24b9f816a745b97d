# SPDX-License-Identifier: LGPL-3.0-or-later
"""The virtual environment that Odoo and the checks run in."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from dev import debian
from dev.cache import CACHE, ROOT, Problem, built, digest, say
from dev.process import quiet

REQUIREMENTS = ROOT / "dev" / "requirements.txt"
PYTHON_VERSIONS = ("3.11", "3.12", "3.13")  # of those that Odoo 19 supports, what dev/ itself runs on
WKHTMLTOPDF_LIBRARIES = "libfontconfig1 libfreetype6 libx11-6 libxext6 libxrender1 zlib1g"
# an executable script, so that Odoo's workers can start its second server by name
ODOO_SCRIPT = '#!{python}\nimport odoo.cli\nif __name__ == "__main__":\n    odoo.cli.main()\n'


class Venv:
    """``python`` runs with the pinned packages; ``odoo`` is the script that starts Odoo."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.python = folder / "bin/python"
        self.odoo = folder / "bin/odoo"

    def path(self, inherited: str = os.environ.get("PATH", os.defpath)) -> str:
        """PATH with our programs first, the patched wkhtmltopdf too unless the machine has one."""
        folders = [str(self.folder / "bin"), inherited]
        if not _is_patched(shutil.which("wkhtmltopdf")):
            folders.insert(0, str(self.folder / "wkhtmltopdf"))
        return os.pathsep.join(folders)


def find() -> Venv:
    """The environment for the present requirements, built with pip if need be."""
    return Venv(built(_folder(), "Installing Python packages", _build))


def is_ready() -> bool:
    return (_folder() / ".complete").exists()


def ensure_pdf() -> None:
    """Make the patched wkhtmltopdf run: it needs some shared libraries of the machine. Warn if it cannot."""
    venv = find()
    program = shutil.which("wkhtmltopdf", path=venv.path())
    if not _is_patched(program):
        try:
            debian.install(WKHTMLTOPDF_LIBRARIES, "A library that wkhtmltopdf needs to print PDF documents")
        except Problem as problem:
            say(f"  PDF documents cannot be printed. {problem}")


def _folder() -> Path:
    key = digest(REQUIREMENTS.read_text(), os.path.realpath(_base_python()), platform.machine())
    return CACHE / f"venv-{key}"


def _base_python() -> str:
    """The interpreter to build with: ours where Odoo supports it, else a supported one on PATH."""
    if "{}.{}".format(*sys.version_info[:2]) in PYTHON_VERSIONS:
        return getattr(sys, "_base_executable", sys.executable)
    for version in PYTHON_VERSIONS:
        if found := shutil.which(f"python{version}"):
            return found
    raise Problem(
        f"Odoo 19 needs Python {PYTHON_VERSIONS[0]} to {PYTHON_VERSIONS[-1]}: "
        f"install one so that python{PYTHON_VERSIONS[-1]} is on PATH."
    )


def _build(folder: Path) -> None:
    python = _base_python()
    if subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True).returncode:
        debian.install("python3-venv", "Python's venv module")
    quiet([python, "-m", "venv", folder], "venv.log", "A virtual environment could not be made.")
    venv = Venv(folder)
    quiet(
        [venv.python, "-m", "pip", "install", "--disable-pip-version-check", "-r", REQUIREMENTS],
        "pip.log",
        "The Python packages could not be installed: is this machine online?",
    )
    venv.odoo.write_text(ODOO_SCRIPT.format(python=venv.python))
    venv.odoo.chmod(0o755)
    (folder / "wkhtmltopdf").mkdir()
    (folder / "wkhtmltopdf/wkhtmltopdf").symlink_to(folder / "bin/wkhtmltopdf-pack")
    (folder / "bin/wkhtmltopdf-pack").chmod(0o755)


def _is_patched(program: str | None) -> bool:
    if not program:
        return False
    version = subprocess.run([program, "--version"], capture_output=True, text=True)
    return "patched qt" in version.stdout
