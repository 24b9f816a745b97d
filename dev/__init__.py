# SPDX-License-Identifier: LGPL-3.0-or-later
"""What only developers need: the launcher behind ``./kk``, the bench and their tests."""
