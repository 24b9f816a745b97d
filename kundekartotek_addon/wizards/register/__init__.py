# SPDX-License-Identifier: LGPL-3.0-or-later
from . import postal_import
from . import register_compare
