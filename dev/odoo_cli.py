# SPDX-License-Identifier: LGPL-3.0-or-later
"""Every Odoo command line.

Settings go by the environment: each of Odoo's sub-commands takes them, and an option overrides them.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL, Popen

from dev import odoo_source, process, venv
from dev.cache import CACHE, ROOT, log_file
from dev.odoo_source import OdooSource
from dev.postgres import Server
from dev.venv import Venv

USUAL_PORT = 8069


class Odoo:
    """Odoo on a server, with this checkout's addon on its addons path."""

    def __init__(self, source: OdooSource, environment: Venv, server: Server):
        self.source = source
        self.venv = environment
        self.server = server
        self.data_folder = CACHE / "odoo-data"

    def environment(self, **settings: str) -> dict[str, str]:
        """The process environment for Odoo. A setting ``name=value`` is Odoo's option of that name."""
        self.data_folder.mkdir(parents=True, exist_ok=True)
        defaults = {
            "rc": str(CACHE / "odoo.conf"),
            "addons_path": str(ROOT),
            "data_dir": str(self.data_folder),
            "http_interface": "127.0.0.1",
            "http_port": str(free_port()),
            "gevent_port": str(free_port()),
            "screenshots": str(log_file("browser")),
            **settings,
        }
        inherited = self.server.environment()
        return {
            **inherited,
            **{f"ODOO_{name.upper()}": value for name, value in defaults.items()},
            "PATH": self.venv.path(inherited["PATH"]),
            "PYTHONPATH": str(self.source.package.parent),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *arguments: str, interactive: bool = False, **options) -> int:
        """Run Odoo's command line to its end; its exit status. ``options`` are those of Popen."""
        return process.run(self.command(*arguments), own_group=not interactive, env=self.environment(), **options)

    def quiet(self, *arguments: str, log: str, failure: str) -> None:
        """Run Odoo with its output in a log file; a Problem if it fails."""
        process.quiet(self.command(*arguments), log, failure, env=self.environment())

    def logged(self, *arguments: str, log: Path, script: str = "") -> int:
        """Run Odoo with its log in a file and ``script`` on its standard input; its exit status."""
        with open(log, "a") as output, _text_as_file(script) as stdin:
            return self.run(*arguments, stdout=output, stderr=output, stdin=stdin)

    def started(self, *arguments: str, http_port: str, **options) -> contextlib.AbstractContextManager[Popen]:
        """Odoo running for as long as the block. ``options`` are those of Popen."""
        environment = self.environment(http_port=http_port)
        return process.started(self.command(*arguments), env=environment, stdin=DEVNULL, **options)

    def command(self, *arguments: str) -> list[str]:
        return [str(self.venv.python), str(self.venv.odoo), *arguments]


def find(server: Server) -> Odoo:
    """Odoo and its Python environment, obtained if need be."""
    return Odoo(odoo_source.find(), venv.find(), server)


def free_port(wanted: int = 0) -> int:
    """``wanted`` if it is free on the loopback, else any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
        return probe.getsockname()[1]


@contextlib.contextmanager
def _text_as_file(text: str) -> Iterator:
    with tempfile.TemporaryFile("w+") as file:
        file.write(text)
        file.seek(0)
        yield file
