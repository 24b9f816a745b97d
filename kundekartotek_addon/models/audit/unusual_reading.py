# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from markupsafe import Markup

from odoo import models
from odoo.tools import SQL


class ResCompany(models.Model):
    """Reading that the privacy officer should ask about, by the thresholds in the settings."""

    _inherit = "res.company"

    def _unusual_reading(self, since):
        """:return: {user id: list of texts} of what was unusual in this company since a time in UTC"""
        self.ensure_one()
        rules = [
            (self._many_cards(since), self.env._("Many customer cards opened: %s")),
            (self._night_reading(since), self.env._("Customer cards opened at night: %s")),
            (self._large_exports(since), self.env._("Export of a large part of the customers: %s records")),
            (self._large_lists(since), self.env._("A large part of the customers read in lists: %s rows")),
        ]
        found = defaultdict(list)
        for rows, text in rules:
            for user_id, count in rows:
                found[user_id].append(text % count)
        return found

    def _many_cards(self, since):
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, count(DISTINCT res_id) FROM kundekartotek_audit_event
             WHERE date >= %s AND company_res_id = %s AND kind = 'seen' AND res_id > 0
               AND res_model = 'res.partner' AND user_res_id IS NOT NULL
             GROUP BY 1 HAVING count(DISTINCT res_id) >= %s""",
                since,
                self.id,
                self.audit_cards_per_hour,
            )
        )

    def _night_reading(self, since):
        """By persons: a program reads at night because it was told to."""
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, count(DISTINCT res_id) FROM kundekartotek_audit_event
             WHERE date >= %(since)s AND company_res_id = %(company)s AND kind IN ('seen', 'exported')
               AND origin = 'user' AND user_res_id IS NOT NULL AND res_model = 'res.partner'
               AND (extract(hour FROM date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s) - %(night_from)s
                    + 24)::int %% 24 < (%(night_to)s - %(night_from)s + 24) %% 24
             GROUP BY 1""",
                since=since,
                company=self.id,
                zone=self.partner_id.tz or "Europe/Oslo",
                night_from=self.audit_night_from,
                night_to=self.audit_night_to,
            )
        )

    def _large_exports(self, since):
        """Different customers in all the files of one user."""
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, count(DISTINCT exported.id)
              FROM kundekartotek_audit_event, jsonb_array_elements(details -> 'ids') AS exported(id)
             WHERE date >= %s AND company_res_id = %s AND kind = 'exported'
               AND res_model = 'res.partner' AND user_res_id IS NOT NULL
             GROUP BY 1 HAVING count(DISTINCT exported.id) > 1 AND count(DISTINCT exported.id) >= %s""",
                since,
                self.id,
                self._large_part(),
            )
        )

    def _large_lists(self, since):
        """Rows of all the different pages of lists that one user read; a small company's list is no sign."""
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, sum((page.details ->> 'rows')::integer)
              FROM (SELECT DISTINCT user_res_id, details FROM kundekartotek_audit_event
                     WHERE date >= %s AND company_res_id = %s AND kind IN ('seen', 'searched') AND res_id = 0
                       AND res_model = 'res.partner' AND user_res_id IS NOT NULL) AS page
             GROUP BY 1 HAVING sum((page.details ->> 'rows')::integer) >= %s""",
                since,
                self.id,
                max(self._large_part(), self.audit_cards_per_hour),
            )
        )

    def _large_part(self):
        """:return: how many customers count as a large part of them"""
        customers = self.env["res.partner"].search_count([("customer_rank", ">", 0)])
        return customers * self.audit_export_share / 100

    def _report_unusual(self, reader, texts):
        """Raise an activity per privacy officer on the reader's contact, once a day for each rule."""
        group = self.env.ref("kundekartotek_addon.group_privacy_officer")
        officers = group.all_user_ids.filtered(lambda user: self in user.company_ids and user != reader)
        for text in texts:
            summary = self.env._("Unusual reading: %(rule)s", rule=text.split(":")[0])
            for officer in officers if reader else ():
                known = (
                    self.env["mail.activity"]
                    .with_context(active_test=False)
                    .search_count(
                        [
                            ("res_model", "=", "res.partner"),
                            ("res_id", "=", reader.partner_id.id),
                            ("user_id", "=", officer.id),
                            ("summary", "=", summary),
                            ("create_date", ">=", "today -1d"),
                        ]
                    )
                )
                if not known:
                    reader.partner_id.activity_schedule(
                        "mail.mail_activity_data_warning",
                        summary=summary,
                        user_id=officer.id,
                        note=Markup("<p>%s</p>")
                        % self.env._(
                            "%(user)s, %(company)s. %(text)s", user=reader.name, company=self.name, text=text
                        ),
                    )
