# SPDX-License-Identifier: LGPL-3.0-or-later
"""Run the tests of MODULES, in Odoo's shell, with every module loaded: those too that they would run before the
modules above them are there."""

import logging

from odoo import http
from odoo.service import server
from odoo.tests import loader
from odoo.tools import config

config["test_tags"] = "standard"
server.load_server_wide_modules()
server.server = server.ThreadedServer(http.root)  # where the tests look for its port
server.server.http_spawn()
env.cr.rollback()  # noqa: F821  the tests open cursors of their own
failed, errors, tests = 0, 0, 0
for position in ("at_install", "post_install"):
    result = loader.run_suite(loader.make_suite(MODULES, position))  # noqa: F821
    failed, errors = failed + result.failures_count, errors + result.errors_count
    tests += result.testsRun
logging.getLogger("odoo.tests.result").info("%d failed, %d error(s) of %d tests", failed, errors, tests)
