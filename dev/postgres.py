# SPDX-License-Identifier: LGPL-3.0-or-later
"""Finds a PostgreSQL server, or runs a private one for as long as some ``./kk`` command lives.

Every command holds the lock ``postgres-users`` shared while it runs. The one that can
hold it alone at its end is the last and stops the server. A command that is killed leaves
the server running: the next one finds it by its pid file, uses it and stops it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev import debian
from dev.cache import CACHE, Problem, digest, lock, lock_path, remove, step
from dev.process import quiet

OLDEST_VERSION = 13
START_SECONDS = 120  # a server that was killed reads its journal first
HOST = "127.0.0.1"
USER = "odoo"
NAMESPACE = "KK_NAMESPACE"  # tells a command that we start how our database names begin
SYSTEM_USER = "kundekartotek"  # made when root finds no user "postgres"
# Fit for data that can be built anew: a power cut may cost the cluster (./kk reset --all).
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": 200,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": 1.1,
    "effective_cache_size": "2GB",
    "jit": "off",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    # A test holds thousands of rows in one open transaction. A vacuum counts none of them as living, and
    # the plans made after it take minutes: whoever fills a database has it analysed once instead.
    "autovacuum_naptime": "1h",
}


@dataclass(frozen=True)
class Server:
    """How to reach a server. ``namespace`` starts our database names where others may share it."""

    variables: dict[str, str]
    programs: Path | None = None
    namespace: str = ""

    def environment(self) -> dict[str, str]:
        """The process environment with this server's PG* variables and no database named."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        folders = [str(self.programs)] if self.programs else []
        path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
        return {**inherited, **self.variables, NAMESPACE: self.namespace, "PATH": path}

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's client programs such as ``createdb``."""
        self._output([program, *arguments])

    def query(self, sql: str, database: str = "postgres", **values: object) -> list[list[str]]:
        """The rows of a statement as text.

        In it ``:'name'`` stands for a quoted value, ``:"name"`` for an identifier.
        """
        variables = [word for name, value in values.items() for word in ("-v", f"{name}={value}")]
        output = self._output(
            [
                "psql",
                "-X",
                "-q",
                "-A",
                "-t",
                "-F",
                "\x1f",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                database,
                *variables,
                "-f",
                "-",
            ],
            sql,
        )
        return [line.split("\x1f") for line in output.splitlines()]

    def _output(self, command: Sequence[str], stdin: str = "") -> str:
        done = subprocess.run(command, env=self.environment(), input=stdin, text=True, capture_output=True)
        if done.returncode:
            raise Problem(f"PostgreSQL: {command[0]}: {done.stderr.strip()}")
        return done.stdout


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A server to use inside the block: the one that PG* variables name, else the private cluster."""
    if any(os.environ.get(name) for name in ("PGHOST", "PGPORT", "PGSERVICE", "PGUSER")):
        yield _given_server()
        return
    cluster = Cluster(CACHE / "postgres")
    with _kept_while_used(cluster):
        yield cluster.server()


def refuse_while_used() -> None:
    """Raise a Problem while another command uses the private cluster."""
    with open(lock_path("postgres-users"), "a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem("Another ./kk is running; end it first.") from None
        if (CACHE / "postgres" / "data").exists():
            try:
                cluster = Cluster(CACHE / "postgres")
            except Problem:  # of a version that is not here any more, so it does not run
                return
            cluster.stop()


def _given_server() -> Server:
    if not shutil.which("psql"):
        debian.install("postgresql-client", "PostgreSQL's client psql")
    variables = {name: value for name, value in os.environ.items() if name.startswith("PG") and name != "PGDATABASE"}
    given = Server(variables, namespace=os.environ.get(NAMESPACE, f"kk{digest(str(CACHE.resolve()))[:4]}_"))
    [[version, may_create, user]] = given.query(
        "SELECT current_setting('server_version_num')::int / 10000, rolcreatedb OR rolsuper, rolname"
        " FROM pg_roles WHERE rolname = current_user"
    )
    if int(version) < OLDEST_VERSION:
        raise Problem(f"The PostgreSQL server named by PG* is version {version}; Odoo needs {OLDEST_VERSION} or later.")
    if may_create != "t" or user == "postgres":
        raise Problem(
            f"The PostgreSQL role {user} cannot be used: Odoo needs one that may create databases and is not"
            " called postgres. Make one with: createuser --createdb odoo"
        )
    return given


@contextlib.contextmanager
def _kept_while_used(cluster: Cluster) -> Iterator[None]:
    with open(lock_path("postgres-users"), "a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            cluster.start()
            yield
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                cluster.stop()


class Cluster:
    """A private PostgreSQL cluster below ``home``, reached by TCP on the loopback with a password."""

    def __init__(self, home: Path):
        made_by = home / "data" / "PG_VERSION"
        self.programs = find_programs(int(made_by.read_text()) if made_by.exists() else None)
        self.owner = _owner()
        self.home = self._reachable(home)
        self.data = self.home / "data"

    def server(self) -> Server:
        password = (self.home / "password").read_text()
        return Server(
            {"PGHOST": HOST, "PGPORT": str(self._running_port()), "PGUSER": USER, "PGPASSWORD": password},
            self.programs,
        )

    def start(self) -> None:
        """Make the cluster if need be and start it unless it runs."""
        with lock("postgres-start"):
            if not self.data.exists():
                with step("Making a PostgreSQL cluster"):
                    self._initialise()
            if not self._runs():
                with step("Starting PostgreSQL"):
                    self._clear_away_killed_server()
                    settings = {"port": _free_port(), **SETTINGS}
                    options = " ".join("-c " + shlex.quote(f"{name}={it}") for name, it in settings.items())
                    start = ["start", "-w", "-t", START_SECONDS, "-o", options]
                    self._as_owner("pg_ctl", *start, "-D", self.data, "-l", self.home / "server.log")
            else:  # started by a command that was killed, perhaps a moment ago
                self._wait_until_ready()

    def stop(self) -> None:
        if self._runs():
            self._as_owner("pg_ctl", "stop", "-w", "-m", "fast", "-D", self.data)

    def _initialise(self) -> None:
        partial = self.home / "data.partial"
        remove(partial)
        password = self.home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        if self.owner:
            shutil.chown(password, self.owner)
        self._as_owner(
            "initdb",
            "-D",
            partial,
            "-U",
            USER,
            "--pwfile",
            password,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        partial.rename(self.data)

    def _runs(self) -> bool:
        status = self._status()
        return bool(status) and int(status[0]) in self._processes()

    def _running_port(self) -> int:
        return int(self._status()[3])

    def _status(self) -> list[str]:
        """The lines of the pid file: process, folder, start, port, socket, address, memory, "ready"."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _processes(self) -> list[int]:
        """The living processes of this cluster: those that work in its folder."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # ended, a zombie, or not ours to see
                if (folder / "cwd").readlink() == self.data:
                    found.append(int(folder.name))
        return found

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not (self._runs() and [line.strip() for line in self._status()[7:8]] == ["ready"]):
            if time.monotonic() > deadline:
                raise Problem(f"PostgreSQL does not start; see {self.home / 'server.log'}.")
            time.sleep(0.05)

    def _clear_away_killed_server(self) -> None:
        """End what a killed server left running, and remove its pid file.

        PostgreSQL does so itself, but refuses to start where the number in the file belongs to
        another process or to one that nobody has waited for: both are usual in containers.
        """
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while self._processes():
            time.sleep(0.05)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _as_owner(self, program: str, *arguments: object) -> None:
        group = {"group": pwd.getpwnam(self.owner).pw_gid, "extra_groups": []} if self.owner else {}
        quiet(
            [self.programs / program, *arguments],
            f"{program}.log",
            f"PostgreSQL's {program} failed.",
            cwd="/",
            user=self.owner,
            **group,
        )

    def _reachable(self, home: Path) -> Path:
        """``home``, made for the owner; a folder below /var/lib with ``home`` a link to it where the owner
        may not enter the folders above."""
        home.parent.mkdir(parents=True, exist_ok=True)
        if not home.exists():
            if home.is_symlink():
                home.unlink()
            if self.owner and not _can_enter(self.owner, home.parent):
                place = Path("/var/lib") / f"kundekartotek-{digest(str(home.resolve()))}"
                place.mkdir(exist_ok=True)
                home.symlink_to(place)
            else:
                home.mkdir(exist_ok=True)
            if self.owner:
                shutil.chown(home, self.owner)
            home.chmod(0o700)
        return home.resolve()


def find_programs(version: int | None = None) -> Path:
    """The folder of PostgreSQL's programs: of a version, or the newest; installed from Debian if there is none.

    A cluster runs only with the version that made it.
    """
    installed = _installed_programs()
    if version and version not in installed:
        raise Problem(
            f"PostgreSQL {version}, which made .cache/postgres, is not installed any more. "
            f"Install postgresql-{version}, or start afresh with ./kk reset --all."
        )
    if not installed:
        with _no_main_cluster():
            debian.install("postgresql", f"A PostgreSQL server, version {OLDEST_VERSION} or later,")
        installed = _installed_programs()
    if not installed:
        raise Problem(f"Debian has no PostgreSQL server of version {OLDEST_VERSION} or later here.")
    return installed[version or max(installed)]


def _installed_programs() -> dict[int, Path]:
    """The folder of each usable version's programs."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    versions = {_version(folder): folder for folder in folders}
    return {version: folder for version, folder in versions.items() if version >= OLDEST_VERSION}


def _version(folder: Path) -> int:
    shown = subprocess.run([folder / "initdb", "--version"], capture_output=True, text=True).stdout
    match = re.search(r"\d+", shown)
    return int(match[0]) if match else 0


@contextlib.contextmanager
def _no_main_cluster() -> Iterator[None]:
    """Keep Debian's package from making and starting a server of its own when it is installed."""
    setting = Path("/etc/postgresql-common/createcluster.d/kundekartotek.conf")
    if os.geteuid() == 0:
        setting.parent.mkdir(parents=True, exist_ok=True)
        setting.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        setting.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _owner() -> str | None:
    """The unprivileged user to run the server as when we are root; None: ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", SYSTEM_USER):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True)
    return SYSTEM_USER


def _can_enter(user: str, folder: Path) -> bool:
    account = pwd.getpwnam(user)
    return (
        subprocess.run(
            ["test", "-x", folder], user=account.pw_uid, group=account.pw_gid, extra_groups=[], cwd="/"
        ).returncode
        == 0
    )
