# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who is doing it: the person, and on whose behalf."""

import hashlib
import re
from typing import NamedTuple

from odoo.http import request
from odoo.tools import SQL


class Author(NamedTuple):
    """What is known of an author at the moment of a write, before it reaches the database."""

    uid: int
    superuser: bool
    company_id: int
    reason: str | None
    job_id: int | None


def author_of(env):
    """The author of what is being done in this environment. Cheap: it runs at every write."""
    context = env.context
    return Author(env.uid, env.su, env.company.id, context.get("audit_reason"), context.get("cron_id"))


def describe(env, author):
    """The columns of an audit event that tell who did it.

    In a request the real user is the one who signed in, whoever the code acts as; in a job it is the
    user the job runs as. ``default_env`` is the environment that the transaction began with.
    """
    root = env.transaction.default_env or env
    web = request if request and request.db == env.cr.dbname else None
    real_uid = (web and (web.session.uid or web.env.uid)) or author.uid
    users = env(su=True)["res.users"].with_context(active_test=False)
    real, acting = users.browse(real_uid), users.browse(author.uid)
    origin, origin_name = _origin(env, web, real, author.job_id or root.context.get("cron_id"))
    return {
        "origin": origin,
        "origin_name": origin_name,
        "superuser": author.superuser,
        "user_res_id": real.id,
        "user_name": real.name,
        "acting_name": acting.name if acting != real else None,
        "reason": author.reason,
        "session": _session_hash(web) if web else None,
        "address": web.httprequest.remote_addr if web else None,
    }


def _origin(env, web, user, job_id):
    if job_id:
        return "job", env(su=True)["ir.cron"].browse(job_id).cron_name
    if web is None:
        return "system", None
    if (key := _api_key_name(env, web, user)) is not None:
        return "api", key
    return ("portal" if user.share else "user"), None


def _api_key_name(env, web, user):
    """The name of the API key of this call; an empty text where the call does not tell which; else None.

    XML-RPC and JSON-RPC carry the key as a password, whose check core caches: the key stays unknown.
    """
    header = re.match(r"bearer\s+(\S+)", web.httprequest.headers.get("Authorization", ""), re.IGNORECASE)
    if not header:
        return "" if web.httprequest.path.startswith(("/xmlrpc/", "/jsonrpc")) else None
    rows = env.execute_query(
        SQL("SELECT name FROM res_users_apikeys WHERE index = %s AND user_id = %s", header[1][:8], user.id)
    )
    return ", ".join(name for (name,) in rows)


def _session_hash(web):
    """Tells sessions apart without being one: who reads the trail cannot take a session over."""
    return hashlib.sha256(web.session.sid.encode()).hexdigest()[:16] if web.session.sid else None
