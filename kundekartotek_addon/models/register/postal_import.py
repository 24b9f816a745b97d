# SPDX-License-Identifier: LGPL-3.0-or-later
import json
import logging
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.modules import get_manifest
from odoo.service.model import retrying
from odoo.tools import SQL

from ...tools import postal
from ...tools.brreg import Breaker
from ...tools.region import DOMESTIC_COUNTRIES, POSTAL_CODE_REGEX, REGIONS

_logger = logging.getLogger(__name__)

MODE_KEY = "kundekartotek_addon.register_mode"
URL_KEY = "kundekartotek_addon.postal_url"
IMPORTED_KEY = "kundekartotek_addon.postal_imported"
ERROR_KEY = "kundekartotek_addon.postal_error"
# A file that lacks more of the codes in use than this is cut off, not news.
LARGEST_RETIREMENT = 0.1
RETRY_DAYS = 1


class ImportResult(NamedTuple):
    new: int
    changed: int
    retired: int
    partners: int  # whose county is another one now


class PostalCode(models.Model):
    """Import of the register of postal codes, from its address in Settings every month, or from a file."""

    _inherit = "kundekartotek.postal.code"

    @api.model
    def _cron_import(self):
        """Fetch the register. What goes wrong is kept for Settings to show, and tried again tomorrow."""
        if not self._is_outside_allowed(URL_KEY):
            return
        rows = self._fetch()
        self.env["ir.cron"]._commit_progress()  # what was seen before may be old
        if failure := self._find_failure(rows):
            _logger.info("Postal codes: %s", failure)
            self._note(ERROR_KEY, json.dumps(failure))
            later = fields.Datetime.now() + timedelta(days=RETRY_DAYS)
            # sudo: the job's own schedule
            self.env.ref("kundekartotek_addon.ir_cron_postal_code").sudo()._trigger(later)
        else:
            # again where somebody saves a partner whose county is renewed: the next turn is a month later
            retrying(partial(self._import_rows, rows), self.env)

    @api.model
    def _is_outside_allowed(self, url_key):
        """Whether the public register whose address is in this parameter may be asked. The demo asks stand-ins and
        nobody else. sudo: whoever works may not read parameters."""
        parameters = self.env["ir.config_parameter"].sudo()
        mode = parameters.get_param(MODE_KEY)
        return mode != "off" and (mode != "demo" or bool(parameters.get_param(url_key)))

    @api.model
    def _check_outside_is_allowed(self, url_key):
        """:raise UserError: if it may not be asked"""
        if not self._is_outside_allowed(url_key):
            raise UserError(self.env._("Look-ups in public registers are switched off in Settings."))

    @api.model
    def _fetch(self):
        """:return: the rows, or what came instead of them"""
        url = self.env["ir.config_parameter"].sudo().get_param(URL_KEY) or postal.PRODUCTION_URL  # sudo: as above
        version = get_manifest("kundekartotek_addon").get("version", "")
        return postal.Source(url, version=version, breaker=Breaker.shared(url)).fetch()

    @api.model
    def _find_failure(self, rows):
        """:param rows: list of ``postal.PostalCode``, or what came instead
        :return: what keeps these rows from being taken over, as :meth:`_explain` takes it; None if nothing does"""
        if isinstance(rows, postal.PostalFileError):
            return ["empty"] if rows.reason == "empty" else ["line", rows.line, rows.text]
        if not isinstance(rows, list):
            return ["unreachable"]
        codes = {row.code for row in rows}
        in_use = [code for code, *_rest, retired in self._get_all().values() if not retired]
        gone = sum(code not in codes for code in in_use)
        return ["cut_off", gone, len(in_use)] if gone > LARGEST_RETIREMENT * len(in_use) else None

    @api.model
    def _explain(self, failure, first=None, second=None):
        """:return: the failure in the user's language"""
        if failure == "unreachable":
            return self.env._(
                "The register of postal codes could not be fetched. The codes that are here stay as they are, and it "
                "is tried again tomorrow.")
        if failure == "empty":
            return self.env._("The file of postal codes is empty.")
        if failure == "cut_off":
            return self.env._(
                "The file lacks %(gone)s of the %(count)s postal codes in use: it is not the whole register, and "
                "nothing was changed.", gone=first, count=second)
        return self.env._(
            "This is no register of postal codes: line %(line)s reads “%(text)s”. Five columns apart by tabs are "
            "expected: postal code, town, municipality number, municipality and category.", line=first, text=second)

    @api.model
    def _import_rows(self, rows):
        """Take the register over: new and changed codes, and those no longer in it as retired.

        :param rows: list of ``postal.PostalCode``, or what came instead
        :raise UserError: if they are none, or a tenth of the codes would be retired at once
        """
        if failure := self._find_failure(rows):
            raise UserError(self._explain(*failure))
        columns = list(zip(*((row.code, row.town, row.municipality_code, row.municipality, row.category)
                             for row in rows)))
        today = fields.Date.context_today(self)
        self.flush_model()
        written = self.env.execute_query(SQL(
            """INSERT INTO kundekartotek_postal_code AS known
                      (code, town, municipality_code, municipality, category, region, retired, create_uid, write_uid,
                       create_date, write_date)
               SELECT code, town, number, municipality, category,
                      CASE WHEN left(number, 2) = ANY(%(regions)s) THEN left(number, 2) END,
                      FALSE, %(uid)s, %(uid)s, %(now)s, %(now)s
                 FROM unnest(%(codes)s, %(towns)s, %(numbers)s, %(municipalities)s, %(categories)s)
                      AS row (code, town, number, municipality, category)
               ON CONFLICT (code) DO UPDATE
                  SET town = EXCLUDED.town, municipality_code = EXCLUDED.municipality_code,
                      municipality = EXCLUDED.municipality, category = EXCLUDED.category, region = EXCLUDED.region,
                      retired = FALSE, retired_on = NULL, write_uid = EXCLUDED.write_uid,
                      write_date = EXCLUDED.write_date
                WHERE (known.town, known.municipality_code, known.municipality, known.category, known.retired)
                      IS DISTINCT FROM (EXCLUDED.town, EXCLUDED.municipality_code, EXCLUDED.municipality,
                                        EXCLUDED.category, FALSE)
               RETURNING xmax = 0""",
            regions=[code for code, _name in REGIONS], uid=self.env.uid, now=fields.Datetime.now(),
            **dict(zip(("codes", "towns", "numbers", "municipalities", "categories"), map(list, columns)))))
        retired = self.env.execute_query(SQL(
            """UPDATE kundekartotek_postal_code SET retired = TRUE, retired_on = %s, write_date = %s
                WHERE NOT retired AND code <> ALL(%s) RETURNING id""",
            today, fields.Datetime.now(), list(columns[0])))
        self.invalidate_model()
        self.env.registry.clear_cache()
        self.env["res.partner"].invalidate_model(
            ["customer_municipality", "postal_code_issue", "postal_code_town", "data_issue", "data_issue_text"])
        new = sum(is_new for is_new, in written)
        result = ImportResult(new, len(written) - new, len(retired), self._renew_regions())
        self._note(IMPORTED_KEY, fields.Datetime.to_string(fields.Datetime.now()))
        self._note(ERROR_KEY, False)
        _logger.info("Postal codes: %s new, %s changed, %s retired", *result[:3])
        return result

    @api.model
    def _renew_regions(self):
        """Have the county of those partners computed anew whose postal code now says another one.

        :return: how many
        """
        partners = self.env["res.partner"]
        partners.flush_model(["zip", "country_id", "customer_region"])
        rows = self.env.execute_query(SQL(
            """SELECT p.id FROM res_partner p
                 JOIN kundekartotek_postal_code k ON k.code = substring(p.zip from %(regex)s)
                 LEFT JOIN res_country c ON c.id = p.country_id
                WHERE (c.id IS NULL OR c.code = ANY(%(domestic)s)) AND k.region IS DISTINCT FROM p.customer_region
                  AND k.region IS NOT NULL""",
            regex=POSTAL_CODE_REGEX, domestic=list(DOMESTIC_COUNTRIES)))
        found = partners.browse(id_ for id_, in rows)
        self.env.add_to_compute(partners._fields["customer_region"], found)
        found._recompute_recordset(["customer_region"])
        return len(found)

    @api.model
    def _note(self, key, value):
        """sudo: parameters are the administrator's, and this is the job's own note."""
        self.env["ir.config_parameter"].sudo().set_param(key, value)

    @api.model
    def _notify_of_import(self, result):
        message = self.env._(
            "%(new)s new postal codes, %(changed)s changed, %(retired)s retired. %(partners)s partners lie in "
            "another county now.", **result._asdict())
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "message": message, "type": "success", "next": {"type": "ir.actions.act_window_close"}}}
