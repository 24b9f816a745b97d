# SPDX-License-Identifier: LGPL-3.0-or-later
from . import controllers
from . import demo
from . import models
from . import reports
from . import wizards
from .hooks import post_init_hook, pre_init_hook, uninstall_hook
