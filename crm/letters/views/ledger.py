"""The ledger of a mailing as a table file, all of it or what a filter asks for."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal

from crm.letters.labels import approach_label, language_label, reason_label
from crm.letters.ledger import LedgerFilter, ledger_rows
from crm.letters.ledger_table import table
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.policy import Permission, actor, requires
from crm.spreadsheets import csv_response
from crm.unit_of_work import unit_of_work
from crm.web import Once, ago, minute


class RowWords:
    """What the rows of a ledger say again and again; moments to the minute."""

    def __init__(self) -> None:
        self.language = Once(language_label)
        self.approach = Once(approach_label)
        self.reason = Once(lambda reason: str(reason_label(reason)))
        self.number = Once(format_decimal)
        self.ago = Once(ago)
        self.moment = Once(minute)


@blueprint.get("/mailings/<int:mailing_id>/letters.csv")
@requires(Permission.EXPORT)
def export(mailing_id: int) -> ResponseReturnValue:
    """The rows of a mailing's ledger, sent as they are read."""
    chosen = LedgerFilter.from_args(request.args)
    found = mailing_or_404(mailing_id)
    with unit_of_work("export ledger", actor=actor()) as work:
        work.notes.update({"mailing_id": mailing_id, "format": "csv", "filter": chosen.to_args()})
    return csv_response(f"mailing-{mailing_id}.csv", table(ledger_rows(found, chosen)))
