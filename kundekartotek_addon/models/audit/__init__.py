# SPDX-License-Identifier: LGPL-3.0-or-later
from . import audit_append_only
from . import audit_event
from . import audit_mixin
from . import audit_looks
from . import audit_seal
from . import audit_retention
from . import audit_reading
from . import res_company
from . import unusual_reading
from . import res_partner
from . import res_config_settings
from . import settings
from . import own_wizards
