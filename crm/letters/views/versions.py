"""A wording's versions and what each changed; the texts that wait to be translated."""

from __future__ import annotations

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm.letters import queries
from crm.letters.differences import marked
from crm.letters.views.blueprint import blueprint
from crm.letters.views.wording import place_or_404
from crm.places.countries import LANGUAGES
from crm.policy import Permission, requires


@blueprint.get("/letters/templates/<int:template_id>/<language>/<approach>/versions")
@requires(Permission.READ)
def versions(template_id: int, language: str, approach: str) -> ResponseReturnValue:
    """A wording's versions, and one of them with what it changed."""
    place = place_or_404(template_id, language, approach)
    found = queries.versions(*place.key)
    if not found:
        abort(404, gettext("Nobody has written this text yet."))
    wanted = request.args.get("version", type=int)
    shown = next((wording for wording in found if wording.version == wanted), found[0])
    before = next((wording for wording in found if wording.version < shown.version), None)
    return render_template(
        "letters/versions.html",
        place=place,
        versions=found,
        shown=shown,
        before=before,
        subject=marked(before.subject, shown.subject) if before else shown.subject,
        body=marked(before.body, shown.body) if before else shown.body,
    )


@blueprint.get("/letters/translations")
@requires(Permission.READ)
def translations() -> ResponseReturnValue:
    """What waits to be translated or brought up to date, in one language."""
    waiting = queries.translations_by_language()
    language = request.args.get("language", "")
    if language not in LANGUAGES:
        language = next(iter(waiting), "")
    return render_template(
        "letters/translations.html",
        waiting=waiting,
        language=language,
        rows=queries.translations_waiting(language) if language else [],
    )
