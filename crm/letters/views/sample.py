"""What the preview of a wording shows: the words as one real target would get them, and whether they are for them."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_login import current_user

from crm.database import read_id
from crm.letters import queries
from crm.letters.judging import standing_bar
from crm.letters.models import APPROACH_TO, Approach, LetterTemplate, SkipReason, pick_wording
from crm.letters.preview import preview_of
from crm.letters.recipients import Recipient, Setting, example_values, recipients, values_of
from crm.pipeline import queries as pipeline
from crm.pipeline.filters import TargetFilter
from crm.salutations.terms import Formality


def _reader(campaign_id: int, treaty_id: int, approach: Approach) -> Recipient | None:
    """The target that was asked for by a button, by choice or by name; else one such a wording is for."""
    wanted = request.values.get("look", type=read_id) or request.values.get("reader", type=read_id)
    if wanted is None and (name := request.values.get("reader_name", "").strip()):
        wanted = next((row.id for row in queries.readers_named(campaign_id, name, 1)), None)
    found = recipients(campaign_id, TargetFilter(), limit=1, target_id=wanted) if wanted else []
    if not found and (wanted := queries.first_reader(campaign_id, treaty_id, approach, current_user.team_id)):
        found = recipients(campaign_id, TargetFilter(), limit=1, target_id=wanted)
    return found[0] if found else None


def sample(
    template: LetterTemplate, language: str, approach: Approach, subject: str, body: str, formality: Formality
) -> dict[str, Any]:
    """A preview with a real target of the campaign, or with examples where it has none.

    `preview`, `reader`, `language`; with a reader also `beside` (whom to look at next), their `stance`, the approach it
    asks for (`meant`), the saved wording they would get in this language (`picked`), and why they get none (`barred`).
    """
    campaign = pipeline.campaign(template.campaign_id)
    reader = _reader(template.campaign_id, campaign.treaty_id, approach) if campaign else None
    shared = {"language": language, "approach": approach, "template": template, "barred": None}
    if reader is None or campaign is None:
        shown = preview_of(subject, body, language, example_values(language, formality))
        return {**shared, "preview": shown, "reader": None}
    setting = Setting(campaign.name, campaign.treaty, current_user.name, language, formality)
    stance = queries.stance_of_reader(campaign.treaty_id, reader.contact_id, current_user.team_id)
    picked = pick_wording(queries.newest_wordings(template.id), [language], stance)
    shown = preview_of(subject, body, language, values_of(reader, setting))
    meant = APPROACH_TO[stance]
    lacks = bool(shown.empty) and approach in ([picked.approach] if picked else [meant, Approach.GENERAL])
    return {
        **shared,
        "preview": shown,
        "reader": reader,
        "beside": queries.beside(template.campaign_id, reader.target_id),
        "stance": stance,
        "meant": meant,
        "picked": picked,
        "barred": standing_bar(reader) or (SkipReason.EMPTY_VALUE if lacks else None),
        "treaty_code": campaign.treaty_code,
    }
