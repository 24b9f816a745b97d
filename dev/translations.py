# SPDX-License-Identifier: LGPL-3.0-or-later
"""Checks and merges .po files. Runs in the virtual environment, as a program: it needs polib.

python -m dev.translations check NB_PO [POT]      prints what is wrong, one line each
python -m dev.translations merge NB_PO POT        brings NB_PO up to the template
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator

import polib

# %s, %(name)s, {name} and ${…}: a translation must keep each as often as its source has it
PLACEHOLDER = re.compile(r"%\(\w+\)[sdfr]|%[sdfr]|\$?\{[\w.:]*\}")


def errors(po: polib.POFile, template: polib.POFile | None) -> Iterator[str]:
    """What is wrong with a translation: gaps, fuzzy terms, lost placeholders, strays from the template."""
    for entry in po:
        where, source = f"line {entry.linenum}", entry.msgid[:60]
        if entry.obsolete:
            yield f"{where}: obsolete: {source!r}"
        elif entry.fuzzy:
            yield f"{where}: fuzzy: {source!r}"
        elif not entry.translated():
            yield f"{where}: not translated: {source!r}"
        elif Counter(PLACEHOLDER.findall(entry.msgid)) != Counter(PLACEHOLDER.findall(entry.msgstr)):
            yield f"{where}: placeholders differ: {source!r}"
    if template is not None:
        wanted, present = ({entry.msgid for entry in file if not entry.obsolete} for file in (template, po))
        yield from (f"missing: {source[:80]!r}" for source in sorted(wanted - present))
        yield from (f"no longer in the source: {source[:80]!r}" for source in sorted(present - wanted))


def merge(po: polib.POFile, template: polib.POFile) -> None:
    """Give ``po`` the terms and places of the template, keeping its translations; what is gone is dropped."""
    po.merge(template)
    for entry in list(po.obsolete_entries()):
        po.remove(entry)
    po.sort(key=lambda entry: entry.msgid.lower())


def main(command: str, po_path: str, template_path: str = "") -> int:
    template = polib.pofile(template_path) if template_path else None
    if command == "merge":
        po = polib.pofile(po_path, wrapwidth=78) if os.path.exists(po_path) else polib.POFile(wrapwidth=78)
        po.metadata = {**template.metadata, "Language": "nb", **po.metadata}
        merge(po, template)
        po.save(po_path)
        return 0
    if not os.path.exists(po_path):
        print(f"{po_path} is missing; ./kk pot makes it")
        return 1
    found = list(errors(polib.pofile(po_path), template))
    print("\n".join(f"{po_path}: {error}" for error in found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
