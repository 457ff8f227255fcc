"""Templates taken along where a campaign starts from another: their newest words, which nobody has approved here."""

from __future__ import annotations

import sqlalchemy as sa

from crm.extensions import db
from crm.letters.actions.wordings import create_template, write_wording
from crm.letters.models import Approach, LetterTemplate, Wording
from crm.letters.queries import newest_wordings


def copy_templates(source_id: int, campaign_id: int, author_id: int) -> None:
    """Copy every template of one campaign into another that has none yet.

    Each wording begins anew as a first version of the author's, to be approved by a second person. A translation
    follows the text it was made from; one of an older text is out of date, as it was.
    """
    templates = db.session.scalars(
        sa.select(LetterTemplate).where(LetterTemplate.campaign_id == source_id).order_by(LetterTemplate.id)
    ).all()
    for template in templates:
        copied = create_template(campaign_id, template.name, template.purpose, source_language=template.source_language)
        _copy_wordings(template, copied, author_id)


def _copy_wordings(template: LetterTemplate, copied: LetterTemplate, author_id: int) -> None:
    written: dict[int, int] = {}

    def is_translation(wording: Wording) -> bool:
        return wording.language != template.source_language

    # Translations come last: they name what they were made from.
    order = list(Approach)
    wordings = newest_wordings(template.id).values()
    for each in sorted(wordings, key=lambda one: (is_translation(one), one.language, order.index(one.approach))):
        written[each.id] = write_wording(
            copied.id,
            each.language,
            each.subject,
            each.body,
            author_id=author_id,
            approach=each.approach,
            formality=each.formality,
            source_id=written.get(each.source_id) if each.source_id else None,
        ).id
