# SPDX-License-Identifier: LGPL-3.0-or-later
"""A real private cluster in a folder of its own, as several commands use it at once."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from dev import cache, database, odoo_source, postgres
from dev.cache import ROOT, Problem

USE = """
import sys
from pathlib import Path
from dev import cache, postgres
cache.CACHE = postgres.CACHE = Path(sys.argv[1])
with postgres.server() as server:
    print(server.variables["PGPORT"], server.query("SELECT count(*) FROM pg_database")[0][0], flush=True)
    sys.stdin.readline()
"""


class PostgresCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(contextlib.redirect_stderr(io.StringIO()))
        for name in [name for name in os.environ if name.startswith("PG")]:
            cls.enterClassContext(mock.patch.dict(os.environ))
            del os.environ[name]
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.folder.chmod(0o755)
        for module in (cache, postgres):
            cls.enterClassContext(mock.patch.object(module, "CACHE", cls.folder))
        cls.cluster = postgres.Cluster(cls.folder / "postgres")
        cls.addClassCleanup(cls.cluster.stop)

    def command(self):
        """Another command that uses the server until its standard input ends; (process, its port)."""
        command = subprocess.Popen(
            [sys.executable, "-c", USE, self.folder],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(command.stdout.close)
        self.addCleanup(command.wait)
        self.addCleanup(command.stdin.close)
        self.addCleanup(command.kill)
        port, databases = command.stdout.readline().split()
        self.assertGreaterEqual(int(databases), 3)
        return command, int(port)

    def end(self, command):
        command.stdin.write("\n")
        command.stdin.flush()
        self.assertEqual(command.wait(60), 0)

    def assert_runs(self, runs):
        self.assertIs(self.cluster._runs(), runs)


class TestLife(PostgresCase):
    def test_runs_while_it_is_used_and_no_longer(self):
        with postgres.server() as server:
            self.assertEqual(server.query("SELECT current_user"), [[postgres.USER]])
        self.assert_runs(False)

    def test_the_last_command_stops_it(self):
        (first, port), (second, same_port) = self.command(), self.command()
        self.assertEqual(port, same_port)
        self.end(first)
        self.assert_runs(True)
        self.end(second)
        self.assert_runs(False)

    def test_survives_a_killed_command_and_the_next_one_stops_it(self):
        killed, port = self.command()
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        self.assert_runs(True)
        following, same_port = self.command()
        self.assertEqual(port, same_port)
        self.end(following)
        self.assert_runs(False)

    def test_starts_again_after_the_server_was_killed(self):
        killed, _port = self.command()
        pid_file = self.cluster.data / "postmaster.pid"
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        killed.kill()
        time.sleep(0.5)
        with postgres.server() as server:
            self.assertEqual(server.query("SELECT 1"), [["1"]])

    def test_starts_though_the_pid_in_the_file_is_somebody_elses(self):
        with postgres.server():
            pid_file = self.cluster.data / "postmaster.pid"
            lines = pid_file.read_text().splitlines()
            mode = pid_file.stat()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        os.chown(pid_file, mode.st_uid, mode.st_gid)
        with postgres.server() as server:
            self.assertEqual(server.query("SELECT 1"), [["1"]])

    def test_an_interrupted_making_is_done_again(self):
        home = self.folder / "interrupted"
        cluster = postgres.Cluster(home)
        (cluster.home / "data.partial").mkdir()
        (cluster.home / "data.partial" / "half").touch()
        cluster.start()
        self.addCleanup(cluster.stop)
        self.assertEqual(cluster.server().query("SELECT 1"), [["1"]])

    def test_the_version_that_made_it_is_gone(self):
        version = self.cluster.data / "PG_VERSION"
        kept = version.read_text()
        self.addCleanup(version.write_text, kept)
        version.write_text("9\n")
        with self.assertRaisesRegex(Problem, "Install postgresql-9, or start afresh with ./kk reset --all"):
            postgres.Cluster(self.folder / "postgres")

    def test_password_is_nobody_elses_and_is_needed(self):
        with postgres.server() as server:
            self.assertEqual((self.cluster.home / "password").stat().st_mode & 0o777, 0o600)
            wrong = postgres.Server({**server.variables, "PGPASSWORD": "guess"}, server.programs)
            with self.assertRaisesRegex(Problem, "password authentication failed"):
                wrong.query("SELECT 1")

    def test_a_server_named_by_the_environment_is_used(self):
        with (
            postgres.server() as server,
            mock.patch.dict(os.environ, {**server.variables, "PGDATABASE": "x"}),
        ):
            os.environ["PATH"] = f"{server.programs}:{os.environ['PATH']}"
            with postgres.server() as given:
                self.assertNotIn("PGDATABASE", given.environment())
                self.assertEqual(given.query("SELECT 1"), [["1"]])
                self.assertTrue(given.namespace)
            self.assert_runs(True)

    def test_a_role_that_cannot_make_databases_is_refused(self):
        with postgres.server() as server:
            server.query("DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN PASSWORD 'poor'")
            with mock.patch.dict(
                os.environ,
                {**server.variables, "PGUSER": "poor", "PGPASSWORD": "poor", "PGDATABASE": "postgres"},
            ):
                os.environ["PATH"] = f"{server.programs}:{os.environ['PATH']}"
                with self.assertRaisesRegex(Problem, "createuser --createdb"), postgres.server():
                    pass

    def test_reset_waits_for_nobody(self):
        self.command()
        with self.assertRaisesRegex(Problem, "Another ./kk is running"):
            postgres.refuse_while_used()

    @unittest.skipUnless(os.geteuid() == 0, "only root runs the server as another user; without ../shared too")
    def test_a_folder_that_the_owner_cannot_enter(self):
        closed = self.folder / "closed"
        closed.mkdir(mode=0o700)
        cluster = postgres.Cluster(closed / "postgres")
        self.addCleanup(cache.remove, cluster.home)
        self.assertTrue((closed / "postgres").is_symlink())
        self.assertEqual(postgres.Cluster(closed / "postgres").home, cluster.home)
        self.assertEqual(cluster.home.parent, Path("/var/lib"))
        self.assertEqual(cluster.home.stat().st_mode & 0o777, 0o700)


class TestQueries(PostgresCase):
    def test_values_are_quoted(self):
        with postgres.server() as server:
            for value in ("it's", 'a"b', "x; DROP TABLE y", "æøå", "\\", ":'other'"):
                self.assertEqual(server.query("SELECT :'value'", value=value), [[value]])

    def test_an_error_is_a_problem(self):
        with postgres.server() as server, self.assertRaisesRegex(Problem, "does not exist"):
            server.query("SELECT * FROM nowhere")


class FakeOdoo:
    """As much of an Odoo as the handling of databases asks for: what it installs is an empty database."""

    source = odoo_source.OdooSource(Path("odoo"), "test")

    def __init__(self, server, folder):
        self.server = server
        self.data_folder = folder / "odoo-data"

    def quiet(self, _option, name, *arguments, log, failure):
        self.server.run("createdb", name)


class TestDatabases(PostgresCase):
    def setUp(self):
        self.server = self.enterContext(postgres.server())
        self.databases = database.Databases(FakeOdoo(self.server, self.folder))

    def names(self):
        return [name for [name] in self.server.query("SELECT datname FROM pg_database ORDER BY 1")]

    def source(self, name="source"):
        self.databases.drop(name)
        self.server.run("createdb", name)
        file = self.databases._filestore(name) / "ab" / "abcd"
        file.parent.mkdir(parents=True)
        file.write_text("content")
        return name

    def test_a_clone_has_the_stored_files(self):
        self.databases.clone(self.source(), "copy")
        original, copy = (self.databases._filestore(name) / "ab/abcd" for name in ("source", "copy"))
        self.assertEqual(original.stat().st_ino, copy.stat().st_ino)
        self.databases.drop("copy")
        self.assertNotIn("copy", self.names())
        self.assertFalse(copy.exists())
        self.assertTrue(original.exists())

    def test_rename_takes_the_stored_files_along(self):
        self.databases.rename(self.source(), "renamed")
        self.assertEqual((self.databases._filestore("renamed") / "ab/abcd").read_text(), "content")
        self.assertNotIn("source", self.names())

    def test_scratch_databases_are_dropped(self):
        self.source()
        with self.databases.scratch() as scratch:
            name = self.databases.clone("source", scratch.name("x"))
            self.assertIn(name, self.names())
        self.assertNotIn(name, self.names())

    def test_what_a_killed_run_left_is_dropped_and_a_living_runs_is_not(self):
        self.source()
        abandoned = self.databases.clone("source", self.databases.prefix + "run_abc123_suite")
        with self.databases.scratch() as living:
            self.assertNotIn(abandoned, self.names())
            name = self.databases.clone("source", living.name("x"))
            with self.databases.scratch():
                self.assertIn(name, self.names())

    def test_only_our_own_names_count_as_ours(self):
        self.source()
        self.databases.clone("source", self.databases.demo)
        self.addCleanup(self.databases.drop, self.databases.demo)
        self.assertEqual(self.databases.ours(), [self.databases.demo])

    def test_nobody_is_in_the_template_when_it_is_cloned(self):
        template = self.databases.template()
        self.addCleanup(self.databases.drop, template)
        with self.assertRaisesRegex(Problem, "not currently accepting connections"):
            self.server.query("SELECT 1", template)
        self.databases.clone(self.databases.template(), "copy")
        self.assertEqual(self.server.query("SELECT 1", "copy"), [["1"]])

    def test_notes(self):
        self.source()
        self.assertEqual(self.databases.note("source"), "")
        self.databases.set_note("source", "it's")
        self.assertEqual(self.databases.note("source"), "it's")
        self.assertEqual(self.databases.note("nowhere"), "")

    def test_two_clones_of_one_source_at_once(self):
        self.source()
        script = (
            "import sys; from pathlib import Path; from dev import cache, database, postgres\n"
            "from dev.tests.test_postgres import FakeOdoo\n"
            "cache.CACHE = postgres.CACHE = Path(sys.argv[1])\n"
            "with postgres.server() as server:\n"
            "    database.Databases(FakeOdoo(server, cache.CACHE)).clone('source', sys.argv[2])"
        )
        both = [
            subprocess.Popen([sys.executable, "-c", script, self.folder, name], cwd=ROOT) for name in ("one", "two")
        ]
        self.assertEqual([process.wait() for process in both], [0, 0])
        self.assertLessEqual({"one", "two"}, set(self.names()))
