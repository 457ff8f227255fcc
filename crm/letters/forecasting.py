"""What a mailing would come to if it were planned now: how many letters, and who would be left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.audience import Audience
from crm.letters.judging import Judged, Terms, judge
from crm.letters.models import LanguageReason, SkipReason, Wording
from crm.letters.queries import wanting_approval
from crm.letters.recipients import recipients
from crm.pipeline.models import Stage, Target

# Up to so many are decided one by one, as planning does it: about half a second.
EXACTLY = 1000
_CHUNK = 500
# How many of those left out a list shows.
LISTED = 200
_LOOKED_AT = 20_000


@dataclass(frozen=True)
class Forecast:
    """Letters, and skips by reason; `newcomers` would become targets. Where it is not `exact`, a few more are skipped.

    `languages` counts the letters by language and why they are in it, `unapproved` those of each text that wants
    somebody's approval; `first` is the first reader who gets one (the
    first of all, where nobody does).
    """

    size: int
    written_to: int
    skipped: Mapping[SkipReason, int]
    newcomers: int
    exact: bool
    languages: Mapping[tuple[str, LanguageReason], int]
    unapproved: Sequence[tuple[Wording, int]]
    first: Judged | None


def _judged(campaign_id: int, audience: Audience, terms: Terms, most: int) -> Iterator[Judged]:
    """Decisions about the first of an audience, chunk by chunk."""
    taken: dict[str, str] = {}
    after = 0
    for _chunk in range(0, most, _CHUNK):
        found = recipients(campaign_id, audience, after=after, limit=_CHUNK, as_planned=False)
        yield from judge(found, terms, taken)
        if len(found) < _CHUNK:
            return
        after = found[-1].position


def forecast(campaign_id: int, audience: Audience, terms: Terms) -> Forecast:
    """Forecast a mailing: exactly for a small audience, by what one query tells for a large one."""
    size = audience.size(campaign_id)
    newcomers = 0
    if audience.everyone:
        newcomers = (
            db.session.scalar(sa.select(sa.func.count()).select_from(audience.newcomers(campaign_id).subquery())) or 0
        )
    exact = size <= EXACTLY
    judged = list(_judged(campaign_id, audience, terms, EXACTLY if exact else _CHUNK))
    letters = [each for each in judged if each.reason is None]
    skipped = Counter(each.reason for each in judged if each.reason is not None)
    written_to = len(letters)
    if not exact:
        skipped = Counter(_roughly(campaign_id, audience))
        written_to = size - skipped.total()
    languages = Counter(
        (each.wording.language, each.language_reason) for each in letters if each.wording and each.language_reason
    )
    first = next(iter(letters or judged), None)
    texts = {each.wording.id: each.wording for each in letters if each.wording}
    said = Counter(each.wording.id for each in letters if each.wording)
    unapproved = [(text, said[text.id]) for text in wanting_approval(campaign_id, texts.values())] if exact else []
    in_order = {reason: skipped[reason] for reason in SkipReason if skipped[reason]}
    return Forecast(size, written_to, in_order, newcomers, exact, languages if exact else {}, unapproved, first)


def _roughly(campaign_id: int, audience: Audience) -> dict[SkipReason, int]:
    """Skips that one query can tell of; what takes a look at each letter is not among them."""
    stage: Any = Target.stage == Stage.CLOSED
    reason = sa.case(
        (stage, SkipReason.CLOSED.value),
        (Contact.mandate_end < clock.today(), SkipReason.MANDATE_ENDED.value),
        (Contact.email.is_(None), SkipReason.NO_ADDRESS.value),
        else_="",
    ).label("skip_reason")
    statement: sa.Select[*tuple[Any, ...]] = sa.select(reason, sa.func.count()).group_by("skip_reason")
    at_home = sa.and_(Target.contact_id == Contact.id, Target.campaign_id == campaign_id)
    if audience.everyone:
        statement = audience.apply_to_contacts(statement.select_from(Contact).outerjoin(Target, at_home))
    else:
        statement = audience.apply(statement.select_from(Target).join(Contact, at_home), joined=True)
    return {SkipReason(code): number for code, number in db.session.execute(statement) if code}


def left_out(campaign_id: int, audience: Audience, terms: Terms, reason: SkipReason) -> list[Judged]:
    """The first who would be left out for a reason."""
    found: list[Judged] = []
    for each in _judged(campaign_id, audience, terms, _LOOKED_AT):
        if each.reason is reason:
            found.append(each)
            if len(found) == LISTED:
                break
    return found
