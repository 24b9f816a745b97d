# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import new_test_user, tagged

from .common import ROLES, KundekartotekCase

OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
OUTSIDERS = {"public": "base.group_public", "portal": "base.group_portal", "internal": "base.group_user",
             "salesperson": "sales_team.group_sale_salesman", "bookkeeper": "account.group_account_manager"}
EMPLOYEES = ("internal", "salesperson", "bookkeeper")  # without a role of this addon

# What each role may do with each model of this addon: r(ead), w(rite), c(reate), u(nlink).
# Nobody who is not named may do anything. A role named with + has what the role above it has.
NOBODY = {}
READ = dict.fromkeys(ROLES, "r")
CONFIGURATION = {**READ, "administrator": "rwcu"}
DAILY_WORK = {**READ, "case_worker": "rwcu", "credit_manager": "rwcu", "administrator": "rwcu"}
CREDIT_WORK = {**READ, "credit_manager": "rwcu", "administrator": "rwcu"}
WORK_WIZARD = dict.fromkeys(("case_worker", "credit_manager", "administrator"), "rwcu")
MANAGED = {**READ, "credit_manager": "rwcu", "administrator": "rwcu"}
ADMINISTRATION = {"administrator": "rwcu"}
TRAIL = dict.fromkeys(("privacy_officer", "auditor"), "r")  # not those whom it watches

TABLE = {
    "kundekartotek.category": CONFIGURATION,
    "kundekartotek.category.rule": CONFIGURATION,
    "kundekartotek.overview": NOBODY,
    "kundekartotek.posting.rule": CONFIGURATION,
    "kundekartotek.apply.defaults": WORK_WIZARD,
    "kundekartotek.apply.defaults.line": dict.fromkeys(WORK_WIZARD, "r"),
    "kundekartotek.agreement": DAILY_WORK,
    "kundekartotek.agreement.document": NOBODY,
    "kundekartotek.contact.role": CONFIGURATION,
    "kundekartotek.customer.number": READ,
    "kundekartotek.number.counter": {**READ, "administrator": "rw"},
    "kundekartotek.number.scheme": CONFIGURATION,
    "kundekartotek.renumber": ADMINISTRATION,
    "kundekartotek.schema": NOBODY,
    "kundekartotek.renumber.line": ADMINISTRATION,
    "kundekartotek.aging": READ,
    "kundekartotek.aging.item": READ,
    "kundekartotek.aging.source": NOBODY,
    "kundekartotek.aging.snapshot": READ,
    "kundekartotek.aging.trend": READ,
    "kundekartotek.report.aging": NOBODY,
    "kundekartotek.report.mixin": NOBODY,
    "kundekartotek.followup.note": WORK_WIZARD,
    "kundekartotek.statement": READ,
    "kundekartotek.statement.send": WORK_WIZARD,
    "kundekartotek.communication": READ,
    "kundekartotek.ledger.entry": READ,
    "kundekartotek.ledger.period": NOBODY,
    "kundekartotek.ledger.report": dict.fromkeys(ROLES, "rwcu"),
    "kundekartotek.ledger.report.line": dict.fromkeys(ROLES, "rwcu"),
    "kundekartotek.balance.list": READ,
    "kundekartotek.customer.specification": NOBODY,
    "kundekartotek.period.report": NOBODY,
    "kundekartotek.customer.metrics": READ,
    "kundekartotek.metrics.dirty": {"administrator": "r"},
    "kundekartotek.customer.claim": READ,
    "kundekartotek.customer.cohort": READ,
    "kundekartotek.customer.product": READ,
    "kundekartotek.customer.ranking": READ,
    "kundekartotek.insight.report": dict.fromkeys(ROLES, "rwcu"),
    "kundekartotek.insight.source": NOBODY,
    "kundekartotek.kpi": READ,
    "kundekartotek.kpi.report": NOBODY,
    "kundekartotek.overview.report": NOBODY,
    "kundekartotek.payment.rule": MANAGED,
    "kundekartotek.sales.season": READ,
    "kundekartotek.segment.change": READ,
    "kundekartotek.segment.effect": NOBODY,
    "kundekartotek.segment.lock": MANAGED,
    "kundekartotek.segment.proposal": READ,
    "kundekartotek.segment.rule": MANAGED,
    "kundekartotek.segment.why": NOBODY,
    "kundekartotek.register.change": READ,
    "kundekartotek.register.compare": dict.fromkeys((*ROLES, *EMPLOYEES), "rwc"),
    "kundekartotek.register.compare.line": dict.fromkeys((*ROLES, *EMPLOYEES), "rwc"),
    "kundekartotek.register.entry": READ,
    "kundekartotek.register.feed": READ,
    "kundekartotek.register.run": READ,
    "kundekartotek.register.run.line": READ,
    "kundekartotek.register.service": NOBODY,
    "kundekartotek.demo": NOBODY,
    "kundekartotek.postal.code": {**READ, "internal": "r", "salesperson": "r", "bookkeeper": "r"},
    "kundekartotek.postal.import": ADMINISTRATION,
    "kundekartotek.address.check": READ,
    "kundekartotek.audit.event": TRAIL,
    "kundekartotek.audit.seal": TRAIL,
    "kundekartotek.audit.archive": dict.fromkeys(("privacy_officer", "auditor"), "rwcu"),
    "kundekartotek.audit.verify": dict.fromkeys(("privacy_officer", "auditor"), "rwcu"),
    "kundekartotek.credit.policy": CONFIGURATION,
    "kundekartotek.credit.rule": CONFIGURATION,
    "kundekartotek.credit.authority": CONFIGURATION,
    "kundekartotek.credit.group": CREDIT_WORK,
    "kundekartotek.credit.security": CREDIT_WORK,
    "kundekartotek.credit.proposal": NOBODY,
    "kundekartotek.credit.request": {**READ, "case_worker": "rc", "credit_manager": "rc", "administrator": "rc",
                                     "salesperson": "rc"},
    "kundekartotek.credit.decision": READ,
    "kundekartotek.credit.release": dict.fromkeys(("credit_manager", "administrator"), "rwcu"),
    "kundekartotek.credit.approval": dict.fromkeys(("credit_manager", "administrator"), "rwcu"),
    "kundekartotek.credit.dialog": {"bookkeeper": "r"},
    "kundekartotek.credit.lock": NOBODY,
    "kundekartotek.credit.document": NOBODY,
    "kundekartotek.credit.derived": NOBODY,
    "kundekartotek.audit.append.only": NOBODY,
    "kundekartotek.audit.mixin": NOBODY,
    "kundekartotek.cached.configuration": NOBODY,
    "kundekartotek.outside.queue": NOBODY,
}


@tagged("post_install", "-at_install")
class TestAccessMatrix(KundekartotekCase):
    """Every model of the addon × every role × every operation, against the table above."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {role: cls.make_user(role) for role in ROLES}
        cls.users |= {role: new_test_user(cls.env, login=f"kundekartotek_{role}", groups=group)
                      for role, group in OUTSIDERS.items()}

    def test_every_model_is_in_the_table(self):
        own = {name for name, model in self.env.registry.items() if model._original_module == "kundekartotek_addon"}
        self.assertEqual(own, set(TABLE))

    def test_matrix(self):
        for model, allowed in TABLE.items():
            for role, user in self.users.items():
                may = "".join(letter for letter, operation in OPERATIONS.items()
                              if self.env[model].with_user(user).has_access(operation))
                # An abstract model has no access lines and no table: anyone "may", and nothing is there.
                if not self.env[model]._abstract:
                    with self.subTest(model=model, role=role):
                        self.assertEqual(may, allowed.get(role, ""))

    def test_roles_keep_to_reading_what_is_not_theirs(self):
        """Our groups give no right on Odoo's own models beyond what they are made to give."""
        expected = {
            "res.partner": dict.fromkeys(ROLES, "r") | dict.fromkeys(
                ("case_worker", "credit_manager", "administrator"), "rwcu"),
            "account.move": dict.fromkeys(ROLES, "r"),
            "sale.order": dict.fromkeys(ROLES, "r"),  # through accounting's read-only group
            "res.users": dict.fromkeys(ROLES, "r"),
            "ir.config_parameter": dict.fromkeys(ROLES, ""),
        }
        for model, allowed in expected.items():
            for role in ROLES:
                may = "".join(letter for letter, operation in OPERATIONS.items()
                              if self.env[model].with_user(self.users[role]).has_access(operation))
                with self.subTest(model=model, role=role):
                    self.assertEqual(may, allowed[role])
