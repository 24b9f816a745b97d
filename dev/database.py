# SPDX-License-Identifier: LGPL-3.0-or-later
"""Databases: the template with the addon's dependencies, its clones, and what killed runs left behind."""

from __future__ import annotations

import ast
import contextlib
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from dev.cache import ADDON, ROOT, digest, lock, lock_path, log_file, remove, step
from dev.odoo_cli import Odoo
from dev.venv import REQUIREMENTS

LANGUAGE = "nb_NO"
KEPT_RUNS = 10
ADDON_FILES_THAT_DO_NOT_LOAD = ("tests", "__pycache__", "README.md")


class Databases:
    """The databases of this checkout on the server of an Odoo."""

    def __init__(self, odoo: Odoo):
        self.odoo = odoo
        self.server = odoo.server
        folder = re.sub(r"[^a-z0-9]+", "_", ROOT.name.lower()).strip("_")[:24] or "odoo"
        self.prefix = f"{self.server.namespace}{folder}_"

    @property
    def demo(self) -> str:
        return self.prefix + "demo"

    def exists(self, name: str) -> bool:
        return bool(self.server.query("SELECT 1 FROM pg_database WHERE datname = :'name'", name=name))

    def ours(self) -> list[str]:
        """The databases that this checkout made, the shared template excepted."""
        rows = self.server.query(
            "SELECT datname FROM pg_database WHERE starts_with(datname, :'prefix') ORDER BY 1",
            prefix=self.prefix,
        )
        return [name for [name] in rows]

    def note(self, name: str) -> str:
        """The note that ``set_note`` left on a database, which lives and dies with it; empty if none."""
        rows = self.server.query(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :'name'", name=name
        )
        return rows[0][0] if rows else ""

    def set_note(self, name: str, note: str) -> None:
        self.server.query("COMMENT ON DATABASE :\"name\" IS :'note'", name=name, note=note)

    def template(self) -> str:
        """The database with the addon's dependencies and Norwegian, without demo data; made if missing."""
        depends = manifest()["depends"]
        key = digest(self.odoo.source.identity, REQUIREMENTS.read_text(), ",".join(sorted(depends)), LANGUAGE)
        name = f"{self.server.namespace}template_{key}"
        if not self.exists(name):
            with lock(name):
                if not self.exists(name):
                    self._make_template(name, depends)
        return name

    def _make_template(self, name: str, depends: list[str]) -> None:
        partial = name + "_partial"
        self.drop(partial)
        with step("Installing Odoo's modules into a template database"):
            self.odoo.quiet(
                "-d",
                partial,
                "-i",
                ",".join(depends),
                "--load-language",
                LANGUAGE,
                "--skip-auto-install",
                "--no-http",
                "--stop-after-init",
                log="template.log",
                failure="The template database could not be made.",
            )
        self.finish(partial, name)
        # It cannot be cloned while anybody is in it: a server on all databases would be, with its jobs.
        self.server.query('ALTER DATABASE :"name" ALLOW_CONNECTIONS false', name=name)

    def make(self, name: str) -> str:
        """A database with the addon and without demo data."""
        partial = self.clone(self.template(), name + "_partial")
        with step(f"Installing the addon into {name}"):
            self.odoo.quiet(
                "-d",
                partial,
                "-i",
                ADDON.name,
                "--no-http",
                "--stop-after-init",
                log=f"install-{name}.log",
                failure=f"The addon could not be installed into {name}.",
            )
        self.finish(partial, name)
        return name

    def finish(self, partial: str, name: str) -> None:
        """Give a database that is ready its name, and the planner its statistics."""
        self.server.query("VACUUM ANALYZE", partial)
        self.rename(partial, name)

    def rename(self, old: str, new: str) -> None:
        """Give a database another name, its stored files too."""
        remove(self._filestore(new))
        if self._filestore(old).exists():
            self._filestore(old).rename(self._filestore(new))
        self.server.query('ALTER DATABASE :"old" RENAME TO :"new"', old=old, new=new)

    def clone(self, source: str, target: str) -> str:
        """A copy of a database that nobody uses, its stored files as hard links: Odoo never changes one."""
        self.drop(target)
        with lock(source):  # createdb -T wants to be alone
            self.server.run("createdb", "-T", source, target)
        if self._filestore(source).exists():
            shutil.copytree(self._filestore(source), self._filestore(target), copy_function=os.link)
        return target

    def drop(self, name: str) -> None:
        self.server.run("dropdb", "--if-exists", "--force", name)
        remove(self._filestore(name))

    def _filestore(self, name: str) -> Path:
        return self.odoo.data_folder / "filestore" / name

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Scratch]:
        """Makes databases that are dropped when the block ends, or by a later run if this one is killed."""
        run = secrets.token_hex(3)
        path = lock_path(f"run-{run}")
        with open(path, "a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._drop_abandoned()
            scratch = Scratch(self, f"{self.prefix}run_{run}_")
            scratch.folder.mkdir(parents=True)
            try:
                yield scratch
            finally:
                forget_old_runs(scratch.folder.parent)
                for name in self.ours():
                    if name.startswith(scratch.prefix):
                        self.drop(name)
                path.unlink()

    def _drop_abandoned(self) -> None:
        for name in self.ours():
            match = re.match(rf"{re.escape(self.prefix)}run_([0-9a-f]+)_", name)
            if match and not _is_locked(lock_path(f"run-{match[1]}")):
                self.drop(name)


class Scratch:
    """Makes databases for one run; ``folder`` is for its logs, which stay until later runs push them out."""

    def __init__(self, databases: Databases, prefix: str):
        self.databases = databases
        self.prefix = prefix
        self.folder = log_file("runs") / prefix.strip("_")

    def name(self, purpose: str) -> str:
        return self.prefix + purpose

    def clone(self, purpose: str) -> str:
        """A fresh copy of the template."""
        return self.databases.clone(self.databases.template(), self.name(purpose))


def forget_old_runs(folder: Path) -> None:
    """Delete the logs of all runs but the last few and those that still last."""
    runs = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in runs[KEPT_RUNS:]:
        if not _is_locked(lock_path(f"run-{path.name.rpartition('_')[2]}")):
            remove(path)


def _is_locked(path: Path) -> bool:
    with open(path, "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    path.unlink(missing_ok=True)
    return False


def manifest() -> dict:
    """The addon's manifest."""
    return ast.literal_eval((ADDON / "__manifest__.py").read_text())


def addon_digest() -> str:
    """Changes with whatever Odoo loads from the addon: code, views, data, translations, static files."""
    parts: list[bytes | str] = []
    for path in sorted(ADDON.rglob("*")):
        relative = path.relative_to(ADDON)
        if path.is_file() and not set(relative.parts).intersection(ADDON_FILES_THAT_DO_NOT_LOAD):
            parts += [str(relative), path.read_bytes()]
    return digest(*parts)
