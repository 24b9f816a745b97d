# SPDX-License-Identifier: LGPL-3.0-or-later
import contextlib
import io
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from dev import cache, process

HOLD = """
import sys, time
from pathlib import Path
from dev import cache, process
cache.CACHE = Path(sys.argv[1])
with cache.lock("thing", shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    time.sleep(60)
"""


class CacheCase(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = Path(folder)
        self.enterContext(mock.patch.object(cache, "CACHE", self.folder))
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def hold(self, kind):
        """Another process that holds the lock."""
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, self.folder, kind], cwd=cache.ROOT, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        self.assertEqual(holder.stdout.readline(), "held\n")
        return holder


class TestLock(CacheCase):
    def waited(self, shared):
        """Seconds until the lock is ours, when its holder is killed after a second."""
        holder = self.hold("exclusive")
        killer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -KILL {holder.pid}"])
        self.addCleanup(killer.wait)
        started = time.monotonic()
        with cache.lock("thing", shared=shared):
            return time.monotonic() - started

    def test_waits_for_another_process_and_survives_its_death(self):
        self.assertGreater(self.waited(shared=False), 0.5)

    def test_shared_waits_for_exclusive(self):
        self.assertGreater(self.waited(shared=True), 0.5)

    def test_shared_locks_share(self):
        self.hold("shared")
        started = time.monotonic()
        with cache.lock("thing", shared=True):
            self.assertLess(time.monotonic() - started, 1)


class TestBuilt(CacheCase):
    def test_builds_once(self):
        calls = []
        for _ in range(2):
            target = cache.built(self.folder / "tree", "Building", calls.append)
        self.assertEqual(calls, [target])

    def test_starts_anew_after_an_interruption(self):
        def interrupted(target):
            (target / "half").touch()
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            cache.built(self.folder / "tree", "Building", interrupted)
        target = cache.built(self.folder / "tree", "Building", lambda target: (target / "whole").touch())
        self.assertEqual({path.name for path in target.iterdir()}, {"whole", ".complete"})

    def test_two_processes_build_once(self):
        script = (
            "import sys, time; from pathlib import Path; from dev import cache\n"
            "cache.CACHE = Path(sys.argv[1])\n"
            "def build(target): time.sleep(0.5); print('built')\n"
            "cache.built(cache.CACHE / 'tree', 'Building', build)"
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, self.folder], cwd=cache.ROOT, text=True, stdout=subprocess.PIPE
            )
            for _ in range(2)
        ]
        self.assertEqual("".join(process.communicate()[0] for process in processes), "built\n")

    def test_remove_takes_a_link_and_leaves_what_it_points_to(self):
        real = self.folder / "real"
        real.mkdir()
        link = self.folder / "link"
        link.symlink_to(real)
        cache.remove(link)
        self.assertFalse(link.is_symlink())
        self.assertTrue(real.exists())
        cache.remove(self.folder / "nothing")


class TestStep(CacheCase):
    def shown(self, seconds, error=None):
        with (
            contextlib.redirect_stderr(io.StringIO()) as shown,
            mock.patch.object(cache, "SHOW_AFTER_SECONDS", 0.05),
            contextlib.suppress(ValueError),
            cache.step("Working"),
        ):
            time.sleep(seconds)
            if error:
                raise error
        return shown.getvalue()

    def test_a_short_step_is_silent(self):
        self.assertEqual(self.shown(0), "")

    def test_a_long_step_shows_its_title_then_its_time(self):
        self.assertRegex(self.shown(0.2), r"^  Working …\n  Working: 0 s +\n$")

    def test_a_failed_step_says_so(self):
        self.assertIn("stopped after", self.shown(0.2, ValueError()))


class TestDigest(unittest.TestCase):
    def test_parts_do_not_run_together(self):
        self.assertNotEqual(cache.digest("ab", "c"), cache.digest("a", "bc"))
        self.assertEqual(cache.digest("å"), cache.digest("å".encode()))


class TestProcess(CacheCase):
    PARENT = """
import sys
from dev import process
process.end_on_signals()
process.run([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"])
"""

    def parent(self):
        parent = subprocess.Popen(
            [sys.executable, "-c", self.PARENT],
            cwd=cache.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(parent.stdout.close)
        self.addCleanup(parent.wait)
        self.addCleanup(parent.kill)
        return parent, int(parent.stdout.readline())

    def assert_gone(self, pid):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return
            if state == "Z":
                return
            time.sleep(0.05)
        self.fail(f"process {pid} still lives")

    def test_all_threads_are_ended_and_then_commands_run_again(self):
        statuses = []
        with process.threads_ended():
            threads = [threading.Thread(target=lambda: statuses.append(process.run(["sleep", "60"]))) for _ in range(2)]
            for thread in threads:
                thread.start()
            while len(process._running) < len(threads):
                time.sleep(0.01)
            process.end_all()
            for thread in threads:
                thread.join(10)
            self.assertEqual(statuses, [-signal.SIGTERM] * 2)
            with self.assertRaises(cache.Problem):
                process.run(["true"])
        self.assertEqual(process.run(["true"]), 0)

    def test_the_child_ends_with_its_parent(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            with self.subTest(signal=number.name):
                parent, child = self.parent()
                parent.send_signal(number)
                parent.wait(30)
                self.assert_gone(child)
