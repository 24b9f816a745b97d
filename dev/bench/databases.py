# SPDX-License-Identifier: LGPL-3.0-or-later
"""The databases of a size: a filled template without the addon, and clones of it.

bench_<size>_<key>      the template; its key changes with the generator, Odoo's version and the day
bench_<size>_core       a clone without the addon
bench_<size>_<addon>    a clone with it; its key changes with the addon's files

What an older key left is dropped when its successor is made.
"""

import contextlib
import dataclasses
import datetime
import hashlib
import pathlib

import psycopg2
from odoo import SUPERUSER_ID, api, release
from odoo.modules.registry import Registry
from odoo.sql_db import close_db
from psycopg2 import sql

from . import generate

ADDON = "kundekartotek_addon"
ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "[0-9a-f]{8}"


@dataclasses.dataclass(frozen=True)
class Size:
    """How large a ledger is; `largest` raises the largest customer to so many invoices."""

    name: str
    customers: int
    invoices: int
    largest: int | None = None


SIZES = {
    "S": Size("S", customers=2_000, invoices=50_000),
    "L": Size("L", customers=50_000, invoices=1_000_000, largest=20_000),
}


def template(size, deps):
    """The name of the filled template of `size`; made from `deps` if it is missing.

    The data end on the Monday of this week, so that "today" means the same to them all week.

    :param deps: a database with the addon's dependencies, without journal entries
    """
    today = datetime.date.today()
    as_of = today - datetime.timedelta(days=today.weekday())
    key = _digest(pathlib.Path(generate.__file__).parent, release.version, as_of, dataclasses.astuple(size))
    name = f"bench_{size.name.lower()}_{key}"
    if not exists(name):
        # Filled under another name: what is interrupted is not taken for a template.
        unfinished = f"bench_{size.name.lower()}_filling"
        clone(deps, unfinished)
        with environment(unfinished) as env:
            generate.company.prepare(env)
        close(unfinished)
        print(f"Filling {name}: {size.customers:,} customers, {size.invoices:,} invoices", flush=True)
        generate.fill(unfinished, size, as_of)
        _drop_matching(f"bench_{size.name.lower()}_({KEY}|core|addon_{KEY})")
        _execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (unfinished, name))))
    return name


def core(size, source):
    """The name of the clone without the addon."""
    name = f"bench_{size.name.lower()}_core"
    if not exists(name):
        clone(source, name)
    return name


def with_addon(size, source):
    """The name of the clone with the addon as its files are now."""
    prefix = f"bench_{size.name.lower()}_addon"
    name = f"{prefix}_{_digest(ROOT / ADDON, source)}"
    if not exists(name):
        _drop_matching(f"{prefix}_{KEY}")
        print(f"Installing {ADDON} into {name}", flush=True)
        clone(source, prefix)
        install(prefix)
        close(prefix)
        _execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (prefix, name))))
        _vacuum(name)
    return name


def install(database):
    """Install the addon, as `-i` does; return the registry."""
    return Registry.new(database, update_module=True, install_modules=[ADDON])


def uninstall(database):
    """Uninstall the addon, as the Apps page does."""
    with environment(database) as env:
        env["ir.module.module"].search([("name", "=", ADDON)]).button_immediate_uninstall()


@contextlib.contextmanager
def environment(database, login=None):
    """An environment in a transaction of its own, as the superuser or as the user `login`."""
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        if login:
            user = env["res.users"].search([("login", "=", login)])
            env = api.Environment(cr, user.id, user.context_get())
        yield env


def exists(name):
    return bool(_execute("SELECT 1 FROM pg_database WHERE datname = %s", name))


def clone(source, name):
    """Make the database `name` a copy of `source`, whatever `name` was before."""
    close(source)
    drop(name)
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))
    if _execute("SHOW server_version_num")[0][0] >= "150000":
        statement += sql.SQL(" STRATEGY file_copy")  # the other one logs every block
    _execute(statement)


def drop(name):
    close(name)
    _execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _drop_matching(pattern):
    for (name,) in _execute("SELECT datname FROM pg_database WHERE datname ~ %s", f"^{pattern}$"):
        drop(name)


def close(name):
    """Forget this process's registry of and connections to a database."""
    Registry.delete(name)
    close_db(name)


def _vacuum(name):
    with contextlib.closing(psycopg2.connect(dbname=name)) as connection:
        connection.autocommit = True
        connection.cursor().execute("VACUUM ANALYZE")


def _digest(folder, *parts):
    digest = hashlib.sha256(repr(parts).encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def _execute(statement, *params):
    with contextlib.closing(psycopg2.connect(dbname="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            return cursor.fetchall() if cursor.description else []
