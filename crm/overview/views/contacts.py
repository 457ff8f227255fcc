"""The list of contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm import i18n
from crm.accounts.queries import active_users
from crm.directory.filters import MANDATE_LABELS
from crm.directory.listing import COUNT_LIMIT, Column, count_contacts
from crm.directory.menus import tag_names
from crm.directory.models import ContactKind
from crm.exports.list_columns import COLUMNS
from crm.outbox.queries import reasons_against
from crm.overview.list_state import SORTS, USUAL_COLUMNS, ListState
from crm.overview.queries import reader_of_list
from crm.overview.views.blueprint import blueprint
from crm.overview.views.filter_menus import PICKERS
from crm.pipeline.queries import campaign_names
from crm.policy import Permission, can, requires
from crm.suppressions.labels import REASONS
from crm.web import is_partial


@blueprint.get("/contacts")
@requires(Permission.READ)
def contacts() -> ResponseReturnValue:
    """The list: filtered, sorted and with the columns the address says; the page's script asks for its rows alone."""
    state = ListState.from_args(request.args, current_user.team_id)
    wanted = state.wanted
    reader = reader_of_list(current_user.id, current_user.team_id)
    columns = state.shown(reader.columns or USUAL_COLUMNS)
    page, total = state.rows(columns, request.args.get("cursor"))
    # Where nobody is found among the kind that is shown, the others are worth a look.
    elsewhere = 0 if page.rows or wanted.contact.kind is None else count_contacts(wanted.of_kind(None))
    lobbies = can(Permission.LOBBY)
    addresses = [row.email for row in page.rows if row.email] if Column.EMAIL in columns else []
    template = "overview/contact_results.html" if is_partial() else "overview/contacts.html"
    return render_template(
        template,
        state=state,
        wanted=wanted,
        audience=wanted.as_audience() if lobbies else None,
        page=page,
        total=total,
        elsewhere=elsewhere,
        count_limit=COUNT_LIMIT,
        conditions=wanted.conditions(),
        columns=columns,
        # Whom no letter is sent to is not written to from one's own mail program unawares either.
        stopped=reasons_against(addresses),
        suppression_labels=REASONS,
        # Looked up once, not in every cell.
        all_columns={name: str(label) for name, label in COLUMNS.items()},
        sorts=SORTS,
        mandates=MANDATE_LABELS,
        kinds=ContactKind,
        pickers=PICKERS,
        today=i18n.today(),
        views=reader.views,
        duplicates=reader.duplicates,
        owners=active_users() if lobbies else [],
        campaigns=campaign_names() if lobbies else [],
        tags=tag_names() if lobbies else [],
        here=_url_of(state.to_args(cursor=request.args.get("cursor"))),
        url_of=_url_of,
    )


def _url_of(args: Mapping[str, Any]) -> str:
    return url_for("overview.contacts", **args)
