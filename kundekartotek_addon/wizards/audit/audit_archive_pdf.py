# SPDX-License-Identifier: LGPL-3.0-or-later
"""A plain PDF with reportlab, which Odoo itself requires: an archive must not depend on wkhtmltopdf."""

from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer


def render_pdf(stream, title, facts, headings, rows):
    """Write a report: a title, facts as pairs of texts, and a table. All texts are data, never markup.

    :param stream: file to write to
    :param facts: list of (label, text)
    :param rows: list of tuples of texts, as many as headings
    """
    styles = getSampleStyleSheet()

    def cell(text, style="BodyText"):
        return Paragraph(escape(text), styles[style])

    table = LongTable(
        [[cell(text, "Heading5") for text in headings]] + [[cell(text) for text in row] for row in rows],
        repeatRows=1,
    )
    table.setStyle([("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey)])
    story = [cell(title, "Title")]
    story += [cell(f"{label}: {text}") for label, text in facts]
    SimpleDocTemplate(stream, pagesize=A4, title=title, invariant=1).build([*story, Spacer(1, 12), table])
