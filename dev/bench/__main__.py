# SPDX-License-Identifier: LGPL-3.0-or-later
"""Command line: fill the databases of a size and run its cases, or check the filled ledger."""

import argparse
import fnmatch
import importlib
import inspect
import pkgutil
import sys

from odoo.tools import config

from . import cases, check, databases, measure


def find_cases(patterns):
    """The cases whose name `<module>.<function>` matches any of the patterns; all if there are none.

    A pattern is the beginning of a name, or holds wildcards.
    """
    found = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(cases.__path__)):
        module = importlib.import_module(f"{cases.__name__}.{module}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = function
    chosen = {
        name: function
        for name, function in found.items()
        if not patterns or any(fnmatch.fnmatch(name, f"{pattern}*") for pattern in patterns)
    }
    if not chosen:
        sys.exit(f"No such case. There are: {', '.join(found)}; and 'check', which checks the ledger.")
    return chosen


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("size", choices=databases.SIZES)
    parser.add_argument("case", nargs="*", help="beginning of a name; 'check' checks the ledger instead")
    parser.add_argument("--deps", required=True, help="a database with the addon's dependencies")
    parser.add_argument("--prefix", default="", help="of the names of the databases made")
    arguments = parser.parse_args()
    # Everything else Odoo takes from the environment, as the launcher sets it.
    config.parse_config([], setup_logging=True)
    chosen = databases.Databases(databases.SIZES[arguments.size], arguments.deps, arguments.prefix)
    if arguments.case == ["check"]:
        sys.exit(not check.check(chosen.template))
    bench = measure.Bench(chosen)
    measure.print_line(measure.Row.HEADINGS)
    measure.print_line(["---"] * len(measure.Row.HEADINGS))
    for name, case in find_cases(arguments.case).items():
        print(f"{name}: {inspect.getdoc(case).splitlines()[0]}", file=sys.stderr)
        for row in case(bench):
            measure.print_line(row.cells())


if __name__ == "__main__":
    main()
