# SPDX-License-Identifier: LGPL-3.0-or-later
"""The stand-in for the public registers, which lies with the developers' tools beside the addon."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from dev.brreg_server import BrregServer  # noqa: E402

__all__ = ["BrregServer"]
