# SPDX-License-Identifier: LGPL-3.0-or-later
import base64
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from tempfile import TemporaryFile

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ...models.audit.audit_language import grouped
from ...models.audit.audit_seal import EVENT_CONTENT, SEAL_CONTENT
from ...tools import archive
from .audit_archive_pdf import render_pdf
from .audit_verify import describe_problem

BATCH = 1000


class AuditArchive(models.TransientModel):
    """A period of the trail as a file that can be kept, read and verified without this database; and
    the verification of such a file."""

    _name = "kundekartotek.audit.archive"
    _description = "Audit Archive"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    date_from = fields.Date(string="From", default=lambda self: fields.Date.today().replace(month=1, day=1))
    date_to = fields.Date(string="To", default=fields.Date.today)
    file = fields.Binary(attachment=False)
    file_name = fields.Char()
    state = fields.Selection(
        [("new", "Not verified"), ("ok", "Unbroken"), ("broken", "Broken")], default="new", readonly=True
    )
    message = fields.Text(readonly=True)
    known_seal = fields.Char(string="Seal Received by Mail", help="The archive must contain it.")

    # -- making --------------------------------------------------------------------------------------

    def action_make(self):
        """Make the archive; who did so is recorded in the trail that it archives."""
        self._check_reader()
        self.env["res.users"]._check_two_factor(self.env._("Archives of the audit trail"))
        with TemporaryFile() as file:
            manifest = self._write_archive(file)
            file.seek(0)
            content = base64.b64encode(file.read())
        name = f"kundekartotek-{self.company_id.id}-{self.date_from}-{self.date_to}.zip"
        self.write(
            {
                "file": content,
                "file_name": name,
                "state": "new",
                "message": self.env._(
                    "%(events)s events under %(seals)s seals. SHA-256 of the manifest: %(sha)s",
                    events=grouped(self.env, manifest["events"]),
                    seals=grouped(self.env, len(manifest["seals"])),
                    sha=manifest["sha256"],
                ),
            }
        )
        self.company_id.sudo()._audit("exported", new_value=f"{name}: {manifest['sha256']}")
        return self._reopen()

    def _check_reader(self):
        self.ensure_one()
        self.env["kundekartotek.audit.event"].check_access("read")
        if self.company_id not in self.env.companies:
            raise UserError(self.env._("Choose a company that you have switched on."))
        if not self.date_from or not self.date_to or self.date_from > self.date_to:
            raise UserError(self.env._("Give a period: from a day to the same or a later one."))

    def _write_archive(self, file):
        """Write the archive, part by part, with flat memory.

        :return: dict: number of ``events``, list of ``seals``, ``sha256`` of the manifest
        """
        seals = self._seal_rows()
        if not any(not row["outside"] for row in seals):
            raise UserError(self.env._("Nothing has been sealed in this period. The job seals every night."))
        parts, counted = [], {"events": 0}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
            for name, lines in self._archive_parts(seals).items():
                counted[name] = _add_part(out, parts, name, (line.encode() + b"\n" for line in lines))
            _add_part(out, parts, "report.pdf", [self._report(seals, counted)])
            manifest = json.dumps(
                {
                    "format": archive.FORMAT,
                    "version": archive.VERSION,
                    "company": self.company_id.name,
                    "company_id": self.company_id.id,
                    "from": str(self.date_from),
                    "to": str(self.date_to),
                    "made": fields.Datetime.to_string(fields.Datetime.now()),
                    "made_by": self.env.user.name,
                    "seals": [row["seal"] for row in seals if not row["outside"]],
                    "parts": parts,
                },
                ensure_ascii=False,
                indent=1,
                sort_keys=True,
            ).encode()
            out.writestr(archive.MANIFEST, manifest)
            out.writestr(f"{archive.MANIFEST}.sha256", f"{archive.digest(manifest)}  {archive.MANIFEST}\n")
        return {
            "events": counted[archive.EVENTS],
            "seals": [row["seal"] for row in seals if not row["outside"]],
            "sha256": archive.digest(manifest),
        }

    def _archive_parts(self, seals):
        """The parts of the archive: a hook, other rooms add theirs.

        :return: dict: file name → iterable of lines, each a JSON object
        """
        return {
            archive.SEALS: (json.dumps(self._seal_entry(row)) for row in seals),
            archive.EVENTS: self._event_lines(seals),
            "customers.jsonl": self._customer_lines(),
        }

    def _seal_rows(self):
        """The seals over the period's events, without gaps, and the later tombstones for events of theirs."""
        return self._trail().env.execute_query_dict(
            SQL(
                """
            WITH period AS (
                SELECT min(number) AS first, max(number) AS last,
                       min(first_event_id) AS first_id, max(last_event_id) AS last_id
                  FROM kundekartotek_audit_seal
                 WHERE company_res_id = %(company)s AND kind = 'events'
                   AND newest >= %(start)s AND oldest < %(stop)s)
            SELECT s.id, s.number, s.kind, s.seal, s.event_ids, %(content)s AS content,
                   s.number > period.last AS outside
              FROM kundekartotek_audit_seal s, period
             WHERE s.company_res_id = %(company)s
               AND (s.number BETWEEN period.first AND period.last
                    OR s.number > period.last AND s.kind = 'tombstone'
                       AND s.first_event_id <= period.last_id AND s.last_event_id >= period.first_id)
             ORDER BY s.number""",
                company=self.company_id.id,
                content=SEAL_CONTENT,
                start=self.date_from,
                stop=self.date_to + timedelta(days=1),
            )
        )

    def _trail(self):
        """The whole chain is archived, also what the record rules of other companies' readers would hide:
        the reader and the company have been checked."""
        return self.env["kundekartotek.audit.event"].sudo()

    def _seal_entry(self, row):
        [(leaves,)] = self.env.execute_query(
            SQL("SELECT encode(leaves, 'hex') FROM kundekartotek_audit_seal WHERE id = %s", row["id"])
        )
        leaves = leaves or ""
        return {
            "content": row["content"],
            "seal": row["seal"],
            "outside": row["outside"],
            "leaves": [leaves[i : i + 64] for i in range(0, len(leaves), 64)],
        }

    def _event_lines(self, seals):
        for row in seals:
            if row["kind"] == "events":
                yield from (
                    line
                    for (line,) in self.env.execute_query(
                        SQL(
                            "SELECT %s FROM kundekartotek_audit_event e WHERE e.id = ANY(%s) ORDER BY e.id",
                            EVENT_CONTENT,
                            row["event_ids"],
                        )
                    )
                )

    def _customer_lines(self):
        """Customers of the company as they are now: their audited fields by name."""
        partners = self.env["res.partner"].with_context(active_test=False).with_company(self.company_id)
        names = [
            name
            for name in partners._audited_order()
            if partners._has_field_access(partners._fields[name], "read")
        ]
        ids = partners.search(
            [("customer_rank", ">", 0), ("company_id", "in", (False, self.company_id.id))]
        ).ids
        for start in range(0, len(ids), BATCH):
            for values in partners.browse(ids[start : start + BATCH])._read_format(names):
                yield json.dumps(values, ensure_ascii=False, default=str, sort_keys=True)
            self.env.invalidate_all()

    def _report(self, seals, counted):
        """The PDF: what the archive holds, who did what how often, and how to verify it."""
        ids = [id_ for row in seals if row["kind"] == "events" for id_ in row["event_ids"]]
        rows = self.env.execute_query(
            SQL(
                """
            SELECT coalesce(user_name, origin_name, ''), kind, count(*) FROM kundekartotek_audit_event
             WHERE id = ANY(%s) GROUP BY 1, 2 ORDER BY 1, 2""",
                ids,
            )
        )
        kinds = dict(self._trail()._fields["kind"]._description_selection(self.env))
        stream = io.BytesIO()
        render_pdf(
            stream,
            self.env._("Audit trail of %(company)s", company=self.company_id.name),
            [
                (
                    self.env._("Period"),
                    f"{format_date(self.env, self.date_from)} – {format_date(self.env, self.date_to)}",
                ),
                (self.env._("Events"), grouped(self.env, counted[archive.EVENTS])),
                (self.env._("Customers"), grouped(self.env, counted["customers.jsonl"])),
                (self.env._("First seal"), seals[0]["seal"]),
                (self.env._("Last seal"), [row["seal"] for row in seals if not row["outside"]][-1]),
            ],
            [self.env._("User"), self.env._("Kind"), self.env._("Events")],
            [(user, kinds[kind], grouped(self.env, count)) for user, kind, count in rows],
        )
        return stream.getvalue()

    # -- verifying -----------------------------------------------------------------------------------

    def action_verify(self):
        """Verify the file that was uploaded: by nothing but itself, as the command does."""
        self.ensure_one()
        self.env["kundekartotek.audit.event"].check_access("read")
        self.env["res.users"]._check_two_factor(self.env._("Verification of archives"))
        if not self.file:
            raise UserError(self.env._("Upload an archive first."))
        try:
            result = archive.verify(
                io.BytesIO(base64.b64decode(self.file)), (self.known_seal or "").strip() or None
            )
        except archive.ArchiveError as error:
            self.write({"state": "broken", "message": self._explain(error)})
        else:
            self.write(
                {
                    "state": "ok",
                    "message": self.env._(
                        "The archive is unbroken: %(events)s events under %(seals)s seals.",
                        events=grouped(self.env, result.events),
                        seals=grouped(self.env, result.seals),
                    ),
                }
            )
        return self._reopen()

    def _explain(self, error):
        """What is wrong with an archive, in the words of the reader."""
        texts = {
            "damaged": self.env._("This is no archive of a kundekartotek, or it is damaged."),
            "version": self.env._("Version %(detail)s of the format is unknown here.", **error.values),
            "part": self.env._("%(detail)s was altered.", **error.values),
            "unexpected": self.env._("This does not belong in the archive: %(detail)s.", **error.values),
            **describe_problem(self.env, error.values),
            "unknown": self.env._("The seal you received is not in the archive."),
        }
        return texts[error.kind]

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Archive of the Trail"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


def _add_part(out, parts, name, chunks):
    """Add a file to the archive and its hash to the manifest's parts.

    :return: number of chunks written
    """
    sha, count = hashlib.sha256(), 0
    with out.open(name, "w") as stream:
        for chunk in chunks:
            stream.write(chunk)
            sha.update(chunk)
            count += 1
    parts.append({"name": name, "sha256": sha.hexdigest()})
    return count
