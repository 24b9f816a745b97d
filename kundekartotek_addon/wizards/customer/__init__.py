# SPDX-License-Identifier: LGPL-3.0-or-later
from . import apply_defaults
from . import base_partner_merge
from . import renumber
