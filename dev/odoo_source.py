# SPDX-License-Identifier: LGPL-3.0-or-later
"""Finds Odoo 19, or obtains it from Debian without installing it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dev import debian
from dev.cache import CACHE, Problem, built, digest, remove, say

SERIES = "19.0"
PACKAGE = "odoo-19"
LINKED_PACKAGES = (
    "fonts-roboto-unhinted",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-ocr-b",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
# unstable's font-awesome no longer has the file names of 4.7, which the tree links to
LINKED_FROM_STABLE = ("fonts-font-awesome",)
# Debian leaves out this file, which web.assets_backend lists: without it every browser tour fails.
# A package has it below the folder odoo, a source checkout beside that.
LEFT_OUT = "addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
DEBIAN_TREE = CACHE / f"odoo-{SERIES}-debian"


class OdooSource:
    """An Odoo tree: ``package`` is the folder ``odoo`` itself, ``identity`` changes with its code."""

    def __init__(self, package: Path, identity: str):
        self.package = package
        self.identity = identity


def find() -> OdooSource:
    """Odoo 19 from ODOO_SRC, else an importable one, else Debian's package, downloaded if need be."""
    if os.environ.get("ODOO_SRC"):
        return _checkout(Path(os.environ["ODOO_SRC"]).expanduser().resolve())
    for package in _importable():
        if _is_usable(package):
            return OdooSource(package, digest(str(package), (package / "release.py").read_text()))
        say(f"  The Odoo at {package} is not used: not {SERIES}, or without files that its web client lists.")
    tree = built(DEBIAN_TREE, "Downloading Odoo 19 from Debian (about 140 MB)", _obtain)
    return OdooSource(_package_in(tree), (tree / "version").read_text())


def is_ready() -> bool:
    """Whether Odoo can be had without the network."""
    downloaded = (DEBIAN_TREE / ".complete").exists()
    return bool(os.environ.get("ODOO_SRC")) or downloaded or any(map(_is_usable, _importable()))


def _checkout(folder: Path) -> OdooSource:
    package = folder / "odoo"
    if _series(package) != SERIES:
        raise Problem(
            f"ODOO_SRC={folder} is not a source checkout of Odoo {SERIES}: "
            f"point it at the folder that holds odoo/release.py, or unset it."
        )
    head = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, text=True)
    return OdooSource(package, digest(str(folder), head.stdout or (package / "release.py").read_text()))


def _importable() -> Iterator[Path]:
    spec = importlib.util.find_spec("odoo")
    for folder in spec.submodule_search_locations or () if spec else ():
        if (Path(folder) / "release.py").exists():
            yield Path(folder)


def _is_usable(package: Path) -> bool:
    """Whether an importable Odoo is of our series and has its web client's files."""
    return _series(package) == SERIES and any((folder / LEFT_OUT).exists() for folder in (package, package.parent))


def _series(package: Path) -> str | None:
    """The series that release.py states, such as "19.0"; None where there is no Odoo."""
    try:
        release = (package / "release.py").read_text()
    except OSError:
        return None
    match = re.search(r"^version_info = \((\d+), (\d+),", release, re.MULTILINE)
    return f"{match[1]}.{match[2]}" if match else None


def _package_in(tree: Path) -> Path:
    return tree / "usr/lib/python3/dist-packages/odoo"


def _obtain(tree: Path) -> None:
    downloads = tree / "download"
    downloads.mkdir()
    debian.download(PACKAGE, LINKED_PACKAGES, LINKED_FROM_STABLE, downloads)
    for deb in downloads.glob("*.deb"):
        subprocess.run(["dpkg", "-x", deb, tree], check=True)
    version = next(downloads.glob(f"{PACKAGE}_*.deb")).name.split("_")[1]
    remove(downloads)
    package = _package_in(tree)
    if _series(package) != SERIES:
        raise Problem(f"Debian's package {PACKAGE} is {_series(package)}, not {SERIES}: set ODOO_SRC to a checkout.")
    (package / LEFT_OUT).parent.mkdir(parents=True, exist_ok=True)
    (package / LEFT_OUT).touch()
    dangling = [path for path in (package / "addons/web").rglob("*") if path.is_symlink() and not path.exists()]
    if dangling:
        raise Problem(
            "Debian's Odoo links to files that no unpacked package has: "
            + ", ".join(str(path.relative_to(package)) for path in dangling[:5])
        )
    (tree / "version").write_text(version)
