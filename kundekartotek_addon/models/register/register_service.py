# SPDX-License-Identifier: LGPL-3.0-or-later
import threading
import time
from collections import defaultdict, deque

from odoo import api, models
from odoo.modules import get_manifest

from ...tools import brreg
from .outside_queue import PATIENCE

MODE_KEY = "kundekartotek_addon.register_mode"
URL_KEY = "kundekartotek_addon.register_url"
OUTCOMES = [
    ("found", "Found"),
    ("deleted", "Deleted"),
    ("unknown", "Unknown to the Register"),
    ("withdrawn", "Withdrawn by the Register"),
    ("refused", "Refused"),
    ("client_fault", "Our Fault"),
    ("unavailable", "Not Reached"),
    ("broken", "Could Not Be Kept"),
]
ANSWERED = ("found", "deleted", "unknown", "withdrawn")  # the register told how it is
KINDS = {
    brreg.Found: "found", brreg.Deleted: "deleted", brreg.Unknown: "unknown", brreg.Withdrawn: "withdrawn",
    brreg.Refused: "refused", brreg.ClientFault: "client_fault", brreg.Unavailable: "unavailable",
}  # fmt: skip
# A person who types looks up a few times a minute; more is a program that uses our server to read the register.
LOOKUPS, LOOKUP_SECONDS = 60, 60
_lookups = defaultdict(deque)  # the times of each user's last look-ups, of this process
_lookups_lock = threading.Lock()
_clients = {}  # one for each address: it keeps its connections open


class RegisterService(models.AbstractModel):
    """The one place that asks the register.

    Callers ask first and write afterwards: an inquiry may take seconds, and rows locked before it would
    stay locked as long. What comes back are the outcomes of ``tools/brreg_outcome.py``; whether the register
    failed recently is known to the whole process (``Breaker.shared``).
    """

    _name = "kundekartotek.register.service"
    _description = "Inquiries to the Register"

    @api.model
    def _get_mode(self):
        """The demo asks the stand-in and nobody else: without its address it is off.

        sudo: whoever looks up may not read parameters.

        :return: ``on``, ``demo`` (the stand-in) or ``off``
        """
        parameters = self.env["ir.config_parameter"].sudo()
        mode = parameters.get_param(MODE_KEY) or "on"
        return mode if mode == "on" or (mode == "demo" and parameters.get_param(URL_KEY)) else "off"

    @api.model
    def _is_on(self):
        return self._get_mode() != "off"

    @api.model
    def _get_url(self):
        url = self.env["ir.config_parameter"].sudo().get_param(URL_KEY)  # sudo: as for the mode
        return (url or brreg.PRODUCTION_URL).rstrip("/")

    @api.model
    def _get_client(self):
        url = self._get_url()
        if url not in _clients:
            version = get_manifest("kundekartotek_addon").get("version", "")
            _clients[url] = brreg.Client(url, version=version, breaker=brreg.Breaker.shared(url))
        return _clients[url]

    @api.model
    def _fetch(self, numbers):
        """Look numbers up, with at most ``IN_FLIGHT`` requests at a time.

        :return: ``{number: outcome}``; what has not come within ``PATIENCE`` is left out
        """
        client = self._get_client()
        chunks = client.chunks(list(dict.fromkeys(numbers)))
        return dict(brreg.ask_many(client.units, chunks, PATIENCE))

    @api.model
    def _fetch_one(self, number):
        return self._get_client().unit(number)

    @api.model
    def _may_look_up(self):
        """Whether this user has not looked up too often in this process. sudo is nobody's typing."""
        now = time.monotonic()
        with _lookups_lock:
            times = _lookups[self.env.cr.dbname, self.env.uid]
            while times and times[0] < now - LOOKUP_SECONDS:
                times.popleft()
            if len(times) >= LOOKUPS:
                return False
            times.append(now)
        return True

    # -- in words --------------------------------------------------------------------------------------------

    @api.model
    def _prepare_kept_vals(self, outcome):
        """:return: what to keep of an outcome, so that it can be told later in any reader's language
        (:meth:`_explain_kept`)"""
        match outcome:
            case brreg.Refused(message):
                detail = message
            case brreg.ClientFault(status, message):
                detail = f"{status} {message}".strip()
            case brreg.Unavailable(reason):
                detail = str(reason)
            case _:
                detail = False
        return {"last_outcome": KINDS.get(type(outcome), False), "last_detail": detail and detail[:200]}

    @api.model
    def _explain(self, outcome):
        """:return: what an outcome other than a unit means, for a person"""
        kept = self._prepare_kept_vals(outcome)
        return self._explain_kept(kept["last_outcome"], kept["last_detail"], getattr(outcome, "number", ""))

    @api.model
    def _explain_kept(self, kind, detail, number=""):
        match kind:
            case "unknown":
                return self.env._("No unit in the register has the number %(number)s.", number=number)
            case "withdrawn":
                return self.env._(
                    "The register has withdrawn %(number)s on legal grounds; no copy may be kept.", number=number)
            case "refused":
                return self.env._("The register refused the question: %(message)s", message=detail)
            case "client_fault":
                return self.env._(
                    "The register did not understand us (%(message)s). Check its address in Settings.", message=detail)
            case "unavailable":
                return self.env._(
                    "The register cannot be reached just now (%(reason)s). Everything else works; "
                    "it is tried again by itself.", reason=self._explain_reason(detail))
            case "broken":
                return self.env._("What the register says could not be kept: %(error)s", error=detail)
        return ""

    @api.model
    def _explain_reason(self, reason):
        texts = {
            brreg.Reason.TIMEOUT: self.env._("no answer in time"),
            brreg.Reason.REFUSED: self.env._("no connection"),
            brreg.Reason.RATE_LIMITED: self.env._("it asks us to wait"),
            brreg.Reason.SERVER_ERROR: self.env._("it has a fault"),
            brreg.Reason.PAUSED: self.env._("the last attempts failed"),
        }
        return texts.get(reason) or self.env._("its answer cannot be read")
