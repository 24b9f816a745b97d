# SPDX-License-Identifier: LGPL-3.0-or-later
from . import schema
from . import audit
from . import customer
from . import register
from . import receivables
from . import insight
from . import credit
