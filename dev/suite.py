# SPDX-License-Identifier: LGPL-3.0-or-later
"""``./kk test``: every check there is, or the few that a name selects."""

from __future__ import annotations

import ast
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev import browser, checks, process, unit_tests
from dev.cache import ADDON, ROOT, Problem, say
from dev.database import Databases
from dev.odoo_runs import TRIALS, OdooRuns
from dev.test_report import Report, checked
from dev.venv import Venv

WORKERS = 2
BESIDE_OCA = "beside OCA's credit modules and audit log"


class Results:
    """Collects the reports of all steps, shows each as it ends, and counts."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def run(self, title: str, action: Callable[[], Report]) -> None:
        """Run one step; whatever goes wrong in it is a failure of the suite, not its end."""
        started = time.monotonic()
        say(f"  {title} …")
        try:
            report = action()
        except Problem as problem:
            report = Report(failures=[str(problem)])
        with self.lock:
            self.passed += report.passed
            self.failed += len(report.failures)
            self.skipped += report.skipped
            seconds = time.monotonic() - started
            say(f"{'✗' if report.failures else '✓'} {title}: {report.summary()} ({seconds:.0f} s)")
            for failure in report.failures:
                print("    " + failure.replace("\n", "\n    "), flush=True)

    def close(self) -> int:
        """Print the closing line; the exit status."""
        if self.skipped:
            print(f"{self.skipped} skipped: they need the research data in ../shared, which is not there")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 0 if self.passed and not self.failed else 1


def run_lint(results: Results, venv: Venv) -> None:
    for title, check in checks.all_checks(venv).items():
        results.run(title, lambda check=check: checked(check()))


def run_unit_tests(venv: Venv, kind: str, name: str = "") -> Report:
    """The launcher's or the tools' tests, in a process of their own."""
    done = subprocess.run(
        [venv.python, "-m", "dev.unit_tests", kind, *filter(None, [name])],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    *output, last = done.stdout.splitlines() or [""]
    try:
        tests, failed, skipped = map(int, last.split())
    except ValueError:
        return Report(failures=[done.stdout])
    failures = ["\n".join(output)] + ["see above"] * (failed - 1) if failed else []
    report = Report(tests=tests, skipped=skipped, failed_tests=failed, failures=failures)
    if not tests:
        report.failures.append("no test ran")
    return report


def run_all(databases: Databases, results: Results, with_oca: bool = False) -> None:
    """Everything: quick checks first, then the runs of Odoo, two at a time; beside OCA's modules if asked for."""
    venv = databases.odoo.venv
    run_lint(results, venv)
    results.run("tests of the launcher", lambda: run_unit_tests(venv, "launcher"))
    results.run("tests of the tools", lambda: run_unit_tests(venv, "tools"))
    browser.ensure()
    databases.template()
    with databases.scratch() as scratch, process.threads_ended(), ThreadPoolExecutor(WORKERS) as pool:
        runs = OdooRuns(scratch)
        # the longest first, so that the two workers end at about the same time
        actions = {
            "Odoo tests and browser tours": lambda: runs.tests("suite"),
            "install with demo data, upgrade": runs.with_demo,
            "Odoo tests on a read replica": lambda: runs.tests(
                "replica", "--dev=replica", tags=(f"/{ADDON.name}", f"-{TRIALS}")
            ),
            "install, use, upgrade, translations, uninstall": runs.life,
            "demo company, a login per role": runs.demo_company,
        }
        if with_oca:
            actions[BESIDE_OCA] = runs.beside_oca
        jobs = [pool.submit(results.run, title, action) for title, action in actions.items()]
        try:
            for job in jobs:
                job.result()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            process.end_all()
            raise


def run_named(names: Sequence[str], ready, results: Results) -> None:
    """The tests that names select; ``ready`` gives the databases, asked for only where Odoo is needed."""
    tags: list[str] = []
    units: list[tuple[str, str]] = []
    for name in names:
        here = tags_for(name)
        there = [
            (kind, "" if name == kind else name)
            for kind in unit_tests.TESTS
            if name == kind or unit_tests.files(kind, name)
        ]
        if not here and not there and name not in ("lint", "oca"):
            raise Problem(
                f"No test is called {name}. Rooms, test files, classes and methods of {ADDON.name}/tests, "
                "files of dev/tests, tools, and the words lint, launcher, oca and tools are known."
            )
        tags += here
        units += there
    with ready() as databases:
        venv = databases.odoo.venv
        if "lint" in names:
            run_lint(results, venv)
        for kind, name in units:
            results.run(f"tests of the {kind} {name}", lambda kind=kind, name=name: run_unit_tests(venv, kind, name))
        if have_tours(names):
            browser.ensure()
        if tags:
            with databases.scratch() as scratch:
                results.run("Odoo tests", lambda: OdooRuns(scratch).tests("named", tags=tags))
        if "oca" in names:
            with databases.scratch() as scratch:
                results.run(BESIDE_OCA, OdooRuns(scratch).beside_oca)


def test_files() -> list[Path]:
    return sorted((ADDON / "tests").glob("test_*.py"))


def tags_for(name: str) -> list[str]:
    """Odoo's test tags for a room, a test file, a class, a method or Class.method; empty if there is none.

    >>> tags_for("no such test anywhere")
    []
    """
    return [tag for path in test_files() for tag in tags_in(path, name)]


def tags_in(path: Path, name: str) -> list[str]:
    """The tags for what a name selects in one test file."""
    wanted = name.rpartition("/")[2].removesuffix(".py")
    if wanted in (path.stem, path.stem.removeprefix("test_")) or path.stem.startswith(f"test_{wanted}_"):
        return [f"/{ADDON.name}/tests/{path.name}"]
    tags = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            if wanted == node.name:
                tags.append(f"/{ADDON.name}:{node.name}")
            methods = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
            tags += [
                f"/{ADDON.name}:{node.name}.{method}"
                for method in methods
                if wanted in (method, f"{node.name}.{method}")
            ]
    return tags


def have_tours(names: Sequence[str]) -> bool:
    """Whether a test file of which the names select something runs a browser."""
    files = [path for path in test_files() if any(tags_in(path, name) for name in names)]
    return any(word in path.read_text() for path in files for word in ("start_tour", "browser_js"))
