# SPDX-License-Identifier: LGPL-3.0-or-later
from . import demo
from . import models
from . import wizards
from .hooks import pre_init_hook, uninstall_hook
