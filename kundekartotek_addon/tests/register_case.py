# SPDX-License-Identifier: LGPL-3.0-or-later
"""The stand-in register for tests: a local server that answers as Enhetsregisteret does, over real HTTP."""
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from ..tools.brreg import Breaker
from .common import KundekartotekCase

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # developers' tools lie beside the addon
    sys.path.append(str(ROOT))

from dev.brreg_server import BrregServer  # noqa: E402

__all__ = ["BrregServer", "RegisterCase"]

# Of the demo company's customers, as the stand-in knows them
ACTIVE = "310410004"


class RegisterCase(KundekartotekCase):
    """Customers beside the stand-in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(BrregServer(firms=400))
        parameters = cls.env["ir.config_parameter"].sudo()
        parameters.set_param("kundekartotek_addon.register_mode", "on")
        parameters.set_param("kundekartotek_addon.register_url", cls.server.register_url)
        cls.Entry = cls.env["kundekartotek.register.entry"]
        cls.service = cls.env["kundekartotek.register.service"]
        cls.env["kundekartotek.register.entry"].search([]).unlink()

    def setUp(self):
        super().setUp()
        self.server.reset()
        self.addCleanup(self.server.reset)
        client = self.service._get_client()
        client.breaker = Breaker()
        self.quick(client)
        register = self.server.register
        known, published = dict(register.known), {kind: list(rows) for kind, rows in register.published.items()}
        self.addCleanup(register.published.update, published)
        self.addCleanup(register.known.update, known)

    def quick(self, client):
        """Retries without waiting."""
        before, client.sleep = client.sleep, lambda seconds: None
        self.addCleanup(setattr, client, "sleep", before)

    def fetch(self, *partners):
        """What the job does, for the numbers of these partners."""
        numbers = [partner._get_organisation_number() for partner in partners]
        entries = self.Entry.search([("number", "in", numbers)])
        entries._store(self.service._fetch(entries.mapped("number")))
        self.env.invalidate_all()
        return entries

    @contextmanager
    def time_is_up(self):
        """A job's environment that has time for its first batch only."""
        cron = type(self.env["ir.cron"])
        commit = cron._commit_progress
        self.env.flush_all()
        with (self.enter_registry_test_mode(), self.registry.cursor() as cr,
              patch.object(cron, "_commit_progress", lambda *args, **more: commit(*args, **more) and 0)):
            yield self.env(cr=cr)
        self.env.invalidate_all()

    def firms(self, condition, count=1):
        """Numbers of the stand-in's invented firms that are so."""
        found = []
        for number in self.server.register.firms.numbers():
            firm = self.server.register.get(number)
            if firm and condition(firm):
                found.append(number)
                if len(found) == count:
                    return found
        raise AssertionError("the stand-in has no such firm")
