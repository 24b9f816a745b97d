# SPDX-License-Identifier: LGPL-3.0-or-later
"""The demo database: the template with the addon and its demo data, kept between runs."""

from __future__ import annotations

import contextlib
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from subprocess import Popen

from dev.brreg_server import BrregServer
from dev.cache import ADDON, ROOT, Problem, digest, lock, log_file, say, step
from dev.database import Databases, addon_digest

# Odoo installs the import of spreadsheets and two factors wherever there is a web client; the template goes without
# such modules.
MODULES = f"{ADDON.name},auth_totp,base_import"
START_SECONDS = 180
FINISH = ROOT / "dev" / "shell_scripts" / "demo_finish.py"
# one row per role: a login of the addon's demo data (or admin) and the roles given to it; of who has none, which is a
# salesperson, what it has in Sales
LOGINS = """
WITH given AS (
    SELECT u.login, of_group.module, g.sequence, coalesce(g.name->>'nb_NO', g.name->>'en_US') AS name,
           coalesce(p.name->>'nb_NO', p.name->>'en_US') AS privilege
      FROM res_users u
      JOIN res_groups_users_rel r ON r.uid = u.id
      JOIN res_groups g ON g.id = r.gid
      LEFT JOIN res_groups_privilege p ON p.id = g.privilege_id
      JOIN ir_model_data of_group
        ON of_group.model = 'res.groups' AND of_group.res_id = g.id AND of_group.module IN (:'addon', 'sales_team')
      LEFT JOIN ir_model_data of_user
        ON of_user.model = 'res.users' AND of_user.res_id = u.id AND of_user.module = :'addon'
     WHERE u.active AND (of_user.id IS NOT NULL OR u.login = 'admin'))
SELECT login,
       coalesce(string_agg(name, ', ' ORDER BY sequence) FILTER (WHERE module = :'addon'),
                string_agg(privilege || ': ' || name, ', '))
  FROM given
 GROUP BY login
 ORDER BY min(sequence) FILTER (WHERE module = :'addon') NULLS FIRST, login
"""
# Where the addon asks the registers, unless somebody has chosen the real ones, or none, in Settings.
PARAMETERS = """
INSERT INTO ir_config_parameter (key, value, create_uid, write_uid, create_date, write_date)
SELECT :'addon' || '.' || key, value, 1, 1, now() at time zone 'UTC', now() at time zone 'UTC'
  FROM (VALUES ('register_mode', 'demo'), ('register_url', :'register'), ('postal_url', :'postal'),
               ('address_url', :'address')) AS parameter (key, value)
 WHERE NOT EXISTS (SELECT FROM ir_config_parameter
                    WHERE key = :'addon' || '.register_mode' AND value <> 'demo')
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value
"""
REGISTER_FIRMS, REGISTER_EVENTS = 20_000, 3_000


def ensure(databases: Databases) -> str:
    """The name of the demo database: made if missing, updated in place where the addon has changed.

    What a person has entered in it stays. The demo company itself is made once and not
    updated: ``./kk reset`` gives a fresh one.
    """
    name, odoo = databases.demo, databases.odoo
    code = addon_digest()
    company = digest(*(path.read_bytes() for path in sorted((ADDON / "demo").glob("*.*"))))
    with lock(name):
        if not databases.exists(name):
            make(databases, name)
        else:
            known_code, _, known_company = databases.note(name).partition(" ")
            if known_code != code:
                with step("Updating the demo database: the addon has changed"):
                    odoo.quiet(
                        "-d",
                        name,
                        "-u",
                        ADDON.name,
                        "--no-http",
                        "--stop-after-init",
                        log=f"demo-update-{name}.log",
                        failure="The demo database could not be updated; ./kk reset deletes it.",
                    )
            if known_company and known_company != company:
                say("  The demo company is an older one; ./kk reset deletes it.")
                company = known_company
        databases.set_note(name, f"{code} {company}")
    return name


def make(databases: Databases, name: str) -> None:
    """A new demo database."""
    partial = databases.clone(databases.template(), name + "_partial")
    # Odoo loads demo data only on top of dependencies that have theirs; a Norwegian firm's
    # books without Odoo's American samples are wanted here.
    databases.server.query("UPDATE ir_module_module SET demo = TRUE WHERE state = 'installed'", partial)
    with step("Installing the addon with its demo data"):
        databases.odoo.quiet(
            "-d",
            partial,
            "-i",
            MODULES,
            "--with-demo",
            "--no-http",
            "--stop-after-init",
            log=f"demo-install-{name}.log",
            failure="The demo database could not be made.",
        )
    with step("Setting everybody's language to Bokmål, and sealing the trail"):
        log = log_file(f"demo-finish-{name}.log")
        log.write_text("")
        if databases.odoo.logged("shell", "-d", partial, "--no-http", log=log, script=FINISH.read_text()):
            raise Problem(f"The demo database could not be finished; see {log}.")
    databases.finish(partial, name)


@contextlib.contextmanager
def serving(databases: Databases, name: str, port: int) -> Iterator[tuple[Popen, str]]:
    """The web server, answering, with its address, for as long as the block."""
    log, url = log_file(f"server-{name}.log"), f"http://localhost:{port}"
    # Printed documents fetch their styles from there; Odoo learns it only when an administrator logs in.
    databases.server.query("UPDATE ir_config_parameter SET value = :'url' WHERE key = 'web.base.url'", name, url=url)
    with (
        open(log, "w") as output,
        databases.odoo.started("-d", name, http_port=str(port), stdout=output, stderr=output) as server,
    ):
        with step("Starting Odoo"):
            if not _answers(server, f"{url}/web/login"):
                raise Problem(f"Odoo does not answer at {url}; see {log}.")
        yield server, url


@contextlib.contextmanager
def register(databases: Databases, name: str) -> Iterator[BrregServer]:
    """The stand-in for the public registers, for as long as the block, with the database pointed at it."""
    with BrregServer(firms=REGISTER_FIRMS, events=REGISTER_EVENTS) as server:
        databases.server.query(
            PARAMETERS,
            name,
            addon=ADDON.name,
            register=server.register_url,
            postal=server.postal_url,
            address=server.address_url,
        )
        yield server


def welcome(databases: Databases, name: str, url: str) -> str:
    """What a person needs to get in."""
    users = logins(databases, name)
    width = max(len(login) for login, _roles in users)
    return "\n".join(
        [
            "",
            f"  Address    {url}/odoo",
            f"  Database   {name}",
            "  Logins     the password is the login",
            *(f"             {login:<{width}}  {roles}" for login, roles in users),
            "",
            "  Ctrl-C ends it; what you enter is kept until ./kk reset.",
        ]
    )


def logins(databases: Databases, name: str) -> list[list[str]]:
    """(login, its roles) of admin and of each user of the addon's demo data."""
    return databases.server.query(LOGINS, name, addon=ADDON.name)


def _answers(server: Popen, url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=START_SECONDS):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False
