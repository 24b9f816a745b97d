# SPDX-License-Identifier: LGPL-3.0-or-later
"""Files that a spreadsheet opens without running what a customer calls himself.

Core marks text that begins with =, + or - in CSV files, and writes Excel files in which such a text *is* a formula,
and an address a link. Here every text of an Excel file is text, and CSV files are marked by the whole list of OWASP.
"""

from odoo.addons.web.controllers import export

STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # also full-width


def neutralise(value):
    """:return: the value, if it is a text that a spreadsheet may take for a formula with an apostrophe before it

    >>> neutralise("@SUM(A1)"), neutralise("Fjellbekk"), neutralise(-5)
    ("'@SUM(A1)", 'Fjellbekk', -5)
    """
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str) and value.startswith(STARTERS) and not value.startswith(("=", "+", "-")):
        return f"'{value}"  # core marks these three
    return value


class PlainTextWriter:
    """Writes what is text as text, whatever it looks like."""

    def write(self, row, column, cell_value, style=None):
        if isinstance(cell_value, str):
            self.worksheet.write_string(row, column, cell_value, style)
        else:
            super().write(row, column, cell_value, style)


class XlsxWriter(PlainTextWriter, export.ExportXlsxWriter):
    pass


class GroupXlsxWriter(PlainTextWriter, export.GroupExportXlsxWriter):
    pass


class CSVExport(export.CSVExport):
    def from_data(self, fields, columns_headers, rows):
        return super().from_data(fields, columns_headers, [[neutralise(value) for value in row] for row in rows])


class ExcelExport(export.ExcelExport):
    def from_data(self, fields, columns_headers, rows):
        with XlsxWriter(fields, columns_headers, len(rows)) as writer:
            for row_number, row in enumerate(rows, start=1):
                for column, value in enumerate(row):
                    writer.write_cell(row_number, column, value)
        return writer.value

    def from_group_data(self, fields, columns_headers, groups):
        with GroupXlsxWriter(fields, columns_headers, groups.count) as writer:
            row, column = 1, 0
            for name, group in groups.children.items():
                row, column = writer.write_group(row, column, name, group)
        return writer.value
