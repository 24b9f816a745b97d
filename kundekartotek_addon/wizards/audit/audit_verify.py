# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import UserError

from ...models.audit.audit_language import grouped


def describe_problem(env, values):
    """What Verify found, in words.

    :param dict values: ``event_id`` and ``seal``, as far as they are known
    :return: dict: kind of problem → text
    """
    values = {"event_id": None, "seal": None, **values}
    return {
        "altered": env._("Event %(event_id)s, under seal %(seal)s, was altered.", **values),
        "missing": env._("Event %(event_id)s, under seal %(seal)s, was removed.", **values),
        "inserted": env._("Event %(event_id)s was inserted afterwards: no seal holds it.", **values),
        "chain": env._("Seal %(seal)s was altered, removed or replaced.", **values),
        "unknown": env._(
            "The seal you received is not in the trail: its end was cut off, or all of it was made anew."
        ),
    }


class AuditVerify(models.TransientModel):
    """Check the chain of seals of a company against its events."""

    _name = "kundekartotek.audit.verify"
    _description = "Verify the Audit Trail"

    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    no_company = fields.Boolean(string="What belongs to no company", help="Raw SQL, for instance.")
    known_seal = fields.Char(string="Seal Received by Mail", help="The trail must contain it.")
    state = fields.Selection(
        [("new", "Not verified"), ("ok", "Unbroken"), ("broken", "Broken")], default="new"
    )
    message = fields.Text(readonly=True)

    def action_verify(self):
        """Verify, show the result, and record that it was done."""
        self.ensure_one()
        self.env["kundekartotek.audit.seal"].check_access("read")
        self.env["res.users"]._check_two_factor(self.env._("Verification of the audit trail"))
        company_id = 0 if self.no_company else self.company_id.id
        if not self.no_company and self.company_id not in self.env.companies:
            raise UserError(self.env._("Choose a company that you have switched on."))
        result = self._verifier()._verify(company_id, (self.known_seal or "").strip() or None)
        state = "broken" if result["problem"] else "ok" if result["seals"] else "new"
        self.write({"state": state, "message": self._describe(result)})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Verify the Trail"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _verifier(self):
        """The whole chain must be read, also what this reader's record rules hide."""
        return self.env["kundekartotek.audit.seal"].sudo()

    def _describe(self, result):
        """The result in words."""
        if problem := result["problem"]:
            return describe_problem(self.env, problem)[problem["kind"]]
        if not result["seals"]:
            return self.env._("Nothing has been sealed yet. The job seals every night.")
        return self.env._(
            "%(events)s events under %(seals)s seals are as they were recorded.\nLast seal: %(last)s",
            events=grouped(self.env, result["events"]),
            seals=grouped(self.env, result["seals"]),
            last=result["last"],
        )
