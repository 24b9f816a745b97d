# SPDX-License-Identifier: LGPL-3.0-or-later
"""Two factors for what can do most harm. Odoo's own modules ask for the second one; here is who needs it."""

from odoo import api, models
from odoo.exceptions import RedirectWarning

from .audit_looks import note_look, remote_call

SENSITIVE_GROUPS = (
    "kundekartotek_addon.group_credit_manager",  # and the administrator, who has that role too
    "kundekartotek_addon.group_privacy_officer",
    "kundekartotek_addon.group_auditor",
    "kundekartotek_addon.group_customer_export",
    "account.group_validate_bank_account",
)


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model
    def _two_factor_possible(self):
        """Whether a module for it is installed: both are where nobody chose to leave them out."""
        return "totp_enabled" in self._fields or "auth_passkey_key_ids" in self._fields

    def _has_two_factor(self):
        """A code from an application or by mail, or a passkey. sudo: whether a colleague has them is asked by
        the settings, and the user's own passkeys are not his to read everywhere."""
        self.ensure_one()
        user = self.sudo()
        return bool(user._mfa_type() or ("auth_passkey_key_ids" in user._fields and user.auth_passkey_key_ids))

    @api.model
    def _without_two_factor(self, company):
        """:return: the users of the sensitive groups, in a company, who sign in with a password alone"""
        groups = self.env["res.groups"].browse(self.env.ref(xml_id).id for xml_id in SENSITIVE_GROUPS)
        users = self.sudo().search(
            [("all_group_ids", "in", groups.ids), ("company_ids", "in", company.ids), ("share", "=", False)]
        )
        return users.filtered(lambda user: not user._has_two_factor()).sudo(False)

    def _lacks_two_factor(self):
        """Whether this user needs two factors for sensitive functions, and does not have them. Any of the
        companies may demand it: one signs in to all of them at once. Jobs run as nobody, and need none."""
        self.ensure_one()
        if self._is_superuser() or not any(self.sudo().company_ids.mapped("two_factor_required")):
            return False
        return not self._has_two_factor()

    @api.model
    def _check_two_factor(self, function):
        """To be called by what is sensitive, before it does anything; records that it was used.

        :param str function: its name, as the user knows it
        :raise RedirectWarning: with the way to turn two-factor authentication on
        """
        user = self.env.user
        if user._lacks_two_factor():
            raise user._two_factor_warning(function)
        if remote_call():
            note_look(self.browse(user.id), "signed_in", user.ids, text=function)  # not the superuser, as env.user is

    def _two_factor_warning(self, function):
        return RedirectWarning(
            self.env._(
                "%(function)s needs two-factor authentication, and you sign in with a password alone.\n"
                "Turn it on under My Preferences → Security → Two-factor Authentication.",
                function=function,
            ),
            self.env.ref("base.action_res_users_my").id,
            self.env._("Turn It On"),
            {"res_id": self.id},
        )


class AuditEvent(models.Model):
    """The trail itself: whoever reads it reads everything."""

    _inherit = "kundekartotek.audit.event"

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if result is None and not self.env.su and self.env.user._lacks_two_factor():
            return self, lambda: self.env.user._two_factor_warning(self.env._("The audit trail"))
        return result

    @api.model
    def _search(self, domain, *args, **kwargs):
        if not self.env.su and remote_call():
            self.env["res.users"]._check_two_factor(self.env._("The audit trail"))
        return super()._search(domain, *args, **kwargs)
