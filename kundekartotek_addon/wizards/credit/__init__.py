# SPDX-License-Identifier: LGPL-3.0-or-later
from . import credit_approval
from . import credit_dialog
from . import credit_release
