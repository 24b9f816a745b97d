# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the communication log reads of Odoo's own messages and tasks, and of our statements.

Each statement takes ``document``: the record that a message lies on.
"""

KINDS = [
    ("message", "Message"), ("invoice", "Invoice Sent"), ("statement", "Statement of Account"), ("note", "Note"),
    ("activity", "Task"), ("reminder", "Reminder"),
]
CHANNELS = [
    ("email", "E-mail"), ("sms", "SMS"), ("letter", "Letter"), ("phone", "Telephone"), ("meeting", "Meeting"),
    ("internal", "Internal"),
]
RESULTS = [
    ("sent", "Sent"), ("printed", "Printed"), ("received", "Received"), ("waiting", "Waiting"), ("failed", "Failed"),
    ("planned", "Planned"), ("overdue", "Overdue"), ("done", "Done"),
]

# Messages that people or jobs wrote, not what the program notes of changes. A statement's is known by its own row.
MESSAGES = """
    SELECT message.id, message.date, %(customer)s AS partner_id, %(contact)s AS contact_id, %(company)s AS company_id,
           CASE WHEN statement.id IS NOT NULL THEN 'statement'
                WHEN message.mail_activity_type_id IS NOT NULL THEN 'activity'
                WHEN subtype.internal OR message.is_internal THEN 'note'
                WHEN %(model)s = 'account.move' AND message.message_type <> 'email' AND EXISTS (
                     SELECT FROM message_attachment_rel WHERE message_id = message.id) THEN 'invoice'
                ELSE 'message' END AS kind,
           CASE WHEN message.message_type = 'sms' THEN 'sms'
                WHEN message.message_type IN ('email', 'email_outgoing') OR mail.count > 0 OR outbox.state IS NOT NULL
                     THEN 'email'
                WHEN mail.letters > 0 THEN 'letter'
                WHEN type.category = 'phonecall' THEN 'phone'
                WHEN type.category = 'meeting' THEN 'meeting'
                ELSE 'internal' END AS channel,
           CASE WHEN message.message_type = 'email' THEN 'received'
                WHEN message.mail_activity_type_id IS NOT NULL THEN 'done'
                WHEN mail.failed > 0 OR outbox.state IN ('exception', 'cancel') THEN 'failed'
                WHEN mail.waiting > 0 OR outbox.state = 'outgoing' THEN 'waiting'
                WHEN mail.count + mail.letters > 0 OR outbox.state = 'sent'
                     OR message.message_type IN ('email_outgoing', 'sms') THEN 'sent' END AS result,
           message.subject, message.body, message.author_id, coalesce(statement.email, outbox.email_to) AS recipient,
           CASE WHEN statement.id IS NULL THEN message.model ELSE 'kundekartotek.statement' END AS res_model,
           coalesce(statement.id, message.res_id) AS res_id
      FROM mail_message message
      JOIN %(table)s document ON document.id = message.res_id
      LEFT JOIN mail_message_subtype subtype ON subtype.id = message.subtype_id
      LEFT JOIN mail_activity_type type ON type.id = message.mail_activity_type_id
      LEFT JOIN kundekartotek_statement statement ON statement.message_id = message.id
      LEFT JOIN LATERAL (
           SELECT state, email_to FROM mail_mail WHERE mail_message_id = message.id
            ORDER BY array_position('{exception,cancel,outgoing}'::text[], state::text), id LIMIT 1) outbox ON TRUE
      LEFT JOIN LATERAL (
           SELECT count(*) FILTER (WHERE notification_type = 'email') AS count,
                  count(*) FILTER (WHERE notification_type = 'snail') AS letters,
                  count(*) FILTER (WHERE notification_status IN ('bounce', 'exception')) AS failed,
                  count(*) FILTER (WHERE notification_status IN ('ready', 'process', 'pending')) AS waiting
             FROM mail_notification
            WHERE mail_message_id = message.id AND notification_type <> 'inbox') mail ON TRUE
     WHERE message.model = %(model)s AND %(is_sale)s AND %(readable)s
       AND (message.message_type IN ('comment', 'auto_comment', 'email', 'email_outgoing', 'sms')
            OR message.mail_activity_type_id IS NOT NULL)"""

# What is still to be done; what has been done has left a message.
ACTIVITIES = """
    SELECT activity.id, activity.date_deadline::timestamp AS date, %(customer)s AS partner_id,
           %(contact)s AS contact_id, %(company)s AS company_id, 'activity' AS kind,
           CASE type.category WHEN 'phonecall' THEN 'phone' WHEN 'meeting' THEN 'meeting'
                ELSE 'internal' END AS channel,
           CASE WHEN activity.date_deadline < %(today)s THEN 'overdue' ELSE 'planned' END AS result,
           coalesce(nullif(activity.summary, ''), %(type_name)s) AS subject, activity.note AS body,
           doer.partner_id AS author_id, NULL::varchar AS recipient, activity.res_model, activity.res_id
      FROM mail_activity activity
      JOIN %(table)s document ON document.id = activity.res_id
      LEFT JOIN mail_activity_type type ON type.id = activity.activity_type_id
      LEFT JOIN res_users doer ON doer.id = activity.user_id
     WHERE activity.res_model = %(model)s AND activity.active AND %(is_sale)s AND %(readable)s"""

# On paper, waiting, or without an address: what was handed to the mail server has left a message.
STATEMENTS = """
    SELECT document.id, document.create_date AS date, document.partner_id, document.partner_id AS contact_id,
           document.company_id, 'statement' AS kind,
           CASE document.state WHEN 'printed' THEN 'letter' ELSE 'email' END AS channel,
           document.state AS result,
           document.error AS subject, NULL::text AS body, author.partner_id AS author_id, document.email AS recipient,
           'kundekartotek.statement' AS res_model, document.id AS res_id
      FROM kundekartotek_statement document
      LEFT JOIN res_users author ON author.id = document.create_uid
     WHERE document.message_id IS NULL AND %(readable)s"""
