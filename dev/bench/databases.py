# SPDX-License-Identifier: LGPL-3.0-or-later
"""The databases of a size: a filled template without the addon, and clones of it.

bench_<size>_<key>        the template; its key changes with the generator, Odoo's version, what the
                          addon depends on, and every Monday
bench_<size>_core         a clone without the addon
bench_<size>_addon_<key>  a clone with it; its key changes with the addon's files

What an older key left is dropped when its successor is made.
"""

import contextlib
import dataclasses
import datetime
import functools
import pathlib
import shutil
import sys

import psycopg2
from psycopg2 import sql

from odoo import SUPERUSER_ID, api, fields, release
from odoo.modules.registry import Registry
from odoo.sql_db import close_db
from odoo.tools import config

from dev.cache import ADDON, digest
from dev.database import addon_digest, manifest

from . import generate

KEY = "[0-9a-f]{10}"


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


class Databases:
    """The databases of one size."""

    def __init__(self, size, deps, prefix=""):
        """
        :param deps: a database with the addon's dependencies, without journal entries
        :param prefix: of every database's name
        """
        self.size = size
        self._deps = deps
        self._stem = f"{prefix}bench_{size.name.lower()}"

    def name(self, suffix):
        """The name of another database of this size."""
        return f"{self._stem}_{suffix}"

    @functools.cached_property
    def template(self):
        """The name of the filled template; filled now if it is missing.

        The data end on the Monday of this week, so that "today" means the same to them all week.
        """
        today = fields.Date.today()
        as_of = today - datetime.timedelta(days=today.weekday())
        generator = sorted(pathlib.Path(generate.__file__).parent.glob("*.py"))
        parts = release.version, str(manifest()["depends"]), str(as_of), repr(self.size)
        name = self.name(digest(*parts, *(path.read_bytes() for path in generator)))
        if not exists(name):
            # Filled under another name: what is interrupted is not taken for a template.
            unfinished = self.name("filling")
            clone(self._deps, unfinished)
            with environment(unfinished) as env:
                generate.company.prepare(env)
            close(unfinished)
            print(
                f"Filling {name}: {self.size.customers:,} customers, {self.size.invoices:,} invoices",
                file=sys.stderr,
            )
            generate.fill(unfinished, self.size, as_of)
            _drop_matching(self.name(f"({KEY}|core|addon_{KEY})"))
            _rename(unfinished, name)
        return name

    @functools.cached_property
    def core(self):
        """The name of the clone without the addon."""
        template, name = self.template, self.name("core")  # a new template drops the clones of an old one
        if not exists(name):
            clone(template, name)
        return name

    @functools.cached_property
    def ours(self):
        """The name of the clone with the addon as its files are now."""
        name = self.name(f"addon_{digest(addon_digest(), self.template)}")
        if not exists(name):
            _drop_matching(self.name(f"addon_{KEY}"))
            print(f"Installing the addon into {name}", file=sys.stderr)
            unfinished = self.name("installing")
            clone(self.template, unfinished)
            install(unfinished)
            close(unfinished)
            _vacuum(unfinished)
            _rename(unfinished, name)
        return name


def install(database):
    """Install the addon, as `-i` does; return the registry."""
    return Registry.new(database, update_module=True, install_modules=[ADDON.name])


def uninstall(database):
    """Uninstall the addon, as the Apps page does."""
    with environment(database) as env:
        env["ir.module.module"].search([("name", "=", ADDON.name)]).button_immediate_uninstall()


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
    shutil.rmtree(config.filestore(name), ignore_errors=True)


def _rename(old, new):
    _execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


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


def _execute(statement, *params):
    with contextlib.closing(psycopg2.connect(dbname="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            return cursor.fetchall() if cursor.description else []
