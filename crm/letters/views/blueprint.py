"""The blueprint, and what every screen of letters needs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload

from crm.extensions import db
from crm.letters import finding_words, labels
from crm.letters.delivery import Outcome
from crm.letters.models import Approach, LetterTemplate, Mailing, MailingState, Standing
from crm.salutations.labels import addressed_as_label, form_of_address_label, why_addressed

blueprint = Blueprint("letters", __name__)
for _filter in (
    labels.standing_label,
    labels.standing_tone,
    labels.outcome_label,
    labels.outcome_tone,
    labels.skip_label,
    labels.reason_label,
    labels.pause_label,
    labels.problem_label,
    labels.lasting_label,
    labels.language_label,
    labels.language_reason_label,
    labels.approach_label,
    labels.approach_hint,
    labels.wording_standing_label,
    labels.wording_standing_tone,
    labels.direction_of,
    finding_words.finding_label,
    finding_words.finding_hint,
    finding_words.finding_detail,
    finding_words.severity_label,
    finding_words.severity_tone,
    finding_words.ground_label,
    addressed_as_label,
    form_of_address_label,
    why_addressed,
):
    blueprint.add_app_template_filter(_filter)


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {"Standing": Standing, "MailingState": MailingState, "Outcome": Outcome, "Approach": Approach}


# What a mailing's page says of it, in the same query.
_WITH_MAILING = (
    joinedload(Mailing.batch),
    joinedload(Mailing.campaign),
    joinedload(Mailing.template),
    joinedload(Mailing.planned_by),
    joinedload(Mailing.approved_by),
)


def template_or_404(template_id: int) -> LetterTemplate:
    """The template, or the page that says there is none."""
    return db.session.get(LetterTemplate, template_id) or abort(404, gettext("There is no such template."))


def page_of_batch(reference: str) -> str:
    """The page of the mailing that a batch's reference names."""
    return url_for("letters.mailing", mailing_id=int(reference.removeprefix("mailing:")))


def mailing_or_404(mailing_id: int) -> Mailing:
    """The mailing, or the page that says there is none."""
    return db.session.get(Mailing, mailing_id, options=_WITH_MAILING) or abort(
        404, gettext("There is no such mailing.")
    )
