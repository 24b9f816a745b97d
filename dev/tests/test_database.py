# SPDX-License-Identifier: LGPL-3.0-or-later
import fcntl
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from dev import cache, database


class TestOldRuns(unittest.TestCase):
    def test_logs_of_a_run_that_lasts_are_kept(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.object(cache, "CACHE", folder))
        runs = folder / "runs"
        for age in range(database.KEPT_RUNS + 3):
            path = runs / f"clone_run_{age:06x}"
            path.mkdir(parents=True)
            os.utime(path, (1_000_000 - age, 1_000_000 - age))
        lasting, oldest = database.KEPT_RUNS + 1, database.KEPT_RUNS + 2
        with open(cache.lock_path(f"run-{lasting:06x}"), "a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            database.forget_old_runs(runs)
        left = {int(path.name.rpartition("_")[2], 16) for path in runs.iterdir()}
        self.assertEqual(left, {*range(database.KEPT_RUNS), lasting})
        self.assertNotIn(oldest, left)
