# SPDX-License-Identifier: LGPL-3.0-or-later
"""The commands of ``./kk``."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence

from dev import checks, demo, odoo_cli, odoo_runs, odoo_source, postgres, process, suite, venv
from dev.cache import ADDON, CACHE, ROOT, Problem, remove, say
from dev.database import Databases

EPILOG = """\
Everything that is downloaded or built lies in .cache/. Odoo comes from ODOO_SRC (a source
checkout), an installed Odoo 19, or Debian; PostgreSQL is the server that PG* variables
name, or a private one. The log of each step is in .cache/log/.
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit status."""
    process.end_on_signals()
    parser = _parser()
    known, rest = parser.parse_known_args(arguments)
    if rest and not known.passes_on:
        parser.error(f"unknown argument: {' '.join(rest)}")
    try:
        return known.command(known, rest)
    except Problem as problem:
        say(str(problem))
        return 1
    except PermissionError as error:
        say(f"{error.filename} belongs to another user, root perhaps: run ./kk as that user, or delete .cache/.")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "./kk",
        description="Kundekartotek on a real Odoo 19, in one command from a clone.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, command: Callable, summary: str, more: str = "", passes_on: bool = False):
        description = f"{summary[0].upper()}{summary[1:]}. {more}"
        sub = commands.add_parser(name, help=summary, description=description)
        sub.set_defaults(command=command, passes_on=passes_on)
        return sub

    sub = add(
        "demo",
        run_demo,
        "start the demo company and tell how to log in",
        "The database is made at the first start and kept; where the addon has changed, it is updated.",
    )
    _add_port(sub)
    sub = add(
        "test",
        test,
        "run every check, or the tests that names select",
        "The last line counts what passed and what failed.",
    )
    sub.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="a room, test file, class, method or Class.method of the addon, a tool, a file of "
        "dev/tests, or one of the words lint, launcher, oca, tools",
    )
    sub.add_argument(
        "--with-oca",
        action="store_true",
        help="with every check, or by the name oca alone: beside OCA's account_financial_risk, sale_financial_risk "
        "and auditlog, which are downloaded",
    )
    sub = add(
        "run",
        run,
        "start the web server on a database of yours, with its log on the screen",
        "The database is made, without demo data, if it is missing. Other arguments go to Odoo.",
        True,
    )
    sub.add_argument("-d", dest="database", metavar="DATABASE", required=True)
    _add_port(sub)
    sub = add(
        "odoo",
        odoo,
        "Odoo's own command line, with our paths and database settings",
        "Example: ./kk odoo -d NAME -i kundekartotek_addon --stop-after-init. "
        "./kk odoo help lists Odoo's commands, ./kk odoo server --help its options.",
        True,
    )
    sub = add(
        "shell",
        shell,
        "Odoo's Python shell; takes a script on standard input",
        "Other arguments go to Odoo.",
        True,
    )
    sub.add_argument("-d", dest="database", metavar="DATABASE", help="the demo database, made if missing, if not given")
    add("lint", lint, "check style, XML, translations and the repository, without a database")
    sub = add("bench", bench, "fill a database with a made ledger and print each figure beside plain SQL's")
    sub.add_argument(
        "size",
        nargs="?",
        choices=("S", "L"),
        default="S",
        help="S: 2,000 customers and 50,000 invoices; L: 50,000 and 1,000,000",
    )
    sub.add_argument(
        "cases",
        nargs="*",
        metavar="CASE",
        help="beginning of a case's name, all if not given; 'check' checks the ledger instead",
    )
    add("pot", pot, "export the translation template and bring nb.po up to it")
    sub = add("reset", reset, "delete this checkout's databases, the demo database with what you entered in it")
    sub.add_argument("--all", action="store_true", help="delete .cache/ too: the next command fetches everything anew")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _add_port(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        type=int,
        default=odoo_cli.USUAL_PORT,
        help="the port to listen on, %(default)s if not given; another one where it is taken",
    )


@contextlib.contextmanager
def ready() -> Iterator[Databases]:
    """Odoo, its Python environment and a server, obtained or started if need be."""
    wanted = {"Odoo 19": odoo_source.is_ready(), "its Python packages": venv.is_ready()}
    if missing := [name for name, there in wanted.items() if not there]:
        say(f"Not in .cache/ yet, fetched now: {', '.join(missing)}.")
    with postgres.server() as server:
        yield Databases(odoo_cli.find(server))


def run_demo(known: argparse.Namespace, rest: list[str]) -> int:
    with ready() as databases:
        venv.ensure_pdf()
        name = demo.ensure(databases)
        with (
            demo.register(databases, name) as register,
            demo.serving(databases, name, odoo_cli.free_port(known.port)) as (server, url),
        ):
            say(demo.welcome(databases, name, url))
            say(f"  Invented public registers answer at {register.url}")
            return server.wait()


def test(known: argparse.Namespace, rest: list[str]) -> int:
    results = suite.Results()
    if known.names:
        suite.run_named([*known.names, *["oca"] * known.with_oca], ready, results)
    else:
        with ready() as databases:
            venv.ensure_pdf()
            suite.run_all(databases, results, known.with_oca)
    return results.close()


def run(known: argparse.Namespace, rest: list[str]) -> int:
    with ready() as databases:
        venv.ensure_pdf()
        name = known.database
        if not databases.exists(name):
            databases.make(name)
        port = odoo_cli.free_port(known.port)
        say(f"  http://localhost:{port}/odoo   database {name}; login and password of a new one: admin, admin")
        return databases.odoo.run("-d", name, "--http-port", str(port), *rest)


def odoo(known: argparse.Namespace, rest: list[str]) -> int:
    with ready() as databases:
        return databases.odoo.run(*rest, interactive=sys.stdin.isatty())


def shell(known: argparse.Namespace, rest: list[str]) -> int:
    with ready() as databases:
        name = known.database or demo.ensure(databases)
        return databases.odoo.run("shell", "-d", name, "--no-http", *rest, interactive=sys.stdin.isatty())


def lint(known: argparse.Namespace, rest: list[str]) -> int:
    results = suite.Results()
    suite.run_lint(results, venv.find())
    return results.close()


def bench(known: argparse.Namespace, rest: list[str]) -> int:
    with ready() as databases:
        options = ["--deps", databases.template(), "--prefix", databases.prefix]
        return process.run(
            [databases.odoo.venv.python, "-m", "dev.bench", known.size, *known.cases, *options],
            cwd=ROOT,
            env=databases.odoo.environment(log_level="warn"),
        )


def pot(known: argparse.Namespace, rest: list[str]) -> int:
    with ready() as databases, databases.scratch() as scratch:
        name = databases.make(scratch.name("pot"))
        exported = odoo_runs.export_template(databases.odoo, name, scratch.folder)
        template = ADDON / "i18n" / f"{ADDON.name}.pot"
        template.parent.mkdir(exist_ok=True)
        shutil.copy(exported, template)
        return process.run(
            [databases.odoo.venv.python, "-m", "dev.translations", "merge", checks.NORWEGIAN, template],
            cwd=ROOT,
        )


def reset(known: argparse.Namespace, rest: list[str]) -> int:
    if known.all:
        postgres.refuse_while_used()
        _confirm(known, f"Delete {CACHE} with every database in it?")
        remove((CACHE / "postgres").resolve())  # may lie elsewhere
        remove(CACHE)
        return 0
    with postgres.server() as server:
        databases = Databases(odoo_cli.find(server))
        names = databases.ours()
        if names:
            _confirm(known, f"Delete the databases {', '.join(names)}?")
        for name in names:
            databases.drop(name)
    return 0


def _confirm(known: argparse.Namespace, question: str) -> None:
    if known.yes:
        return
    if not sys.stdin.isatty():
        raise Problem(f"{question} Say so with --yes.")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes", "j", "ja"):
        raise Problem("Nothing was deleted.")
