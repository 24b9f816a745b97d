# SPDX-License-Identifier: LGPL-3.0-or-later
"""What can be checked without a database: style, XML, translations, and the repository's own hygiene."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from dev.cache import ADDON, ROOT
from dev.venv import Venv

# checks of pylint-odoo that .pylintrc turns on with all the others, and that do not fit here
PYLINT_OFF = (
    "missing-readme",  # wants README.rst; ours are README.md and, for the Apps page, index.html
    "consider-merging-classes-inherited",  # each room extends a core model in a file of its own
    "method-required-super",  # append-only records refuse write and unlink; nothing is left for super to do
    "no-raise-unlink",  # the same
    "no-search-all",  # all companies, a few
    "missing-return",  # cannot tell a compute, which returns nothing, from a method that must
)
SPDX = "# SPDX-License-Identifier: LGPL-3.0-or-later"
# A folder of somebody's own machine has no place in a file that everybody gets.
MACHINE_PATH = re.compile(r"(?<![\w.~/])/(?:root|home|work|Users)/\w")
NORWEGIAN = ADDON / "i18n" / "nb.po"


def all_checks(venv: Venv) -> dict[str, Callable[[], list[str]]]:
    """Each check by its title; a check returns what is wrong, one text each."""
    return {
        "ruff": lambda: _tool(venv.python, "-m", "ruff", "check", "--quiet", "--output-format", "concise", ROOT),
        "pylint-odoo": lambda: _tool(
            venv.python,
            "-m",
            "pylint",
            f"--rcfile={ROOT}/.pylintrc",
            f"--disable={','.join(PYLINT_OFF)}",
            "--msg-template={path}:{line}: {symbol}: {msg}",
            ADDON,
        ),
        "XML files": lambda: list(xml_errors()),
        "repository": lambda: [*hygiene_errors(), *unimported_tests(ADDON / "tests")],
        "translations": lambda: _tool(venv.python, "-m", "dev.translations", "check", NORWEGIAN),
    }


def _tool(*command: object) -> list[str]:
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.strip() and not line.startswith("****")]
    if done.returncode and not lines:
        lines = [done.stderr.strip() or f"exit status {done.returncode}"]
    return lines if done.returncode else []


def xml_errors() -> Iterator[str]:
    """Each XML file of the addon that is not well-formed."""
    for path in sorted(ADDON.rglob("*.xml")):
        try:
            ElementTree.parse(path)
        except ElementTree.ParseError as error:
            yield f"{path.relative_to(ROOT)}: {error}"


def hygiene_errors() -> Iterator[str]:
    """Each kept file that names a folder of somebody's machine, or Python file without its licence line."""
    for path in kept_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        name = path.relative_to(ROOT)
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line):
                yield f"{name}:{number}: names a folder of one machine: {line.strip()[:80]}"
        if path.suffix == ".py" and text.strip() and SPDX not in text[:200]:
            yield f"{name}: lacks the line {SPDX}"


def unimported_tests(folder: Path) -> Iterator[str]:
    """Each test file that Odoo does not run because its package does not import it, and each import of none."""
    imported = set(re.findall(r"^from \. import (test_\w+)$", (folder / "__init__.py").read_text(), re.MULTILINE))
    present = {path.stem for path in folder.glob("test_*.py")}
    yield from (f"tests/{name}.py: tests/__init__.py does not import it" for name in sorted(present - imported))
    yield from (f"tests/__init__.py: there is no {name}.py" for name in sorted(imported - present))


def kept_files() -> list[Path]:
    """The files that git keeps or would keep, present ones only."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted(ROOT / name for name in set(listed.split("\0")) if name and (ROOT / name).is_file())
