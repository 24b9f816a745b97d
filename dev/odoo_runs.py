# SPDX-License-Identifier: LGPL-3.0-or-later
"""The parts of ``./kk test`` that need a running Odoo, each on a database of its own."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from dev import checks, demo, oca, snapshot, test_report
from dev.cache import ADDON, ROOT
from dev.database import LANGUAGE, Scratch
from dev.odoo_cli import Odoo, free_port
from dev.test_report import Report, checked

SCRIPTS = ROOT / "dev" / "shell_scripts"
REQUEST_SECONDS = 120
BESIDE_OCA = ("test_credit_order.py", "test_credit_invoice.py", "test_credit_exposure.py", "test_audit_changes.py")
TWO_FACTOR = "auth_totp"  # Odoo installs it in every new database; the template is without
# organisation numbers with valid check digits
REGISTRY_BEFORE, REGISTRY_BETWEEN, REGISTRY_BESIDE = "999999999", "999999972", "999999980"
TRIALS = "trials"  # the tag of tests that try at random for minutes: once is enough
BREAK_OFF = """
    CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken off'; END $$;
    CREATE TRIGGER break_off BEFORE INSERT ON ir_cron FOR EACH ROW EXECUTE FUNCTION break_off()"""


class OdooRuns:
    """The runs, with their logs in the folder of ``scratch``."""

    def __init__(self, scratch: Scratch):
        self.scratch = scratch
        self.odoo = scratch.databases.odoo
        self.server = scratch.databases.server

    def tests(self, purpose: str, *options: str, tags: Sequence[str] = (f"/{ADDON.name}",)) -> Report:
        """Install the addon into a clone of the template and run its tests, or those that the tags select."""
        name = self.scratch.clone(purpose)
        select = ["--test-tags", ",".join(tags), *options]
        return self._logged(purpose, "-d", name, "-i", f"{ADDON.name},{TWO_FACTOR}", *select, tests_expected=True)

    def with_demo(self) -> Report:
        """Install into a new database with everybody's demo data, as an evaluator would, and upgrade that."""
        name = self.scratch.name("demo")
        options = ["--with-demo", "--load-language", LANGUAGE, "--no-http"]
        report = self._logged("demo-install", "-d", name, "-i", ADDON.name, *options)
        report += self._logged("demo-upgrade", "-d", name, "-u", ADDON.name, "--no-http")
        report += self._script("ehf", name)  # every module that installs itself is there
        rows = self.server.query("SELECT demo FROM ir_module_module WHERE name = :'it'", name, it=ADDON.name)
        return report + checked([] if rows == [["t"]] else ["the demo data did not load"])

    def demo_company(self) -> Report:
        """Make the demo database as ``./kk demo`` does, start the server, and log in as each role."""
        name = self.scratch.name("stage")
        demo.make(self.scratch.databases, name)
        facts = self._script("demo_company", name)
        with demo.serving(self.scratch.databases, name, free_port()) as (_server, url):
            report = facts
            for login, roles in demo.logins(self.scratch.databases, name):
                language = _language_after_login(url, name, login)
                report += checked([] if language == LANGUAGE else [f"{login} ({roles}) works in {language}"])
        return report

    def beside_oca(self) -> Report:
        """Install the addon where OCA's credit modules and audit log are, with the web shop: their own tests fail
        no more than before, and ours of credit and audit pass."""
        modules, name = list(oca.VERSIONS), self.scratch.clone("oca")
        path = ("--addons-path", f"{ROOT},{oca.find(self.odoo.venv)}")
        self._logged("oca-install", "-d", name, "-i", ",".join(modules), "--no-http", *path)
        alone = self._own_tests("oca-alone", name, modules, *path)
        tags = ["neighbours", *(f"/{ADDON.name}/tests/{file}" for file in BESIDE_OCA)]
        report = self._logged(
            "oca-ours", "-d", name, "-i", f"{ADDON.name},website_sale", "--test-tags", ",".join(tags), *path,
            tests_expected=True)
        beside = self._own_tests("oca-beside", name, modules, *path)
        known = set(map(_heading, alone.failures))
        broken = [failure for failure in beside.failures if _heading(failure) not in known]
        if not alone.tests or beside.tests != alone.tests:
            broken.append(f"{alone.tests} tests of OCA's ran alone, {beside.tests} beside ours")
        return report + Report(
            tests=beside.tests - beside.failed_tests + len(broken), failed_tests=len(broken), failures=broken)

    def _own_tests(self, purpose: str, name: str, modules: Sequence[str], *options: str) -> Report:
        """The tests of other modules, in a database that has them."""
        script = f"MODULES = {modules}\n" + (SCRIPTS / "own_tests.py").read_text()
        return self._logged(
            purpose, "shell", "-d", name, "--http-port", str(free_port()), *options, script=script,
            tests_expected=True)

    def life(self) -> Report:
        """Install without demo data beside a ledger, once in vain; use, upgrade, compare the translations, uninstall.

        Whatever was there before must be there after, and nothing else but the business
        records made meanwhile.
        """
        name = self.scratch.clone("life")
        report = self._script("ledger", name, f'PREFIX, REGISTRY = "Før", "{REGISTRY_BEFORE}"\n')
        columns = snapshot.columns(self.server, name)
        structure = snapshot.structure(self.server, name)
        report += self._install_in_vain(name)
        report += self._script("ledger", name, f'PREFIX, REGISTRY = "Mellom", "{REGISTRY_BETWEEN}"\n')
        rows = snapshot.records(self.server, name, columns)
        report += self._logged("install", "-d", name, "-i", ADDON.name, "--no-http")
        report += self._script("ledger", name, f'PREFIX, REGISTRY = "Under", "{REGISTRY_BESIDE}"\n')
        report += self._script("every_model", name)
        used = self._ids(name)
        report += self._logged("upgrade", "-d", name, "-u", ADDON.name, "--no-http")
        report += self._translations(name)
        report += self._script("uninstall", name)
        report += checked(snapshot.left_behind(structure, snapshot.structure(self.server, name)))
        report += checked(snapshot.lost(rows, snapshot.records(self.server, name, columns)))
        return report + checked(snapshot.lost(used, self._ids(name)))

    def _install_in_vain(self, name: str) -> Report:
        """Break an installation off when its tables are made and its data half loaded."""
        self.server.query(BREAK_OFF, name)
        log = self.scratch.folder / "install-in-vain.log"
        self.odoo.logged("-d", name, "-i", ADDON.name, "--no-http", "--stop-after-init", log=log)
        self.server.query("DROP FUNCTION break_off CASCADE", name)
        rows = self.server.query(
            "SELECT state, EXISTS (SELECT FROM pg_tables WHERE tablename = 'kundekartotek_category')"
            " FROM ir_module_module WHERE name = :'it'",
            name,
            it=ADDON.name,
        )
        return checked([] if rows == [["uninstalled", "t"]] else [f"an installation broken off leaves {rows}"])

    def _translations(self, name: str) -> Report:
        """Compare nb.po with a fresh export of a database that has the addon."""
        template = export_template(self.odoo, name, self.scratch.folder)
        command = [self.odoo.venv.python, "-m", "dev.translations", "check", checks.NORWEGIAN, template]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        return checked((done.stdout or done.stderr).splitlines() if done.returncode else [])

    def _ids(self, name: str) -> snapshot.Snapshot:
        return snapshot.records(self.server, name, {table: [] for table in snapshot.KEPT_TABLES})

    def _script(self, script: str, name: str, before: str = "") -> Report:
        text = before + (SCRIPTS / f"{script}.py").read_text()
        return self._logged(script, "shell", "-d", name, "--no-http", script=text)

    def _logged(self, purpose: str, *arguments: str, tests_expected: bool = False, script: str = "") -> Report:
        log = self.scratch.folder / f"{purpose}.log"
        log.write_text("")
        stop = () if arguments[0] == "shell" else ("--stop-after-init",)
        status = self.odoo.logged(*arguments, *stop, log=log, script=script)
        with open(log, errors="replace") as lines:
            report = test_report.read(lines, status, tests_expected=tests_expected)
        if report.failures:
            report.failures[-1] += f"\n(the whole log: {log.relative_to(ROOT)})"
        if status and len(report.failures) == 1:  # a traceback that went past the log
            report.failures.append("\n".join(log.read_text(errors="replace").splitlines()[-15:]))
        if not tests_expected:  # a run without tests is one check
            report.tests, report.failed_tests = 1, int(bool(report.failures))
        return report


def export_template(odoo: Odoo, name: str, folder: Path) -> Path:
    """The addon's translatable terms as a .pot file, exported by Odoo from a database that has the addon."""
    path = folder / f"{ADDON.name}.pot"
    odoo.quiet(
        "i18n",
        "export",
        "-d",
        name,
        "-o",
        str(path),
        ADDON.name,
        log=f"export-{name}.log",
        failure="Odoo could not export the addon's terms.",
    )
    return path


def _heading(failure: str) -> str:
    """What a failure is called, the same in every database."""
    return re.sub(r"\d+", "", failure.partition("\n")[0])


def _language_after_login(url: str, database: str, login: str) -> str:
    """Log in over HTTP with the login as password; the user's language, or the error."""
    parameters = {"db": database, "login": login, "password": login}
    request = urllib.request.Request(
        f"{url}/web/session/authenticate",
        json.dumps({"jsonrpc": "2.0", "params": parameters}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
        content = json.load(answer)
    if "error" in content:
        return content["error"]["data"]["message"]
    return content["result"]["user_context"]["lang"]
