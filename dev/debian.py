# SPDX-License-Identifier: LGPL-3.0-or-later
"""Debian packages: installed as root where a tool is missing, or only downloaded and unpacked.

Downloading uses a private apt configuration, made from the machine's own sources with
the suite replaced, so that mirrors, proxies and keys are the machine's; its own sources
and lists are neither read for versions nor changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from dev.cache import Problem, lock, step
from dev.process import quiet

Source = dict[str, str]  # one entry of deb822: {"URIs": …, "Suites": …, "Components": …, "Signed-By": …}

ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")
OPTION_FIELDS = {
    "arch": "Architectures",
    "lang": "Languages",
    "target": "Targets",
    "signed-by": "Signed-By",
    "check-valid-until": "Check-Valid-Until",
}
MOVING_SUITES = ("unstable", "sid", "testing")


def parse_one_line(text: str) -> list[Source]:
    """The ``deb`` entries of a sources.list file."""
    sources = []
    for line in text.splitlines():
        match = ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match:
            source = {"URIs": match["uri"], "Suites": match["suite"], "Components": match["components"]}
            for option in (match["options"] or "").split():
                key, _, value = option.partition("=")
                source[OPTION_FIELDS.get(key.lower(), key.capitalize())] = value.replace(",", " ")
            sources.append(source)
    return sources


def parse_deb822(text: str) -> list[Source]:
    """The ``deb`` entries of a .sources file that are not disabled."""
    sources = []
    for paragraph in re.split(r"\n\s*\n", text):
        source, field = {}, None
        for line in paragraph.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and field:
                source[field] += "\n" + line
            elif ":" in line:
                field, _, value = line.partition(":")
                source[field] = value.strip()
        if "deb" in source.pop("Types", "").split() and source.pop("Enabled", "yes").lower() != "no":
            sources.append(source)
    return sources


def machine_sources(etc: Path = Path("/etc/apt")) -> list[Source]:
    """Every entry of the machine's apt sources, in apt's order."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    sources = []
    for path in files:
        if path.is_file() and path.suffix in (".list", ".sources"):
            parse = parse_deb822 if path.suffix == ".sources" else parse_one_line
            sources += parse(path.read_text(errors="replace"))
    return sources


def debian_archives(sources: Iterable[Source]) -> list[Source]:
    """The entries of Debian's main archive, each with its stable suite alone.

    Security, updates, backports and other vendors' repositories are left out.
    """
    archives = []
    for source in sources:
        suites = [suite for suite in source.get("Suites", "").split() if re.fullmatch(r"[a-z]+", suite)]
        is_debian = "debian" in re.split(r"[/.]", source.get("URIs", ""))
        if suites and is_debian and "main" in source.get("Components", "").split() and "cdrom:" not in source["URIs"]:
            stable = next((suite for suite in suites if suite not in MOVING_SUITES), "stable")
            archives.append({**source, "Suites": stable, "Components": "main"})
    return archives


def sources_text(archive: Source, suite: str) -> str:
    """A .sources file with an archive's own stable suite and another one."""
    fields = {"Types": "deb", **archive, "Suites": f"{archive['Suites']} {suite}"}
    return "".join(f"{field}: {value}\n" for field, value in fields.items())


class PrivateApt:
    """apt with sources, lists and cache of its own, below ``folder``."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.options = [
            "-o",
            f"Dir::Etc::sourcelist={folder}/private.sources",
            "-o",
            "Dir::Etc::sourceparts=-",
            "-o",
            "Dir::Etc::preferences=/dev/null",
            "-o",
            "Dir::Etc::preferencesparts=-",
            "-o",
            f"Dir::State::lists={folder}/lists",
            "-o",
            f"Dir::Cache={folder}/cache",
            "-o",
            "APT::Default-Release=",
            "-o",
            "APT::Sandbox::User=",
            "-o",
            "Acquire::Languages=none",
            "-o",
            "Acquire::PDiffs=false",
        ]

    def update(self, sources: str) -> None:
        (self.folder / "private.sources").write_text(sources)
        quiet(["apt-get", *self.options, "update"], "apt.log", "apt could not read Debian's package lists.")

    def knows(self, package: str) -> bool:
        shown = subprocess.run(["apt-cache", *self.options, "show", package], capture_output=True)
        return shown.returncode == 0 and bool(shown.stdout.strip())

    def download(self, packages: Iterable[str]) -> None:
        """Fetch ``name`` or ``name/suite`` as .deb files; apt checks them against the signed index."""
        quiet(
            ["apt-get", *self.options, "download", *packages],
            "apt.log",
            "A Debian package could not be downloaded.",
            cwd=self.folder,
        )


def download(leading: str, others: Iterable[str], from_stable: Iterable[str], folder: Path) -> None:
    """Download packages as .deb files into ``folder``.

    ``leading`` and ``others`` come from unstable, or else from the first suite that has
    ``leading``; ``from_stable`` from the machine's own suite.
    """
    if not shutil.which("apt-get"):
        raise Problem(
            "Odoo 19 is fetched with apt-get, which this machine lacks: "
            "set ODOO_SRC to the folder of an Odoo 19 source checkout."
        )
    archives = debian_archives(machine_sources())
    if not archives:
        raise Problem(
            "No Debian archive is among this machine's apt sources: "
            "set ODOO_SRC to the folder of an Odoo 19 source checkout."
        )
    apt, errors = PrivateApt(folder), []
    for archive in archives:
        for suite in ("unstable", "testing", "stable"):
            try:
                apt.update(sources_text(archive, suite))
            except Problem as problem:
                errors.append(str(problem))
                continue
            if apt.knows(leading):
                apt.download([leading, *others, *(f"{name}/{archive['Suites']}" for name in from_stable)])
                return
    raise Problem(
        f"Debian's package {leading} was not found in unstable, testing or stable: is this machine online? "
        "An Odoo 19 source checkout named in ODOO_SRC works too.\n" + "\n".join(errors[-1:])
    )


def install(packages: str, purpose: str) -> None:
    """Install packages as root; anyone else is told the command to type."""
    command = f"apt-get update && apt-get install --no-install-recommends {packages}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Problem(f"{purpose} is missing; type: sudo sh -c '{command}'")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    failure = f"{purpose} is missing and could not be installed from Debian."
    with lock("apt-install"), step(f"Installing {packages} from Debian"):
        quiet(["apt-get", "-q", "update"], "apt-install.log", failure, env=environment)
        quiet(
            ["apt-get", "-q", "-y", "install", "--no-install-recommends", *packages.split()],
            "apt-install.log",
            failure,
            env=environment,
        )
