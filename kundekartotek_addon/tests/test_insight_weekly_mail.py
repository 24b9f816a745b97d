# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .customer_ledger import TODAY
from .insight_classes_case import InsightClassesCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInsightWeeklyMail(InsightClassesCase):
    """Who is told which customers changed class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls.make_user("selger", "kundekartotek_addon.group_reader", cls.company)
        cls.company.insight_responsible_id = cls.make_user("sjef", "kundekartotek_addon.group_reader", cls.company)

    @classmethod
    def make_user(cls, login, group, company):
        return new_test_user(cls.env, login, group, email=f"{login}@example.com", company_id=company.id,
                             company_ids=company.ids)

    def change(self, partner, old, new, **vals):
        return self.env["kundekartotek.segment.change"].sudo().create({
            "partner_id": partner.id, "customer_name": partner.name, "company_id": self.company.id, "kind": "abc",
            "old_class": old, "new_class": new, "date": TODAY, **vals})

    def mail(self):
        """:return: {address: body} of the mails that the job makes"""
        mails = self.env["mail.mail"].sudo()
        before = mails.search([])
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.cron_segment_mail").method_direct_trigger()
        return {mail.email_to: mail.body_html for mail in mails.search([]) - before}

    def test_everyone_is_told_of_the_own_customers(self):
        hers, others = self.make(revenue_12m=999, user_id=self.seller.id), self.make(revenue_12m=998)
        self.classify()
        self.row(hers).revenue_12m, self.row(others).revenue_12m = 1, 999
        self.make(revenue_12m=99999)
        self.classify()
        by_address = self.mail()
        self.assertEqual(len(by_address), 2)
        for address, body in by_address.items():
            self.assertEqual(hers.name in body, "selger@" in address)
            self.assertEqual(others.name in body, "sjef@" in address)
        self.assertFalse(self.mail(), "everything is told once")

    def test_only_who_may_read_it_is_told(self):
        """Without the role, or from another company, a salesperson is sent no figures."""
        plain = self.make_user("ansatt", "base.group_user", self.company)
        foreign = self.make_user("fremmed", "kundekartotek_addon.group_reader", self.other_company)
        for user in (plain, foreign):
            self.change(self.make(user_id=user.id), "a", "c")
        [(address, body)] = self.mail().items()
        self.assertIn("sjef@", address)
        self.assertEqual(body.count("<li>"), 2)
        self.company.insight_responsible_id = plain
        change = self.change(self.make(), "a", "c")
        self.assertFalse(self.mail())
        self.assertTrue(change.mailed, "who is made responsible later is not sent what is old")

    def test_there_and_back_is_no_news(self):
        back, further = self.make(user_id=self.seller.id), self.make(user_id=self.seller.id)
        for partner, old, new in ((back, "a", "b"), (further, "a", "b"), (back, "b", "a"), (further, "b", "c")):
            self.change(partner, old, new)
        [body] = self.mail().values()
        self.assertEqual((body.count("<li>"), back.name in body), (1, False))
        self.assertIn("A → C", body)
        self.change(back, "a", "b")
        self.change(back, "b", "a")
        self.assertFalse(self.mail())

    def test_one_that_cannot_be_told_does_not_stop_the_others(self):
        """A late job misses nothing, and what failed is tried again."""
        bad = self.change(self.make(user_id=self.seller.id), "a", "c", date=TODAY - timedelta(30))
        good = self.change(self.make(), "a", "c", date=TODAY - timedelta(30))
        create = type(self.env["mail.mail"]).create

        def fail(mails, vals):
            if "selger@" in vals["email_to"]:
                raise ValueError("Ugyldig adresse")
            return create(mails, vals)

        with patch.object(type(self.env["mail.mail"]), "create", fail), mute_logger(
                "odoo.addons.kundekartotek_addon.models.insight.segment_change"):
            [address] = self.mail()
        self.env.invalidate_all()
        self.assertEqual(("sjef@" in address, good.mailed, bad.mailed), (True, True, False))
        self.assertEqual((good.problem, bad.problem), (False, "Ugyldig adresse"), "whoever looks sees why")
        [address] = self.mail()
        self.assertFalse(bad.problem)
        self.assertIn("selger@", address)
