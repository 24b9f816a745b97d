# SPDX-License-Identifier: LGPL-3.0-or-later
"""The timed cases, a module a room.

A case is a public function of such a module. It gets a `measure.Bench` and yields its rows; its
docstring says what it measures. Its name on the command line is `<module>.<function>`.
"""
