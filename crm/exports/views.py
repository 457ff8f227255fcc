"""Taking contacts out: the choice of a format, the download, the wait for a long one, a single vCard."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user

from crm import i18n
from crm.database import read_id
from crm.directory.filters import Condition, ContactFilter
from crm.exports import actions, ledgers, queries
from crm.exports.cards import card
from crm.exports.list_columns import COLUMNS, NAME, read_columns
from crm.exports.models import ENDINGS, MIMETYPES, SENT_AT_ONCE, UNFINISHED, Export, ExportFormat, ExportState
from crm.exports.writing import text_pieces, write_sheet
from crm.extensions import db
from crm.letters.ledger import LedgerFilter
from crm.letters.models import Mailing
from crm.pipeline.filters import TargetFilter
from crm.policy import Permission, actor, requires
from crm.text import fold
from crm.unit_of_work import unit_of_work

blueprint = Blueprint("exports", __name__)
FORMATS = {
    ExportFormat.XLSX: (lazy_gettext("Spreadsheet (XLSX)"), lazy_gettext("One row per contact, for Excel and others")),
    ExportFormat.CSV: (lazy_gettext("Table (CSV)"), lazy_gettext("The same rows as plain text, in UTF-8")),
    ExportFormat.VCARD: (
        lazy_gettext("Address book (vCard)"),
        lazy_gettext("One card per contact, for phones and mail programs"),
    ),
    ExportFormat.POPOLO: (
        lazy_gettext("Everything (Popolo JSON)"),
        lazy_gettext("Mandates, posts, sources and ties too, as other systems of civic data read it"),
    ),
}
# Formats that have columns, and the word for all there are.
TABLES = (ExportFormat.XLSX, ExportFormat.CSV)
ALL = "all"
_MEGABYTE = 1024 * 1024


def _wanted() -> dict[str, Any]:
    """Whom the request is about, as it is kept: a filter's arguments, or chosen ids. Raises BadRequest for nonsense."""
    chosen = request.values.get("ids", "").strip()
    if not chosen and queries.TARGETS_OF in request.values:
        return _wanted_targets()
    if not chosen:
        return dict(ContactFilter.from_args(request.values).to_args())
    try:
        return {"ids": list(dict.fromkeys(read_id(part) for part in chosen.split(",") if part.strip()))}
    except ValueError:
        abort(400, gettext("The selection in this address is damaged: choose the contacts again."))


def _wanted_targets() -> dict[str, Any]:
    """A campaign and a filter of its targets, for the team that asks."""
    campaign_id = request.values.get(queries.TARGETS_OF, type=read_id)
    if campaign_id is None:
        abort(400, gettext("The selection in this address is damaged: choose the targets again."))
    chosen = TargetFilter.from_args(request.values)
    return {**chosen.to_args(), queries.TARGETS_OF: campaign_id, "team": current_user.team_id}


def _conditions(wanted: dict[str, Any]) -> list[Condition]:
    """Who is meant, in words; nothing where they were chosen one by one."""
    if "ids" in wanted:
        return []
    if queries.TARGETS_OF in wanted:
        return TargetFilter.from_args(wanted).conditions()
    return ContactFilter.from_args(wanted).conditions()


def _arguments(wanted: dict[str, Any]) -> dict[str, str]:
    """What asks for the same contacts again."""
    return {"ids": ",".join(map(str, wanted["ids"]))} if "ids" in wanted else wanted


def _format() -> ExportFormat | None:
    word = request.values.get("format", "")
    if word and word not in set(ExportFormat):
        abort(400, gettext("There is no format %(name)s.", name=word))
    return ExportFormat(word) if word else None


@blueprint.route("/contacts/export", methods=["GET", "POST"])
@requires(Permission.EXPORT)
def contacts() -> ResponseReturnValue:
    """Take the contacts of a filter or a selection out; without a format, choose one."""
    wanted, how = _wanted(), _format()
    listed = read_columns(request.values.get(queries.COLUMNS_OF_LIST, ""))
    # Who comes from the list has its columns before their eyes.
    columns = () if request.values.get("extent") == ALL or how not in TABLES else listed
    if columns:
        wanted[queries.COLUMNS_OF_LIST] = ",".join(columns)
    ids = queries.contact_ids(wanted)
    if how is not None and ids and len(ids) <= SENT_AT_ONCE:
        with unit_of_work("export contacts", actor=actor()):
            actions.record(wanted, how, len(ids))
        return _download(how, ids, columns)
    if how is not None and ids and request.method == "POST":
        with unit_of_work("export contacts", actor=actor()):
            asked = actions.request_export(current_user.id, wanted, how, len(ids))
            export_id = asked.id
        return redirect(url_for("exports.prepared", export_id=export_id))
    return choice(wanted, ids, listed, how)


def choice(
    wanted: dict[str, Any], ids: Sequence[int], listed: Sequence[str], how: ExportFormat | None = None
) -> ResponseReturnValue:
    """The page that asks for the format, `listed` being the columns of the list one comes from.

    Its form sends thousands of chosen ids, which no address holds.
    """
    return render_template(
        "exports/choose.html",
        total=len(ids),
        at_once=len(ids) <= SENT_AT_ONCE,
        chosen=how or ExportFormat.XLSX,
        formats=FORMATS,
        arguments=_arguments(wanted) | ({queries.COLUMNS_OF_LIST: ",".join(listed)} if listed else {}),
        listed=[NAME, *(COLUMNS[name] for name in listed)] if listed else (),
        conditions=_conditions(wanted),
        selected="ids" in wanted,
        back=_list_of(wanted),
        earlier=queries.exports_of(current_user.id),
        ExportState=ExportState,
    )


def _list_of(wanted: dict[str, Any]) -> str:
    """The list one comes from; that of the targets is on a campaign's pages."""
    if queries.TARGETS_OF in wanted:
        return url_for("pipeline.targets", campaign_id=wanted[queries.TARGETS_OF])
    return url_for("overview.contacts", **({} if "ids" in wanted else wanted))


def _file_name(how: ExportFormat) -> str:
    return f"contacts-{i18n.today().isoformat()}.{ENDINGS[how]}"


def _download(how: ExportFormat, ids: list[int], columns: Sequence[str]) -> ResponseReturnValue:
    pieces: Iterator[str] | Iterator[bytes]
    if how is ExportFormat.XLSX:
        pieces = _zipped(lambda file: write_sheet(ids, file, columns))
    else:
        pieces = text_pieces(how, ids, columns)
    answer = Response(stream_with_context(pieces), mimetype=MIMETYPES[how])
    answer.headers.set("Content-Disposition", "attachment", filename=_file_name(how))
    return answer


def _zipped(write: Callable[[IO[bytes]], None]) -> Iterator[bytes]:
    """A zip file has its table of contents at the end, so it is whole before it is sent."""
    file: IO[bytes]
    with tempfile.SpooledTemporaryFile(max_size=_MEGABYTE) as file:
        write(file)
        file.seek(0)
        while piece := file.read(_MEGABYTE):
            yield piece


@blueprint.post("/mailings/<int:mailing_id>/letters.xlsx")
@requires(Permission.EXPORT)
def ledger(mailing_id: int) -> ResponseReturnValue:
    """Take the ledger of a mailing out as a spreadsheet, or what a filter in the address asks of it."""
    if db.session.get(Mailing, mailing_id) is None:
        abort(404, gettext("There is no such mailing."))
    wanted = ledgers.wanted_ledger(mailing_id, LedgerFilter.from_args(request.args))
    total = ledgers.rows_wanted(wanted)
    at_once = total <= SENT_AT_ONCE
    with unit_of_work("export ledger", actor=actor()):
        if at_once:
            actions.record(wanted, ExportFormat.XLSX, total)
        else:
            export_id = actions.request_export(current_user.id, wanted, ExportFormat.XLSX, total).id
    if not at_once:
        return redirect(url_for("exports.prepared", export_id=export_id))
    pieces = _zipped(lambda file: ledgers.write_ledger_sheet(wanted, file, lambda _rows: None))
    answer = Response(stream_with_context(pieces), mimetype=MIMETYPES[ExportFormat.XLSX])
    answer.headers.set("Content-Disposition", "attachment", filename=f"mailing-{mailing_id}.xlsx")
    return answer


def _own_export(export_id: int) -> Export:
    return queries.one_export(export_id, current_user.id) or abort(404, gettext("There is no such export of yours."))


@blueprint.get("/exports/<int:export_id>")
@requires(Permission.EXPORT)
def prepared(export_id: int) -> ResponseReturnValue:
    """An export that the desk worker writes, and the file when it is ready."""
    one = _own_export(export_id)
    return render_template("exports/prepared.html", **_status(one))


def _status(one: Export) -> dict[str, Any]:
    return {
        "one": one,
        "waiting": one.state in UNFINISHED,
        "label": FORMATS[one.format][0],
        "mailing_id": one.wanted.get(ledgers.MAILING),
        "ExportState": ExportState,
    }


@blueprint.get("/exports/<int:export_id>/status")
@requires(Permission.EXPORT)
def status(export_id: int) -> ResponseReturnValue:
    """Where an export stands, as a piece of its page; asked again and again while it waits."""
    one = _own_export(export_id)
    answer: Response = make_response(render_template("exports/status.html", **_status(one)))
    if one.state not in UNFINISHED:
        answer.headers["X-Poll"] = "stop"
    return answer


def _name_of(one: Export) -> str:
    mailing_id = one.wanted.get(ledgers.MAILING)
    return _file_name(one.format) if mailing_id is None else f"mailing-{mailing_id}.{ENDINGS[one.format]}"


@blueprint.get("/exports/<int:export_id>/file")
@requires(Permission.EXPORT)
def file(export_id: int) -> ResponseReturnValue:
    """The file, for whoever asked for it."""
    one = _own_export(export_id)
    path = actions.folder() / one.stored_name
    if one.state is not ExportState.READY or not path.is_file():
        abort(404, gettext("This file is not there any more: ask for the export again."))
    return send_file(path, mimetype=MIMETYPES[one.format], as_attachment=True, download_name=_name_of(one), max_age=0)


@blueprint.get("/contacts/<int:contact_id>.vcf")
@requires(Permission.READ)
def vcard(contact_id: int) -> ResponseReturnValue:
    """One contact for an address book."""
    found = queries.whole_contacts([contact_id])
    if not found:
        abort(404, gettext("There is no such contact: it may have been removed."))
    answer = Response(card(found[0]), mimetype=MIMETYPES[ExportFormat.VCARD])
    name = fold(found[0].row.name).replace(" ", "-")[:80] or "contact"
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.vcf")
    return answer
