# SPDX-License-Identifier: LGPL-3.0-or-later
from . import audit_archive
from . import audit_verify
