# SPDX-License-Identifier: LGPL-3.0-or-later
from . import postal_code
from . import postal_import
from . import address_check
from . import res_partner_postal
from . import res_partner_address
from . import res_config_settings_postal
