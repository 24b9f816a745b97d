# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who is doing it: the person, and on whose behalf."""

import hashlib
import re
import threading
from typing import NamedTuple

from odoo.http import request
from odoo.service.server import thread_local
from odoo.tools import SQL


class Web(NamedTuple):
    """What an HTTP request tells of its author. Kept apart from it, because looks are written after it."""

    uid: int | None
    session: str | None  # a hash: who reads the trail cannot take a session over
    address: str | None
    key_index: str | None  # of the API key; empty where core keeps it to itself; None without a key


class Author(NamedTuple):
    """What is known of an author at the moment of a write or a look, read without a query."""

    uid: int
    superuser: bool
    company_id: int
    reason: str | None
    job_id: int | None
    web: Web | None


def author_of(env):
    """The author of what is being done in this environment. Cheap: it runs at every write.

    ``default_env`` is the environment that the transaction began with, in a job the job's. Where a client is
    waiting there is no job: he could send its key of the context himself.
    """
    context = env.context
    root = env.transaction.default_env or env
    web = _web(env.cr.dbname)
    job_id = None if web else context.get("cron_id") or root.context.get("cron_id")
    reason = context.get("audit_reason")
    return Author(env.uid, env.su, env.company.id or None, reason, job_id, web)


def describe(env, author):
    """The columns of an audit event that tell who did it.

    In a request the real user is the one who signed in, whoever the code acts as.
    """
    web = author.web or Web(None, None, None, None)
    users = env(su=True)["res.users"].with_context(active_test=False)
    real, acting = users.browse(web.uid or author.uid), users.browse(author.uid)
    origin, origin_name = _origin(env, author, real)
    return {
        "origin": origin,
        "origin_name": origin_name,
        "superuser": author.superuser,
        "user_res_id": real.id or None,
        "user_name": real.name or None,
        "acting_name": acting.name if acting != real else None,
        "reason": author.reason,
        "session": web.session,
        "address": web.address,
    }


def remote_method():
    """:return: "model.method" that an XML-RPC or JSON-RPC client called; empty in any other thread"""
    return getattr(thread_local, "rpc_model_method", "")


def _web(dbname):
    """The request for this database that this thread serves, if it does."""
    if not request:  # core takes the request away from XML-RPC and JSON-RPC, and leaves who called in the thread
        return Web(threading.current_thread().uid, None, None, "") if remote_method() else None
    if request.db != dbname:
        return None
    facts = request.__dict__.get("kundekartotek_web")
    if facts is None:
        uid, sid = request.session.uid, request.session.sid
        session = hashlib.sha256(sid.encode()).hexdigest()[:16] if uid else None
        header = request.httprequest.headers.get("Authorization", "")
        key = re.match(r"bearer\s+(\S+)", header, re.IGNORECASE)
        facts = Web(uid or request.env.uid, session, request.httprequest.remote_addr, key and key[1][:8])
        request.__dict__["kundekartotek_web"] = facts
    return facts


def _origin(env, author, user):
    if author.job_id:
        return "job", env(su=True)["ir.cron"].browse(author.job_id).cron_name
    if author.web is None:
        return "system", None
    if author.web.key_index is not None:
        rows = env.execute_query(
            SQL(
                "SELECT name FROM res_users_apikeys WHERE index = %s AND user_id = %s",
                author.web.key_index,
                user.id,
            )
        )
        return "api", ", ".join(name for (name,) in rows) or None
    return ("portal" if user.share else "user"), None
